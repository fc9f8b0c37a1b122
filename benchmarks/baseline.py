"""The bare baseline: one ASGI function on the same server program, doing each operation's own SQL and encoding.

It decodes the body, runs the statements that the durable result needs, fills the same structs and encodes
them. It knows no routing, authentication, limits, headers, validation, metrics or errors.

    python -m benchmarks.baseline DATABASE_URL WORKSPACE_ID PORT
"""

import gc
import socket
import sys
from typing import Any

import uvicorn

from benchmarks.bare import Database
from benchmarks.inbox.baseline import Inbox
from benchmarks.people.baseline import People
from callbox.serving import http_config


class Baseline:
    """The answers, by the first segment of the path."""

    def __init__(self, dsn: str, workspace_id: str) -> None:
        self._database = Database(dsn, workspace_id)
        self._answers = {**People(self._database).answers, **Inbox(self._database).answers}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request, or the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        if scope["method"] != "GET":
            while True:
                message = await receive()
                body += message["body"]
                if not message["more_body"]:
                    break
        _, name, argument = scope["path"].split("/", 2)
        answer = await self._answers[name](argument, body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        await self._database.open()
        gc.collect()
        gc.freeze()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._database.close()
        await send({"type": "lifespan.shutdown.complete"})


def main() -> None:
    """Serve on a port of the loopback interface until terminated."""
    dsn, workspace_id, port = sys.argv[1:]
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", int(port)))
    uvicorn.Server(http_config(Baseline(dsn, workspace_id))).run(sockets=[listening])


if __name__ == "__main__":
    main()
