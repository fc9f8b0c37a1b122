"""An installation on disk: its data directory, its PostgreSQL, and its first workspace."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from datetime import datetime
from typing import IO

import asyncpg
import structlog

from callbox.platform.database import GlobalQuery, close_pool, open_pool, transaction
from callbox.platform.database.embedded import EmbeddedPostgres, EmbeddedPostgresError
from callbox.platform.database.migrate import migrate
from callbox.settings import Settings
from callbox.workspace.workspaces import NewWorkspace, list_workspaces, open_workspace

OLDEST_POSTGRESQL = 15
COMMAND_POOL_SIZE = 2
_WATCH_SECONDS = 1.0
# Between attempts to start what does not start.
_RETRY_SECONDS = 2.0
_CONNECT_SECONDS = 10

_log = structlog.get_logger("callbox.installation")

lock_first_start = GlobalQuery("lock_first_start", str, "SELECT pg_advisory_xact_lock(hashtext('callbox first start'))")


class InstallationError(Exception):
    """The installation cannot be used as it is; the message is one sentence for the operator."""


class Database:
    """The installation's PostgreSQL: its own, embedded in the data directory, or the one that settings name.

    The embedded one runs while a server or a command uses it, and the last of them stops it; unless it was
    started to stay.
    """

    def __init__(self, settings: Settings, on_progress: Callable[[str], None]) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._stays = settings.data / "postgres-stays"
        self.embedded = None if settings.database_url else EmbeddedPostgres(settings.data)

    @property
    def url(self) -> str:
        """Where to connect."""
        if self.embedded is not None:
            return self.embedded.dsn
        assert self._settings.database_url is not None
        return self._settings.database_url

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Run it for a server, which alone has the data directory."""
        with nullcontext() if self.embedded is None else self.embedded.reserved():
            async with self.used():
                yield

    @asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """It runs inside the block."""
        if self.embedded is None:
            yield
            return
        with self._users() as users:
            await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_SH)
            try:
                await asyncio.to_thread(self.embedded.start, self._on_progress)
                yield
            finally:
                if _is_alone(users) and not self._stays.exists():
                    await asyncio.to_thread(self.embedded.stop)

    def start_to_stay(self) -> None:
        """Start the embedded server and leave it running until it is told to stop."""
        embedded = self._own()
        with self._users() as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            embedded.start(self._on_progress)
            self._stays.touch()

    def stop(self) -> None:
        """Stop the embedded server, unless a server or command uses it."""
        embedded = self._own()
        with self._users() as users:
            if not _is_alone(users):
                raise InstallationError(
                    f"A server or command uses the database in {self._settings.data}: stop it first."
                )
            self._stays.unlink(missing_ok=True)
            embedded.stop()

    def _own(self) -> EmbeddedPostgres:
        if self.embedded is None:
            raise InstallationError("CALLBOX_DATABASE_URL names a PostgreSQL that Callbox neither starts nor stops.")
        return self.embedded

    @contextmanager
    def _users(self) -> Iterator[IO[str]]:
        """The file on which everybody who uses the embedded server holds a shared lock."""
        data = self._settings.data
        try:
            data.mkdir(parents=True, exist_ok=True)
            file = (data / "postgres-users").open("w")
        except OSError as error:
            raise InstallationError(f"The data directory {data} cannot be used: {error.strerror}.") from error
        with file:
            yield file

    async def keep_running(self) -> None:
        """Beside a server: start the embedded PostgreSQL again if it ends, until it starts. Never returns."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if self.embedded is not None and not self.embedded.is_running():
                _log.error("postgresql_ended", next="starting it again")
                try:
                    await asyncio.to_thread(self.embedded.start, self._on_progress)
                except EmbeddedPostgresError as error:
                    # It ran before, so what hinders it now may pass, as a full disk does.
                    _log.error("postgresql_does_not_start", reason=str(error))
                    await asyncio.sleep(_RETRY_SECONDS)


def _is_alone(file: IO[str]) -> bool:
    """Whether no other process holds a lock on the file. Then this one keeps all others out."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def bring_up_to_date(url: str, on_progress: Callable[[str], None]) -> None:
    """Give the database this release's schema. Raises InstallationError where it cannot be reached or is not fit."""
    await check_database(url)
    try:
        await migrate(url, on_progress)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError) as error:
        raise InstallationError(f"The database cannot be set up: {_one_line(error)}.") from error


async def check_database(url: str) -> None:
    """Raise InstallationError where the database cannot be reached or is too old."""
    try:
        connection = await asyncpg.connect(url, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise InstallationError(f"Cannot connect to the database: {_one_line(error)}.") from error
    try:
        version = connection.get_server_version().major
    finally:
        await connection.close()
    if version < OLDEST_POSTGRESQL:
        raise InstallationError(f"The database is PostgreSQL {version}; Callbox needs {OLDEST_POSTGRESQL} or newer.")


def _one_line(error: Exception) -> str:
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(told.split()).rstrip(".") or type(error).__name__


@asynccontextmanager
async def command_database(settings: Settings, on_progress: Callable[[str], None]) -> AsyncIterator[None]:
    """A pool for one command, beside a running server or without one."""
    database = Database(settings, on_progress)
    async with database.used(), pool(database.url, on_progress):
        yield


@asynccontextmanager
async def pool(url: str, on_progress: Callable[[str], None]) -> AsyncIterator[None]:
    """A few connections to a database that is up to date."""
    await bring_up_to_date(url, on_progress)
    await open_pool(url, COMMAND_POOL_SIZE)
    try:
        yield
    finally:
        await close_pool()


async def first_workspace(name: str, timezone: str, created_at: datetime) -> NewWorkspace | None:
    """Make a workspace where there is none yet, also when several servers start at once on one database."""
    async with transaction() as held:
        await lock_first_start.one(held)
        if await list_workspaces():
            return None
        return await open_workspace(name, timezone, created_at)
