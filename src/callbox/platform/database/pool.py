"""One connection pool a process, and the two ways to a connection: for a single statement, or in a transaction.

Whoever opens a transaction owns it; code called inside joins it, so that a rule can call another
room's rule and both commit together. A request with an Idempotency-Key opens the outermost one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
else:
    Connection = asyncpg.Connection

POOL_SIZE = 16
ACQUIRE_TIMEOUT_SECONDS = 10
STATEMENT_TIMEOUT_SECONDS = 30

_pool: "asyncpg.Pool[asyncpg.Record] | None" = None
_joined: ContextVar[Connection | None] = ContextVar("joined transaction", default=None)


class DatabaseUnavailable(Exception):
    """PostgreSQL cannot be reached, or is too busy to take a connection in time. Trying again is safe."""


async def _keep(_: object) -> None:
    """Replaces the reset round trip: nothing here sets session state, and open transactions still roll back."""


def connect(dsn: str, size: int = POOL_SIZE) -> "asyncpg.Pool[asyncpg.Record]":
    """A pool with the settings of a server process. It connects when used: starting needs no database."""
    return asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=0,
        command_timeout=STATEMENT_TIMEOUT_SECONDS,
        statement_cache_size=512,
        reset=_keep,
        server_settings={"application_name": "callbox", "timezone": "UTC"},
    )


async def open_pool(dsn: str, size: int = POOL_SIZE) -> None:
    """Connect this process. The DSN is a libpq URL or a Unix socket form of it."""
    global _pool  # noqa: PLW0603  # one pool a process is the point
    _pool = await connect(dsn, size)


async def close_pool() -> None:
    """Finish what is running, then disconnect."""
    global _pool
    pool, _pool = _pool, None
    if pool is not None:
        await pool.close()


def _open_pool() -> "asyncpg.Pool[asyncpg.Record]":
    if _pool is None:
        raise DatabaseUnavailable("the connection pool is not open")
    return _pool


@asynccontextmanager
async def connection() -> AsyncIterator[Connection]:
    """A connection for single statements: the joined transaction's if there is one, else any from the pool."""
    joined = _joined.get()
    if joined is not None:
        yield joined
        return
    pool = _open_pool()
    try:
        acquired = await pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(str(error)) from error
    try:
        yield acquired
    finally:
        await pool.release(acquired)


@asynccontextmanager
async def transaction() -> AsyncIterator[Connection]:
    """A transaction that commits at the end of the block; inside another one, a savepoint of it."""
    async with connection() as held, held.transaction():
        token = _joined.set(held)
        try:
            yield held
        finally:
            _joined.reset(token)


@asynccontextmanager
async def savepoint(held: Connection) -> AsyncIterator[None]:
    """Lets a statement fail inside a transaction without spoiling it; outside of one there is nothing to spoil."""
    if held.is_in_transaction():
        async with held.transaction():
            yield
    else:
        yield
