"""PostgreSQL: the connection pool, transactions, and SQL statements that carry a name."""

from callbox.platform.database.pool import (
    Connection,
    DatabaseUnavailable,
    close_pool,
    connection,
    kept_connection,
    open_pool,
    savepoint,
    searching_connection,
    snapshot,
    transaction,
    whole_transaction,
)
from callbox.platform.database.statements import Command, Copy, GlobalCommand, GlobalQuery, Query

__all__ = [
    "Command",
    "Connection",
    "Copy",
    "DatabaseUnavailable",
    "GlobalCommand",
    "GlobalQuery",
    "Query",
    "close_pool",
    "connection",
    "kept_connection",
    "open_pool",
    "savepoint",
    "searching_connection",
    "snapshot",
    "transaction",
    "whole_transaction",
]
