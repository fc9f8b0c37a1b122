"""The operation of messages, and what the management API shows of them."""

from litestar.types import HTTPScope

from callbox.people.contacts.service import ContactNotFound
from callbox.support.conversations.schemas import ConversationWithParts, UserMessage
from callbox.support.messages import service
from callbox.support.messages.schemas import (
    AdminMessage,
    AnswerMessageRequest,
    CreateMessageRequest,
    ListMessagesQuery,
    MessageList,
)
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation
from callbox.workspace.admins.service import AdminNotFound, NoInboxSeat

_GROUP = "Messages"


@operation(
    "POST",
    "/messages",
    group=_GROUP,
    request=CreateMessageRequest,
    errors=[ContactNotFound, AdminNotFound, NoInboxSeat, service.SubjectMissing, service.ContactUnsubscribed],
    example={
        "from": {"type": "admin", "id": "1"},
        "to": {"type": "user", "id": "6a12f0c31d3b9e5f2c8a4d10"},
        "message_type": "email",
        "subject": "Your new roster",
        "body": "It is ready to look at.",
        "template": "plain",
    },
)
async def create_message(body: bytes, scope: HTTPScope) -> AdminMessage | UserMessage:
    """Send a message to a contact as an admin, or start a conversation as a contact."""
    return await service.create_message(caller_of(scope), decode(body, CreateMessageRequest))


@operation("GET", "/manage/v1/messages", group=_GROUP, query=ListMessagesQuery)
async def list_messages(scope: HTTPScope) -> MessageList:
    """List what admins sent, newest first, with what became of it."""
    return await service.list_messages(caller_of(scope), decode_query(scope["query_string"], ListMessagesQuery))


@operation(
    "POST",
    "/manage/v1/messages/{message_id:str}/answer",
    group=_GROUP,
    request=AnswerMessageRequest,
    errors=[service.MessageNotFound, service.MessageIsAnswered],
    example={"body": "Thank you, I will have a look"},
)
async def answer_message(message_id: str, body: bytes, scope: HTTPScope) -> ConversationWithParts:
    """Answer a message as its contact, which makes a conversation of it, assigned to the admin who sent the message."""
    return await service.answer_message(caller_of(scope), message_id, decode(body, AnswerMessageRequest))


ROUTES = [create_message]
MANAGE_ROUTES = [list_messages, answer_message]
