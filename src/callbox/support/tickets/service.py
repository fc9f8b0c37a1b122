"""The rules of tickets: how they begin, and what may be set on them."""

from datetime import datetime

import msgspec

from callbox.people.companies import service as companies
from callbox.people.contacts import service as contacts
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import Event, Topic, record
from callbox.support.attachments.service import detach
from callbox.support.conversations import queries as conversation_queries
from callbox.support.conversations import transitions
from callbox.support.conversations.changing import Held, hold, time_of_action, write
from callbox.support.conversations.schemas import NOBODY_ID
from callbox.support.conversations.transitions import BOT, Assignee, Author, Change, Conversation
from callbox.support.ticket_types.queries import Category, TicketTypeRow
from callbox.support.ticket_types.service import find_ticket_type
from callbox.support.ticket_types.values import TicketAttributes, checked_attributes, require_attributes
from callbox.support.tickets import queries
from callbox.support.tickets.changing import TicketNotFound, hold_ticket, store_ticket
from callbox.support.tickets.queries import TicketRow
from callbox.support.tickets.schemas import (
    Assignment,
    ConvertConversationRequest,
    CreateTicketRequest,
    Ticket,
    TicketContact,
    UpdateTicketRequest,
    ticket_from_row,
)
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id, moment
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.workspace import teams
from callbox.workspace.admins import service as admins

# Of the categories that may be either, tickets begin as what teammates alone see.
_IS_SHARED: dict[Category, bool] = {"Customer": True, "Back-office": False, "Tracker": False}


class TicketTypeArchived(ParameterInvalid):
    """Of an archived type, no new tickets are made."""

    message = "Ticket type is archived"


class NotACustomerTicketType(ParameterInvalid):
    """A conversation only becomes a ticket that its customer sees."""

    message = "Ticket type is not a customer ticket type"


class AlreadyATicket(ParameterInvalid):
    """A conversation becomes a ticket once."""

    message = "The conversation is a ticket already"


class AssigneeNotFound(NotFound):
    """The workspace has no such admin to act, or no such admin or team to have the ticket."""

    code = "assignee_not_found"
    message = "Assignee not found"


class SharingIsFixed(ParameterInvalid):
    """Customer tickets are shared with their customer, Tracker tickets never are."""

    message = "is_shared cannot be changed on Customer and Tracker tickets"


async def create_ticket(caller: Caller, request: CreateTicketRequest) -> Ticket:
    """A new ticket for one contact."""
    at = time_of_action(caller, request.created_at)
    async with transaction() as held:
        ticket_type = await _type_of_new(held, caller, request.ticket_type_id)
        company_id = None if request.company_id is None else str(request.company_id)
        if company_id is not None:
            await companies.ids_of_keys(held, caller, [company_id])
        contact_id = await _contact_id(held, caller, request.contacts[0])
        attributes = await _filled_in(held, caller, ticket_type, request.ticket_attributes)
        change = Change(conversation=Conversation(state="open", updated_at=at))
        part = transitions.become_ticket(change, at)
        ticket_id = await queries.insert_ticket.one(
            held,
            caller.workspace_id,
            at,
            *msgspec.structs.astuple(change.conversation),
            ticket_type.id,
            _IS_SHARED[ticket_type.category],
            company_id,
            attributes.json(),
            attributes.folded_json(),
            contact_id,
            part.part_type,
        )
        return await _numbered(held, caller, ticket_id)


async def convert_conversation(caller: Caller, conversation_id: WireId, request: ConvertConversationRequest) -> Ticket:
    """Make a ticket of a conversation, which stays what it is besides. Raises ConversationNotFound."""
    async with transaction() as held:
        change = await hold(held, caller, conversation_id)
        if change.conversation.ticket_state is not None:
            raise AlreadyATicket
        ticket_type = await _type_of_new(held, caller, request.ticket_type_id)
        if ticket_type.category != "Customer":
            raise NotACustomerTicketType
        attributes = await _filled_in(held, caller, ticket_type, request.attributes)
        transitions.become_ticket(change, change.at)
        await write(held, caller, change)
        await queries.make_ticket.run(
            held,
            caller.workspace_id,
            change.id,
            ticket_type.id,
            _IS_SHARED[ticket_type.category],
            attributes.json(),
            attributes.folded_json(),
        )
        return await _numbered(held, caller, change.id)


