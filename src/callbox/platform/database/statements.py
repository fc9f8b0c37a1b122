"""SQL statements with a name. The name is what metrics, logs and slow-query reports call them.

Statements about a workspace's data take the workspace id as their first argument, and it has no
default; the few that serve all workspaces say so by their class. A test reads every statement.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from time import perf_counter
from typing import Any, Generic, TypeVar

from callbox.platform.database.pool import Connection
from callbox.platform.telemetry import observe_statement

Row = TypeVar("Row")
# However much there is; whoever copies has a limit of their own.
_COPY_SECONDS = 24 * 60 * 60


class _Statement:
    __slots__ = ("name", "sql")

    def __init__(self, name: str, sql: str) -> None:
        self.name = name
        self.sql = sql


class _Rows(_Statement, Generic[Row]):
    __slots__ = ("row",)

    def __init__(self, name: str, row: Callable[..., Row], sql: str) -> None:
        super().__init__(name, sql)
        self.row = row

    async def _first(self, connection: Connection, arguments: tuple[object, ...]) -> Row | None:
        started = perf_counter()
        record = await connection.fetchrow(self.sql, *arguments)
        observe_statement(self.name, perf_counter() - started)
        return None if record is None else self.row(*record)

    async def _one(self, connection: Connection, arguments: tuple[object, ...]) -> Row:
        row = await self._first(connection, arguments)
        if row is None:
            raise LookupError(f"statement {self.name} answered no row")
        return row

    async def _all(self, connection: Connection, arguments: tuple[object, ...]) -> list[Row]:
        started = perf_counter()
        records = await connection.fetch(self.sql, *arguments)
        observe_statement(self.name, perf_counter() - started)
        make = self.row
        return [make(*record) for record in records]


class Query(_Rows[Row]):
    """A statement that answers rows of one workspace. `row` makes one from the columns, by position."""

    __slots__ = ()

    async def first(self, connection: Connection, workspace_id: str, *arguments: object) -> Row | None:
        """The first row, or None."""
        return await self._first(connection, (workspace_id, *arguments))

    async def one(self, connection: Connection, workspace_id: str, *arguments: object) -> Row:
        """The only row; for statements that always have one."""
        return await self._one(connection, (workspace_id, *arguments))

    async def all(self, connection: Connection, workspace_id: str, *arguments: object) -> list[Row]:
        """Every row."""
        return await self._all(connection, (workspace_id, *arguments))

    async def batches(
        self, connection: Connection, workspace_id: str, *arguments: object, size: int
    ) -> AsyncIterator[list[Row]]:
        """Every row, so many at a time; inside a transaction, for so long the database remembers how far it is."""
        cursor = await connection.cursor(self.sql, workspace_id, *arguments)
        while records := await cursor.fetch(size):
            yield [self.row(*record) for record in records]


class GlobalQuery(_Rows[Row]):
    """A statement that answers rows across workspaces: token look-up, relay, sweeps."""

    __slots__ = ()

    async def first(self, connection: Connection, *arguments: object) -> Row | None:
        """The first row, or None."""
        return await self._first(connection, arguments)

    async def one(self, connection: Connection, *arguments: object) -> Row:
        """The only row; for statements that always have one."""
        return await self._one(connection, arguments)

    async def all(self, connection: Connection, *arguments: object) -> list[Row]:
        """Every row."""
        return await self._all(connection, arguments)


class Copy(_Statement):
    """A statement about one workspace whose rows PostgreSQL itself writes as CSV, under a line with their names."""

    __slots__ = ()

    async def run(
        self,
        connection: Connection,
        workspace_id: str,
        *arguments: object,
        output: Callable[[bytes], Coroutine[Any, Any, None]],
    ) -> int:
        """Hand the text over in pieces, at the speed at which they are taken; answers the number of rows."""
        started = perf_counter()
        status = await connection.copy_from_query(
            self.sql, workspace_id, *arguments, output=output, format="csv", header=True, timeout=_COPY_SECONDS
        )
        observe_statement(self.name, perf_counter() - started)
        return int(status.rpartition(" ")[2])


class _Change(_Statement):
    async def _run(
        self, connection: Connection, arguments: tuple[object, ...], timeout_seconds: float | None = None
    ) -> int:
        started = perf_counter()
        status = await connection.execute(self.sql, *arguments, timeout=timeout_seconds)
        observe_statement(self.name, perf_counter() - started)
        last_word = status.rpartition(" ")[2]
        return int(last_word) if last_word.isdigit() else 0


class Command(_Change):
    """A statement that changes rows of one workspace and answers how many."""

    __slots__ = ()

    async def run(
        self, connection: Connection, workspace_id: str, *arguments: object, timeout_seconds: float | None = None
    ) -> int:
        """Run it; answers the number of rows touched. It may take as long as any statement, or as is said."""
        return await self._run(connection, (workspace_id, *arguments), timeout_seconds)


class GlobalCommand(_Change):
    """A statement that changes rows across workspaces and answers how many."""

    __slots__ = ()

    async def run(self, connection: Connection, *arguments: object) -> int:
        """Run it; answers the number of rows touched."""
        return await self._run(connection, arguments)
