"""Conversations as they are on the wire."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from callbox.support.attachments.service import MAX_ATTACHMENTS, Attachment, AttachmentFile
from callbox.support.ticket_types.queries import Category
from callbox.support.ticket_types.states import TicketState
from callbox.wire.decode import UnixTime, WireId
from callbox.wire.markup import MAX_HTML_LENGTH
from callbox.wire.pagination import NextCursor

# Where an assignee is named, this takes away from whoever has it.
NOBODY_ID = "0"

AttachmentUrls = Annotated[list[str], Meta(max_length=MAX_ATTACHMENTS)]


class Reference(msgspec.Struct):
    """Another object by type and id."""

    type: str
    id: str | None


class Author(msgspec.Struct):
    """Who wrote: a user, a lead, an admin or the bot."""

    type: str
    id: str
    name: str | None
    email: str | None


class ConversationPart(msgspec.Struct):
    """One thing that was said or done."""

    type: Literal["conversation_part"]
    id: str
    part_type: str
    body: str | None
    created_at: int
    updated_at: int
    notified_at: int
    assigned_to: Reference | None
    author: Author
    attachments: list[Attachment]
    external_id: str | None
    redacted: bool


class ConversationParts(msgspec.Struct):
    """The newest 500 parts, oldest first."""

    type: Literal["conversation_part.list"]
    conversation_parts: list[ConversationPart]
    total_count: int


class Source(msgspec.Struct):
    """The message that began the conversation."""

    type: str
    id: str
    delivered_as: str
    subject: str
    body: str | None
    author: Author
    attachments: list[Attachment]
    url: str | None
    redacted: bool


class ContactReference(msgspec.Struct):
    """A participant."""

    type: Literal["contact"]
    id: str
    external_id: str | None


class Contacts(msgspec.Struct):
    """The participants."""

    type: Literal["contact.list"]
    contacts: list[ContactReference]


class Teammates(msgspec.Struct):
    """Admins who wrote a part, under both names that clients look for."""

    type: Literal["admin.list"]
    admins: list[Reference]
    teammates: list[Reference]


class FirstContactReply(msgspec.Struct):
    """When and where a contact first wrote."""

    created_at: int
    type: str
    url: str | None


class AppliedTag(msgspec.Struct):
    """A tag on a conversation, with who put it there."""

    type: Literal["tag"]
    id: str
    name: str
    applied_at: int
    applied_by: Reference


class AppliedTags(msgspec.Struct):
    """The tags of a conversation."""

    type: Literal["tag.list"]
    tags: list[AppliedTag]


class ConversationRating(msgspec.Struct):
    """What a contact thought of it; without a rating while it is only asked for."""

    rating: int | None
    remark: str | None
    created_at: int
    contact: ContactReference
    teammate: Reference


class SlaApplied(msgspec.Struct):
    """The service level that the conversation is under."""

    type: Literal["conversation_sla_summary"]
    sla_name: str
    sla_status: str | None


class ConversationStatistics(msgspec.Struct):
    """Times in Unix seconds, durations in seconds since the first message of a contact."""

    type: Literal["conversation_statistics"]
    time_to_assignment: int | None
    time_to_admin_reply: int | None
    time_to_first_close: int | None
    time_to_last_close: int | None
    median_time_to_reply: int | None
    first_contact_reply_at: int | None
    first_assignment_at: int | None
    first_admin_reply_at: int | None
    first_close_at: int | None
    last_assignment_at: int | None
    last_assignment_admin_reply_at: int | None
    last_contact_reply_at: int | None
    last_admin_reply_at: int | None
    last_close_at: int | None
    last_closed_by_id: int | None
    count_reopens: int
    count_assignments: int
    count_conversation_parts: int


class Topics(msgspec.Struct):
    """Topics are not recognised; the list is there for clients that look for it."""

    type: Literal["topic.list"]
    topics: list[Reference]
    total_count: int


class LinkedObject(msgspec.Struct):
    """A linked ticket or conversation."""

    type: Literal["ticket", "conversation"]
    id: str
    category: Category | None


class LinkedObjects(msgspec.Struct):
    """What is linked, at most 1000."""

    type: Literal["list"]
    data: list[LinkedObject]
    total_count: int
    has_more: bool


class AttributeValue(msgspec.Struct):
    """A ticket's attribute in the form that only conversations show."""

    value: Any
    type: str


class ConversationTicket(msgspec.Struct):
    """The ticket that a conversation is, in the form of the time when it was a part of the conversation."""

    type: Literal["ticket"]
    id: int
    url: None
    custom_attributes: dict[str, AttributeValue]
    state: TicketState
    ticket_type: str
    ticket_type_description: str
    ticket_type_emoji: str
    ticket_custom_state_admin_label: str
    ticket_custom_state_user_label: str


class Conversation(msgspec.Struct):
    """A conversation, as lists show it."""

    type: Literal["conversation"]
    id: str
    created_at: int
    updated_at: int
    waiting_since: int | None
    snoozed_until: int | None
    source: Source
    contacts: Contacts
    first_contact_reply: FirstContactReply | None
    admin_assignee_id: int | None
    team_assignee_id: int | None
    open: bool
    state: Literal["open", "closed", "snoozed"]
    read: bool
    tags: AppliedTags
    priority: Literal["priority", "not_priority"]
    sla_applied: SlaApplied | None
    statistics: ConversationStatistics | None
    conversation_rating: ConversationRating | None
    teammates: Teammates | None
    title: str | None
    custom_attributes: Raw
    topics: Topics
    ticket: ConversationTicket | None
    linked_objects: LinkedObjects
    ai_agent: None
    ai_agent_participated: bool


