"""A load generator on plain sockets, light enough to leave the processor to what is measured.

Each connection sends its next request when the last answer is complete. Loops are bounded in count and
time and only ever address the loopback interface.
"""

import asyncio
import sys
from time import perf_counter, process_time
from typing import cast

import msgspec
import uvloop


class Result(msgspec.Struct):
    """What one measurement saw. Times are in seconds; `busy` is the part of the time that the client computed."""

    requests: int
    seconds: float
    p50: float
    p99: float
    busy: float
    errors: int
    first_error: str = ""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class Job(msgspec.Struct):
    """Requests for one measurement; each is sent once at most and they are taken round and round if reusable.

    Every client sends some before it starts: so each of the server's connections has met the statements.
    """

    port: int
    concurrency: int
    seconds: float
    requests: list[bytes]
    reusable: bool
    warm_up: int = 40


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._buffer = b""
        self._expected = -1
        self._answered: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its type

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if self._expected < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._buffer[:end].lower()
            start = head.index(b"content-length:") + 15
            stop = head.find(b"\r", start)
            self._expected = end + 4 + int(head[start : stop if stop > 0 else len(head)])
        if len(self._buffer) >= self._expected:
            answer, self._buffer, self._expected = self._buffer, b"", -1
            assert self._answered is not None
            self._answered.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError("closed"))

    async def ask(self, request: bytes) -> bytes:
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def _measure(job: Job) -> Result:
    loop = asyncio.get_running_loop()
    position = 0
    latencies: list[float] = []
    errors = 0
    first_error = ""

    def next_request() -> bytes | None:
        nonlocal position
        if not job.reusable and position >= len(job.requests):
            return None
        request = job.requests[position % len(job.requests)]
        position += 1
        return request

    async def client(until: float, limit: int | None = None) -> None:
        nonlocal errors, first_error
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", job.port)
        sent = 0
        while perf_counter() < until and sent != limit and (request := next_request()) is not None:
            sent += 1
            started = perf_counter()
            answer = await connection.ask(request)
            latencies.append(perf_counter() - started)
            if not answer.startswith(b"HTTP/1.1 20"):
                errors += 1
                first_error = first_error or answer[:400].decode("latin-1")
        connection.close()

    await asyncio.gather(*(client(perf_counter() + 60, job.warm_up) for _ in range(job.concurrency)))
    latencies.clear()
    started, computed = perf_counter(), process_time()
    await asyncio.gather(*(client(started + job.seconds) for _ in range(job.concurrency)))
    seconds, computed = perf_counter() - started, process_time() - computed
    latencies.sort()
    return Result(
        requests=len(latencies),
        seconds=seconds,
        p50=latencies[len(latencies) // 2],
        p99=latencies[min(int(len(latencies) * 0.99), len(latencies) - 1)],
        busy=computed / seconds,
        errors=errors,
        first_error=first_error,
    )


def http_request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n"
    if body or method == "POST":
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


if __name__ == "__main__":
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(_measure(asked))))
