"""Conversations as they are on the wire."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from callbox.platform.clock import unix, unix_or_none
from callbox.support.attachments.queries import AttachmentRow
from callbox.support.attachments.service import MAX_ATTACHMENTS, Attachment, AttachmentFile, attachment_from_row
from callbox.support.conversations.queries import (
    AppliedTagRow,
    ContactReferenceRow,
    ConversationRow,
    LinkRow,
    PartRow,
)
from callbox.support.ticket_types.queries import Category, TicketTypeRow, ticket_type_row
from callbox.support.ticket_types.states import EXTERNAL_LABELS, INTERNAL_LABELS, TicketState
from callbox.support.ticket_types.values import shown_attributes
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, WireId
from callbox.wire.html import MAX_HTML_LENGTH, plain_text
from callbox.wire.pagination import CursorPages, NextCursor

REDACTED_BODY = "<p><i>This message was deleted</i></p>"

MAX_LINKED_OBJECTS = 1000

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


_parts = msgspec.json.Decoder(list[PartRow])
_contacts = msgspec.json.Decoder(list[ContactReferenceRow])
_tags = msgspec.json.Decoder(list[AppliedTagRow])
_links = msgspec.json.Decoder(list[LinkRow])
_attachments = msgspec.json.Decoder(list[AttachmentRow])


def conversation_from_row(caller: Caller, row: ConversationRow) -> Conversation:
    """The conversation as lists show it."""
    return Conversation(*_values(caller, row))


def conversation_pages(pages: CursorPages, sent_per_page: int | str | None) -> ConversationPages:
    """Where a page of conversations stands among the others."""
    per_page = sent_per_page or pages.per_page
    return ConversationPages("pages", pages.page, per_page, pages.total_pages, pages.next)


def conversation_with_parts(caller: Caller, row: ConversationRow, *, plaintext: bool = False) -> ConversationWithParts:
    """The conversation as GET shows it."""
    parts = [part_from_row(caller, part) for part in part_rows(row)]
    listed = ConversationParts("conversation_part.list", parts, len(parts))
    conversation = ConversationWithParts(*(*_values(caller, row), listed))
    if plaintext:
        _strip_markup(conversation)
    return conversation


def with_customers(conversation: ConversationWithParts) -> ConversationWithCustomers:
    """The conversation as it is answered where its participants change."""
    customers = [Customer("user", contact.id) for contact in conversation.contacts.contacts]
    return ConversationWithCustomers(**msgspec.structs.asdict(conversation), customers=customers)


def _strip_markup(conversation: ConversationWithParts) -> None:
    source = conversation.source
    source.subject = plain_text(source.subject)
    source.body = None if source.body is None else plain_text(source.body)
    for part in conversation.conversation_parts.conversation_parts:
        part.body = None if part.body is None else plain_text(part.body)


def part_rows(row: ConversationRow) -> list[PartRow]:
    """The newest parts, oldest first."""
    return _parts.decode(row.parts or "[]")


def part_from_row(caller: Caller, row: PartRow) -> ConversationPart:
    """A part as GET shows it."""
    return ConversationPart(
        "conversation_part",
        str(row.id),
        row.part_type,
        row.body,
        row.created_at,
        row.updated_at,
        row.created_at,
        None if row.assigned_to_type is None else _reference(row.assigned_to_type, row.assigned_to_id),
        _author(caller, row.author_type, row.author_id, row.author_name, row.author_email),
        [attachment_from_row(caller, each) for each in row.attachments or ()],
        row.external_id,
        row.redacted,
    )


def _reference(kind: str, id_: int | str | None) -> Reference:
    return Reference(kind, None if id_ is None else str(id_))


def _author(caller: Caller, kind: str, id_: str | None, name: str | None, email: str | None) -> Author:
    """Clients tell the bot by its address. A lead without data has no name, and "" for an address."""
    if kind == "bot":
        return Author("bot", "0", "Operator", f"operator+{caller.workspace_id}@intercom.io")
    return Author(kind, id_ or "", name, email or "")


def _values(caller: Caller, row: ConversationRow) -> tuple[Any, ...]:
    """The fields of Conversation, by position."""
    contacts = contacts_from_row(row)
    tags = [
        AppliedTag("tag", str(each.id), each.name, each.applied_at, _reference("admin", each.applied_by_admin_id))
        for each in _tags.decode(row.tags)
    ]
    teammates = [_reference("admin", admin_id) for admin_id in row.teammate_ids]
    return (
        "conversation",
        str(row.id),
        unix(row.created_at),
        unix(row.updated_at),
        unix_or_none(row.waiting_since),
        unix_or_none(row.snoozed_until),
        source_from_row(caller, row),
        contacts,
        _first_contact_reply(row),
        row.admin_assignee_id,
        row.team_assignee_id,
        row.state != "closed",
        row.state,
        row.is_read,
        AppliedTags("tag.list", tags),
        "priority" if row.is_priority else "not_priority",
        None if row.sla_name is None else SlaApplied("conversation_sla_summary", row.sla_name, row.sla_status),
        _statistics(row),
        _rating(row, contacts.contacts),
        Teammates("admin.list", teammates, teammates) if teammates else None,
        row.title,
        Raw(row.custom_attributes),
        Topics("topic.list", [], 0),
        _ticket(caller, row),
        linked_objects(row),
        None,
        False,
    )


def contacts_from_row(row: ConversationRow) -> Contacts:
    """The participants, the first one first."""
    rows = _contacts.decode(row.contacts)
    return Contacts("contact.list", [ContactReference("contact", each.id, each.external_id) for each in rows])


def linked_objects(row: ConversationRow) -> LinkedObjects:
    """What the conversation or ticket is linked with, oldest link first."""
    links = [] if row.links == "[]" else _links.decode(row.links)
    shown = [
        LinkedObject("conversation" if link.category is None else "ticket", str(link.id), link.category)
        for link in links[:MAX_LINKED_OBJECTS]
    ]
    return LinkedObjects("list", shown, len(links), has_more=len(links) > len(shown))


def ticket_attributes(caller: Caller, row: ConversationRow, ticket_type: TicketTypeRow) -> dict[str, Any]:
    """The attributes by name of the ticket that the conversation is."""
    rows = [] if row.ticket_files is None else _attachments.decode(row.ticket_files)
    files = {each.id: attachment_from_row(caller, each) for each in rows}
    return shown_attributes(ticket_type, msgspec.json.decode(row.ticket_attributes or "{}"), files)


def _ticket(caller: Caller, row: ConversationRow) -> ConversationTicket | None:
    if row.ticket_state is None or row.ticket_type is None:
        return None
    ticket_type = ticket_type_row(row.ticket_type)
    data_types = {attribute.name: attribute.data_type for attribute in ticket_type.attributes}
    attributes = ticket_attributes(caller, row, ticket_type)
    return ConversationTicket(
        "ticket",
        row.id,
        None,
        {name: AttributeValue(value, data_types[name]) for name, value in attributes.items()},
        row.ticket_state,
        ticket_type.name,
        ticket_type.description,
        ticket_type.icon,
        INTERNAL_LABELS[row.ticket_state],
        EXTERNAL_LABELS[row.ticket_state],
    )


def source_from_row(caller: Caller, row: ConversationRow) -> Source:
    """The message that began it. What began as a ticket has none: its source is empty, and the bot's."""
    if row.source_type is None or row.source_author_type is None:
        bot = _author(caller, "bot", None, None, None)
        return Source("conversation", str(row.id), "admin_initiated", "", "", bot, [], None, redacted=False)
    attachments = [] if row.source_attachments is None else _attachments.decode(row.source_attachments)
    return Source(
        row.source_type,
        str(row.source_id),
        row.source_delivered_as or "",
        row.source_subject or "",
        row.source_body,
        _author(caller, row.source_author_type, row.source_author_id, row.source_author_name, row.source_author_email),
        [attachment_from_row(caller, each) for each in attachments],
        row.source_url,
        row.source_redacted,
    )