class ConversationWithParts(Conversation):
    """A conversation with its parts."""

    conversation_parts: ConversationParts


class ConversationPages(msgspec.Struct):
    """The pages object of conversations: the size is echoed as it was sent, in a URL always as a string."""

    type: Literal["pages"]
    page: int
    per_page: int | str
    total_pages: int
    next: NextCursor | UnsetType = UNSET


class ConversationList(msgspec.Struct):
    """A page of conversations, the latest change first."""

    type: Literal["conversation.list"]
    conversations: list[Conversation]
    total_count: int
    pages: ConversationPages


class UserMessage(msgspec.Struct):
    """The answer to starting a conversation: the message, with the conversation that it began."""

    type: Literal["user_message"]
    id: str
    created_at: int
    body: str
    message_type: Literal["inapp"]
    conversation_id: str


class From(msgspec.Struct):
    """The contact who starts a conversation; a visitor becomes a lead by it."""

    type: Literal["user", "lead", "contact"]
    id: str | None = None
    user_id: WireId | None = None
    email: str | None = None


class CreateConversationRequest(msgspec.Struct):
    """A contact's first message."""

    sender: From = msgspec.field(name="from")
    body: Annotated[str, Meta(max_length=MAX_HTML_LENGTH)] | None = None
    subject: Annotated[str, Meta(max_length=1_000)] | None = None
    attachment_urls: AttachmentUrls = []
    created_at: UnixTime | None = None
    referer: Annotated[str, Meta(max_length=10_000)] | None = None


class ListConversationsQuery(msgspec.Struct):
    """Where in the list to read."""

    per_page: str | None = None
    starting_after: str | None = None


class ReadConversationQuery(msgspec.Struct):
    """`display_as=plaintext` takes the markup out of texts."""

    display_as: str | None = None


class UpdateConversationRequest(msgspec.Struct):
    """What is to be set on a conversation; its state and assignment change through parts."""

    read: bool | UnsetType = UNSET
    title: Annotated[str, Meta(max_length=255)] | UnsetType | None = UNSET
    custom_attributes: dict[str, Any] | UnsetType = UNSET


class QuickReplyOption(msgspec.Struct):
    """An answer to choose."""

    text: Annotated[str, Meta(min_length=1, max_length=1_000)]
    uuid: Annotated[str, Meta(min_length=1, max_length=255)]


class SpeakRequest(msgspec.Struct):
    """What an admin or a contact says."""

    message_type: str
    type: str | None = None
    body: str | None = None
    admin_id: WireId | None = None
    intercom_user_id: str | None = None
    user_id: WireId | None = None
    email: str | None = None
    reply_options: Annotated[list[QuickReplyOption], Meta(max_length=50)] | None = None
    attachment_urls: AttachmentUrls = []
    attachment_files: Annotated[list[AttachmentFile], Meta(max_length=MAX_ATTACHMENTS)] = []
    created_at: UnixTime | None = None


class ReplyRequest(SpeakRequest):
    """What an admin or a contact says, or, as older clients have it, does."""

    assignee_id: WireId | None = None
    snoozed_until: UnixTime | None = None
    # An older page of the reference misspells it, and clients copied it.
    snooze_until: UnixTime | None = None


class ManageRequest(msgspec.Struct):
    """What an admin does: close, open, snooze or assign."""

    message_type: str
    type: str | None = None
    body: str | None = None
    admin_id: WireId | None = None
    assignee_id: WireId | None = None
    snoozed_until: UnixTime | None = None
    # As in ReplyRequest.
    snooze_until: UnixTime | None = None


class TagConversationRequest(msgspec.Struct):
    """The tag to put on, and who puts it there."""

    id: WireId
    admin_id: WireId


class UntagConversationRequest(msgspec.Struct):
    """Who takes the tag off."""

    admin_id: WireId


class CustomerIdentity(msgspec.Struct):
    """A contact by Callbox's id, the customer's id, or e-mail address; the first that is given counts."""

    intercom_user_id: str | None = None
    user_id: WireId | None = None
    email: str | None = None


class AddedCustomer(CustomerIdentity):
    """The contact who is to take part, and the participant who brings them along, if it is no admin."""

    customer: CustomerIdentity | None = None


class AttachContactRequest(msgspec.Struct):
    """Who is to take part, and which admin says so."""

    customer: AddedCustomer
    admin_id: WireId | None = None


class DetachContactRequest(msgspec.Struct):
    """Which admin says so."""

    admin_id: WireId


class Customer(msgspec.Struct):
    """A participant, in the word of the API's first versions."""

    type: Literal["user"]
    id: str


class ConversationWithCustomers(ConversationWithParts):
    """A conversation whose participants changed, with those it has now."""

    customers: list[Customer]


class RedactRequest(msgspec.Struct):
    """What is to be redacted: a part, or the message that began the conversation."""

    type: str | None = None
    conversation_id: WireId | None = None
    conversation_part_id: WireId | None = None
    source_id: WireId | None = None
