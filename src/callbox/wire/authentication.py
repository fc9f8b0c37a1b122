"""Who is asking: from the Authorization header to the caller, through a small cache in each process."""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from time import monotonic

import msgspec

from callbox.platform import clock
from callbox.wire.errors import TokenRevoked, Unauthorized

# How long a process may go on believing what it last read about a token. A revocation, a renamed admin
# or a moved clock is seen everywhere after this time at the latest.
CACHE_SECONDS = 3.0
_CACHE_LIMIT = 10_000
# Several times what a token takes. What is remembered by a header must not grow with it.
_LONGEST_AUTHORIZATION = 1_000


class Caller(msgspec.Struct, frozen=True):
    """The workspace that a request is for, and the admin it acts as. Every rule takes it as its first argument."""

    workspace_id: str
    workspace_name: str
    timezone: str
    clock_offset_seconds: int
    token_id: int
    scopes: frozenset[str]
    admin_id: int
    admin_email: str
    admin_name: str
    ip: str = "127.0.0.1"
    # What links to the workspace's files are signed with.
    link_key: bytes = b""

    def now(self) -> datetime:
        """The workspace's time."""
        return clock.time_at(self.clock_offset_seconds)


# Answers the caller that a token's SHA-256 stands for, whether it is revoked, or None if it is unknown.
TokenLookUp = Callable[[bytes, str], Awaitable[tuple[Caller, bool] | None]]


class Authenticator:
    """Finds the caller of a request. The look-up in the database is handed in; it must not write."""

    def __init__(self, look_up: TokenLookUp) -> None:
        self._look_up = look_up
        self._cache = _callers

    async def caller(self, authorization: bytes, ip: str) -> Caller:
        """The caller, or Unauthorized / TokenRevoked."""
        cached = self._cache.get((authorization, ip))
        if cached is not None and cached[0] > monotonic():
            return cached[1]
        if len(authorization) > _LONGEST_AUTHORIZATION:
            raise Unauthorized
        found = await self._look_up(hashlib.sha256(_token(authorization)).digest(), ip)
        if found is None:
            raise Unauthorized
        caller, is_revoked = found
        if is_revoked:
            self._cache.pop((authorization, ip), None)
            raise TokenRevoked
        if len(self._cache) >= _CACHE_LIMIT:
            self._cache.clear()
        self._cache[authorization, ip] = (monotonic() + CACHE_SECONDS, caller)
        return caller


# By Authorization header and address: when to look again, and who it was.
_callers: dict[tuple[bytes, str], tuple[float, Caller]] = {}


def forget_callers(workspace_id: str) -> None:
    """What this process holds of a workspace's callers is out of date."""
    for key in [key for key, (_, caller) in _callers.items() if caller.workspace_id == workspace_id]:
        del _callers[key]


def _token(authorization: bytes) -> bytes:
    """The token of a Bearer header, or the user name of a Basic one: SDKs up to version 5 send the latter."""
    scheme, _, credential = authorization.partition(b" ")
    credential = credential.strip()
    match scheme.lower():
        case b"bearer":
            return credential
        case b"basic":
            try:
                return base64.b64decode(credential, validate=True).partition(b":")[0]
            except (binascii.Error, ValueError):
                raise Unauthorized from None
        case _:
            raise Unauthorized