async def _type_of_new(held: Connection, caller: Caller, ticket_type_id: WireId) -> TicketTypeRow:
    """The type of a new ticket. Raises TicketTypeNotFound and TicketTypeArchived."""
    ticket_type = await find_ticket_type(held, caller, ticket_type_id)
    if ticket_type.archived:
        raise TicketTypeArchived
    return ticket_type


async def _filled_in(
    held: Connection, caller: Caller, ticket_type: TicketTypeRow, sent: dict[str, object]
) -> TicketAttributes:
    """The attributes of a new ticket, with everything that its type requires."""
    require_attributes(ticket_type, sent)
    return await checked_attributes(held, caller, ticket_type, sent)


async def _contact_id(held: Connection, caller: Caller, named: TicketContact) -> str:
    """The contact, held until the ticket is theirs. An address that nobody has becomes a lead."""
    given = [value for value in (named.id, named.external_id, named.email) if value is not None]
    if len(given) != 1:
        raise ParameterInvalid("contacts must name the contact by one of id, external_id and email")
    contact_id = await _found_id(held, caller, named)
    await contacts.lock_live_contacts(held, caller, [contact_id])
    return contact_id


async def _found_id(held: Connection, caller: Caller, named: TicketContact) -> str:
    if named.id is not None:
        return named.id
    if named.email is not None:
        return (await contacts.contact_with_email(held, caller, named.email)).id
    contact = await contacts.find_contact(held, caller, contact_id=None, external_id=str(named.external_id))
    if contact is None:
        raise contacts.ContactNotFound
    return contact.id


async def _numbered(held: Connection, caller: Caller, ticket_id: int) -> Ticket:
    """The new ticket with its number, which is told of. Other creates wait from here on."""
    row = await conversation_queries.conversation_by_id.one(held, caller.workspace_id, ticket_id)
    row.ticket_number = await queries.number_ticket.one(held, caller.workspace_id, ticket_id)
    ticket = ticket_from_row(caller, row)
    item = msgspec.json.encode(ticket).decode()
    await record(held, caller.workspace_id, Event(Topic.TICKET_CREATED, ticket.id, item), caller.now())
    return ticket


async def get_ticket(caller: Caller, ticket_id: WireId) -> Ticket:
    """One ticket with its parts."""
    async with connection() as held:
        row = await conversation_queries.conversation_by_id.first(held, caller.workspace_id, decimal_id(ticket_id))
    if row is None or row.ticket_state is None:
        raise TicketNotFound
    return ticket_from_row(caller, row)


async def update_ticket(caller: Caller, ticket_id: WireId, request: UpdateTicketRequest) -> Ticket:
    """Change what is sent, in the order in which parts tell of it; what is so already is told by none."""
    async with transaction() as held:
        change = await hold_ticket(held, caller, ticket_id)
        ticket = await queries.ticket_of_conversation.one(held, caller.workspace_id, change.id)
        await _set_attributes(held, caller, change, ticket, request)
        if request.state is not None:
            transitions.move_ticket(change, BOT, request.state, change.at)
        if request.assignment is not None:
            await _assign(held, caller, change, request.assignment)
        if request.snoozed_until is not None:
            _snooze(caller, change, moment(request.snoozed_until, "snoozed_until"))
        if request.open is not None:
            _open_or_close(change, is_open=request.open, admin_id=_asking_admin_id(caller, request.assignment))
        return await store_ticket(held, caller, change)


