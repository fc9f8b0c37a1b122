"""A load generator on plain sockets, light enough to leave the processor to what is measured.

Each connection sends its next request when the last answer is complete. Loops are bounded in count and
time and only ever address the loopback interface.
"""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from time import perf_counter, process_time
from typing import cast

import msgspec
import uvloop

WARM_UP = 40


class Result(msgspec.Struct, dict=True):
    """What one measurement saw. Times are in seconds; `busy` is the part of the time that the client computed.

    `times` are those of each kind of requests, in order of length.
    """

    seconds: float
    busy: float
    errors: int
    times: list[list[float]]
    first_error: str = ""

    @cached_property
    def all_times(self) -> list[float]:
        """Those of all kinds, in order of length."""
        return sorted(chain.from_iterable(self.times))

    @property
    def requests(self) -> int:
        """How many were answered."""
        return len(self.all_times)

    @property
    def p50(self) -> float:
        """The median time."""
        return percentile(self.all_times, 0.5)

    @property
    def p99(self) -> float:
        """The 99th percentile."""
        return percentile(self.all_times, 0.99)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def percentile(times: Sequence[float], share: float) -> float:
    """Of times in order of length, the one that this share of them does not exceed; 0 where there are none."""
    return times[min(int(len(times) * share), len(times) - 1)] if times else 0.0


class Job(msgspec.Struct):
    """Requests for one measurement; each is sent once at most and they are taken round and round if reusable.

    Every client sends some before it starts: so each of the server's connections has met the statements.
    Requests of several kinds are told apart by `kinds`, one for each request. With a `rate`, so many are sent a second,
    and one that is due while all clients still wait for answers is as late as that.
    """

    port: int
    concurrency: int
    seconds: float
    requests: list[bytes]
    reusable: bool
    kinds: list[int] = []
    rate: float = 0
    warm_up: int = WARM_UP


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


class _Run:
    """The clients of one measurement, who share the requests."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._taken = 0
        self._times: list[list[float]] = [[] for _ in range(max(job.kinds, default=0) + 1)]
        self._errors = 0
        self._first_error = ""

    async def measure(self) -> Result:
        job = self._job
        await asyncio.gather(*(self._client(perf_counter() + 60, 0, job.warm_up) for _ in range(job.concurrency)))
        for times in self._times:
            times.clear()
        self._began, self._warm_up, computed = perf_counter(), self._taken, process_time()
        await asyncio.gather(*(self._client(self._began + job.seconds, job.rate) for _ in range(job.concurrency)))
        seconds, computed = perf_counter() - self._began, process_time() - computed
        return Result(seconds, computed / seconds, self._errors, list(map(sorted, self._times)), self._first_error)

    async def _client(self, until: float, rate: float, limit: int | None = None) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", self._job.port)
        sent = 0
        while sent != limit and (number := self._next_number()) is not None:
            sent += 1
            started = await self._turn(number, rate)
            if started > until:
                break
            place = number % len(self._job.requests)
            answer = await connection.ask(self._job.requests[place])
            self._times[self._job.kinds[place] if self._job.kinds else 0].append(perf_counter() - started)
            if not answer.startswith(b"HTTP/1.1 20"):
                self._errors += 1
                self._first_error = self._first_error or answer[:400].decode("latin-1")
        connection.close()

    def _next_number(self) -> int | None:
        if not self._job.reusable and self._taken >= len(self._job.requests):
            return None
        self._taken += 1
        return self._taken - 1

    async def _turn(self, number: int, rate: float) -> float:
        """Wait until a request is due. Answers since when it waits: that our own timer is late is not the server's."""
        if not rate:
            return perf_counter()
        due = self._began + (number - self._warm_up) / rate
        if (early := due - perf_counter()) > 0:
            await asyncio.sleep(early)
            return perf_counter()
        return due


def http_request(method: str, path: str, token: str, body: bytes = b"", cookie: str = "") -> bytes:
    """One HTTP/1.1 request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n"
    if cookie:
        head += f"Cookie: {cookie}\r\n"
    if body or method == "POST":
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def run_job(job: Job) -> Result:
    """Run the load generator, a process of its own."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=msgspec.msgpack.encode(job), capture_output=True, check=False
    )
    if process.returncode:
        raise RuntimeError(process.stderr.decode())
    return msgspec.msgpack.decode(process.stdout, type=Result)


if __name__ == "__main__":
    asked = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(_Run(asked).measure())))