def _first_contact_reply(row: ConversationRow) -> FirstContactReply | None:
    if row.first_contact_reply_at is None:
        return None
    return FirstContactReply(
        unix(row.first_contact_reply_at), row.source_type or "conversation", row.first_contact_reply_url
    )


def _rating(row: ConversationRow, contacts: list[ContactReference]) -> ConversationRating | None:
    if row.rating_requested_at is None:
        return None
    rater_id = row.rating_contact_id or (contacts[0].id if contacts else "")
    rater = next(
        (contact for contact in contacts if contact.id == rater_id), ContactReference("contact", rater_id, None)
    )
    return ConversationRating(
        row.rating, row.rating_remark, unix(row.rating_requested_at), rater, _reference("admin", row.rating_admin_id)
    )


def _statistics(row: ConversationRow) -> ConversationStatistics | None:
    """None until a contact has written."""
    if row.first_contact_reply_at is None:
        return None
    return ConversationStatistics(
        "conversation_statistics",
        row.time_to_assignment,
        row.time_to_admin_reply,
        row.time_to_first_close,
        row.time_to_last_close,
        row.median_time_to_reply,
        unix_or_none(row.first_contact_reply_at),
        unix_or_none(row.first_assignment_at),
        unix_or_none(row.first_admin_reply_at),
        unix_or_none(row.first_close_at),
        unix_or_none(row.last_assignment_at),
        unix_or_none(row.last_assignment_admin_reply_at),
        unix_or_none(row.last_contact_reply_at),
        unix_or_none(row.last_admin_reply_at),
        unix_or_none(row.last_close_at),
        row.last_closed_by_id,
        row.count_reopens,
        row.count_assignments,
        row.part_count + 1,  # the source counts as one
    )
