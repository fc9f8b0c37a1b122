"""Changing a ticket: the conversation behind it is held and changed, and of each part is told in tickets' words."""

import msgspec

from callbox.platform.database import Connection
from callbox.platform.events import Event, Topic, record_many
from callbox.support.conversations import queries as conversation_queries
from callbox.support.conversations.changing import ConversationNotFound, Held, TicketChanged, hold, write
from callbox.support.conversations.transitions import NewPart, is_reply_of_assignee
from callbox.support.tickets.schemas import Ticket, TicketPart, TicketPartEvent, ticket_from_row
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, WireId
from callbox.wire.errors import NotFound


class TicketNotFound(NotFound):
    """The workspace has no such ticket."""

    code = "ticket_not_found"
    message = "Ticket not found"


async def hold_ticket(held: Connection, caller: Caller, ticket_id: WireId, created_at: UnixTime | None = None) -> Held:
    """Take a ticket for a change at the given time, or now. Raises TicketNotFound."""
    try:
        change = await hold(held, caller, ticket_id, created_at)
    except ConversationNotFound:
        raise TicketNotFound from None
    if change.conversation.ticket_state is None:
        raise TicketNotFound
    return change


async def store_ticket(held: Connection, caller: Caller, change: Held) -> Ticket:
    """Write the change, record its events, and answer the ticket as GET shows it."""
    await write(held, caller, change)
    return await _tell(held, caller, change)


async def tell_of_ticket(held: Connection, _: str, changed: TicketChanged) -> None:
    """A conversation that is a ticket was changed as a conversation."""
    await _tell(held, changed.caller, changed.change)


def written_parts(ticket: Ticket, change: Held) -> list[TicketPart]:
    """The parts that a change wrote, which are the newest ones of the held ticket."""
    parts = ticket.ticket_parts.ticket_parts
    return parts[len(parts) - len(change.parts) :]


async def _tell(held: Connection, caller: Caller, change: Held) -> Ticket:
    row = await conversation_queries.conversation_by_id.one(held, caller.workspace_id, change.id)
    ticket = ticket_from_row(caller, row)
    events = []
    for part, shown in zip(change.parts, written_parts(ticket, change), strict=True):
        for topic in topics_of(part):
            item = ticket if topic in _ABOUT_THE_TICKET else TicketPartEvent("ticket_ticket_part", ticket, shown)
            events.append(Event(topic, ticket.id, msgspec.json.encode(item).decode()))
    await record_many(held, caller.workspace_id, events, caller.now())
    return ticket


_ABOUT_THE_TICKET = frozenset({Topic.TICKET_STATE_UPDATED, Topic.TICKET_CLOSED, Topic.TICKET_RATING_PROVIDED})

_TOPICS = {
    "note": Topic.TICKET_NOTE_CREATED,
    "note_and_unsnooze": Topic.TICKET_NOTE_CREATED,
    "ticket_attribute_updated_by_admin": Topic.TICKET_ATTRIBUTE_UPDATED,
    "conversation_rating_changed": Topic.TICKET_RATING_PROVIDED,
    "conversation_rating_remark_added": Topic.TICKET_RATING_PROVIDED,
}


def topics_of(part: NewPart) -> list[Topic]:
    """What a part of a ticket means to those who listen."""
    if part.part_type in _TOPICS:
        return [_TOPICS[part.part_type]]
    if part.assigned_to is not None:
        assigned = Topic.TICKET_TEAM_ASSIGNED if part.assigned_to.type == "team" else Topic.TICKET_ADMIN_ASSIGNED
        return [assigned, Topic.TICKET_ADMIN_REPLIED] if is_reply_of_assignee(part) else [assigned]
    if part.ticket_state != part.previous_ticket_state:
        # In this version of the API, a ticket counts as closed when it is resolved.
        is_resolved = part.ticket_state == "resolved"
        return [Topic.TICKET_STATE_UPDATED, Topic.TICKET_CLOSED] if is_resolved else [Topic.TICKET_STATE_UPDATED]
    if part.body is None or part.author.type == "bot":
        return []
    return [Topic.TICKET_CONTACT_REPLIED if part.author.is_contact else Topic.TICKET_ADMIN_REPLIED]
