"""Conversations from their rows to what the wire shows."""

from typing import Any

import msgspec
from msgspec import Raw

from callbox.platform.clock import unix, unix_or_none
from callbox.support.attachments.queries import AttachmentRow
from callbox.support.attachments.service import attachment_from_row
from callbox.support.conversations.rows import AppliedTagRow, ContactReferenceRow, ConversationRow, LinkRow, PartRow
from callbox.support.conversations.schemas import (
    AppliedTag,
    AppliedTags,
    AttributeValue,
    Author,
    ContactReference,
    Contacts,
    Conversation,
    ConversationPages,
    ConversationPart,
    ConversationParts,
    ConversationRating,
    ConversationStatistics,
    ConversationTicket,
    ConversationWithCustomers,
    ConversationWithParts,
    Customer,
    FirstContactReply,
    LinkedObject,
    LinkedObjects,
    Reference,
    SlaApplied,
    Source,
    Teammates,
    Topics,
)
from callbox.support.ticket_types.queries import TicketTypeRow, ticket_type_row
from callbox.support.ticket_types.states import EXTERNAL_LABELS, INTERNAL_LABELS
from callbox.support.ticket_types.values import shown_attributes
from callbox.wire.authentication import Caller
from callbox.wire.html import plain_text
from callbox.wire.pagination import CursorPages

MAX_LINKED_OBJECTS = 1000

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
