"""Workspaces from before there were help centers."""

import asyncpg
import pytest

from callbox.platform.database import migrate as migrating


async def test_a_workspace_that_was_there_before_gets_a_help_center(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrating.migrations()
    introduced = next(each.version for each in known if each.name == "knowledge")
    monkeypatch.setattr(migrating, "migrations", lambda: [each for each in known if each.version < introduced])
    await migrating.migrate(empty_database_url, lambda _: None)
    connection = await asyncpg.connect(empty_database_url)
    try:
        await connection.execute("INSERT INTO workspaces (id, name, created_at) VALUES ('abcd1234', 'Old', now())")
        monkeypatch.setattr(migrating, "migrations", lambda: known)
        await migrating.migrate(empty_database_url, lambda _: None)
        rows = await connection.fetch("SELECT workspace_id, display_name, default_locale, locales FROM help_centers")
        assert [tuple(row) for row in rows] == [("abcd1234", "Old", "en", ["en"])]
    finally:
        await connection.close()
