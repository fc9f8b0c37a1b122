"""Tickets over HTTP: how they begin, what is set on them, and in which states that is."""

import base64
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.conftest import TestWorkspace
from tests.support.conversations import MORNING, error_of
from tests.support.tickets import DESCRIPTION, TITLE, Json, TicketDesk, ticket_parts_of, told_by

NOBODY = {"type": "nobody_admin", "id": None}


@pytest.fixture
def desk(api: httpx.Client) -> TicketDesk:
    """Makes ticket types and tickets."""
    return TicketDesk(api)


# Creating


def test_a_ticket_begins_submitted_open_and_unassigned(desk: TicketDesk) -> None:
    user = desk.user()
    ticket_type = desk.call("GET", f"/ticket_types/{desk.ticket_type()}")
    made = desk.ticket(
        ticket_type["id"],
        contacts=[{"id": user["id"]}],
        ticket_attributes={TITLE: "Invoice", DESCRIPTION: "Two seats"},
    )
    assert list(made) == [
        "type",
        "id",
        "ticket_id",
        "ticket_attributes",
        "ticket_state",
        "ticket_type",
        "contacts",
        "admin_assignee_id",
        "team_assignee_id",
        "created_at",
        "updated_at",
        "ticket_parts",
        "open",
        "linked_objects",
        "category",
        "is_shared",
        "ticket_state_internal_label",
        "ticket_state_external_label",
    ]
    assert made["ticket_id"] == "1"
    assert made["ticket_attributes"] == {TITLE: "Invoice", DESCRIPTION: "Two seats"}
    assert made["ticket_type"] == ticket_type
    assert made["contacts"] == {
        "type": "contact.list",
        "contacts": [{"type": "contact", "id": user["id"], "external_id": user["external_id"]}],
    }
    assert (made["admin_assignee_id"], made["team_assignee_id"], made["open"]) == ("0", "0", True)
    assert (made["ticket_state"], made["ticket_state_internal_label"]) == ("submitted", "Submitted")
    [part] = ticket_parts_of(made)
    assert part.pop("created_at") == part.pop("updated_at") == made["created_at"]
    assert part.pop("author")["name"] == "Operator"
    assert part == {
        "type": "ticket_part",
        "id": part["id"],
        "part_type": "ticket_state_updated_by_admin",
        "ticket_state": "submitted",
        "previous_ticket_state": "submitted",
        "attachments": [],
        "redacted": False,
    }


def test_what_is_answered_is_what_is_read(desk: TicketDesk) -> None:
    made = desk.ticket(ticket_attributes={TITLE: "Invoice"})
    assert desk.read(made["id"]) == made
    changed = desk.update(made["id"], state="resolved", open=False)
    assert desk.read(made["id"]) == changed


@pytest.mark.parametrize(("category", "is_shared"), [("Customer", True), ("Back-office", False), ("Tracker", False)])
def test_only_customer_tickets_begin_shared(desk: TicketDesk, category: str, is_shared: bool) -> None:
    made = desk.ticket(desk.ticket_type(category))
    assert (made["category"], made["is_shared"]) == (category, is_shared)


def test_a_ticket_has_the_id_of_the_conversation_behind_it(desk: TicketDesk) -> None:
    made = desk.ticket(ticket_attributes={TITLE: "Invoice"})
    conversation = desk.call("GET", f"/conversations/{made['id']}")
    assert conversation["id"] == made["id"]
    assert conversation["ticket"]["state"] == "submitted"
    assert conversation["ticket"]["custom_attributes"][TITLE] == {"value": "Invoice", "type": "string"}
    assert desk.call("GET", "/conversations")["conversations"] == []


@pytest.mark.parametrize("key", ["id", "external_id", "email"])
def test_the_contact_is_named_by_one_of_three_keys(desk: TicketDesk, key: str) -> None:
    user = desk.user()
    assert desk.ticket(contacts=[{key: user[key]}])["contacts"]["contacts"][0]["id"] == user["id"]


def test_an_address_that_nobody_has_becomes_one_lead(desk: TicketDesk) -> None:
    address = f"{secrets.token_hex(6)}@example.com"
    type_id = desk.ticket_type()

    def make(_: int) -> str:
        made = desk.ticket(type_id, contacts=[{"email": address.upper()}])
        return str(made["contacts"]["contacts"][0]["id"])

    with ThreadPoolExecutor(8) as pool:
        [contact_id] = set(pool.map(make, range(8)))
    lead = desk.call("GET", f"/contacts/{contact_id}")
    assert (lead["role"], lead["email"]) == ("lead", address)


