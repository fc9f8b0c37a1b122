"""What every test stands on: a real PostgreSQL, a real server, and a fresh workspace for each test.

CALLBOX_TEST_DATABASE_URL names a server to use instead of the embedded one; databases are created in it.
"""

import asyncio
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from callbox.platform.database.migrate import migrate
from tests.cli.commands import Start, copying
from tests.contract.world import World
from tests.keeper import temporary
from tests.waiting import wait_for

T = TypeVar("T")


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """Clients share what they trust. To read the machine's certificates takes longer than most tests."""

    @cache
    def read(file: str | None, directory: str | None, **options: Any) -> ssl.SSLContext:
        return httpx.create_ssl_context(**options)

    def shared(**options: Any) -> ssl.SSLContext:
        return read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpx._transports.default.create_ssl_context", shared)
        yield


@dataclass
class TestWorkspace:
    """A workspace of one test's own."""

    __test__ = False

    id: str
    token: str
    api: httpx.Client


@dataclass
class RunningServer:
    """A `callbox serve` of the suite."""

    url: str
    process: subprocess.Popen[str]
    first_token: str
    database_url: str  # empty where it runs the embedded one
    printed: str


@pytest.fixture(scope="session")
def run_of_suite() -> Iterator[tuple[Path, str]]:
    """The directory of this run, and the URL of its PostgreSQL. Neither outlives it, even if it is killed."""
    directory = Path(tempfile.mkdtemp(prefix="callbox-tests-"))
    directory.chmod(0o755)
    temporary(directory).mkdir()
    temporary(directory).chmod(0o1777)
    command = [sys.executable, "-m", "tests.keeper", str(directory)]
    with (
        # In a session of its own, where no signal for the run reaches it.
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as keeper,
        pytest.MonkeyPatch.context() as patch,
    ):
        assert keeper.stdout is not None
        url = keeper.stdout.readline().strip()
        patch.setenv("TMPDIR", str(temporary(directory)))
        yield directory, url
    assert keeper.returncode == 0
    assert not directory.exists()


@pytest.fixture(scope="session")
def short_directory(run_of_suite: tuple[Path, str]) -> Path:
    """A directory that other system users may enter, unlike pytest's own: PostgreSQL does not run as root."""
    return run_of_suite[0]


@pytest.fixture(scope="session")
def postgres_url(run_of_suite: tuple[Path, str]) -> str:
    """The URL of a PostgreSQL server in which databases may be created."""
    return run_of_suite[1]


def _execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def _in_thread(work: Callable[[], T]) -> T:
    """Fixtures of async tests run inside a loop; this has its own."""
    results: list[T] = []
    import threading  # noqa: PLC0415

    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


