"""The body of a request, as bytes."""

from collections.abc import Awaitable, Callable
from typing import Any

from callbox.wire.errors import ParameterInvalid, PayloadTooLarge

MAX_BODY_BYTES = 1024 * 1024
# Of operations that take files: in base64 these are a third longer than they are.
MAX_FILES_BYTES = 40 * 1024 * 1024


class BodyBrokenOff(ParameterInvalid):
    """The client went away while it sent the body; nobody reads this."""

    message = "The request body ended too early"


async def whole_body(receive: Callable[[], Awaitable[Any]], limit: int = MAX_BODY_BYTES) -> bytes:
    """All parts of a body. Raises PayloadTooLarge, and BodyBrokenOff rather than take a part for the whole."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyBrokenOff
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise PayloadTooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
