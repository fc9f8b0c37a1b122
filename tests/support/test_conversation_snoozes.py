"""Snoozed conversations and tickets wake when their time has come: once, whoever looks how often, also later."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from callbox.support.conversations import snoozes
from tests.conftest import RunningServer, TestWorkspace, new_workspace, serving, start_server, stop_server
from tests.support.conversations import MORNING, Desk, inside, last_part, part_types

Eventually = Callable[[Callable[[], Any]], Any]
EVENING = MORNING + 10 * 3600


def test_a_snooze_ends_when_its_time_has_come(desk: Desk, eventually: Eventually) -> None:
    desk.clock(MORNING)
    conversation = desk.start()
    waits_since = conversation["waiting_since"]
    desk.snooze(conversation, EVENING)
    later = desk.start()
    desk.snooze(later, EVENING + 3600)
    desk.clock(EVENING + 1)
    eventually(lambda: desk.get(conversation["id"])["state"] == "open")
    awake = desk.get(conversation["id"])
    assert (awake["snoozed_until"], awake["open"], awake["waiting_since"]) == (None, True, waits_since)
    part = last_part(awake)
    assert (part["part_type"], part["body"], part["author"]["type"]) == ("timer_unsnooze", None, "bot")
    assert EVENING <= part["created_at"] == awake["updated_at"]
    assert desk.get(later["id"])["state"] == "snoozed"


def test_a_time_that_is_past_reads_as_nine_in_the_morning_of_the_next_day(desk: Desk) -> None:
    desk.call("PUT", "/manage/v1/workspace", json={"timezone": "America/Los_Angeles"})
    desk.clock(1_719_493_054)  # 27 June 2024, 05:57 in Los Angeles
    snoozed = desk.snooze(desk.start(), 1_700_000_000)
    assert snoozed["snoozed_until"] == 1_719_590_400
    assert (snoozed["state"], snoozed["open"]) == ("snoozed", True)


def test_what_is_due_wakes_once_however_often_it_is_tried(
    quiet_server: RunningServer, quiet: TestWorkspace, quiet_desk: Desk
) -> None:
    desk = quiet_desk
    desk.clock(MORNING)
    due, tomorrow, again = desk.start(), desk.start(), desk.start()
    desk.snooze(due, EVENING)
    desk.snooze(tomorrow, EVENING + 24 * 3600)
    desk.snooze(again, EVENING)
    desk.clock(EVENING + 60)

    async def found() -> set[str]:
        return {str(key.id) for key in await snoozes.that_end() if key.workspace_id == quiet.id}

    assert inside(quiet_server.database_url, found) == {due["id"], again["id"]}
    # Between being found and being woken, this one is put aside for longer.
    desk.snooze(again, EVENING + 3600)

    async def wake_all() -> None:
        every = [due, tomorrow, again] * 5
        await asyncio.gather(*(snoozes.wake(quiet.id, int(each["id"])) for each in every))
        await snoozes.wake(quiet.id, 999_999_999)

    inside(quiet_server.database_url, wake_all)
    assert part_types(desk.get(due["id"])) == ["snoozed", "timer_unsnooze"]
    assert part_types(desk.get(tomorrow["id"])) == ["snoozed"]
    assert part_types(desk.get(again["id"])) == ["snoozed", "snoozed"]
    assert inside(quiet_server.database_url, found) == set()


def test_a_ticket_wakes_too(quiet_server: RunningServer, quiet: TestWorkspace, quiet_desk: Desk) -> None:
    desk = quiet_desk
    desk.clock(MORNING)
    kind = desk.post("/ticket_types", {"name": "Bug"})
    ticket = desk.post("/tickets", {"ticket_type_id": kind["id"], "contacts": [{"id": desk.user()["id"]}]})
    desk.call("PUT", f"/tickets/{ticket['id']}", json={"snoozed_until": EVENING})
    desk.clock(EVENING + 60)

    async def wake() -> None:
        await snoozes.wake(quiet.id, int(ticket["id"]))

    inside(quiet_server.database_url, wake)
    awake = desk.call("GET", f"/tickets/{ticket['id']}")
    assert "snoozed_until" not in awake
    assert awake["ticket_parts"]["ticket_parts"][-1]["part_type"] == "timer_unsnooze"


def test_a_snooze_that_ends_while_no_server_runs_ends_after_the_next_start(
    database_url: str, tmp_path: Path, eventually: Eventually
) -> None:
    environment = {"CALLBOX_DATABASE_URL": database_url}
    first = start_server(tmp_path / "data", environment)
    workspace = new_workspace(first)
    with workspace.api:
        desk = Desk(workspace.api)
        desk.clock(MORNING)
        conversation = desk.start()
        desk.snooze(conversation, MORNING + 5)
        assert stop_server(first) == 0
    with (
        serving(tmp_path / "data", environment) as second,
        httpx.Client(base_url=second.url, headers=workspace.api.headers) as api,
    ):
        desk = Desk(api)
        desk.clock(MORNING + 3600)
        eventually(lambda: desk.get(conversation["id"])["state"] == "open")
        assert part_types(desk.get(conversation["id"])) == ["snoozed", "timer_unsnooze"]
