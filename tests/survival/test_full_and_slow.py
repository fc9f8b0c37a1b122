"""A full disk and a database that keeps a request waiting: refused in the API's form, with nothing half done."""

import asyncio
import base64
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from tests.conftest import (
    RunningServer,
    TestWorkspace,
    _execute,
    _in_thread,
    new_database,
    new_workspace,
    serving,
)
from tests.contract.world import World
from tests.survival.harness import children_of

_MOST_BYTES = 4 * 2**20


@pytest.fixture(scope="module")
def place(postgres_url: str, migrated_database: str, short_directory: Path) -> Iterator[tuple[RunningServer, Path]]:
    """A server whose statements wait for locks only shortly, and where it keeps files."""
    data = short_directory / "full"
    with new_database(postgres_url, migrated_database) as url:
        name = urlsplit(url).path.removeprefix("/")
        _in_thread(lambda: _execute(url, f"ALTER DATABASE {name} SET lock_timeout = '300ms'"))
        with serving(data, {"CALLBOX_DATABASE_URL": url}, "--no-worker") as running:
            yield running, data / "files"


@pytest.fixture
def workspace(place: tuple[RunningServer, Path]) -> Iterator[TestWorkspace]:
    """A workspace of this test's own on that server."""
    made = new_workspace(place[0])
    with made.api:
        yield made


def _assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "error.list"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert [error["code"] for error in answer.json()["errors"]] == ["service_unavailable"]
    assert int(answer.headers["retry-after"]) > 0


def _limit_files(server: RunningServer, most: int) -> None:
    """No file of the HTTP process may grow larger: to whoever writes, that is a full disk."""
    for child, command in children_of(server.process.pid).items():
        if "callbox.serving" in command:
            _, hard = resource.prlimit(child, resource.RLIMIT_FSIZE)
            resource.prlimit(child, resource.RLIMIT_FSIZE, (most, hard))


def test_a_file_that_does_not_fit_is_refused_with_all_that_it_is_attached_to(
    place: tuple[RunningServer, Path], workspace: TestWorkspace
) -> None:
    server, files = place
    api, world = workspace.api, World(workspace.api)
    sender = {"type": "user", "id": world.user()["id"]}
    begun = api.post("/conversations", json={"from": sender, "body": "Hello"}).json()
    path = f"/conversations/{begun['conversation_id']}"
    before = api.get(path).json()
    content = base64.b64encode(b"x" * (_MOST_BYTES + 1)).decode()
    large = {
        "message_type": "comment",
        "type": "admin",
        "admin_id": world.admin_id(),
        "body": "See there",
        "attachment_files": [{"content_type": "text/plain", "name": "large.txt", "data": content}],
    }
    _limit_files(server, _MOST_BYTES)
    _assert_unavailable(api.post(f"{path}/reply", json=large))
    assert api.get(path).json() == before
    assert [file for file in files.rglob("*") if file.is_file()] == []
    _limit_files(server, resource.RLIM_INFINITY)
    assert api.post(f"{path}/reply", json=large).status_code == 200


def test_a_statement_that_waits_for_too_long_is_refused_and_changes_nothing(
    place: tuple[RunningServer, Path], workspace: TestWorkspace
) -> None:
    api = workspace.api
    url = place[0].database_url

    async def while_locked(ask: Callable[[], Any]) -> Any:
        connection = await asyncpg.connect(url)
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")
                return await asyncio.to_thread(ask)
        finally:
            await connection.close()

    contact = {"role": "user", "external_id": "once"}
    for ask in (lambda: api.post("/contacts", json=contact), lambda: api.get("/contacts")):
        _assert_unavailable(asyncio.run(while_locked(ask)))
    assert api.get("/contacts").json()["total_count"] == 0
    assert api.post("/contacts", json=contact).status_code == 200
