"""What admins and contacts say in a ticket: as in a conversation, except in tickets that no customer sees."""

from callbox.platform.database import Connection, transaction
from callbox.support.conversations import transitions
from callbox.support.conversations.changing import ConversationNotFound, Held, acting_admin, hold, store
from callbox.support.conversations.replies import speak_as_admin, speak_as_contact
from callbox.support.conversations.transitions import NewPart
from callbox.support.ticket_types.queries import Category
from callbox.support.tickets import queries
from callbox.support.tickets.changing import TicketNotFound, hold_ticket, store_ticket, written_parts
from callbox.support.tickets.schemas import TicketPart, TicketReplyRequest
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId
from callbox.wire.errors import ParameterInvalid, WireError

_NAMES: dict[Category, str] = {"Customer": "Customer", "Back-office": "Backoffice", "Tracker": "Tracker"}


class NotForCustomers(WireError):
    """Whoever the ticket is about does not see it, so there is nothing to say to or by them."""

    code = "parameter_mismatch"
    message = "User replies are not allowed on Backoffice tickets"


async def reply(caller: Caller, ticket_id: WireId, request: TicketReplyRequest) -> TicketPart:
    """Say something as an admin or a contact; answers the part."""
    async with transaction() as held:
        try:
            change = await hold_ticket(held, caller, ticket_id, request.created_at)
        except TicketNotFound:
            raise ConversationNotFound from None
        ticket = await queries.ticket_of_conversation.one(held, caller.workspace_id, change.id)
        part = await _say(held, caller, change, request, ticket.ticket_type.category)
        stored = await store_ticket(held, caller, change)
        return written_parts(stored, change)[change.parts.index(part)]


async def _say(
    held: Connection, caller: Caller, change: Held, request: TicketReplyRequest, category: Category
) -> NewPart:
    match request.type:
        case "admin":
            if category != "Customer" and request.message_type == "comment":
                raise NotForCustomers(f"Comments are not allowed on {_NAMES[category]} tickets")
            author = await acting_admin(held, caller, request.admin_id)
            part = await speak_as_admin(held, caller, change, author, request)
            if request.cross_post:
                await _cross_post(held, caller, change, part, category)
            return part
        case "user" | "lead" | "contact":
            if category != "Customer":
                raise NotForCustomers(f"User replies are not allowed on {_NAMES[category]} tickets")
            return await speak_as_contact(held, caller, change, request)
        case _:
            raise ParameterInvalid("type must be either admin or user")


async def _cross_post(held: Connection, caller: Caller, change: Held, note: NewPart, category: Category) -> None:
    """Copy a note to all that the ticket is linked with, in one order, so that two tickets cannot block each other."""
    if category != "Back-office" or note.part_type not in {"note", "note_and_unsnooze"}:
        raise ParameterInvalid("cross_post is only possible for notes on Back-office tickets")
    for linked_id in await queries.linked_conversations.all(held, caller.workspace_id, change.id):
        linked = await hold(held, caller, linked_id)
        copy = transitions.admin_notes(linked, note.author, note.body, change.at)
        copy.attachments = note.attachments
        await store(held, caller, linked)
