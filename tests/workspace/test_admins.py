"""Admins: how they are shown, being away, coming and going."""

import re
from typing import Any

import httpx
import pytest

from tests.conftest import Outbox, TestWorkspace
from tests.contract.world import World
from tests.people.tools import body_of, error_of

Json = dict[str, Any]

STRANGE_IDS = ["invalid_id", "0", "-1", "1.5", "9" * 18, "9" * 40, "x" * 500, "%F0%9F%99%82", "a'b--"]
NOT_FOUND = (404, "admin_not_found", "Admin not found")
NO_SEAT = (403, "action_forbidden", "This admin does not have Inbox access permissions")


def admin(api: httpx.Client, email: str = "ada@example.com", **values: Any) -> Json:
    return body_of(api.post("/manage/v1/admins", json={"email": email, "name": "Ada Example", **values}))


def away(api: httpx.Client, admin_id: str, enabled: bool, reassign: bool) -> httpx.Response:
    body = {"away_mode_enabled": enabled, "away_mode_reassign": reassign}
    return api.put(f"/admins/{admin_id}/away", json=body)


@pytest.fixture
def me(api: httpx.Client) -> str:
    return str(body_of(api.get("/me"))["id"])


# How they are shown


def test_me_is_the_admin_of_the_token_with_the_workspace(workspace: TestWorkspace) -> None:
    body = body_of(workspace.api.get("/me"))
    assert (body["type"], body["has_inbox_seat"], body["team_ids"]) == ("admin", True, [])
    assert re.fullmatch(r"[1-9][0-9]*", body["id"])
    assert body["avatar"] == {"image_url": None, "type": "avatar"}
    assert body["email_verified"] in {True, False, None}
    app = body["app"]
    assert app == {
        "type": "app",
        "id_code": workspace.id,
        "name": "Test workspace",
        "created_at": app["created_at"],
        "secure": False,
        "identity_verification": False,
        "timezone": "UTC",
        "region": "US",
    }
    assert isinstance(app["created_at"], int)


def test_admin_is_shown_alike_wherever_they_are_shown_whole(api: httpx.Client) -> None:
    made = admin(api, job_title="Baker")
    assert made == {
        "type": "admin",
        "id": made["id"],
        "name": "Ada Example",
        "email": "ada@example.com",
        "job_title": "Baker",
        "away_mode_enabled": False,
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": [],
        "team_priority_level": {"primary_team_ids": [], "secondary_team_ids": []},
    }
    assert body_of(api.get(f"/admins/{made['id']}")) == made
    listed = body_of(api.get("/admins"))
    assert list(listed) == ["type", "admins"]
    assert (listed["type"], listed["admins"][-1]) == ("admin.list", made)


def test_admins_are_listed_oldest_first(api: httpx.Client, me: str) -> None:
    made = [admin(api, f"{number}@example.com")["id"] for number in range(3)]
    assert [each["id"] for each in body_of(api.get("/admins"))["admins"]] == [me, *made]


def test_avatars_are_listed_only_on_demand(api: httpx.Client) -> None:
    picture = "https://example.com/ada.png"
    made = admin(api, avatar=picture)
    shown = body_of(api.get("/admins", params={"display_avatar": "true"}))["admins"]
    assert [each["avatar"] for each in shown] == [None, {"image_url": picture}]
    for answer in (api.get("/admins"), api.get("/admins", params={"display_avatar": "false"})):
        assert not any("avatar" in each for each in body_of(answer)["admins"])
    assert "avatar" not in body_of(api.get(f"/admins/{made['id']}"))


def test_author_of_a_note_is_shown_with_what_the_reference_shows(api: httpx.Client, me: str) -> None:
    world = World(api)
    away(api, me, True, False)
    author = world.note(world.user()["id"])["author"]
    shown = {key: author[key] for key in ("type", "id", "away_mode_enabled", "away_mode_reassign")}
    assert shown == {"type": "admin", "id": me, "away_mode_enabled": True, "away_mode_reassign": False}
    assert {"name", "email"} <= set(author)


@pytest.mark.parametrize("admin_id", STRANGE_IDS)
def test_unknown_admin_is_not_found(api: httpx.Client, admin_id: str) -> None:
    assert error_of(api.get(f"/admins/{admin_id}")) == NOT_FOUND
    assert error_of(api.put(f"/manage/v1/admins/{admin_id}", json={"name": "Other"})) == NOT_FOUND
    assert error_of(api.delete(f"/manage/v1/admins/{admin_id}")) == NOT_FOUND
    assert error_of(away(api, admin_id, True, True)) == (404, "admin_not_found", "Admin for admin_id not found")


