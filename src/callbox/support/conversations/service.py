"""The rules of conversations: how they begin, how they are read, and what may be set on them."""

from typing import Any

import msgspec
from msgspec import UNSET

from callbox.people.contacts import service as contacts
from callbox.people.contacts.schemas import Contact
from callbox.people.data_attributes.values import AttributeUnknown, check_custom_attributes
from callbox.people.visitors.service import convert_to_lead
from callbox.platform.database import Connection, connection, transaction
from callbox.support.attachments.service import take_in
from callbox.support.conversations import queries, transitions
from callbox.support.conversations.beginning import FirstMessage, begin
from callbox.support.conversations.changing import (
    ConversationNotFound,
    Held,
    hold,
    store,
    tell_read,
    time_of_action,
)
from callbox.support.conversations.schemas import (
    ConversationWithParts,
    CreateConversationRequest,
    From,
    UpdateConversationRequest,
    UserMessage,
)
from callbox.support.conversations.showing import conversation_with_parts
from callbox.support.conversations.transitions import BOT, Author
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.wire.html import paragraphs


class ConversationAttributeNotFound(NotFound):
    """Conversations of the workspace have no such attribute."""

    code = "conversation_attribute_not_found"
    message = "Custom attribute 'name' does not exist"


async def create_conversation(caller: Caller, request: CreateConversationRequest) -> UserMessage:
    """A contact starts a conversation from the messenger; a visitor becomes a lead by it."""
    if not request.body or not request.body.strip():
        raise ParameterInvalid("Body is required")
    at = time_of_action(caller, request.created_at)
    async with transaction() as held:
        contact = await find_sender(held, caller, request.sender)
        message = FirstMessage(
            author=Author(contact.role, contact_id=contact.id),
            body=paragraphs(request.body),
            at=at,
            delivered_as="customer_initiated",
            subject=request.subject or "",
            url=request.referer,
            attachments=await take_in(held, caller, request.attachment_urls),
        )
        await contacts.note_reply(held, caller, contact.id, at)
        begun = await begin(held, caller, message, [contact.id])
    return UserMessage(
        "user_message",
        str(begun.message_id),
        int(at.timestamp()),
        request.body,
        "inapp",
        str(begun.conversation_id),
    )


async def find_sender(held: Connection, caller: Caller, sender: From) -> Contact:
    """The contact who writes. Raises ContactNotFound."""
    user_id = None if sender.user_id is None else str(sender.user_id)
    contact = await contacts.find_contact(held, caller, contact_id=sender.id, external_id=user_id, email=sender.email)
    if contact is not None:
        return contact
    visitor = await convert_to_lead(held, caller, visitor_id=sender.id, user_id=user_id)
    if visitor is None or sender.type != "contact":
        raise contacts.ContactNotFound
    return visitor


async def get_conversation(
    caller: Caller, conversation_id: WireId, *, plaintext: bool = False
) -> ConversationWithParts:
    """A conversation with its parts."""
    async with connection() as held:
        row = await queries.conversation_by_id.first(held, caller.workspace_id, decimal_id(conversation_id))
    if row is None:
        raise ConversationNotFound
    return conversation_with_parts(caller, row, plaintext=plaintext)


async def update_conversation(
    caller: Caller, conversation_id: WireId, request: UpdateConversationRequest, *, plaintext: bool = False
) -> ConversationWithParts:
    """Set what is sent: read or not, the title, custom attributes. Each attribute that changes is told by a part."""
    async with transaction() as held:
        change = await hold(held, caller, conversation_id)
        is_seen_now = request.read is True and not change.conversation.is_read
        if request.read is not UNSET:
            change.conversation.is_read = request.read
        if request.title is not UNSET:
            await _set_title(held, caller, change, request.title or None)
        if request.custom_attributes is not UNSET:
            await _set_attributes(held, caller, change, request.custom_attributes)
        conversation = await store(held, caller, change)
        if is_seen_now:
            await tell_read(held, caller, conversation, change.at)
        if plaintext:
            row = await queries.conversation_by_id.one(held, caller.workspace_id, change.id)
            return conversation_with_parts(caller, row, plaintext=True)
    return conversation


async def _set_title(held: Connection, caller: Caller, change: Held, title: str | None) -> None:
    if await queries.set_title.run(held, caller.workspace_id, change.id, title):
        transitions.tell(change, "title_changed", BOT, change.at)


async def _set_attributes(held: Connection, caller: Caller, change: Held, sent: dict[str, Any]) -> None:
    try:
        attributes = await check_custom_attributes(held, caller.workspace_id, "conversation", sent)
    except AttributeUnknown as unknown:
        raise ConversationAttributeNotFound(unknown.message) from None
    stored = msgspec.json.decode(await queries.attributes_of.one(held, caller.workspace_id, change.id))
    changed = [name for name, value in attributes.values.items() if stored.get(name) != value]
    for _ in changed:
        transitions.tell(change, "conversation_attribute_updated_by_admin", BOT, change.at)
    await queries.merge_attributes.run(
        held,
        caller.workspace_id,
        change.id,
        msgspec.json.encode(attributes.values).decode(),
        msgspec.json.encode(attributes.folded()).decode(),
    )


async def participants_of(held: Connection, workspace_id: str, conversation_id: int | None) -> list[str] | None:
    """The ids of the contacts who take part in a conversation or ticket; None where there is none of this id."""
    return await queries.participants_if_any.first(held, workspace_id, conversation_id)
