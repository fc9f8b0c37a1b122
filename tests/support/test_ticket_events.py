"""What changes of tickets tell: topics, and items that are what GET answers then."""

from typing import Any

import pytest

from tests.conftest import Outbox, TestWorkspace
from tests.support.conversations import MORNING
from tests.support.tickets import TITLE, Json, TicketDesk, ticket_parts_of


@pytest.fixture
def desk(quiet: TestWorkspace) -> TicketDesk:
    """A workspace whose events stay where they are."""
    return TicketDesk(quiet.api)


def _told(outbox: Outbox) -> list[tuple[str, str, Json]]:
    """Events since the last time, but for those about people."""
    return [each for each in outbox.take() if each[0].startswith(("ticket", "conversation"))]


def _topics(outbox: Outbox) -> list[str]:
    return [topic for topic, _, _ in _told(outbox)]


def test_a_new_ticket_is_told_as_it_is_read(desk: TicketDesk, outbox: Outbox) -> None:
    made = desk.ticket(ticket_attributes={TITLE: "Invoice"})
    assert _told(outbox) == [("ticket.created", made["id"], desk.read(made["id"]))]


def test_a_converted_conversation_is_a_new_ticket(desk: TicketDesk, outbox: Outbox) -> None:
    conversation_id = desk.start()["id"]
    outbox.take()
    made = desk.convert(conversation_id)
    assert _told(outbox) == [("ticket.created", conversation_id, made)]


def test_a_state_is_told_with_the_ticket_and_resolving_counts_as_closing(desk: TicketDesk, outbox: Outbox) -> None:
    made = desk.ticket()
    outbox.take()
    moved = desk.update(made["id"], state="in_progress")
    assert _told(outbox) == [("ticket.state.updated", made["id"], moved)]
    resolved = desk.update(made["id"], state="resolved")
    assert _told(outbox) == [
        ("ticket.state.updated", made["id"], resolved),
        ("ticket.closed", made["id"], resolved),
    ]


def test_closing_opening_and_snoozing_have_no_topics(desk: TicketDesk, outbox: Outbox) -> None:
    desk.clock(MORNING)
    made = desk.ticket()
    outbox.take()
    desk.update(made["id"], snoozed_until=MORNING + 60)
    desk.update(made["id"], open=False)
    desk.update(made["id"], open=True)
    assert _topics(outbox) == []


@pytest.mark.parametrize(
    ("change", "topics"),
    [
        ({"ticket_attributes": {TITLE: "x"}}, ["ticket.attribute.updated"]),
        ({"assignment": {"assignee_id": "admin"}}, ["ticket.admin.assigned"]),
        ({"assignment": {"assignee_id": "team"}}, ["ticket.team.assigned"]),
    ],
)
def test_what_a_part_tells_is_told_with_ticket_and_part(
    desk: TicketDesk, outbox: Outbox, change: dict[str, Any], topics: list[str]
) -> None:
    made = desk.ticket()
    if "assignment" in change:
        assignees = {"admin": desk.me, "team": desk.team_of(desk.me)}
        change = {"assignment": {"admin_id": desk.me, "assignee_id": assignees[change["assignment"]["assignee_id"]]}}
    outbox.take()
    after = desk.update(made["id"], **change)
    part = ticket_parts_of(after)[-1]
    item = {"type": "ticket_ticket_part", "ticket": after, "ticket_part": part}
    assert _told(outbox) == [(topic, made["id"], item) for topic in topics]


@pytest.mark.parametrize(
    ("topic", "kind"),
    [("ticket.admin.replied", "comment"), ("ticket.note.created", "note"), ("ticket.contact.replied", "")],
)
def test_what_is_said_is_told_with_ticket_and_part(desk: TicketDesk, outbox: Outbox, topic: str, kind: str) -> None:
    made = desk.ticket()
    outbox.take()
    part = desk.say(made, kind) if kind else desk.hear(made)
    item = {"type": "ticket_ticket_part", "ticket": desk.read(made["id"]), "ticket_part": part}
    assert _told(outbox) == [(topic, made["id"], item)]


def test_a_customer_who_is_waited_for_replies_and_moves_the_ticket(desk: TicketDesk, outbox: Outbox) -> None:
    made = desk.ticket()
    desk.update(made["id"], state="waiting_on_customer")
    outbox.take()
    desk.hear(made)
    assert _topics(outbox) == ["ticket.contact.replied", "ticket.state.updated"]


def test_each_effect_of_one_change_is_told_in_its_order(desk: TicketDesk, outbox: Outbox) -> None:
    made = desk.ticket()
    outbox.take()
    desk.update(made["id"], assignment={"assignee_id": desk.me}, state="resolved", ticket_attributes={TITLE: "x"})
    assert _topics(outbox) == [
        "ticket.attribute.updated",
        "ticket.state.updated",
        "ticket.closed",
        "ticket.admin.assigned",
    ]


def test_nothing_is_told_of_what_is_so_already_or_refused(desk: TicketDesk, outbox: Outbox) -> None:
    made = desk.ticket(ticket_attributes={TITLE: "x"})
    outbox.take()
    desk.update(made["id"], ticket_attributes={TITLE: "x"}, open=True, is_shared=True, assignment={"assignee_id": "0"})
    refused = desk.api.put(f"/tickets/{made['id']}", json={"state": "resolved", "assignment": {"assignee_id": "9999"}})
    assert refused.status_code == 404
    assert _topics(outbox) == []


def test_what_is_done_to_a_ticket_as_a_conversation_is_told_as_a_tickets(desk: TicketDesk, outbox: Outbox) -> None:
    made = desk.convert(desk.start()["id"])
    outbox.take()
    desk.answer(made)
    desk.assign(made, desk.me)
    desk.close(made, body="Bye")
    desk.write(made)
    assert _topics(outbox) == [
        "ticket.admin.replied",
        "ticket.admin.assigned",
        "ticket.admin.replied",
        "ticket.contact.replied",
    ]


def test_a_cross_posted_note_is_told_wherever_it_stands(desk: TicketDesk, outbox: Outbox) -> None:
    conversation, customer = desk.start(), desk.ticket()
    back_office = desk.ticket(desk.ticket_type("Back-office"))
    desk.link(back_office, conversation["id"])
    desk.link(back_office, customer["id"])
    outbox.take()
    desk.say(back_office, "note", cross_post=True)
    assert sorted((topic, id_) for topic, id_, _ in _told(outbox)) == sorted(
        [
            ("conversation.admin.noted", conversation["id"]),
            ("ticket.note.created", customer["id"]),
            ("ticket.note.created", back_office["id"]),
        ]
    )


def test_who_joins_and_leaves_a_ticket_is_told_with_the_ticket_as_conversations_show_it(
    desk: TicketDesk, outbox: Outbox
) -> None:
    made, friend = desk.ticket(), desk.user()
    outbox.take()
    url = f"/conversations/{made['id']}/customers"
    joined = desk.post(url, {"admin_id": desk.me, "customer": {"intercom_user_id": friend["id"]}})
    desk.call("DELETE", f"{url}/{friend['id']}", json={"admin_id": desk.me})
    told = [(topic, id_, item["ticket"], item["contact"]["id"]) for topic, id_, item in _told(outbox)]
    assert told == [
        ("ticket.contact.attached", made["id"], joined["ticket"], friend["id"]),
        ("ticket.contact.detached", made["id"], joined["ticket"], friend["id"]),
    ]
