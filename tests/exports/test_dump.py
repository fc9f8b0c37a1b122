"""`callbox export`: everything of one workspace and nothing of another, in files that other programs read."""

import asyncio
import base64
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from arro3.io import read_parquet

from callbox.exports.dump.tables import RESOURCES
from tests.cli.commands import Answer, Commands, Start
from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World

Json = dict[str, Any]
Export = Callable[..., Answer]

# Tables of workspaces that are not exported, and why.
LEFT_OUT = {
    "access_tokens": "secrets",
    "article_index": "an index for searches",
    "article_words": "an index for searches",
    "company_scrolls": "where somebody is reading",
    "conversation_words": "an index for searches",
    "counts": "they can be counted",
    "data_exports": "jobs, not data",
    "email_message_ids": "an index of mails",
    "email_settings": "secrets",
    "failed_events": "on its way",
    "idempotency_keys": "a cache",
    "live_viewers": "who is there at the moment",
    "outbox": "on its way",
    "recent_events": "on its way",
    "unseen_replies": "on its way",
    "webhook_attempts": "how deliveries went",
    "webhook_deliveries": "on its way",
    "webhook_events": "on its way",
    "webhooks": "secrets",
}


async def _fetch(url: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
        return rows
    finally:
        await connection.close()


def fetch(url: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
    """Rows of a statement in a database."""
    return asyncio.run(_fetch(url, statement, *arguments))


@pytest.fixture
def export(server: RunningServer, start_command: Start, workspace: TestWorkspace, short_directory: Path) -> Export:
    """Runs `callbox export` for this test's workspace."""
    commands = Commands({"CALLBOX_DATABASE_URL": server.database_url}, start_command)
    place = ["--data", str(short_directory / "server"), "--workspace", workspace.id]
    return lambda *arguments: commands.run("export", *place, *arguments)


@pytest.fixture
def furnished(world: World) -> Json:
    """A contact with a note, a conversation and a file; answers what is known of them."""
    world.attribute(name="plan")
    contact = world.user(name='Ada\n"Lovelace"', custom_attributes={"plan": "pro"})
    world.note(contact["id"])
    begun = world.post("/conversations", {"from": {"type": "user", "id": contact["id"]}, "body": "Hello 🍞"})
    reply = {"message_type": "comment", "type": "admin", "admin_id": world.admin_id(), "body": "Look"}
    file = {"content_type": "text/plain", "name": "hours.txt", "data": base64.b64encode(b"8 hours").decode()}
    world.post(f"/conversations/{begun['conversation_id']}/reply", {**reply, "attachment_files": [file]})
    world.news(labels=["New", "Product"])
    return contact


def lines(path: Path) -> list[Json]:
    """The objects of a file of JSON Lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_table_is_exported_or_left_out_for_a_reason(server: RunningServer) -> None:
    tables = fetch(
        server.database_url, "SELECT table_name FROM information_schema.columns WHERE column_name = 'workspace_id'"
    )
    exported = {resource.table for resource in RESOURCES.values()}
    assert exported | set(LEFT_OUT) == {table for [table] in tables}
    assert not exported & set(LEFT_OUT)


def test_no_exported_column_sounds_like_a_secret(server: RunningServer) -> None:
    columns = fetch(
        server.database_url,
        "SELECT column_name FROM information_schema.columns WHERE table_name = ANY ($1::text[])",
        [resource.table for resource in RESOURCES.values()],
    )
    assert [name for [name] in columns if re.search("secret|password|token|private|sha256", name)] == []


def test_json_lines_hold_everything_of_the_workspace_alone(
    furnished: Json,
    workspace: TestWorkspace,
    other: TestWorkspace,
    server: RunningServer,
    export: Export,
    tmp_path: Path,
) -> None:
    World(other.api).user()
    out = tmp_path / "new" / "out"
    done = export("--out", str(out))
    assert done.code == 0, done.messages
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["workspace_id"], manifest["format"], manifest["missing_files"]) == (workspace.id, "jsonl", [])
    for name, resource in RESOURCES.items():
        query = f"SELECT count(*) FROM {resource.table} WHERE workspace_id = $1 AND {resource.condition}"
        [[count]] = fetch(server.database_url, query, workspace.id)
        assert len(lines(out / f"{name}.jsonl")) == manifest["rows"][name] == count, name
    assert (manifest["rows"]["conversations"], manifest["rows"]["tickets"]) == (1, 0)
    [contact] = lines(out / "contacts.jsonl")
    told = {key: contact[key] for key in ("id", "name", "custom_attributes", "email")}
    assert told == {**told, "id": furnished["id"], "name": 'Ada\n"Lovelace"', "custom_attributes": {"plan": "pro"}}
    assert int(datetime.fromisoformat(contact["created_at"]).timestamp()) == furnished["created_at"]
    assert not {"workspace_id", "custom_attributes_folded"} & set(contact)
    assert lines(out / "news_items.jsonl")[0]["labels"] == ["New", "Product"]
    [file] = lines(out / "files.jsonl")
    assert (out / "files" / file["id"]).read_bytes() == b"8 hours"
    assert "link_key" not in (out / "manifest.json").read_text()


def test_parquet_holds_the_same_rows_with_types(furnished: Json, export: Export, tmp_path: Path) -> None:
    assert furnished
    tables = "contacts,conversation_parts,news_items,team_members"
    for file_format in ("parquet", "jsonl"):
        done = export("--out", str(tmp_path / file_format), "--format", file_format, "--only", tables)
        assert done.code == 0, done.messages
    for table in tables.split(","):
        read = read_parquet(tmp_path / "parquet" / f"{table}.parquet").read_all()
        columns = {name: read.column(name).to_pylist() for name in read.column_names}
        for number, line in enumerate(lines(tmp_path / "jsonl" / f"{table}.jsonl")):
            assert set(line) == set(columns)
            for name, value in line.items():
                assert _same(columns[name][number], value), f"{table}.{name}"
    schema = read_parquet(tmp_path / "parquet/contacts.parquet").schema
    assert "Timestamp" in str(schema.field("created_at").type)
    assert "Bool" in str(schema.field("has_hard_bounced").type)
    assert sorted(path.name for path in (tmp_path / "parquet").iterdir()) == sorted(
        ["manifest.json", *(f"{table}.parquet" for table in tables.split(","))]
    )


def _same(cell: Any, value: Any) -> bool:
    if isinstance(cell, datetime):
        return cell == datetime.fromisoformat(value)
    return bool(cell == value) or (isinstance(cell, str) and bool(json.loads(cell) == value))


def test_what_cannot_be_exported_is_said_in_a_sentence(export: Export, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    for arguments, sentence in (
        (["--out", str(tmp_path / "full")], "is not empty"),
        (["--out", str(tmp_path / "full" / "mine.txt")], "cannot be used"),
        (["--out", str(tmp_path / "a"), "--only", "contacts,access_tokens"], "only: access_tokens is none of"),
        (["--out", str(tmp_path / "a"), "--format", "xml"], "format must be one of jsonl, parquet, not xml"),
    ):
        done = export(*arguments)
        assert (done.code, done.out) == (1, "")
        assert sentence in done.messages.replace("\n", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
