"""Clients that never read, or vanished: their connections end by themselves, and with them what was being answered."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from callbox import serving

Json = dict[str, Any]


async def _application(scope: Json, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """Answers more than any connection holds."""
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(1000):
        await send({"type": "http.response.body", "body": b"." * 65_536, "more_body": True})


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
        running = asyncio.create_task(server.serve([listening]))
        await until(lambda: server.started)
        try:
            yield server, listening.getsockname()[1]
        finally:
            server.should_exit = True
            await running


@pytest.fixture(autouse=True)
def short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes a minute takes a moment here."""
    monkeypatch.setattr(serving, "_SILENCE_SECONDS", 1)


async def test_a_client_that_never_reads_is_let_go() -> None:
    async with served() as (server, port):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
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
