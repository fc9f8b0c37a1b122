"""PostgreSQL goes away and comes back while Callbox serves."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from callbox.platform.database.embedded import EmbeddedPostgres
from tests.contract.world import World
from tests.survival.harness import Installation, children_of
from tests.survival.wire_client import Answer, Connection
from tests.waiting import wait_for

CLIENTS = 8
LONGEST_ANSWER_SECONDS = 20


@dataclass
class Answers:
    """What clients were answered all the while."""

    statuses: set[int] = field(default_factory=set)
    alive: set[int] = field(default_factory=set)
    slowest: float = 0.0

    async def ask(self, connection: Connection, method: str, path: str, body: object = None) -> None:
        """A request that is answered as it should be, or refused as the API refuses."""
        started = time.monotonic()
        answer = await connection.request(method, path, body)
        self.slowest = max(self.slowest, time.monotonic() - started)
        self.statuses.add(answer.status)
        if answer.status != 200:
            assert_unavailable(answer)

    async def write(self, connection: Connection, name: str) -> None:
        """Create and read, one after the other, until cancelled."""
        for number in range(1_000_000):
            await self.ask(connection, "POST", "/contacts", {"external_id": f"{name}-{number}"})
            await self.ask(connection, "GET", "/contacts?per_page=5")

    async def look(self, connection: Connection) -> None:
        """Ask whether the process is alive."""
        while True:
            self.alive.add((await connection.request("GET", "/healthz")).status)
            await asyncio.sleep(0.05)


def assert_unavailable(answer: Answer) -> None:
    body = answer.json()
    assert answer.status == 503, body
    assert body["type"] == "error.list"
    assert body["request_id"] == answer.headers["x-request-id"]
    assert [error["code"] for error in body["errors"]] == ["service_unavailable"]


@asynccontextmanager
async def clients(installation: Installation) -> AsyncIterator[Answers]:
    """Several clients that ask without a pause; an answer they should not get ends the test."""
    answers = Answers()
    connections = [Connection(installation.port, installation.token) for _ in range(CLIENTS + 1)]
    name = f"{time.monotonic_ns()}"
    asking = [
        asyncio.create_task(answers.write(connection, f"{name}-{place}"))
        for place, connection in enumerate(connections[1:])
    ]
    asking.append(asyncio.create_task(answers.look(connections[0])))
    try:
        await asyncio.sleep(0.5)
        yield answers
        await asyncio.sleep(0.5)
        for client in asking:
            assert not client.done(), client.exception()
    finally:
        for client in asking:
            client.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        for connection in connections:
            await connection.__aexit__(None, None, None)
    assert answers.alive == {200}
    assert answers.slowest < LONGEST_ANSWER_SECONDS


def check_recovered(installation: Installation) -> None:
    """Nothing of the outage reaches later requests, and the worker works."""
    with installation.client() as api:
        wait_for(lambda: api.get("/readyz").status_code == 200)
        world = World(api)
        for _ in range(50):
            world.lead()
        segment = world.segment_of(world.user())
        world.wait_for_members(segment["id"])


def kill_a_connection(installation: Installation) -> None:
    """PostgreSQL then ends all connections, and recovers."""
    victim = next(child for child, command in children_of(installation.postmaster()).items() if "[local]" in command)
    os.kill(victim, signal.SIGKILL)


def kill_postgres(installation: Installation) -> None:
    os.kill(installation.postmaster(), signal.SIGKILL)


def end_postgres(installation: Installation) -> None:
    os.kill(installation.postmaster(), signal.SIGINT)


def test_the_embedded_database_is_started_again_and_requests_fail_cleanly_meanwhile(installation: Installation) -> None:
    installation.serve()

    async def strike(end: Callable[[Installation], None]) -> Answers:
        async with clients(installation) as answers:
            end(installation)
            await asyncio.sleep(1)
            await asyncio.to_thread(check_recovered, installation)
        return answers

    for end in (kill_a_connection, kill_postgres, end_postgres):
        answers = asyncio.run(strike(end))
        assert answers.statuses == {200, 503}, end
    assert installation.stop() == 0


@pytest.fixture
def postgres(install: Callable[..., Installation]) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that belongs to nobody's server."""
    postgres = EmbeddedPostgres(install().data)
    postgres.start(lambda _: None)
    yield postgres
    postgres.stop()


def test_a_database_of_ones_own_may_go_away_and_come_back(
    postgres: EmbeddedPostgres, install: Callable[..., Installation]
) -> None:
    installation = install(database_url=postgres.dsn).serve()

    async def take_away() -> Answers:
        async with clients(installation) as answers:
            await asyncio.to_thread(postgres.stop)
            await asyncio.to_thread(look_at_outage)
            await asyncio.to_thread(postgres.start, lambda _: None)
            await asyncio.to_thread(check_recovered, installation)
        return answers

    def look_at_outage() -> None:
        with installation.client() as api:
            assert api.get("/readyz").status_code == 503
            assert api.get("/me").status_code == 503

    assert asyncio.run(take_away()).statuses == {200, 503}

    # A process that starts while the database is away stays, and serves when it is back.
    postgres.stop()
    killed = installation.child("http")
    os.kill(killed, signal.SIGKILL)
    with installation.client() as api:
        assert api.get("/healthz").status_code == 200
        assert api.get("/contacts").status_code == 503
        postgres.start(lambda _: None)
        check_recovered(installation)
    assert installation.stop() == 0


def test_without_its_database_a_server_does_not_start_and_says_why(install: Callable[..., Installation]) -> None:
    installation = install(database_url="postgresql://somebody@127.0.0.1:9/callbox")
    code, _ = installation.run("serve", "--port", "0")
    assert code == 1
    assert "Cannot connect to the database" in installation.log()
    assert "Traceback" not in installation.log()
