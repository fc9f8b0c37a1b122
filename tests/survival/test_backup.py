# ruff: noqa: ASYNC240  # tests may wait
"""Backups: taken while the server works, brought back elsewhere with all that was answered before."""

import io
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from callbox.backup import _settings, _without_password, back_up, restore
from callbox.installation import InstallationError
from callbox.platform.files import open_files
from tests.cli.commands import Commands
from tests.conftest import new_database, serving, start_server, stop_server

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP8z8AARAwQCgAf7gP9hFHTdwAAAABJRU5ErkJggg=="


def _commands(data: Path, url: str) -> Commands:
    return Commands({"CALLBOX_DATA": str(data), "CALLBOX_DATABASE_URL": url})


@pytest.fixture
def data(short_directory: Path) -> Path:
    """Data directories of one test."""
    return Path(tempfile.mkdtemp(dir=short_directory))


def _keep_writing(api: httpx.Client, stop: threading.Event, answered: list[str]) -> None:
    while not stop.is_set():
        made = api.post("/contacts", json={"role": "user", "external_id": str(len(answered))})
        assert made.status_code == 200
        answered.append(made.json()["id"])


def test_what_was_answered_before_a_backup_is_there_when_it_comes_back(
    database_url: str, postgres_url: str, data: Path
) -> None:
    running = start_server(data / "first", {"CALLBOX_DATABASE_URL": database_url})
    headers = {"Authorization": f"Bearer {running.first_token}"}
    answered: list[str] = []
    stop = threading.Event()
    with httpx.Client(base_url=running.url, headers=headers, timeout=30) as api:
        user = api.post("/contacts", json={"role": "user", "email": "ada@example.com"}).json()
        begun = api.post("/conversations", json={"from": {"type": "user", "id": user["id"]}, "body": "Hello"}).json()
        reply = {
            "message_type": "comment",
            "type": "admin",
            "admin_id": api.get("/me").json()["id"],
            "body": "See",
            "attachment_files": [{"content_type": "image/png", "name": "a.png", "data": PICTURE}],
        }
        path = f"/conversations/{begun['conversation_id']}"
        conversation = api.post(f"{path}/reply", json=reply).json()
        link = conversation["conversation_parts"]["conversation_parts"][-1]["attachments"][0]["url"]
        page = api.get("/contacts", params={"per_page": 1}).json()
        writing = threading.Thread(target=_keep_writing, args=(api, stop, answered))
        writing.start()
        before = len(answered)
        said = _commands(data / "first", database_url)("database", "backup", str(data / "backup.tar"))
        stop.set()
        writing.join()
        assert "holds secrets" in said.messages
        assert (data / "backup.tar").stat().st_mode & 0o777 == 0o600
        shown = api.get(path).json()
    assert stop_server(running) == 0

    with new_database(postgres_url) as elsewhere:
        _commands(data / "second", elsewhere)("database", "restore", str(data / "backup.tar"))
        with (
            serving(data / "second", {"CALLBOX_DATABASE_URL": elsewhere}) as again,
            httpx.Client(base_url=again.url, headers=headers, timeout=30) as api,
        ):
            assert again.first_token == ""
            listed = api.get("/contacts", params={"per_page": 150}).json()
            assert {contact["id"] for contact in listed["data"]} >= {user["id"], *answered[:before]}
            assert api.get(path).json()["source"] == shown["source"]
            assert (
                httpx.get(again.url + urlsplit(link)._replace(scheme="", netloc="").geturl()).content[:4] == b"\x89PNG"
            )
            if page["pages"].get("next"):
                cursor = page["pages"]["next"]["starting_after"]
                assert api.get("/contacts", params={"per_page": 1, "starting_after": cursor}).status_code == 200
            assert api.post("/contacts", json={"role": "user", "external_id": "after"}).status_code == 200


