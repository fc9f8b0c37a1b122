"""Rows written by COPY, which takes seconds where requests take hours."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import asyncpg


class Table(NamedTuple):
    """Rows of a table, and which of its columns they have."""

    name: str
    columns: Sequence[str]
    rows: Iterable[tuple[Any, ...]]


async def copy(connection: "asyncpg.Connection[asyncpg.Record]", table: Table) -> None:
    """Write the rows."""
    await connection.copy_records_to_table(table.name, columns=table.columns, records=table.rows, timeout=600)
