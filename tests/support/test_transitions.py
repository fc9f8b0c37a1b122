"""What each action does in each state, over HTTP: the part it writes, and what becomes of the conversation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pytest

from tests.support.conversations import MORNING, Desk, Json, last_part, part_types, parts_of

State = Literal["open", "closed", "snoozed"]
Action = Callable[[Desk, Json], Json]
STATES: tuple[State, ...] = ("open", "closed", "snoozed")
EVENING = MORNING + 10 * 3600
NIGHT = EVENING + 4 * 3600


def in_state(desk: Desk, state: State) -> Json:
    """A conversation in a state, assigned to the token's admin, whose contact waits, if it is not closed."""
    desk.clock(MORNING)
    conversation = desk.start()
    desk.assign(conversation, desk.me)
    desk.clock(MORNING + 60)
    if state == "closed":
        return desk.close(conversation)
    if state == "snoozed":
        return desk.snooze(conversation, EVENING)
    return desk.get(conversation["id"])


@dataclass(frozen=True)
class Outcome:
    """The part that tells of an action, and the state after it. Waiting: as before, since now, or not any more."""

    part_type: str
    state: State
    waiting: Literal["kept", "now", "over"] = "kept"
    body: str | None = None
    author: str = "admin"


def colleague(desk: Desk) -> str:
    return desk.admin()


def rule(name: str, action: Action, *outcomes: Outcome) -> list[tuple[str, Action, State, Outcome]]:
    return [(name, action, state, outcome) for state, outcome in zip(STATES, outcomes, strict=True)]


def set_attribute(desk: Desk, conversation: Json) -> Json:
    attribute = {"name": "Area", "model": "conversation", "data_type": "string"}
    desk.post("/manage/v1/data_attributes", attribute)
    changed: Json = desk.call(
        "PUT", f"/conversations/{conversation['id']}", json={"custom_attributes": {"Area": "Billing"}}
    )
    return changed


def tag(desk: Desk, conversation: Json) -> Json:
    desk.post(f"/conversations/{conversation['id']}/tags", {"id": desk.tag()["id"], "admin_id": desk.me})
    return desk.get(conversation["id"])


I_SEE, MORE, LOOK, BYE, YOURS = (
    f"<p>{text}</p>" for text in ("I see", "One more thing", "Look at this", "Bye", "Yours")
)
TABLE = [
    *rule(
        "contact comment",
        lambda desk, conversation: desk.write(conversation),
        Outcome("comment", "open", body=MORE, author="user"),
        Outcome("open", "open", "now", MORE, "user"),
        Outcome("open", "open", body=MORE, author="user"),
    ),
    *rule(
        "admin comment by the assignee",
        lambda desk, conversation: desk.answer(conversation),
        Outcome("comment", "open", "over", I_SEE),
        Outcome("open", "open", "over", I_SEE),
        Outcome("comment", "snoozed", "over", I_SEE),
    ),
    *rule(
        "admin comment by somebody else",
        lambda desk, conversation: desk.answer(conversation, colleague(desk)),
        Outcome("comment", "open", "over", I_SEE),
        Outcome("open", "open", "over", I_SEE),
        Outcome("open", "open", "over", I_SEE),
    ),
    *rule(
        "note by the assignee",
        lambda desk, conversation: desk.leave_note(conversation),
        Outcome("note", "open", body=LOOK),
        Outcome("note", "closed", body=LOOK),
        Outcome("note", "snoozed", body=LOOK),
    ),
    *rule(
        "note by somebody else",
        lambda desk, conversation: desk.leave_note(conversation, colleague(desk)),
        Outcome("note", "open", body=LOOK),
        Outcome("note", "closed", body=LOOK),
        Outcome("note_and_unsnooze", "open", body=LOOK),
    ),
    *rule(
        "quick replies",
        lambda desk, conversation: desk.answer(
            conversation,
            kind="quick_reply",
            reply_options=[{"text": "Yes", "uuid": "a5e1c524-5ddd-4c3e-9328-6bca5d6e3edb"}],
        ),
        Outcome("quick_reply", "open"),
        Outcome("quick_reply", "closed"),
        Outcome("quick_reply", "snoozed"),
    ),
    *rule(
        "close",
        lambda desk, conversation: desk.close(conversation),
        Outcome("close", "closed", "over"),
        Outcome("close", "closed", "over"),
        Outcome("close", "closed", "over"),
    ),
    *rule(
        "close with a farewell",
        lambda desk, conversation: desk.close(conversation, body="Bye"),
        Outcome("close", "closed", "over", BYE),
        Outcome("close", "closed", "over", BYE),
        Outcome("close", "closed", "over", BYE),
    ),
    *rule(
        "snooze",
        lambda desk, conversation: desk.snooze(conversation, NIGHT),
        Outcome("snoozed", "snoozed"),
        Outcome("snoozed", "snoozed"),
        Outcome("snoozed", "snoozed"),
    ),
    *rule(
        "open",
        lambda desk, conversation: desk.manage(conversation, "open"),
        Outcome("open", "open"),
        Outcome("open", "open"),
        Outcome("open", "open"),
    ),
    *rule(
        "assign to an admin",
        lambda desk, conversation: desk.assign(conversation, colleague(desk), body="Yours"),
        Outcome("assignment", "open", body=YOURS),
        Outcome("assign_and_reopen", "open", body=YOURS),
        Outcome("assign_and_unsnooze", "open", body=YOURS),
    ),
    *rule(
        "assign to a team",
        lambda desk, conversation: desk.assign(conversation, desk.team_of(desk.me), "team"),
        Outcome("assignment", "open"),
        Outcome("assign_and_reopen", "open"),
        Outcome("assign_and_unsnooze", "open"),
    ),
    *rule(
        "assign to nobody",
        lambda desk, conversation: desk.assign(conversation, "0"),
        Outcome("assignment", "open"),
        Outcome("assign_and_reopen", "open"),
        Outcome("assign_and_unsnooze", "open"),
    ),
    *rule(
        "run assignment rules",
        lambda desk, conversation: desk.post(f"/conversations/{conversation['id']}/run_assignment_rules", {}),
        Outcome("default_assignment", "open", author="bot"),
        Outcome("default_assignment", "closed", author="bot"),
        Outcome("default_assignment", "snoozed", author="bot"),
    ),
    *rule(
        "set an attribute",
        set_attribute,
        Outcome("conversation_attribute_updated_by_admin", "open", author="bot"),
        Outcome("conversation_attribute_updated_by_admin", "closed", author="bot"),
        Outcome("conversation_attribute_updated_by_admin", "snoozed", author="bot"),
    ),
    *rule(
        "tag",
        tag,
        Outcome("conversation_tags_updated", "open"),
        Outcome("conversation_tags_updated", "closed"),
        Outcome("conversation_tags_updated", "snoozed"),
    ),
]


