"""The official Python SDK through every method about tickets, their types and attributes."""

from typing import Any

import pytest
from intercom import Intercom, SingleFilterSearchRequest
from intercom.core.api_error import ApiError
from intercom.errors.bad_request_error import BadRequestError
from intercom.errors.not_found_error import NotFoundError
from intercom.tickets import UpdateTicketRequestAssignment
from intercom.tickets.types.ticket import Ticket
from intercom.tickets.types.ticket_type import TicketType
from intercom.types.admin_reply_ticket_request import AdminReplyTicketRequest
from intercom.types.contact_reply_ticket_intercom_user_id_request import ContactReplyTicketIntercomUserIdRequest
from intercom.types.create_ticket_request_contacts_item_email import CreateTicketRequestContactsItemEmail
from intercom.types.create_ticket_request_contacts_item_id import CreateTicketRequestContactsItemId
from intercom.types.starting_after_paging import StartingAfterPaging

from tests.contract.world import World


def _type(sdk: Intercom) -> TicketType:
    made = sdk.ticket_types.create(name="Bug", description="Broken", category="Customer", icon="🐞")
    assert made is not None
    return made


def _ticket(sdk: Intercom, world: World, **attributes: Any) -> Ticket:
    contact = CreateTicketRequestContactsItemId(id=world.user()["id"])
    return sdk.tickets.create(ticket_type_id=_type(sdk).id, contacts=[contact], ticket_attributes=attributes)


def test_ticket_types(sdk: Intercom) -> None:
    made = _type(sdk)
    changed = sdk.ticket_types.update(made.id, name="Bug report", archived=True)
    assert (changed.name, changed.archived, changed.icon) == ("Bug report", True, "🐞")
    assert sdk.ticket_types.get(made.id) == changed
    assert changed.dict() in sdk.ticket_types.list().dict()["data"]
    with pytest.raises(ApiError, match="Resource Not Found"):
        sdk.ticket_types.get("123456789")


def test_ticket_type_attributes(sdk: Intercom) -> None:
    type_id = _type(sdk).id
    made = sdk.ticket_types.attributes.create(
        type_id, name="Priority", description="How soon", data_type="list", list_items="Low,High"
    )
    assert made is not None
    assert made.input_options is not None
    assert [option["label"] for option in made.input_options["list_options"] or ()] == ["Low", "High"]
    changed = sdk.ticket_types.attributes.update(type_id, made.id, description="When", required_to_create=True)
    assert changed is not None
    assert (changed.description, changed.required_to_create, changed.data_type) == ("When", True, "list")


def test_tickets_are_created_read_and_changed(sdk: Intercom, world: World) -> None:
    made = _ticket(sdk, world, _default_title_="example")
    assert (made.ticket_id, made.ticket_state, made.ticket_attributes["_default_title_"]) == (
        "1",
        "submitted",
        "example",
    )
    assert sdk.tickets.get(made.id) == made
    me = world.admin_id()
    changed = sdk.tickets.update(
        made.id,
        ticket_attributes={"_default_description_": "there is a problem"},
        state="in_progress",
        open=True,
        snoozed_until=4_000_000_000,
        assignment=UpdateTicketRequestAssignment(admin_id=me, assignee_id=me),
    )
    assert (changed.ticket_state, changed.admin_assignee_id, changed.snoozed_until) == (
        "in_progress",
        me,
        4_000_000_000,
    )
    assert changed.ticket_parts is not None
    assert changed.ticket_parts.total_count == 5
    with pytest.raises(NotFoundError):
        sdk.tickets.update(made.id, assignment=UpdateTicketRequestAssignment(admin_id="123", assignee_id=me))


def test_an_unknown_address_becomes_a_contact(sdk: Intercom) -> None:
    contact = CreateTicketRequestContactsItemEmail(email="new@example.com")
    made = sdk.tickets.create(ticket_type_id=_type(sdk).id, contacts=[contact])
    [found] = made.contacts.contacts
    assert sdk.contacts.find(found.id or "").email == "new@example.com"


def test_replies(sdk: Intercom, world: World) -> None:
    made = _ticket(sdk, world)
    contact_id = made.contacts.contacts[0].id or ""
    heard = sdk.tickets.reply(
        made.id, request=ContactReplyTicketIntercomUserIdRequest(intercom_user_id=contact_id, body="Thanks again :)")
    )
    assert (heard.part_type, heard.body) == ("comment", "<p>Thanks again :)</p>")
    note = sdk.tickets.reply(
        made.id, request=AdminReplyTicketRequest(message_type="note", admin_id=world.admin_id(), body="Look")
    )
    assert (note.part_type, note.body) == ("note", "<p>Look</p>")


def test_a_search_by_pages(sdk: Intercom, world: World) -> None:
    """By hand: of this search, the SDK's own pager asks for the same page for ever."""
    made = {_ticket(sdk, world).id for _ in range(3)}
    query = SingleFilterSearchRequest(field="created_at", operator=">", value="1306054154")
    first = sdk.tickets.search(query=query, pagination=StartingAfterPaging(per_page=2))
    assert first.response is not None
    cursor = first.response._response.json()["pages"]["next"]["starting_after"]
    second = sdk.tickets.search(query=query, pagination=StartingAfterPaging(per_page=2, starting_after=cursor))
    assert second.has_next is False
    assert {ticket.id for ticket in [*(first.items or ()), *(second.items or ())]} == made


def test_tags(sdk: Intercom, world: World) -> None:
    made, tag, me = _ticket(sdk, world), world.tag(), world.admin_id()
    put = sdk.tags.tag_ticket(made.id, tag_id=tag["id"], admin_id=me)
    assert (put.id, put.name) == (tag["id"], tag["name"])
    assert sdk.tags.untag_ticket(made.id, tag["id"], admin_id=me).id == tag["id"]
    with pytest.raises(NotFoundError):
        sdk.tags.untag_ticket(made.id, tag["id"], admin_id=me)


def test_a_conversation_is_converted(sdk: Intercom, world: World) -> None:
    message = world.post("/conversations", {"from": {"type": "user", "id": world.user()["id"]}, "body": "Hello"})
    made = sdk.conversations.convert_to_ticket(message["conversation_id"], ticket_type_id=_type(sdk).id)
    assert (made.id, made.ticket_id) == (message["conversation_id"], "1")
    with pytest.raises(BadRequestError):
        sdk.conversations.convert_to_ticket(message["conversation_id"], ticket_type_id=_type(sdk).id)
