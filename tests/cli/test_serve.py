"""`callbox serve`, `worker` and `database` on a data directory of their own, and what they say."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.cli.commands import Commands
from tests.conftest import RunningServer, start_server, stop_server


@pytest.fixture(scope="module")
def data(short_directory: Path) -> Path:
    """A data directory for an embedded PostgreSQL, for one test after the other."""
    return short_directory / "commands"


@pytest.fixture
def embedded(data: Path) -> Iterator[Commands]:
    """Commands on that directory; when the test ends nothing may run in it."""
    yield Commands({"CALLBOX_DATA": str(data), "CALLBOX_DATABASE_URL": ""})
    assert _processes_in(data) == []


def _processes_in(data: Path) -> list[str]:
    running = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"{data}/" in command or f"{data} " in command:
            running.append(command)
    return running


def _select_one(url: str) -> int:
    async def ask() -> int:
        connection = await asyncpg.connect(url)
        try:
            answer: int = await connection.fetchval("SELECT 1")
            return answer
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_commands_work_without_a_server_beside_one_and_after_it(embedded: Commands, data: Path) -> None:
    workspace_id = embedded("workspace", "create", "Before the server").out.strip()
    server = start_server(data, {"CALLBOX_DATABASE_URL": ""})
    assert server.first_token == ""  # there is a workspace already
    token = embedded("token", "create", "--workspace", workspace_id).out.strip()
    me = httpx.get(f"{server.url}/me", headers={"Authorization": f"Bearer {token}"}).json()
    assert me["app"]["id_code"] == workspace_id
    assert "is in use by another server" in embedded.refusal("serve", "--port", "0")
    assert "stop it first" in embedded.refusal("database", "stop")
    assert _select_one(embedded("database", "status").out.strip()) == 1
    assert stop_server(server) == 0
    assert _processes_in(data) == []
    assert "No PostgreSQL runs" in embedded.refusal("database", "status")
    assert [row[-1] for row in embedded("token", "list", "--workspace", workspace_id).rows] == ["Command line"]


def test_the_database_started_by_itself_stays_until_it_is_stopped(embedded: Commands, data: Path) -> None:
    assert embedded("database", "start").out == ""
    url = embedded("database", "status").out.strip()
    embedded("workspace", "create", "While it stays")
    assert stop_server(start_server(data, {"CALLBOX_DATABASE_URL": ""})) == 0
    assert _select_one(url) == 1
    assert embedded("database", "stop").out == ""
    assert "No PostgreSQL runs" in embedded.refusal("database", "status")
    assert embedded("database", "stop").out == ""


def test_the_last_who_uses_the_database_stops_it(embedded: Commands, data: Path) -> None:
    server = start_server(data, {"CALLBOX_DATABASE_URL": ""}, "--no-worker")
    with _worker(embedded.environment) as worker:
        assert stop_server(server) == 0
        assert _select_one(embedded("database", "status").out.strip()) == 1
        worker.terminate()
        assert worker.wait(60) == 0


@contextmanager
def _worker(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A `callbox worker` that has said that it runs."""
    command = [sys.executable, "-m", "callbox.cli", "worker"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}) as worker:
        assert worker.stderr is not None
        try:
            assert any("The worker runs" in line for line in worker.stderr)
            yield worker
        finally:
            worker.kill()


def test_a_worker_alone_does_the_work_of_a_server_without_one(
    empty_database_url: str, tmp_path: Path, eventually: Callable[[Callable[[], object]], object]
) -> None:
    environment = {"CALLBOX_DATABASE_URL": empty_database_url, "CALLBOX_DATA": str(tmp_path)}
    server = start_server(tmp_path, environment, "--no-worker")
    headers = {"Authorization": f"Bearer {server.first_token}"}
    with _worker(environment) as worker, httpx.Client(base_url=server.url, headers=headers) as api:
        api.post("/contacts", json={"email": "ada@example.com", "last_seen_at": int(time.time())})

        def is_active() -> bool:
            found = api.get("/segments", params={"include_count": True}).json()["segments"]
            return [segment["count"] for segment in found if segment["name"] == "Active"] == [1]

        eventually(is_active)
        worker.terminate()
        assert worker.wait(60) == 0
    assert stop_server(server) == 0


def test_a_first_start_says_where_to_go_and_a_later_one_how_to_get_a_token(
    empty_database_url: str, tmp_path: Path
) -> None:
    settings = {"CALLBOX_DATABASE_URL": empty_database_url, "CALLBOX_PUBLIC_URL": "https://support.example/"}
    first = start_server(tmp_path, settings)
    assert "Callbox is ready at https://support.example\n" in first.printed
    assert "https://support.example/docs" in first.printed
    assert re.search(r"^Workspace: +[a-z0-9]{8}, My workspace$", first.printed, re.MULTILINE)
    assert re.search(rf"^Access token: {first.first_token} ", first.printed, re.MULTILINE)
    headers = {"Authorization": f"Bearer {first.first_token}"}
    assert f"  curl -H 'Authorization: {headers['Authorization']}' https://support.example/me\n" in first.printed
    with httpx.Client(base_url=first.url, headers=headers) as api:
        for name in ("One", "Two"):
            api.post("/help_center/collections", json={"name": name})
        pages = api.get("/help_center/collections?per_page=1").json()["pages"]
    assert pages["next"] == "https://support.example/help_center/collections?per_page=1&page=2"
    assert stop_server(first) == 0
    later = start_server(tmp_path, settings, "--demo")
    assert f"callbox token create --data {tmp_path}\n" in later.printed
    assert "cbx_" not in later.printed
    assert "Demo data" not in later.printed
    assert stop_server(later) == 0


def test_of_servers_that_start_at_once_on_one_database_one_makes_the_workspace(
    empty_database_url: str, tmp_path: Path
) -> None:
    settings = {"CALLBOX_DATABASE_URL": empty_database_url}
    with ThreadPoolExecutor() as starting:
        servers = list(starting.map(lambda name: start_server(tmp_path / name, settings), ("one", "other")))
    assert sorted(bool(server.first_token) for server in servers) == [False, True]
    assert len(Commands(settings)("workspace", "list").rows) == 1
    assert [stop_server(server) for server in servers] == [0, 0]


def test_a_server_told_to_stop_while_it_starts_leaves_nothing_behind(short_directory: Path) -> None:
    data = short_directory / "interrupted"
    command = [sys.executable, "-m", "callbox.cli", "serve", "--port", "0", "--demo", "--data", str(data)]
    environment = {**os.environ, "CALLBOX_DATABASE_URL": ""}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "Creating the database; this is done once.\n"
        process.terminate()
        process.stderr.read()
        assert process.wait() == 0
    assert _processes_in(data) == []


def test_the_description_is_written_as_files_that_need_no_server(server: RunningServer, tmp_path: Path) -> None:
    Commands({})("docs", "--output", str(tmp_path / "docs"))
    served = {path: httpx.get(f"{server.url}{path}").content for path in ("/openapi.json", "/manage/openapi.json")}
    for path, content in served.items():
        assert (tmp_path / "docs" / path[1:]).read_bytes() == content
    page = (tmp_path / "docs" / "index.html").read_text()
    links = set(re.findall(r'(?:href|src)="([^"#][^"]*)"', page))
    assert links == {path[1:] for path in served}


def test_the_version_is_printed() -> None:
    assert Commands({})("--version").out == f"{version('callbox')}\n"
