"""The schema keeps workspaces apart: PostgreSQL's catalogue of a migrated database is read, table by table.

Keys begin with the workspace, so that no row of one can refer to or collide with a row of another, and so
that the tables can be spread over several servers by workspace.
"""

from typing import NamedTuple

import pytest

from tests.guards.conftest import Database

# Tables that belong to no workspace, and why.
SHARED_TABLES = {
    "workspaces": "the workspaces themselves",
    "schema_migrations": "what the database is",
    "recent_events_horizon": "how far back events of all workspaces are kept",
    "live_processes": "they serve all workspaces",
    "pgqueuer": "the queue library's; work of all workspaces",
    "pgqueuer_log": "the queue library's",
    "pgqueuer_schedules": "the queue library's",
    "pgqueuer_statistics": "the queue library's",
}

# Unique indexes of tenant tables that do not begin with the workspace, and why.
SHARED_KEYS = {
    "help_centers_identifier": "a reader's address is looked up before the workspace is known",
    "help_centers_custom_domain": "a reader's address is looked up before the workspace is known",
    "outbox_pkey": "the relay claims events of all workspaces in their order",
    "failed_events_pkey": "an operator looks at those of all workspaces",
    "support_addresses_address": "the address tells which workspace a mail is for",
    "access_tokens_pkey": "the operator revokes by this id alone",
    "access_tokens_sha256_key": "a token is looked up before its workspace is known",
}

# Foreign keys whose own columns no index begins with, and why deleting what they refer to need not be fast.
UNINDEXED_REFERENCES = {
    "access_tokens_workspace_id_admin_id_fkey": "admins are never deleted, and the few tokens are found by workspace",
    "article_contents_workspace_id_author_id_fkey": "admins are never deleted",
    "companies_workspace_id_plan_id_fkey": "plans are never deleted",
    "notes_workspace_id_author_admin_id_fkey": "admins are never deleted",
    "contact_subscriptions_workspace_id_subscription_type_id_fkey": "subscription types are never deleted",
}


class Index(NamedTuple):
    """A unique index, a primary key's too. An expression has no name."""

    table: str
    name: str
    is_primary: bool
    columns: list[str | None]


class Reference(NamedTuple):
    """A foreign key with its columns on both sides, and whether an index begins with its own ones."""

    table: str
    name: str
    columns: list[str]
    target: str
    target_columns: list[str]
    is_indexed: bool


@pytest.fixture(scope="module")
def indexes(database: Database) -> list[Index]:
    """Every unique index of the schema."""
    rows = database.fetch(
        """
        SELECT t.relname, x.relname, i.indisprimary, ARRAY(
            SELECT a.attname
            FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, place)
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
            ORDER BY k.place
        )
        FROM pg_index i
        JOIN pg_class t ON t.oid = i.indrelid
        JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace
        """
    )
    return [Index(*row) for row in rows]


@pytest.fixture(scope="module")
def references(database: Database) -> list[Reference]:
    """Every foreign key of the schema."""
    rows = database.fetch(
        """
        SELECT t.relname, c.conname, own.names, f.relname, target.names, EXISTS (
            SELECT 1
            FROM pg_index i
            WHERE i.indrelid = c.conrelid AND i.indpred IS NULL
                AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey
        )
        FROM pg_constraint c
        JOIN pg_class t ON t.oid = c.conrelid
        JOIN pg_class f ON f.oid = c.confrelid
        CROSS JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY k.place) AS names
            FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
        ) AS own
        CROSS JOIN LATERAL (
            SELECT array_agg(a.attname::text ORDER BY k.place) AS names
            FROM unnest(c.confkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number
        ) AS target
        WHERE c.contype = 'f' AND t.relnamespace = 'public'::regnamespace
        """
    )
    return [Reference(*row) for row in rows]


def test_every_table_belongs_to_workspaces_or_is_known_to_be_shared(database: Database) -> None:
    rows = database.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
    )
    assert {row["relname"] for row in rows} - set(database.tenant_tables) == set(SHARED_TABLES)


def test_the_workspace_of_a_row_is_never_missing_and_compared_by_bytes(database: Database) -> None:
    rows = database.fetch(
        """
        SELECT t.relname, a.attnotnull, format_type(a.atttypid, a.atttypmod) AS type, c.collname
        FROM pg_attribute a
        JOIN pg_class t ON t.oid = a.attrelid AND t.relkind = 'r'
        JOIN pg_collation c ON c.oid = a.attcollation
        WHERE a.attname = 'workspace_id' AND t.relnamespace = 'public'::regnamespace
        """
    )
    assert len(rows) == len(database.tenant_tables)
    assert [row["relname"] for row in rows if tuple(row)[1:] != (True, "text", "C")] == []


def test_every_tenant_table_has_a_primary_key(database: Database, indexes: list[Index]) -> None:
    assert set(database.tenant_tables) - {index.table for index in indexes if index.is_primary} == set()


def test_primary_keys_and_unique_indexes_begin_with_the_workspace(database: Database, indexes: list[Index]) -> None:
    others = {
        index.name for index in indexes if index.table in database.tenant_tables and index.columns[0] != "workspace_id"
    }
    assert others == set(SHARED_KEYS)


def test_references_begin_with_the_workspace_on_both_sides(references: list[Reference]) -> None:
    assert len(references) > 20
    for reference in references:
        assert reference.columns[0] == "workspace_id", reference
        expected = "id" if reference.target == "workspaces" else "workspace_id"
        assert reference.target_columns[0] == expected, reference


def test_references_are_indexed_where_their_target_may_be_deleted(references: list[Reference]) -> None:
    unindexed = {each.name for each in references if not each.is_indexed}
    assert unindexed == set(UNINDEXED_REFERENCES)