@pytest.fixture
async def backup(database_url: str, data: Path) -> Path:
    """A backup of an installation with one workspace."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO workspaces (id, name, created_at) VALUES ('abcd1234', 'Old', now())")
    await connection.close()
    open_files(str(data / "files"))
    await back_up(database_url, data / "backup.tar", has_files=True, on_progress=print)
    return data / "backup.tar"


async def _names(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row["name"] for row in await connection.fetch("SELECT name FROM workspaces")]
    finally:
        await connection.close()


async def test_a_backup_comes_back_into_an_empty_place_or_where_all_may_be_lost(
    backup: Path, database_url: str, data: Path
) -> None:
    commands = _commands(data, database_url)
    assert "workspaces already" in commands.refusal("database", "restore", str(backup))
    kept = data / "files/abcd1234/0a"
    kept.mkdir(parents=True)
    orphan = kept / "0a0a0a0a-0000-4000-8000-000000000000"
    orphan.write_text("of somebody who is not in the backup")
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE workspaces SET name = 'New'; CREATE TABLE later (workspace_id text)")
    assert "Somebody is connected" in commands.refusal("database", "restore", "--replace", str(backup))
    await connection.close()
    commands("database", "restore", "--replace", str(backup))
    assert await _names(database_url) == ["Old"]
    assert not orphan.exists()


BROKEN: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut in the middle": (lambda content: content[: len(content) // 2], "is not whole|is no backup"),
    "something else": (lambda _: b"something else", "is no backup"),
    "without an end": (lambda content: _archive(dict([*_members(content).items()][:-1])), "is not whole"),
    "a broken database": (lambda content: _changed(content, "database.dump", lambda dump: dump[:-9000]), "as it was"),
    "of a newer release": (
        lambda content: _changed(
            content, "callbox-backup.json", lambda told: told.replace(b'schema": ', b'schema": 9')
        ),
        "a newer release",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_backup_that_is_broken_changes_nothing(backup: Path, database_url: str, data: Path, name: str) -> None:
    damage, sentence = BROKEN[name]
    broken = data / "broken.tar"
    broken.write_bytes(damage(backup.read_bytes()))
    open_files(str(data / "files"))
    with pytest.raises(InstallationError, match=sentence):
        await restore(database_url, broken, data, replace=True, on_progress=print)
    assert await _names(database_url) == ["Old"]


async def test_nothing_is_unpacked_but_what_a_backup_has(backup: Path, database_url: str, data: Path) -> None:
    file = "files/abcd1234/0b/0b0b0b0b-0000-4000-8000-000000000000"
    strange = ["../evil", "files/../../evil", "/tmp/callbox-evil", "files/abcd1234/0b/../../../evil"]
    [*own, last] = _members(backup.read_bytes()).items()
    backup.write_bytes(_archive(dict([*own, (file, b"x"), *((name, b"evil") for name in strange), last])))
    open_files(str(data / "files"))
    await restore(database_url, backup, data, replace=True, on_progress=print)
    assert (data / file).read_bytes() == b"x"
    assert not [path for path in data.parent.rglob("*evil*") if path.name.endswith("evil")]
    assert not Path("/tmp/callbox-evil").exists()


async def test_a_file_is_never_written_over_nor_an_empty_database_backed_up(
    backup: Path, empty_database_url: str, database_url: str, data: Path
) -> None:
    with pytest.raises(InstallationError, match="exists: choose another name"):
        await back_up(database_url, backup, has_files=False, on_progress=print)
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    with pytest.raises(InstallationError, match="nothing to back up"):
        await back_up(empty_database_url, data / "nothing.tar", has_files=False, on_progress=print)
    assert not [*data.glob("*nothing*"), *data.glob(".callbox-*")]


def _changed(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    members = _members(content)
    return _archive({**members, name: change(members[name])})


def _members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {member.name: file.read() for member in archive if (file := archive.extractfile(member))}


def _archive(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, piece in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(piece)
            archive.addfile(member, io.BytesIO(piece))
    return content.getvalue()


def test_a_password_is_in_no_command_line() -> None:
    for url, place in (
        ("postgresql://me:s%40fe@db/callbox?sslmode=require", "postgresql://me@db/callbox?sslmode=require"),
        ("postgresql://me@/callbox?host=/run&password=s%40fe", "postgresql://me@/callbox?host=%2Frun"),
    ):
        shown, environment = _without_password(url)
        assert (shown, environment["PGPASSWORD"]) == (place, "s@fe")


@pytest.mark.parametrize(("version", "settings"), [(15, 1), (16, 1), (17, 2), (18, 2)])
def test_a_server_is_told_no_setting_that_it_does_not_know(version: int, settings: int) -> None:
    script = io.BytesIO(b"SET lock_timeout = 0;\nSET transaction_timeout = 0;\n" + b"COPY\n" * 100)
    assert _settings(script, version).count(b"SET ") == settings
    assert script.read().count(b"COPY") == 72
