"""HTTP over one plain connection: quick, and exact about what happened to a request that got no answer."""

import asyncio
import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any

Json = dict[str, Any]


class NoAnswer(Exception):
    """The connection ended, or could not be made, before the answer was complete."""


@dataclass
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Connection:
    """A keep-alive connection that is opened anew when the server closed it."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    async def connect(self) -> None:
        """Open the connection where there is none. Raises OSError where nobody listens."""
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def request(self, method: str, path: str, body: object = None) -> Answer:
        """Send a request and read its answer. Raises NoAnswer."""
        try:
            await self.connect()
            assert self._reader is not None
            assert self._writer is not None
            self._writer.write(self._message(method, path, body))
            answer = await self._answer(self._reader)
        except (OSError, EOFError) as error:
            self._close()
            raise NoAnswer(f"{method} {path}: {error!r}") from error
        if answer.headers.get("connection") == "close":
            self._close()
        return answer

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """A request that must succeed if it is answered; the answer's JSON. Raises NoAnswer."""
        answer = await self.request(method, path, body)
        assert answer.status < 300, answer.body
        return answer.json() if answer.body else None

    def _message(self, method: str, path: str, body: object) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        return Answer(
            int(head[0].split()[1]), headers, await reader.readexactly(int(headers.get("content-length", "0")))
        )

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
