"""A server without a worker, so that nothing but requests changes a workspace, and a look into its database."""

import asyncio
import json
import re
from collections.abc import Coroutine, Iterator
from contextlib import closing
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from callbox.exports.data_export.queries import ExportKey
from callbox.exports.data_export.writing import write_export
from callbox.platform.database import close_pool, open_pool
from callbox.platform.files import open_files
from tests.conftest import RunningServer, new_database, new_workspace, serving
from tests.guards.tenants import Tenant

T = TypeVar("T")

_IDS = re.compile(r"\b[0-9a-f]{24}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


class Database:
    """A database, on a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._connection = self.run(asyncpg.connect(url))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for something to be read."""
        return self._loop.run_until_complete(work)

    def fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows of a statement."""
        return self.run(self._connection.fetch(statement, *arguments))

    def execute(self, statement: str) -> None:
        """Run a statement that answers nothing."""
        self.run(self._connection.execute(statement))

    @cached_property
    def tenant_tables(self) -> list[str]:
        """Tables with rows of workspaces."""
        rows = self.fetch(
            """
            SELECT c.relname
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
            ORDER BY c.relname
            """
        )
        return [row["relname"] for row in rows]

    def _of_all_tables(self, columns: str) -> str:
        tables = [(table, "workspace_id") for table in self.tenant_tables] + [("workspaces", "id")]
        return " UNION ALL ".join(
            f"SELECT '{table}', {columns} FROM {table} t WHERE {key} = $1" for table, key in tables
        )

    @cached_property
    def _versions(self) -> str:
        return self._of_all_tables("count(*), max(xmin::text::bigint)")

    def state_of(self, workspace_id: str) -> list[tuple[object, ...]]:
        """How many rows each table has of a workspace, and which transaction was the last to write one."""
        return [tuple(row) for row in self.fetch(self._versions, workspace_id)]

    def last_change(self) -> str:
        """Another value after any transaction that wrote something, in this workspace or elsewhere."""
        [[number]] = self.fetch("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
        return str(number)

    @cached_property
    def _rows(self) -> str:
        return self._of_all_tables("jsonb_agg(to_jsonb(t))::text")

    def ids_of(self, workspace_id: str) -> set[str]:
        """Every id of a workspace that nobody could have by chance."""
        return {id_ for _, rows in self.fetch(self._rows, workspace_id) for id_ in _IDS.findall(rows or "")}

    def columns_of(self, statement: str) -> list[str]:
        """Names of the columns that a statement answers; the server has to understand it."""
        prepared = self.run(self._connection.prepare(statement))
        return [attribute.name for attribute in prepared.get_attributes()]

    def plan_of(self, statement: str) -> dict[str, Any]:
        """How the server would run a statement with parameters."""
        self.execute(f"PREPARE planned AS {statement}")
        try:
            [[types]] = self.fetch("SELECT parameter_types FROM pg_prepared_statements WHERE name = 'planned'")
            nulls = f"({', '.join(['NULL'] * len(types))})" if types else ""
            [[plans]] = self.fetch(f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) EXECUTE planned{nulls}")
        finally:
            self.execute("DEALLOCATE planned")
        plan: dict[str, Any] = json.loads(plans)[0]["Plan"]
        return plan

    def place_of_workspace(self, table: str) -> int:
        """Which column of a table, counted from 0, says whose a row is."""
        [[number]] = self.fetch(
            "SELECT attnum - 1 FROM pg_attribute WHERE attrelid = $1::regclass AND attname = 'workspace_id'", table
        )
        return int(number)

    def close(self) -> None:
        """Disconnect."""
        self.run(self._connection.close())
        self._loop.close()


@pytest.fixture(scope="session")
def database(postgres_url: str, migrated_database: str) -> Iterator[Database]:
    """The migrated database of the guarded server."""
    with new_database(postgres_url, migrated_database) as url, closing(Database(url)) as opened:
        yield opened


def _write_export(url: str, files: Path, workspace_id: str, export_id: str) -> None:
    """What the worker does with an export."""

    async def write() -> None:
        open_files(str(files))
        await open_pool(url, 2)
        try:
            await write_export(ExportKey(workspace_id, export_id))
        finally:
            await close_pool()

    asyncio.run(write())


@pytest.fixture(scope="session")
def guarded(database: Database, short_directory: Path) -> Iterator[RunningServer]:
    """A server without a worker."""
    data = short_directory / "guarded"
    Tenant.write_export = staticmethod(partial(_write_export, database.url, data / "files"))
    Tenant.database_url = database.url
    with serving(data, {"CALLBOX_DATABASE_URL": database.url}, "--no-worker") as running:
        yield running


@pytest.fixture(scope="module")
def tenant(guarded: RunningServer) -> Iterator[Tenant]:
    """A workspace with one of everything."""
    workspace = new_workspace(guarded)
    with workspace.api:
        made = Tenant(workspace)
        made.furnish()
        yield made


@pytest.fixture
def present(tenant: Tenant) -> None:
    """Whatever an attempt did to the workspace's clock, the next test begins now."""
    tenant.call("PUT", "/manage/v1/clock", json={"now": None})
