"""What answers of the bare baseline stand on: connections and an encoder."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec

from callbox.platform.database.pool import POOL_SIZE, connection_settings
from callbox.wire.authentication import Caller

if TYPE_CHECKING:
    from asyncpg.pool import PoolAcquireContext

Answer = Callable[[str, bytes], Awaitable[bytes]]
encode = msgspec.json.Encoder().encode


def json_text(value: object) -> str:
    """A parameter for jsonb."""
    return encode(value).decode()


class Database:
    """asyncpg's own pool, as any program would use it, with the settings of Callbox's connections."""

    def __init__(self, dsn: str, workspace_id: str) -> None:
        self._dsn = dsn
        self.caller = Caller(workspace_id, "", "UTC", 0, 0, frozenset(), 0, "", "")
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        settings = connection_settings("force_generic_plan")
        self._pool = await asyncpg.create_pool(
            self._dsn, min_size=POOL_SIZE, max_size=POOL_SIZE, reset=_keep, **settings
        )

    async def close(self) -> None:
        assert self._pool is not None
        await self._pool.close()

    def acquire(self) -> "PoolAcquireContext[asyncpg.Record]":
        """A connection for a block."""
        assert self._pool is not None
        return self._pool.acquire()

    async def fetch(self, sql: str, *arguments: object) -> list[Any]:
        """The rows of a statement about the workspace."""
        async with self.acquire() as held:
            return await held.fetch(sql, self.caller.workspace_id, *arguments)


async def _keep(_: object) -> None:
    """No round trip to reset a connection, as in Callbox."""
