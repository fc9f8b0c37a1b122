"""One connection pool a process, and the two ways to a connection: for a single statement, or in a transaction.

Whoever opens a transaction owns it; code called inside joins it, so that a rule can call another
room's rule and both commit together. A request with an Idempotency-Key opens the outermost one.
"""

import asyncio
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import Context, ContextVar
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import asyncpg

from callbox.platform.telemetry import connections_awaited

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

POOL_SIZE = 16
ACQUIRE_TIMEOUT_SECONDS = 10
STATEMENT_TIMEOUT_SECONDS = 30
# How long a server that had no place for another connection is not asked again.
_FULL_SECONDS = 1

# A connection to a server that confirms nothing for so long is lost, however long a statement may take.
_SILENCE_SECONDS = 10

# What connecting may fail with.
CONNECTION_FAULTS = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# After these a connection is of no more use: what it still does is unknown, or its server ends or leads no more.
_LAST_ERRORS = (
    asyncio.CancelledError,
    TimeoutError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.ReadOnlySQLTransactionError,
)


class DatabaseUnavailable(Exception):
    """PostgreSQL cannot be reached, or is too busy to take a connection in time. Trying again is safe."""


async def connect(*place: Any, **settings: Any) -> Connection:
    """As asyncpg connects; and the connection ends where the server's machine has gone without a farewell."""
    made: Any = await asyncpg.connect(*place, **settings)
    connected = made._transport.get_extra_info("socket")
    if connected.family != socket.AF_UNIX:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENCE_SECONDS)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _SILENCE_SECONDS // 2)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENCE_SECONDS * 1000)
    lent: Connection = made
    return lent


def connection_settings(plan_cache_mode: str) -> dict[str, Any]:
    """How a process connects; the mode says whether PostgreSQL plans a statement once, or for the values each time.

    Statements are too short to be shared out among several processes: to start those takes longer than most take.
    """
    return {
        "timeout": ACQUIRE_TIMEOUT_SECONDS,
        "command_timeout": STATEMENT_TIMEOUT_SECONDS,
        "statement_cache_size": 512,
        "server_settings": {
            "application_name": "callbox",
            "timezone": "UTC",
            "plan_cache_mode": plan_cache_mode,
            "max_parallel_workers_per_gather": "0",
        },
    }


class _Pool:
    """Connections, made when needed and kept; the one used last is lent first.

    A few lines of our own, since asyncpg's pool makes a task and a turn of the event loop of every return: that
    costs a read by id a quarter of its time (docs/decisions/0002-own-connection-pool.md).
    """

    def __init__(self, dsn: str, size: int, plan_cache_mode: str) -> None:
        self._size = size
        self._connect = partial(connect, dsn, **connection_settings(plan_cache_mode))
        self._free = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._discarding: set[asyncio.Task[None]] = set()
        self._awaiting: deque[asyncio.Future[Connection]] = deque()
        self._full_until = 0.0

    async def take(self) -> Connection:
        """A connection that was alive a moment ago. Raises DatabaseUnavailable."""
        try:
            if self._free.locked():
                connections_awaited.inc()
                async with asyncio.timeout(ACQUIRE_TIMEOUT_SECONDS):
                    await self._free.acquire()
            else:
                await self._free.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable("every connection is in use") from error
        while self._idle:
            kept = self._idle.pop()
            if not kept.is_closed():
                return kept
        try:
            return await self._new_or_returned()
        except BaseException:
            self._free.release()
            raise

    async def _new_or_returned(self) -> Connection:
        """A new connection or, as long as the server has no place for one, the next of ours that comes back."""
        now = asyncio.get_running_loop().time
        deadline = now() + ACQUIRE_TIMEOUT_SECONDS
        while now() < deadline:
            if now() >= self._full_until:
                try:
                    return await self._connect()
                except asyncpg.TooManyConnectionsError:
                    self._full_until = now() + _FULL_SECONDS
                    connections_awaited.inc()
                except CONNECTION_FAULTS as error:
                    raise DatabaseUnavailable(str(error)) from error
            if returned := await self._returned(self._full_until - now()):
                return returned
        raise DatabaseUnavailable("the server takes no more connections")

    async def _returned(self, seconds: float) -> Connection | None:
        """Wait for a connection that comes back."""
        coming: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._awaiting.append(coming)
        try:
            await asyncio.wait({coming}, timeout=seconds)
        except asyncio.CancelledError:
            if not coming.cancel():
                self._pass_on(coming.result())
            raise
        return None if coming.cancel() else coming.result()

    async def connect(self) -> Connection:
        """A new connection, which is not of the pool. Raises DatabaseUnavailable."""
        try:
            return await self._connect()
        except CONNECTION_FAULTS as error:
            raise DatabaseUnavailable(str(error)) from error

    def give_back(self, lent: Connection, error: BaseException | None) -> None:
        """Keep a connection for the next use, if it can have one."""
        if isinstance(error, _LAST_ERRORS) or lent.is_closed() or lent.is_in_transaction():
            discarding = asyncio.create_task(self._discard(lent))
            self._discarding.add(discarding)
            discarding.add_done_callback(self._discarding.discard)
        else:
            self._pass_on(lent)
            self._free.release()

    def _pass_on(self, lent: Connection) -> None:
        while self._awaiting:
            coming = self._awaiting.popleft()
            if not coming.done():
                coming.set_result(lent)
                return
        self._idle.append(lent)

    async def _discard(self, lent: Connection) -> None:
        """Close a connection after the server was told to stop what it does there."""
        try:
            await lent.close(timeout=ACQUIRE_TIMEOUT_SECONDS)
        except CONNECTION_FAULTS:
            lent.terminate()
        finally:
            self._free.release()

    async def close(self) -> None:
        """Wait for what is lent, then disconnect."""
        for _ in range(self._size):
            await self._free.acquire()
        while self._idle:
            await self._idle.pop().close()


