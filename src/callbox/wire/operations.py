"""One operation of the API: a handler with what its description needs.

A handler is an async function of the path's parameters, `scope` (the caller is in it) and `body`
where it reads one. What it returns is encoded as JSON, but for a file; None is an answer without content.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from inspect import signature
from typing import Any, get_type_hints

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from callbox.wire.authentication import Caller
from callbox.wire.bodies import MAX_BODY_BYTES, MAX_FILES_BYTES, whole_body
from callbox.wire.errors import JSON_MEDIA_TYPE, WireError

FILE_MEDIA_TYPE = "application/octet-stream"

# From a request's scope, its body and the parameters of its path to the answer.
Run = Callable[[Any, Receive, dict[str, str]], Awaitable["Answer | FileAnswer"]]


class Operation(msgspec.Struct, frozen=True):
    """What the API's description says of a handler, and how it is run."""

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
    run: Run
    body_limit: int


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
    takes_files: bool = False,
) -> Callable[[Callable[..., Any]], HTTPRouteHandler]:
    """Make a handler of a function: its docstring is the summary, its return type the schema of the answer.

    `request` and `query` are the structs it decodes; `errors` what it raises besides those of every
    operation; `example` and `answer` a request and an answer to show. With `takes_files` its body may be large.
    """

    def decorate(function: Callable[..., Any]) -> HTTPRouteHandler:
        response = get_type_hints(function)["return"]
        body_limit = MAX_FILES_BYTES if takes_files else MAX_BODY_BYTES
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
            run=_runner(function, status, body_limit),
            body_limit=body_limit,
        )
        return HTTPRouteHandler(
            path,
            http_method=method,  # type: ignore[arg-type]
            status_code=status,
            opt={"operation": described},
        )(_framework_handler(described.run))

    return decorate


_encode = msgspec.json.Encoder().encode


class Answer:
    """An encoded answer, ready to be sent."""

    __slots__ = ("_body", "_status")

    def __init__(self, status: int, body: bytes) -> None:
        self._status = status
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = content_headers(self._body)
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


class FileAnswer(msgspec.Struct):
    """A file as the answer to an operation, sent as it is read."""

    name: str
    size: int
    pieces: AsyncIterator[bytes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        headers = [
            (b"content-type", FILE_MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % self.size),
            (b"content-disposition", f'attachment; filename="{self.name}"'.encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


_JSON = JSON_MEDIA_TYPE.encode()
# Whoever opens an answer in a browser, or in a frame, sees text that can do nothing.
INERT = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NOTHING = b"text/plain; charset=utf-8"


def content_headers(body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers that say what a body is. No content is no JSON."""
    return [(b"content-type", _JSON if body else _NOTHING), (b"content-length", b"%d" % len(body)), INERT]


def _runner(function: Callable[..., Awaitable[Any]], status: int, body_limit: int) -> Run:
    names = signature(function).parameters
    takes_scope, takes_body = "scope" in names, "body" in names

    async def run(scope: HTTPScope, receive: Receive, path: dict[str, str]) -> Answer | FileAnswer:
        arguments: dict[str, Any] = {**path}
        if takes_scope:
            arguments["scope"] = scope
        if takes_body:
            arguments["body"] = await whole_body(receive, body_limit)
        result = await function(**arguments)
        if isinstance(result, FileAnswer):
            return result
        return Answer(status, b"" if result is None else _encode(result))

    return run


def _framework_handler(run: Run) -> Callable[..., Awaitable[ASGIApp]]:
    async def handler(request: Request[Any, Any, Any]) -> ASGIApp:
        return await run(request.scope, request.receive, request.scope["path_params"])

    return handler


def caller_of(scope: HTTPScope) -> Caller:
    """Who is asking."""
    caller: Caller = scope["state"]["caller"]
    return caller
