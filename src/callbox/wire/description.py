"""The API's own description: OpenAPI 3.1 from the structs that validate and encode, and a page to read it.

Everything is built once when the application is assembled and served as bytes afterwards.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version as installed_version
from itertools import chain
from types import UnionType
from typing import Any, get_args

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from callbox.wire import docs_page
from callbox.wire.errors import (
    ErrorList,
    Forbidden,
    NotAcceptable,
    NotFound,
    ParameterInvalid,
    PayloadTooLarge,
    RateLimitExceeded,
    ServerError,
    ServiceUnavailable,
    TokenRevoked,
    Unauthorized,
    VersionInvalid,
    WireError,
)
from callbox.wire.gate import MANAGE_PREFIX
from callbox.wire.idempotency import KeyReused
from callbox.wire.operations import FILE_MEDIA_TYPE, FileAnswer, Operation
from callbox.wire.versions import KNOWN_VERSIONS, SERVED_VERSION

Json = dict[str, Any]

COMMON_ERRORS: tuple[type[WireError], ...] = (
    VersionInvalid,
    Unauthorized,
    TokenRevoked,
    Forbidden,
    NotFound,
    NotAcceptable,
    RateLimitExceeded,
    ServerError,
    ServiceUnavailable,
)
WRITE_ERRORS: tuple[type[WireError], ...] = (KeyReused,)
BODY_ERRORS: tuple[type[WireError], ...] = (ParameterInvalid, PayloadTooLarge)

PUBLIC_TITLE = "Callbox API"
MANAGE_TITLE = "Callbox management API"

_PATH_PARAMETER = re.compile(r"\{(?P<name>\w+)(?::\w+)?\}")
_ROUTE_SUFFIX = "_route"
_EXAMPLE_REQUEST_ID = "005iqf65erfj47qrulp0"
_JSON = "application/json"

_BINARY: Json = {"type": "string", "format": "binary"}

_HEADER_PARAMETERS: Json = {
    "IntercomVersion": {
        "name": "Intercom-Version",
        "in": "header",
        "required": False,
        "description": "A version of the API. Every known one is answered in the shapes of 2.11.",
        "schema": {"enum": sorted(version.decode() for version in KNOWN_VERSIONS), "default": SERVED_VERSION.decode()},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key with the same request within 24 hours gets the first answer again.",
        "schema": {"type": "string", "maxLength": 255},
    },
}

_SECURITY_SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token."},
    "basic": {"type": "http", "scheme": "basic", "description": "An access token as user name, no password."},
}


def describe(operations: Sequence[Operation], *, title: str, version: str, base_path: str = "/") -> Json:
    """The OpenAPI 3.1 document of these operations. Paths are relative to `base_path`."""
    schemas, components = _schemas_of(operations)
    errors = {error for operation in operations for error in errors_of(operation)}
    paths: Json = {}
    for operation in operations:
        described = _operation(operation, schemas, components)
        paths.setdefault(plain_path(operation), {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "servers": [{"url": base_path}],
        "security": [{name: []} for name in _SECURITY_SCHEMES],
        "tags": [{"name": group} for group in dict.fromkeys(operation.group for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": components,
            "examples": {_error_name(error): _error_example(error) for error in sorted(errors, key=_error_name)},
            "parameters": _HEADER_PARAMETERS,
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def errors_of(operation: Operation) -> list[type[WireError]]:
    """Everything an operation may refuse with: its own errors first, then those it shares, by status."""
    shared = chain(
        BODY_ERRORS if operation.request is not None else (),
        WRITE_ERRORS if operation.method != "GET" else (),
        COMMON_ERRORS,
    )
    return sorted(dict.fromkeys([*operation.errors, *shared]), key=lambda error: error.status)


def plain_path(operation: Operation) -> str:
    """The path as OpenAPI writes it, without the router's types."""
    return _PATH_PARAMETER.sub(r"{\g<name>}", operation.path)


def _schemas_of(operations: Iterable[Operation]) -> tuple[dict[Any, Json], Json]:
    """The schema of every struct that operations read or answer, and the components these refer to."""
    types = list(dict.fromkeys([*chain.from_iterable(map(_structs_of, operations)), ErrorList]))
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return dict(zip(types, schemas, strict=True)), components


def _structs_of(operation: Operation) -> list[Any]:
    forms = [error.form for error in operation.errors]
    mentioned = (*_alternatives(operation.response), operation.request, operation.query, *forms)
    return [kind for kind in mentioned if kind is not None]


def _alternatives(response: Any) -> tuple[Any, ...]:
    """The structs that an operation may answer; none where the body is empty, or a file."""
    if response in {None, type(None), FileAnswer}:
        return ()
    return get_args(response) if isinstance(response, UnionType) else (response,)


def _operation(operation: Operation, schemas: dict[Any, Json], components: Json) -> Json:
    summary, _, rest = operation.summary.partition("\n\n")
    described: Json = {
        "operationId": operation.name.removesuffix(_ROUTE_SUFFIX),
        "tags": [operation.group],
        "summary": " ".join(summary.split()),
        "parameters": [
            *_path_parameters(operation),
            *_query_parameters(operation, schemas, components),
            *_header_parameters(operation),
        ],
        "responses": {str(operation.status): _success(operation, schemas), **_refusals(operation, schemas)},
    }
    if rest:
        described["description"] = " ".join(rest.split())
    if operation.request is not None:
        described["requestBody"] = _request_body(operation, schemas[operation.request])
    return described


