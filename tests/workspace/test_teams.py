"""Teams: groups of admins, with who is asked first."""

from typing import Any

import httpx
import pytest

from tests.conftest import TestWorkspace
from tests.people.tools import body_of, error_of

Json = dict[str, Any]

STRANGE_IDS = ["invalid_id", "0", "-1", "9" * 18, "9" * 40, "x" * 500, "%F0%9F%99%82"]
NOT_FOUND = (404, "team_not_found", "Team not found")


@pytest.fixture
def admin_ids(api: httpx.Client) -> list[int]:
    """Three admins, in the order of their ids."""
    made = [
        body_of(api.post("/manage/v1/admins", json={"email": f"{number}@example.com", "name": f"Admin {number}"}))
        for number in range(3)
    ]
    return [int(each["id"]) for each in made]


def team(api: httpx.Client, name: str = "Bread", members: list[Json] | None = None) -> Json:
    return body_of(api.post("/manage/v1/teams", json={"name": name, "members": members or []}))


def test_workspace_begins_without_teams(api: httpx.Client) -> None:
    assert body_of(api.get("/teams")) == {"type": "team.list", "teams": []}


def test_team_is_shown_with_its_members_by_priority(api: httpx.Client, admin_ids: list[int]) -> None:
    first, second, third = admin_ids
    members: list[Json] = [
        {"admin_id": str(third), "priority": "secondary"},
        {"admin_id": first, "priority": "primary"},
        {"admin_id": second},
    ]
    made = team(api, members=members)
    assert made == {
        "type": "team",
        "id": made["id"],
        "name": "Bread",
        "admin_ids": [first, second, third],
        "admin_priority_level": {"primary_admin_ids": [first], "secondary_admin_ids": [third]},
    }
    assert made["id"].isdigit()
    assert body_of(api.get(f"/teams/{made['id']}")) == made
    assert body_of(api.get("/teams")) == {"type": "team.list", "teams": [made]}


def test_admins_show_their_teams(api: httpx.Client, admin_ids: list[int]) -> None:
    first = admin_ids[0]
    teams = [team(api, name, [{"admin_id": first, "priority": "primary"}]) for name in ("Bread", "Cake")]
    level = {"primary_team_ids": [int(each["id"]) for each in teams], "secondary_team_ids": []}
    shown = body_of(api.get(f"/admins/{first}"))
    assert (shown["team_ids"], shown["team_priority_level"]) == (level["primary_team_ids"], level)
    body_of(api.delete(f"/manage/v1/teams/{teams[0]['id']}"))
    assert body_of(api.get(f"/admins/{first}"))["team_ids"] == [int(teams[1]["id"])]


def test_change_renames_or_replaces_all_members(api: httpx.Client, admin_ids: list[int]) -> None:
    made = team(api, members=[{"admin_id": admin_ids[0], "priority": "primary"}])
    path = f"/manage/v1/teams/{made['id']}"
    assert body_of(api.put(path, json={"name": "Cake"})) == {**made, "name": "Cake"}
    replaced = body_of(api.put(path, json={"members": [{"admin_id": admin_ids[1]}]}))
    assert (replaced["name"], replaced["admin_ids"]) == ("Cake", [admin_ids[1]])
    assert replaced["admin_priority_level"] == {"primary_admin_ids": [], "secondary_admin_ids": []}
    assert body_of(api.put(path, json={"members": []}))["admin_ids"] == []


def test_member_named_twice_is_one(api: httpx.Client, admin_ids: list[int]) -> None:
    members: list[Json] = [{"admin_id": admin_ids[0], "priority": "primary"}, {"admin_id": admin_ids[0]}]
    made = team(api, members=members)
    assert (made["admin_ids"], made["admin_priority_level"]["primary_admin_ids"]) == ([admin_ids[0]], [])


def test_deleted_team_is_gone_and_its_members_stay(api: httpx.Client, admin_ids: list[int]) -> None:
    made = team(api, members=[{"admin_id": admin_ids[0]}])
    answer = body_of(api.delete(f"/manage/v1/teams/{made['id']}"))
    assert answer == {"type": "team", "id": made["id"], "deleted": True}
    assert error_of(api.get(f"/teams/{made['id']}")) == NOT_FOUND
    assert body_of(api.get("/teams"))["teams"] == []
    assert api.get(f"/admins/{admin_ids[0]}").status_code == 200


@pytest.mark.parametrize("team_id", STRANGE_IDS)
def test_unknown_team_is_not_found(api: httpx.Client, team_id: str) -> None:
    assert error_of(api.get(f"/teams/{team_id}")) == NOT_FOUND
    assert error_of(api.put(f"/manage/v1/teams/{team_id}", json={"name": "Cake"})) == NOT_FOUND
    assert error_of(api.delete(f"/manage/v1/teams/{team_id}")) == NOT_FOUND


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": " "}, "name"),
        ({"name": 7}, "name"),
        ({"name": "Bread", "members": [{"admin_id": "nobody"}]}, "members: nobody"),
        ({"name": "Bread", "members": [{"admin_id": 900_000_000_000_001}]}, "members: 900000000000001"),
        ({"name": "Bread", "members": [{"admin_id": "1", "priority": "third"}]}, "members"),
        ({"name": "Bread", "members": ["1"]}, "members"),
        ({"name": "Bread", "members": [{"admin_id": "1"}] * 1001}, "members"),
    ],
)
def test_ill_formed_team_is_refused_by_name(api: httpx.Client, body: Json, named: str) -> None:
    kept = team(api, "Kept")
    for answer in (api.post("/manage/v1/teams", json=body), api.put(f"/manage/v1/teams/{kept['id']}", json=body)):
        status, code, message = error_of(answer)
        assert (status, code) == (400, "parameter_invalid")
        assert message.startswith(named)
    assert body_of(api.get("/teams"))["teams"] == [kept]


def test_other_workspace_sees_and_changes_no_team(
    api: httpx.Client, other: TestWorkspace, admin_ids: list[int]
) -> None:
    made = team(api)
    path = f"/manage/v1/teams/{made['id']}"
    answers = (other.api.get(f"/teams/{made['id']}"), other.api.put(path, json={"name": "X"}), other.api.delete(path))
    assert [error_of(answer) for answer in answers] == [NOT_FOUND] * 3
    strangers = {"name": "Bread", "members": [{"admin_id": admin_ids[0]}]}
    assert error_of(other.api.post("/manage/v1/teams", json=strangers))[:2] == (400, "parameter_invalid")
    assert body_of(other.api.get("/teams"))["teams"] == []
    assert body_of(api.get("/teams"))["teams"] == [made]
