"""`python -m benchmarks.webhooks`: what webhooks cost a reply, and how many notifications one worker delivers a second.

A server with its worker runs on an embedded PostgreSQL, fsync on, beside a light receiver on loopback. The cost of
a reply is measured in turns without webhooks and with three of them, so that a busy moment of the machine meets both.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple, cast

import asyncpg
import httpx
import msgspec
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.load import Job, Result, http_request, run_job
from benchmarks.servers import (
    first_token,
    free_port,
    http_process,
    processor_seconds,
    running,
    scratch_directory,
    wait_until_connectable,
)
from callbox.platform.database.embedded import EmbeddedPostgres

WEBHOOKS = 3
COST_GOAL = 1.25
RATE_GOAL = 500
_CONVERSATIONS = 150
_MOST_REPLIES_A_SECOND = 3000
_TOPIC = "conversation.admin.replied"

_console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)


class Measurement(NamedTuple):
    """What the client of a run of replies saw, and the processor seconds that the server took for one."""

    seen: Result
    cost: float


class _ReceiverProtocol(asyncio.Protocol):
    """Answers every request with 200; a GET with how many notifications came until now."""

    taken = 0

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            place = head.find(b"content-length:")
            size = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if len(self._buffer) < end + 4 + size:
                return
            self._buffer = self._buffer[end + 4 + size :]
            _ReceiverProtocol.taken += head.startswith(b"post")
            answer = b"%d" % _ReceiverProtocol.taken if head.startswith(b"get") else b""
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))


async def receive(port: int) -> None:
    """Listen until the process is ended."""
    server = await asyncio.get_running_loop().create_server(_ReceiverProtocol, "127.0.0.1", port)
    await server.serve_forever()


class Scene:
    """A server with conversations, and a receiver."""

    def __init__(self, api: httpx.Client, dsn: str, port: int, process: int, token: str, receiver: int) -> None:
        self.api = api
        self._dsn = dsn
        self._port, self._process, self._token = port, process, token
        self._url = f"http://127.0.0.1:{receiver}/"
        self._admin_id = self._call("GET", "/me")["id"]
        self._contact = self._call("POST", "/contacts", {"role": "lead", "name": "Grace"})

    def _call(self, method: str, path: str, body: object = None) -> dict[str, object]:
        answer = self.api.request(method, path, json=body)
        answer.raise_for_status()
        called: dict[str, object] = answer.json()
        return called

    def _conversation(self) -> object:
        message = {"from": {"type": "lead", "id": self._contact["id"]}, "body": "My invoice shows two seats"}
        return self._call("POST", "/conversations", message)["conversation_id"]

    @contextmanager
    def webhooks(self, number: int) -> Iterator[None]:
        """So many receivers of all topics, for the length of a block."""
        made = [self._call("POST", "/manage/v1/webhooks", {"url": self._url})["id"] for _ in range(number)]
        try:
            yield
        finally:
            for webhook_id in made:
                self._call("DELETE", f"/manage/v1/webhooks/{webhook_id}")

    def replies(self, concurrency: int, seconds: float) -> Measurement:
        """Let so many admins reply, one reply after the other each, in new conversations: long ones take longer."""
        conversations = [self._conversation() for _ in range(_CONVERSATIONS)]
        self.settle()
        body = {"message_type": "comment", "type": "admin", "admin_id": self._admin_id, "body": "I see, and look."}
        sent = msgspec.json.encode(body)
        requests = [
            http_request("POST", f"/conversations/{conversations[number % _CONVERSATIONS]}/reply", self._token, sent)
            for number in range(int(_MOST_REPLIES_A_SECOND * seconds))
        ]
        job = Job(self._port, concurrency, seconds, requests, reusable=False)
        before = processor_seconds(self._process)
        seen = run_job(job)
        if seen.errors:
            raise RuntimeError(f"{seen.errors} replies failed: {seen.first_error}")
        answered = seen.requests + concurrency * job.warm_up
        return Measurement(seen, (processor_seconds(self._process) - before) / answered)

    def settle(self) -> None:
        """Wait until everything that follows from changes has been done and sent."""
        waiting = "SELECT EXISTS (SELECT FROM outbox) OR EXISTS (SELECT FROM pgqueuer WHERE status <> 'failed')"
        sending = """
            SELECT EXISTS (
                SELECT
                FROM webhook_deliveries d
                JOIN webhooks h ON h.workspace_id = d.workspace_id AND h.id = d.webhook_id AND h.state = 'active'
                WHERE d.state = 'waiting'
            )
        """
        while self._ask(waiting) or self._ask(sending):
            time.sleep(0.1)

    def _ask(self, statement: str) -> object:
        async def run() -> object:
            connection = await asyncpg.connect(self._dsn)
            try:
                return await connection.fetchval(statement)
            finally:
                await connection.close()

        return asyncio.run(run())

    def taken(self) -> int:
        """How many notifications the receiver has got."""
        return int(httpx.get(self._url).text)

    def deliveries_a_second(self, number: int) -> float:
        """How fast one worker delivers notifications that wait for one receiver."""
        with self.webhooks(1):
            self.settle()
            [webhook] = self.api.get("/manage/v1/webhooks").json()["data"]
            self._call("PUT", f"/manage/v1/webhooks/{webhook['id']}", {"state": "paused"})
            while self._ask("SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting'") < number:  # type: ignore[operator]
                self.replies(4, 2.0)
                time.sleep(0.5)
            before, began = self.taken(), time.monotonic()
            self._call("PUT", f"/manage/v1/webhooks/{webhook['id']}", {"state": "active"})
            while self.taken() < before + number:
                time.sleep(0.02)
            rate = number / (time.monotonic() - began)
            self.settle()
            return rate


def costs(scene: Scene, seconds: float, rounds: int) -> tuple[list[Measurement], list[Measurement]]:
    """Replies without webhooks and with them, in turns."""
    without, with_them = [], []
    for _ in range(rounds):
        without.append(scene.replies(1, seconds))
        with scene.webhooks(WEBHOOKS):
            with_them.append(scene.replies(1, seconds))
            scene.settle()
    return without, with_them


def report(scene: Scene, seconds: float, rounds: int, notifications: int) -> None:
    """Measure, and print each goal with whether it was reached."""
    table = Table("goal", "limit", "measured", "reached")
    without, with_them = costs(scene, seconds, rounds)
    values: dict[str, Callable[[Measurement], float]] = {
        "p50": lambda each: each.seen.p50,
        "processor time": lambda each: each.cost,
    }
    for name, value in values.items():
        before, after = (median(map(value, side)) for side in (without, with_them))
        factor = median(value(b) / value(a) for a, b in zip(without, with_them, strict=True))
        shown = f"{factor:.2f} ({after * 1000:.2f} ms / {before * 1000:.2f} ms)"
        reached = "yes" if factor <= COST_GOAL else "[bold red]no[/]"
        table.add_row(f"{name} of a reply, {WEBHOOKS} webhooks / none", f"at most {COST_GOAL}", shown, reached)
    rate = median(scene.deliveries_a_second(notifications) for _ in range(rounds))
    reached = "yes" if rate >= RATE_GOAL else "[bold red]no[/]"
    table.add_row("notifications a second, one worker, one receiver", f"at least {RATE_GOAL}", f"{rate:,.0f}", reached)
    _console.print(table)


def run(seconds: float, rounds: int, notifications: int, directory: Path) -> None:
    """Start the server and the receiver, measure, report."""
    port, receiver_port = free_port(), free_port()
    serve = ["callbox.cli", "serve", "--data", str(directory), "--port", str(port)]
    environment = {"CALLBOX_RATE_LIMIT": "0", "CALLBOX_ALLOW_PRIVATE_WEBHOOKS": "1"}
    receiver = ["benchmarks.webhooks", "--receive", str(receiver_port)]
    with running(receiver, {}), running(serve, environment) as server:
        token = first_token(server)
        wait_until_connectable(receiver_port)
        url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {token}"}
        dsn = EmbeddedPostgres(directory).dsn
        with httpx.Client(base_url=url, headers=headers, timeout=60) as api:
            scene = Scene(api, dsn, port, http_process(server.pid), token, receiver_port)
            report(scene, seconds, rounds, notifications)


def main() -> None:
    """Read the options; the data live in a directory that is removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.webhooks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run of replies")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--notifications", type=int, default=3000, help="that wait when their delivery is measured")
    parser.add_argument("--receive", type=int, default=0, metavar="PORT", help="be the receiver alone")
    options = parser.parse_args()
    if options.receive:
        uvloop.run(receive(options.receive))
        return
    with scratch_directory() as directory:
        run(options.seconds, options.rounds, options.notifications, directory)


if __name__ == "__main__":
    main()
