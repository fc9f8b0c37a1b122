"""The server's own address, as clients see it: for links in answers."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

_public_url: str | None = None
# The request being answered, for links made far from its handler.
_request: ContextVar[Mapping[str, Any] | None] = ContextVar("request", default=None)


def set_public_url(url: str | None) -> None:
    """The address under which clients reach the server, where it is not the one they name in the Host header."""
    global _public_url  # noqa: PLW0603  # one address a process, told once at start
    _public_url = url


def enter_request(scope: Mapping[str, Any]) -> None:
    """A request begins: links made while it is answered go where it went."""
    _request.set(scope)


def base_url() -> str:
    """The address of the server without a path. Outside of requests, and without a public URL, it is a guess."""
    if _public_url is not None:
        return _public_url
    scope = _request.get()
    if scope is None:
        return "http://127.0.0.1:8080"
    for name, value in scope["headers"]:
        if name == b"host":
            return f"{scope['scheme']}://{value.decode('latin-1')}"
    host, port = scope["server"] or ("127.0.0.1", 80)
    return f"{scope['scheme']}://{f'[{host}]' if ':' in host else host}:{port}"