def test_a_ticket_may_be_brought_from_elsewhere_and_name_a_company(desk: TicketDesk) -> None:
    company = desk.company()
    made = desk.ticket(created_at=1_590_000_000, company_id=company["company_id"])
    assert made["created_at"] == made["updated_at"] == ticket_parts_of(made)[0]["created_at"] == 1_590_000_000


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({"ticket_type_id": None}, 400, "parameter_invalid", "ticket_type_id must be an integer or a string, not null"),
        ({"ticket_type_id": "123456789"}, 404, "not_found", "Resource Not Found"),
        ({"ticket_type_id": "x"}, 404, "not_found", "Resource Not Found"),
        ({"contacts": []}, 400, "parameter_invalid", "contacts: expected `array` of length >= 1"),
        ({"contacts": [{"id": "a"}, {"id": "b"}]}, 400, "parameter_invalid", "contacts: expected `array` of length"),
        ({"contacts": [{}]}, 400, "parameter_invalid", "contacts must name the contact by one of"),
        ({"contacts": [{"id": "a", "email": "b@c.de"}]}, 400, "parameter_invalid", "contacts must name the contact"),
        ({"contacts": [{"id": "667d60998a68186f43bafda1"}]}, 404, "not_found", "User Not Found"),
        ({"contacts": [{"external_id": "nobody"}]}, 404, "not_found", "User Not Found"),
        ({"contacts": [{"email": "no address"}]}, 400, "parameter_invalid", "email is invalid: no address"),
        ({"contacts": [{"email": " "}]}, 400, "parameter_invalid", "email must not be blank"),
        ({"contacts": "x"}, 400, "parameter_invalid", "contacts must be an array, not a string"),
        ({"company_id": "nobody's"}, 404, "company_not_found", "Company Not Found"),
        ({"created_at": 99_999_999_999}, 400, "parameter_invalid", "created_at must not be in the future"),
        ({"created_at": "tomorrow"}, 400, "parameter_invalid", "created_at must be a Unix timestamp in seconds"),
        ({"ticket_attributes": []}, 400, "parameter_invalid", "ticket_attributes must be an object, not an array"),
        (
            {"ticket_attributes": {TITLE: "x", "Colour": 1, "Size": 2}},
            400,
            "parameter_invalid",
            "Extra attributes provided that are not found on ticket type: Colour, Size",
        ),
        ({"ticket_attributes": {TITLE: 7}}, 400, "parameter_invalid", f"ticket_attributes.{TITLE} must be a string"),
    ],
)
def test_a_ticket_that_cannot_be_is_refused_and_nothing_is_kept(
    api: httpx.Client, desk: TicketDesk, body: Json, status: int, code: str, message: str
) -> None:
    good = {"ticket_type_id": desk.ticket_type(), "contacts": [{"id": desk.user()["id"]}]}
    found_status, found_code, text = error_of(api.post("/tickets", json={**good, **body}))
    assert (found_status, found_code) == (status, code)
    assert text.startswith(message)
    assert desk.ticket()["ticket_id"] == "1"


def test_required_attributes_are_needed_to_create_and_to_convert(api: httpx.Client, desk: TicketDesk) -> None:
    type_id = desk.ticket_type()
    desk.field(type_id, "Priority", required_to_create=True)
    desk.field(type_id, "Area", required_to_create=True, data_type="integer")
    archived = desk.field(type_id, "Gone", required_to_create=True)
    desk.call("PUT", f"/ticket_types/{type_id}/attributes/{archived['id']}", json={"archived": True})
    body = {"ticket_type_id": type_id, "contacts": [{"id": desk.user()["id"]}]}
    missing = (400, "parameter_invalid", "Missing required ticket attributes: Priority, Area")
    assert error_of(api.post("/tickets", json=body)) == missing
    blank = {"Priority": "", "Area": 0}
    only_priority = (400, "parameter_invalid", "Missing required ticket attributes: Priority")
    assert error_of(api.post("/tickets", json={**body, "ticket_attributes": blank})) == only_priority
    converting = api.post(f"/conversations/{desk.start()['id']}/convert", json={"ticket_type_id": type_id})
    assert error_of(converting) == missing
    desk.ticket(type_id, ticket_attributes={"Priority": "High", "Area": 0})


def test_of_archived_types_no_tickets_are_made_but_those_that_are_stay(api: httpx.Client, desk: TicketDesk) -> None:
    made = desk.ticket()
    type_id = made["ticket_type"]["id"]
    desk.call("PUT", f"/ticket_types/{type_id}", json={"archived": True})
    body = {"ticket_type_id": type_id, "contacts": [{"id": desk.user()["id"]}]}
    archived = (400, "parameter_invalid", "Ticket type is archived")
    assert error_of(api.post("/tickets", json=body)) == archived
    converting = api.post(f"/conversations/{desk.start()['id']}/convert", json={"ticket_type_id": type_id})
    assert error_of(converting) == archived
    assert desk.update(made["id"], state="resolved")["ticket_type"]["archived"] is True


