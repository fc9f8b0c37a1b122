"""Which way PostgreSQL takes to one conversation, and to a count of many, where there is a better one and a worse."""

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from callbox.platform.database import close_pool, connection, open_pool
from callbox.support.assignment.conditions import met
from callbox.support.assignment.queries import teams_with_waiting
from callbox.support.assignment.schemas import AssignmentRule, AssignTo
from callbox.support.conversations.schemas import ListConversationsQuery
from callbox.support.conversations.search import list_conversations, search_conversations
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import open_workspace, operator_caller

# Enough for the planner to prefer an index, by far.
_ROWS = 6000
_SCANNED = re.compile(r"Seq Scan on (conversations|conversation_words|conversation_parts|conversation_contacts)\b")

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
    for rows in (_CONVERSATIONS, _WORDS):
        await writer.execute(rows, caller.workspace_id)
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


async def test_a_rule_about_words_looks_at_the_one_conversation_that_it_decides_on(
    caller: Caller, plans: list[str]
) -> None:
    query = {"field": "source.body", "operator": "~", "value": "order"}
    rule = AssignmentRule(name="Orders", conversation=query, assign_to=AssignTo("nobody"))
    listed = await list_conversations(caller, ListConversationsQuery(per_page="1"))
    plans.clear()
    async with connection() as held:
        assert await met(held, caller, int(listed.conversations[0].id), [rule]) == [rule]
    assert [plan for plan in plans if _SCANNED.search(plan) or "conversation_words_found" in plan] == []


async def test_a_count_of_many_is_taken_from_an_index_alone(caller: Caller, plans: list[str]) -> None:
    for query in (
        {"field": "state", "operator": "=", "value": "closed"},
        {"field": "admin_assignee_id", "operator": "=", "value": 7},
    ):
        plans.clear()
        await search_conversations(caller, msgspec.json.encode({"query": query}))
        [counting] = [plan for plan in plans if "Aggregate" in plan.partition("\n")[0] or "CTE found" in plan]
        assert "Index Only Scan" in counting


async def test_waiting_conversations_are_looked_for_in_teams_that_balance_alone(caller: Caller) -> None:
    async with connection() as held:
        unassigned = "UPDATE conversations SET admin_assignee_id = NULL WHERE workspace_id = $1 AND id % 100 = 0"
        await held.execute(unassigned, caller.workspace_id)
        # Of a table as new as that, PostgreSQL does not know that it is empty.
        await held.execute("ANALYZE conversations")
        await held.execute("TRUNCATE team_assignment")
        plan = await held.fetch(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {teams_with_waiting.sql}")
    looked = [line for (line,) in plan if " on conversations c" in line]
    assert looked
    assert [line for line in looked if "never executed" not in line] == []