@pytest.mark.parametrize(
    ("name", "action", "state", "outcome"), TABLE, ids=lambda each: each if isinstance(each, str) else ""
)
def test_action_in_state(desk: Desk, name: str, action: Action, state: State, outcome: Outcome) -> None:
    before = in_state(desk, state)
    desk.clock(MORNING + 120)
    after = action(desk, before)
    assert len(parts_of(after)) == len(parts_of(before)) + 1, name
    part = last_part(after)
    assert (part["part_type"], part["body"], part["author"]["type"]) == (
        outcome.part_type,
        outcome.body,
        outcome.author,
    )
    assert (after["state"], after["open"]) == (outcome.state, outcome.state != "closed")
    assert (after["snoozed_until"] is not None) == (outcome.state == "snoozed")
    since = {"kept": before["waiting_since"], "over": None, "now": part["created_at"]}[outcome.waiting]
    assert after["waiting_since"] == since
    assert after["updated_at"] == part["created_at"] >= MORNING + 119
    assert after == desk.get(before["id"])


@pytest.mark.parametrize("state", STATES)
def test_reading_and_redacting_change_no_state_and_write_no_part(desk: Desk, state: State) -> None:
    before = in_state(desk, state)
    for read in (False, True):
        after = desk.call("PUT", f"/conversations/{before['id']}", json={"read": read})
        assert after == {**before, "read": read}
    source = {"type": "source", "conversation_id": before["id"], "source_id": before["source"]["id"]}
    after = desk.post("/conversations/redact", source)
    assert (after["state"], part_types(after)) == (state, part_types(before))


def test_a_new_snooze_replaces_the_time_of_the_one_before(desk: Desk) -> None:
    conversation = in_state(desk, "snoozed")
    assert conversation["snoozed_until"] == EVENING
    assert desk.snooze(conversation, NIGHT)["snoozed_until"] == NIGHT


def test_what_admins_write_is_unread_until_the_contact_acts(desk: Desk) -> None:
    conversation = desk.start()
    seen = [
        conversation["read"],
        desk.leave_note(conversation)["read"],
        desk.answer(conversation)["read"],
        desk.write(conversation)["read"],
        desk.close(conversation)["read"],
        desk.close(conversation, body="Bye")["read"],
    ]
    assert seen == [True, True, False, True, True, False]


def test_the_contact_waits_since_the_first_message_without_an_answer(desk: Desk) -> None:
    desk.clock(MORNING)
    conversation = desk.start()
    first = conversation["created_at"]
    desk.clock(MORNING + 100)
    assert desk.write(conversation)["waiting_since"] == first
    assert desk.leave_note(conversation)["waiting_since"] == first
    assert desk.answer(conversation)["waiting_since"] is None
    desk.clock(MORNING + 200)
    assert desk.write(conversation)["waiting_since"] >= MORNING + 199


def test_a_team_takes_the_place_of_the_admin_and_an_admin_stays_in_the_team(desk: Desk) -> None:
    conversation, team, other = desk.start(), desk.team_of(desk.me), desk.admin()

    def assigned(answer: Json) -> tuple[Json, int | None, int | None]:
        return last_part(answer)["assigned_to"], answer["admin_assignee_id"], answer["team_assignee_id"]

    mine, theirs = {"type": "admin", "id": desk.me}, {"type": "admin", "id": other}
    nobody = {"type": "nobody_admin", "id": None}
    assert assigned(desk.assign(conversation, desk.me)) == (mine, int(desk.me), None)
    assert assigned(desk.assign(conversation, team, "team")) == ({"type": "team", "id": team}, None, int(team))
    assert assigned(desk.assign(conversation, other)) == (theirs, int(other), int(team))
    assert assigned(desk.assign(conversation, "0")) == (nobody, None, int(team))
    desk.assign(conversation, desk.me)
    assert assigned(desk.assign(conversation, "0", "team")) == (nobody, None, None)
