"""How PostgreSQL runs the statements that are asked most: it never reads all of a large table to answer one request.

A server answers requests in a workspace with many rows, and PostgreSQL itself tells the plan of every statement that
it ran, as it ran it.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import TestWorkspace, new_workspace, serving
from tests.guards.conftest import Database

Json = dict[str, Any]

# Enough for the planner to prefer an index, by far.
_ROWS = 6000
_LARGE = (
    "conversations|conversation_words|conversation_parts|conversation_contacts|contacts|contact_companies|companies|"
    "data_events"
)
# To read an index from end to end, and throw away most of it, is no better than to read the table.
_READS_ALL = re.compile(rf"Seq Scan on ({_LARGE})\b|Rows Removed by (Join )?Filter: \d{{4,}}")

# PostgreSQL tells in its own log what it did in databases that ask for it.
_TELLING = """
    DO $$
    BEGIN
        EXECUTE format('ALTER DATABASE %I SET session_preload_libraries = auto_explain', current_database());
        EXECUTE format('ALTER DATABASE %I SET auto_explain.log_min_duration = 0', current_database());
        EXECUTE format('ALTER DATABASE %I SET auto_explain.log_analyze = on', current_database());
        EXECUTE format('ALTER DATABASE %I SET auto_explain.log_timing = off', current_database());
    END $$
