"""How a server ends, and what it does about processes that end without being told to."""

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import asyncpg
import pytest

from callbox.platform.database.embedded import EmbeddedPostgres
from tests.contract.world import World
from tests.survival.harness import Installation, children_of
from tests.survival.wire_client import Connection, NoAnswer
from tests.waiting import wait_for

CLIENTS = 16
UNDER_LOAD_SECONDS = 1.5

_PR_CAPBSET_DROP = 24
_CAP_NET_ADMIN = 12


@dataclass
class Writers:
    """What writing clients asked for and were answered until nobody listened any more."""

    answered: set[str] = field(default_factory=set)
    without_answer: list[str] = field(default_factory=list)

    async def write(self, installation: Installation, name: str) -> None:
        """Create contacts, one after the other on one connection."""
        async with Connection(installation.port, installation.token) as connection:
            for number in range(1_000_000):
                external_id = f"{name}-{number}"
                try:
                    await connection.connect()
                except OSError:
                    return
                try:
                    answer = await connection.request("POST", "/contacts", {"external_id": external_id})
                except NoAnswer as cut:
                    self.without_answer.append(str(cut))
                    continue
                assert answer.status == 200, answer.body
                self.answered.add(external_id)


def _without_network_rights() -> None:
    """As under a user who is not root: some kernels let such processes do less with their sockets."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert os.geteuid() != 0 or prctl(_PR_CAPBSET_DROP, _CAP_NET_ADMIN, 0, 0, 0) == 0, os.strerror(ctypes.get_errno())


@pytest.mark.parametrize(
    ("number", "workers", "rights"),
    [
        (signal.SIGTERM, 1, None),
        (signal.SIGTERM, 2, _without_network_rights),
        (signal.SIGINT, 2, None),
    ],
    ids=["one process", "two, not root", "two, interrupted"],
)
def test_a_server_that_is_told_to_end_answers_what_it_was_asked(
    installation: Installation, number: signal.Signals, workers: int, rights: Callable[[], None] | None
) -> None:
    installation.serve("--workers", str(workers), preexec_fn=rights)
    writers = Writers()

    async def write_until_the_end() -> None:
        writing = [
            asyncio.create_task(writers.write(installation, f"{number}-{workers}-{client}"))
            for client in range(CLIENTS)
        ]
        await asyncio.sleep(UNDER_LOAD_SECONDS)
        assert await asyncio.to_thread(installation.stop, number) == 0
        await asyncio.gather(*writing)

    asyncio.run(write_until_the_end())
    assert installation.processes() == {}
    assert writers.answered
    assert writers.without_answer == []
    with installation.database():
        kept = {row["external_id"] for row in installation.sql("SELECT external_id FROM contacts")}
        picked = installation.sql("SELECT entrypoint FROM pgqueuer WHERE status = 'picked'")
    assert writers.answered <= kept
    assert picked == [], "the worker has left work that it neither finished nor gave back"
    assert "terminating connection" not in installation.database_log(), "PostgreSQL was stopped before its clients"


def test_a_request_that_takes_long_is_answered_before_the_server_ends(installation: Installation) -> None:
    installation.serve()
    with installation.client() as api:
        user = World(api).user()

    async def update_while_ending() -> None:
        other = await asyncpg.connect(EmbeddedPostgres(installation.data).dsn)
        held = other.transaction()
        await held.start()
        await other.execute("SELECT 1 FROM contacts WHERE id = $1 FOR UPDATE", user["id"])
        async with Connection(installation.port, installation.token) as connection:
            updating = asyncio.create_task(connection.request("PUT", f"/contacts/{user['id']}", {"name": "Ada"}))
            await asyncio.sleep(0.5)
            ending = asyncio.create_task(asyncio.to_thread(installation.stop))
            await asyncio.sleep(1.5)
            assert not updating.done()
            await held.rollback()
            answer = await updating
        await other.close()
        assert (answer.status, answer.json()["name"]) == (200, "Ada")
        assert answer.headers["connection"] == "close"
        assert await ending == 0

    asyncio.run(update_while_ending())


def test_a_server_that_is_told_to_end_while_it_starts_leaves_nothing_behind(
    install: Callable[..., Installation],
) -> None:
    installation = install()
    postmaster = installation.data / "postgres/postmaster.pid"
    for begun in (lambda: "Creating the database" in installation.log(), postmaster.exists):
        installation.server = installation.begin("serve", "--port", str(installation.port))
        wait_for(begun)
        assert installation.stop() == 0
        assert installation.processes() == {}
    installation.serve()
    assert installation.stop() == 0


def test_processes_that_are_killed_are_started_again(installation: Installation) -> None:
    installation.serve()
    with installation.client() as api:
        world = World(api)
        for kind in ("http", "worker"):
            killed = installation.child(kind)
            os.kill(killed, signal.SIGKILL)
            wait_for(partial(is_another, installation, kind, killed))
            # The parent keeps listening: a connection waits for the new process, and is not refused.
            segment = world.segment_of(world.user())
            world.wait_for_members(segment["id"])
    assert installation.stop() == 0


def is_another(installation: Installation, kind: str, killed: int) -> bool:
    return installation.child(kind) != killed


def test_a_process_that_keeps_ending_at_once_ends_the_server_with_a_sentence(installation: Installation) -> None:
    installation.serve()
    server = installation.server
    assert server is not None
    while server.poll() is None:
        for child, command in children_of(server.pid).items():
            if "worker" in command:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        time.sleep(0.1)
    assert installation.wait_for_end() == 1
    assert "The worker process keeps ending right after its start" in " ".join(installation.log().split())