def test_tickets_made_at_once_are_numbered_without_gaps(desk: TicketDesk, other: TestWorkspace) -> None:
    type_id, contacts = desk.ticket_type(), [{"id": desk.user()["id"]}]
    conversations = [desk.start()["id"] for _ in range(10)]

    def make(number: int) -> Json:
        if number < len(conversations):
            return desk.post(f"/conversations/{conversations[number]}/convert", {"ticket_type_id": type_id})
        return desk.ticket(type_id, contacts=contacts)

    with ThreadPoolExecutor(50) as pool:
        made = list(pool.map(make, range(50)))
    assert sorted(int(ticket["ticket_id"]) for ticket in made) == list(range(1, 51))
    assert len({ticket["id"] for ticket in made}) == 50
    assert TicketDesk(other.api).ticket()["ticket_id"] == "1"


# Attributes


@pytest.mark.parametrize(
    ("data_type", "sent", "shown"),
    [
        ("string", "Blue", "Blue"),
        ("string", "", ""),
        ("integer", 7, 7),
        ("integer", 7.0, 7),
        ("integer", -(2**53), -(2**53)),
        ("decimal", 7.25, 7.25),
        ("decimal", 7, 7),
        ("boolean", False, False),
        ("datetime", 1_700_000_000, 1_700_000_000),
        ("datetime", "1700000000", 1_700_000_000),
        ("datetime", "2023-11-14T22:13:20Z", 1_700_000_000),
        ("files", None, None),
    ],
)
def test_a_value_of_the_data_type_is_kept(desk: TicketDesk, data_type: str, sent: Any, shown: Any) -> None:
    type_id = desk.ticket_type()
    desk.field(type_id, "Field", data_type=data_type)
    made = desk.ticket(type_id, ticket_attributes={"Field": sent})
    assert made["ticket_attributes"] == {TITLE: None, DESCRIPTION: None, "Field": shown}
    assert desk.update(made["id"], ticket_attributes={"Field": None})["ticket_attributes"]["Field"] is None


