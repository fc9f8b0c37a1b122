"""The bare baseline: one ASGI function on the same server program, doing each operation's main SQL statement
and the same encoding, and nothing else: no routing, no authentication, no limits, no validation."""

from collections.abc import Awaitable, Callable

Answer = Callable[[bytes, str], Awaitable[bytes]]


async def _keep(_: object) -> None:
    """No reset round trip, as in Callbox."""
