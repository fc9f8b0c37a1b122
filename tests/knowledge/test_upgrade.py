"""Workspaces from before there were help centers, and articles from before their index."""

import asyncpg
import pytest

from callbox.knowledge.articles.search_queries import CONFIGURATIONS, matching
from callbox.platform.database import migrate as migrating


async def _migrate_up_to(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bring a database to what it was before a migration."""
    known = migrating.migrations()
    introduced = next(each.version for each in known if each.name == name)
    monkeypatch.setattr(migrating, "migrations", lambda: [each for each in known if each.version < introduced])
    await migrating.migrate(url, lambda _: None)
    monkeypatch.undo()


async def test_a_workspace_that_was_there_before_gets_a_help_center(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _migrate_up_to("knowledge", empty_database_url, monkeypatch)
    connection = await asyncpg.connect(empty_database_url)
    try:
        await connection.execute("INSERT INTO workspaces (id, name, created_at) VALUES ('abcd1234', 'Old', now())")
        await migrating.migrate(empty_database_url, lambda _: None)
        rows = await connection.fetch("SELECT workspace_id, display_name, default_locale, locales FROM help_centers")
        assert [tuple(row) for row in rows] == [("abcd1234", "Old", "en", ["en"])]
    finally:
        await connection.close()


async def test_an_article_that_was_there_before_is_found(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _migrate_up_to("article_index_and_bounces", empty_database_url, monkeypatch)
    connection = await asyncpg.connect(empty_database_url)
    try:
        await connection.execute(
            """
            INSERT INTO workspaces (id, name, created_at) VALUES ('abcd1234', 'Old', now());
            INSERT INTO help_centers (
                workspace_id, id, identifier, display_name, default_locale, locales, created_at, updated_at
            )
            VALUES ('abcd1234', 1, 'old', 'Old', 'en', '{en,de}', now(), now());
            INSERT INTO collections (
                workspace_id, id, help_center_id, default_locale, translations, icon, position, created_at, updated_at
            )
            VALUES ('abcd1234', 1, 1, 'en', '{}', 'book', 0, now(), now());
            INSERT INTO admins (workspace_id, id, name, email, created_at)
            VALUES ('abcd1234', 1, 'Ada', 'ada@example.com', now());
            INSERT INTO articles (
                workspace_id, id, help_center_id, collection_id, default_locale, created_at, updated_at
            )
            VALUES ('abcd1234', 1, 1, 1, 'en', now(), now());
            INSERT INTO article_contents (
                workspace_id, article_id, locale, title, description, body, author_id, state, created_at, updated_at,
                heading, words
            )
            SELECT
                'abcd1234', 1, content.locale, 'Lamp', '', '', 1, content.state, now(), now(),
                to_tsvector('simple', 'lamp'), to_tsvector('simple', 'lamp')
            FROM (VALUES ('en', 'published'), ('de', 'draft')) AS content (locale, state);
            """
        )
        await migrating.migrate(empty_database_url, lambda _: None)
        for state, total in (("all", 1), ("published", 1), ("draft", 0)):
            rows = await matching.all(connection, "abcd1234", CONFIGURATIONS, "'lamp'", state, 1, 10, 0)
            assert [(row.total_count, row.article is not None) for row in rows] == [(total, bool(total))]
    finally:
        await connection.close()