@contextmanager
def new_database(postgres_url: str, template: str = "template1") -> Iterator[str]:
    """The URL of a database for the length of a block."""
    name = f"test_{secrets.token_hex(6)}"
    _in_thread(lambda: _execute(postgres_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    _in_thread(lambda: _execute(postgres_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@pytest.fixture
def empty_database_url(postgres_url: str) -> Iterator[str]:
    """A database of one test's own, without a schema."""
    with new_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_database(postgres_url: str) -> Iterator[str]:
    """The name of a database that others are copied from, which takes less time than to migrate each."""
    with new_database(postgres_url) as url:
        _in_thread(lambda: asyncio.run(migrate(url, lambda _: None)))
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture
def database_url(postgres_url: str, migrated_database: str) -> Iterator[str]:
    """A migrated database of one test's own."""
    with new_database(postgres_url, migrated_database) as url:
        yield url


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_server(data: Path, environment: dict[str, str], *arguments: str) -> RunningServer:
    """Start `callbox serve` and wait until it says that it is ready."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "callbox.cli", "serve", "--data", str(data), "--port", str(port), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CALLBOX_RATE_LIMIT": "0", "CALLBOX_ALLOW_PRIVATE_WEBHOOKS": "1", **environment},
    )
    assert process.stdout is not None
    token = printed = ""
    for line in process.stdout:
        printed += line
        if line.startswith("Access token:"):
            token = line.split()[2]
        if line.startswith(("  curl", "Access tokens were")):
            database_url = environment.get("CALLBOX_DATABASE_URL", "")
            return RunningServer(f"http://127.0.0.1:{port}", process, token, database_url, printed)
    raise AssertionError(f"the server ended with {process.wait()} before it was ready")


def stop_server(server: RunningServer) -> int:
    """End a server as its operator would; answers its exit status."""
    server.process.send_signal(signal.SIGTERM)
    try:
        return server.process.wait(60)
    finally:
        assert server.process.stdout is not None
        server.process.stdout.close()


@contextmanager
def serving(data: Path, environment: dict[str, str], *arguments: str) -> Iterator[RunningServer]:
    """A server for the length of a block, after which it must end in order."""
    running = start_server(data, environment, *arguments)
    try:
        yield running
    finally:
        assert stop_server(running) == 0


@pytest.fixture(scope="session")
def server(postgres_url: str, short_directory: Path) -> Iterator[RunningServer]:
    """The server that most tests share; its database starts empty."""
    with (
        new_database(postgres_url) as url,
        serving(short_directory / "server", {"CALLBOX_DATABASE_URL": url}) as running,
    ):
        yield running


@pytest.fixture(scope="session")
def start_command(short_directory: Path) -> Iterator[Start]:
    """Starts commands, faster than a new interpreter for each would."""
    with copying(short_directory) as start:
        yield start


@pytest.fixture(scope="session")
def server_url(server: RunningServer) -> str:
    """Where the shared server listens."""
    return server.url


def new_workspace(server: RunningServer) -> TestWorkspace:
    """A further workspace with a token that may do everything in it."""
    headers = {"Authorization": f"Bearer {server.first_token}"}
    answer = httpx.post(f"{server.url}/manage/v1/workspaces", json={"name": "Test workspace"}, headers=headers)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    api = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {made['access_token']}"}, timeout=30)
    return TestWorkspace(made["id"], made["access_token"], api)


@pytest.fixture
def workspace(server: RunningServer) -> Iterator[TestWorkspace]:
    """A workspace of this test's own."""
    made = new_workspace(server)
    with made.api:
        yield made


@pytest.fixture
def other(server: RunningServer) -> Iterator[TestWorkspace]:
    """A second workspace, which must not see the first."""
    made = new_workspace(server)
    with made.api:
        yield made


@pytest.fixture
def api(workspace: TestWorkspace) -> httpx.Client:
    """A client of this test's workspace."""
    return workspace.api


@dataclass
class Outbox:
    """What a workspace's changes have written for others to read, on a server whose events stay where they are."""

    database_url: str
    workspace_id: str

    def take(self) -> list[tuple[str, str, Any]]:
        """Topic, item id and item of each event since the last time, oldest first."""
        statement = """
            WITH taken AS (DELETE FROM outbox WHERE workspace_id = $1 RETURNING id, topic, item_id, item)
            SELECT topic, item_id, item FROM taken ORDER BY id
        """
        rows = _in_thread(lambda: asyncio.run(self._run(statement)))
        return [(row["topic"], row["item_id"], json.loads(row["item"])) for row in rows]

    async def _run(self, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.database_url)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(statement, self.workspace_id)
            return rows
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def quiet_server(postgres_url: str, short_directory: Path) -> Iterator[RunningServer]:
    """A server without a worker: nothing reads its events."""
    with (
        new_database(postgres_url) as url,
        serving(short_directory / "quiet", {"CALLBOX_DATABASE_URL": url}, "--no-worker") as running,
    ):
        yield running


@pytest.fixture(scope="session")
def several_processes(short_directory: Path, server: RunningServer) -> Iterator[RunningServer]:
    """A server of three processes on the database of the shared one."""
    environment = {"CALLBOX_DATABASE_URL": server.database_url}
    with serving(short_directory / "several", environment, "--workers", "3", "--no-worker") as running:
        yield running


@pytest.fixture
def quiet(quiet_server: RunningServer) -> Iterator[TestWorkspace]:
    """A workspace of this test's own on the quiet server."""
    made = new_workspace(quiet_server)
    with made.api:
        yield made


@pytest.fixture
def outbox(quiet_server: RunningServer, quiet: TestWorkspace) -> Outbox:
    """The events of the quiet workspace, but for those of its beginning."""
    found = Outbox(quiet_server.database_url, quiet.id)
    found.take()
    return found


@pytest.fixture
def world(api: httpx.Client) -> World:
    """Makes things in this test's workspace."""
    return World(api)


@pytest.fixture
def eventually() -> Callable[[Callable[[], T]], T]:
    """Waits for what the worker does a moment later."""
    return wait_for
