"""The rules of messages: what an admin sends waits for its contact, and becomes a conversation by the answer."""

import msgspec

from callbox.people.contacts import service as contacts
from callbox.people.contacts.merging import ContactsMerged
from callbox.people.contacts.schemas import Contact
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import Event, Topic, announce, record
from callbox.support.conversations import service as conversations
from callbox.support.conversations import transitions
from callbox.support.conversations.beginning import FirstMessage, begin
from callbox.support.conversations.changing import ContactWrote, hold, store, time_of_action
from callbox.support.conversations.schemas import ConversationWithParts, CreateConversationRequest, From, UserMessage
from callbox.support.conversations.transitions import Author
from callbox.support.messages import queries
from callbox.support.messages.schemas import (
    AdminMessage,
    AnswerMessageRequest,
    CreateMessageRequest,
    ListMessagesQuery,
    MessageList,
    Recipient,
    managed_message,
    owner_of,
)
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import Conflict, NotFound, ParameterInvalid, ParameterNotFound, WireError
from callbox.wire.html import is_blank, sanitise
from callbox.wire.pagination import per_page_of
from callbox.workspace.admins import service as admins
from callbox.workspace.admins.queries import AdminRow

DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 150
_NEWEST = 2**62


class SubjectMissing(WireError):
    """An e-mail has a subject."""

    status = 422
    code = "parameter_not_found"
    message = "No subject supplied for email message"


class ContactUnsubscribed(WireError):
    """The contact wants no e-mails."""

    status = 403
    code = "action_forbidden"
    message = "This user is unsubscribed from emails"


class MessageNotFound(NotFound):
    """The workspace has no such message."""

    message = "Message not found"


class MessageIsAnswered(Conflict):
    """The message has become a conversation; answers go there."""

    message = "The message was answered already"


async def create_message(caller: Caller, request: CreateMessageRequest) -> AdminMessage | UserMessage:
    """Send a message as an admin; as a contact, start a conversation."""
    if not request.body or not request.body.strip():
        raise ParameterInvalid("Body is required")
    if request.sender.type == "admin":
        return await _send(caller, request, request.body)
    sender = From(
        request.sender.type,
        _text(request.sender.id),
        _text(request.sender.user_id),
        request.sender.email,
    )
    begun = CreateConversationRequest(
        sender, request.body, request.subject, created_at=request.created_at, referer=request.referer
    )
    return await conversations.create_conversation(caller, begun)


def _text(sent: WireId | None) -> str | None:
    return None if sent is None else str(sent)


async def _send(caller: Caller, request: CreateMessageRequest, text: str) -> AdminMessage:
    is_email = request.message_type == "email"
    if is_email and not (request.subject or "").strip():
        raise SubjectMissing
    at = time_of_action(caller, request.created_at)
    body = _sanitised(text)
    async with transaction() as held:
        admin = await _sending_admin(held, caller, request.sender.id)
        contact = await _recipient(held, caller, request.to)
        if is_email and contact.unsubscribed_from_emails:
            raise ContactUnsubscribed
        message_id = await queries.insert_message.one(
            held,
            caller.workspace_id,
            "email" if is_email else "inapp",
            request.subject if is_email else None,
            body,
            (request.template or "plain") if is_email else None,
            admin.id,
            contact.id,
            at,
        )
        answer = AdminMessage(
            "admin_message",
            str(message_id),
            int(at.timestamp()),
            # Recorded: without a subject of its own, an in-app message repeats its text.
            request.subject if is_email and request.subject else text,
            text,
            "email" if is_email else "inapp",
            owner_of(admin),
        )
        if is_email:
            answer.template = request.template or "plain"
        if request.create_conversation_without_contact_reply:
            row = await queries.message_for_update.one(held, caller.workspace_id, message_id)
            answer.conversation_id = str(await _begin(held, caller, row))
        await contacts.note_contacted(held, caller, [contact.id], at)
        item = msgspec.json.encode(answer).decode()
        await record(held, caller.workspace_id, Event(Topic.INTERNAL_MESSAGE_SENT, answer.id, item), caller.now())
    return answer


