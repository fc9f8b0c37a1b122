"""The official description of the API, as far as Callbox has the groups: operations, answers, schemas.

Schemas are turned from OpenAPI 3.0 into JSON Schema, and corrected where the description contradicts the
examples beside it, which were recorded from the real service, or observed traffic.
"""

import copy
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

Json = dict[str, Any]

GROUPS = frozenset(
    {
        "Admins",
        "Articles",
        "Companies",
        "Contacts",
        "Conversations",
        "Data Attributes",
        "Data Events",
        "Data Export",
        "Help Center",
        "Messages",
        "News",
        "Notes",
        "Segments",
        "Subscription Types",
        "Switch",
        "Tags",
        "Teams",
        "Ticket Type Attributes",
        "Ticket Types",
        "Tickets",
        "Visitors",
    }
)
OPERATION_COUNT = 108

_DESCRIPTION = "intercom-api-2.11.yaml"
_METHODS = ("get", "post", "put", "delete")
# Callbox restricts nobody's plan, and sends text messages later, not while it answers.
_NEVER_ANSWERED = frozenset({"API plan restricted", "bad request - exception sending sms"})


@dataclass(frozen=True)
class DocumentedAnswer:
    """One answer that the description shows for an operation."""

    operation: str
    status: int
    name: str | None
    schema: Json | None
    example: Any

    @property
    def key(self) -> tuple[str, int, str | None]:
        """What a scenario is found by."""
        return self.operation, self.status, self.name


def _path() -> Path:
    given = os.environ.get("CALLBOX_REFERENCE")
    return Path(given) if given else Path(__file__).parents[3] / "shared" / "reference" / _DESCRIPTION


def is_here() -> bool:
    """Whether the description is at hand: a clone of the project alone does not have it."""
    return _path().is_file()


