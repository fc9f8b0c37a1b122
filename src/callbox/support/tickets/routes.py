"""Tickets over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.people.companies.service import CompanyNotFound
from callbox.people.contacts.service import ContactNotFound
from callbox.people.tags.schemas import AppliedTag
from callbox.support.conversations.changing import ConversationNotFound
from callbox.support.conversations.replies import NotForCustomers
from callbox.support.conversations.schemas import TagConversationRequest, UntagConversationRequest
from callbox.support.conversations.tagging import ConversationTagNotFound
from callbox.support.ticket_types.service import TicketTypeNotFound
from callbox.support.ticket_types.values import ExtraAttributes, MissingAttributes
from callbox.support.tickets import links, replies, search, service, tagging
from callbox.support.tickets.changing import TicketNotFound
from callbox.support.tickets.schemas import (
    ConvertConversationRequest,
    CreateTicketRequest,
    LinkRequest,
    Ticket,
    TicketList,
    TicketPart,
    TicketReplyRequest,
    UpdateTicketRequest,
)
from callbox.wire.decode import decode
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import CursorInvalid, PerPageTooBig
from callbox.wire.search import SearchRequest
from callbox.workspace.admins.service import NoInboxSeat

GROUP = "Tickets"

_NEW_TICKET_ERRORS = (TicketTypeNotFound, service.TicketTypeArchived, ExtraAttributes, MissingAttributes)


@operation(
    "POST",
    "/conversations/{conversation_id:str}/convert",
    group="Conversations",
    request=ConvertConversationRequest,
    errors=[
        ConversationNotFound,
        *_NEW_TICKET_ERRORS,
        service.NotACustomerTicketType,
        service.AlreadyATicket,
    ],
    example={"ticket_type_id": "79", "attributes": {"_default_title_": "Two seats on the invoice"}},
)
async def convert_conversation(conversation_id: str, body: bytes, scope: HTTPScope) -> Ticket:
    """Make a ticket of a conversation."""
    request = decode(body, ConvertConversationRequest)
    return await service.convert_conversation(caller_of(scope), conversation_id, request)


@operation(
    "POST",
    "/tickets/{ticket_id:str}/reply",
    group=GROUP,
    request=TicketReplyRequest,
    takes_files=True,
    errors=[ConversationNotFound, ContactNotFound, NotForCustomers, NoInboxSeat],
    example={"message_type": "comment", "type": "admin", "admin_id": "1", "body": "It is mended now."},
)
async def reply_to_ticket(ticket_id: str, body: bytes, scope: HTTPScope) -> TicketPart:
    """Reply as an admin or a contact, or leave a note."""
    return await replies.reply(caller_of(scope), ticket_id, decode(body, TicketReplyRequest))


@operation(
    "POST",
    "/tickets/{ticket_id:str}/tags",
    group=GROUP,
    request=TagConversationRequest,
    errors=[TicketNotFound, ConversationTagNotFound, NoInboxSeat],
    example={"id": "31", "admin_id": "1"},
)
async def tag_ticket(ticket_id: str, body: bytes, scope: HTTPScope) -> AppliedTag:
    """Put a tag on a ticket."""
    return await tagging.tag_ticket(caller_of(scope), ticket_id, decode(body, TagConversationRequest))


@operation(
    "DELETE",
    "/tickets/{ticket_id:str}/tags/{tag_id:str}",
    group=GROUP,
    request=UntagConversationRequest,
    errors=[TicketNotFound, ConversationTagNotFound, NoInboxSeat],
    example={"admin_id": "1"},
)
async def untag_ticket(ticket_id: str, tag_id: str, body: bytes, scope: HTTPScope) -> AppliedTag:
    """Take a tag off a ticket."""
    return await tagging.untag_ticket(caller_of(scope), ticket_id, tag_id, decode(body, UntagConversationRequest))


@operation(
    "POST",
    "/tickets",
    group=GROUP,
    request=CreateTicketRequest,
    errors=[*_NEW_TICKET_ERRORS, ContactNotFound, CompanyNotFound],
    example={
        "ticket_type_id": "79",
        "contacts": [{"id": "6a12f0c31d3b9e5f2c8a4d10"}],
        "ticket_attributes": {"_default_title_": "Invoice", "_default_description_": "It shows two seats"},
    },
)
async def create_ticket(body: bytes, scope: HTTPScope) -> Ticket:
    """Create a ticket for a contact."""
    return await service.create_ticket(caller_of(scope), decode(body, CreateTicketRequest))


@operation(
    "PUT",
    "/tickets/{ticket_id:str}",
    group=GROUP,
    request=UpdateTicketRequest,
    errors=[TicketNotFound, service.AssigneeNotFound, ExtraAttributes, service.SharingIsFixed, NoInboxSeat],
    example={"state": "in_progress", "assignment": {"admin_id": "1", "assignee_id": "2"}},
)
async def update_ticket(ticket_id: str, body: bytes, scope: HTTPScope) -> Ticket:
    """Change a ticket's attributes, state, assignment, or whether it is open, shared and snoozed."""
    return await service.update_ticket(caller_of(scope), ticket_id, decode(body, UpdateTicketRequest))


@operation("GET", "/tickets/{ticket_id:str}", group=GROUP, errors=[TicketNotFound])
async def get_ticket(ticket_id: str, scope: HTTPScope) -> Ticket:
    """Read a ticket with its parts."""
    return await service.get_ticket(caller_of(scope), ticket_id)


@operation(
    "POST",
    "/tickets/search",
    group=GROUP,
    request=SearchRequest,
    errors=[CursorInvalid, PerPageTooBig],
    example={
        "query": {"operator": "AND", "value": [{"field": "state", "operator": "=", "value": "submitted"}]},
        "pagination": {"per_page": 5},
    },
)
async def search_tickets(body: bytes, scope: HTTPScope) -> TicketList:
    """Find tickets by a query of the search language."""
    return await search.search_tickets(caller_of(scope), body)


@operation(
    "POST",
    "/manage/v1/tickets/{ticket_id:str}/links",
    group=GROUP,
    request=LinkRequest,
    errors=[
        TicketNotFound,
        ConversationNotFound,
        links.NotLinkable,
        links.SharedNotLinkable,
        links.TrackedAlready,
        links.TooManyLinks,
    ],
    example={"id": "512"},
)
async def link_ticket(ticket_id: str, body: bytes, scope: HTTPScope) -> Ticket:
    """Link a Back-office or Tracker ticket with a conversation or a Customer ticket."""
    return await links.link(caller_of(scope), ticket_id, decode(body, LinkRequest))


@operation(
    "DELETE",
    "/manage/v1/tickets/{ticket_id:str}/links/{linked_id:str}",
    group=GROUP,
    errors=[TicketNotFound, ConversationNotFound],
)
async def unlink_ticket(ticket_id: str, linked_id: str, scope: HTTPScope) -> Ticket:
    """Take a link of a ticket away."""
    return await links.unlink(caller_of(scope), ticket_id, linked_id)


ROUTES = [
    convert_conversation,
    reply_to_ticket,
    tag_ticket,
    untag_ticket,
    create_ticket,
    update_ticket,
    get_ticket,
    search_tickets,
]
MANAGE_ROUTES = [link_ticket, unlink_ticket]
