"""What admins and contacts say in a ticket, which is said as in a conversation."""

from callbox.platform.database import Connection, transaction
from callbox.support.attachments.service import attach_again
from callbox.support.conversations import queries as conversation_queries
from callbox.support.conversations import transitions
from callbox.support.conversations.changing import (
    ConversationNotFound,
    Held,
    acting_admin,
    hold,
    lock_in_order,
    store,
)
from callbox.support.conversations.replies import speak_as_admin, speak_as_contact
from callbox.support.conversations.transitions import NewPart
from callbox.support.tickets import queries
from callbox.support.tickets.changing import TicketNotFound, hold_ticket, store_ticket, written_parts
from callbox.support.tickets.schemas import TicketPart, TicketReplyRequest
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import ParameterInvalid


async def reply(caller: Caller, ticket_id: WireId, request: TicketReplyRequest) -> TicketPart:
    """Say something as an admin or a contact; answers the part."""
    async with transaction() as held:
        if request.cross_post:
            linked = await queries.linked_conversations.all(held, caller.workspace_id, decimal_id(ticket_id))
            await lock_in_order(held, caller, [ticket_id, *linked])
        try:
            change = await hold_ticket(held, caller, ticket_id, request.created_at)
        except TicketNotFound:
            raise ConversationNotFound from None
        part = await _say(held, caller, change, request)
        ticket = await store_ticket(held, caller, change)
        return written_parts(ticket, change)[change.parts.index(part)]


async def _say(held: Connection, caller: Caller, change: Held, request: TicketReplyRequest) -> NewPart:
    match request.type:
        case "admin":
            author = await acting_admin(held, caller, request.admin_id)
            part = await speak_as_admin(held, caller, change, author, request)
            if request.cross_post:
                await _cross_post(held, caller, change, part)
            return part
        case "user" | "lead" | "contact":
            return await speak_as_contact(held, caller, change, request)
        case _:
            raise ParameterInvalid("type must be either admin or user")


async def _cross_post(held: Connection, caller: Caller, change: Held, note: NewPart) -> None:
    """Copy a note to all that the ticket is linked with, which are held."""
    category = await conversation_queries.ticket_category.one(held, caller.workspace_id, change.id)
    if category != "Back-office" or note.part_type not in transitions.NOTES:
        raise ParameterInvalid("cross_post is only possible for notes on Back-office tickets")
    for linked_id in await queries.linked_conversations.all(held, caller.workspace_id, change.id):
        linked = await hold(held, caller, linked_id)
        copy = transitions.admin_notes(linked, note.author, note.body, change.at)
        copy.attachments = note.attachments
        await attach_again(held, caller, copy.attachments)
        await store(held, caller, linked)
