"""Clients that are slow, silent or gone: a connection on which nothing moves ends, if possible with an answer."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn

from callbox import serving
from callbox.wire import unreadable
from callbox.wire.unreadable import MAX_HEAD_BYTES

Json = dict[str, Any]


async def _application(scope: Json, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """Reads the whole body and answers its size, or as many bytes as the path says, piece by piece."""
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(int(scope["path"].strip("/") or 0)):
        await send({"type": "http.response.body", "body": b"." * 65_536, "more_body": True})
    await send({"type": "http.response.body", "body": b"%d" % size})


async def until(check: Callable[[], bool]) -> None:
    """Wait for what happens in this process."""
    for _ in range(600):
        if check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen within 30 seconds")


@asynccontextmanager
async def served() -> AsyncIterator[tuple[uvicorn.Server, int]]:
    """An HTTP process as ours are, around a small application; the server and its port."""
    with serving.listen("127.0.0.1", 0) as listening:
        config = serving.http_config(_application)
        config.lifespan = "off"
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # pytest has its own
        running = asyncio.create_task(server.serve([listening]))
        await until(lambda: server.started)
        try:
            yield server, listening.getsockname()[1]
        finally:
            server.should_exit = True
            await running


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes a minute takes a moment here."""
    monkeypatch.setattr(unreadable, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(unreadable, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(serving, "_SILENCE_SECONDS", 1)


async def _answer_to(port: int, beginning: bytes, trickle: bytes) -> bytes:
    """Send a beginning, and then one piece after the other until the server has closed; what it answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        with suppress(ConnectionError):
            writer.write(beginning)
            while trickle:
                await writer.drain()
                await asyncio.sleep(0.1)
                writer.write(trickle)

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        sending.cancel()
        writer.close()


POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n"


@pytest.mark.parametrize(
    ("beginning", "trickle", "status"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n", b"", 408, id="headers that stop"),
        pytest.param(b"GET / HTTP/1.1\r\nX: ", b"a", 408, id="headers byte by byte"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX: ", b"a", 408, id="the second request"),
        pytest.param(POST, b"", 408, id="a body that stops"),
        pytest.param(POST, b"a", 408, id="a body byte by byte"),
        pytest.param(b"GET / HTTP/1.1\r\nX: ".ljust(MAX_HEAD_BYTES + 1, b"a"), b"", 431, id="endless headers"),
    ],
)
async def test_a_request_that_does_not_arrive_is_refused(beginning: bytes, trickle: bytes, status: int) -> None:
    async with served() as (server, port):
        answer = await _answer_to(port, beginning, trickle)
        head, _, body = answer.rpartition(b"\r\n\r\n")
        last = head[head.rindex(b"HTTP/1.1") :]
        assert last.startswith(b"HTTP/1.1 %d " % status)
        told = json.loads(body)
        assert (told["type"], told["errors"][0]["code"]) == ("error.list", "client_error")
        assert f"x-request-id: {told['request_id']}".encode() in last
        assert not server.server_state.connections


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["at first", "any more"])
@pytest.mark.parametrize("line_end", [b"", b"\r\n"], ids=["silent", "empty lines"])
async def test_a_connection_on_which_nothing_is_asked_is_closed(
    said: bytes, line_end: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_KEEP_ALIVE_SECONDS", 1)
    async with served() as (server, port):
        await _answer_to(port, said, line_end)
        assert not server.server_state.connections


async def test_a_slow_body_arrives_as_long_as_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unreadable, "LEAST_BODY_BYTES", 1)
    monkeypatch.setattr(unreadable, "BODY_SECONDS", 1)
    request = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 200\r\n\r\n"
    async with served() as (_, port):
        answer = await _answer_to(port, request, b"a" * 10)
        assert b" 200 OK" in answer
        assert b"200\r\n0\r\n\r\n" in answer


async def test_a_client_that_never_reads_is_let_go() -> None:
    async with served() as (server, port):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET /1000 HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: bool(server.server_state.connections))
            await until(lambda: not server.server_state.connections)
            await until(lambda: not server.server_state.tasks)


def test_a_machine_that_vanished_is_noticed() -> None:
    with serving.listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()) as _:
        accepted, _ = listening.accept()
        with accepted:
            seen = [
                accepted.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
            ]
            assert (accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), seen) == (1, [30, 10, 3, 1000])
