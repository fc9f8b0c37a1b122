"""A receiver of webhooks: a real HTTP server on loopback that takes notifications, or is in trouble as it is told."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass
class Taken:
    """One request that arrived."""

    method: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def notification(self) -> Json:
        """The envelope."""
        read: Json = json.loads(self.body)
        return read

    def is_signed_with(self, secret: str) -> bool:
        """Whether the signature is right, as receivers are told to check it."""
        expected = hmac.new(secret.encode(), self.body, hashlib.sha1).hexdigest()
        return self.headers["x-hub-signature"] == f"sha1={expected}"


class Receiver:
    """What arrived, and how to answer: a status, or `drop`, `stall`, `trickle`, `flood`, `headers`,
    `garbage`."""

    def __init__(self, port: int = 0) -> None:
        self.answer: int | str = 200
        self.delay = 0.0
        self.taken: list[Taken] = []
        self.most_at_once = 0
        self.closing = threading.Event()
        self._sockets: list[socket.socket] = []
        self._at_once = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.receiver = self
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def connect(self, connected: socket.socket) -> None:
        """Somebody connected."""
        with self._lock:
            self._sockets.append(connected)

    @property
    def connections(self) -> int:
        """How often somebody connected."""
        return len(self._sockets)

    @contextmanager
    def taking(self, taken: Taken) -> Iterator[None]:
        """A request is there until it is answered."""
        with self._lock:
            self.taken.append(taken)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._at_once -= 1

    def posted(self) -> list[Taken]:
        """Every request with a notification, in the order of arrival."""
        with self._lock:
            return [each for each in self.taken if each.method == "POST"]

    def notifications(self, topic: str = "") -> list[Json]:
        """What was posted, of one topic or all but pings."""
        read = [each.notification for each in self.posted()]
        return [each for each in read if (each["topic"] == topic if topic else each["topic"] != "ping")]

    def close(self) -> None:
        """Stop listening, as a receiver that is down."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for connected in self._sockets:
            with suppress(OSError):  # most have ended
                connected.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    receiver: Receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that the other side ends."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.receiver.connect(self.connection)

    def do_HEAD(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        receiver = self.server.receiver
        announced = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(announced)
        if len(body) < announced:  # the sender was killed before it had sent all
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        with receiver.taking(Taken(self.command, headers, body, time.monotonic())):
            receiver.closing.wait(receiver.delay)
            if isinstance(receiver.answer, int):
                self._answer(receiver.answer)
            else:
                self.close_connection = True
                with suppress(OSError):  # who asked has gone
                    self._be_in_trouble(receiver.answer)

    def _answer(self, status: int) -> None:
        text = b"" if self.command == "HEAD" else b"Taken \x00 \xff"
        self.send_response(status)
        if status in {301, 302, 307, 308}:
            self.send_header("Location", f"{self.server.receiver.url}/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _be_in_trouble(self, trouble: str) -> None:
        closing = self.server.receiver.closing
        match trouble:
            case "drop":
                return
            case "stall":
                closing.wait(30)
            case "trickle":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while not closing.wait(0.5):
                    self.wfile.write(b".")
            case "flood":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
                while not closing.is_set():
                    self.wfile.write(b"flood" * 10_000)
            case "headers":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while not closing.is_set():
                    self.wfile.write(b"X: endless\r\n" * 1_000)
            case "garbage":
                self.wfile.write(b"\x00\xff\xfe no HTTP\r\n\r\n")

    def log_message(self, *arguments: object) -> None:
        """Tests print what they need."""


@contextmanager
def listening() -> Iterator[Receiver]:
    """A receiver for the length of a block."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


@cache
def accepting_url() -> str:
    """A receiver that takes everything, for as long as the tests run."""
    return Receiver().url
