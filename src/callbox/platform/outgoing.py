"""Requests to addresses that customers name: they reach no private network unless the operator allows it.

The address is looked up once, checked, and connected to as it was checked, so that a name cannot answer one
address for the check and another for the connection.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import httpcore

CONNECT_SECONDS = 5.0
_MAX_REDIRECTS = 3
_MOST_ADDRESSES = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Shorter than servers keep an idle connection, so that no request meets one that is being closed.
_KEEP_ALIVE_SECONDS = 2.0
# What of an answer is read so that its connection can be used again.
_READ_BYTES = 65_536
# Characters of a URL that mean something there, or are encoded already.
_MEANT = "/:?#[]@!$&'()*+,;=~%"
_FAULTS = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError)

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
    """Connects to public addresses only, unless private ones are allowed."""

    def __init__(self, *, private_allowed: bool) -> None:
        self._private_allowed = private_allowed
        self._backend = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of the name where somebody listens; all of them have to be public."""
        failure: Exception = httpcore.ConnectError(f"{host} is not known")
        for address in await _checked_addresses(host, port, private_allowed=self._private_allowed):
            try:
                return await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Used between attempts."""
        await self._backend.sleep(seconds)


# A look-up cannot be broken off: names that never answer must not keep the others waiting for a thread.
_look_ups = ThreadPoolExecutor(64, thread_name_prefix="look-up")


def _addresses_of(host: str, port: int) -> list[str]:
    return [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


async def _checked_addresses(host: str, port: int, *, private_allowed: bool) -> list[str]:
    try:
        addresses = await asyncio.get_running_loop().run_in_executor(_look_ups, _addresses_of, host, port)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} is not known") from error
    if not private_allowed and not all(is_public(address) for address in addresses):
        raise OutgoingRefused(f"{host} is in a private network")
    return addresses[:_MOST_ADDRESSES]


# Of all addresses in IPv6, only these are given to anybody.
_GIVEN = ip_network("2000::/3")
# Where a network translates, an IPv4 address is the end of one of these.
_TRANSLATED = ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet; IPv4 in IPv6 clothes counts as what it is."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        translated = IPv4Address(parsed.packed[-4:]) if parsed in _TRANSLATED else None
        inner = parsed.ipv4_mapped or parsed.sixtofour or translated
        return is_public(str(inner)) if inner is not None else parsed in _GIVEN and parsed.is_global
    return parsed.is_global and not parsed.is_multicast


@asynccontextmanager
async def fetched(url: str, *, seconds: float) -> AsyncIterator[httpcore.Response]:
    """A GET whose answer is 200, after at most three redirects. Raises OutgoingRefused and OutgoingFailed."""
    timeouts = {"connect": CONNECT_SECONDS, "read": seconds, "write": seconds, "pool": seconds}
    backend = _GuardedBackend(private_allowed=_private_addresses_allowed)
    async with httpcore.AsyncConnectionPool(ssl_context=_tls(), network_backend=backend, retries=0) as pool:
        for _ in range(_MAX_REDIRECTS + 1):
            url = _as_sent(url)
            try:
                async with asyncio.timeout(seconds):
                    response = await pool.handle_async_request(
                        httpcore.Request("GET", url, headers=_headers(url), extensions={"timeout": timeouts})
                    )
            except _FAULTS as error:
                raise OutgoingFailed(f"{_host(url)} answers nothing: {error or type(error).__name__}") from error
            try:
                if response.status not in _REDIRECTS:
                    if response.status != 200:
                        raise OutgoingFailed(f"{_host(url)} answered {response.status}")
                    yield response
                    return
                url = urljoin(url, _location(response))
            finally:
                await response.aclose()
    raise OutgoingRefused("too many redirects")


class Answered(NamedTuple):
    """What a receiver answered: its status, and how the body begins, mostly all of it."""

    status: int
    beginning: bytes


class Receiver:
    """Requests to one server over connections that are kept. Redirects are not followed."""

    def __init__(self, *, connections: int, seconds: float, private_allowed: bool) -> None:
        self._seconds = seconds
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=connections,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=_GuardedBackend(private_allowed=private_allowed),
            retries=0,
        )

    async def __aenter__(self) -> "Receiver":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def send(self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> Answered:
        """One request, answered in time. Raises OutgoingRefused and OutgoingFailed."""
        url = _as_sent(url)
        host = ("Host", _host(url))
        length = [("Content-Length", str(len(body)))] if body else []
        request = httpcore.Request(method, url, headers=[host, *headers, *length], content=body)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._answer(request)
        except TimeoutError as error:
            raise OutgoingFailed(f"no answer within {self._seconds:g} seconds") from error
        except _FAULTS as error:
            raise OutgoingFailed(f"{type(error).__name__}: {error}".rstrip(": ")) from error

    async def _answer(self, request: httpcore.Request) -> Answered:
        """The end of an answer that goes on and on is not waited for; its connection is closed."""
        response = await self._pool.handle_async_request(request)
        body = bytearray()
        try:
            async for piece in response.aiter_stream():
                body += piece
                if len(body) > _READ_BYTES:
                    break
        finally:
            await response.aclose()
        return Answered(response.status, bytes(body))


@cache
def _tls() -> ssl.SSLContext:
    """One for all, since each reads the machine's certificates."""
    return ssl.create_default_context()


def _as_sent(url: str) -> str:
    """The URL in ASCII, its host by the name that DNS knows, without a password. Raises OutgoingRefused."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError as error:
        raise OutgoingRefused(f"what was named is no URL: {type(error).__name__}") from error
    if parts.scheme not in {"http", "https"} or not host:
        raise OutgoingRefused("what was named is no http or https URL")
    place = f"[{host}]" if ":" in host else host
    if port is not None:
        place += f":{port}"
    path, query = (quote(part, safe=_MEANT) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, place, path, query, ""))


def _host(url: str) -> str:
    """Whom a URL that is to be sent names. Messages tell no more of it, since the rest may be as good as a password."""
    return urlsplit(url).netloc


def _headers(url: str) -> list[tuple[str, str]]:
    return [("Host", _host(url)), ("User-Agent", "callbox"), ("Accept", "*/*")]


def _location(response: httpcore.Response) -> str:
    for name, value in response.headers:
        if name.lower() == b"location":
            return value.decode("latin-1")
    raise OutgoingFailed("a redirect without a location")
