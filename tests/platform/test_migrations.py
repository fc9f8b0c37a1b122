"""Migrations: applied once, in order, and refused where database and release do not fit."""

import asyncio

import asyncpg
import pytest
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from callbox.platform.database.migrate import MigrationError, is_current, migrate, migrations
from callbox.platform.jobs.engine import SETTINGS


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_an_empty_database_gets_every_migration_in_order_and_a_second_run_none(empty_database_url: str) -> None:
    said: list[str] = []
    applied = await migrate(empty_database_url, said.append)
    assert applied == [migration.name for migration in migrations()]
    assert len(said) == len(applied)
    assert await migrate(empty_database_url, said.append) == []
    assert len(said) == len(applied)


async def test_servers_that_start_together_apply_each_migration_once(empty_database_url: str) -> None:
    answers = await asyncio.gather(*(migrate(empty_database_url, lambda _: None) for _ in range(4)))
    assert sorted(map(len, answers)) == [0, 0, 0, len(migrations())]


async def test_a_database_is_current_only_with_the_newest_migration(empty_database_url: str) -> None:
    await migrate(empty_database_url, lambda _: None)
    connection = await asyncpg.connect(empty_database_url)
    try:
        assert await is_current(connection)
        await connection.execute("DELETE FROM schema_migrations WHERE version = $1", migrations()[-1].version)
        assert not await is_current(connection)
    finally:
        await connection.close()


async def test_an_older_release_refuses_a_newer_database(empty_database_url: str) -> None:
    await migrate(empty_database_url, lambda _: None)
    await _execute(empty_database_url, "INSERT INTO schema_migrations (version, name, sha256) VALUES (9999, 'x', '')")
    with pytest.raises(MigrationError, match=r"9999.*newer Callbox"):
        await migrate(empty_database_url, lambda _: None)


async def test_a_file_that_was_edited_after_it_was_applied_is_refused(empty_database_url: str) -> None:
    await migrate(empty_database_url, lambda _: None)
    await _execute(empty_database_url, "UPDATE schema_migrations SET sha256 = 'other' WHERE version = 2")
    with pytest.raises(MigrationError, match="Migration 2 was edited"):
        await migrate(empty_database_url, lambda _: None)


async def test_a_migration_that_fails_leaves_nothing_half(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [migrations()[0], *migrations()[1:2]]
    broken[1] = type(broken[1])(2, "broken", "CREATE TABLE half (id int); SELECT 1 / 0;")
    monkeypatch.setattr("callbox.platform.database.migrate.migrations", lambda: broken)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database_url, lambda _: None)
    connection = await asyncpg.connect(empty_database_url)
    try:
        assert await connection.fetchval("SELECT array_agg(version) FROM schema_migrations") == [1]
        assert await connection.fetchval("SELECT to_regclass('half')") is None
    finally:
        await connection.close()


def test_the_queue_tables_are_those_of_the_installed_pgqueuer() -> None:
    statements = QueryBuilderEnvironment(SETTINGS).build_install_query().partition("\n\n")[2]
    [ours] = [migration.sql for migration in migrations() if migration.name == "jobs"]
    assert statements in ours
