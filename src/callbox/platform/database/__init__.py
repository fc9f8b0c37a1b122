"""PostgreSQL: the connection pool, transactions, and SQL statements that carry a name."""

from callbox.platform.database.pool import (
    CONNECTION_FAULTS,
    Connection,
    DatabaseUnavailable,
    after_commit,
    close_pool,
    connection,
    kept_connection,
    open_pool,
    own_connection,
    savepoint,
    searching_connection,
    snapshot,
    transaction,
    whole_transaction,
)
from callbox.platform.database.statements import Command, Copy, GlobalCommand, GlobalQuery, Query

__all__ = [
    "CONNECTION_FAULTS",
    "Command",
    "Connection",
    "Copy",
    "DatabaseUnavailable",
    "GlobalCommand",
    "GlobalQuery",
    "Query",
    "after_commit",
    "close_pool",
    "connection",
    "kept_connection",
    "open_pool",
    "own_connection",
    "savepoint",
    "searching_connection",
    "snapshot",
    "transaction",
    "whole_transaction",
]