def _sanitised(text: str) -> str:
    body = sanitise(text)
    if is_blank(body):
        raise ParameterInvalid("Body is required")
    return body


async def _sending_admin(held: Connection, caller: Caller, admin_id: WireId | None) -> AdminRow:
    admin = await admins.find_author(held, caller, admin_id)
    if admin is None:
        raise admins.AdminNotFound
    if not admin.has_inbox_seat:
        raise admins.NoInboxSeat
    return admin


async def _recipient(held: Connection, caller: Caller, to: Recipient | None) -> Contact:
    """The contact that the message is for, held until it is theirs. Raises ContactNotFound."""
    if to is None or (to.id is None and to.user_id is None and to.email is None):
        raise ParameterNotFound("to.id, to.user_id or to.email is a required parameter")
    contact = await contacts.find_contact(
        held, caller, contact_id=_text(to.id), external_id=_text(to.user_id), email=to.email
    )
    if contact is None:
        raise contacts.ContactNotFound
    await contacts.lock_live_contacts(held, caller, [contact.id])
    return contact


async def _begin(held: Connection, caller: Caller, row: queries.MessageRow) -> int:
    """Make a conversation of a message; answers its id. It is the sender's, and no rule gives it to another."""
    sender = await admins.find_author(held, caller, row.from_admin_id)
    message = FirstMessage(
        id=row.id,
        author=Author("admin", admin_id=row.from_admin_id),
        body=row.body,
        at=row.created_at,
        source_type="email" if row.message_type == "email" else "conversation",
        delivered_as="admin_initiated",
        subject=row.subject or "",
        admin_assignee_id=sender.id if sender is not None and sender.has_inbox_seat else None,
    )
    begun = await begin(held, caller, message, [row.to_contact_id])
    await queries.set_conversation.run(held, caller.workspace_id, row.id, begun.conversation_id)
    return begun.conversation_id


async def conversation_of(held: Connection, caller: Caller, message_id: int) -> int:
    """The conversation of a message, which begins now if its contact answers for the first time."""
    row = await queries.message_for_update.first(held, caller.workspace_id, message_id)
    if row is None:
        raise MessageNotFound
    return row.conversation_id or await _begin(held, caller, row)


async def answer_message(caller: Caller, message_id: str, request: AnswerMessageRequest) -> ConversationWithParts:
    """The contact answers an in-app message, which becomes a conversation by it. Raises MessageIsAnswered."""
    async with transaction() as held:
        row = await queries.message_for_update.first(held, caller.workspace_id, decimal_id(message_id))
        if row is None:
            raise MessageNotFound
        if row.conversation_id is not None:
            raise MessageIsAnswered
        contact = await contacts.find_contact(held, caller, contact_id=row.to_contact_id)
        if contact is None:
            raise contacts.ContactNotFound
        change = await hold(held, caller, await _begin(held, caller, row))
        author = Author(contact.role, contact_id=contact.id)
        transitions.contact_comments(change, author, _sanitised(request.body), change.at)
        await contacts.note_reply(held, caller, contact.id, change.at)
        await announce(held, caller.workspace_id, ContactWrote(caller, change))
        return await store(held, caller, change)


async def list_messages(caller: Caller, query: ListMessagesQuery) -> MessageList:
    """Messages of admins, newest first, with what became of them."""
    size = per_page_of(query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    before = decimal_id(query.before) if query.before else _NEWEST
    async with connection() as held:
        if query.contact_id is None:
            rows = await queries.messages_page.all(held, caller.workspace_id, before, size + 1)
        else:
            rows = await queries.messages_to_contact.all(held, caller.workspace_id, before, size + 1, query.contact_id)
    shown = [managed_message(row) for row in rows[:size]]
    return MessageList("list", shown, shown[-1].id if len(rows) > size else None)


async def move_messages(held: Connection, workspace_id: str, merged: ContactsMerged) -> None:
    """Reaction: what waits for a merged lead waits for the user."""
    await queries.move_messages.run(held, workspace_id, merged.lead_id, merged.user_id)
