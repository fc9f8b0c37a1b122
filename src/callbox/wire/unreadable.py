"""Requests that cannot be read as HTTP, could be read in two ways, or never arrive whole, reach no application.

They are refused here, in the API's form like all others: clients read every answer as JSON. A connection on which
nothing moves costs a file and some memory, so that none may stay for as long as the other side likes.
"""

import asyncio
import secrets
from http import HTTPStatus
from typing import Literal

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callbox.wire.abandoned import abandon
from callbox.wire.errors import JSON_MEDIA_TYPE, ClientError, WireError

# From the connection, or from a request's first byte, to the end of its headers.
HEAD_SECONDS = 30.0
MAX_HEAD_BYTES = 256 * 1024
# How much of a body must come in how long: about what a bad telephone line carries.
BODY_SECONDS = 60.0
LEAST_BODY_BYTES = 64 * 1024
# A proxy might read the other one of two.
_ONCE = frozenset({b"host", b"authorization", b"content-type"})
_OFFER = frozenset({b"upgrade", b"http2-settings"})


class RequestUnreadable(ClientError):
    """The bytes are no request."""

    message = "The request is not valid HTTP; its URL may be too long, or hold characters that must be percent-encoded"


class HeadersTooLarge(ClientError):
    """The headers go on and on."""

    status = 431
    message = "The headers are too large"


class RequestTimeout(ClientError):
    """The request comes too slowly."""

    status = 408
    message = "The request did not arrive in time"


class ApiProtocol(HttpToolsProtocol):
    """The server's HTTP protocol, with refusals in the API's form, and limits to how slow a client may be."""

    _arriving: Literal["head", "body"] | None = "head"
    _watched: Literal["head", "body"] | None = None
    _received = 0
    # The head of a request that offers to go on in another protocol, without the offer.
    _head = b""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base class
        """Wait for the first request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is nothing to wait for, and nobody who waits for an answer."""
        super().connection_lost(exc)
        if self.cycle is not None and not self.cycle.response_started:
            abandon(self.cycle.scope["state"])
        self._arriving = None
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take in a piece of a request, of several, or of none."""
        if self._arriving is None and self.cycle.response_complete:
            self._arriving = "head"
        self._received += len(data)
        self._read(data)
        if self._arriving is not None or self._watched is not None:
            self._watch()
            if self._arriving == "head" and self._received > MAX_HEAD_BYTES:
                self._refuse(HeadersTooLarge())

    def _read(self, data: bytes) -> None:
        """Where a request offers another protocol, the library takes its body for that, and the offer is declined.

        Some clients offer HTTP/2 with the first request of each connection.
        """
        self._unset_keepalive_if_required()
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data, self._head = self._head + data[upgrade.args[0] :], b""
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            except httptools.HttpParserError:
                self._refuse(RequestUnreadable())
                return
            else:
                return

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._arriving = "head"

    def on_headers_complete(self) -> None:
        """Its headers are there. What may not be said twice is refused as the library refuses what it cannot read."""
        names = [name for name, _ in self.headers if name in _ONCE]
        if len(names) != len(set(names)):
            raise httptools.HttpParserError("a header that names one thing came twice")
        if self.parser.should_upgrade():
            self._head = self._head_without_offer()
            return
        super().on_headers_complete()
        self._arriving = "body"

    def _head_without_offer(self) -> bytes:
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            raise httptools.HttpParserError("this is no tunnel")
        kept = [(name, value) for name, value in self.headers if name not in _OFFER]
        lines = [b"%s %s HTTP/%s" % (method, self.url, version), *(b"%s: %s" % pair for pair in kept)]
        return b"\r\n".join([*lines, b"", b""])

    def on_message_complete(self) -> None:
        """All of it is there."""
        if self._head:
            return
        super().on_message_complete()
        self._arriving = None

    def _watch(self) -> None:
        """Have a timer for what arrives; what takes a moment needs none."""
        if self._watched == self._arriving:
            return
        self._watched, self._received = self._arriving, 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._arriving == "head":
            self._timer = self.loop.call_later(HEAD_SECONDS, self._give_head_up)
        elif self._arriving == "body":
            self._timer = self.loop.call_later(BODY_SECONDS, self._check_body)

    def _give_head_up(self) -> None:
        """Who said nothing at all is told nothing, lest it is taken for the answer to what comes just then."""
        if self._received:
            self._refuse(RequestTimeout())
        else:
            self.transport.close()

    def _check_body(self) -> None:
        """Go on where enough came, or where nobody here reads."""
        if self._received < LEAST_BODY_BYTES and not self.flow.read_paused:
            self._refuse(RequestTimeout())
            return
        self._received = 0
        self._timer = self.loop.call_later(BODY_SECONDS, self._check_body)

    def _refuse(self, error: WireError) -> None:
        """Answer and close: where the next request would begin is unknown.

        Whoever waits for the answer to an earlier request would take this one for it, and is told nothing.
        """
        if self.transport.is_closing():
            return
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if not is_answering or (self._arriving == "body" and not self.cycle.response_started):
            request_id = secrets.token_hex(10)
            body = error.body(request_id)
            head = (
                f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\ncontent-type: {JSON_MEDIA_TYPE}\r\n"
                f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nx-content-type-options: nosniff\r\n"
                "cache-control: no-cache\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()