def _path_parameters(operation: Operation) -> list[Json]:
    return [
        {"name": match["name"], "in": "path", "required": True, "schema": {"type": "string"}}
        for match in _PATH_PARAMETER.finditer(operation.path)
    ]


def _query_parameters(operation: Operation, schemas: dict[Any, Json], components: Json) -> list[Json]:
    if operation.query is None:
        return []
    struct = components[schemas[operation.query]["$ref"].rpartition("/")[2]]
    return [
        {"name": name, "in": "query", "required": name in struct.get("required", ()), "schema": _without_null(schema)}
        for name, schema in struct["properties"].items()
    ]


def _without_null(schema: Json) -> Json:
    """A query parameter is absent rather than null."""
    kept = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    kinds = [kind for kind in kept.pop("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return {**kept, **kinds[0]}
    return {**kept, "anyOf": kinds} if kinds else kept


def _header_parameters(operation: Operation) -> list[Json]:
    names = ["IntercomVersion"] if operation.method == "GET" else ["IntercomVersion", "IdempotencyKey"]
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _request_body(operation: Operation, schema: Json) -> Json:
    content: Json = {"schema": schema}
    if operation.example is not None:
        content["example"] = operation.example
    return {"required": False, "content": {_JSON: content}}


def _success(operation: Operation, schemas: dict[Any, Json]) -> Json:
    if operation.response is FileAnswer:
        return {"description": "Done; the body is a file.", "content": {FILE_MEDIA_TYPE: {"schema": _BINARY}}}
    alternatives = [schemas[kind] for kind in _alternatives(operation.response)]
    if not alternatives:
        return {"description": "Done; the body is empty."}
    content: Json = {"schema": _one_of(alternatives)}
    if operation.answer is not None:
        content["example"] = operation.answer
    return {"description": "Done.", "content": {_JSON: content}}


def _one_of(alternatives: list[Json]) -> Json:
    return alternatives[0] if len(alternatives) == 1 else {"oneOf": alternatives}


def _refusals(operation: Operation, schemas: dict[Any, Json]) -> Json:
    by_status: dict[str, list[type[WireError]]] = {}
    for error in errors_of(operation):
        by_status.setdefault(str(error.status), []).append(error)
    return {status: _refusal(errors, schemas) for status, errors in by_status.items()}


def _refusal(errors: list[type[WireError]], schemas: dict[Any, Json]) -> Json:
    examples = {_error_name(error): {"$ref": f"#/components/examples/{_error_name(error)}"} for error in errors}
    forms = [schemas[form] for form in dict.fromkeys(error.form for error in errors)]
    return {
        "description": ", ".join(dict.fromkeys(error.code for error in errors)),
        "content": {_JSON: {"schema": _one_of(forms), "examples": examples}},
    }


def _error_name(error: type[WireError]) -> str:
    """Rooms may use one name for different errors, so it is told apart by the room."""
    room = error.__module__.removeprefix("callbox.")
    return error.__name__ if room == "wire.errors" else f"{room}.{error.__name__}"


def _error_example(error: type[WireError]) -> Json:
    shown = msgspec.json.decode(error().body(_EXAMPLE_REQUEST_ID))
    return {"summary": " ".join((error.__doc__ or "").split()), "value": shown}


def description_routes(handlers: Sequence[object]) -> list[HTTPRouteHandler]:
    """`/openapi.json`, `/manage/openapi.json` and `/docs` of the operations among these handlers."""
    operations = [
        handler.opt["operation"]
        for handler in handlers
        if isinstance(handler, HTTPRouteHandler) and isinstance(handler.opt.get("operation"), Operation)
    ]
    version = installed_version("callbox")
    public = describe([each for each in operations if not _is_manage(each)], title=PUBLIC_TITLE, version=version)
    manage = describe([each for each in operations if _is_manage(each)], title=MANAGE_TITLE, version=version)
    page = docs_page.page([public, manage])
    policy = {"Content-Security-Policy": docs_page.CONTENT_SECURITY_POLICY}
    return [
        _fixed("/openapi.json", msgspec.json.encode(public), _JSON, {}),
        _fixed("/manage/openapi.json", msgspec.json.encode(manage), _JSON, {}),
        _fixed("/docs", page.encode(), "text/html", policy),
    ]


def _is_manage(operation: Operation) -> bool:
    return operation.path.startswith(MANAGE_PREFIX)


def _fixed(path: str, body: bytes, media_type: str, headers: dict[str, str]) -> HTTPRouteHandler:
    """A route that always answers the same bytes."""

    def answer() -> Response[bytes]:
        return Response(body, media_type=media_type, headers=headers)

    handler: Callable[..., HTTPRouteHandler] = HTTPRouteHandler(path, http_method="GET", sync_to_thread=False)
    return handler(answer)
