"""What every request passes: one plain ASGI layer around the application.

Request id, clean path, authentication, scope, version, rate limit and Accept, in this order; then the
headers of the answer. It is written by hand because it stands in front of every operation, and a
framework's guards and middleware cost several times as much there.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import structlog

from callbox.platform.telemetry import observe_request
from callbox.wire import versions
from callbox.wire.abandoned import is_abandoned, may_be_broken_off
from callbox.wire.authentication import Authenticator, Caller
from callbox.wire.bodies import MAX_FILES_BYTES
from callbox.wire.errors import (
    Forbidden,
    NotAcceptable,
    NotFound,
    ParameterInvalid,
    PayloadTooLarge,
    RateLimitExceeded,
    WireError,
)
from callbox.wire.faults import wire_error_of
from callbox.wire.idempotency import answer_once
from callbox.wire.operations import content_headers
from callbox.wire.rate_limits import WINDOW_SECONDS, RateLimiter, Window
from callbox.wire.urls import enter_request

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

MANAGE_PREFIX = "/manage/"
# Links to files carry a signature instead of a token.
SIGNED_PREFIX = "/files/"
# What is downloaded is no JSON: clients are told to ask for application/octet-stream.
DOWNLOAD_PREFIX = "/download/"
# So do these, for whoever got the link and for the provider who reports.
SIGNED_PAGE_PREFIXES = ("/switch/", "/text_messages/", "/unsubscribe/")
# These take a live token in their URL as well: browsers cannot send headers with such requests.
LIVE_PATH = "/live"
LIVE_PATHS = frozenset({LIVE_PATH, "/manage/v1/live/typing"})
PUBLIC_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/manage/openapi.json"})
# What proxies keep from others goes by one spelling, which their rules name, and by no other one.
INTERNAL_PATHS = frozenset({"/metrics", "/readyz"})
_JSON_TYPES = (b"*/*", b"application/*", b"json", b"application/vnd.intercom")

# What metrics call a request for something else.
_NO_OPERATION = "none"
# In seconds: a restart of the database takes about so long.
_TRY_AGAIN = (b"retry-after", b"2")
# Browsers that came by https ask for nothing without it, for a year.
_ENCRYPTED_FROM_NOW_ON = (b"strict-transport-security", b"max-age=31536000")

_log = structlog.get_logger("callbox.request")


class _Headers:
    """The request headers that the gate reads, found in one pass."""

    __slots__ = ("accept", "authorization", "content_length", "idempotency_key", "version")

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self.authorization = self.version = self.accept = self.content_length = b""
        self.idempotency_key = b""
        for name, value in pairs:
            if name == b"authorization":
                self.authorization = value
            elif name == b"intercom-version":
                self.version = value
            elif name == b"accept":
                self.accept = value
            elif name == b"content-length":
                self.content_length = value
            elif name == b"idempotency-key":
                self.idempotency_key = value


class Gate:
    """Wraps the routed application."""

    def __init__(self, application: Application, authenticator: Authenticator, limiter: RateLimiter) -> None:
        self._application = application
        self._authenticator = authenticator
        self._limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other protocols (lifespan) pass through."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        scope["path"] = path = _clean(scope["path"])
        state = scope.setdefault("state", {})
        exchange = _Exchange(scope, state, send)
        enter_request(scope)
        state["request_id"] = exchange.request_id
        if scope["method"] == "HEAD" and path != LIVE_PATH:
            # In a copy: by its own scope, the server knows that the body is to be left out. A stream's has no end.
            scope = {**scope, "method": "GET"}
        try:
            _check_spelling(scope, path)
            if _asks_for_no_access_token(scope, path):
                await self._application(scope, receive, exchange.send)
                return
            headers = _Headers(scope["headers"])
            state["caller"] = caller = await self._admit(headers, scope, exchange)
            if scope["method"] == "GET" or path.endswith("/search"):
                may_be_broken_off(state)
            if headers.idempotency_key and scope["method"] != "GET":
                await answer_once(self._application, caller, headers.idempotency_key, scope, receive, exchange.send)
            else:
                await self._application(scope, receive, exchange.send)
        except asyncio.CancelledError:
            if not is_abandoned(state):
                raise
        except Exception as error:  # noqa: BLE001  # whatever happens, the client gets an answer in the API's form
            await exchange.refuse(wire_error_of(error, exchange.request_id))

    async def _admit(self, headers: _Headers, scope: Scope, exchange: "_Exchange") -> Caller:
        client = scope.get("client")
        caller = await self._authenticator.caller(headers.authorization, client[0] if client else "127.0.0.1")
        exchange.version = versions.SERVED_VERSION
        exchange.window = window = self._limiter.count(caller.token_id)
        if window is not None and window.exceeded:
            raise RateLimitExceeded(f"Exceeded rate limit of {window.limit} in {WINDOW_SECONDS}_seconds")
        versions.check_version(headers.version)
        needed = "manage" if scope["path"].startswith(MANAGE_PREFIX) else "api"
        if needed not in caller.scopes:
            raise Forbidden(f"You do not have the required scope ({needed}) to access this resource")
        if headers.accept and not _is_acceptable(headers.accept, scope["path"]):
            raise NotAcceptable
        if scope["method"] == "OPTIONS":
            raise NotFound
        if headers.content_length.isdigit() and int(headers.content_length) > MAX_FILES_BYTES:
            raise PayloadTooLarge
        return caller


class _Exchange:
    """The answer on its way out: adds the headers, and measures."""

    __slots__ = (
        *("_is_encrypted", "_method", "_send", "_started", "_state", "_status"),
        *("request_id", "version", "window"),
    )

    def __init__(self, scope: Scope, state: dict[str, Any], send: Send) -> None:
        self._is_encrypted = scope["scheme"] == "https"
        self._method = scope["method"]
        self._state = state
        self._send = send
        self._started = perf_counter()
        self._status = 0
        self.request_id = secrets.token_hex(10)
        self.version: bytes | None = None
        self.window: Window | None = None

    async def send(self, message: Message) -> None:
        """Pass a message of the answer to the client."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message["headers"], *self._headers(message["headers"])]
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            operation = self._state.get("operation", _NO_OPERATION)
            observe_request(operation, self._method, self._status, perf_counter() - self._started)
        await self._send(message)

    async def refuse(self, error: WireError) -> None:
        """Answer an error, unless an answer has begun already."""
        if self._status:
            _log.error("answer_broken_off", request_id=self.request_id, code=error.code)
            return
        body = error.body(self.request_id)
        await self.send({"type": "http.response.start", "status": error.status, "headers": content_headers(body)})
        await self.send({"type": "http.response.body", "body": body})

    def _headers(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"x-request-id", self.request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        if not any(name == b"cache-control" for name, _ in given):
            kept = b"max-age=0, private, must-revalidate" if self._status < 400 else b"no-cache"
            headers.append((b"cache-control", kept))
        if self._status == 503:
            headers.append(_TRY_AGAIN)
        if self._is_encrypted:
            headers.append(_ENCRYPTED_FROM_NOW_ON)
        if self.version is not None:
            headers.append((b"intercom-version", self.version))
        if self.window is not None:
            headers += [
                (b"x-ratelimit-limit", b"%d" % self.window.limit),
                (b"x-ratelimit-remaining", b"%d" % self.window.remaining),
                (b"x-ratelimit-reset", b"%d" % self.window.reset),
            ]
        return headers


def _check_spelling(scope: Scope, path: str) -> None:
    """PostgreSQL takes no NUL, and no URL needs one. Raises ParameterInvalid and NotFound."""
    if b"%00" in scope["query_string"] or "\x00" in path:
        raise ParameterInvalid("The URL must not contain the NUL character")
    if path in INTERNAL_PATHS and scope["raw_path"] != path.encode():
        raise NotFound


def _asks_for_no_access_token(scope: Scope, path: str) -> bool:
    if path in LIVE_PATHS and b"token=" in scope["query_string"]:
        return True
    if path.startswith(SIGNED_PAGE_PREFIXES) and scope["method"] in {"GET", "POST"}:
        return True
    return (path in PUBLIC_PATHS or path.startswith(SIGNED_PREFIX)) and bool(scope["method"] == "GET")


def _is_acceptable(accept: bytes, path: str) -> bool:
    if path.startswith(DOWNLOAD_PREFIX) or (path == LIVE_PATH and b"text/event-stream" in accept):
        return True
    asked = accept.lower()
    return any(kind in asked for kind in _JSON_TYPES)


def _clean(path: str) -> str:
    """One slash between segments and none at the end: some clients send others."""
    while "//" in path:
        path = path.replace("//", "/")
    return path[:-1] if len(path) > 1 and path.endswith("/") else path
