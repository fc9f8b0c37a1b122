"""Bytes that could be read in two ways, that never end, or that are too many, end the connection and nothing else."""

import asyncio
import gzip
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from callbox.serving import http_config
from callbox.wire import unreadable
from tests.conftest import TestWorkspace

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def _said(workspace: TestWorkspace, sent: bytes) -> bytes:
    """What the server answers to these bytes until it closes the connection."""
    url = workspace.api.base_url
    received = b""
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(sent)
        try:
            while piece := connection.recv(65_536):
                received += piece
        except ConnectionResetError:
            # Closing before all is read resets a connection; what was answered may have come before.
            return received
    return received


def _head(workspace: TestWorkspace, *lines: bytes) -> bytes:
    token = b"Authorization: Bearer " + workspace.token.encode()
    return b"\r\n".join([b"POST /contacts HTTP/1.1", b"Host: x", token, *lines, b"", b""])


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ([b"Content-Length: 6", b"Transfer-Encoding: chunked"], b"0\r\n\r\nG"),
        ([b"Transfer-Encoding: chunked", b"Content-Length: 6"], b"0\r\n\r\nG"),
        ([b"Content-Length: 2", b"Content-Length: 2"], b"{}"),
        ([b"Content-Length: 2, 2"], b"{}"),
        ([b"Content-Length: +2"], b"{}"),
        ([b"Content-Length : 2"], b"{}"),
        ([b"Content-Length: 99999999999999999999999"], b"{}"),
        ([b"Transfer-Encoding: xchunked"], b"0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked, identity"], b"0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"], b"0\r\n\r\n"),
        ([b"Transfer-Encoding: \x0bchunked", b"Content-Length: 2"], b"{}"),
        ([b"Transfer-Encoding:", b" chunked"], b"0\r\n\r\n"),
        ([b"X-Folded: a", b"  b", b"Content-Length: 2"], b"{}"),
        ([b"Transfer-Encoding: chunked"], b"-1\r\n{}\r\n0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"0x2\r\n{}\r\n0\r\n\r\n"),
        ([b"Transfer-Encoding: chunked"], b"2;\n{}\r\n0\r\n\r\n"),
        ([b"Host: y", b"Content-Length: 2"], b"{}"),
        ([b"Authorization: Bearer other", b"Content-Length: 2"], b"{}"),
        ([b"X: a\0b", b"Content-Length: 2"], b"{}"),
    ],
)
def test_a_request_that_a_proxy_might_read_otherwise_is_refused_and_nothing_behind_it_read(
    workspace: TestWorkspace, lines: list[bytes], body: bytes
) -> None:
    hidden = _head(workspace, b"Content-Length: 15") + b'{"role":"lead"}'
    answer = _said(workspace, _head(workspace, *lines) + body + hidden)
    assert _STATUS.findall(answer) == [b"400"]
    assert b'"client_error"' in answer
    assert workspace.api.get("/contacts").json()["total_count"] == 0


def test_a_head_without_end_is_refused(workspace: TestWorkspace) -> None:
    endless = b"GET /me HTTP/1.1\r\nX: " + b"x" * (4 * unreadable.MAX_HEAD_BYTES)
    assert _STATUS.findall(_said(workspace, endless)) in ([b"431"], [])


def test_a_body_is_never_decompressed(workspace: TestWorkspace) -> None:
    content = gzip.compress(json.dumps({"role": "lead"}).encode())
    answer = workspace.api.post("/contacts", content=content, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (400, "Invalid JSON in request body")


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the body that it got; /slow begins to answer and does not end."""
    if scope["type"] == "lifespan":
        while (event := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{event['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b""
    while (event := await receive())["type"] == "http.request":
        body += event["body"]
        if not event["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body, "more_body": scope["path"] == "/slow"})


@asynccontextmanager
async def _connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server of this process."""
    server = uvicorn.Server(http_config(_application))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server._serve([listening]))  # without its handlers of signals
        try:
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            try:
                yield reader, writer
            finally:
                writer.close()
                await writer.wait_closed()
        finally:
            server.should_exit = True
            await serving


_OFFERS = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
    b"Upgrade: websocket\r\nConnection: keep-alive, upgrade\r\nSec-WebSocket-Version: 13\r\n",
)


@pytest.mark.parametrize("offer", _OFFERS)
@pytest.mark.parametrize("pause", [0, 0.05])
@pytest.mark.parametrize(
    ("length", "body", "read"),
    [
        (b"Content-Length: 5", b"12345", 5),
        (b"Transfer-Encoding: chunked", b"3\r\n123\r\n0\r\n\r\n", 3),
        (b"X: y", b"", 0),
    ],
)
async def test_who_offers_another_protocol_is_answered_in_this_one(
    offer: bytes, pause: float, length: bytes, body: bytes, read: int
) -> None:
    """As Java's own client does with the first request of each connection: its body was lost."""
    async with _connected() as (reader, writer):
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + offer + length + b"\r\n\r\n")
            await asyncio.sleep(pause)
            writer.write(body + b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            heads = [await reader.readuntil(b"\r\n\r\n") for _ in range(2)]
            assert [head.split()[1] for head in heads] == [b"200", b"200"]
            assert [b"content-length: %d\r" % size in head for head, size in zip(heads, (read, 0), strict=True)] == [
                True,
                True,
            ]


async def test_a_tunnel_is_refused() -> None:
    async with _connected() as (reader, writer):
        writer.write(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert _STATUS.findall(await reader.read()) == [b"400"]


async def test_a_refusal_is_never_taken_for_the_answer_to_an_earlier_request() -> None:
    async with _connected() as (reader, writer):
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"no request\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert await reader.read() == b""