# Away


@pytest.mark.parametrize("reassign", [True, False])
def test_away_mode_is_what_was_sent_last(api: httpx.Client, me: str, reassign: bool) -> None:
    for enabled in (True, False):
        answered = body_of(away(api, me, enabled, reassign))
        assert (answered["away_mode_enabled"], answered["away_mode_reassign"]) == (enabled, reassign)
        assert answered == body_of(api.get(f"/admins/{me}"))
    shown = body_of(api.get("/me"))
    assert (shown["away_mode_enabled"], shown["away_mode_reassign"]) == (False, reassign)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"away_mode_reassign": True}, ("parameter_not_found", "away_mode_enabled is a required parameter")),
        ({"away_mode_enabled": True}, ("parameter_not_found", "away_mode_reassign is a required parameter")),
        (
            {"away_mode_enabled": "yes", "away_mode_reassign": True},
            ("parameter_invalid", "away_mode_enabled must be a boolean, not a string"),
        ),
        (
            {"away_mode_enabled": True, "away_mode_reassign": None},
            ("parameter_invalid", "away_mode_reassign must be a boolean, not null"),
        ),
    ],
)
def test_both_flags_are_required_and_boolean(api: httpx.Client, me: str, body: Json, expected: tuple[str, str]) -> None:
    assert error_of(api.put(f"/admins/{me}/away", json=body)) == (400, *expected)
    assert body_of(api.get(f"/admins/{me}"))["away_mode_enabled"] is False


def test_who_has_no_inbox_seat_sets_nobody_away(api: httpx.Client, me: str) -> None:
    other = admin(api)["id"]
    body_of(api.put(f"/manage/v1/admins/{me}", json={"has_inbox_seat": False}))
    for admin_id in (me, other):
        assert error_of(away(api, admin_id, True, False)) == NO_SEAT
        assert body_of(api.get(f"/admins/{admin_id}"))["away_mode_enabled"] is False
    body_of(api.put(f"/manage/v1/admins/{me}", json={"has_inbox_seat": True}))
    assert body_of(away(api, other, True, False))["away_mode_enabled"] is True


def test_who_is_set_away_needs_no_inbox_seat(api: httpx.Client) -> None:
    other = admin(api, has_inbox_seat=False)
    assert body_of(away(api, other["id"], True, True)) == {
        **other,
        "away_mode_enabled": True,
        "away_mode_reassign": True,
    }


def test_only_a_change_of_away_mode_is_told(quiet: TestWorkspace, outbox: Outbox) -> None:
    me = body_of(quiet.api.get("/me"))["id"]
    outbox.take()
    for enabled, reassign, is_told in ((False, False, False), (True, False, True), (True, False, False)):
        shown = body_of(away(quiet.api, me, enabled, reassign))
        told = [(item_id, item) for topic, item_id, item in outbox.take() if topic == "admin.away_mode_updated"]
        assert told == ([(me, shown)] if is_told else [])
        assert shown == body_of(quiet.api.get(f"/admins/{me}"))


# Coming, changing, going


def test_change_replaces_what_is_sent_and_keeps_the_rest(api: httpx.Client) -> None:
    made = admin(api, job_title="Baker", avatar="https://example.com/ada.png")
    path = f"/manage/v1/admins/{made['id']}"
    changed = body_of(api.put(path, json={"name": "Ada Other", "has_inbox_seat": False}))
    assert changed == {**made, "name": "Ada Other", "has_inbox_seat": False}
    cleared = body_of(api.put(path, json={"job_title": None, "avatar": None, "email": "ada@other.example"}))
    assert (
        cleared
        == {**changed, "job_title": "", "email": "ada@other.example"}
        == body_of(api.get(f"/admins/{made['id']}"))
    )
    assert body_of(api.get("/admins", params={"display_avatar": "true"}))["admins"][-1]["avatar"] is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"email": "nonsense"}, "email"),
        ({"email": ""}, "email"),
        ({"email": None}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"avatar": "x" * 2001}, "avatar"),
        ({"job_title": ""}, "job_title"),
        ({"has_inbox_seat": "yes"}, "has_inbox_seat"),
    ],
)
def test_ill_formed_admin_is_refused_by_name(api: httpx.Client, me: str, change: Json, named: str) -> None:
    before = api.get("/admins").json()
    body = {"email": "ada@example.com", "name": "Ada Example", **change}
    for answer in (api.post("/manage/v1/admins", json=body), api.put(f"/manage/v1/admins/{me}", json=change)):
        status, code, message = error_of(answer)
        assert (status, code) == (400, "parameter_invalid")
        assert message.startswith(named)
    assert api.get("/admins").json() == before


