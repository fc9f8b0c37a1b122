"""Rows written by COPY, which takes seconds where requests take hours."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import asyncpg

from callbox.platform.database import Connection

_HOURS = 3 * 3600.0

# Indexes that no constraint stands on: primary keys stay, for rows come in their order.
_INDEXES = """
    SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i
    WHERE i.indrelid = ANY ($1::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
    ORDER BY i.indexrelid
"""


class Table(NamedTuple):
    """Rows of a table, and which of its columns they have."""

    name: str
    columns: Sequence[str]
    rows: Iterable[tuple[Any, ...]]


async def copy(connection: Connection, table: Table) -> None:
    """Write the rows."""
    await connection.copy_records_to_table(table.name, columns=table.columns, records=table.rows, timeout=_HOURS)


@asynccontextmanager
async def filling(dsn: str, tables: Sequence[str]) -> AsyncIterator[Connection]:
    """A connection for COPY into these tables; afterwards PostgreSQL learns what is in them.

    Indexes are built at the end, which takes a fraction of the time of keeping them up row by row. Foreign keys
    are not checked: all that rows refer to is written too, and to look each up takes longer than to write them.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("SET maintenance_work_mem = '1GB'")
        indexes = await connection.fetch(_INDEXES, tables)
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        yield connection
        for index in indexes:
            await connection.execute(index["definition"], timeout=_HOURS)
        for table in tables:
            await connection.execute(f"VACUUM (ANALYZE) {table}", timeout=_HOURS)
        await connection.execute("CHECKPOINT", timeout=_HOURS)
    finally:
        await connection.close()
