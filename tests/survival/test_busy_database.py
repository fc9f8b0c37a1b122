"""A database without a free connection, and one whose statements wait: who asks waits or is told, and all goes on."""

import secrets
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest

from callbox.platform.database.pool import POOL_SIZE
from tests.conftest import new_database
from tests.contract.world import World
from tests.survival.harness import Installation
from tests.survival.session import Session
from tests.waiting import wait_for

# Of the server's user: enough for a worker and a few more.
MOST_CONNECTIONS = 20
CLIENTS = 20


@dataclass
class Database:
    """A database whose user may have few connections, and whose owner may have more."""

    url: str
    role: str
    owner: Session

    def end_others(self, kept: list[Session]) -> None:
        """End all connections of the user but these."""
        pids = [session.fetch("SELECT pg_backend_pid()")[0][0] for session in kept]
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1 AND pid <> ALL ($2::int[])"
        self.owner.fetch(ended, self.role, pids)

    @contextmanager
    def full(self, *, without_server: bool = False) -> Iterator[None]:
        """Somebody else has all connections that are free, or all there are."""
        taken: list[Session] = []
        try:
            with suppress(asyncpg.TooManyConnectionsError):
                while not without_server:
                    taken.append(Session(self.url))
            while without_server and len(taken) < MOST_CONNECTIONS:
                self.end_others(taken)
                with suppress(asyncpg.TooManyConnectionsError):
                    taken.append(Session(self.url))
            yield
        finally:
            for session in taken:
                session.close()


@pytest.fixture(scope="module")
def database(postgres_url: str, migrated_database: str) -> Iterator[Database]:
    """One for this module."""
    with new_database(postgres_url, migrated_database) as owners_url:
        owner = Session(owners_url)
        role, password = f"busy_{secrets.token_hex(6)}", secrets.token_hex(6)
        owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}' CONNECTION LIMIT {MOST_CONNECTIONS}")
        owner.execute(f"DO $$ BEGIN EXECUTE format('GRANT %I TO {role}', current_user); END $$")
        parts = urlsplit(owners_url)
        url = urlunsplit(parts._replace(netloc=f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"))
        yield Database(url, role, owner)
        owner.close()
    owner = Session(postgres_url)
    owner.execute(f"DROP ROLE {role}")
    owner.close()


@pytest.fixture(scope="module")
def installation(database: Database, short_directory: Path) -> Iterator[Installation]:
    """A server on it, with a worker."""
    made = Installation(short_directory / "busy" / "data", database_url=database.url)
    try:
        with database.full():
            refused, _ = made.run("serve", "--port", "0")
            assert (refused, "Cannot connect to the database: too many connections" in made.log()) == (1, True)
        yield made.serve()
        assert made.stop() == 0
    finally:
        made.clean_up()
        print(made.log())


def at_once(ask: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    """What all clients are answered."""
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(ask, range(CLIENTS)))


def check_worker(world: World) -> None:
    """It does what there is to do."""
    made = world.segment_of(world.user())

    def is_computed() -> bool:
        segments = world.call("GET", "/manage/v1/segments")["data"]
        return any(each["id"] == made["id"] and each["computed_at"] for each in segments)

    wait_for(is_computed)


def test_who_finds_no_free_connection_waits_for_one_of_those_that_the_server_has(
    installation: Installation, database: Database
) -> None:
    with installation.client() as api:
        world = World(api)
        world.call("GET", "/me")

        def ask(number: int) -> httpx.Response:
            return world.api.post("/contacts", json={"role": "user", "external_id": f"shared {number}"})

        with database.full():
            assert {answer.status_code for answer in at_once(ask)} == {200}
            assert api.get("/readyz").status_code == 200
            check_worker(world)
        assert world.call("GET", "/contacts")["total_count"] == CLIENTS + 1


def test_without_any_connection_all_are_told_in_the_end_and_it_goes_on_when_there_are_some(
    installation: Installation, database: Database
) -> None:
    with installation.client() as api:
        with database.full(without_server=True):
            asked = ["/contacts", "/me", "/readyz", "/metrics"] * (CLIENTS // 4)
            answers = at_once(lambda number: api.get(asked[number]))
            told = dict(zip(asked, answers, strict=True))
            code, findings = installation.run("doctor")
        assert {path: answer.status_code for path, answer in told.items()} == {
            "/contacts": 503,
            "/me": 503,
            "/readyz": 503,
            "/metrics": 200,
        }
        assert told["/contacts"].json()["errors"][0]["code"] == "service_unavailable"
        assert int(told["/contacts"].headers["retry-after"]) > 0
        assert told["/readyz"].json() == {"status": "unavailable", "reason": "DatabaseUnavailable"}
        assert (code, "too many connections" in findings) == (1, True)
        wait_for(lambda: api.get("/readyz").status_code == 200)
        check_worker(World(api))


def test_readers_who_give_up_leave_their_connections_to_others_and_writes_are_carried_out(
    installation: Installation, database: Database
) -> None:
    database.owner.execute(f"ALTER ROLE {database.role} CONNECTION LIMIT 100")
    logged = len(installation.log())
    with installation.client() as api:
        database.owner.execute("BEGIN; LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")
        readers = [asking(installation, "GET", "/contacts") for _ in range(CLIENTS)]
        wait_for(lambda: len(database.owner.waiting()) >= POOL_SIZE)
        for reader in readers:
            reader.close()
        wait_for(lambda: database.owner.waiting() == [])
        assert api.get("/me").status_code == 200

        writer = asking(installation, "POST", "/contacts", b'{"role": "user", "external_id": "given up"}')
        wait_for(lambda: len(database.owner.waiting()) == 1)
        writer.close()
        assert api.get("/me").status_code == 200
        assert len(database.owner.waiting()) == 1
        database.owner.execute("COMMIT")
        query = {"field": "external_id", "operator": "=", "value": "given up"}
        found = World(api).post
        wait_for(lambda: found("/contacts/search", {"query": query})["total_count"] == 1)
    # Nor did the statements just take too long.
    assert "TimeoutError" not in installation.log()[logged:]


def asking(installation: Installation, method: str, path: str, body: bytes = b"") -> socket.socket:
    """A client that has asked and waits for the answer."""
    client = socket.create_connection(("127.0.0.1", installation.port))
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {installation.token}\r\n"
    kind = "Content-Type: application/json\r\n"
    client.sendall(f"{head}{kind}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return client
