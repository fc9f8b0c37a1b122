"""An installation of an earlier release: its data is there after the upgrade, and what later releases brought works."""

import asyncio
import hashlib
from pathlib import Path

import asyncpg
import httpx
import pytest

from callbox.platform.database import migrate as migrating
from tests.conftest import start_server, stop_server

TOKEN = "cbx_of_long_ago"  # of a database of this test alone
# What a release wrote that knew conversations and files, and neither webhooks nor mail nor articles.
BEFORE = 11
WRITTEN = f"""
INSERT INTO workspaces (id, name, link_key, created_at)
VALUES ('abcd1234', 'Old', '\\x00112233445566778899aabbccddeeff', now());
INSERT INTO admins (workspace_id, id, email, name, created_at) VALUES ('abcd1234', 1, 'a@example.com', 'Ada', now());
INSERT INTO access_tokens (workspace_id, admin_id, name, scopes, sha256, created_at)
VALUES ('abcd1234', 1, 'old', '{{api,manage}}', '\\x{hashlib.sha256(TOKEN.encode()).hexdigest()}', now());
INSERT INTO contacts (workspace_id, id, role, email, name, created_at, updated_at)
SELECT 'abcd1234', lpad(to_hex(n), 24, '0'), 'lead', n || '@example.com', 'Lead ' || n, now(), now()
FROM generate_series(1, 200) n;
INSERT INTO conversations (workspace_id, id, created_at, updated_at, state, is_read, source_type, source_id,
    source_body, source_author_type, source_author_contact_id, part_count)
SELECT 'abcd1234', n, now(), now(), 'open', true, 'conversation', 1000000000 + n, '<p>Question ' || n || '</p>',
    'lead', lpad(to_hex(n), 24, '0'), 1
FROM generate_series(1, 100) n;
INSERT INTO conversation_contacts (workspace_id, conversation_id, contact_id, added_at)
SELECT 'abcd1234', n, lpad(to_hex(n), 24, '0'), now() FROM generate_series(1, 100) n;
INSERT INTO conversation_parts (workspace_id, conversation_id, part_type, body, author_type, author_admin_id,
    created_at, updated_at)
SELECT 'abcd1234', n, 'comment', '<p>Answer</p>', 'admin', 1, now(), now() FROM generate_series(1, 100) n;
INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
SELECT 'abcd1234', 'contact.lead.created', n::text, '{{}}', now() FROM generate_series(1, 100) n;
"""
_SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"


@pytest.fixture
async def old_url(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database as that release left it."""
    known = migrating.migrations()
    with monkeypatch.context() as patch:
        patch.setattr(migrating, "migrations", lambda: [each for each in known if each.version <= BEFORE])
        await migrating.migrate(empty_database_url, lambda _: None)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute(WRITTEN)
    await connection.close()
    return empty_database_url


async def test_what_an_earlier_release_wrote_is_served_by_this_one(old_url: str, short_directory: Path) -> None:
    running = await asyncio.to_thread(start_server, short_directory / "upgraded", {"CALLBOX_DATABASE_URL": old_url})
    try:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=30) as api:
            assert len((await api.get("/contacts", params={"per_page": 150})).json()["data"]) == 150
            read = (await api.get("/conversations/7")).json()
            assert read["source"]["body"] == "<p>Question 7</p>"
            [part] = read["conversation_parts"]["conversation_parts"]
            assert part["body"] == "<p>Answer</p>"
            query = {"query": {"field": "name", "operator": "=", "value": "Lead 9"}}
            assert (await api.post("/contacts/search", json=query)).json()["total_count"] == 1
            answer = {"message_type": "comment", "type": "admin", "admin_id": "1", "body": "Later"}
            assert (await api.post("/conversations/7/reply", json=answer)).status_code == 200
            assert len((await api.get("/help_center/help_centers")).json()["data"]) == 1
            assert (await api.get("/articles")).status_code == 200
    finally:
        assert await asyncio.to_thread(stop_server, running) == 0


async def test_a_migration_that_is_killed_midway_is_applied_by_the_next_start(
    old_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrating.migrations()
    first = next(each for each in known if each.version > BEFORE)
    slow = migrating.Migration(first.version, first.name, first.sql + "SELECT pg_sleep(600);")
    with monkeypatch.context() as patch:
        patch.setattr(migrating, "migrations", lambda: [slow if each == first else each for each in known])
        applying = asyncio.create_task(migrating.migrate(old_url, lambda _: None))
        connection = await asyncpg.connect(old_url)
        while not await connection.fetchval(_SLEEPING):  # noqa: ASYNC110  # nothing tells when another process sleeps
            await asyncio.sleep(0.02)
        # What the death of the server process looks like to PostgreSQL.
        await connection.execute(_SLEEPING.replace("count(*)", "pg_terminate_backend(pid)"))
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await applying
    assert await connection.fetchval("SELECT max(version) FROM schema_migrations") == BEFORE
    await migrating.migrate(old_url, lambda _: None)
    assert await migrating.is_current(connection)
    assert await connection.fetchval("SELECT count(*) FROM conversation_parts") == 100
    await connection.close()
