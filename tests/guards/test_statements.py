"""Every SQL statement keeps to its workspace: PostgreSQL's own plans are read, not the text.

A statement about a workspace's data restricts each table that it reads to the workspace of its first
parameter, whatever it joins, and writes rows of that workspace alone.
"""

import ast
import asyncio
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest

import callbox
from callbox.exports.dump.service import dump
from callbox.people.contacts.search import search_contacts
from callbox.people.segments.service import compute_segment
from callbox.platform.database import (
    Command,
    Copy,
    GlobalCommand,
    GlobalQuery,
    Query,
    close_pool,
    open_pool,
    statements,
)
from callbox.platform.files import open_files
from callbox.support.assignment.running import run_assignment_rules
from callbox.support.conversations.search import search_conversations
from callbox.support.tickets.search import search_tickets
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import operator_caller
from tests.conftest import RunningServer, new_workspace
from tests.guards.conftest import Database
from tests.guards.tenants import Tenant

Json = dict[str, Any]
Statement = Query[Any] | GlobalQuery[Any] | Command | GlobalCommand | Copy

# Statements about all workspaces, or about none, and why.
GLOBAL = {
    "admins_of_streams": "a process looks at the streams of all workspaces",
    "all_workspaces": "for the operator of the installation",
    "begin_recent_events_horizon": "how far back events of all workspaces are kept",
    "bring_jobs_back": "the queue is shared",
    "bring_schedules_back": "the queue is shared",
    "claim_events": "the relay takes the events of all workspaces in their order",
    "columns_of_table": "what tables look like, not what is in them",
    "due_targets": "the worker sends for all workspaces",
    "insert_deliveries": "the relay's events are of all workspaces",
    "listened_to": "the relay's events are of all workspaces",
    "release_all_targets": "a lock of the worker's",
    "release_target": "a lock of the worker's",
    "take_target": "a lock of the worker's",
    "take_turn": "a lock of the relay's",
    "contacts_of_streams": "a process looks at the streams of all workspaces",
    "count_backlog": "for the operator of the installation",
    "count_connections": "the server's, of no workspace",
    "count_other_connections": "the database's, of no workspace",
    "current_snapshot": "the database's, of no workspace",
    "delete_old_events": "retention is the same everywhere",
    "delete_old_log": "the queue's diary",
    "data_exports_to_expire": "the schedule looks for them in all workspaces",
    "forget_answers": "retention is the same everywhere",
    "forget_live_processes": "processes serve all workspaces",
    "forget_live_viewers": "a process tells of all workspaces together",
    "forget_recent_events": "retention is the same everywhere",
    "good_tokens_of_streams": "a process looks at the streams of all workspaces",
    "has_workspaces": "the table of workspaces itself",
    "insert_work": "the queue is shared",
    "insert_workspace": "the workspace is new",
    "key_of_table": "what tables look like, not what is in them",
    "latest_beats": "the queue is shared",
    "learn_sizes_for_demo": "the planner knows tables, not workspaces",
    "lock_first_start": "there is no workspace yet",
    "news_items_to_publish": "the schedule looks for them in all workspaces",
    "newest_failed_events": "for the operator of the installation",
    "newest_held_jobs": "for the operator of the installation",
    "note_live_process": "processes serve all workspaces",
    "note_live_viewers": "a process tells of all workspaces together",
    "read_recent_events": "a process reads for the streams of all workspaces, which it names",
    "requeue_held_job": "for the operator of the installation",
    "requeue_silent_jobs": "the queue is shared",
    "return_failed_event": "for the operator of the installation",
    "send_notifications": "a process tells of all workspaces together",
    "server_state": "the database's, of no workspace",
    "signing_keys": "for the operator of the installation",
    "set_last_request": "a process tells of all workspaces together",
    "set_last_seen": "a process tells of all workspaces together",
    "snoozes_that_end": "the schedule looks for them in all workspaces",
    "stems_of_words": "it reads no table",
    "teams_with_waiting_conversations": "the schedule looks for them in all workspaces",
    "time_dependent_segments": "the schedule looks for them in all workspaces",
    "token_owner": "the token tells which workspace it is",
    "unseen_replies_due": "the schedule looks for them in all workspaces",
    "update_clock": "the table of workspaces itself",
    "update_workspace": "the table of workspaces itself",
    "workspace_for_update": "the table of workspaces itself",
    "work_state": "for the operator of the installation",
    "workspace_of_support_address": "the address tells which workspace it is",
    "workspace_of_token": "for the operator of the installation",
    "workspace_row": "the table of workspaces itself",
}

