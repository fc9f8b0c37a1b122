"""The page at `/docs`: everything in one HTML document, rendered on the server, loading nothing from anywhere.

Script and style are inline and admitted by their hashes, so the content security policy can stay strict.
Without script the page is the same list; the script adds the filter and opens what a link points to.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Any

Json = dict[str, Any]

_STYLE = files(__name__).joinpath("page.css").read_text()
_SCRIPT = files(__name__).joinpath("page.js").read_text()
_FRAME = files(__name__).joinpath("page.html").read_text()
_CODE = re.compile("`([^`]+)`")


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


CONTENT_SECURITY_POLICY = (
    f"default-src 'self'; style-src {_hash_source(_STYLE)}; script-src {_hash_source(_SCRIPT)}; "
    "img-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(descriptions: Sequence[Json]) -> str:
    """The page of these OpenAPI documents, in their order."""
    parts = {
        "STYLE": _STYLE,
        "SCRIPT": _SCRIPT,
        "VERSION": escape(descriptions[0]["info"]["version"]),
        "NAVIGATION": "".join(_navigation(each) for each in descriptions),
        "COMMON_ERRORS": _common_errors(descriptions),
        "CONTENT": "".join(_document(each, f"d{number}") for number, each in enumerate(descriptions)),
    }
    frame = _FRAME
    for name, text in parts.items():
        frame = frame.replace(f"<!--{name}-->", text)
    return frame


def _element(name: str, content: str = "", **attributes: str) -> str:
    """An element around content that is HTML already; attribute values are escaped here."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"


def _operations(description: Json) -> list[tuple[str, str, Json]]:
    return [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def _groups(description: Json) -> dict[str, list[tuple[str, str, Json]]]:
    groups: dict[str, list[tuple[str, str, Json]]] = {tag["name"]: [] for tag in description["tags"]}
    for method, path, operation in _operations(description):
        groups[operation["tags"][0]].append((method, path, operation))
    return groups


def _anchor(operation: Json) -> str:
    anchor: str = operation["operationId"]
    return anchor


def _navigation(description: Json) -> str:
    groups = "".join(_navigation_group(name, operations) for name, operations in _groups(description).items())
    return _element("h2", escape(description["info"]["title"])) + groups


def _navigation_group(name: str, operations: Iterable[tuple[str, str, Json]]) -> str:
    links = "".join(
        _element(
            "li",
            _element(
                "a",
                _method(method) + _element("span", _prose(operation["summary"].rstrip("."))),
                href=f"#{_anchor(operation)}",
            ),
        )
        for method, _, operation in operations
    )
    return _element("details", _element("summary", escape(name)) + _element("ul", links), open="")


def _method(method: str) -> str:
    return _element("span", method, class_=f"method {method.lower()}")


def _document(description: Json, prefix: str) -> str:
    schemas = description["components"]["schemas"]
    groups = "".join(
        _element(
            "section",
            _element("h2", escape(name)) + "".join(_operation(*each, description, prefix) for each in operations),
            class_="group",
        )
        for name, operations in _groups(description).items()
    )
    objects = "".join(_object(name, schema, prefix) for name, schema in schemas.items())
    heading = _element("h2", f"Objects of the {escape(description['info']['title'])}")
    return _element("h1", escape(description["info"]["title"])) + groups + _element("section", heading + objects)


def _operation(method: str, path: str, operation: Json, description: Json, prefix: str) -> str:
    schemas = description["components"]["schemas"]
    title = _method(method) + _element("code", _path(path), class_="path")
    summary = _element("summary", title + _element("span", _prose(operation["summary"]), class_="says"))
    body = "".join(
        (
            _paragraph(operation.get("description")),
            _parameters(operation, prefix),
            _request(operation, schemas, prefix),
            _answer(operation, schemas, prefix),
            _errors(operation, description),
        )
    )
    return _element(
        "details", summary + _element("div", body, class_="body"), id=_anchor(operation), class_="operation"
    )


def _path(path: str) -> str:
    """Long paths may break before a slash."""
    return escape(path).replace("/", "<wbr>/")


def _paragraph(text: str | None) -> str:
    return _element("p", _prose(text)) if text else ""


def _prose(text: str) -> str:
    """Text in which names stand between backticks."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _part(title: str, content: str) -> str:
    return _element("h4", title) + content if content else ""


def _parameters(operation: Json, prefix: str) -> str:
    own = [parameter for parameter in operation["parameters"] if "$ref" not in parameter]
    rows = [
        (_name(each["name"], each["required"]), escape(each["in"]), _limited(each["schema"], prefix)) for each in own
    ]
    return _part("Parameters", _table(("Name", "In", "Type"), rows))


def _request(operation: Json, schemas: Json, prefix: str) -> str:
    if "requestBody" not in operation:
        return ""
    content = operation["requestBody"]["content"]["application/json"]
    return _part("Request body", _content(content, schemas, prefix, open=""))


def _answer(operation: Json, schemas: Json, prefix: str) -> str:
    status, answer = next(iter(operation["responses"].items()))
    title = f"Answer {_element('span', status, class_='status good')}"
    if "content" not in answer:
        return _part(title, _paragraph("The body is empty."))
    content = answer["content"].get("application/json")
    return _part(title, _content(content, schemas, prefix) if content else _paragraph(answer["description"]))


def _content(content: Json, schemas: Json, prefix: str, **folding: str) -> str:
    alternatives = content["schema"].get("oneOf", [content["schema"]])
    tables = "".join(_reference(each, schemas, prefix, **folding) for each in alternatives)
    example = content.get("example")
    return tables + (_json(example) if example is not None else "")


def _reference(schema: Json, schemas: Json, prefix: str, **folding: str) -> str:
    """The object that a body is, with its keys to unfold."""
    if "$ref" not in schema:
        return _element("p", _limited(schema, prefix))
    struct = schemas[_target(schema)]
    title = _element("summary", f"{_type(schema, prefix)} {_element('span', _count(struct), class_='muted')}")
    return _element(
        "details", title + _paragraph(struct.get("description")) + _keys(struct, prefix), class_="keys", **folding
    )


def _count(struct: Json) -> str:
    number = len(struct.get("properties", {}))
    return "1 key" if number == 1 else f"{number} keys"


def _object(name: str, schema: Json, prefix: str) -> str:
    heading = _element("h3", _element("code", escape(_short(name))))
    body = heading + _paragraph(schema.get("description")) + _keys(schema, prefix)
    return _element("article", body, id=f"{prefix}-{name}", class_="object")


def _keys(struct: Json, prefix: str) -> str:
    required = struct.get("required", ())
    rows = [
        (_name(name, name in required), _limited(schema, prefix))
        for name, schema in struct.get("properties", {}).items()
    ]
    return _table(("Key", "Type"), rows)


def _name(name: str, required: bool) -> str:
    mark = _element("span", "required", class_="required") if required else ""
    return _element("code", escape(name)) + mark


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    titles = _element("tr", "".join(_element("th", title, scope="col") for title in head))
    body = "".join(_element("tr", "".join(_element("td", cell) for cell in row)) for row in rows)
    table = _element("table", _element("thead", titles) + _element("tbody", body))
    return _element("div", table, class_="wide", tabindex="0", role="group", aria_label="Table")


def _target(schema: Json) -> str:
    target: str = schema["$ref"].rpartition("/")[2]
    return target


def _short(name: str) -> str:
    """The struct's own name, where its module was needed to tell it apart."""
    return name.rpartition(".")[2]


def _type(schema: Json, prefix: str) -> str:
    """What a value may be, in words, with links to objects."""
    if "$ref" in schema:
        name = _target(schema)
        return _element("a", escape(_short(name)), href=f"#{prefix}-{name}")
    if "const" in schema or "enum" in schema:
        return " or ".join(_element("code", escape(json.dumps(v))) for v in schema.get("enum", [schema.get("const")]))
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(each, prefix) for each in schema[key]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), prefix)}"
    return escape(schema.get("type", "any JSON"))


