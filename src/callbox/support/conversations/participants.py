"""Who takes part in a conversation besides the contact who began it."""

import msgspec

from callbox.people.contacts import service as contacts
from callbox.people.contacts.schemas import Contact
from callbox.platform.database import Connection, transaction
from callbox.platform.events import Event, Topic, record
from callbox.support.conversations import queries, transitions
from callbox.support.conversations.changing import Held, acting_admin, hold, showing, store
from callbox.support.conversations.schemas import (
    AttachContactRequest,
    ContactReference,
    ConversationTicket,
    ConversationWithCustomers,
    ConversationWithParts,
    CustomerIdentity,
    DetachContactRequest,
)
from callbox.support.conversations.showing import with_customers
from callbox.support.conversations.transitions import Author
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId
from callbox.wire.errors import ParameterInvalid, ParameterNotFound


class LastParticipant(ParameterInvalid):
    """A conversation is with somebody."""

    status = 422
    message = "Removing the last customer is not allowed"


class _Participation(msgspec.Struct):
    """What is told when a contact joins or leaves a conversation."""

    conversation: ConversationWithParts
    contact: Contact | ContactReference


class _TicketParticipation(msgspec.Struct):
    """What is told when a contact joins or leaves a ticket, which is shown as conversations show it."""

    ticket: ConversationTicket
    contact: Contact | ContactReference


_JOINED = Topic.CONVERSATION_CONTACT_ATTACHED, Topic.TICKET_CONTACT_ATTACHED
_LEFT = Topic.CONVERSATION_CONTACT_DETACHED, Topic.TICKET_CONTACT_DETACHED


async def attach_contact(
    caller: Caller, conversation_id: WireId, request: AttachContactRequest
) -> ConversationWithCustomers:
    """Let a contact take part. An e-mail address that nobody has becomes a lead; who is there already stays."""
    async with transaction() as held:
        change = await hold(held, caller, conversation_id)
        author = await _actor(held, caller, change, request)
        conversation = await join(held, caller, change, author, await _find_or_make(held, caller, request.customer))
    return with_customers(conversation)


async def join(
    held: Connection, caller: Caller, change: Held, author: Author, contact: Contact
) -> ConversationWithParts:
    """Let a contact take part in a conversation that is held; the author brings them. Raises ContactNotFound."""
    # Whoever is merged at this moment would take part as somebody who is no more.
    await contacts.lock_live_contacts(held, caller, [contact.id])
    added = await queries.add_participant.first(held, caller.workspace_id, change.id, contact.id, caller.now())
    if added is not None:
        transitions.tell(change, "participant_added", author, change.at)
    conversation = await store(held, caller, change)
    if added is not None:
        await _record(held, caller, _JOINED, conversation, contact)
    return conversation


async def detach_contact(
    caller: Caller, conversation_id: WireId, contact_id: str, request: DetachContactRequest
) -> ConversationWithCustomers:
    """Let a contact take part no more; the last one cannot leave."""
    async with transaction() as held:
        change = await hold(held, caller, conversation_id)
        author = await acting_admin(held, caller, request.admin_id)
        participants = await queries.participant_ids.all(held, caller.workspace_id, change.id)
        if contact_id not in participants:
            raise contacts.ContactNotFound
        if len(participants) == 1:
            raise LastParticipant
        await queries.remove_participant.run(held, caller.workspace_id, change.id, contact_id)
        transitions.tell(change, "participant_removed", author, change.at)
        conversation = await store(held, caller, change)
        contact = await contacts.find_contact(held, caller, contact_id=contact_id)
        left = contact or ContactReference("contact", contact_id, None)
        await _record(held, caller, _LEFT, conversation, left)
    return with_customers(conversation)


async def _actor(held: Connection, caller: Caller, change: Held, request: AttachContactRequest) -> Author:
    """An admin, or a participant who brings somebody along. Raises ContactNotFound."""
    if request.customer.customer is None:
        return await acting_admin(held, caller, request.admin_id)
    contact = await _find(held, caller, request.customer.customer)
    if contact is None or contact.id not in await queries.participant_ids.all(held, caller.workspace_id, change.id):
        raise contacts.ContactNotFound
    return Author(contact.role, contact_id=contact.id)


async def _find_or_make(held: Connection, caller: Caller, named: CustomerIdentity) -> Contact:
    if named.intercom_user_id is None and named.user_id is None and named.email is not None:
        return await contacts.contact_with_email(held, caller, named.email)
    contact = await _find(held, caller, named)
    if contact is None:
        raise contacts.ContactNotFound
    return contact


async def _find(held: Connection, caller: Caller, named: CustomerIdentity) -> Contact | None:
    if named.intercom_user_id is None and named.user_id is None and named.email is None:
        raise ParameterNotFound("customer must have one of intercom_user_id, user_id and email")
    return await contacts.find_contact(
        held,
        caller,
        contact_id=named.intercom_user_id,
        external_id=None if named.user_id is None else str(named.user_id),
        email=named.email,
    )


async def _record(
    held: Connection,
    caller: Caller,
    topics: tuple[Topic, Topic],
    conversation: ConversationWithParts,
    contact: Contact | ContactReference,
) -> None:
    """Tell of it as of a conversation's, or as of a ticket's."""
    item: _Participation | _TicketParticipation
    if conversation.ticket is None:
        told = showing(conversation, conversation.conversation_parts.conversation_parts[-1:])
        topic, item = topics[0], _Participation(told, contact)
    else:
        topic, item = topics[1], _TicketParticipation(conversation.ticket, contact)
    event = Event(topic, conversation.id, msgspec.json.encode(item).decode())
    await record(held, caller.workspace_id, event, caller.now())
