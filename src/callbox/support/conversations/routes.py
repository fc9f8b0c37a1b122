"""The operations of conversations, in the reference's order."""

from litestar.types import HTTPScope

from callbox.people.contacts.service import ContactNotFound
from callbox.people.tags.schemas import AppliedTag
from callbox.support.conversations import participants, redaction, replies, service, tagging
from callbox.support.conversations.changing import ConversationNotFound
from callbox.support.conversations.schemas import (
    AttachContactRequest,
    ConversationList,
    ConversationWithCustomers,
    ConversationWithParts,
    CreateConversationRequest,
    DetachContactRequest,
    ListConversationsQuery,
    ManageRequest,
    ReadConversationQuery,
    RedactRequest,
    ReplyRequest,
    TagConversationRequest,
    UntagConversationRequest,
    UpdateConversationRequest,
    UserMessage,
)
from callbox.support.conversations.search import list_conversations, search_conversations
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import CursorInvalid, PerPageTooBig
from callbox.wire.search import (
    InvalidField,
    InvalidOperator,
    InvalidQuery,
    InvalidValue,
    InvalidValues,
    SearchRequest,
)
from callbox.workspace.admins.service import NoInboxSeat

_GROUP = "Conversations"
_TAGS = "Tags"


@operation("GET", "/conversations", group=_GROUP, query=ListConversationsQuery, errors=[CursorInvalid, PerPageTooBig])
async def list_conversations_route(scope: HTTPScope) -> ConversationList:
    """List conversations, the latest change first."""
    query = decode_query(scope["query_string"], ListConversationsQuery)
    return await list_conversations(caller_of(scope), query)


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
    errors=[ConversationNotFound, ContactNotFound, NoInboxSeat, replies.NotForCustomers],
    example={"message_type": "comment", "type": "admin", "admin_id": "1", "body": "It is mended now."},
)
async def reply_to_conversation(conversation_id: str, body: bytes, scope: HTTPScope) -> ConversationWithParts:
    """Reply as an admin or a contact, or leave a note."""
    return await replies.reply(caller_of(scope), conversation_id, decode(body, ReplyRequest))


@operation(
    "POST",
    "/conversations/{conversation_id:str}/parts",
    group=_GROUP,
    request=ManageRequest,
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
    return await replies.manage(caller_of(scope), conversation_id, decode(body, ManageRequest))


@operation(
    "POST",
    "/conversations/search",
    group=_GROUP,
    request=SearchRequest,
    errors=[InvalidQuery, InvalidField, InvalidOperator, InvalidValue, InvalidValues, CursorInvalid, PerPageTooBig],
    example={
        "query": {
            "operator": "AND",
            "value": [
                {"field": "state", "operator": "=", "value": "open"},
                {"field": "source.body", "operator": "~", "value": "invoice"},
            ],
        },
        "sort": {"field": "waiting_since", "order": "ascending"},
        "pagination": {"per_page": 20},
    },
)
async def search_conversations_route(body: bytes, scope: HTTPScope) -> ConversationList:
    """Search conversations, the latest change first unless another order is asked for."""
    return await search_conversations(caller_of(scope), body)


@operation(
    "POST",
    "/conversations/{conversation_id:str}/customers",
    group=_GROUP,
    request=AttachContactRequest,
    errors=[ConversationNotFound, ContactNotFound, NoInboxSeat],
    example={"admin_id": "1", "customer": {"intercom_user_id": "6a12f0c31d3b9e5f2c8a4d10"}},
)
async def attach_contact_to_conversation(
    conversation_id: str, body: bytes, scope: HTTPScope
) -> ConversationWithCustomers:
    """Let a contact take part in a conversation."""
    request = decode(body, AttachContactRequest)
    return await participants.attach_contact(caller_of(scope), conversation_id, request)


@operation(
    "DELETE",
    "/conversations/{conversation_id:str}/customers/{contact_id:str}",
    group=_GROUP,
    request=DetachContactRequest,
    errors=[ConversationNotFound, ContactNotFound, NoInboxSeat, participants.LastParticipant],
    example={"admin_id": "1"},
)
async def detach_contact_from_conversation(
    conversation_id: str, contact_id: str, body: bytes, scope: HTTPScope
) -> ConversationWithCustomers:
    """Let a contact take part no more."""
    request = decode(body, DetachContactRequest)
    return await participants.detach_contact(caller_of(scope), conversation_id, contact_id, request)


@operation(
    "POST",
    "/conversations/redact",
    group=_GROUP,
    request=RedactRequest,
    errors=[redaction.PartOrMessageNotFound, redaction.PartNotRedactable, redaction.RedactionTypeMismatch],
    example={"type": "conversation_part", "conversation_id": "1", "conversation_part_id": "2"},
)
async def redact_conversation(body: bytes, scope: HTTPScope) -> ConversationWithParts:
    """Take back what was said in a part, or in the message that began a conversation."""
    return await redaction.redact(caller_of(scope), decode(body, RedactRequest))


@operation(
    "POST",
    "/conversations/{conversation_id:str}/tags",
    group=_TAGS,
    request=TagConversationRequest,
    errors=[tagging.TaggedConversationNotFound, tagging.ConversationTagNotFound, NoInboxSeat],
    example={"id": "31", "admin_id": "1"},
)
async def tag_conversation(conversation_id: str, body: bytes, scope: HTTPScope) -> AppliedTag:
    """Put a tag on a conversation."""
    request = decode(body, TagConversationRequest)
    return await tagging.tag_conversation(caller_of(scope), conversation_id, request)


@operation(
    "DELETE",
    "/conversations/{conversation_id:str}/tags/{tag_id:str}",
    group=_TAGS,
    request=UntagConversationRequest,
    errors=[tagging.TaggedConversationNotFound, tagging.ConversationTagNotFound, NoInboxSeat],
    example={"admin_id": "1"},
)
async def untag_conversation(conversation_id: str, tag_id: str, body: bytes, scope: HTTPScope) -> AppliedTag:
    """Take a tag off a conversation."""
    request = decode(body, UntagConversationRequest)
    return await tagging.untag_conversation(caller_of(scope), conversation_id, tag_id, request)


ROUTES = [
    list_conversations_route,
    create_conversation,
    get_conversation,
    update_conversation,
    search_conversations_route,
    reply_to_conversation,
    manage_conversation,
    attach_contact_to_conversation,
    detach_contact_from_conversation,
    redact_conversation,
    tag_conversation,
    untag_conversation,
]
