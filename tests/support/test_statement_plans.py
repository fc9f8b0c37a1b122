"""Which way PostgreSQL takes to conversations and tickets among many: through an index, never through all of them."""

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from callbox.platform.database import close_pool, open_pool
from callbox.support.conversations.schemas import ListConversationsQuery
from callbox.support.conversations.search import list_conversations, search_conversations
from callbox.support.conversations.service import get_conversation
from callbox.support.tickets.search import search_tickets
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import open_workspace, operator_caller

# Enough for the planner to prefer an index, by far.
_ROWS = 6000
_SCANNED = re.compile(r"Seq Scan on (conversations|conversation_words)\b")

_CONVERSATIONS = f"""
    INSERT INTO conversations (
        workspace_id, created_at, updated_at, state, is_read, source_type, ticket_number, ticket_state,
        admin_assignee_id, teammate_ids
    )
    SELECT
        $1, now(), now() - number * interval '1 minute', (ARRAY['open', 'closed', 'snoozed'])[1 + number % 3], true,
        CASE WHEN number % 6 > 0 THEN 'conversation' END, CASE WHEN number % 6 = 0 THEN number END,
        CASE WHEN number % 6 = 0 THEN 'submitted' END, number % 50, ARRAY[number % 50]
    FROM generate_series(1, {_ROWS}) AS number
"""
_WORDS = """
    INSERT INTO conversation_words (workspace_id, conversation_id, words)
    SELECT workspace_id, id, ' my order o' || id || ' has not arrived ' FROM conversations WHERE workspace_id = $1
"""


@pytest.fixture
async def caller(database_url: str) -> AsyncIterator[Caller]:
    await open_pool(database_url, 1)
    caller = await operator_caller((await open_workspace("Many conversations")).id)
    writer = await asyncpg.connect(database_url)
    await writer.execute(_CONVERSATIONS, caller.workspace_id)
    await writer.execute(_WORDS, caller.workspace_id)
    await writer.execute("VACUUM (ANALYZE)")
    await writer.close()
    yield caller
    await close_pool()


@pytest.fixture
def plans(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The plan of each statement that is run from now on."""
    assert caller
    seen: list[str] = []
    explain = asyncpg.Connection.fetch
    for way in ("fetch", "fetchrow"):
        original = getattr(asyncpg.Connection, way)

        async def watched(
            connection: Any, query: str, *arguments: Any, original: Any = original, **options: Any
        ) -> Any:
            seen.append("\n".join(row[0] for row in await explain(connection, f"EXPLAIN {query}", *arguments)))
            return await original(connection, query, *arguments, **options)

        monkeypatch.setattr(asyncpg.Connection, way, watched)
    return seen


async def test_none_reads_all_conversations(caller: Caller, plans: list[str]) -> None:
    listed = await list_conversations(caller, ListConversationsQuery())
    await get_conversation(caller, listed.conversations[0].id)
    for query in (
        b'{"field": "source.body", "operator": "~", "value": "o4711"}',
        b'{"field": "teammate_ids", "operator": "=", "value": "7"}',
        b'{"field": "admin_assignee_id", "operator": "=", "value": 7}',
    ):
        found = await search_conversations(caller, b'{"query": %s}' % query)
        assert found.total_count > 0
    # The rows above are too bare to be shown as tickets; whom nobody finds is looked for in the same way.
    await search_tickets(caller, b'{"query": {"field": "admin_assignee_id", "operator": "=", "value": "4711"}}')
    assert len(plans) > 8
    assert [plan for plan in plans if _SCANNED.search(plan)] == []
