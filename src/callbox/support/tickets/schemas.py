"""Tickets as they are on the wire."""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.platform.clock import unix
from callbox.support.attachments.service import Attachment
from callbox.support.conversations.rows import MAX_PARTS, ConversationRow, PartRow
from callbox.support.conversations.schemas import (
    NOBODY_ID,
    Author,
    Contacts,
    LinkedObjects,
    Reference,
    SpeakRequest,
)
from callbox.support.conversations.showing import (
    contacts_from_row,
    linked_objects,
    part_from_row,
    part_rows,
    source_from_row,
    ticket_attributes,
)
from callbox.support.ticket_types.queries import Category, ticket_type_row
from callbox.support.ticket_types.schemas import TicketType, ticket_type_from_column
from callbox.support.ticket_types.states import EXTERNAL_LABELS, INTERNAL_LABELS, TicketState
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, WireId
from callbox.wire.pagination import CursorPages

T = TypeVar("T")


class TicketPart(msgspec.Struct, kw_only=True):
    """One thing that was said or done. What a part does not tell is left out."""

    type: Literal["ticket_part"] = "ticket_part"
    id: str
    part_type: str
    body: str | UnsetType = UNSET
    ticket_state: TicketState | UnsetType = UNSET
    previous_ticket_state: TicketState | UnsetType = UNSET
    created_at: int
    updated_at: int
    assigned_to: Reference | UnsetType = UNSET
    author: Author
    attachments: list[Attachment]
    external_id: str | UnsetType = UNSET
    redacted: bool


class TicketParts(msgspec.Struct):
    """The newest 500 parts, oldest first."""

    type: Literal["ticket_part.list"]
    ticket_parts: list[TicketPart]
    total_count: int


class Ticket(msgspec.Struct, kw_only=True):
    """A ticket. Its `id` is that of the conversation behind it, its `ticket_id` the number that people see."""

    type: Literal["ticket"] = "ticket"
    id: str
    ticket_id: str
    ticket_attributes: dict[str, Any]
    ticket_state: TicketState
    ticket_type: TicketType
    contacts: Contacts
    admin_assignee_id: str
    team_assignee_id: str
    created_at: int
    updated_at: int
    ticket_parts: TicketParts
    open: bool
    snoozed_until: int | UnsetType = UNSET
    linked_objects: LinkedObjects
    category: Category
    is_shared: bool
    ticket_state_internal_label: str
    ticket_state_external_label: str


class TicketList(msgspec.Struct):
    """A page of tickets."""

    type: Literal["ticket.list"]
    pages: CursorPages
    total_count: int
    tickets: list[Ticket]


class TicketPartEvent(msgspec.Struct):
    """What is told of a part: the ticket with all of them, and the one."""

    type: Literal["ticket_ticket_part"]
    ticket: Ticket
    ticket_part: TicketPart


class TicketContact(msgspec.Struct):
    """Whom a ticket is for, by one of the three; for an address that nobody has, a lead is made."""

    id: str | None = None
    external_id: WireId | None = None
    email: str | None = None


class CreateTicketRequest(msgspec.Struct):
    """A new ticket."""

    ticket_type_id: WireId
    contacts: Annotated[list[TicketContact], Meta(min_length=1, max_length=1)]
    ticket_attributes: dict[str, Any] = {}
    company_id: WireId | None = None
    created_at: UnixTime | None = None


class Assignment(msgspec.Struct):
    """Who gives the ticket to which admin or team; "0" takes it away from whoever has it."""

    assignee_id: WireId
    admin_id: WireId | None = None


class UpdateTicketRequest(msgspec.Struct):
    """What is to change of a ticket."""

    ticket_attributes: dict[str, Any] = {}
    state: Literal["in_progress", "waiting_on_customer", "resolved"] | None = None
    open: bool | None = None
    is_shared: bool | None = None
    snoozed_until: UnixTime | None = None
    assignment: Assignment | None = None


class TicketReplyRequest(SpeakRequest):
    """What an admin or a contact says. `cross_post` copies a note on a Back-office ticket to what it is linked with."""

    cross_post: bool = False


class ConvertConversationRequest(msgspec.Struct):
    """What kind of ticket the conversation becomes."""

    ticket_type_id: WireId
    attributes: dict[str, Any] = {}


class LinkRequest(msgspec.Struct):
    """The conversation or Customer ticket to link with."""

    id: WireId


def ticket_from_row(caller: Caller, row: ConversationRow) -> Ticket:
    """The ticket as GET shows it; the row is a ticket's."""
    assert row.ticket_state is not None
    assert row.ticket_type is not None
    ticket_type = ticket_type_row(row.ticket_type)
    parts = _parts(caller, row)
    return Ticket(
        id=str(row.id),
        ticket_id=str(row.ticket_number),
        ticket_attributes=ticket_attributes(caller, row, ticket_type),
        ticket_state=row.ticket_state,
        ticket_type=ticket_type_from_column(caller.workspace_id, row.ticket_type),
        contacts=contacts_from_row(row),
        admin_assignee_id=NOBODY_ID if row.admin_assignee_id is None else str(row.admin_assignee_id),
        team_assignee_id=NOBODY_ID if row.team_assignee_id is None else str(row.team_assignee_id),
        created_at=unix(row.created_at),
        updated_at=unix(row.updated_at),
        ticket_parts=TicketParts("ticket_part.list", parts, len(parts)),
        open=row.state != "closed",
        snoozed_until=UNSET if row.snoozed_until is None else unix(row.snoozed_until),
        linked_objects=linked_objects(row),
        category=ticket_type.category,
        is_shared=bool(row.ticket_is_shared),
        ticket_state_internal_label=INTERNAL_LABELS[row.ticket_state],
        ticket_state_external_label=EXTERNAL_LABELS[row.ticket_state],
    )


def _parts(caller: Caller, row: ConversationRow) -> list[TicketPart]:
    """The message that began the conversation is the first part of the ticket that it became."""
    parts = [_part_from_row(caller, part) for part in part_rows(row)]
    if row.source_type is not None and len(parts) < MAX_PARTS:
        parts.insert(0, _part_of_source(caller, row))
    return parts


def _part_of_source(caller: Caller, row: ConversationRow) -> TicketPart:
    source = source_from_row(caller, row)
    return TicketPart(
        id=source.id,
        part_type="comment",
        body=_or_unset(source.body),
        created_at=unix(row.created_at),
        updated_at=unix(row.created_at),
        author=source.author,
        attachments=source.attachments,
        redacted=source.redacted,
    )


def _part_from_row(caller: Caller, row: PartRow) -> TicketPart:
    part = part_from_row(caller, row)
    return TicketPart(
        id=part.id,
        part_type=part.part_type,
        body=_or_unset(part.body),
        ticket_state=_or_unset(row.ticket_state),
        previous_ticket_state=_or_unset(row.previous_ticket_state),
        created_at=part.created_at,
        updated_at=part.updated_at,
        assigned_to=_or_unset(part.assigned_to),
        author=part.author,
        attachments=part.attachments,
        external_id=_or_unset(part.external_id),
        redacted=part.redacted,
    )


def _or_unset(value: T | None) -> T | UnsetType:
    return UNSET if value is None else value
