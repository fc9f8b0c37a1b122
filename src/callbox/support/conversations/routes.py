"""The operations of conversations, in the reference's order."""

from litestar.types import HTTPScope

from callbox.people.contacts.service import ContactNotFound
from callbox.support.conversations import replies, service
from callbox.support.conversations.changing import ConversationNotFound
from callbox.support.conversations.schemas import (
    ConversationList,
    ConversationWithParts,
    CreateConversationRequest,
    ListConversationsQuery,
    ReadConversationQuery,
    ReplyRequest,
    UpdateConversationRequest,
    UserMessage,
)
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import CursorInvalid, PerPageTooBig
from callbox.workspace.admins.service import NoInboxSeat

_GROUP = "Conversations"


@operation("GET", "/conversations", group=_GROUP, query=ListConversationsQuery, errors=[CursorInvalid, PerPageTooBig])
async def list_conversations(scope: HTTPScope) -> ConversationList:
    """List conversations, the latest change first."""
    query = decode_query(scope["query_string"], ListConversationsQuery)
    return await service.list_conversations(caller_of(scope), query)


@operation(
    "POST",
    "/conversations",
    group=_GROUP,
    request=CreateConversationRequest,
    errors=[ContactNotFound],
    example={"from": {"type": "user", "id": "6a12f0c31d3b9e5f2c8a4d10"}, "body": "My invoice shows two seats"},
)
async def create_conversation(body: bytes, scope: HTTPScope) -> UserMessage:
    """Start a conversation as a contact."""
    return await service.create_conversation(caller_of(scope), decode(body, CreateConversationRequest))


@operation(
    "GET",
    "/conversations/{conversation_id:str}",
    group=_GROUP,
    query=ReadConversationQuery,
    errors=[ConversationNotFound],
)
async def get_conversation(conversation_id: str, scope: HTTPScope) -> ConversationWithParts:
    """Read a conversation with its parts."""
    query = decode_query(scope["query_string"], ReadConversationQuery)
    plaintext = query.display_as == "plaintext"
    return await service.get_conversation(caller_of(scope), conversation_id, plaintext=plaintext)


@operation(
    "PUT",
    "/conversations/{conversation_id:str}",
    group=_GROUP,
    request=UpdateConversationRequest,
    query=ReadConversationQuery,
    errors=[ConversationNotFound],
    example={"read": True, "custom_attributes": {"Area": "Billing"}},
)
async def update_conversation(conversation_id: str, body: bytes, scope: HTTPScope) -> ConversationWithParts:
    """Mark a conversation as read or unread, or set its attributes."""
    query = decode_query(scope["query_string"], ReadConversationQuery)
    request = decode(body, UpdateConversationRequest)
    plaintext = query.display_as == "plaintext"
    return await service.update_conversation(caller_of(scope), conversation_id, request, plaintext=plaintext)


@operation(
    "POST",
    "/conversations/{conversation_id:str}/reply",
    group=_GROUP,
    request=ReplyRequest,
    takes_files=True,
    errors=[ConversationNotFound, ContactNotFound, NoInboxSeat],
    example={"message_type": "comment", "type": "admin", "admin_id": "1", "body": "It is mended now."},
)
async def reply_to_conversation(conversation_id: str, body: bytes, scope: HTTPScope) -> ConversationWithParts:
    """Reply as an admin or a contact, or leave a note."""
    return await replies.reply(caller_of(scope), conversation_id, decode(body, ReplyRequest))


@operation(
    "POST",
    "/conversations/{conversation_id:str}/parts",
    group=_GROUP,
    request=ReplyRequest,
    errors=[
        ConversationNotFound,
        replies.AssigneeAdminNotFound,
        replies.AssigneeTeamNotFound,
        NoInboxSeat,
    ],
    example={"message_type": "assignment", "type": "team", "admin_id": "1", "assignee_id": "2"},
)
async def manage_conversation(conversation_id: str, body: bytes, scope: HTTPScope) -> ConversationWithParts:
    """Close, open, snooze or assign a conversation."""
    return await replies.manage(caller_of(scope), conversation_id, decode(body, ReplyRequest))


ROUTES = [
    list_conversations,
    create_conversation,
    get_conversation,
    update_conversation,
    reply_to_conversation,
    manage_conversation,
]
