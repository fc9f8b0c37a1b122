"""What is told of conversations: which topics an action means, and that the item is what GET answers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Outbox
from tests.support.conversations import Desk, Json, last_part, parts_of

Action = Callable[[Desk, Json], Any]
A = "conversation.admin."


def tag(desk: Desk, conversation: Json) -> None:
    desk.post(f"/conversations/{conversation['id']}/tags", {"id": desk.tag()["id"], "admin_id": desk.me})


def attach(desk: Desk, conversation: Json) -> None:
    customer = {"customer": {"intercom_user_id": desk.user()["id"]}}
    desk.post(f"/conversations/{conversation['id']}/customers", customer)


def set_attribute(desk: Desk, conversation: Json) -> None:
    desk.post("/manage/v1/data_attributes", {"name": "Area", "model": "conversation", "data_type": "string"})
    desk.call("PUT", f"/conversations/{conversation['id']}", json={"custom_attributes": {"Area": "x"}, "read": False})


def rate(desk: Desk, conversation: Json) -> None:
    desk.call("POST", f"/manage/v1/conversations/{conversation['id']}/rating/request")
    desk.call("PUT", f"/manage/v1/conversations/{conversation['id']}/rating", json={"rating": 5})


ACTIONS: list[tuple[str, Action, list[str]]] = [
    ("contact replies", lambda desk, it: desk.write(it), ["conversation.user.replied"]),
    ("admin replies", lambda desk, it: desk.answer(it), [f"{A}replied"]),
    ("note", lambda desk, it: desk.leave_note(it), [f"{A}noted"]),
    ("close", lambda desk, it: desk.close(it), [f"{A}closed"]),
    ("close with a text", lambda desk, it: desk.close(it, body="Bye"), [f"{A}closed", f"{A}replied"]),
    ("snooze", lambda desk, it: desk.snooze(it, 4_000_000_000), [f"{A}snoozed"]),
    ("open", lambda desk, it: desk.manage(it, "open"), [f"{A}opened"]),
    ("assign", lambda desk, it: desk.assign(it, desk.me), [f"{A}assigned", f"{A}open.assigned"]),
    (
        "assign with a text",
        lambda desk, it: desk.assign(it, desk.me, body="Yours"),
        [f"{A}assigned", f"{A}open.assigned", f"{A}replied"],
    ),
    (
        "assign with a word to the colleague",
        lambda desk, it: desk.assign(it, desk.admin(), body="Yours"),
        [f"{A}assigned", f"{A}open.assigned"],
    ),
    ("unassign", lambda desk, it: desk.assign(it, "0"), [f"{A}assigned", f"{A}open.assigned"]),
    (
        "run rules",
        lambda desk, it: desk.post(f"/conversations/{it['id']}/run_assignment_rules", {}),
        [f"{A}assigned", f"{A}open.assigned"],
    ),
    ("tag", tag, ["conversation_part.tag.created"]),
    ("attach", attach, ["conversation.contact.attached"]),
    ("set an attribute", set_attribute, []),
    ("rate", rate, ["conversation.rating.added"]),
]
AFTER_CLOSING: list[tuple[str, Action, list[str]]] = [
    ("contact replies", lambda desk, it: desk.write(it), ["conversation.user.replied"]),
    ("admin replies", lambda desk, it: desk.answer(it), [f"{A}opened", f"{A}replied"]),
    ("assign", lambda desk, it: desk.assign(it, desk.me), [f"{A}assigned", f"{A}opened"]),
    (
        "run rules",
        lambda desk, it: desk.post(f"/conversations/{it['id']}/run_assignment_rules", {}),
        [f"{A}assigned"],
    ),
]


def of_conversations(outbox: Outbox) -> list[tuple[str, str, Json]]:
    return [event for event in outbox.take() if event[0].startswith("conversation")]


@pytest.mark.parametrize(("name", "act", "topics"), ACTIONS, ids=lambda each: each if isinstance(each, str) else "")
def test_an_action_is_told(quiet_desk: Desk, outbox: Outbox, name: str, act: Action, topics: list[str]) -> None:
    _check(quiet_desk, outbox, quiet_desk.start(), act, topics)


@pytest.mark.parametrize(
    ("name", "act", "topics"), AFTER_CLOSING, ids=lambda each: each if isinstance(each, str) else ""
)
def test_an_action_after_closing_is_told(
    quiet_desk: Desk, outbox: Outbox, name: str, act: Action, topics: list[str]
) -> None:
    _check(quiet_desk, outbox, quiet_desk.close(quiet_desk.start()), act, topics)


def test_a_colleagues_note_ends_a_snooze_and_both_are_told(quiet_desk: Desk, outbox: Outbox) -> None:
    snoozed = quiet_desk.snooze(quiet_desk.start(), 4_000_000_000)
    other = quiet_desk.admin()
    _check(quiet_desk, outbox, snoozed, lambda desk, it: desk.leave_note(it, other), [f"{A}noted", f"{A}unsnoozed"])


def _check(desk: Desk, outbox: Outbox, conversation: Json, act: Action, topics: list[str]) -> None:
    of_conversations(outbox)
    act(desk, conversation)
    events = of_conversations(outbox)
    assert [topic for topic, _, _ in events] == topics
    after = desk.get(conversation["id"])
    alone = {"type": "conversation_part.list", "conversation_parts": [last_part(after)], "total_count": 1}
    for topic, id_, item in events:
        assert id_ == conversation["id"]
        told = item["conversation"] if topic.startswith("conversation.contact") else item
        assert {key: value for key, value in told.items() if key != "tags_added"} == {
            **after,
            "conversation_parts": alone,
        }
        if topic == "conversation_part.tag.created":
            assert item["tags_added"] == after["tags"]


def test_the_beginning_is_told_as_it_was_before_rules_acted(quiet_desk: Desk, outbox: Outbox) -> None:
    quiet_desk.rules({"name": "All", "assign_to": {"type": "admin", "id": quiet_desk.me}})
    of_conversations(outbox)
    conversation = quiet_desk.start()
    (created, _, first), *assigned = of_conversations(outbox)
    assert created == "conversation.user.created"
    assert (first["conversation_parts"]["conversation_parts"], first["admin_assignee_id"]) == ([], None)
    assert [topic for topic, _, _ in assigned] == [f"{A}assigned", f"{A}open.assigned"]
    assert assigned[0][2] == conversation


def test_who_joins_and_leaves_is_told_with_the_conversation(quiet_desk: Desk, outbox: Outbox) -> None:
    desk, user = quiet_desk, quiet_desk.user()
    conversation = desk.start()
    customer = {"admin_id": desk.me, "customer": {"intercom_user_id": user["id"]}}
    of_conversations(outbox)
    desk.post(f"/conversations/{conversation['id']}/customers", customer)
    path = f"/conversations/{conversation['id']}/customers/{user['id']}"
    desk.call("DELETE", path, json={"admin_id": desk.me})
    (joined, _, first), (left, _, second) = of_conversations(outbox)
    assert (joined, left) == ("conversation.contact.attached", "conversation.contact.detached")
    assert first["contact"] == second["contact"] == desk.call("GET", f"/contacts/{user['id']}")
    assert [len(each["conversation"]["contacts"]["contacts"]) for each in (first, second)] == [2, 1]


def test_what_is_redacted_is_told_without_its_text(quiet_desk: Desk, outbox: Outbox) -> None:
    desk = quiet_desk
    conversation = desk.start(body="swordfish")
    part = last_part(desk.write(conversation, body="swordfish"))
    desk.answer(conversation)
    of_conversations(outbox)
    redaction = {"type": "conversation_part", "conversation_id": conversation["id"], "conversation_part_id": part["id"]}
    desk.post("/conversations/redact", redaction)
    source = {"type": "source", "conversation_id": conversation["id"], "source_id": conversation["source"]["id"]}
    desk.post("/conversations/redact", source)
    (topic, _, of_part), (again, _, of_source) = of_conversations(outbox)
    assert topic == again == "conversation_part.redacted"
    assert [each["id"] for each in parts_of(of_part)] == [part["id"]]
    assert parts_of(of_part)[0]["redacted"]
    assert of_source["source"]["redacted"]
    assert "swordfish" not in str(of_source)


def test_what_changes_nothing_is_not_told(quiet_desk: Desk, outbox: Outbox) -> None:
    desk = quiet_desk
    conversation = desk.start()
    of_conversations(outbox)
    first = conversation["contacts"]["contacts"][0]["id"]
    desk.post(f"/conversations/{conversation['id']}/customers", {"customer": {"intercom_user_id": first}})
    desk.call("PUT", f"/conversations/{conversation['id']}", json={"read": False, "title": "Seats"})
    assert desk.api.post(f"/conversations/{conversation['id']}/reply", json={"message_type": "comment"}).is_error
    assert of_conversations(outbox) == []