# Statements that ask the database for the time, and why.
ASK_FOR_THE_TIME = {
    "bring_jobs_back": "it is the database's clock that was set back",
    "bring_schedules_back": "it is the database's clock that was set back",
    "insert_work": "the queue library compares with the database's clock",
    "server_state": "it is the database's clock that is looked at",
    "requeue_held_job": "the queue library compares with the database's clock",
    "requeue_silent_jobs": "the queue library compares with the database's clock",
}

_SEARCHED = ("contacts", "conversations", "tickets")
# Functions that compile a statement while a request waits; everywhere else statements are constants.
COMPILED = {
    ("exports/dump/tables.py", "count_rows"): {"dump_count"},
    ("exports/dump/tables.py", "read_rows"): {"dump_rows"},
    ("people/segments/membership.py", "_replace_members"): {"remove_segment_members", "insert_segment_members"},
    ("support/assignment/conditions.py", "_ask"): {"rules_met"},
    ("wire/search/finding.py", "_look_up"): {f"{target}_look_up" for target in _SEARCHED},
    ("wire/search/finding.py", "_search"): {f"{target}_search" for target in _SEARCHED},
    ("wire/search/finding.py", "_total"): {f"{target}_search_total" for target in _SEARCHED},
}

# Modules that talk to the database without named statements, and why.
RAW = {
    "platform/database/statements.py": "runs the named statements",
    "platform/database/migrate.py": "migrations come before everything else",
}

_SOURCE = Path(callbox.__file__).parent
_CLASSES = ("Query", "Command", "GlobalQuery", "GlobalCommand", "Copy")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_LITERALS = (ast.Constant, ast.JoinedStr)
_ITS_WORKSPACE = r"\(?(\w+\.)?{column} = \(?\$1\)?(::text)?\)?"
_THE_TIME = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(|\b(current|local)_?(date|time)",
    re.IGNORECASE,
)


def _constants() -> dict[str, list[Statement]]:
    """The statements of all modules, by name."""
    found: dict[int, Statement] = {}
    for module in pkgutil.walk_packages(callbox.__path__, "callbox."):
        if module.name.endswith("__main__"):
            continue  # running it is its purpose
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Query | GlobalQuery | Command | GlobalCommand | Copy):
                found[id(value)] = value
    named: dict[str, list[Statement]] = {}
    for statement in found.values():
        named.setdefault(statement.name, []).append(statement)
    return named


CONSTANTS = _constants()
LOCAL = [name for name, (statement, *_) in CONSTANTS.items() if isinstance(statement, Query | Command | Copy)]


@pytest.fixture(scope="module", autouse=True)
def generic_plans(database: Database) -> Iterator[None]:
    """Plans that keep parameters as such; they are the same whatever the values are."""
    database.execute("SET plan_cache_mode = force_generic_plan")
    yield
    database.execute("RESET plan_cache_mode")


@pytest.fixture(scope="module")
def compiled(guarded: RunningServer, database: Database) -> dict[str, list[Statement]]:
    """The statements that a search and a segment's computation compile, with every kind of condition."""
    workspace = new_workspace(guarded)
    with workspace.api, pytest.MonkeyPatch.context() as patch:
        tenant = Tenant(workspace)
        found: dict[str, list[Statement]] = {}

        def remember(self: Statement, name: str, sql: str) -> None:
            self.name, self.sql = name, sql
            found.setdefault(name, []).append(self)

        patch.setattr(statements._Statement, "__init__", remember)  # where all of them pass
        asyncio.run(_compile(database.url, tenant))
    return found