@pytest.mark.parametrize(
    ("data_type", "values", "wanted"),
    [
        ("string", [1, True, ["x"], {}, "x" * 65_536], "a string of at most 65535 characters"),
        ("integer", ["7", 7.5, True, 2**53 + 1, 1e300, [7]], "an integer"),
        ("decimal", ["7", True, 1e300, {}], "a number"),
        ("boolean", ["true", 0, 1], "a boolean"),
        ("datetime", ["soon", True, 1e30, "", []], "a time in Unix seconds"),
        ("list", ["High", "", 1, None], "the id of one of its list options"),
        ("files", [7, "x", [], ["https://example.com/a.png", "https://example.com/b.png"], [{}]], "a list of URLs"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(
    api: httpx.Client, desk: TicketDesk, data_type: str, values: list[Any], wanted: str
) -> None:
    type_id = desk.ticket_type()
    options = {"list_items": "Low,High"} if data_type == "list" else {}
    desk.field(type_id, "Field", data_type=data_type, **options)
    made = desk.ticket(type_id)
    for value in values:
        if value is None:
            continue
        answer = api.put(f"/tickets/{made['id']}", json={"ticket_attributes": {TITLE: "x", "Field": value}})
        status, code, message = error_of(answer)
        assert (status, code) == (400, "parameter_invalid")
        assert message.startswith(f"ticket_attributes.Field must be {wanted}"), value
    assert desk.read(made["id"]) == made


def test_list_values_are_written_by_id_and_read_by_label(api: httpx.Client, desk: TicketDesk) -> None:
    type_id = desk.ticket_type()
    field = desk.field(type_id, "Priority", data_type="list", list_items="Low,High")
    low, high = (each["id"] for each in field["input_options"]["list_options"])
    made = desk.ticket(type_id, ticket_attributes={"Priority": high})
    assert made["ticket_attributes"]["Priority"] == "High"
    url = f"/ticket_types/{type_id}/attributes/{field['id']}"
    desk.call("PUT", url, json={"list_items": "Low,Urgent"})
    assert desk.read(made["id"])["ticket_attributes"]["Priority"] == "High"
    refused = api.put(f"/tickets/{made['id']}", json={"ticket_attributes": {"Priority": high}})
    assert error_of(refused)[1] == "parameter_invalid"
    assert desk.update(made["id"], ticket_attributes={"Priority": low})["ticket_attributes"]["Priority"] == "Low"


def test_archived_attributes_stay_where_they_have_a_value_and_take_no_new_one(
    api: httpx.Client, desk: TicketDesk
) -> None:
    type_id = desk.ticket_type()
    field = desk.field(type_id, "Colour")
    with_value = desk.ticket(type_id, ticket_attributes={"Colour": "blue"})
    without = desk.ticket(type_id)
    desk.call("PUT", f"/ticket_types/{type_id}/attributes/{field['id']}", json={"archived": True})
    shown = {id_: desk.call("GET", f"/tickets/{id_}")["ticket_attributes"] for id_ in (with_value["id"], without["id"])}
    assert shown[with_value["id"]]["Colour"] == "blue"
    assert "Colour" not in shown[without["id"]]
    extra = (400, "parameter_invalid", "Extra attributes provided that are not found on ticket type: Colour")
    assert error_of(api.put(f"/tickets/{with_value['id']}", json={"ticket_attributes": {"Colour": "red"}})) == extra
    desk.field(type_id, "Colour", data_type="integer")
    assert desk.call("GET", f"/tickets/{with_value['id']}")["ticket_attributes"]["Colour"] is None
    assert desk.update(with_value["id"], ticket_attributes={"Colour": 3})["ticket_attributes"]["Colour"] == 3


def test_a_renamed_attribute_keeps_its_values(desk: TicketDesk) -> None:
    type_id = desk.ticket_type()
    field = desk.field(type_id, "Color")
    made = desk.ticket(type_id, ticket_attributes={"Color": "blue"})
    desk.call("PUT", f"/ticket_types/{type_id}/attributes/{field['id']}", json={"name": "Colour"})
    attributes = desk.read(made["id"])["ticket_attributes"]
    assert attributes == {TITLE: None, DESCRIPTION: None, "Colour": "blue"}


def test_files_are_kept_and_shown_by_links_that_need_no_token(desk: TicketDesk) -> None:
    type_id = desk.ticket_type()
    desk.field(type_id, "Screenshot", data_type="files")
    desk.field(type_id, "Logs", data_type="files", allow_multiple_values=True)
    text = base64.b64encode(b"all is well").decode()
    file = {"name": "log.txt", "content_type": "text/plain", "data": text}
    made = desk.ticket(type_id, ticket_attributes={"Screenshot": file, "Logs": [file, file]})
    shown = made["ticket_attributes"]
    screenshot = shown["Screenshot"]
    assert {key: value for key, value in screenshot.items() if key != "url"} == {
        "type": "upload",
        "name": "log.txt",
        "content_type": "text/plain",
        "filesize": 11,
        "width": None,
        "height": None,
    }
    assert [each["name"] for each in shown["Logs"]] == ["log.txt", "log.txt"]
    assert httpx.get(screenshot["url"]).content == b"all is well"
    conversation = desk.call("GET", f"/conversations/{made['id']}")
    assert conversation["ticket"]["custom_attributes"]["Screenshot"]["value"]["filesize"] == 11


def test_files_that_others_take_the_place_of_are_gone(desk: TicketDesk) -> None:
    type_id = desk.ticket_type()
    desk.field(type_id, "Screenshot", data_type="files")
    desk.field(type_id, "Logs", data_type="files", allow_multiple_values=True)
    file = {"name": "log.txt", "content_type": "text/plain", "data": base64.b64encode(b"all is well").decode()}
    made = desk.ticket(type_id, ticket_attributes={"Screenshot": file, "Logs": [file, file]})
    changed = desk.update(made["id"], ticket_attributes={"Screenshot": file, "Logs": None})

    def links(ticket: Json) -> list[str]:
        shown = ticket["ticket_attributes"]
        return [each["url"] for each in (shown["Screenshot"], *(shown["Logs"] or []))]

    assert [httpx.get(url).status_code for url in links(made)] == [404, 404, 404]
    assert [httpx.get(url).content for url in links(changed)] == [b"all is well"]


# Updating


def test_effects_come_in_the_order_of_their_parts(desk: TicketDesk) -> None:
    made, me, colleague = desk.ticket(), desk.me, desk.admin(has_inbox_seat=True)
    until = int(time.time()) + 3600
    changed = desk.update(
        made["id"],
        snoozed_until=until,
        open=True,
        assignment={"admin_id": me, "assignee_id": colleague},
        state="in_progress",
        ticket_attributes={TITLE: "example", DESCRIPTION: "there is a problem"},
    )
    assert told_by(changed)[1:] == [
        ("ticket_attribute_updated_by_admin", "bot"),
        ("ticket_attribute_updated_by_admin", "bot"),
        ("ticket_state_updated_by_admin", "bot"),
        ("assignment", "admin"),
        ("snoozed", "bot"),
    ]
    state, assignment = ticket_parts_of(changed)[3:5]
    assert (state["ticket_state"], state["previous_ticket_state"]) == ("in_progress", "submitted")
    assert (assignment["assigned_to"], assignment["author"]["id"]) == ({"type": "admin", "id": colleague}, me)
    assert "assigned_to" not in state
    assert "body" not in assignment
    assert (changed["admin_assignee_id"], changed["team_assignee_id"]) == (colleague, "0")
    assert (changed["snoozed_until"], changed["open"], changed["ticket_state"]) == (until, True, "in_progress")
    again = desk.update(
        made["id"],
        snoozed_until=str(until),
        open=True,
        assignment={"admin_id": me, "assignee_id": int(colleague)},
        state="in_progress",
        ticket_attributes={TITLE: "example", DESCRIPTION: "there is a problem"},
    )
    assert again == changed, "what is so already is told by no part"


@pytest.mark.parametrize(
    ("state", "internal", "external"),
    [
        ("in_progress", "In progress", "In progress"),
        ("waiting_on_customer", "Waiting on customer", "Waiting on you"),
        ("resolved", "Resolved", "Resolved"),
    ],
)
def test_a_state_has_a_label_for_each_side(desk: TicketDesk, state: str, internal: str, external: str) -> None:
    changed = desk.update(desk.ticket()["id"], state=state)
    assert (changed["ticket_state_internal_label"], changed["ticket_state_external_label"]) == (internal, external)
    assert changed["open"] is True, "a state does not close"
    ticket = desk.call("GET", f"/conversations/{changed['id']}")["ticket"]
    assert ticket["ticket_custom_state_admin_label"] == internal
    assert ticket["ticket_custom_state_user_label"] == external


@pytest.mark.parametrize("state", ["submitted", "closed", "", 1])
def test_a_ticket_never_returns_to_submitted(api: httpx.Client, desk: TicketDesk, state: Any) -> None:
    made = desk.ticket()
    status, code, message = error_of(api.put(f"/tickets/{made['id']}", json={"state": state}))
    assert (status, code) == (400, "parameter_invalid")
    assert message.startswith("state")
    assert desk.read(made["id"]) == made


def test_closing_unsnoozes_and_opening_opens(desk: TicketDesk) -> None:
    made = desk.ticket()
    snoozed = desk.update(made["id"], snoozed_until=int(time.time()) + 60)
    closed = desk.update(made["id"], open=False)
    assert (snoozed["open"], closed["open"], "snoozed_until" in closed) == (True, False, False)
    assert closed["ticket_state"] == "submitted"
    opened = desk.update(made["id"], open=True)
    assert told_by(opened)[1:] == [("snoozed", "bot"), ("close", "bot"), ("open", "bot")]
    assert opened["open"] is True
    closed_at_last = desk.update(made["id"], open=False, snoozed_until=int(time.time()) + 60)
    assert (closed_at_last["open"], "snoozed_until" in closed_at_last) == (False, False)


def test_the_statistics_know_the_admin_who_closed(desk: TicketDesk) -> None:
    colleague = desk.admin(has_inbox_seat=True)
    ticket_id = desk.convert(desk.start()["id"])["id"]
    closers = []
    for values in ({}, {"assignment": {"admin_id": colleague, "assignee_id": colleague}}):
        closed = desk.update(ticket_id, open=False, **values)
        assert told_by(closed)[-1] == ("close", "bot")
        closers.append(desk.get(ticket_id)["statistics"]["last_closed_by_id"])
        desk.update(ticket_id, open=True)
    assert closers == [int(desk.me), int(colleague)]
    assert desk.found("statistics.last_closed_by_id", "=", colleague) == {ticket_id}


def test_a_time_that_is_past_becomes_nine_in_the_next_morning(desk: TicketDesk) -> None:
    desk.call("PUT", "/manage/v1/workspace", json={"timezone": "America/Los_Angeles"})
    desk.clock(int(datetime(2024, 6, 27, 12, 57, 34, tzinfo=UTC).timestamp()))
    changed = desk.update(desk.ticket()["id"], snoozed_until=1_673_609_604)
    assert changed["snoozed_until"] == int(datetime(2024, 6, 28, 16, tzinfo=UTC).timestamp())


def test_a_snooze_ends_by_itself(desk: TicketDesk, eventually: Any) -> None:
    desk.clock(MORNING)
    made = desk.ticket()
    desk.update(made["id"], snoozed_until=MORNING + 3600)
    desk.clock(MORNING + 7200)

    def woken() -> Json | None:
        ticket: Json = desk.read(made["id"])
        return ticket if "snoozed_until" not in ticket else None

    ticket = eventually(woken)
    assert told_by(ticket)[-1] == ("timer_unsnooze", "bot")
    assert ticket["open"] is True


# Assigning


def test_teams_and_admins_take_a_ticket_and_nobody_frees_it(desk: TicketDesk) -> None:
    made, me, team = desk.ticket(), desk.me, desk.team_of()
    to_admin = desk.update(made["id"], assignment={"admin_id": me, "assignee_id": me})
    to_team = desk.update(made["id"], assignment={"admin_id": me, "assignee_id": team})
    to_both = desk.update(made["id"], assignment={"admin_id": me, "assignee_id": me})
    back = desk.update(made["id"], assignment={"admin_id": me, "assignee_id": team})
    assert desk.update(made["id"], assignment={"admin_id": me, "assignee_id": team}) == back
    to_nobody = desk.update(made["id"], assignment={"admin_id": me, "assignee_id": "0"})
    steps = (to_admin, to_team, to_both, back, to_nobody)
    assignees = [(each["admin_assignee_id"], each["team_assignee_id"]) for each in steps]
    assert assignees == [(me, "0"), ("0", team), (me, team), ("0", team), ("0", "0")]
    parts = ticket_parts_of(to_nobody)[1:]
    assert [part["assigned_to"] for part in parts] == [
        {"type": "admin", "id": me},
        {"type": "team", "id": team},
        {"type": "admin", "id": me},
        {"type": "team", "id": team},
        NOBODY,
    ]
    assert desk.update(made["id"], assignment={"assignee_id": 0}) == to_nobody


def test_an_admin_and_a_team_never_share_a_number(desk: TicketDesk) -> None:
    ids = [desk.team_of(), desk.admin(has_inbox_seat=True), desk.team_of(), desk.admin(has_inbox_seat=True)]
    assert len(set(ids)) == 4
    assert ids == sorted(ids, key=int)


def test_assigning_opens(desk: TicketDesk) -> None:
    made, me = desk.ticket(), desk.me
    desk.update(made["id"], open=False)
    changed = desk.update(made["id"], assignment={"admin_id": me, "assignee_id": me})
    assert (ticket_parts_of(changed)[-1]["part_type"], changed["open"]) == ("assign_and_reopen", True)


@pytest.mark.parametrize("place", ["admin_id", "assignee_id"])
@pytest.mark.parametrize("id_", ["123456789", "x", "-1"])
def test_unknown_admins_and_assignees_are_not_found(api: httpx.Client, desk: TicketDesk, place: str, id_: str) -> None:
    made, me = desk.ticket(), desk.me
    body = {"state": "resolved", "assignment": {"admin_id": me, "assignee_id": me, place: id_}}
    assert error_of(api.put(f"/tickets/{made['id']}", json=body)) == (404, "assignee_not_found", "Assignee not found")
    assert desk.read(made["id"]) == made


def test_admins_and_teams_of_another_workspace_are_not_found(
    api: httpx.Client, desk: TicketDesk, other: TestWorkspace
) -> None:
    made, theirs = desk.ticket(), TicketDesk(other.api)
    for id_ in (theirs.me, theirs.team_of()):
        answer = api.put(f"/tickets/{made['id']}", json={"assignment": {"assignee_id": id_}})
        assert error_of(answer) == (404, "assignee_not_found", "Assignee not found")


@pytest.mark.parametrize("place", ["admin_id", "assignee_id"])
def test_admins_without_a_seat_neither_act_nor_are_assigned(api: httpx.Client, desk: TicketDesk, place: str) -> None:
    made, me = desk.ticket(), desk.me
    body = {"assignment": {"admin_id": me, "assignee_id": me, place: desk.admin(has_inbox_seat=False)}}
    assert error_of(api.put(f"/tickets/{made['id']}", json=body))[:2] == (403, "action_forbidden")
    assert desk.read(made["id"]) == made


# Sharing


def test_back_office_tickets_may_be_shared(desk: TicketDesk) -> None:
    made = desk.ticket(desk.ticket_type("Back-office"))
    shared = desk.update(made["id"], is_shared=True)
    assert (shared["is_shared"], len(ticket_parts_of(shared))) == (True, 1)
    assert desk.update(made["id"], is_shared=False)["is_shared"] is False


def test_a_ticket_whose_type_becomes_a_customers_may_be_shared(desk: TicketDesk) -> None:
    type_id = desk.ticket_type("Back-office")
    made = desk.ticket(type_id)
    desk.call("PUT", f"/ticket_types/{type_id}", json={"category": "Customer"})
    assert desk.update(made["id"], is_shared=True)["is_shared"] is True


@pytest.mark.parametrize(("category", "is_shared"), [("Customer", False), ("Tracker", True)])
def test_other_tickets_are_shared_or_not_by_what_they_are(
    api: httpx.Client, desk: TicketDesk, category: str, is_shared: bool
) -> None:
    made = desk.ticket(desk.ticket_type(category))
    answer = api.put(f"/tickets/{made['id']}", json={"is_shared": is_shared})
    assert error_of(answer)[:2] == (400, "parameter_invalid")
    assert desk.update(made["id"], is_shared=not is_shared) == made


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"open": "no"}, "open must be a boolean or null, not a string"),
        ({"snoozed_until": "later"}, "snoozed_until must be a Unix timestamp in seconds"),
        ({"snoozed_until": 1e30}, "snoozed_until must be a Unix timestamp in seconds"),
        ({"assignment": {}}, "assignment.assignee_id is a required parameter"),
        ({"assignment": "me"}, "assignment must be an object or null, not a string"),
        ({"is_shared": 1}, "is_shared must be a boolean or null, not an integer"),
    ],
)
def test_a_change_that_cannot_be_is_refused_as_a_whole(
    api: httpx.Client, desk: TicketDesk, body: Json, message: str
) -> None:
    made = desk.ticket()
    answer = api.put(f"/tickets/{made['id']}", json={"ticket_attributes": {TITLE: "x"}, "state": "resolved", **body})
    assert (answer.status_code, error_of(answer)[2]) == (400, message)
    assert desk.read(made["id"]) == made


