"""Service levels: which conversations have one, when a target is due, and what becomes of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from callbox.support.conversations import office_hours, statistics, transitions
from callbox.support.conversations.office_hours import OpenHours
from callbox.support.conversations.sla import Terms
from callbox.support.conversations.transitions import BOT, Assignee, Author, Change, Conversation, NewPart
from tests.support.conversations import MORNING, Desk, Json, error_of, last_part, part_types
from tests.support.tickets import TicketDesk

Eventually = Callable[[Callable[[], Any]], Any]

ADA, CONTACT = Author("admin", admin_id=1), Author("user", contact_id="a" * 24)
TEXT = "<p>Text</p>"
WEEKDAYS = [OpenHours(day, 9 * 60, 17 * 60) for day in range(5)]
HOUR = 3600


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Office hours; 5 January 2026 is a Monday


@pytest.mark.parametrize(
    ("start", "seconds", "due"),
    [
        ("2026-01-05T09:00", HOUR, "2026-01-05T10:00"),
        ("2026-01-05T09:00", 8 * HOUR, "2026-01-05T17:00"),
        ("2026-01-05T16:30", HOUR, "2026-01-06T09:30"),
        ("2026-01-05T07:00", HOUR, "2026-01-05T10:00"),
        ("2026-01-05T20:00", HOUR, "2026-01-06T10:00"),
        ("2026-01-09T16:30", HOUR, "2026-01-12T09:30"),
        ("2026-01-10T12:00", 24 * HOUR, "2026-01-14T17:00"),
        ("2026-01-05T09:00", 40 * HOUR + 60, "2026-01-12T09:01"),
    ],
)
def test_a_day_is_three_days_of_eight_open_hours(start: str, seconds: int, due: str) -> None:
    assert office_hours.after(at(start), seconds, WEEKDAYS, "UTC") == at(due)


@pytest.mark.parametrize("week", [[], [OpenHours(0, 540, 540)], [OpenHours(0, 600, 540)]])
def test_without_open_hours_the_clock_always_runs(week: list[OpenHours]) -> None:
    assert office_hours.after(at("2026-01-10T12:00"), HOUR, week, "UTC") == at("2026-01-10T13:00")


def test_open_hours_that_overlap_count_once_in_any_order() -> None:
    week = [OpenHours(0, 660, 780), OpenHours(0, 540, 720), OpenHours(1, 540, 1440)]
    assert office_hours.after(at("2026-01-05T08:00"), 4 * HOUR, week, "UTC") == at("2026-01-05T13:00")
    assert office_hours.after(at("2026-01-05T08:00"), 5 * HOUR, week, "UTC") == at("2026-01-06T10:00")


def test_open_hours_are_those_of_the_time_zone_also_when_clocks_change() -> None:
    week = [OpenHours(day, 0, 1440) for day in range(7)]
    # In Dublin, 29 March 2026 has 23 hours.
    start = at("2026-03-29T00:00")
    assert office_hours.after(start, 23 * HOUR, week, "Europe/Dublin") == at("2026-03-29T23:00")
    summer = [OpenHours(0, 540, 1020)]
    assert office_hours.after(at("2026-07-06T07:00"), HOUR, summer, "Europe/Dublin") == at("2026-07-06T09:00")


# Targets


def begun(terms: Terms) -> Change:
    start = at("2026-01-05T09:00")
    change = Change(Conversation(state="open", updated_at=start, waiting_since=start))
    statistics.count_contact_message(change.conversation, start)
    transitions.apply_sla(change, "Gold", terms, start)
    return change


def level_of(change: Change) -> tuple[str | None, str | None, datetime | None]:
    """Name, status, and when an answer is due."""
    level = change.conversation
    return level.sla_name, level.sla_status, level.sla_reply_due_at


def test_an_answer_in_time_hits_and_a_late_one_misses_for_good() -> None:
    change = begun(Terms(first_reply=HOUR, next_reply=600))
    assert level_of(change) == ("Gold", "active", at("2026-01-05T10:00"))
    transitions.admin_comments(change, ADA, TEXT, at("2026-01-05T10:00"))
    assert level_of(change) == ("Gold", "hit", None)
    transitions.contact_comments(change, CONTACT, TEXT, at("2026-01-05T11:00"))
    transitions.contact_comments(change, CONTACT, TEXT, at("2026-01-05T11:05"))
    assert level_of(change)[2] == at("2026-01-05T11:10")
    transitions.admin_notes(change, ADA, TEXT, at("2026-01-05T11:20"))
    transitions.assign(change, ADA, Assignee("admin", 2), TEXT, at("2026-01-05T11:20"))
    change.add(NewPart("comment", BOT, at("2026-01-05T11:20"), TEXT))
    assert level_of(change)[1] == "hit"
    transitions.admin_comments(change, ADA, TEXT, at("2026-01-05T11:21"))
    assert level_of(change)[1] == "missed"
    assert [part.part_type for part in change.parts[-2:]] == ["comment", "conversation_sla_target_missed"]
    assert change.parts[-1].author == BOT
    assert change.conversation.part_count == len(change.parts)
    transitions.contact_comments(change, CONTACT, TEXT, at("2026-01-05T12:00"))
    transitions.admin_comments(change, ADA, TEXT, at("2026-01-05T12:01"))
    assert level_of(change)[1] == "missed"


@pytest.mark.parametrize(("closed", "status"), [("2026-01-05T12:00", "hit"), ("2026-01-05T12:01", "missed")])
def test_closing_is_a_target_too_and_ends_what_is_due(closed: str, status: str) -> None:
    change = begun(Terms(first_reply=HOUR, close=3 * HOUR))
    transitions.close(change, ADA, None, at(closed))
    level = change.conversation
    assert (level.sla_status, level.sla_reply_due_at, level.sla_close_due_at) == (status, None, None)
    assert ("conversation_sla_target_missed" in [part.part_type for part in change.parts]) == (status == "missed")


def test_a_later_service_level_outdoes_the_earlier_and_one_taken_off_has_no_status() -> None:
    change = begun(Terms(first_reply=HOUR))
    transitions.admin_comments(change, ADA, TEXT, at("2026-01-05T11:00"))
    transitions.apply_sla(change, "Silver", Terms(next_reply=HOUR), at("2026-01-05T12:00"))
    assert level_of(change) == ("Silver", "active", None)
    transitions.contact_comments(change, CONTACT, TEXT, at("2026-01-05T13:00"))
    assert level_of(change)[2] == at("2026-01-05T14:00")
    transitions.take_off_sla(change, ADA, at("2026-01-05T13:30"))
    assert level_of(change) == ("Silver", None, None)
    transitions.admin_comments(change, ADA, TEXT, at("2026-01-05T15:00"))
    transitions.close(change, ADA, None, at("2026-01-05T16:00"))
    assert level_of(change)[1] is None


@pytest.mark.parametrize(("pauses", "status"), [(True, "hit"), (False, "missed")])
def test_a_snooze_stops_the_clocks_where_it_is_agreed(pauses: bool, status: str) -> None:
    change = begun(Terms(first_reply=HOUR, close=4 * HOUR, office_hours=WEEKDAYS, pause_when_snoozed=pauses))
    transitions.snooze(change, ADA, at("2026-01-06T10:00"), at("2026-01-05T09:30"))
    transitions.wake(change, at("2026-01-06T10:00"))
    transitions.admin_comments(change, ADA, TEXT, at("2026-01-06T10:30"))
    assert level_of(change)[1] == status
    # Two and a half hours of four were left to close, of which one has passed when it is snoozed again.
    transitions.snooze(change, ADA, at("2026-01-08T10:00"), at("2026-01-06T12:00"))
    assert change.conversation.sla_paused_at == (at("2026-01-06T12:00") if pauses else None)
    transitions.close(change, ADA, None, at("2026-01-07T12:00"))
    assert level_of(change)[1] == status


def test_a_clock_that_stands_still_judges_what_is_said_meanwhile_and_forgives_nothing() -> None:
    change = begun(Terms(first_reply=HOUR, next_reply=HOUR, pause_when_snoozed=True))
    change.conversation.admin_assignee_id = ADA.admin_id
    transitions.snooze(change, ADA, at("2026-01-07T09:00"), at("2026-01-05T09:59"))
    transitions.admin_comments(change, ADA, TEXT, at("2026-01-06T09:00"))  # the assignee's, which does not wake it
    assert (change.conversation.state, level_of(change)[1]) == ("snoozed", "hit")
    transitions.contact_comments(change, CONTACT, TEXT, at("2026-01-06T10:00"))
    assert level_of(change)[2] == at("2026-01-06T11:00")
    transitions.snooze(change, ADA, at("2026-01-07T09:00"), at("2026-01-06T11:01"))
    transitions.wake(change, at("2026-01-07T09:00"))
    transitions.admin_comments(change, ADA, TEXT, at("2026-01-07T09:00"))
    assert level_of(change)[1] == "missed"


@pytest.mark.parametrize(("pauses", "status"), [(True, "hit"), (False, "missed")])
def test_waiting_for_the_customer_stops_the_clock_of_resolving_where_it_is_agreed(pauses: bool, status: str) -> None:
    change = begun(Terms(resolve=2 * HOUR, pause_when_waiting_on_customer=pauses))
    assert change.conversation.sla_resolve_due_at is None
    transitions.become_ticket(change, at("2026-01-05T10:00"))
    assert change.conversation.sla_resolve_due_at == at("2026-01-05T12:00")
    transitions.move_ticket(change, BOT, "waiting_on_customer", at("2026-01-05T11:00"))
    transitions.contact_comments(change, CONTACT, TEXT, at("2026-01-06T09:00"))
    assert change.conversation.sla_resolve_due_at == (at("2026-01-06T10:00") if pauses else at("2026-01-05T12:00"))
    transitions.move_ticket(change, ADA, "resolved", at("2026-01-06T10:00"))
    assert (level_of(change)[1], change.conversation.sla_resolve_due_at) == (status, None)
    assert (change.parts[-1].part_type == "conversation_sla_target_missed") == (status == "missed")


# Over HTTP


def set_rules(desk: Desk, *rules: Json) -> Json:
    answer: Json = desk.call("PUT", "/manage/v1/sla_rules", json={"rules": list(rules)})
    return answer


def shown(status: str | None, name: str = "Gold") -> Json:
    return {"type": "conversation_sla_summary", "sla_name": name, "sla_status": status}


def test_a_rule_applies_its_service_level_and_time_decides(desk: Desk) -> None:
    desk.clock(MORNING)
    set_rules(desk, {"name": "Gold", "first_reply": 3600, "next_reply": 600})
    quick, slow = desk.start(), desk.start()
    assert quick["sla_applied"] == shown("active")
    assert (part_types(quick), last_part(quick)["author"]["type"]) == (["conversation_sla_applied_by_rule"], "bot")
    desk.clock(MORNING + 1800)
    assert desk.answer(quick)["sla_applied"] == shown("hit")
    desk.clock(MORNING + 4000)
    assert desk.get(slow["id"])["sla_applied"] == shown("active")
    late = desk.answer(slow)
    assert late["sla_applied"] == shown("missed")
    assert part_types(late)[-2:] == ["comment", "conversation_sla_target_missed"]
    assert late["statistics"]["count_conversation_parts"] == len(part_types(late)) + 1


def test_of_several_rules_the_last_that_is_met_counts_and_what_was_promised_stays(desk: Desk) -> None:
    desk.clock(MORNING)
    for_leads = {"field": "role", "operator": "=", "value": "lead"}
    for_urgent = {"field": "source.body", "operator": "=", "value": "urgent"}
    set_rules(
        desk,
        {"name": "Silver", "first_reply": 7200},
        {"name": "Gold", "first_reply": 3600, "conversation": for_urgent},
        {"name": "Bronze", "first_reply": 86400, "contact": for_leads},
    )
    names = [
        desk.start(contact, body)["sla_applied"]["sla_name"]
        for contact, body in (("", "Hello"), ("", "Urgent!"), (desk.lead()["id"], "Urgent!"))
    ]
    assert names == ["Silver", "Gold", "Bronze"]
    promised = desk.start()
    set_rules(desk)
    assert desk.start()["sla_applied"] is None
    desk.clock(MORNING + 7000)
    assert desk.answer(promised)["sla_applied"] == shown("hit", "Silver")


def test_office_hours_are_those_of_the_workspace(desk: Desk) -> None:
    desk.call("PUT", "/manage/v1/workspace", json={"timezone": "America/New_York"})
    week = [{"weekday": day, "opens": 540, "closes": 1020} for day in range(5)]
    set_rules(desk, {"name": "Gold", "first_reply": 3600, "office_hours": week})
    desk.clock(MORNING)  # three at night in New York
    in_time, late = desk.start(), desk.start()
    desk.clock(MORNING + 6 * HOUR + 3500)
    assert desk.answer(in_time)["sla_applied"] == shown("hit")
    desk.clock(MORNING + 7 * HOUR + 100)
    assert desk.answer(late)["sla_applied"] == shown("missed")


def test_time_put_aside_does_not_count_where_it_is_agreed(desk: Desk, eventually: Eventually) -> None:
    desk.clock(MORNING)
    for_patient = {"field": "source.body", "operator": "=", "value": "patient"}
    set_rules(
        desk,
        {"name": "Strict", "first_reply": 3600},
        {"name": "Patient", "first_reply": 3600, "pause_when_snoozed": True, "conversation": for_patient},
    )
    begun = [desk.start(), desk.start(body="I am patient")]
    for conversation in begun:
        desk.snooze(conversation, MORNING + 10 * HOUR)
    desk.clock(MORNING + 10 * HOUR + 60)
    eventually(lambda: all(desk.get(each["id"])["state"] == "open" for each in begun))
    answered = [desk.answer(each) for each in begun]
    assert [each["sla_applied"] for each in answered] == [shown("missed", "Strict"), shown("hit", "Patient")]


def test_time_that_a_ticket_waits_does_not_count_where_it_is_agreed(desk: Desk) -> None:
    tickets = TicketDesk(desk.api)
    desk.clock(MORNING)
    set_rules(desk, {"name": "Gold", "resolve": 3600, "pause_when_waiting_on_customer": True})
    in_time, late = (tickets.convert(desk.start()["id"]) for _ in range(2))
    tickets.update(in_time["id"], state="waiting_on_customer")
    desk.clock(MORNING + 5 * HOUR)
    for ticket in (in_time, late):
        tickets.update(ticket["id"], state="resolved")
    assert desk.get(in_time["id"])["sla_applied"] == shown("hit")
    assert desk.get(late["id"])["sla_applied"] == shown("missed")


def test_an_admin_frees_a_conversation_of_its_service_level(desk: Desk) -> None:
    set_rules(desk, {"name": "Gold", "close": 3600})
    conversation = desk.start()
    path = f"/manage/v1/conversations/{conversation['id']}/sla"
    freed = desk.call("DELETE", path)
    assert freed["sla_applied"] == shown(None)
    assert (last_part(freed)["part_type"], last_part(freed)["author"]["id"]) == ("conversation_sla_removed", desk.me)
    assert desk.call("DELETE", path) == freed
    assert desk.close(conversation)["sla_applied"] == shown(None)
    assert error_of(desk.api.delete("/manage/v1/conversations/999999999/sla")) == (
        404,
        "not_found",
        "Resource Not Found",
    )


def test_rules_are_read_as_they_were_written(desk: Desk) -> None:
    week = [{"weekday": 0, "opens": 540, "closes": 1020}]
    targets = {"first_reply": 60, "next_reply": None, "close": None, "resolve": 3600}
    pauses = {"pause_when_snoozed": True, "pause_when_waiting_on_customer": False}
    gold = {"name": "Gold", **targets, **pauses, "office_hours": week}
    whole = {**gold, "type": "sla_rule", "conversation": None, "contact": None, "error": None}
    assert set_rules(desk, gold) == {"type": "list", "data": [whole]}
    assert desk.call("GET", "/manage/v1/sla_rules") == {"type": "list", "data": [whole]}


@pytest.mark.parametrize(
    "changed",
    [
        {"first_reply": None},
        {"first_reply": 0},
        {"first_reply": "soon"},
        {"first_reply": 10**10},
        {"office_hours": [{"weekday": 7, "opens": 0, "closes": 1}]},
        {"office_hours": [{"weekday": 0, "opens": 0, "closes": 1441}]},
        {"office_hours": [{"weekday": 0, "opens": 1320, "closes": 360}]},
        {"office_hours": [{"weekday": 0, "opens": 0, "closes": 60}, {"weekday": 0, "opens": 60, "closes": 60}]},
        {"close": 365 * 24 * 3600, "office_hours": [{"weekday": 0, "opens": 0, "closes": 30}] * 50},
        {"conversation": {"field": "nothing", "operator": "=", "value": 1}},
        {"name": ""},
    ],
)
def test_rules_that_make_no_sense_are_refused_as_a_whole(desk: Desk, changed: Json) -> None:
    kept = set_rules(desk, {"name": "Gold", "first_reply": 60})
    sent = {"rules": [{"name": "Gold", "first_reply": 60, **changed}]}
    assert desk.api.put("/manage/v1/sla_rules", json=sent).status_code == 400
    assert desk.call("GET", "/manage/v1/sla_rules") == kept