@cache
def description() -> Json:
    """The description, parsed."""
    loaded: Json = yaml.load(_path().read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return loaded


def operations() -> dict[str, Json]:
    """The operations of the groups, by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in description()["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS and GROUPS & set(operation.get("tags", ()))
    }


def documented_answers() -> Iterator[DocumentedAnswer]:
    """Every answer of the operations: one for each example, or for each status that has none."""
    for key, operation in operations().items():
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json", {})
            examples = content.get("examples") or {None: {"value": None}}
            for name, example in examples.items():
                if name in _NEVER_ANSWERED:
                    continue
                yield DocumentedAnswer(key, int(status), name, content.get("schema"), example["value"])


# Keys that the description's schemas require although the service leaves them out: schema, keys, evidence.
_NOT_ALWAYS_THERE: tuple[tuple[str, tuple[str, ...], str], ...] = (
    (
        "company",
        ("last_request_at", "size", "website", "industry"),
        "left out while unset, in every example of a company",
    ),
    ("tag", ("applied_at", "applied_by"), "only on taggings; the example of the list of tags has three keys"),
    ("data_attribute", ("description",), "left out where none was given, as in the example of creating one"),
    ("company_attached_segments", ("total_count",), "the example has no count"),
    (
        "admin_with_app",
        ("job_title", "away_mode_enabled", "away_mode_reassign", "team_ids"),
        "the example of GET /me has none of them",
    ),
    (
        "admin",
        ("job_title", "has_inbox_seat", "team_ids"),
        "examples of admins have no job title; authors of notes have neither seat nor teams",
    ),
    ("ticket_type_attribute", ("input_options",), "left out in the example of updating one"),
    (
        "message",
        ("subject", "conversation_id"),
        "no subject in examples of contacts' messages, no conversation in that of an admin's",
    ),
    ("phone_switch", ("phone",), "the example has a URL instead"),
    ("ticket_part", ("body", "ticket_state"), "left out where a part has none, in every example"),
    (
        "article_list_item",
        ("default_locale", "translated_content", "statistics"),
        "of several languages only, and not in lists, in every example",
    ),
    ("collection", ("default_locale",), "of several languages only, in every example"),
)

# Keys that are called otherwise on the wire than in the description's schemas: schema, key, the wire's key, evidence.
_RENAMED: tuple[tuple[str, str, str, str], ...] = (
    ("contact_attached_companies", "companies", "data", "in the example, and what recorded clients read"),
    ("ticket_type_list", "ticket_types", "data", "in the example"),
    ("ticket_type_attribute_list", "ticket_type_attributes", "data", "in every example of a ticket type"),
    ("article_statistics", "conversions", "conversations", "in every example of an article"),
)

# Lists by page number: clients follow `next` as a URL, recorded answers show one, and examples a null or none at the
# end; their schemas refer to pages by cursor, although the description has the schema `pages_link` too.
_PAGES_BY_URL = (
    "activity_log_list",
    "article_list",
    "collection_list",
    "company_list",
    "note_list",
    "paginated_news_item_response",
    "paginated_newsfeed_response",
    "search_articles_response",
)

# Values that the description's schemas forbid although the service sends them: schema, property, schema, evidence.
_ALSO_ALLOWED: tuple[tuple[str, str, Json, str], ...] = (
    ("data_event_summary_item", "description", {"type": ["string", "null"]}, "null where there is none, say old docs"),
    ("company", "custom_attributes", {"type": "object"}, "the schema's own example holds numbers and booleans"),
    (
        "conversation_statistics",
        "last_closed_by_id",
        {"type": ["integer", "string"]},
        "an integer in observed traffic",
    ),
    ("cursor_pages", "per_page", {"type": ["integer", "string"]}, "lists repeat the parameter, which is text"),
    (
        "data_attribute",
        "model",
        {"enum": ["contact", "company", "conversation"]},
        "those of conversations are listed too",
    ),
    ("ticket_type_list", "type", {"enum": ["list"]}, "the examples' type"),
    ("ticket_type_attribute_list", "type", {"enum": ["list"]}, "the examples' type"),
    ("ticket_type_attribute", "input_options", {"type": ["object", "null"]}, "null in the example of the list"),
)


_UNTIL_THEN = ("first_contact_reply", "statistics", "conversation_rating", "teammates")
_DURATIONS = ("time_to_assignment", "time_to_admin_reply", "time_to_first_close", "time_to_last_close")
_MOMENTS = ("first_assignment", "first_admin_reply", "first_close", "last_assignment", "last_assignment_admin_reply")

# Properties that are null although the schemas do not say so: schema, properties, evidence.
_ALSO_NULL: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("conversation", _UNTIL_THEN, "null in the examples"),
    ("conversation_list_item", _UNTIL_THEN, "null in the examples"),
    ("conversation_rating", ("rating", "remark"), "null between the request and the answer"),
    ("contact", ("email", "email_domain"), "null without an e-mail address"),
    ("article_content", ("url",), "null for a draft, as the article's own"),
    ("company_scroll", ("pages",), "null in the example"),
    ("part_attachment", ("width", "height"), "null for what is no picture, as data connectors expect"),
    (
        "conversation_statistics",
        (
            *_DURATIONS,
            "median_time_to_reply",
            *(f"{name}_at" for name in (*_MOMENTS, "last_admin_reply", "last_close")),
            "last_closed_by_id",
        ),
        "null until it happens, in observed traffic",
    ),
)

# Schemas that the description refers to and does not have.
_FORGOTTEN: Json = {"custom_attributes": {"type": "object"}}


@cache
def _schemas() -> Json:
    schemas: Json = copy.deepcopy(description()["components"]["schemas"])
    schemas.update(_FORGOTTEN)
    for schema, keys, _ in _NOT_ALWAYS_THERE:
        for key in keys:
            schemas[schema]["required"].remove(key)
    for schema, described, wire, _ in _RENAMED:
        schemas[schema]["properties"][wire] = schemas[schema]["properties"].pop(described)
        schemas[schema]["required"] = [wire if key == described else key for key in schemas[schema]["required"]]
    for schema in _PAGES_BY_URL:
        schemas[schema]["properties"]["pages"] = {"$ref": "#/components/schemas/pages_link"}
    for schema, key, allowed, _ in _ALSO_ALLOWED:
        assert key in schemas[schema]["properties"], f"{schema} has no {key} to correct"
        schemas[schema]["properties"][key] = allowed
    for schema, keys, _ in _ALSO_NULL:
        for key in keys:
            schemas[schema]["properties"][key] = {"allOf": [schemas[schema]["properties"][key]], "nullable": True}
    return {name: _json_schema(schema) for name, schema in schemas.items()}


def _json_schema(schema: Any) -> Any:
    """OpenAPI 3.0 knows `nullable` where JSON Schema knows the type null."""
    if isinstance(schema, list):
        return [_json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {key: _json_schema(value) for key, value in schema.items() if key not in {"nullable", "example"}}
    if schema.get("nullable") is True:
        return {"anyOf": [converted, {"type": "null"}]}
    return converted


def corrected() -> Json:
    """The whole description as OpenAPI 3.1, with the corrections.

    Without formats: what it calls a UUID or a URI is a request's id or a path in its own examples.
    """
    document: Json = _json_schema(description())
    document["components"]["schemas"] = _schemas()
    found = document["paths"]["/companies"]["get"]["responses"]["200"]["content"]["application/json"]
    found["schema"] = {"anyOf": [found["schema"], {"$ref": "#/components/schemas/company"}]}  # by company_id or name
    whole: Json = _without_formats({**document, "openapi": "3.1.0"})
    return whole


def _without_formats(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_formats(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _without_formats(value) for key, value in node.items() if key != "format" or not isinstance(value, str)
    }


def violations(body: Any, schema: Json) -> list[str]:
    """What of a body does not fit the description's schema."""
    document = {**_json_schema(schema), "components": {"schemas": _schemas()}}
    validator = jsonschema.Draft202012Validator(document)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


def missing_keys(body: Any, example: Any, path: str = "$") -> list[str]:
    """Keys of an example that a body lacks; of lists, the first items are compared."""
    if isinstance(example, dict):
        if not isinstance(body, dict):
            return [f"{path} should be an object"]
        missing = [f"{path}.{key}" for key in example if key not in body]
        shared = (key for key in example if key in body)
        return [*missing, *(gone for key in shared for gone in missing_keys(body[key], example[key], f"{path}.{key}"))]
    if isinstance(example, list) and example and isinstance(body, list) and body:
        return missing_keys(body[0], example[0], f"{path}[0]")
    return []