@pytest.mark.parametrize("id_", ["123456789", "x", "-1", "9" * 40])
def test_unknown_tickets_are_not_found(api: httpx.Client, desk: TicketDesk, id_: str) -> None:
    not_found = (404, "ticket_not_found", "Ticket not found")
    assert error_of(api.get(f"/tickets/{id_}")) == not_found
    assert error_of(api.put(f"/tickets/{id_}", json={})) == not_found


def test_a_conversation_is_no_ticket(api: httpx.Client, desk: TicketDesk) -> None:
    url = f"/tickets/{desk.start()['id']}"
    assert error_of(api.get(url))[1] == "ticket_not_found"
    assert error_of(api.put(url, json={"state": "resolved"}))[1] == "ticket_not_found"


def test_a_ticket_of_another_workspace_is_not_found(api: httpx.Client, other: TestWorkspace) -> None:
    theirs = TicketDesk(other.api)
    made = theirs.ticket()
    assert error_of(api.get(f"/tickets/{made['id']}"))[1] == "ticket_not_found"
    assert error_of(api.put(f"/tickets/{made['id']}", json={"state": "resolved"}))[1] == "ticket_not_found"
    assert theirs.read(made["id"]) == made


def test_changes_at_once_leave_an_unbroken_story(desk: TicketDesk) -> None:
    made, me, colleague = desk.ticket(), desk.me, desk.admin(has_inbox_seat=True)
    states = ("in_progress", "waiting_on_customer", "resolved")

    def change(number: int) -> int:
        bodies: list[Json] = [
            {"state": states[number // 4 % 3]},
            {"ticket_attributes": {TITLE: str(number)}},
            {"assignment": {"admin_id": me, "assignee_id": (me, colleague)[number // 4 % 2]}},
            {"open": bool(number // 4 % 2)},
        ]
        return desk.api.put(f"/tickets/{made['id']}", json=bodies[number % 4]).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(change, range(50))) == {200}
    parts = ticket_parts_of(desk.read(made["id"]))
    assert [int(part["id"]) for part in parts] == sorted(int(part["id"]) for part in parts)
    moves = [part for part in parts[1:] if part["part_type"] == "ticket_state_updated_by_admin"]
    before = ["submitted", *(part["ticket_state"] for part in moves)]
    assert [part["previous_ticket_state"] for part in moves] == before[:-1]


# Converting


def test_a_conversation_becomes_a_ticket_and_stays_one(desk: TicketDesk) -> None:
    user = desk.user()
    conversation_id = desk.start(user["id"])["id"]
    me = desk.me
    reply = {"message_type": "comment", "type": "admin", "admin_id": me, "body": "Looking into it"}
    before = desk.post(f"/conversations/{conversation_id}/reply", reply)
    type_id = desk.ticket_type()
    body = {"ticket_type_id": type_id, "attributes": {TITLE: "Two seats"}}
    made = desk.post(f"/conversations/{conversation_id}/convert", body)
    assert (made["id"], made["ticket_id"], made["is_shared"]) == (conversation_id, "1", True)
    assert (made["created_at"], made["ticket_attributes"][TITLE]) == (before["created_at"], "Two seats")
    assert [(part["part_type"], part.get("body"), part["author"]["type"]) for part in ticket_parts_of(made)] == [
        ("comment", "<p>My invoice shows two seats</p>", "user"),
        ("comment", "<p>Looking into it</p>", "admin"),
        ("ticket_state_updated_by_admin", None, "bot"),
    ]
    assert (ticket_parts_of(made)[0]["id"], made["ticket_parts"]["total_count"]) == (before["source"]["id"], 3)
    assert desk.read(made["id"]) == made
    after = desk.call("GET", f"/conversations/{conversation_id}")
    ticket = after.pop("ticket")
    assert {key: ticket[key] for key in ("type", "id", "state", "ticket_type", "ticket_type_emoji")} == {
        "type": "ticket",
        "id": int(conversation_id),
        "state": "submitted",
        "ticket_type": "Bug report",
        "ticket_type_emoji": "🎟️",
    }
    assert after["source"] == before["source"]
    [listed] = desk.call("GET", "/conversations")["conversations"]
    assert listed["ticket"] == ticket


def test_what_is_done_to_the_conversation_is_done_to_the_ticket(desk: TicketDesk) -> None:
    made = desk.convert(desk.start()["id"])
    desk.close(made)
    ticket = desk.read(made["id"])
    assert (ticket["open"], ticket["ticket_state"], told_by(ticket)[-1]) == (False, "submitted", ("close", "admin"))


@pytest.mark.parametrize("category", ["Back-office", "Tracker"])
def test_only_customer_types_are_for_conversations(api: httpx.Client, desk: TicketDesk, category: str) -> None:
    body = {"ticket_type_id": desk.ticket_type(category)}
    answer = api.post(f"/conversations/{desk.start()['id']}/convert", json=body)
    assert error_of(answer) == (400, "parameter_invalid", "Ticket type is not a customer ticket type")


def test_a_conversation_becomes_a_ticket_once_however_many_ask(desk: TicketDesk) -> None:
    conversation_id, type_id = desk.start()["id"], desk.ticket_type()

    def convert(_: int) -> httpx.Response:
        return desk.api.post(f"/conversations/{conversation_id}/convert", json={"ticket_type_id": type_id})

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(convert, range(10)))
    refusals = [error_of(answer) for answer in answers if not answer.is_success]
    assert refusals == [(400, "parameter_invalid", "The conversation is a ticket already")] * 9
    assert desk.ticket()["ticket_id"] == "2"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "ticket_type_id is a required parameter"),
        ({"ticket_type_id": "123456789"}, 404, "Resource Not Found"),
        ({"attributes": {"Colour": 1}}, 400, "Extra attributes provided that are not found on ticket type: Colour"),
        ({"attributes": {TITLE: 1}}, 400, f"ticket_attributes.{TITLE} must be a string of at most 65535 characters"),
    ],
)
def test_a_conversion_that_cannot_be_changes_nothing(
    api: httpx.Client, desk: TicketDesk, body: Json, status: int, message: str
) -> None:
    conversation_id = desk.start()["id"]
    before = desk.call("GET", f"/conversations/{conversation_id}")
    sent = {"ticket_type_id": desk.ticket_type(), **body} if body else {}
    answer = api.post(f"/conversations/{conversation_id}/convert", json=sent)
    assert (answer.status_code, error_of(answer)[2]) == (status, message)
    assert desk.call("GET", f"/conversations/{conversation_id}") == before


def test_an_unknown_conversation_is_not_converted(api: httpx.Client, desk: TicketDesk) -> None:
    answer = api.post("/conversations/123456789/convert", json={"ticket_type_id": desk.ticket_type()})
    assert error_of(answer) == (404, "not_found", "Resource Not Found")


# People who are gone


def test_a_ticket_keeps_who_is_deleted_and_follows_who_is_merged(desk: TicketDesk) -> None:
    lead, user = desk.lead(email=f"{secrets.token_hex(6)}@example.com"), desk.user()
    made = desk.ticket(contacts=[{"id": lead["id"]}])
    desk.post("/contacts/merge", {"from": lead["id"], "into": user["id"]})
    followed = desk.read(made["id"])["contacts"]["contacts"]
    assert followed == [{"type": "contact", "id": user["id"], "external_id": user["external_id"]}]
    desk.call("DELETE", f"/contacts/{user['id']}")
    assert desk.read(made["id"])["contacts"]["contacts"][0]["id"] == user["id"]
