"""An installation on disk: its data directory, its PostgreSQL, and its first workspace."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from callbox.platform.database import close_pool, open_pool
from callbox.platform.database.embedded import EmbeddedPostgres
from callbox.platform.database.migrate import migrate
from callbox.settings import Settings
from callbox.workspace.workspaces import NewWorkspace, list_workspaces, open_workspace

COMMAND_POOL_SIZE = 2
_WATCH_SECONDS = 1.0

_log = structlog.get_logger("callbox.installation")


class Database:
    """The installation's PostgreSQL: its own, embedded in the data directory, or the one that settings name."""

    def __init__(self, settings: Settings, on_progress: Callable[[str], None]) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self.embedded = None if settings.database_url else EmbeddedPostgres(settings.data)

    def start(self) -> bool:
        """Make it run; answers whether this call started it, and so has to stop it."""
        return self.embedded is not None and self.embedded.start(self._on_progress)

    def stop(self) -> None:
        """Stop the embedded server; another one is not ours to stop."""
        if self.embedded is not None:
            self.embedded.stop()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Run it for a server, which alone has the data directory and stops the embedded server last."""
        if self.embedded is None:
            yield
            return
        with self.embedded.reserved():
            try:
                await asyncio.to_thread(self.embedded.start, self._on_progress)
                yield
            finally:
                self._on_progress("Stopping the database.")
                await asyncio.to_thread(self.embedded.stop)

    async def keep_running(self) -> None:
        """Beside a server: start the embedded PostgreSQL again if it ends. Never returns."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if self.embedded is not None and not await asyncio.to_thread(self.embedded.is_running):
                _log.error("postgresql_ended", next="starting it again")
                await asyncio.to_thread(self.embedded.start, self._on_progress)

    @property
    def url(self) -> str:
        """Where to connect."""
        if self.embedded is not None:
            return self.embedded.dsn
        assert self._settings.database_url is not None
        return self._settings.database_url


@asynccontextmanager
async def command_database(settings: Settings, on_progress: Callable[[str], None]) -> AsyncIterator[None]:
    """A pool for one command, beside a running server or without one."""
    database = Database(settings, on_progress)
    started = database.start()
    try:
        await migrate(database.url, on_progress)
        await open_pool(database.url, COMMAND_POOL_SIZE)
        try:
            yield
        finally:
            await close_pool()
    finally:
        if started:
            database.stop()


async def first_workspace() -> NewWorkspace | None:
    """Make a workspace where there is none yet; its token may do everything in it."""
    if await list_workspaces():
        return None
    return await open_workspace("My workspace")