async def _compile(url: str, tenant: Tenant) -> None:
    filters = [
        {"field": "tag_id", "operator": "!=", "value": tenant.tag_id},
        {"field": "segment_id", "operator": "=", "value": tenant.segment_id},
        {"field": f"custom_attributes.{tenant.attribute_name}", "operator": "=", "value": "x"},
        {"field": "name", "operator": "~", "value": "x"},
        {"field": "created_at", "operator": ">", "value": 0},
    ]
    everybody = {"operator": "OR", "value": filters}
    cursor = tenant.search_cursor(everybody) if tenant.user() else ""
    body: Json = {"query": everybody, "pagination": {"per_page": 1, "starting_after": cursor}}
    await open_pool(url, 1)
    try:
        caller = await operator_caller(tenant.workspace_id)
        await search_contacts(caller, msgspec.json.encode(body))
        await search_contacts(caller, msgspec.json.encode({**body, "pagination": {"per_page": 1}}))
        by_key = {"operator": "AND", "value": [{"field": "email", "operator": "=", "value": "x"}, everybody]}
        await search_contacts(caller, msgspec.json.encode({"query": by_key}))
        await _compile_tickets(caller, tenant)
        await _compile_conversations(caller, tenant)
        await _compile_dump(caller)
        await compute_segment(caller, tenant.segment_id)
        await compute_segment(caller, tenant.company_segment_id)
    finally:
        await close_pool()


async def _compile_dump(caller: Caller) -> None:
    with TemporaryDirectory() as directory:
        open_files(directory)
        await dump(caller, Path(directory) / "dump", "jsonl", [], lambda *_: None)


async def _compile_conversations(caller: Caller, tenant: Tenant) -> None:
    made = tenant.conversation_made
    filters = [
        {"field": "source.body", "operator": "!~", "value": "x"},
        {"field": "contact_ids", "operator": "!=", "value": tenant.contact["id"]},
        {"field": "teammate_ids", "operator": "=", "value": tenant.second_admin},
        {"field": "tag_ids", "operator": "=", "value": tenant.tag_id},
        {"field": "source.author.email", "operator": "~", "value": "x"},
        {"field": f"custom_attributes.{tenant.conversation_attribute}", "operator": "=", "value": "x"},
        {"field": "created_at", "operator": ">", "value": 0},
    ]
    everything = {"operator": "OR", "value": filters}
    body: Json = {"query": everything, "pagination": {"per_page": 1}}
    page = tenant.post("/conversations/search", body) if tenant.conversation() else {}
    further = {"per_page": 1, "starting_after": page["pages"]["next"]["starting_after"]}
    for pagination in ({"per_page": 1}, further):
        await search_conversations(caller, msgspec.json.encode({**body, "pagination": pagination}))
    of_contact = {"field": "contact_ids", "operator": "=", "value": tenant.contact["id"]}
    by_key = {"operator": "AND", "value": [of_contact, everything]}
    await search_conversations(caller, msgspec.json.encode({"query": by_key}))
    rule = {"name": "All", "conversation": everything, "contact": {"operator": "OR", "value": _ABOUT_CONTACTS}}
    rules = {"rules": [{**rule, "assign_to": {"type": "nobody"}}]}
    tenant.call("PUT", "/manage/v1/assignment_rules", json=rules)
    await run_assignment_rules(caller, made["id"])


_ABOUT_CONTACTS = [
    {"field": "tag_id", "operator": "!=", "value": "1"},
    {"field": "segment_id", "operator": "=", "value": "1"},
    {"field": "name", "operator": "~", "value": "x"},
]


async def _compile_tickets(caller: Caller, tenant: Tenant) -> None:
    attribute_id = tenant.ticket_type_made["ticket_type_attributes"]["data"][-1]["id"]
    filters = [
        {"field": "category", "operator": "=", "value": "Customer"},
        {"field": "contact_ids", "operator": "!=", "value": tenant.ticket()["contacts"]["contacts"][0]["id"]},
        {"field": "teammate_ids", "operator": "=", "value": tenant.second_admin},
        {"field": f"ticket_attribute.{attribute_id}", "operator": "=", "value": "a"},
        {"field": "title", "operator": "~", "value": "x"},
        {"field": "created_at", "operator": ">", "value": 0},
    ]
    everything = {"operator": "OR", "value": filters}
    body: Json = {"query": everything, "pagination": {"per_page": 1}}
    page = tenant.post("/tickets/search", body) if tenant.ticket() else {}
    further = {"per_page": 1, "starting_after": page["pages"]["next"]["starting_after"]}
    for pagination in ({"per_page": 1}, further):
        await search_tickets(caller, msgspec.json.encode({**body, "pagination": pagination}))
    of_contact = {"field": "contact_ids", "operator": "=", "value": tenant.contact["id"]}
    by_key = {"operator": "AND", "value": [of_contact, everything]}
    await search_tickets(caller, msgspec.json.encode({"query": by_key}))


