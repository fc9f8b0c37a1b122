"""Callbox's own description is valid, complete and shows examples that fit; the page beside it shows all of it."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import jsonschema
import pytest

from tests.contract import reference

Json = dict[str, Any]

PATHS = ("/openapi.json", "/manage/openapi.json")
METHODS = {"get", "put", "post", "delete"}

# The parts of OpenAPI 3.1 that Callbox uses; anything else in the document is a mistake.
_REFERENCE: Json = {
    "type": "object",
    "required": ["$ref"],
    "properties": {"$ref": {"type": "string", "pattern": "^#/components/"}},
    "additionalProperties": False,
}
_SCHEMA: Json = {"type": ["object", "boolean"]}
_EXAMPLE: Json = {
    "type": "object",
    "required": ["value"],
    "properties": {"summary": {"type": "string", "minLength": 1}, "value": {}},
    "additionalProperties": False,
}
_PARAMETER: Json = {
    "type": "object",
    "required": ["name", "in", "schema"],
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "in": {"enum": ["path", "query", "header"]},
        "required": {"type": "boolean"},
        "description": {"type": "string"},
        "schema": _SCHEMA,
    },
    "additionalProperties": False,
    "if": {"properties": {"in": {"const": "path"}}},
    "then": {"properties": {"required": {"const": True}}, "required": ["required"]},
}
_CONTENT: Json = {
    "type": "object",
    "anyOf": [{"required": ["application/json"]}, {"required": ["application/octet-stream"]}],
    "additionalProperties": {
        "type": "object",
        "required": ["schema"],
        "properties": {
            "schema": _SCHEMA,
            "example": {},
            "examples": {"type": "object", "additionalProperties": {"anyOf": [_REFERENCE, _EXAMPLE]}},
        },
        "additionalProperties": False,
        "not": {"required": ["example", "examples"]},
    },
}
_OPERATION: Json = {
    "type": "object",
    "required": ["operationId", "summary", "tags", "responses"],
    "properties": {
        "operationId": {"type": "string", "pattern": r"^\w+$"},
        "summary": {"type": "string", "minLength": 1},
        "description": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 1},
        "parameters": {"type": "array", "items": {"anyOf": [_REFERENCE, _PARAMETER]}},
        "requestBody": {
            "type": "object",
            "required": ["content"],
            "properties": {"required": {"type": "boolean"}, "content": _CONTENT},
            "additionalProperties": False,
        },
        "responses": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[1-5][0-9][0-9]$"},
            "additionalProperties": {
                "type": "object",
                "required": ["description"],
                "properties": {"description": {"type": "string", "minLength": 1}, "content": _CONTENT},
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
_DOCUMENT: Json = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "additionalProperties": {"type": "string"},
        },
        "servers": {"type": "array", "items": {"type": "object", "required": ["url"]}},
        "security": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        "tags": {"type": "array", "items": {"type": "object", "required": ["name"]}, "uniqueItems": True},
        "paths": {
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "type": "object",
                "propertyNames": {"enum": sorted(METHODS)},
                "additionalProperties": _OPERATION,
            },
        },
        "components": {
            "type": "object",
            "properties": {
                "schemas": {"type": "object", "additionalProperties": _SCHEMA},
                "examples": {"type": "object", "additionalProperties": _EXAMPLE},
                "parameters": {"type": "object", "additionalProperties": _PARAMETER},
                "securitySchemes": {"type": "object", "additionalProperties": {"type": "object", "required": ["type"]}},
            },
            "patternProperties": {".*": {"propertyNames": {"pattern": r"^[a-zA-Z0-9._-]+$"}}},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


@pytest.fixture(params=PATHS)
def document(request: pytest.FixtureRequest, server_url: str) -> Json:
    """Each of the two descriptions, read without a token."""
    return _read(server_url, request.param)


def _read(server_url: str, path: str) -> Json:
    answer = httpx.get(f"{server_url}{path}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    document: Json = answer.json()
    return document


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _resolved(document: Json, node: Json) -> Json:
    """What a node stands for, if it is a reference."""
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _violations(document: Json, schema: Json, value: Any) -> list[str]:
    whole = {**schema, "components": document["components"]}
    return [f"{e.json_path}: {e.message}" for e in jsonschema.Draft202012Validator(whole).iter_errors(value)]


def test_the_document_has_the_form_of_openapi_31(document: Json) -> None:
    errors = jsonschema.Draft202012Validator(_DOCUMENT).iter_errors(document)
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


def test_every_schema_is_a_json_schema(document: Json) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(document: Json) -> None:
    for found in set(_references({**document, "components": document["components"]})):
        _resolved(document, {"$ref": found})


def test_operations_have_names_of_their_own_and_known_groups(document: Json) -> None:
    names = [operation["operationId"] for _, operation in _operations(document)]
    assert sorted(names) == sorted(set(names))
    groups = {tag["name"] for tag in document["tags"]}
    assert {operation["tags"][0] for _, operation in _operations(document)} == groups


def test_the_parameters_of_a_path_are_described(document: Json) -> None:
    for key, operation in _operations(document):
        parameters = [_resolved(document, each) for each in operation["parameters"]]
        described = [each["name"] for each in parameters if each["in"] == "path"]
        assert described == re.findall(r"\{(\w+)\}", key), key


def test_every_operation_shows_its_errors(document: Json) -> None:
    for key, operation in _operations(document):
        refusals = {status: answer for status, answer in operation["responses"].items() if int(status) >= 400}
        assert {"400", "401", "403", "404", "406", "429", "500", "503"} <= set(refusals), key
        if "{" in key:
            assert len(refusals["404"]["content"]["application/json"]["examples"]) > 1, f"{key} names no own 404"
        for answer in refusals.values():
            content = answer["content"]["application/json"]
            is_usual = "#/components/schemas/ErrorList" in _references(content["schema"])
            assert is_usual or key == "POST /phone_call_redirects", key
            assert content["examples"], key


def test_a_refusal_with_a_form_of_its_own_is_described(document: Json, api: httpx.Client) -> None:
    if "/phone_call_redirects" not in document["paths"]:
        return
    answer = api.post("/phone_call_redirects", json={"phone": "12345"})
    described = document["paths"]["/phone_call_redirects"]["post"]["responses"][str(answer.status_code)]
    assert _violations(document, described["content"]["application/json"]["schema"], answer.json()) == []


def test_the_described_versions_are_those_that_are_taken(document: Json, api: httpx.Client) -> None:
    versions = document["components"]["parameters"]["IntercomVersion"]["schema"]["enum"]
    assert {"2.11", "2.14", "preview"} <= set(versions)
    assert {api.get("/me", headers={"Intercom-Version": version}).status_code for version in versions} == {200}


def test_every_request_body_has_an_example_that_fits(document: Json) -> None:
    for key, operation in _operations(document):
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            assert "example" in content, f"{key} has no example"
            assert _violations(document, content["schema"], content["example"]) == [], key


def test_examples_of_answers_fit(document: Json) -> None:
    for key, operation in _operations(document):
        for answer in operation["responses"].values():
            content = answer.get("content", {}).get("application/json", {})
            shown = [_resolved(document, each)["value"] for each in content.get("examples", {}).values()]
            for example in [*shown, *([content["example"]] if "example" in content else [])]:
                assert _violations(document, content["schema"], example) == [], key


def test_public_and_management_operations_are_told_apart(server_url: str) -> None:
    public, manage = (_read(server_url, path)["paths"] for path in PATHS)
    assert [path for path in public if path.startswith("/manage/")] == []
    assert [path for path in manage if not path.startswith("/manage/v1/")] == []


@pytest.mark.skipif(not reference.is_here(), reason="the official description is not here; CALLBOX_REFERENCE names it")
def test_every_operation_of_the_official_description_is_there(server_url: str) -> None:
    ours = {re.sub(r"\{\w+\}", "{}", key) for key, _ in _operations(_read(server_url, "/openapi.json"))}
    theirs = {re.sub(r"\{\w+\}", "{}", key) for key in reference.operations()}
    assert len(theirs) >= 50
    assert theirs - ours == set()


def test_an_answer_of_the_server_fits_its_own_schema(api: httpx.Client, server_url: str) -> None:
    document = _read(server_url, "/openapi.json")
    made = api.post("/contacts", json={"external_id": "u-1", "email": "grace@example.com"}).json()
    content = document["paths"]["/contacts"]["post"]["responses"]["200"]["content"]["application/json"]
    assert _violations(document, content["schema"], made) == []
    assert _violations(document, content["schema"], {**made, "role": "admin"}) != []


# The page


class _Page(HTMLParser):
    """Collects what a test wants to know of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.ids += [str(found["id"])] if "id" in found else []
        self.targets += [str(found[name]) for name in ("href", "src", "action", "data", "srcset") if name in found]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page(server_url: str) -> httpx.Response:
    """The page, read without a token as a browser would."""
    answer = httpx.get(f"{server_url}/docs", headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    return answer


def _parsed(page: httpx.Response) -> _Page:
    parser = _Page()
    parser.feed(page.text)
    return parser


def test_the_page_shows_every_operation_with_path_and_errors(page: httpx.Response, server_url: str) -> None:
    parsed = _parsed(page)
    for path in PATHS:
        document = _read(server_url, path)
        for key, operation in _operations(document):
            assert operation["operationId"] in parsed.ids, key
            assert key.partition(" ")[2] in parsed.text, key
            assert operation["summary"].replace("`", "") in parsed.text, key
        for example in document["components"]["examples"].values():
            assert example["value"]["errors"][0]["message"] in parsed.text


def test_the_page_refers_to_nothing_outside(page: httpx.Response) -> None:
    parsed = _parsed(page)
    assert len(parsed.ids) == len(set(parsed.ids))
    links = [target for target in parsed.targets if not target.startswith("#")]
    assert set(links) == set(PATHS)
    missing = {target[1:] for target in parsed.targets if target.startswith("#")} - set(parsed.ids)
    assert missing == set()
    assert not {"img", "link", "iframe", "object", "embed"} & set(parsed.tags)
    assert "url(" not in page.text
    assert "@import" not in page.text


def test_the_pages_policy_lets_nothing_in_from_outside(page: httpx.Response) -> None:
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy
