"""Exports of what was sent: every message of the range and no other, and nothing is left of what was broken off."""

import asyncio
import csv
import gzip
import io
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from callbox.exports.data_export import service, writing
from callbox.exports.data_export.queries import ExportKey
from callbox.exports.data_export.receipts import COLUMNS
from callbox.platform import files as stored_files
from callbox.platform.database import close_pool, open_pool
from callbox.platform.files import open_files
from callbox.workspace.workspaces import operator_caller
from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World

Json = dict[str, Any]
Eventually = Callable[[Callable[[], Any]], Any]
NOW = int(time.time())
DAY = 24 * 3600
RANGE = {"created_at_after": NOW - DAY, "created_at_before": NOW + DAY}


def message(world: World, contact: Json, **values: Any) -> Json:
    """A message of the admin to a contact."""
    sender, to = {"type": "admin", "id": world.admin_id()}, {"type": "user", "id": contact["id"]}
    return world.post("/messages", {"from": sender, "to": to, "body": "Hello", **values})


def finished(world: World, eventually: Eventually, export: Json) -> Json:
    """The export when it is no longer at work."""

    def state() -> Json | None:
        found: Json = world.call("GET", f"/export/content/data/{export['job_identifier']}")
        return None if found["status"] in {"pending", "in_progress"} else found

    ended: Json = eventually(state)
    return ended


def rows_of(world: World, export: Json) -> list[dict[str, str]]:
    """What an export holds."""
    answer = world.api.get(export["download_url"], headers={"Accept": "application/octet-stream"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert int(answer.headers["content-length"]) == len(answer.content)
    return list(csv.DictReader(io.StringIO(gzip.decompress(answer.content).decode(), newline="")))


def exported(world: World, eventually: Eventually, **range_: int) -> list[dict[str, str]]:
    """What a new export holds when it is complete."""
    return rows_of(world, finished(world, eventually, world.post("/export/content/data", {**RANGE, **range_})))


def test_the_rows_are_the_messages_that_were_sent(world: World, other: TestWorkspace, eventually: Eventually) -> None:
    employee, company = world.employee()
    lead = world.lead(name='Gra"ce,\nof Hopper')
    chat = message(world, employee)
    mail = message(world, lead, message_type="email", subject="Your roster", template="plain")
    answered = world.call("POST", f"/manage/v1/messages/{chat['id']}/answer", json={"body": "Thanks"})
    foreign = World(other.api)
    message(foreign, foreign.user())
    by_id = {row["receipt_id"]: row for row in exported(world, eventually)}
    assert set(by_id) == {chat["id"], mail["id"]}
    first, second = by_id[chat["id"]], by_id[mail["id"]]
    assert tuple(first) == COLUMNS
    filled = {name: value for name, value in first.items() if value}
    replied = answered["statistics"]["first_contact_reply_at"] if answered["statistics"] else answered["updated_at"]
    assert filled == {
        "user_id": employee["id"],
        "user_external_id": employee["external_id"],
        "company_id": company["id"],
        "company_external_id": company["company_id"],
        "email": employee["email"],
        "name": employee["name"],
        **dict.fromkeys(("ruleset_id", "content_id", "ruleset_version_id", "receipt_id"), chat["id"]),
        "content_type": "Chat",
        "created_via": "api",
        "received_at": str(chat["created_at"]),
        "conversation_id": answered["id"],
        "series_id": "-1",
        "first_reply": str(replied),
    }
    told = {name: second[name] for name in ("company_id", "name", "content_type", "content_title", "first_reply")}
    assert told == {
        "company_id": "-1",
        "name": 'Gra"ce,\nof Hopper',
        "content_type": "Email",
        "content_title": "Your roster",
        "first_reply": "",
    }


def test_both_ends_of_the_range_belong_to_it_and_what_happened_later_does_not(
    world: World, eventually: Eventually
) -> None:
    user = world.user()
    sent = [message(world, user, created_at=NOW - seconds)["id"] for seconds in (301, 300, 200, 199)]
    world.call("POST", f"/manage/v1/messages/{sent[1]}/answer", json={"body": "Thanks"})
    rows = exported(world, eventually, created_at_after=NOW - 300, created_at_before=NOW - 200)
    assert [row["receipt_id"] for row in rows] == sent[1:3]
    assert [row["first_reply"] for row in rows] == ["", ""]


TRICKY = ("=1+1", "+353", "-1", "@SUM(A1)", "\t=1", "\rx", "'=1", "''@x", "'t Hooft", "a=b", "Ada")


def test_no_cell_is_a_formula_and_every_text_comes_back(world: World, eventually: Eventually) -> None:
    sent = {message(world, world.user(name=name))["id"]: name for name in TRICKY}
    rows = exported(world, eventually)
    assert not [row["name"] for row in rows if row["name"].startswith(("=", "+", "-", "@", "\t", "\r"))]
    read = {row["receipt_id"]: _without_apostrophe(row["name"]) for row in rows}
    assert read == sent


def _without_apostrophe(cell: str) -> str:
    """As docs/operations.md says to read a cell."""
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def test_where_nothing_was_sent_there_is_nothing_to_download(
    world: World, api: httpx.Client, eventually: Eventually
) -> None:
    ended = finished(world, eventually, world.post("/export/content/data", RANGE))
    assert ended == {**ended, "status": "no_data", "download_url": "", "download_expires_at": ""}
    assert api.get(f"/download/content/data/{ended['job_identifier']}").status_code == 404
    assert world.post("/export/content/data", RANGE)["status"] == "pending", "the next one may begin"


def test_a_complete_export_is_there_for_two_days(
    world: World, api: httpx.Client, workspace: TestWorkspace, eventually: Eventually
) -> None:
    message(world, world.user())
    ended = finished(world, eventually, world.post("/export/content/data", RANGE))
    assert abs(int(ended["download_expires_at"]) - time.time() - 2 * DAY) < 60
    assert ended["download_url"] == f"{api.base_url}/download/content/data/{ended['job_identifier']}"
    assert api.get(ended["download_url"], headers={"Authorization": ""}).status_code == 401
    [managed] = world.call("GET", "/manage/v1/exports")["data"]
    assert (managed["rows_total"], managed["rows_written"], managed["attempts"]) == (1, 1, 1)
    assert managed["filesize"] == len(api.get(ended["download_url"]).content)
    world.call("PUT", "/manage/v1/clock", json={"now": int(ended["download_expires_at"]) + 2})
    assert api.get(ended["download_url"]).status_code == 404
    expired = world.call("GET", f"/export/content/data/{ended['job_identifier']}")
    assert (expired["status"], expired["download_url"]) == ("completed", "")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"created_at_after": 2, "created_at_before": 1}, "created_at_after is greater than created_at_before"),
        ({"created_at_after": 2}, "'created_at_before' is a required parameter"),
        ({"created_at_before": 2}, "'created_at_after' is a required parameter"),
        ({**RANGE, "colour": "red"}, "bad 'colour' parameter"),
    ],
)
def test_a_range_that_is_none_is_refused_in_the_recorded_words(api: httpx.Client, body: Json, message: str) -> None:
    answer = api.post("/export/content/data", json=body)
    assert answer.status_code == 400
    assert answer.json() == {
        "type": "error.list",
        "request_id": None,
        "errors": [{"code": "bad_request", "message": message}],
    }


def test_all_of_time_can_be_asked_for(world: World, eventually: Eventually) -> None:
    sent = message(world, world.user())
    rows = exported(world, eventually, created_at_after=0, created_at_before=253_402_300_799)
    assert [row["receipt_id"] for row in rows] == [sent["id"]]


def test_a_workspace_exports_one_thing_at_a_time(quiet: TestWorkspace, outbox: Any) -> None:
    world = World(quiet.api)
    first = world.post("/export/content/data", RANGE)
    assert first == {**first, "status": "pending", "download_url": "", "download_expires_at": ""}
    refused = quiet.api.post("/export/content/data", json=RANGE)
    assert (refused.status_code, refused.json()["errors"]) == (
        429,
        [{"code": "rate_limit_exceeded", "message": "Exceeded rate limit of 1 pending message data export jobs"}],
    )
    canceled = world.call("POST", f"/export/cancel/{first['job_identifier']}")
    assert canceled == {**first, "status": "canceled"}
    assert world.post("/export/content/data", RANGE)["status"] == "pending"


@pytest.mark.parametrize("path", ["/export/content/data/{}", "/download/content/data/{}"])
def test_an_unknown_export_is_not_found(api: httpx.Client, path: str) -> None:
    answer = api.get(path.format("bxe9awlish03jkq8"))
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (
        404,
        "The requested resource does not exist.",
    )
    assert api.post("/export/cancel/bxe9awlish03jkq8").status_code == 404


# What happens mid-way: the attempts run here, beside a server that has no worker.

MESSAGES = 20_000


@pytest.fixture
async def sent(quiet: TestWorkspace, quiet_server: RunningServer) -> int:
    """Some thousands of messages in the quiet workspace; answers how many."""
    world = World(quiet.api)
    user_id, admin_id = world.user()["id"], int(world.admin_id())
    connection = await asyncpg.connect(quiet_server.database_url)
    await connection.execute(
        """
        INSERT INTO messages (workspace_id, message_type, body, from_admin_id, to_contact_id, created_at)
        SELECT $1, 'inapp', '<p>Hello</p>', $2, $3, now() FROM generate_series(1, $4)
        """,
        quiet.id,
        admin_id,
        user_id,
        MESSAGES,
    )
    await connection.close()
    return MESSAGES


@pytest.fixture
async def files(quiet_server: RunningServer, tmp_path: Path) -> AsyncIterator[Path]:
    """Where the attempts of this test put their files."""
    open_files(str(tmp_path / "files"))
    await open_pool(quiet_server.database_url, 4)
    yield tmp_path / "files"
    await close_pool()


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], Any]], None]:
    """Lets something happen before an export begins, and when the first, second, third … piece of it was written."""
    monkeypatch.setattr(writing, "_PIECE_BYTES", 10_000)
    monkeypatch.setattr(writing, "_COMPRESSION_LEVEL", 0)
    monkeypatch.setattr(stored_files, "_PART_BYTES", 1_000)

    def at_pieces(happens: Callable[[int], Any]) -> None:
        told, number = writing._Packer.tell_progress, iter(range(1_000_000))

        async def tell(self: Any) -> None:
            await happens(next(number))
            await told(self)

        monkeypatch.setattr(writing._Packer, "tell_progress", tell)

    return at_pieces