def test_names_are_unique() -> None:
    assert [name for name, each in CONSTANTS.items() if len(each) > 1] == []


def test_statements_about_all_workspaces_are_known() -> None:
    others = set(CONSTANTS) - set(LOCAL)
    assert others == set(GLOBAL)


def test_statements_do_not_ask_for_the_time() -> None:
    asking = {name for name, (statement, *_) in CONSTANTS.items() if _THE_TIME.search(statement.sql)}
    assert asking == set(ASK_FOR_THE_TIME)


@pytest.mark.parametrize("name", CONSTANTS)
def test_statement_is_valid_and_answers_what_its_row_takes(name: str, database: Database) -> None:
    statement = CONSTANTS[name][0]
    columns = len(database.columns_of(statement.sql))
    if isinstance(statement, Query | GlobalQuery):
        taken = _taken_by(statement.row)
        assert columns in taken, f"{columns} columns for a row of {taken}"


def _taken_by(row: Any) -> range:
    """How many columns a row may be made of."""
    if isinstance(row, type) and issubclass(row, msgspec.Struct):
        fields = msgspec.structs.fields(row)
        required = sum(each.required for each in fields)
        return range(required, len(fields) + 1)
    if inspect.isfunction(row):
        parameters = inspect.signature(row).parameters.values()
        takes_any = any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters)
        return range(1, 1000) if takes_any else range(len(parameters), len(parameters) + 1)
    return range(1, 2)


@pytest.mark.parametrize("name", LOCAL)
def test_statement_keeps_to_the_workspace_of_its_first_parameter(name: str, database: Database) -> None:
    assert _strays(CONSTANTS[name][0], database) == []


def test_compiled_statements_keep_to_the_workspace_too(
    compiled: dict[str, list[Statement]], database: Database
) -> None:
    assert set(compiled) == set().union(*COMPILED.values())
    for each in (statement for statements_ in compiled.values() for statement in statements_):
        assert isinstance(each, Query | Command)
        assert _strays(each, database) == []


@pytest.mark.parametrize(
    ("condition", "restricts"),
    [
        ("(workspace_id = $1)", True),
        ("((t.workspace_id = ($1)::text) AND (t.id = $2))", True),
        ("(((v.workspace_id = $1) AND (v.id = $2)) OR ((v.workspace_id = $1) AND (v.email = $4)))", True),
        ("(((v.workspace_id = $1) AND (v.id = $2)) OR (v.email = $4))", False),
        ("((id = $2) AND ((workspace_id = $1) OR (name = $3)))", False),
        ("((id = $2) AND (name = $1))", False),
        ("(workspace_id = $2)", False),
        ("(NOT (workspace_id = $1))", False),
    ],
)
def test_conditions_are_understood(condition: str, restricts: bool) -> None:
    assert _restricts(condition, _ITS_WORKSPACE.format(column="workspace_id")) == restricts


def test_a_statement_that_forgets_the_workspace_of_one_table_is_found(database: Database) -> None:
    forgetful = Query("f", int, "SELECT n.id FROM notes n WHERE n.workspace_id = $1 AND n.id IN (SELECT id FROM tags)")
    assert [found.partition(":")[0] for found in _strays(forgetful, database)] == ["reads tags of any workspace"]
    joined = "SELECT n.id FROM notes n JOIN tags t ON t.workspace_id = n.workspace_id WHERE t.workspace_id = $1"
    assert _strays(Query("j", int, joined), database) == []
    either = "SELECT id FROM teams WHERE workspace_id = $1 AND id = $2 OR name = $3"
    assert [found.partition(":")[0] for found in _strays(Query("e", int, either), database)] == [
        "reads teams of any workspace"
    ]
    foreign = "INSERT INTO teams (workspace_id, name, created_at) SELECT w.id, $1, w.created_at FROM workspaces w"
    assert _strays(Command("i", foreign), database) == ["writes teams of w.id", "reads workspaces of any workspace: "]


