"""Workspaces: made with their defaults, changed, and with a clock that tests may set."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import TestWorkspace
from tests.contract.world import World
from tests.people.tools import body_of, error_of

Json = dict[str, Any]
Eventually = Callable[[Callable[[], Any]], Any]

WORKSPACE, CLOCK = "/manage/v1/workspace", "/manage/v1/clock"
# Directories and files of the time zone database that are no zones, and worse.
NO_TIMEZONES = ["Nowhere", "", "Europe", "../etc/passwd", "x" * 300, "posixrules", "localtime", "Factory", "utc+1", "🕰"]


def timezone_refused(name: str) -> tuple[int, str, str]:
    return 400, "parameter_invalid", f"timezone must be the name of a time zone, such as Europe/Dublin: {name}"


def test_new_workspace_has_its_defaults(workspace: TestWorkspace) -> None:
    body = {"name": "Bakery", "timezone": "Asia/Kolkata"}
    made = body_of(workspace.api.post("/manage/v1/workspaces", json=body))
    assert list(made) == ["type", "id", "name", "access_token"]
    token = {"Authorization": f"Bearer {made['access_token']}"}

    def get(path: str) -> Json:
        return body_of(workspace.api.get(path, headers=token))

    assert (get("/me")["app"]["id_code"], get("/me")["app"]["timezone"]) == (made["id"], "Asia/Kolkata")
    assert len(get("/admins")["admins"]) == 1
    assert [each["name"] for each in get("/segments")["segments"]] == ["Active", "New", "Slipping Away"]
    assert [each["consent_type"] for each in get("/subscription_types")["data"]] == ["opt_out", "opt_in"]
    assert get("/contacts")["total_count"] == 0
    assert get("/tags")["data"] == []


@pytest.mark.parametrize("name", NO_TIMEZONES)
def test_unknown_time_zone_is_refused(api: httpx.Client, name: str) -> None:
    body = {"name": "Bakery", "timezone": name}
    assert error_of(api.post("/manage/v1/workspaces", json=body)) == timezone_refused(name)
    assert error_of(api.put(WORKSPACE, json=body)) == timezone_refused(name)
    assert body_of(api.get(WORKSPACE))["name"] == "Test workspace"


def test_change_replaces_what_is_sent_and_keeps_the_rest(workspace: TestWorkspace) -> None:
    api = workspace.api
    before = body_of(api.get(WORKSPACE))
    assert before == {
        "type": "workspace",
        "id": workspace.id,
        "name": "Test workspace",
        "region": "US",
        "timezone": "UTC",
        "identity_verification": False,
        "created_at": before["created_at"],
    }
    change = {"name": "Bakery", "region": "EU", "timezone": "Europe/Dublin", "identity_verification": True}
    assert body_of(api.put(WORKSPACE, json={"name": "Bakery"})) == {**before, "name": "Bakery"}
    assert body_of(api.put(WORKSPACE, json=change)) == {**before, **change} == body_of(api.get(WORKSPACE))
    app = body_of(api.get("/me"))["app"]
    assert {key: app[key] for key in change} == change


@pytest.mark.parametrize("change", [{"name": ""}, {"name": None}, {"region": "Mars"}, {"identity_verification": "on"}])
def test_ill_formed_change_is_refused_by_name(api: httpx.Client, change: Json) -> None:
    before = body_of(api.get(WORKSPACE))
    status, code, message = error_of(api.put(WORKSPACE, json={"timezone": "Europe/Dublin", **change}))
    assert (status, code) == (400, "parameter_invalid")
    assert message.startswith(next(iter(change)))
    assert body_of(api.get(WORKSPACE)) == before


def test_segments_follow_the_days_of_another_time_zone(api: httpx.Client, eventually: Eventually) -> None:
    world = World(api)
    # 23:30 on 1 June in UTC is 2 June in Tokyo.
    user = world.user(last_seen_at=1_748_820_600)
    segment = world.segment({"field": "last_seen_at", "operator": "=", "value": 1_748_865_600}, name="On 2 June")

    def segments_of_user() -> list[str]:
        listed = body_of(api.get(f"/contacts/{user['id']}/segments"))["data"]
        return [each["name"] for each in listed if each["name"] == segment["name"]]

    world.wait_for_members(segment["id"])
    assert segments_of_user() == []
    body_of(api.put(WORKSPACE, json={"timezone": "Asia/Tokyo"}))
    eventually(lambda: segments_of_user() == ["On 2 June"])


def test_segments_follow_the_clock(api: httpx.Client, eventually: Eventually) -> None:
    user = World(api).user(last_seen_at=1_750_000_000)

    def segments_are(*names: str) -> None:
        path = f"/contacts/{user['id']}/segments"
        eventually(lambda: [each["name"] for each in body_of(api.get(path))["data"]] == list(names))

    for days, names in ((0, ["Active"]), (45, ["Slipping Away"]), (90, [])):
        body_of(api.put(CLOCK, json={"now": 1_750_000_000 + days * 86_400}))
        segments_are(*names)


def test_clock_goes_on_from_where_it_is_set(api: httpx.Client) -> None:
    assert body_of(api.get(CLOCK))["now"] == pytest.approx(time.time(), abs=30)
    for moment in (1_000_000_000, 4_000_000_000):
        assert body_of(api.put(CLOCK, json={"now": moment})) == {"type": "clock", "now": pytest.approx(moment, abs=30)}
        assert body_of(api.get(CLOCK))["now"] == pytest.approx(moment, abs=30)
        user = World(api).user()
        assert user["created_at"] == pytest.approx(moment, abs=30)
        assert user["id"][:8] == f"{user['created_at']:08x}"
    assert body_of(api.put(CLOCK, json={"now": None}))["now"] == pytest.approx(time.time(), abs=30)


@pytest.mark.parametrize("moment", [-1, 4_102_444_800, "0001-01-01", "9999-12-31", "tomorrow", True, 1e300])
def test_clock_shows_no_time_that_ids_have_no_room_for(api: httpx.Client, moment: Any) -> None:
    status, code, message = error_of(api.put(CLOCK, json={"now": moment}))
    assert (status, code) == (400, "parameter_invalid")
    assert message.startswith("now must be a")
    assert body_of(api.get(CLOCK))["now"] == pytest.approx(time.time(), abs=30)


def test_workspaces_have_clocks_and_settings_of_their_own(api: httpx.Client, other: TestWorkspace) -> None:
    body_of(api.put(CLOCK, json={"now": 1_000_000_000}))
    body_of(api.put(WORKSPACE, json={"name": "Bakery", "timezone": "Europe/Dublin"}))
    assert body_of(other.api.get(CLOCK))["now"] == pytest.approx(time.time(), abs=30)
    shown = body_of(other.api.get(WORKSPACE))
    assert (shown["name"], shown["timezone"]) == ("Test workspace", "UTC")