def begun(quiet: TestWorkspace) -> ExportKey:
    """A new export of the quiet workspace."""
    return ExportKey(quiet.id, World(quiet.api).post("/export/content/data", RANGE)["job_identifier"])


async def kept(files: Path) -> list[Path]:
    """All that lies where files are kept."""
    return [Path(place) / name for place, _, names in os.walk(files) for name in names]


def managed(quiet: TestWorkspace) -> Json:
    """The newest export with its progress."""
    newest: Json = quiet.api.get("/manage/v1/exports").json()["data"][0]
    return newest


async def test_progress_is_told_and_a_cancel_midway_leaves_nothing(
    quiet: TestWorkspace, sent: int, files: Path, pieces: Callable[..., None]
) -> None:
    key, seen = begun(quiet), []

    async def look(number: int) -> None:
        seen.append(managed(quiet))
        if number == 4:
            assert await kept(files), "something was written by then, or this test sees nothing"
            assert quiet.api.post(f"/export/cancel/{key.id}").json()["status"] == "canceled"

    pieces(look)
    await writing.write_export(key)
    counts = [each["rows_written"] for each in seen]
    assert counts == sorted(counts)
    assert 0 < counts[-1] < sent == seen[-1]["rows_total"]
    assert await kept(files) == []
    assert managed(quiet)["status"] == "canceled"
    await writing.write_export(key)
    assert managed(quiet)["status"] == "canceled", "the job that comes again finds nothing to do"


async def test_an_attempt_that_breaks_off_is_followed_by_one_that_completes(
    quiet: TestWorkspace, sent: int, files: Path, pieces: Callable[..., None]
) -> None:
    async def fail_once(number: int) -> None:
        if number == 4:
            raise OSError("the disk is full")

    key = begun(quiet)
    pieces(fail_once)
    with pytest.raises(OSError, match="full"):
        await writing.write_export(key)
    assert await kept(files) == []
    await writing.write_export(key)
    assert (managed(quiet)["status"], managed(quiet)["rows_written"], managed(quiet)["attempts"]) == (
        "completed",
        sent,
        2,
    )
    [file] = await kept(files)
    assert gzip.decompress(file.read_bytes()).count(b"\n") == sent + 1


async def test_an_attempt_that_is_told_to_stop_ends_at_once_and_leaves_nothing(
    quiet: TestWorkspace, sent: int, files: Path, pieces: Callable[..., None]
) -> None:
    async def stop_once(number: int) -> None:
        if number == 4:
            running.cancel()

    key = begun(quiet)
    pieces(stop_once)
    running = asyncio.create_task(writing.write_export(key))
    async with asyncio.timeout(20):  # it would wait longer for all that PostgreSQL still wants to send
        await asyncio.wait([running])
    assert running.cancelled()
    assert await kept(files) == []
    await writing.write_export(key)
    assert (managed(quiet)["status"], managed(quiet)["rows_written"]) == ("completed", sent)


async def test_an_export_that_never_succeeds_fails_and_lets_the_next_one_begin(
    quiet: TestWorkspace, sent: int, files: Path, pieces: Callable[..., None]
) -> None:
    async def fail(_: int) -> None:
        raise OSError("the disk is full")

    assert sent
    key = begun(quiet)
    pieces(fail)
    for _ in range(writing.MAX_ATTEMPTS - 1):
        with pytest.raises(OSError, match="full"):
            await writing.write_export(key)
    await writing.write_export(key)
    assert (managed(quiet)["status"], managed(quiet)["error"]) == ("failed", "OSError: the disk is full")
    assert await kept(files) == []
    assert begun(quiet).id != key.id


async def test_of_two_attempts_the_later_one_has_the_export(
    quiet: TestWorkspace, sent: int, files: Path, pieces: Callable[..., None]
) -> None:
    key = begun(quiet)

    async def take_over(number: int) -> None:
        if number == 4:
            await writing.write_export(key)

    pieces(take_over)
    await writing.write_export(key)
    assert (managed(quiet)["status"], managed(quiet)["rows_written"]) == ("completed", sent)
    assert len(await kept(files)) == 1


async def test_files_of_expired_and_canceled_exports_are_deleted(quiet: TestWorkspace, sent: int, files: Path) -> None:
    assert sent
    world = World(quiet.api)
    first = begun(quiet)
    await writing.write_export(first)
    caller = await operator_caller(quiet.id)
    assert (await service.cancel_export(caller, first.id)).status == "canceled"
    assert await kept(files) == []
    await writing.write_export(begun(quiet))
    await service.expire()
    assert len(await kept(files)) == 1, "its time has not come"
    world.call("PUT", "/manage/v1/clock", json={"now": NOW + 2 * DAY + 3600})
    await service.expire()
    assert await kept(files) == []
