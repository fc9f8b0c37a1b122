"""Visitors over HTTP, in the order of the reference; two that older clients call; one of the management API."""

from litestar.types import HTTPScope

from callbox.people.contacts.schemas import Contact
from callbox.people.contacts.service import ContactNotFound
from callbox.people.contacts.storing import ContactExists
from callbox.people.visitors import service
from callbox.people.visitors.schemas import (
    ConvertVisitorRequest,
    CreateVisitorRequest,
    FindVisitorQuery,
    UpdateVisitorRequest,
    Visitor,
    VisitorDeleted,
)
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation

GROUP = "Visitors"


@operation(
    "PUT",
    "/visitors",
    group=GROUP,
    request=UpdateVisitorRequest,
    query=FindVisitorQuery,
    errors=[service.VisitorNotFound],
    example={"user_id": "3ecf64d0-9ed1-4e9f-88e1-da7d6e6782f3", "name": "Grace Example"},
)
async def update_visitor(body: bytes, scope: HTTPScope) -> Visitor:
    """Change what is sent of a visitor."""
    request = decode(body, UpdateVisitorRequest)
    if request.id is None and request.user_id is None:
        request.user_id = decode_query(scope["query_string"], FindVisitorQuery).user_id
    return await service.update_visitor(caller_of(scope), request)


@operation("GET", "/visitors", group=GROUP, query=FindVisitorQuery, errors=[service.VisitorNotFound])
async def find_visitor(scope: HTTPScope) -> Visitor:
    """Read a visitor by `user_id`."""
    query = decode_query(scope["query_string"], FindVisitorQuery)
    return await service.get_visitor(caller_of(scope), user_id=query.user_id)


@operation(
    "POST",
    "/visitors/convert",
    group=GROUP,
    request=ConvertVisitorRequest,
    errors=[service.VisitorNotFound, ContactNotFound, ContactExists],
    example={
        "type": "user",
        "visitor": {"user_id": "3ecf64d0-9ed1-4e9f-88e1-da7d6e6782f3"},
        "user": {"email": "grace@example.com"},
    },
)
async def convert_visitor(body: bytes, scope: HTTPScope) -> Contact:
    """Make a lead or user of a visitor, or merge it into a user."""
    return await service.convert_visitor(caller_of(scope), decode(body, ConvertVisitorRequest))


@operation("GET", "/visitors/{visitor_id:str}", group=GROUP, errors=[service.VisitorNotFound])
async def get_visitor(visitor_id: str, scope: HTTPScope) -> Visitor:
    """Read a visitor by id."""
    return await service.get_visitor(caller_of(scope), visitor_id=visitor_id)


@operation("DELETE", "/visitors/{visitor_id:str}", group=GROUP, errors=[service.VisitorNotFound])
async def delete_visitor(visitor_id: str, scope: HTTPScope) -> VisitorDeleted:
    """Forget a visitor."""
    return await service.delete_visitor(caller_of(scope), visitor_id)


@operation(
    "POST",
    "/manage/v1/visitors",
    group=GROUP,
    request=CreateVisitorRequest,
    example={"country": "Ireland", "city": "Dublin", "referrer": "https://example.com/pricing"},
)
async def create_visitor(body: bytes, scope: HTTPScope) -> Visitor:
    """Create a visitor, as the messenger would."""
    return await service.create_visitor(caller_of(scope), decode(body, CreateVisitorRequest))


ROUTES = [update_visitor, find_visitor, convert_visitor, get_visitor, delete_visitor]
MANAGE_ROUTES = [create_visitor]
