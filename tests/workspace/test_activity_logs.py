"""Activity logs: written by what admins do, read by time, newest first."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from tests.conftest import Outbox, TestWorkspace
from tests.contract.world import World
from tests.people.tools import body_of, error_of, set_clock

Json = dict[str, Any]
Deed = Callable[[httpx.Client], Any]

THEN = 1_750_000_000


def logs(api: httpx.Client, after: int | str = 0, **params: Any) -> list[Json]:
    body = body_of(api.get("/admins/activity_logs", params={"created_at_after": after, **params}))
    listed: list[Json] = body["activity_logs"]
    return listed


def me(api: httpx.Client) -> Json:
    return body_of(api.get("/me"))


def away(api: httpx.Client, enabled: bool = True) -> None:
    body = {"away_mode_enabled": enabled, "away_mode_reassign": True}
    body_of(api.put(f"/admins/{me(api)['id']}/away", json=body))


def _admin(api: httpx.Client) -> str:
    made = body_of(api.post("/manage/v1/admins", json={"email": "ada@example.com", "name": "Ada"}))
    return f"/manage/v1/admins/{made['id']}"


def _team(api: httpx.Client) -> str:
    return f"/manage/v1/teams/{body_of(api.post('/manage/v1/teams', json={'name': 'Bread'}))['id']}"


def _token(api: httpx.Client) -> Json:
    return body_of(api.post("/manage/v1/access_tokens", json={"name": "Data warehouse"}))


# What is done, the type of its log, what its description tells and what its metadata holds.
DEEDS: list[tuple[str, Deed, str, str, Json]] = [
    (
        "exported",
        lambda api: body_of(api.post("/export/content/data", json={"created_at_after": 1, "created_at_before": 2})),
        "app_data_export",
        "began an export",
        {"created_at_after": 1, "created_at_before": 2},
    ),
    (
        "help center",
        lambda api: body_of(
            api.put(f"/manage/v1/help_centers/{World(api).help_center_id()}", json={"website_turned_on": True})
        ),
        "help_center_settings_change",
        "changed the settings of the help center Test workspace",
        {"before": {"website_turned_on": False}, "after": {"website_turned_on": True}},
    ),
    (
        "away",
        away,
        "admin_away_mode_change",
        "turned away mode on for",
        {"away_mode": True, "reassign_conversations": True, "away_status_reason": None, "auto_changed": None},
    ),
    (
        "admin comes",
        _admin,
        "app_admin_join",
        "added Ada",
        {},
    ),
    (
        "admin goes",
        lambda api: api.delete(_admin(api)),
        "admin_deletion",
        "removed Ada",
        {},
    ),
    (
        "seat taken",
        lambda api: api.put(_admin(api), json={"has_inbox_seat": False}),
        "seat_revoke",
        "took the inbox seat of Ada",
        {},
    ),
    (
        "seat given back",
        lambda api: [api.put(path, json={"has_inbox_seat": seat}) for path in [_admin(api)] for seat in (False, True)],
        "seat_change",
        "gave an inbox seat to Ada",
        {},
    ),
    (
        "avatar",
        lambda api: api.put(_admin(api), json={"avatar": "https://example.com/a.png"}),
        "admin_avatar_change",
        "changed the avatar of Ada",
        {"before": None, "after": "https://example.com/a.png"},
    ),
    ("team made", _team, "app_team_creation", "created the team Bread", {}),
    ("team deleted", lambda api: api.delete(_team(api)), "app_team_deletion", "deleted the team Bread", {}),
    (
        "members",
        lambda api: api.put(_team(api), json={"members": [{"admin_id": me(api)["id"]}]}),
        "app_team_membership_modification",
        "changed the members of the team Bread",
        {"before": []},
    ),
    (
        "workspace renamed",
        lambda api: api.put("/manage/v1/workspace", json={"name": "Bakery"}),
        "app_name_change",
        "changed your app name from Test workspace to Bakery",
        {"before": "Test workspace", "after": "Bakery"},
    ),
    (
        "timezone",
        lambda api: api.put("/manage/v1/workspace", json={"timezone": "Europe/Dublin"}),
        "app_timezone_change",
        "changed your app timezone from UTC to Europe/Dublin",
        {"before": "UTC", "after": "Europe/Dublin"},
    ),
    (
        "identity verification",
        lambda api: api.put("/manage/v1/workspace", json={"identity_verification": True}),
        "app_identity_verification_change",
        "changed your identity verification from off to on",
        {"before": False, "after": True},
    ),
    (
        "contact deleted",
        lambda api: api.delete(f"/contacts/{World(api).user(external_id='u-1')['id']}"),
        "app_data_deletion",
        "deleted the contact",
        {"external_id": "u-1"},
    ),
    (
        "company deleted",
        lambda api: api.delete(f"/companies/{World(api).company()['id']}"),
        "app_data_deletion",
        "deleted the company",
        {},
    ),
    ("app comes", _token, "app_package_installation", "gave the app Data warehouse access", {}),
    (
        "app goes",
        lambda api: api.delete(f"/manage/v1/access_tokens/{_token(api)['id']}"),
        "app_package_uninstallation",
        "withdrew the access of the app Data warehouse",
        {},
    ),
]


@pytest.mark.parametrize(
    ("deed", "activity_type", "told", "metadata"), [case[1:] for case in DEEDS], ids=[case[0] for case in DEEDS]
)
def test_deed_is_logged_once_with_who_did_it(
    api: httpx.Client, deed: Deed, activity_type: str, told: str, metadata: Json
) -> None:
    admin = me(api)
    deed(api)
    [log] = [log for log in logs(api) if log["activity_type"] == activity_type]
    assert list(log) == [
        "id",
        "performed_by",
        "metadata",
        "created_at",
        "activity_type",
        "activity_description",
    ]
    assert str(UUID(log["id"])) == log["id"]
    assert log["performed_by"] == {"type": "admin", "id": admin["id"], "email": admin["email"], "ip": "127.0.0.1"}
    assert log["created_at"] == pytest.approx(time.time(), abs=30)
    assert log["activity_description"].startswith(f"{admin['name']} ")
    assert told in log["activity_description"]
    assert {key: log["metadata"][key] for key in metadata} == metadata


NO_DEEDS: list[tuple[str, Deed]] = [
    ("away as before", lambda api: away(api, enabled=True)),
    ("same settings", lambda api: api.put("/manage/v1/workspace", json={"name": "Test workspace", "timezone": "UTC"})),
    ("no settings", lambda api: api.put("/manage/v1/workspace", json={})),
    ("same admin", lambda api: api.put(f"/manage/v1/admins/{me(api)['id']}", json={"has_inbox_seat": True})),
    ("refused", lambda api: api.put("/manage/v1/workspace", json={"name": "Bakery", "timezone": "Nowhere"})),
    ("no such team", lambda api: api.delete("/manage/v1/teams/900000000000001")),
    ("contact archived", lambda api: api.post(f"/contacts/{World(api).user()['id']}/archive")),
    ("no such contact", lambda api: api.delete("/contacts/667d60998a68186f43bafda1")),
    ("no such company", lambda api: api.delete("/companies/667d60998a68186f43bafda1")),
    ("reading", lambda api: api.get("/admins")),
]


@pytest.mark.parametrize("deed", [case[1] for case in NO_DEEDS], ids=[case[0] for case in NO_DEEDS])
def test_what_changes_nothing_is_not_logged(api: httpx.Client, deed: Deed) -> None:
    away(api, enabled=True)
    before = logs(api)
    deed(api)
    assert logs(api) == before


def test_workspace_begins_with_an_empty_log(api: httpx.Client) -> None:
    body = body_of(api.get("/admins/activity_logs", params={"created_at_after": 0}))
    assert body == {
        "type": "activity_log.list",
        "pages": {"type": "pages", "next": None, "page": 1, "per_page": 20, "total_pages": 0},
        "activity_logs": [],
    }


def test_token_that_acts_as_another_admin_logs_in_their_name(api: httpx.Client) -> None:
    ada = body_of(api.post("/manage/v1/admins", json={"email": "ada@example.com", "name": "Ada"}))
    token = body_of(api.post("/manage/v1/access_tokens", json={"name": "Hers", "admin_id": ada["id"]}))
    answer = api.put(
        f"/admins/{ada['id']}/away",
        json={"away_mode_enabled": True, "away_mode_reassign": False},
        headers={"Authorization": f"Bearer {token['access_token']}"},
    )
    assert answer.status_code == 200
    [log] = [log for log in logs(api) if log["activity_type"] == "admin_away_mode_change"]
    assert log["performed_by"] | {"ip": ""} == {"type": "admin", "id": ada["id"], "email": ada["email"], "ip": ""}
    assert (log["metadata"]["update_by"], log["metadata"]["update_by_name"]) == (int(ada["id"]), "Ada")


def test_log_keeps_who_somebody_was_when_they_acted(api: httpx.Client) -> None:
    admin = me(api)
    away(api)
    body_of(api.put(f"/manage/v1/admins/{admin['id']}", json={"name": "New Name", "email": "new@example.com"}))
    [log] = logs(api)
    assert log["performed_by"]["email"] == admin["email"]
    assert admin["name"] in log["activity_description"]


# Reading


@pytest.fixture
def three(api: httpx.Client) -> list[int]:
    """Away mode changed at three times, a minute apart; answers the times of the logs."""
    for number in range(3):
        set_clock(api, THEN + number * 60)
        away(api, enabled=number % 2 == 0)
    return [log["created_at"] for log in reversed(logs(api))]


def test_logs_are_read_newest_first_whatever_sort_is_asked_for(api: httpx.Client, three: list[int]) -> None:
    for params in ({}, {"sort": "created_at"}, {"sort": "asc", "order": "asc"}):
        assert [log["created_at"] for log in logs(api, **params)] == three[::-1]


def test_both_bounds_are_exclusive(api: httpx.Client, three: list[int]) -> None:
    first, second, third = three
    assert [log["created_at"] for log in logs(api, first)] == [third, second]
    assert [log["created_at"] for log in logs(api, first - 1)] == [third, second, first]
    assert [log["created_at"] for log in logs(api, first - 1, created_at_before=third)] == [second, first]
    assert [log["created_at"] for log in logs(api, first, created_at_before=third)] == [second]
    assert logs(api, second, created_at_before=third) == []
    assert logs(api, third) == []


@pytest.mark.parametrize(
    "write",
    [str, float, lambda t: f"{t}.9", lambda t: datetime.fromtimestamp(t, UTC).isoformat()],
    ids=["digits", "float", "fraction", "ISO 8601"],
)
def test_times_are_taken_in_every_form(api: httpx.Client, three: list[int], write: Callable[[int], Any]) -> None:
    first, second, third = three
    found = logs(api, write(first), created_at_before=write(third))
    assert [log["created_at"] for log in found] == [second]


def test_pages_follow_their_links_with_the_same_bounds(api: httpx.Client, three: list[int]) -> None:
    params = {"created_at_after": three[0] - 1, "created_at_before": three[2] + 1, "per_page": 2}
    first = body_of(api.get("/admins/activity_logs", params=params))
    pages = first["pages"]
    assert {key: pages[key] for key in ("type", "page", "per_page", "total_pages")} == {
        "type": "pages",
        "page": 1,
        "per_page": 2,
        "total_pages": 2,
    }
    sent = {key: [str(value)] for key, value in params.items()}
    assert parse_qs(urlsplit(pages["next"]).query) == {**sent, "page": ["2"]}
    second = body_of(api.get(pages["next"]))
    assert second["pages"]["next"] is None
    both = [log["created_at"] for log in first["activity_logs"] + second["activity_logs"]]
    assert both == three[::-1]
    beyond = body_of(api.get("/admins/activity_logs", params={**params, "page": 3}))
    assert (beyond["activity_logs"], beyond["pages"]["next"]) == ([], None)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ("parameter_not_found", "created_at_after is a required parameter")),
        ({"created_at_after": ""}, ("parameter_not_found", "created_at_after is a required parameter")),
        *(
            ({"created_at_after": value}, ("parameter_invalid", "created_at_after must be a Unix timestamp in seconds"))
            for value in ("yesterday", "9" * 400, "-253402300799", "0001-01-01T00:00:00+14:00", "nan")
        ),
        (
            {"created_at_after": 0, "created_at_before": "later"},
            ("parameter_invalid", "created_at_before must be a Unix timestamp in seconds"),
        ),
        ({"created_at_after": 0, "per_page": 151}, ("parameter_invalid", "Per Page is too big")),
        (
            {"created_at_after": 0, "page": 0},
            ("parameter_invalid", "page must be a whole number of 1 or more"),
        ),
    ],
)
def test_bad_span_or_page_is_refused_by_name(api: httpx.Client, params: Json, expected: tuple[str, str]) -> None:
    assert error_of(api.get("/admins/activity_logs", params=params)) == (400, *expected)


def test_any_time_may_be_asked_for(api: httpx.Client, three: list[int]) -> None:
    assert logs(api, 253_402_300_799) == []
    assert len(logs(api, "-62135596799", created_at_before="9999-12-31T23:59:59Z")) == 3


def test_log_is_told_as_it_is_listed(quiet: TestWorkspace, outbox: Outbox) -> None:
    _team(quiet.api)
    _token(quiet.api)
    told = {item_id: item for topic, item_id, item in outbox.take() if topic == "admin.activity_log_event.created"}
    assert told == {log["id"]: log for log in logs(quiet.api)}
    assert len(told) == 2


def test_other_workspace_reads_its_own_log(api: httpx.Client, other: TestWorkspace) -> None:
    World(api).team()
    assert logs(other.api) == []
    assert len(logs(api)) == 1