async def _set_attributes(
    held: Connection, caller: Caller, change: Held, ticket: TicketRow, request: UpdateTicketRequest
) -> None:
    """What the ticket has of its own: attributes, and whether its customer sees it."""
    is_shared = _is_shared(ticket, request.is_shared)
    sent = await checked_attributes(held, caller, ticket.ticket_type, request.ticket_attributes)
    stored = msgspec.json.decode(ticket.attributes)
    changed = TicketAttributes({key: value for key, value in sent.values.items() if stored.get(key) != value})
    for key in changed.values:
        transitions.tell(change, "ticket_attribute_updated_by_admin", BOT, change.at)
        if isinstance(stored.get(key), list):
            await detach(held, caller, msgspec.json.encode(stored[key]).decode())
    if is_shared != ticket.is_shared:
        change.conversation.updated_at = max(change.conversation.updated_at, change.at)
    await queries.update_ticket.run(
        held, caller.workspace_id, change.id, is_shared, changed.json(), changed.folded_json()
    )


def _is_shared(ticket: TicketRow, wanted: bool | None) -> bool:
    category = ticket.ticket_type.category
    if wanted is not None and category != "Back-office" and wanted != _IS_SHARED[category]:
        raise SharingIsFixed
    return ticket.is_shared if wanted is None else wanted


async def _assign(held: Connection, caller: Caller, change: Held, assignment: Assignment) -> None:
    """Give to an admin or a team, or take away from both."""
    author = await _actor(held, caller, assignment)
    has = change.conversation.admin_assignee_id, change.conversation.team_assignee_id
    if str(assignment.assignee_id) == NOBODY_ID:
        if has != (None, None):
            transitions.unassign(change, author, "team", None, change.at)
        return
    assignee = await _assignee(held, caller, assignment.assignee_id)
    # Given to a team, it is nobody's of the team.
    is_theirs = assignee.id == has[0] if assignee.type == "admin" else has == (None, assignee.id)
    if not is_theirs:
        transitions.assign(change, author, assignee, None, change.at)


async def _actor(held: Connection, caller: Caller, assignment: Assignment) -> Author:
    admin = await admins.find_author(held, caller, assignment.admin_id)
    if admin is None:
        raise AssigneeNotFound
    if not admin.has_inbox_seat:
        raise admins.NoInboxSeat
    return Author("admin", admin_id=admin.id)


async def _assignee(held: Connection, caller: Caller, assignee_id: WireId) -> Assignee:
    """An admin or a team: no two of them have the same number. Raises AssigneeNotFound and NoInboxSeat."""
    number = decimal_id(assignee_id)
    if number is None:
        raise AssigneeNotFound
    admin = await admins.find_author(held, caller, number)
    if admin is not None:
        if not admin.has_inbox_seat:
            raise admins.NoInboxSeat
        return Assignee("admin", admin.id)
    if await teams.is_team(held, caller.workspace_id, number):
        return Assignee("team", number)
    raise AssigneeNotFound


def _snooze(caller: Caller, change: Held, asked: datetime) -> None:
    until = transitions.time_to_wake(asked, change.at, caller.timezone)
    if until != change.conversation.snoozed_until:
        transitions.snooze(change, BOT, until, change.at)


def _asking_admin_id(caller: Caller, assignment: Assignment | None) -> int | None:
    """Who is behind an update: the admin whom its assignment names, else the token's."""
    if assignment is None or assignment.admin_id is None:
        return caller.admin_id
    return decimal_id(assignment.admin_id)


def _open_or_close(change: Held, *, is_open: bool, admin_id: int | None) -> None:
    """By the bot, as parts tell of what the API does; the statistics know the admin who closed."""
    if is_open == (change.conversation.state != "closed"):
        return
    if is_open:
        transitions.reopen(change, BOT, change.at)
    else:
        transitions.close(change, BOT, None, change.at, closed_by_id=admin_id)
