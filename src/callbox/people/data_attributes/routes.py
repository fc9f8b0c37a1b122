"""Data attributes over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.people.data_attributes import service
from callbox.people.data_attributes.schemas import (
    CreateDataAttributeRequest,
    DataAttribute,
    DataAttributeList,
    ListDataAttributesQuery,
    UpdateDataAttributeRequest,
)
from callbox.wire.decode import decode, decode_query
from callbox.wire.errors import ParameterInvalid
from callbox.wire.operations import caller_of, operation

GROUP = "Data Attributes"


@operation("GET", "/data_attributes", group=GROUP, query=ListDataAttributesQuery)
async def list_data_attributes(scope: HTTPScope) -> DataAttributeList:
    """List the fields of contacts, companies or conversations."""
    query = decode_query(scope["query_string"], ListDataAttributesQuery)
    return await service.list_data_attributes(caller_of(scope), query)


@operation(
    "POST",
    "/data_attributes",
    group=GROUP,
    request=CreateDataAttributeRequest,
    errors=[ParameterInvalid],
    example={
        "name": "plan",
        "model": "contact",
        "data_type": "string",
        "options": [{"value": "free"}, {"value": "pro"}],
    },
)
async def create_data_attribute(body: bytes, scope: HTTPScope) -> DataAttribute:
    """Define a field of contacts or companies."""
    return await service.create_data_attribute(caller_of(scope), decode(body, CreateDataAttributeRequest))


@operation(
    "PUT",
    "/data_attributes/{attribute_id:str}",
    group=GROUP,
    request=UpdateDataAttributeRequest,
    errors=[ParameterInvalid, service.AttributeNotFound, service.AttributeIsUsed],
    example={"description": "What the customer pays for", "archived": False},
)
async def update_data_attribute(attribute_id: str, body: bytes, scope: HTTPScope) -> DataAttribute:
    """Change or archive a custom field."""
    request = decode(body, UpdateDataAttributeRequest)
    return await service.update_data_attribute(caller_of(scope), attribute_id, request)


@operation(
    "POST",
    "/manage/v1/data_attributes",
    group=GROUP,
    request=CreateDataAttributeRequest,
    errors=[ParameterInvalid],
    example={"name": "Area", "model": "conversation", "data_type": "string", "options": ["Billing", "Delivery"]},
)
async def create_any_attribute(body: bytes, scope: HTTPScope) -> DataAttribute:
    """Define a field of contacts, companies or conversations."""
    return await service.create_any_attribute(caller_of(scope), decode(body, CreateDataAttributeRequest))


ROUTES = [list_data_attributes, create_data_attribute, update_data_attribute]
MANAGE_ROUTES = [create_any_attribute]
