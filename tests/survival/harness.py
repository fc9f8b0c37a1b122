"""An installation that is started, stopped and killed many times, on one port and one data directory."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from callbox.platform.database.embedded import EmbeddedPostgres
from tests.conftest import free_port
from tests.survival.wire_client import NoAnswer
from tests.waiting import GENEROUS_SECONDS, wait_for

Json = dict[str, Any]

_MARK = "CALLBOX_TEST_INSTALLATION"


class Installation:
    """What `callbox serve` runs on: a data directory, a port, an environment, a user."""

    def __init__(self, data: Path, *, database_url: str = "", user: str | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.token = ""
        self.server: subprocess.Popen[str] | None = None
        self._log = data.with_name(f"{data.name}.log")
        data.parent.mkdir(parents=True, exist_ok=True)
        self._log.touch()
        self._user = user
        self._database_url = database_url
        self._mark = secrets.token_hex(8)
        self._environment = {
            **os.environ,
            "CALLBOX_DATA": str(data),
            "CALLBOX_DATABASE_URL": database_url,
            "CALLBOX_RATE_LIMIT": "0",
            _MARK: self._mark,
        }

    def begin(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """A `callbox` command that runs beside the test."""
        with self._log.open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "callbox.cli", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**self._environment, **options.pop("environment", {})},
                user=self._user,
                extra_groups=[] if self._user else None,
                **options,
            )

    def run(self, *arguments: str, **options: Any) -> tuple[int, str]:
        """A `callbox` command from beginning to end: exit status and standard output."""
        with self.begin(*arguments, **options) as process:
            output, _ = process.communicate(timeout=GENEROUS_SECONDS)
            return process.returncode, output

    def serve(self, *arguments: str, **options: Any) -> "Installation":
        """Start the server and wait until it says that it is ready."""
        self.server = self.begin("serve", "--port", str(self.port), *arguments, **options)
        assert self.server.stdout is not None
        for line in self.server.stdout:
            if line.startswith("Access token:"):
                self.token = line.split()[2]
            if line.startswith(("  curl", "Access tokens were")):
                return self
        raise AssertionError(f"the server ended with {self.server.wait()}: {self.log()}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the server as an operator would; answers its exit status."""
        assert self.server is not None
        self.server.send_signal(number)
        return self.wait_for_end()

    def wait_for_end(self) -> int:
        """Wait until the server has ended; answers its exit status."""
        assert self.server is not None
        with self.server as ending:
            code = ending.wait(GENEROUS_SECONDS)
        self.server = None
        return code

    def kill(self, *, with_postgres: bool) -> None:
        """What the kernel's memory killer, or a power cut, does: all processes at once, none can say farewell."""
        assert self.server is not None
        victims = [self.server.pid, *children_of(self.server.pid)]
        if with_postgres:
            victims.append(self.postmaster())
        for victim in victims:
            os.kill(victim, signal.SIGKILL)
        self.wait_for_end()

    async def kill_amid(
        self, requests: Iterable[Coroutine[Any, Any, None]], enough: asyncio.Event, *, with_postgres: bool
    ) -> None:
        """Ask for all at once, and kill when some are answered. The others must get no answer, rather than another."""
        endings = asyncio.gather(*requests, return_exceptions=True)
        waited_for: list[asyncio.Future[Any]] = [asyncio.ensure_future(enough.wait()), endings]
        await asyncio.wait(waited_for, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.to_thread(self.kill, with_postgres=with_postgres)
        for ending in await endings:
            assert ending is None or isinstance(ending, NoAnswer), ending

    def clean_up(self) -> None:
        """End what a failed test left."""
        with suppress(ProcessLookupError):
            if self.server is not None:
                self.server.kill()
                self.wait_for_end()
        for process in self.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def processes(self) -> dict[int, str]:
        """All processes of this installation, also those whose parent is gone."""
        found = {}
        for process in _processes():
            with suppress(OSError):
                ours = f"{_MARK}={self._mark}".encode() in (process / "environ").read_bytes().split(b"\0")
                if ours or (process / "cwd").readlink().is_relative_to(self.data):
                    found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        return {number: command for number, command in found.items() if command}

    def child(self, kind: str) -> int:
        """The process number of an HTTP process or the job worker."""
        assert self.server is not None
        server = self.server.pid
        return wait_for(lambda: next((child for child, command in children_of(server).items() if kind in command), 0))

    def postmaster(self) -> int:
        """The process number of the embedded PostgreSQL."""
        return int((self.data / "postgres/postmaster.pid").read_text().split()[0])

    def log(self) -> str:
        """What the commands wrote to standard error."""
        return self._log.read_text()

    @property
    def url(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        """A client with the first token."""
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=GENEROUS_SECONDS)

    @property
    def headers(self) -> dict[str, str]:
        """What authenticates with the first token."""
        return {"Authorization": f"Bearer {self.token}"}

    def sql(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Run one statement in the database."""
        url = self._database_url or EmbeddedPostgres(self.data).dsn

        async def run() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(url)
            try:
                return list(await connection.fetch(statement, *arguments))
            finally:
                await connection.close()

        return asyncio.run(run())

    @contextmanager
    def database(self) -> Iterator[None]:
        """The embedded PostgreSQL alone, without a server."""
        postgres = EmbeddedPostgres(self.data)
        postgres.start(lambda _: None)
        try:
            yield
        finally:
            postgres.stop()

    def database_log(self) -> str:
        """What PostgreSQL wrote to its log."""
        return "".join(file.read_text() for file in (self.data / "postgres-log").glob("postgresql-*.log"))

    def wait_until_idle(self) -> None:
        """Until every event has been passed on and every job is done."""
        waiting = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM pgqueuer WHERE status <> 'failed')"
        wait_for(lambda: self.sql(waiting)[0][0] == 0, pause=0.3)


def _processes() -> list[Path]:
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def children_of(parent: int) -> dict[int, str]:
    """Process numbers and commands."""
    found = {}
    for process in _processes():
        with suppress(OSError):
            # The command stands in brackets and may hold any character.
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found