_LIMITS = {
    "default": "default {}",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "{} characters or more",
    "maxLength": "up to {} characters",
    "minItems": "{} items or more",
    "maxItems": "up to {} items",
    "pattern": "like {}",
}


def _limited(schema: Json, prefix: str) -> str:
    """The type with its limits, those of its alternatives included."""
    found: dict[str, None] = {}
    for part in (schema, *schema.get("anyOf", ())):
        for key, words in _LIMITS.items():
            if part.get(key) is not None:
                found[words.format(json.dumps(part[key]))] = None
    limits = _element("span", escape(", ".join(found)), class_="muted") if found else ""
    return f"{_type(schema, prefix)} {limits}".rstrip()


def _json(value: object) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _element("pre", _element("code", escape(text)), tabindex="0")


def _common_names(description: Json) -> set[str]:
    """Errors that each operation of a description has."""
    sets = [set(_error_names(operation)) for _, _, operation in _operations(description)]
    return set.intersection(*sets) if sets else set()


def _error_names(operation: Json) -> list[str]:
    return [name for _, name in _error_pairs(operation)]


def _error_pairs(operation: Json) -> list[tuple[str, str]]:
    return [
        (status, name)
        for status, answer in operation["responses"].items()
        if int(status) >= 400
        for name in answer["content"]["application/json"]["examples"]
    ]


def _errors(operation: Json, description: Json) -> str:
    """The errors that this operation has and not all others."""
    common = _common_names(description)
    pairs = [(status, name) for status, name in _error_pairs(operation) if name not in common]
    shared = _paragraph("None but those of every operation.")
    return _part("Errors", _error_table(pairs, description["components"]["examples"]) or shared)


def _common_errors(descriptions: Sequence[Json]) -> str:
    described = descriptions[0]
    common = _common_names(described)
    operations = _operations(described)
    pairs = [pair for pair in _error_pairs(operations[0][2]) if pair[1] in common] if operations else []
    return _error_table(pairs, described["components"]["examples"])


def _error_table(pairs: Iterable[tuple[str, str]], examples: Json) -> str:
    rows = [
        (
            _element("span", status, class_="status bad"),
            _element("code", escape(code)),
            escape(message),
            _prose(examples[name]["summary"]),
        )
        for status, name in pairs
        for code, message in _reasons(examples[name]["value"])
    ]
    return _table(("Status", "Code", "Message", "When"), rows)


def _reasons(answer: Json) -> Iterator[tuple[str, str]]:
    """The codes and messages of an error; one with a form of its own has a single reason, under other names."""
    for reason in answer.get("errors", [answer]):
        yield reason.get("code") or reason["error_key"], reason.get("message", "")
