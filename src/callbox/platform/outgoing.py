"""Requests to addresses that customers name: they reach no private network unless the operator allows it.

The address is looked up once, checked, and connected to as it was checked, so that a name cannot answer one
address for the check and another for the connection.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore

CONNECT_SECONDS = 5.0
_MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_private_addresses_allowed = False


class OutgoingRefused(Exception):
    """The request was not made, or broken off: the address is private, or the answer is not what was asked for."""


class OutgoingFailed(Exception):
    """The other side could not be reached, or did not answer in time."""


def allow_private_addresses(*, allowed: bool) -> None:
    """Whether requests may reach private networks; told once at start."""
    global _private_addresses_allowed  # noqa: PLW0603  # one rule a process
    _private_addresses_allowed = allowed


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to public addresses only."""

    def __init__(self) -> None:
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of the name; all of them have to be public."""
        address = await _checked_address(host, port)
        return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Used between attempts."""
        await self._backend.sleep(seconds)


async def _checked_address(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=1)
    except OSError as error:
        raise httpcore.ConnectError(f"{host} is not known") from error
    addresses = [str(each[4][0]) for each in found]
    if not _private_addresses_allowed and not all(is_public(address) for address in addresses):
        raise OutgoingRefused(f"{host} is in a private network")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet; IPv4 in IPv6 clothes counts as what it is."""
    parsed = ip_address(address.partition("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None) or getattr(parsed, "sixtofour", None)
    if mapped is not None:
        return is_public(str(mapped))
    return parsed.is_global and not parsed.is_multicast


@asynccontextmanager
async def fetched(url: str, *, seconds: float) -> AsyncIterator[httpcore.Response]:
    """A GET whose answer is 200, after at most three redirects. Raises OutgoingRefused and OutgoingFailed."""
    timeouts = {"connect": CONNECT_SECONDS, "read": seconds, "write": seconds, "pool": seconds}
    async with httpcore.AsyncConnectionPool(
        ssl_context=ssl.create_default_context(), network_backend=_GuardedBackend(), retries=0
    ) as pool:
        for _ in range(_MAX_REDIRECTS + 1):
            _check_scheme(url)
            try:
                async with asyncio.timeout(seconds):
                    response = await pool.handle_async_request(
                        httpcore.Request("GET", url, headers=_headers(url), extensions={"timeout": timeouts})
                    )
            except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError) as error:
                raise OutgoingFailed(f"{url} cannot be fetched: {error or type(error).__name__}") from error
            try:
                if response.status not in _REDIRECTS:
                    if response.status != 200:
                        raise OutgoingFailed(f"{url} answered {response.status}")
                    yield response
                    return
                url = urljoin(url, _location(response))
            finally:
                await response.aclose()
    raise OutgoingRefused("too many redirects")


def _check_scheme(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise OutgoingRefused(f"{url} is no http or https URL")


def _headers(url: str) -> list[tuple[str, str]]:
    return [("Host", urlsplit(url).netloc.rpartition("@")[2]), ("User-Agent", "callbox"), ("Accept", "*/*")]


def _location(response: httpcore.Response) -> str:
    for name, value in response.headers:
        if name.lower() == b"location":
            return value.decode("latin-1")
    raise OutgoingFailed("a redirect without a location")
