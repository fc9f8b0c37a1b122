"""Ticket types and their attributes over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.support.ticket_types import service
from callbox.support.ticket_types.schemas import (
    DEFAULT_ICON,
    CreateAttributeRequest,
    CreateTicketTypeRequest,
    TicketType,
    TicketTypeAttribute,
    TicketTypeList,
    UpdateAttributeRequest,
    UpdateTicketTypeRequest,
)
from callbox.wire.decode import decode
from callbox.wire.operations import caller_of, operation

GROUP = "Ticket Types"
ATTRIBUTES_GROUP = "Ticket Type Attributes"


@operation(
    "POST",
    "/ticket_types/{ticket_type_id:str}/attributes",
    group=ATTRIBUTES_GROUP,
    request=CreateAttributeRequest,
    errors=[service.TicketTypeNotFound, service.AttributeNameTaken, service.TooManyAttributes],
    example={
        "name": "Priority",
        "description": "How soon it is needed",
        "data_type": "list",
        "list_items": "Low,Medium,High",
        "required_to_create": True,
    },
)
async def create_ticket_type_attribute(ticket_type_id: str, body: bytes, scope: HTTPScope) -> TicketTypeAttribute:
    """Add an attribute to a ticket type."""
    return await service.create_attribute(caller_of(scope), ticket_type_id, decode(body, CreateAttributeRequest))


@operation(
    "PUT",
    "/ticket_types/{ticket_type_id:str}/attributes/{attribute_id:str}",
    group=ATTRIBUTES_GROUP,
    request=UpdateAttributeRequest,
    errors=[
        service.TicketTypeNotFound,
        service.AttributeNotFound,
        service.AttributeNameTaken,
        service.AttributeIsDefault,
        service.TooManyAttributes,
    ],
    example={"description": "How soon it is needed", "list_items": "Low,High,Urgent"},
)
async def update_ticket_type_attribute(
    ticket_type_id: str, attribute_id: str, body: bytes, scope: HTTPScope
) -> TicketTypeAttribute:
    """Change an attribute of a ticket type."""
    request = decode(body, UpdateAttributeRequest)
    return await service.update_attribute(caller_of(scope), ticket_type_id, attribute_id, request)


@operation("GET", "/ticket_types", group=GROUP)
async def list_ticket_types(scope: HTTPScope) -> TicketTypeList:
    """List the workspace's ticket types."""
    return TicketTypeList("list", await service.list_ticket_types(caller_of(scope)))


@operation(
    "POST",
    "/ticket_types",
    group=GROUP,
    request=CreateTicketTypeRequest,
    example={"name": "Bug report", "description": "Something is broken", "icon": DEFAULT_ICON, "category": "Customer"},
)
async def create_ticket_type(body: bytes, scope: HTTPScope) -> TicketType:
    """Create a ticket type, with a title and a description as its first attributes."""
    return await service.create_ticket_type(caller_of(scope), decode(body, CreateTicketTypeRequest))


@operation("GET", "/ticket_types/{ticket_type_id:str}", group=GROUP, errors=[service.TicketTypeNotFound])
async def get_ticket_type(ticket_type_id: str, scope: HTTPScope) -> TicketType:
    """Read a ticket type."""
    return await service.get_ticket_type(caller_of(scope), ticket_type_id)


@operation(
    "PUT",
    "/ticket_types/{ticket_type_id:str}",
    group=GROUP,
    request=UpdateTicketTypeRequest,
    errors=[service.TicketTypeNotFound],
    example={"name": "Bug report 2", "archived": False},
)
async def update_ticket_type(ticket_type_id: str, body: bytes, scope: HTTPScope) -> TicketType:
    """Change or archive a ticket type."""
    return await service.update_ticket_type(caller_of(scope), ticket_type_id, decode(body, UpdateTicketTypeRequest))


ROUTES = [
    create_ticket_type_attribute,
    update_ticket_type_attribute,
    list_ticket_types,
    create_ticket_type,
    get_ticket_type,
    update_ticket_type,
]
