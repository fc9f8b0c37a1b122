"""Access tokens: what they may do, whom they act as, and how soon they are refused everywhere."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, TestWorkspace, new_workspace, start_server, stop_server
from tests.people.tools import body_of, error_of

Json = dict[str, Any]
Eventually = Callable[[Callable[[], Any]], Any]

TOKENS = "/manage/v1/access_tokens"
REVOKED = (401, "token_revoked", "The token has been revoked")
NOT_FOUND = (404, "not_found", "Access token not found")


def create(api: httpx.Client, name: str = "App", **values: Any) -> Json:
    return body_of(api.post(TOKENS, json={"name": name, **values}))


def bearer(token: Json) -> dict[str, str]:
    return {"Authorization": f"Bearer {token['access_token']}"}


def test_secret_is_shown_once(api: httpx.Client) -> None:
    made = create(api, scopes=["api", "manage"])
    me = body_of(api.get("/me"))
    listed = {key: value for key, value in made.items() if key != "access_token"}
    assert listed == {
        "type": "access_token",
        "id": made["id"],
        "name": "App",
        "scopes": ["api", "manage"],
        "admin_id": me["id"],
        "created_at": made["created_at"],
        "revoked_at": None,
    }
    body = body_of(api.get(TOKENS))
    assert (body["type"], body["data"][-1]) == ("list", listed)
    assert made["access_token"] not in api.get(TOKENS).text
    assert body_of(api.get("/me", headers=bearer(made)))["id"] == me["id"]


@pytest.mark.parametrize(
    ("scopes", "reached", "missing"),
    [(["api"], "/me", (TOKENS, "manage")), (["manage"], TOKENS, ("/me", "api"))],
)
def test_token_reaches_what_its_scopes_name(
    api: httpx.Client, scopes: list[str], reached: str, missing: tuple[str, str]
) -> None:
    token = create(api, scopes=scopes)
    path, scope = missing
    assert api.get(reached, headers=bearer(token)).status_code == 200
    message = f"You do not have the required scope ({scope}) to access this resource"
    assert error_of(api.get(path, headers=bearer(token))) == (403, "forbidden", message)


def test_token_acts_as_the_admin_it_names(api: httpx.Client) -> None:
    ada = body_of(api.post("/manage/v1/admins", json={"email": "ada@example.com", "name": "Ada"}))
    token = create(api, admin_id=int(ada["id"]))
    assert token["admin_id"] == ada["id"]
    assert body_of(api.get("/me", headers=bearer(token)))["email"] == "ada@example.com"
    body_of(api.put(f"/manage/v1/admins/{ada['id']}", json={"name": "Ada Other"}))
    assert body_of(api.get("/me", headers=bearer(token)))["name"] == "Ada Other"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, ("parameter_not_found", "name is a required parameter")),
        ({"name": " "}, ("parameter_invalid", "name must not be blank")),
        ({"name": "App", "scopes": ["everything"]}, ("parameter_invalid", "scopes must be among api, manage")),
        ({"name": "App", "scopes": []}, ("parameter_invalid", "scopes must be among api, manage")),
        (
            {"name": "App", "admin_id": "nobody"},
            ("parameter_invalid", "admin_id: nobody is not an admin of the workspace"),
        ),
    ],
)
def test_ill_formed_token_is_refused_by_name(api: httpx.Client, body: Json, expected: tuple[str, str]) -> None:
    before = api.get(TOKENS).json()
    assert error_of(api.post(TOKENS, json=body)) == (400, *expected)
    assert api.get(TOKENS).json() == before


def test_revoked_token_is_refused_and_stays_listed(api: httpx.Client) -> None:
    token, kept = create(api), create(api, "Kept")
    assert api.get("/me", headers=bearer(token)).status_code == 200
    for _ in range(2):
        listed = body_of(api.delete(f"{TOKENS}/{token['id']}"))
        assert listed == body_of(api.get(TOKENS))
        [revoked] = [each for each in listed["data"] if each["id"] == token["id"]]
        assert revoked["revoked_at"] >= revoked["created_at"]
        assert error_of(api.get("/me", headers=bearer(token))) == REVOKED
    assert api.get("/me", headers=bearer(kept)).status_code == 200


@pytest.mark.parametrize("token_id", ["invalid_id", "0", "9" * 18, "9" * 40, "x" * 500])
def test_unknown_token_is_not_found(api: httpx.Client, token_id: str) -> None:
    assert error_of(api.delete(f"{TOKENS}/{token_id}")) == NOT_FOUND


def test_other_workspace_neither_sees_nor_revokes_nor_lends_itself(api: httpx.Client, other: TestWorkspace) -> None:
    token, me = create(api), body_of(api.get("/me"))
    assert error_of(other.api.delete(f"{TOKENS}/{token['id']}")) == NOT_FOUND
    assert token["id"] not in [each["id"] for each in body_of(other.api.get(TOKENS))["data"]]
    status, code, _ = error_of(other.api.post(TOKENS, json={"name": "Spy", "admin_id": me["id"]}))
    assert (status, code) == (400, "parameter_invalid")
    assert api.get("/me", headers=bearer(token)).status_code == 200


# Several processes


@pytest.fixture(scope="module")
def several(short_directory: Path, server: RunningServer) -> Iterator[RunningServer]:
    """A server of three processes on the shared database."""
    environment = {"CALLBOX_DATABASE_URL": server.database_url}
    running = start_server(short_directory / "several", environment, "--workers", "3", "--no-worker")
    yield running
    assert stop_server(running) == 0


def test_every_process_sees_a_change_within_seconds(
    several: RunningServer, server: RunningServer, eventually: Eventually
) -> None:
    api = new_workspace(server).api
    token = create(api)

    def asked_often() -> list[httpx.Response]:
        """Each request on a connection of its own, so that every process takes some."""
        return [httpx.get(f"{several.url}/me", headers=bearer(token)) for _ in range(12)]

    def all_say(status: int, pattern: str) -> bool:
        answers = asked_often()
        return all(each.status_code == status and re.search(pattern, each.text) for each in answers)

    assert all_say(200, "Test workspace")
    body_of(api.put("/manage/v1/workspace", json={"name": "Bakery"}))
    body_of(api.put(f"/manage/v1/admins/{token['admin_id']}", json={"name": "Ada Other"}))
    eventually(lambda: all_say(200, "Ada Other.*Bakery"))
    body_of(api.delete(f"{TOKENS}/{token['id']}"))
    eventually(lambda: all_say(401, "token_revoked"))
    api.close()
