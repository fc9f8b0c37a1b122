"""Statistics of conversations: each figure by its definition, counted as parts are written."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from callbox.support.conversations import statistics, transitions
from callbox.support.conversations.transitions import BOT, Assignee, Author, Change, Conversation, NewPart
from tests.support.conversations import MORNING, Desk, Json, parts_of

ADA, GRACE = Author("admin", admin_id=1), Author("admin", admin_id=2)
CONTACT = Author("user", contact_id="a" * 24)
TEXT = "<p>Text</p>"

Act = Callable[[Change, datetime], object]


def at(clock: str) -> datetime:
    """A time of one day, as 07:56:29."""
    return datetime.fromisoformat(f"2026-01-10T{clock}").replace(tzinfo=UTC)


def begun(clock: str) -> Change:
    """A conversation that a contact begins."""
    change = Change(Conversation(state="open", updated_at=at(clock), waiting_since=at(clock)))
    statistics.count_contact_message(change.conversation, at(clock))
    return change


def test_the_recorded_conversation() -> None:
    change = begun("07:56:29")
    seen = change.conversation
    transitions.assign(change, ADA, Assignee("admin", 1), TEXT, at("08:00:00"))
    assert (seen.time_to_assignment, seen.time_to_admin_reply, seen.median_time_to_reply) == (211, 211, 211)
    assert (seen.count_assignments, seen.waiting_since) == (1, None)
    assert (seen.first_assignment_at, seen.last_assignment_admin_reply_at) == (at("08:00:00"), at("08:00:00"))
    transitions.admin_comments(change, ADA, TEXT, at("08:13:32"))
    transitions.close(change, ADA, None, at("08:13:35"))
    assert (seen.time_to_first_close, seen.time_to_last_close) == (1026, 1026)
    assert seen.median_time_to_reply == 211
    transitions.contact_comments(change, CONTACT, TEXT, at("08:14:54"))
    assert (seen.count_reopens, seen.waiting_since, seen.first_close_at) == (1, at("08:14:54"), at("08:13:35"))
    assert seen.last_contact_reply_at == at("08:14:54")
    assert seen.last_admin_reply_at == at("08:13:32")
    assert seen.part_count == 4


def test_nothing_counts_before_the_first_message_of_a_contact() -> None:
    change = Change(Conversation(state="open", updated_at=at("08:00:00")))
    transitions.assign(change, ADA, Assignee("admin", 1), TEXT, at("08:01:00"))
    transitions.admin_comments(change, ADA, TEXT, at("08:02:00"))
    transitions.close(change, ADA, None, at("08:03:00"))
    transitions.reopen(change, ADA, at("08:04:00"))
    untouched = statistics.Statistics(part_count=4)
    seen = {name: getattr(change.conversation, name) for name in untouched.__struct_fields__}
    assert statistics.Statistics(**seen) == untouched
    transitions.contact_comments(change, CONTACT, TEXT, at("08:05:00"))
    assert change.conversation.first_contact_reply_at == at("08:05:00")
    transitions.admin_comments(change, ADA, TEXT, at("08:06:00"))
    assert change.conversation.time_to_admin_reply == 60


def test_the_time_to_assignment_is_that_of_the_last_one_before_the_first_answer() -> None:
    change = begun("08:00:00")
    transitions.assign(change, ADA, Assignee("team", 5), None, at("08:01:00"))
    transitions.assign(change, ADA, Assignee("admin", 2), None, at("08:03:00"))
    transitions.admin_comments(change, GRACE, TEXT, at("08:05:00"))
    transitions.assign(change, GRACE, Assignee("admin", 1), None, at("08:09:00"))
    seen = change.conversation
    assert (seen.time_to_assignment, seen.count_assignments) == (180, 3)
    assert (seen.first_assignment_at, seen.last_assignment_at) == (at("08:01:00"), at("08:09:00"))
    assert seen.last_assignment_admin_reply_at is None
    transitions.admin_comments(change, ADA, TEXT, at("08:10:00"))
    transitions.admin_comments(change, ADA, TEXT, at("08:11:00"))
    assert seen.last_assignment_admin_reply_at == at("08:10:00")


def test_the_median_is_of_answers_each_from_the_first_message_that_waited() -> None:
    change = begun("08:00:00")
    seen = change.conversation
    transitions.contact_comments(change, CONTACT, TEXT, at("08:00:50"))
    transitions.admin_comments(change, ADA, TEXT, at("08:01:00"))
    transitions.admin_comments(change, ADA, TEXT, at("08:02:00"))
    assert seen.reply_times == [60]
    transitions.contact_comments(change, CONTACT, TEXT, at("08:10:00"))
    transitions.admin_comments(change, ADA, TEXT, at("08:10:20"))
    assert (seen.reply_times, seen.median_time_to_reply) == ([60, 20], 40)
    transitions.contact_comments(change, CONTACT, TEXT, at("08:20:00"))
    transitions.close(change, ADA, TEXT, at("08:25:00"))
    assert (seen.reply_times, seen.median_time_to_reply) == ([60, 20, 300], 60)


@pytest.mark.parametrize(
    "act",
    [
        lambda change, now: transitions.admin_notes(change, ADA, TEXT, now),
        lambda change, now: transitions.offer_quick_replies(change, ADA, "[]", now),
        lambda change, now: transitions.close(change, ADA, None, now),
        lambda change, now: transitions.assign(change, ADA, Assignee("admin", 1), None, now),
        lambda change, now: transitions.assign(change, ADA, Assignee("admin", 2), TEXT, now),
        lambda change, now: transitions.assign(change, ADA, Assignee("team", 1), TEXT, now),
        lambda change, now: transitions.unassign(change, ADA, "team", TEXT, now),
        lambda change, now: change.add(NewPart("comment", BOT, now, TEXT)),
    ],
    ids=["note", "quick reply", "close", "assignment", "word to an admin", "word to a team", "word to all", "bot"],
)
def test_what_is_no_answer_of_a_teammate_counts_as_none(act: Act) -> None:
    change = begun("08:00:00")
    act(change, at("08:01:00"))
    assert change.conversation.first_admin_reply_at is None
    assert change.conversation.median_time_to_reply is None


def test_unassigning_is_no_assignment_and_opening_what_is_open_no_reopening() -> None:
    change = begun("08:00:00")
    transitions.unassign(change, ADA, "admin", None, at("08:01:00"))
    transitions.reopen(change, ADA, at("08:02:00"))
    transitions.snooze(change, ADA, at("09:00:00"), at("08:03:00"))
    transitions.reopen(change, ADA, at("08:04:00"))
    assert (change.conversation.count_assignments, change.conversation.count_reopens) == (0, 0)


@pytest.mark.parametrize(
    "reopen",
    [
        lambda change, now: transitions.reopen(change, ADA, now),
        lambda change, now: transitions.contact_comments(change, CONTACT, TEXT, now),
        lambda change, now: transitions.admin_comments(change, ADA, TEXT, now),
        lambda change, now: transitions.assign(change, ADA, Assignee("admin", 1), None, now),
        lambda change, now: transitions.unassign(change, ADA, "team", None, now),
    ],
    ids=["open", "contact", "admin", "assignment", "unassignment"],
)
def test_whatever_opens_a_closed_conversation_counts_as_reopening(reopen: Act) -> None:
    change = begun("08:00:00")
    transitions.close(change, ADA, None, at("08:01:00"))
    reopen(change, at("08:02:00"))
    assert (change.conversation.state, change.conversation.count_reopens) == ("open", 1)


# Over HTTP


KEYS = {
    "type",
    "time_to_assignment",
    "time_to_admin_reply",
    "time_to_first_close",
    "time_to_last_close",
    "median_time_to_reply",
    "first_contact_reply_at",
    "first_assignment_at",
    "first_admin_reply_at",
    "first_close_at",
    "last_assignment_at",
    "last_assignment_admin_reply_at",
    "last_contact_reply_at",
    "last_admin_reply_at",
    "last_close_at",
    "last_closed_by_id",
    "count_reopens",
    "count_assignments",
    "count_conversation_parts",
}


def test_all_keys_are_there_once_a_contact_has_written(desk: Desk) -> None:
    statistics_of_new = desk.start()["statistics"]
    assert set(statistics_of_new) == KEYS
    assert {key for key in KEYS if statistics_of_new[key] is not None} == {
        "type",
        "first_contact_reply_at",
        "last_contact_reply_at",
        "count_reopens",
        "count_assignments",
        "count_conversation_parts",
    }


def test_times_are_those_of_the_parts_and_the_source_counts_as_one(desk: Desk) -> None:
    brought = desk.start(created_at=MORNING)
    assert (brought["created_at"], brought["statistics"]["first_contact_reply_at"]) == (MORNING, MORNING)
    answered = desk.answer(brought, created_at=MORNING + 211)
    seen: Json = answered["statistics"]
    assert (seen["time_to_admin_reply"], seen["median_time_to_reply"]) == (211, 211)
    desk.write(brought, created_at=MORNING + 300)
    closed = desk.close(desk.answer(brought, created_at=MORNING + 310))
    seen = closed["statistics"]
    close = parts_of(closed)[-1]
    assert seen["median_time_to_reply"] == (211 + 10) // 2
    assert seen["first_close_at"] == seen["last_close_at"] == close["created_at"]
    assert seen["time_to_first_close"] == close["created_at"] - MORNING
    assert seen["last_closed_by_id"] == int(desk.me)
    assert seen["last_admin_reply_at"] == MORNING + 310
    assert seen["count_conversation_parts"] == len(parts_of(closed)) + 1 == 5
