"""One operation of the API: a handler with what its description needs.

A handler is an async function of the path's parameters, `scope` (the caller is in it) and `body`
where it reads one. What it returns is encoded as JSON.
"""

from collections.abc import Callable, Sequence
from typing import Any, get_type_hints

import msgspec
from litestar.enums import MediaType
from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPScope

from callbox.wire.authentication import Caller
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
            # As JSON, an answer without content would read `null`.
            media_type=MediaType.TEXT if response is type(None) else JSON_MEDIA_TYPE,
            opt={"operation": described},
        )(function)

    return decorate


def caller_of(scope: HTTPScope) -> Caller:
    """Who is asking."""
    caller: Caller = scope["state"]["caller"]
    return caller
