"""One conversation from its first message to its rating, and the ticket that it becomes, until that is resolved.

After each step the API shows what happened, and no more.
"""

from collections.abc import Callable
from typing import Any

from tests.support.conversations import MORNING, Desk, Json, part_types, parts_of
from tests.support.tickets import TITLE, TicketDesk, ticket_parts_of, told_by

Eventually = Callable[[Callable[[], Any]], Any]
HOUR = 3600


def shown(conversation: Json) -> Json:
    """State and assignment, as short as they can be told."""
    return {
        "state": conversation["state"],
        "admin": conversation["admin_assignee_id"],
        "team": conversation["team_assignee_id"],
        "waits": conversation["waiting_since"] is not None,
        "read": conversation["read"],
        "snoozed": conversation["snoozed_until"],
    }


def counted(conversation: Json) -> Json:
    """The statistics that are there."""
    return {key: value for key, value in conversation["statistics"].items() if value is not None and key != "type"}


def test_the_story_of_a_conversation(desk: Desk, eventually: Eventually) -> None:
    # The house: a team of two that shares out in turn, and a rule about invoices.
    grace, ada = desk.admin(), desk.admin()
    team = desk.team_of(grace, ada)
    desk.call("PUT", f"/manage/v1/teams/{team}/assignment", json={"method": "round_robin"})
    desk.rules(
        {
            "name": "Invoices of leads",
            "conversation": {"field": "source.body", "operator": "=", "value": "invoice"},
            "contact": {"field": "role", "operator": "=", "value": "lead"},
            "assign_to": {"type": "team", "id": team},
        }
    )
    desk.call(
        "PUT", "/manage/v1/sla_rules", json={"rules": [{"name": "Half an hour", "first_reply": 1800, "close": 86400}]}
    )
    desk.call("PUT", "/manage/v1/rating_settings", json={"asks_leads": True})

    # A lead writes; the rules give it to a member of the team.
    desk.clock(MORNING)
    lead = desk.lead(email="lead@example.com", name="Lea Example")
    question = "My invoice shows two seats, though there is but one of us. " * 5
    begun = desk.start(lead["id"], question)
    began = begun["created_at"]
    assert begun["source"]["author"] == {
        "type": "lead",
        "id": lead["id"],
        "name": "Lea Example",
        "email": "lead@example.com",
    }
    assert shown(begun) == {
        "state": "open",
        "admin": int(grace),
        "team": int(team),
        "waits": True,
        "read": True,
        "snoozed": None,
    }
    assert part_types(begun) == ["default_assignment", "conversation_sla_applied_by_rule"]
    assert [part["author"]["type"] for part in parts_of(begun)] == ["bot", "bot"]
    assert parts_of(begun)[0]["assigned_to"] == {"type": "admin", "id": grace}
    assert begun["sla_applied"]["sla_status"] == "active"
    assigned = {
        "first_contact_reply_at": began,
        "last_contact_reply_at": began,
        "first_assignment_at": began,
        "last_assignment_at": began,
        "time_to_assignment": 0,
        "count_assignments": 1,
        "count_reopens": 0,
    }
    assert counted(begun) == {**assigned, "count_conversation_parts": 3}

    # A colleague leaves a note: nothing changes but that it is there.
    desk.clock(MORNING + 300)
    noted = desk.leave_note(begun, ada)
    assert part_types(noted)[2:] == ["note"]
    assert shown(noted) == shown(begun)
    assert counted(noted) == {**assigned, "count_conversation_parts": 4}
    assert [each["id"] for each in noted["teammates"]["admins"]] == [ada]

    # The assignee answers in time.
    desk.clock(MORNING + 900)
    answered = desk.answer(noted, grace, body="I look into it")
    part = parts_of(answered)[-1]
    assert (part["part_type"], part["body"], part["author"]["id"]) == ("comment", "<p>I look into it</p>", grace)
    assert shown(answered) == {**shown(begun), "waits": False, "read": False}
    assert answered["sla_applied"]["sla_status"] == "hit"
    took = part["created_at"] - began
    first_answer = {
        **assigned,
        "first_admin_reply_at": part["created_at"],
        "last_admin_reply_at": part["created_at"],
        "last_assignment_admin_reply_at": part["created_at"],
        "time_to_admin_reply": took,
        "median_time_to_reply": took,
    }
    assert counted(answered) == {**first_answer, "count_conversation_parts": 5}

    # It is put aside until the evening; the contact's answer wakes it earlier.
    evening = MORNING + 10 * HOUR
    snoozed = desk.manage(answered, "snoozed", grace, snoozed_until=evening)
    assert part_types(snoozed)[4:] == ["snoozed"]
    assert shown(snoozed) == {**shown(answered), "state": "snoozed", "snoozed": evening}
    assert snoozed["open"]
    assert counted(snoozed) == {**first_answer, "count_conversation_parts": 6}
    desk.clock(MORNING + 2 * HOUR)
    woken = desk.write(snoozed, "It is the one of January")
    part = parts_of(woken)[-1]
    assert (part["part_type"], part["body"]) == ("open", "<p>It is the one of January</p>")
    assert shown(woken) == shown(begun)
    assert woken["waiting_since"] == part["created_at"]
    asked_again = {**first_answer, "last_contact_reply_at": part["created_at"]}
    assert counted(woken) == {**asked_again, "count_conversation_parts": 7}

    # Once more it is put aside, and this time the clock wakes it.
    desk.answer(woken, grace, body="Done by tonight")
    desk.manage(woken, "snoozed", grace, snoozed_until=evening)
    desk.clock(evening + 60)
    eventually(lambda: desk.get(begun["id"])["state"] == "open")
    alarm = desk.get(begun["id"])
    assert part_types(alarm)[6:] == ["comment", "snoozed", "timer_unsnooze"]
    assert parts_of(alarm)[-1]["author"]["type"] == "bot"
    assert shown(alarm) == shown(answered)

    # Closed with a farewell, about which the contact is asked.
    closed = desk.manage(alarm, "close", grace, type="admin", body="The new invoice is on its way")
    part = parts_of(closed)[-1]
    assert (part["part_type"], part["body"]) == ("close", "<p>The new invoice is on its way</p>")
    assert shown(closed) == {**shown(answered), "state": "closed"}
    assert not closed["open"]
    took = part["created_at"] - began
    seen = counted(closed)
    assert (seen["time_to_first_close"], seen["time_to_last_close"]) == (took, took)
    assert (seen["first_close_at"], seen["last_close_at"]) == (part["created_at"], part["created_at"])
    assert (seen["last_closed_by_id"], seen["count_reopens"]) == (int(grace), 0)
    assert (seen["last_admin_reply_at"], seen["count_conversation_parts"]) == (part["created_at"], 11)
    assert closed["sla_applied"] == {
        "type": "conversation_sla_summary",
        "sla_name": "Half an hour",
        "sla_status": "hit",
    }
    assert closed["conversation_rating"] == {
        "rating": None,
        "remark": None,
        "created_at": part["created_at"],
        "contact": closed["contacts"]["contacts"][0],
        "teammate": {"type": "admin", "id": grace},
    }

    # The contact rates it.
    rating = {"rating": 5, "remark": "Quick and kind"}
    rated = desk.call("PUT", f"/manage/v1/conversations/{begun['id']}/rating", json=rating)
    assert part_types(rated)[10:] == ["conversation_rating_changed", "conversation_rating_remark_added"]
    assert {part["author"]["id"] for part in parts_of(rated)[-2:]} == {lead["id"]}
    assert rated["conversation_rating"] == {**closed["conversation_rating"], **rating}
    assert shown(rated) == shown(closed)
    assert counted(rated) == {**seen, "count_conversation_parts": 13}

    # What GET, the list and the search show is the same.
    assert desk.get(begun["id"]) == rated
    item = {key: value for key, value in rated.items() if key != "conversation_parts"}
    assert desk.call("GET", "/conversations")["conversations"] == [item]
    assert desk.search({"field": "conversation_rating.score", "operator": "=", "value": 5})["conversations"] == [item]

    the_ticket_that_it_becomes(TicketDesk(desk.api), rated, grace)


