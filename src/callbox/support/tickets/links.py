"""Links: a Back-office or Tracker ticket, and the conversations and Customer tickets that it is about."""

from callbox.platform.database import Connection, transaction
from callbox.support.conversations import queries as conversation_queries
from callbox.support.conversations.changing import ConversationNotFound, Held, hold, lock_in_order
from callbox.support.tickets import queries
from callbox.support.tickets.changing import hold_ticket
from callbox.support.tickets.queries import TicketRow
from callbox.support.tickets.schemas import LinkRequest, Ticket, ticket_from_row
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId
from callbox.wire.errors import Conflict, ParameterInvalid

MAX_LINKS = 2500


class NotLinkable(ParameterInvalid):
    """Links lead from what teammates see to what customers see."""

    message = "Only a Back-office or Tracker ticket can be linked with a conversation or a Customer ticket"


class SharedNotLinkable(ParameterInvalid):
    """Of two tickets that are linked, the customer sees one."""

    message = "A shared Back-office ticket cannot be linked with a Customer ticket"


class TrackedAlready(Conflict):
    """A conversation is about one cause."""

    message = "The conversation is linked with another Tracker ticket already"


class TooManyLinks(ParameterInvalid):
    """The ticket is linked with as much as one may be."""

    message = f"The ticket has reached the maximum of {MAX_LINKS} links"


async def link(caller: Caller, ticket_id: WireId, request: LinkRequest) -> Ticket:
    """Link a ticket with a conversation or a Customer ticket; again: no change."""
    async with transaction() as held:
        await lock_in_order(held, caller, [ticket_id, request.id])
        change = await hold_ticket(held, caller, ticket_id)
        ticket = await queries.ticket_of_conversation.one(held, caller.workspace_id, change.id)
        if ticket.ticket_type.category == "Customer":
            raise NotLinkable
        linked = await hold(held, caller, request.id)
        await _check(held, caller, change, ticket, linked)
        await queries.insert_link.run(held, caller.workspace_id, change.id, linked.id, caller.now())
        return await _ticket(held, caller, change)


async def unlink(caller: Caller, ticket_id: WireId, linked_id: WireId) -> Ticket:
    """Take a link away. Raises ConversationNotFound where there is none."""
    async with transaction() as held:
        await lock_in_order(held, caller, [ticket_id, linked_id])
        change = await hold_ticket(held, caller, ticket_id)
        linked = await hold(held, caller, linked_id)
        if not await queries.delete_link.run(held, caller.workspace_id, change.id, linked.id):
            raise ConversationNotFound
        return await _ticket(held, caller, change)


async def _check(held: Connection, caller: Caller, change: Held, ticket: TicketRow, linked: Held) -> None:
    if linked.conversation.ticket_state is not None:
        other = await queries.ticket_of_conversation.one(held, caller.workspace_id, linked.id)
        if other.ticket_type.category != "Customer":
            raise NotLinkable
        if ticket.is_shared:
            raise SharedNotLinkable
    linked_already = await queries.linked_conversations.all(held, caller.workspace_id, change.id)
    if linked.id in linked_already:
        return
    if len(linked_already) >= MAX_LINKS:
        raise TooManyLinks
    if ticket.ticket_type.category == "Tracker" and await queries.is_tracked.one(held, caller.workspace_id, linked.id):
        raise TrackedAlready


async def _ticket(held: Connection, caller: Caller, change: Held) -> Ticket:
    row = await conversation_queries.conversation_by_id.one(held, caller.workspace_id, change.id)
    return ticket_from_row(caller, row)
