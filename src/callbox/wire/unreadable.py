"""Requests that cannot be read as HTTP, never end, or could be read in two ways, reach no application.

They are refused here, in the API's form like all others: clients read every answer as JSON.
"""

import asyncio
import secrets
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callbox.wire.errors import JSON_MEDIA_TYPE, ClientError

HEAD_SECONDS = 30.0
# Between two pieces of a body, however long all of it takes.
BODY_SECONDS = 60.0
MAX_HEAD_BYTES = 256 * 1024
# A proxy might read the other one of two.
_ONCE = frozenset({b"host", b"authorization", b"content-type"})


class RequestUnreadable(ClientError):
    """The bytes are no request."""

    message = "The request is not valid HTTP, or its URL is too long"


class RequestTooSlow(ClientError):
    """The head of the request did not come in time."""

    status = 408
    message = "The request did not come to an end"


class HeadersTooLarge(ClientError):
    """The head of the request is longer than anybody needs."""

    status = 431
    message = "The headers of the request are too long"


class ApiProtocol(HttpToolsProtocol):
    """The server's HTTP protocol, with refusals of its own in the API's form, and an end to its patience."""

    _patience: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True
    _in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Whoever connects has to say something."""
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. Requests that come whole, as nearly all do, set no timer."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(HeadersTooLarge())
            elif self._patience is None:
                self._wait(HEAD_SECONDS)
        elif self._in_body:
            self._stop_waiting()
            self._wait(BODY_SECONDS)
        elif not self._is_answering() and self._patience is None:
            # Line ends between requests are no request.
            self._wait(HEAD_SECONDS)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """The head is there. What may not be said twice is refused as the parser refuses what it cannot read."""
        self._in_head = False
        self._stop_waiting()
        names = [name for name, _ in self.headers if name in _ONCE]
        if len(names) != len(set(names)):
            raise httptools.HttpParserError("a header that names one thing came twice")
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body = False
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer and close: where the next request would begin is unknown."""
        self._refuse(RequestUnreadable())

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self, seconds: float) -> None:
        self._patience = self.loop.call_later(seconds, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        if self.flow.read_paused:
            # It is us who take no more.
            self._wait(HEAD_SECONDS)
        elif self._in_head and self._head_bytes:
            self._refuse(RequestTooSlow())
        else:
            self.transport.close()

    def _refuse(self, error: ClientError) -> None:
        self._stop_waiting()
        if self._is_answering() and (self.cycle.response_started or not self._in_body):
            # Whoever waits for the answer to an earlier request would take this one for it.
            self.transport.close()
            return
        request_id = secrets.token_hex(10)
        body = error.body(request_id)
        head = (
            f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
            f"content-type: {JSON_MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
            "x-content-type-options: nosniff\r\ncache-control: no-cache\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