def the_ticket_that_it_becomes(desk: TicketDesk, rated: Json, grace: str) -> None:
    """What the house does not mend in an answer: from the conversion of a closed conversation to the resolution."""
    before, told = counted(rated), len(parts_of(rated))

    def check(ticket: Json, new_parts: list[tuple[str, str]], **changed: Any) -> Json:
        """The ticket has these parts more, is what GET shows, and the conversation behind it agrees."""
        nonlocal told
        told += len(new_parts)
        # The first part of a ticket is the message that began the conversation.
        assert len(ticket_parts_of(ticket)) == ticket["ticket_parts"]["total_count"] == told + 1
        assert told_by(ticket)[-len(new_parts) :] == new_parts
        assert desk.read(ticket["id"]) == ticket
        conversation = desk.get(ticket["id"])
        assert conversation["ticket"]["state"] == ticket["ticket_state"]
        assert conversation["ticket"]["ticket_custom_state_user_label"] == ticket["ticket_state_external_label"]
        assert conversation["open"] == ticket["open"]
        assert conversation["conversation_rating"] == rated["conversation_rating"]
        before.update(changed, count_conversation_parts=told + 1)
        assert counted(conversation) == before
        return conversation

    # Not all of it is done: it becomes a ticket, with the same id, in the state in which it was.
    hour = MORNING + 12 * HOUR
    desk.clock(hour)
    ticket = desk.convert(rated["id"], attributes={TITLE: "Two seats on the invoice"})
    assert (ticket["id"], ticket["ticket_id"], ticket["category"]) == (rated["id"], "1", "Customer")
    assert (ticket["ticket_state"], ticket["ticket_state_external_label"]) == ("submitted", "Submitted")
    assert (ticket["open"], ticket["is_shared"], ticket["admin_assignee_id"]) == (False, True, grace)
    assert ticket["ticket_attributes"] == {TITLE: "Two seats on the invoice", "_default_description_": None}
    assert ticket["contacts"] == rated["contacts"]
    first = ticket_parts_of(ticket)[0]
    assert (first["part_type"], first["body"]) == ("comment", rated["source"]["body"])
    check(ticket, [("ticket_state_updated_by_admin", "bot")])
    last = ticket_parts_of(ticket)[-1]
    assert (last["ticket_state"], last["previous_ticket_state"]) == ("submitted", "submitted")

    # Work on it begins, and opens it.
    ticket = desk.update(ticket["id"], state="in_progress", open=True)
    assert (ticket["ticket_state"], ticket["ticket_state_internal_label"]) == ("in_progress", "In progress")
    assert ticket["open"]
    check(ticket, [("ticket_state_updated_by_admin", "bot"), ("open", "bot")], count_reopens=1)

    # A question to the customer, for whom the ticket waits; the answer sets it to work again.
    asked = desk.say(ticket, admin_id=grace, body="Which of the two is yours?")
    assert (asked["type"], asked["part_type"]) == ("ticket_part", "comment")
    answer_at = asked["created_at"]
    check(desk.read(ticket["id"]), [("comment", "admin")], last_admin_reply_at=answer_at)
    ticket = desk.update(ticket["id"], state="waiting_on_customer")
    conversation = check(ticket, [("ticket_state_updated_by_admin", "bot")])
    assert (conversation["waiting_since"], conversation["read"]) == (None, False)
    desk.clock(hour + HOUR)
    heard = desk.hear(ticket, "The first one")
    assert (heard["part_type"], heard["author"]["type"]) == ("comment", "lead")
    ticket = desk.read(ticket["id"])
    assert ticket["ticket_state"] == "in_progress"
    conversation = check(
        ticket,
        [("comment", "lead"), ("ticket_state_updated_by_user", "lead")],
        last_contact_reply_at=heard["created_at"],
    )
    assert conversation["waiting_since"] == heard["created_at"]

    # Answered, resolved and closed.
    desk.clock(hour + 2 * HOUR)
    done = desk.say(ticket, admin_id=grace, body="The other one is gone")
    check(
        desk.read(ticket["id"]),
        [("comment", "admin")],
        last_admin_reply_at=done["created_at"],
        # Of three answers: this one took an hour, the second a moment.
        median_time_to_reply=before["time_to_admin_reply"],
    )
    ticket = desk.update(ticket["id"], state="resolved", open=False)
    assert (ticket["ticket_state"], ticket["open"]) == ("resolved", False)
    closed_at = ticket_parts_of(ticket)[-1]["created_at"]
    check(
        ticket,
        [("ticket_state_updated_by_admin", "bot"), ("close", "bot")],
        last_close_at=closed_at,
        time_to_last_close=closed_at - rated["created_at"],
        last_closed_by_id=int(desk.me),
    )
    resolved = desk.post("/tickets/search", {"query": {"field": "state", "operator": "=", "value": "resolved"}})
    assert resolved["tickets"] == [ticket]
