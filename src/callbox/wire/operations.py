"""One operation of the API: a handler with what its description needs.

A handler is an async function of the path's parameters, `scope` (the caller is in it) and `body`
where it reads one. What it returns is encoded as JSON.
"""

from collections.abc import Awaitable, Callable, Sequence
from inspect import signature
from typing import Any, get_type_hints

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from callbox.wire.authentication import Caller
from callbox.wire.bodies import whole_body
from callbox.wire.errors import JSON_MEDIA_TYPE, WireError


class Operation(msgspec.Struct, frozen=True):
    """What the API's description says of a handler."""

    method: str
    path: str
    group: str
    name: str
    summary: str
    response: Any
    request: Any
    query: Any
    status: int
    errors: tuple[type[WireError], ...]
    example: Any
    answer: Any


def operation(
    method: str,
    path: str,
    *,
    group: str,
    request: Any = None,
    query: Any = None,
    status: int = 200,
    errors: Sequence[type[WireError]] = (),
    example: Any = None,
    answer: Any = None,
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a handler of a function: its docstring is the summary, its return type the schema of the answer.

    `request` and `query` are the structs it decodes; `errors` what it raises besides those of every
    operation; `example` and `answer` a request and an answer to show.
    """

    def decorate(function: Callable[..., Any]) -> HTTPRouteHandler:
        response = get_type_hints(function)["return"]
        described = Operation(
            method=method,
            path=path,
            group=group,
            name=function.__name__,
            summary=(function.__doc__ or "").strip(),
            response=response,
            request=request,
            query=query,
            status=status,
            errors=tuple(errors),
            example=example,
            answer=answer,
        )
        return HTTPRouteHandler(
            path,
            http_method=method,  # type: ignore[arg-type]
            status_code=status,
            opt={"operation": described},
        )(_answering(function, status))

    return decorate


_Request = Request[Any, Any, Any]
_encode = msgspec.json.Encoder().encode


class _Answer:
    """An encoded answer, as the framework passes it on: making a response object of its own costs it several times
    what routing and calling the handler do."""

    __slots__ = ("_body", "_status")

    def __init__(self, status: int, body: bytes) -> None:
        self._status = status
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = content_headers(self._body)
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


_JSON = JSON_MEDIA_TYPE.encode()
_NOTHING = b"text/plain; charset=utf-8"


def content_headers(body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers that say what a body is. No content is no JSON."""
    return [(b"content-type", _JSON if body else _NOTHING), (b"content-length", b"%d" % len(body))]


def _answering(function: Callable[..., Awaitable[Any]], status: int) -> Callable[[_Request], Awaitable[ASGIApp]]:
    """The function as the framework calls it, with its result encoded; None is an answer without content.

    Path, scope and body are handed over here, since the framework would look at each of them anew.
    """
    names = signature(function).parameters
    takes_scope, takes_body = "scope" in names, "body" in names

    async def answer(request: _Request) -> ASGIApp:
        arguments: dict[str, Any] = {**request.scope["path_params"]}
        if takes_scope:
            arguments["scope"] = request.scope
        if takes_body:
            arguments["body"] = await whole_body(request.receive)
        result = await function(**arguments)
        return _Answer(status, b"" if result is None else _encode(result))

    return answer


def caller_of(scope: HTTPScope) -> Caller:
    """Who is asking."""
    caller: Caller = scope["state"]["caller"]
    return caller