@pytest.mark.parametrize("missing", ["email", "name"])
def test_admin_needs_a_name_and_an_email_address(api: httpx.Client, missing: str) -> None:
    body = {"email": "ada@example.com", "name": "Ada Example"}
    del body[missing]
    expected = (400, "parameter_not_found", f"{missing} is a required parameter")
    assert error_of(api.post("/manage/v1/admins", json=body)) == expected


def test_two_admins_do_not_share_an_email_address_whatever_its_case(api: httpx.Client) -> None:
    first, second = admin(api, "ada@example.com"), admin(api, "ben@example.com")
    taken = (409, "conflict", "An admin with this email already exists")
    body = {"email": "ADA@Example.com", "name": "Other"}
    assert error_of(api.post("/manage/v1/admins", json=body)) == taken
    assert error_of(api.put(f"/manage/v1/admins/{second['id']}", json=body)) == taken
    assert body_of(api.get(f"/admins/{second['id']}")) == second
    body_of(api.delete(f"/manage/v1/admins/{first['id']}"))
    assert admin(api, "Ada@example.com")["email"] == "Ada@example.com"


def test_removed_admin_is_gone_and_stays_the_author(api: httpx.Client) -> None:
    world, made = World(api), admin(api)
    body_of(api.post("/manage/v1/teams", json={"name": "Bread", "members": [{"admin_id": made["id"]}]}))
    user = world.user()
    note = body_of(api.post(f"/contacts/{user['id']}/notes", json={"body": "Hello", "admin_id": made["id"]}))
    answer = body_of(api.delete(f"/manage/v1/admins/{made['id']}"))
    assert answer == {"type": "admin", "id": made["id"], "deleted": True}
    assert error_of(api.get(f"/admins/{made['id']}")) == NOT_FOUND
    assert error_of(api.delete(f"/manage/v1/admins/{made['id']}")) == NOT_FOUND
    assert made["id"] not in [each["id"] for each in body_of(api.get("/admins"))["admins"]]
    assert body_of(api.get("/teams"))["teams"][0]["admin_ids"] == []
    assert body_of(api.get(f"/notes/{note['id']}"))["author"]["id"] == made["id"]


def test_admin_whom_tokens_act_as_is_not_removed(api: httpx.Client, me: str) -> None:
    made = admin(api)
    token = body_of(api.post("/manage/v1/access_tokens", json={"name": "App", "admin_id": made["id"]}))
    for admin_id in (me, made["id"]):
        status, code, message = error_of(api.delete(f"/manage/v1/admins/{admin_id}"))
        assert (status, code) == (409, "conflict")
        assert "tokens act as them" in message
        assert api.get(f"/admins/{admin_id}").status_code == 200
    api.delete(f"/manage/v1/access_tokens/{token['id']}")
    assert api.delete(f"/manage/v1/admins/{made['id']}").status_code == 200


def test_coming_and_going_is_told_with_the_admin(quiet: TestWorkspace, outbox: Outbox) -> None:
    made = admin(quiet.api)
    shown = body_of(quiet.api.get(f"/admins/{made['id']}"))
    body_of(quiet.api.delete(f"/manage/v1/admins/{made['id']}"))
    told = [event for event in outbox.take() if event[0] != "admin.activity_log_event.created"]
    assert told == [
        ("admin.added_to_workspace", made["id"], shown),
        ("admin.removed_from_workspace", made["id"], shown),
    ]


def test_other_workspace_sees_and_changes_no_admin(api: httpx.Client, other: TestWorkspace) -> None:
    made = admin(api)
    path = f"/manage/v1/admins/{made['id']}"
    answers = (other.api.get(f"/admins/{made['id']}"), other.api.put(path, json={"name": "X"}), other.api.delete(path))
    assert [error_of(answer) for answer in answers] == [NOT_FOUND] * 3
    assert away(other.api, made["id"], True, True).status_code == 404
    assert body_of(api.get(f"/admins/{made['id']}")) == made
    assert admin(other.api)["email"] == made["email"]