"""
_LENGTH_OF_LOG = "SELECT size FROM pg_stat_file(pg_current_logfile())"
_FILLING = [
    """
    INSERT INTO contacts (
        workspace_id, id, role, external_id, email, phone, formatted_phone, name, created_at, updated_at
    )
    SELECT
        $1, lpad(to_hex(number), 24, '0'), 'user', 'user-' || number, 'user.' || number || '@example.com',
        '0' || number, '+353' || number, 'Somebody ' || number, now(), now() - number * interval '1 minute'
    FROM generate_series(1, {rows}) AS number
    """,
    """
    INSERT INTO companies (
        workspace_id, id, company_id, name, user_count, remote_created_at, created_at, updated_at, last_request_at
    )
    SELECT
        $1, lpad(to_hex(number), 24, '0'), 'company-' || number, 'Company ' || number, (number % 4 = 0)::integer,
        now(), now(), now(), now() - number * interval '1 minute'
    FROM generate_series(1, {rows}) AS number
    """,
    """
    INSERT INTO contact_companies (workspace_id, contact_id, company_id, attached_at)
    SELECT $1, lpad(to_hex(number), 24, '0'), lpad(to_hex(number), 24, '0'), now()
    FROM generate_series(1, {rows}) AS number
    """,
    """
    INSERT INTO data_events (workspace_id, contact_id, event_name, created_at, id)
    SELECT
        $1, lpad(to_hex(1 + number % 500), 24, '0'), 'looked', now() - number * interval '1 minute',
        gen_random_uuid()
    FROM generate_series(1, {rows}) AS number
    """,
    """
    INSERT INTO conversations (
        workspace_id, id, created_at, updated_at, state, is_read, source_type, source_id, source_author_type,
        source_author_contact_id, admin_assignee_id, teammate_ids, ticket_number, ticket_type_id, ticket_state,
        ticket_is_shared, ticket_attributes, ticket_attributes_folded
    )
    SELECT
        $1, number, now(), now() - number * interval '1 minute', (ARRAY['open', 'closed', 'snoozed'])[1 + number % 3],
        true, CASE WHEN number % 6 > 0 THEN 'conversation' END, CASE WHEN number % 6 > 0 THEN number END,
        CASE WHEN number % 6 > 0 THEN 'user' END, CASE WHEN number % 6 > 0 THEN lpad(to_hex(number), 24, '0') END,
        number % 50, ARRAY[number % 50], CASE WHEN number % 6 = 0 THEN number / 6 END,
        CASE WHEN number % 6 = 0 THEN (SELECT min(id) FROM ticket_types WHERE workspace_id = $1) END,
        CASE WHEN number % 6 = 0 THEN 'submitted' END, CASE WHEN number % 6 = 0 THEN true END,
        CASE WHEN number % 6 = 0 THEN '{{}}'::jsonb END, CASE WHEN number % 6 = 0 THEN '{{}}'::jsonb END
    FROM generate_series(1, {rows}) AS number
    """,
    """
    INSERT INTO conversation_words (workspace_id, conversation_id, words)
    SELECT workspace_id, id, ' my order o' || id || ' has not arrived '
    FROM conversations
    WHERE workspace_id = $1 AND source_type IS NOT NULL
    """,
    """
    INSERT INTO conversation_parts (
        workspace_id, conversation_id, part_type, body, author_type, created_at, updated_at
    )
    SELECT workspace_id, id, 'comment', 'Hello', 'bot', updated_at, updated_at
    FROM conversations
    WHERE workspace_id = $1
    """,
    """
    INSERT INTO conversation_contacts (workspace_id, conversation_id, contact_id, added_at)
    SELECT workspace_id, id, lpad(to_hex(id), 24, '0'), created_at
    FROM conversations
    WHERE workspace_id = $1
    """,
    "INSERT INTO counts (workspace_id, kind, shard, n) VALUES ($1, 'tickets', 0, {rows})",
    """
    SELECT setval(pg_get_serial_sequence('conversations', 'id'), {rows})
    FROM workspaces
    WHERE id = $1
    """,
]


class Told(NamedTuple):
    """A workspace of many rows, and what tells how requests are answered in it."""

    workspace: TestWorkspace
    database: Database


@pytest.fixture
def told(database_url: str, short_directory: Path) -> Iterator[Told]:
    with closing(Database(database_url)) as before:
        if before.fetch("SELECT pg_current_logfile()")[0][0] is None:
            pytest.skip("this PostgreSQL does not keep a log that can be read")
        before.execute(_TELLING)
    with serving(short_directory / "plans", {"CALLBOX_DATABASE_URL": database_url}, "--no-worker") as running:
        workspace = new_workspace(running)
        with closing(Database(database_url)) as database, workspace.api:
            for statement in _FILLING:
                database.fetch(statement.format(rows=_ROWS), workspace.id)
            database.execute("VACUUM (ANALYZE)")
            yield Told(workspace, database)


def _id(number: int) -> str:
    return f"{number:x}".rjust(24, "0")


def _asked(admin_id: str, ticket_type_id: str) -> Iterator[tuple[str, str, Json | None]]:
    """Requests that are made most: get, list, search, create and change of everything there is much of."""
    yield "GET", f"/contacts/{_id(7)}", None
    yield "GET", "/contacts", None
    yield "POST", "/contacts", {"role": "user", "external_id": "new", "email": "new@example.com"}
    yield "PUT", f"/contacts/{_id(8)}", {"name": "Somebody else", "email": "else@example.com"}
    for field, operator, value in (
        ("email", "=", "user.7@example.com"),
        ("external_id", "=", "user-7"),
        ("phone", "=", "07"),
        ("formatted_phone", "=", "+3537"),
        ("name", "=", "Somebody 7"),
        ("name", "~", "body 4711"),
    ):
        yield "POST", "/contacts/search", _query(field, operator, value)
    yield "GET", f"/companies/{'b'.rjust(24, '0')}", None
    yield "GET", "/companies?company_id=company-9", None
    yield "GET", "/companies?tag_id=1", None
    yield "GET", f"/companies?segment_id={_id(1)}", None
    yield "GET", f"/companies/{_id(9)}/contacts", None
    yield "POST", "/companies/list", None
    yield "POST", "/companies", {"company_id": "company-10", "name": "Another name"}
    yield "GET", f"/contacts/{_id(7)}/companies", None
    yield "POST", "/events", {"event_name": "looked", "created_at": 1_767_225_600, "user_id": "user-9"}
    yield "GET", "/events?type=user&user_id=user-9", None
    yield "POST", "/tags", {"name": "A tag", "users": [{"email": "user.9@example.com"}, {"user_id": "user-10"}]}
    yield "POST", "/phone_call_redirects", {"phone": "+353832345678"}
    yield "GET", "/conversations/7", None
    yield "GET", "/conversations", None
    for field, operator, value in (
        ("source.body", "~", "o4711"),
        ("source.body", "=", "o4711"),
        ("source.author.id", "=", _id(7)),
        ("source.author.email", "=", "user.7@example.com"),
        ("source.author.email", "~", "r.4711@"),
        ("source.author.name", "=", "Somebody 7"),
        ("contact_ids", "=", _id(7)),
        ("teammate_ids", "=", "7"),
        ("admin_assignee_id", "=", "7"),
        ("state", "=", "open"),
    ):
        yield "POST", "/conversations/search", _query(field, operator, value)
    yield "POST", "/conversations", {"from": {"type": "user", "id": _id(7)}, "body": "Where is my order?"}
    said = {"message_type": "comment", "type": "admin", "admin_id": admin_id, "body": "On its way."}
    yield "POST", "/conversations/7/reply", said
    yield "POST", "/conversations/8/reply", {**said, "type": "user", "intercom_user_id": _id(8)}
    yield "POST", "/conversations/last/reply", said
    for named in ({"user_id": "user-9"}, {"email": "user.10@example.com"}):
        yield "POST", "/conversations/last/reply", {**said, "type": "user", **named}
    yield "POST", "/conversations/11/customers", {"admin_id": admin_id, "customer": {"email": "user.7@example.com"}}
    yield "POST", "/conversations/13/convert", {"ticket_type_id": ticket_type_id}
    addressed = {"from": {"type": "admin", "id": admin_id}, "to": {"type": "user", "email": "user.7@example.com"}}
    yield "POST", "/messages", {**addressed, "body": "Hello", "create_conversation_without_contact_reply": True}
    yield "POST", "/phone_call_redirects", {"phone": "+353832345678"}
    yield "GET", "/tickets/6", None
    for field, value in (("admin_assignee_id", "6"), ("contact_ids", _id(6)), ("state", "submitted")):
        yield "POST", "/tickets/search", _query(field, "=", value)
    yield "POST", "/tickets", {"ticket_type_id": ticket_type_id, "contacts": [{"id": _id(7)}]}
    yield "PUT", "/tickets/6", {"ticket_attributes": {"_default_title_": "It does not open"}}


def _query(field: str, operator: str, value: object) -> Json:
    return {"query": {"field": field, "operator": operator, "value": value}}


def test_no_request_reads_all_of_a_large_table(told: Told, eventually: Callable[[Callable[[], Any]], Any]) -> None:
    api = told.workspace.api
    admin_id = api.get("/me").json()["id"]
    ticket_type_id = api.get("/ticket_types").json()["data"][0]["id"]
    [[before]] = told.database.fetch(_LENGTH_OF_LOG)
    for method, path, body in _asked(admin_id, ticket_type_id):
        answer = api.request(method, path, json=body)
        assert answer.is_success, f"{method} {path} {json.dumps(body)}: {answer.text}"
    told.database.fetch("SELECT 'all is said'")
    log = eventually(lambda: _whole(told.database, before))
    plans = log.split("Query Text:")[1:]
    assert len(plans) > 60
    assert [_told_shortly(plan) for plan in plans if _READS_ALL.search(plan)] == []


def _whole(database: Database, before: int) -> str:
    """What was told since, once the last statement is among it."""
    [[log]] = database.fetch("SELECT pg_read_file(pg_current_logfile(), $1, 1000000000)", before)
    return log if "'all is said'" in log else ""


def _told_shortly(plan: str) -> str:
    """The beginning of the statement, and the steps that read all of a table."""
    steps = [line.strip() for line in plan.splitlines() if _READS_ALL.search(line)]
    return f"{' '.join(plan.split())[:200]} … {steps}"
