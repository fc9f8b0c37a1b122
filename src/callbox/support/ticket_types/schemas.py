"""Ticket types and their attributes as they are on the wire."""

from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.support.ticket_types.queries import (
    REMEMBERED_TYPES,
    AttributeRow,
    Category,
    DataType,
    InputOptionsRow,
    TicketTypeRow,
    ticket_type_row,
)
from callbox.wire.decode import Name

DEFAULT_ICON = "🎟️"

Text = Annotated[str, Meta(max_length=10_000)]
Icon = Annotated[str, Meta(max_length=255, pattern=r"\S")]


class ListOption(msgspec.Struct):
    """A choice of a list attribute; tickets are written with its id and show its label."""

    id: str
    label: str


class InputOptions(msgspec.Struct, omit_defaults=True):
    """How an attribute is filled in; each key belongs to one data type."""

    multiline: bool | None = None
    allow_multiple_values: bool | None = None
    list_options: list[ListOption] | None = None


class TicketTypeAttribute(msgspec.Struct):
    """A field of the tickets of a type."""

    type: Literal["ticket_type_attribute"]
    id: str
    workspace_id: str
    name: str
    description: str
    data_type: DataType
    input_options: InputOptions | None
    order: int
    required_to_create: bool
    required_to_create_for_contacts: bool
    visible_on_create: bool
    visible_to_contacts: bool
    default: bool
    ticket_type_id: int
    archived: bool
    created_at: int
    updated_at: int


class TicketTypeAttributes(msgspec.Struct):
    """The attributes of a type by their order."""

    type: Literal["list"]
    data: list[TicketTypeAttribute]


class TicketType(msgspec.Struct):
    """What a kind of ticket is called, whom it is for and what is to be filled in."""

    type: Literal["ticket_type"]
    id: str
    name: str
    description: str
    icon: str
    workspace_id: str
    archived: bool
    created_at: int
    updated_at: int
    is_internal: bool
    ticket_type_attributes: TicketTypeAttributes
    category: Category


class TicketTypeList(msgspec.Struct):
    """All ticket types of the workspace."""

    type: Literal["list"]
    data: list[TicketType]


class CreateTicketTypeRequest(msgspec.Struct):
    """A new ticket type."""

    name: Name
    description: Text = ""
    category: Category = "Customer"
    icon: Icon = DEFAULT_ICON
    is_internal: bool = False


class UpdateTicketTypeRequest(msgspec.Struct):
    """What is to change of a ticket type."""

    name: Name | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    icon: Icon | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    is_internal: bool | UnsetType = UNSET


class CreateAttributeRequest(msgspec.Struct):
    """A new attribute. `list_items` are the choices of a list, parted by commas."""

    name: Name
    description: Text
    data_type: DataType
    required_to_create: bool = False
    required_to_create_for_contacts: bool = False
    visible_on_create: bool = True
    visible_to_contacts: bool = True
    multiline: bool | UnsetType = UNSET
    list_items: str | UnsetType = UNSET
    allow_multiple_values: bool | UnsetType = UNSET


class UpdateAttributeRequest(msgspec.Struct):
    """What is to change of an attribute; its data type never does."""

    name: Name | UnsetType = UNSET
    description: Text | UnsetType = UNSET
    required_to_create: bool | UnsetType = UNSET
    required_to_create_for_contacts: bool | UnsetType = UNSET
    visible_on_create: bool | UnsetType = UNSET
    visible_to_contacts: bool | UnsetType = UNSET
    multiline: bool | UnsetType = UNSET
    list_items: str | UnsetType = UNSET
    allow_multiple_values: bool | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


@lru_cache(REMEMBERED_TYPES)
def ticket_type_from_column(workspace_id: str, column: str) -> TicketType:
    """The ticket type as GET shows it, of a `TICKET_TYPE` column; whoever asks shares it, so nobody changes it."""
    return ticket_type_from_row(workspace_id, ticket_type_row(column))


def ticket_type_from_row(workspace_id: str, row: TicketTypeRow) -> TicketType:
    """The ticket type as GET shows it."""
    attributes = [attribute_from_row(workspace_id, row.id, attribute) for attribute in row.attributes]
    return TicketType(
        "ticket_type",
        str(row.id),
        row.name,
        row.description,
        row.icon,
        workspace_id,
        row.archived,
        row.created_at,
        row.updated_at,
        row.is_internal,
        TicketTypeAttributes("list", attributes),
        row.category,
    )


def attribute_from_row(workspace_id: str, ticket_type_id: int, row: AttributeRow) -> TicketTypeAttribute:
    """An attribute as its type shows it."""
    return TicketTypeAttribute(
        "ticket_type_attribute",
        str(row.id),
        workspace_id,
        row.name,
        row.description,
        row.data_type,
        _input_options(row.input_options),
        row.position,
        row.required_to_create,
        row.required_to_create_for_contacts,
        row.visible_on_create,
        row.visible_to_contacts,
        row.is_default,
        ticket_type_id,
        row.archived,
        row.created_at,
        row.updated_at,
    )


def _input_options(row: InputOptionsRow | None) -> InputOptions | None:
    if row is None:
        return None
    options = row.list_options
    live = None if options is None else [ListOption(each.id, each.label) for each in options if not each.is_retired]
    return InputOptions(row.multiline, row.allow_multiple_values, live)