class _Pools(NamedTuple):
    """Where connections for fixed statements come from, and those for searches."""

    fixed: _Pool
    searching: _Pool


_pools: _Pools | None = None
_joined: ContextVar[Connection | None] = ContextVar("joined transaction", default=None)
_is_whole: ContextVar[bool] = ContextVar("no savepoints", default=False)
# What is to happen when the transaction on a connection has committed.
_after_commit: dict[Connection, list[Callable[[], None]]] = {}
# Work that needs the pool a moment longer than whoever began it.
_beside: set[asyncio.Task[None]] = set()


async def open_pool(dsn: str, size: int = POOL_SIZE) -> None:
    """Let this process use a database: a libpq URL or a Unix socket form of it. It connects when there is need."""
    global _pools  # noqa: PLW0603  # one pool a process is the point
    _pools = _Pools(_Pool(dsn, size, "force_generic_plan"), _Pool(dsn, size, "force_custom_plan"))


async def close_pool() -> None:
    """Finish what is running, then disconnect."""
    global _pools
    while _beside:
        await asyncio.wait(_beside)
    pools, _pools = _pools, None
    if pools is not None:
        await asyncio.gather(*(pool.close() for pool in pools))


async def own_connection() -> Connection:
    """A connection beside the pool, for LISTEN. Whoever asks for it closes it. Raises DatabaseUnavailable."""
    if _pools is None:
        raise DatabaseUnavailable("the connection pool is not open")
    return await _pools.fixed.connect()


def run_beside(work: Coroutine[Any, Any, None]) -> None:
    """Run something short that joins no transaction; the pool stays open until it has ended."""
    task = asyncio.create_task(work, context=Context())
    _beside.add(task)
    task.add_done_callback(_beside.discard)


class _Loan:
    """A connection from the pool for the length of a block."""

    __slots__ = ("_lent", "_pool")

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        self._lent = await self._pool.take()
        return self._lent

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.give_back(self._lent, error)


def connection() -> AbstractAsyncContextManager[Connection]:
    """A connection for single statements: the joined transaction's if there is one, else any from the pool.

    PostgreSQL plans a statement once here, without regard to its values. Left alone it would plan many anew at each
    execution, which takes longer than to run them.
    """
    return _lend("fixed")


def searching_connection() -> AbstractAsyncContextManager[Connection]:
    """The same for statements whose best plan depends on their values: they are planned for them at each execution.

    One plan for all would read the whole table where it hopes to find many rows and there are few.
    """
    return _lend("searching")


def _lend(purpose: Literal["fixed", "searching"]) -> AbstractAsyncContextManager[Connection]:
    joined = _joined.get()
    if joined is not None:
        return nullcontext(joined)
    if _pools is None:
        raise DatabaseUnavailable("the connection pool is not open")
    return _Loan(getattr(_pools, purpose))


@asynccontextmanager
async def kept_connection() -> AsyncIterator[None]:
    """All statements and transactions of the block go through one connection, and never wait for a free one."""
    async with connection() as held:
        token = _joined.set(held)
        try:
            yield
        finally:
            _joined.reset(token)


@asynccontextmanager
async def transaction() -> AsyncIterator[Connection]:
    """A transaction that commits at the end of the block; inside another one, a savepoint of it."""
    async with connection() as held:
        is_outermost = not held.is_in_transaction()
        try:
            async with nullcontext() if _is_whole.get() else held.transaction():
                token = _joined.set(held)
                try:
                    yield held
                finally:
                    _joined.reset(token)
            if is_outermost:
                for action in _after_commit.pop(held, ()):
                    action()
        finally:
            if is_outermost:
                _after_commit.pop(held, None)


def after_commit(held: Connection, action: Callable[[], None]) -> None:
    """Do something once the transaction has committed, and not if it rolls back; outside of one, at once."""
    if held.is_in_transaction():
        _after_commit.setdefault(held, []).append(action)
    else:
        action()


@asynccontextmanager
async def whole_transaction() -> AsyncIterator[Connection]:
    """A transaction without savepoints, for thousands of changes: what fails inside one of them must fail it all."""
    async with transaction() as held:
        token = _is_whole.set(True)
        try:
            yield held
        finally:
            _is_whole.reset(token)


@asynccontextmanager
async def snapshot() -> AsyncIterator[Connection]:
    """A connection all of whose statements see the database at one moment. They only read, and no other code joins."""
    async with connection() as held:
        reading = held.transaction(isolation="repeatable_read", readonly=True)
        await reading.start()
        try:
            yield held
        except BaseException:
            # It may be sending millions of rows that nobody wants any more, and would send them all before a rollback.
            held.terminate()
            raise
        await reading.commit()


@asynccontextmanager
async def savepoint(held: Connection) -> AsyncIterator[None]:
    """Lets a statement fail inside a transaction without spoiling it; outside of one there is nothing to spoil."""
    if held.is_in_transaction():
        async with held.transaction():
            yield
    else:
        yield