def _strays(statement: Statement, database: Database) -> list[str]:
    """What a statement reads or writes of other workspaces."""
    return [found for node in _nodes(database.plan_of(statement.sql)) if (found := _stray(node, database))]


def _nodes(plan: Json) -> Iterator[Json]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)


def _stray(node: Json, database: Database) -> str | None:
    table = node.get("Relation Name")
    if table is None:
        return None
    if node["Node Type"] != "ModifyTable":
        if table not in [*database.tenant_tables, "workspaces"]:
            return None
        conditions = [_QUOTED.sub("''", node[key]) for key in ("Index Cond", "Recheck Cond", "Filter") if key in node]
        its_own = _ITS_WORKSPACE.format(column="id" if table == "workspaces" else "workspace_id")
        is_restricted = any(_restricts(condition, its_own) for condition in conditions)
        return None if is_restricted else f"reads {table} of any workspace: {' AND '.join(conditions)}"
    if node["Operation"] != "Insert" or table not in database.tenant_tables:
        return None
    source = next(child for child in node["Plans"] if child["Parent Relationship"] == "Outer")
    written = source["Output"][database.place_of_workspace(table)]
    # A column of that name was read from a table, which is restricted itself.
    return None if re.fullmatch(r"\(?\$1\)?(::text)?|.*\.workspace_id", written) else f"writes {table} of {written}"


def _restricts(condition: str, wanted: str) -> bool:
    """Whether a condition holds only where the wanted one does, as PostgreSQL writes conditions."""
    if re.fullmatch(wanted, condition):
        return True
    inner = condition[1:-1] if condition.startswith("(") else condition
    conjuncts, disjuncts = _parts(inner, " AND "), _parts(inner, " OR ")
    if len(conjuncts) > 1:
        return any(_restricts(part, wanted) for part in conjuncts)
    return len(disjuncts) > 1 and all(_restricts(part, wanted) for part in disjuncts)


def _parts(condition: str, joint: str) -> list[str]:
    """What a condition joins at its outermost level."""
    parts, depth = [""], 0
    for word in re.split(f"({joint})", condition):
        if word == joint and depth == 0:
            parts.append("")
            continue
        depth += word.count("(") - word.count(")")
        parts[-1] += word
    return parts


# The source


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(_SOURCE.rglob("*.py")):
        yield str(path.relative_to(_SOURCE)), ast.parse(path.read_text(encoding="utf-8"))


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in ast.walk(node) if isinstance(each, ast.Call))


def _called(call: ast.Call) -> str:
    """The last name of what is called."""
    function = call.func.value if isinstance(call.func, ast.Subscript) else call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_statements_are_constants_but_for_the_known_compiled_ones() -> None:
    """A function may make statements if modules call it while they are imported; then they are constants too."""
    compiling = set()
    for path, module in _modules():
        outside = [node for node in module.body if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        used_at_import = {_called(call) for node in outside for call in _calls(node)}
        for function in module.body:
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                makes_one = any(_called(call) in _CLASSES for call in _calls(function))
                if makes_one and function.name not in used_at_import:
                    compiling.add((path, function.name))
    assert compiling == set(COMPILED)


def test_values_are_never_formatted_into_a_statement() -> None:
    """F-strings put columns and conditions together; other ways of formatting are for values."""
    made = [(path, call) for path, module in _modules() for call in _calls(module) if _called(call) in _CLASSES]
    assert len(made) > 100
    formatted = [f"{path}:{call.lineno}" for path, call in made if not isinstance(call.args[-1], _LITERALS)]
    assert formatted == []


def test_nothing_else_talks_to_the_database() -> None:
    methods = {
        "execute",
        "executemany",
        "fetch",
        "fetchrow",
        "fetchval",
        "cursor",
        "copy_records_to_table",
        "copy_from_query",
    }
    talking = {
        path
        for path, module in _modules()
        for call in _calls(module)
        if isinstance(call.func, ast.Attribute) and call.func.attr in methods
    }
    assert talking == set(RAW)


def test_every_plan_is_read_as_a_whole(database: Database) -> None:
    plan = database.plan_of("WITH a AS (DELETE FROM tags RETURNING id) SELECT (SELECT 1 FROM notes LIMIT 1), id FROM a")
    tables = {node.get("Relation Name") for node in _nodes(plan)}
    assert {"tags", "notes"} <= tables
