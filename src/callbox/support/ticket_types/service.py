"""The rules of ticket types: what is asked for in a ticket, and how that changes without breaking old tickets."""

import msgspec
from asyncpg import UniqueViolationError
from msgspec import UNSET, UnsetType

from callbox.platform import ids
from callbox.platform.database import Connection, connection, savepoint, transaction
from callbox.support.ticket_types import queries
from callbox.support.ticket_types.queries import (
    AttributeRow,
    Category,
    DataType,
    InputOptionsRow,
    ListOptionRow,
    TicketTypeRow,
)
from callbox.support.ticket_types.schemas import (
    DEFAULT_ICON,
    CreateAttributeRequest,
    CreateTicketTypeRequest,
    TicketType,
    TicketTypeAttribute,
    UpdateAttributeRequest,
    UpdateTicketTypeRequest,
    attribute_from_row,
    ticket_type_from_row,
)
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id, sent_or
from callbox.wire.errors import NotFound, ParameterInvalid, ParameterNotFound
from callbox.workspace.workspaces import WorkspaceCreated

MAX_ATTRIBUTES = 250
MAX_LIST_ITEMS = 500
MAX_LABEL_LENGTH = 255

_DEFAULTS: tuple[tuple[str, str, str, Category], ...] = (
    ("General request", "What a customer asks for", DEFAULT_ICON, "Customer"),
    ("Internal task", "Work for another team, which the customer need not see", "🗂️", "Back-office"),
    ("Incident", "One cause behind the reports of several customers", "🚨", "Tracker"),
)


class TicketTypeNotFound(NotFound):
    """The workspace has no such ticket type."""


class AttributeNotFound(NotFound):
    """The ticket type has no such attribute."""


class AttributeNameTaken(ParameterInvalid):
    """Another attribute of the type has the name."""

    message = "name is taken by another attribute of this ticket type"


class AttributeIsDefault(ParameterInvalid):
    """Title and description keep their names, and every type has them."""

    message = "name and archived of a default attribute cannot be changed"


class TooManyAttributes(ParameterInvalid):
    """All attributes of a type can change at once, and a part tells of each."""

    message = f"A ticket type can have at most {MAX_ATTRIBUTES} attributes that are not archived"


async def create_default_ticket_types(held: Connection, workspace_id: str, created: WorkspaceCreated) -> None:
    """A new workspace begins with one type of each category."""
    for name, description, icon, category in _DEFAULTS:
        is_internal = category != "Customer"
        await queries.insert_ticket_type.first(
            held, workspace_id, name, description, icon, category, is_internal, created.created_at
        )


async def list_ticket_types(caller: Caller) -> list[TicketType]:
    """All ticket types, archived ones too."""
    async with connection() as held:
        rows = await queries.all_ticket_types.all(held, caller.workspace_id)
    return [ticket_type_from_row(caller.workspace_id, row) for row in rows]


async def get_ticket_type(caller: Caller, ticket_type_id: WireId) -> TicketType:
    """One ticket type."""
    async with connection() as held:
        return ticket_type_from_row(caller.workspace_id, await find_ticket_type(held, caller, ticket_type_id))


async def find_ticket_type(held: Connection, caller: Caller, ticket_type_id: WireId) -> TicketTypeRow:
    """The ticket type, or TicketTypeNotFound."""
    row = await queries.ticket_type_by_id.first(held, caller.workspace_id, decimal_id(ticket_type_id))
    if row is None:
        raise TicketTypeNotFound
    return row


async def find_attributes(held: Connection, caller: Caller) -> list[AttributeRow]:
    """The attributes of all ticket types, archived ones too."""
    rows = await queries.all_ticket_types.all(held, caller.workspace_id)
    return [attribute for row in rows for attribute in row.attributes]


async def create_ticket_type(caller: Caller, request: CreateTicketTypeRequest) -> TicketType:
    """A new ticket type, with a title and a description to fill in."""
    async with transaction() as held:
        type_id = await queries.insert_ticket_type.one(
            held,
            caller.workspace_id,
            request.name,
            request.description,
            request.icon,
            request.category,
            request.is_internal,
            caller.now(),
        )
        return ticket_type_from_row(caller.workspace_id, await find_ticket_type(held, caller, type_id))


async def update_ticket_type(caller: Caller, ticket_type_id: str, request: UpdateTicketTypeRequest) -> TicketType:
    """Change what is sent of a ticket type; its tickets follow."""
    async with transaction() as held:
        row = await _hold(held, caller, ticket_type_id)
        await queries.update_ticket_type.run(
            held,
            caller.workspace_id,
            row.id,
            sent_or(request.name, row.name),
            sent_or(request.description, row.description),
            sent_or(request.icon, row.icon),
            sent_or(request.category, row.category),
            sent_or(request.is_internal, row.is_internal),
            sent_or(request.archived, row.archived),
            caller.now(),
        )
        return ticket_type_from_row(caller.workspace_id, await find_ticket_type(held, caller, row.id))


async def create_attribute(caller: Caller, ticket_type_id: str, request: CreateAttributeRequest) -> TicketTypeAttribute:
    """A new attribute, after those that the type has. Raises AttributeNameTaken and TooManyAttributes."""
    options = _options(request.data_type, InputOptionsRow(), request)
    async with transaction() as held:
        row = await _hold(held, caller, ticket_type_id)
        _check_room(row)
        try:
            async with savepoint(held):
                attribute_id = await queries.insert_attribute.one(
                    held,
                    caller.workspace_id,
                    row.id,
                    request.name,
                    request.description,
                    request.data_type,
                    _json(options),
                    request.required_to_create,
                    request.required_to_create_for_contacts,
                    request.visible_on_create,
                    request.visible_to_contacts,
                    caller.now(),
                )
        except UniqueViolationError:
            raise AttributeNameTaken from None
        return await _attribute_in(held, caller, row.id, attribute_id)


async def update_attribute(
    caller: Caller, ticket_type_id: str, attribute_id: str, request: UpdateAttributeRequest
) -> TicketTypeAttribute:
    """Change what is sent of an attribute. Raises AttributeNameTaken, AttributeIsDefault and TooManyAttributes."""
    async with transaction() as held:
        row = await _hold(held, caller, ticket_type_id)
        attribute = _attribute_of(row, attribute_id)
        name, archived = sent_or(request.name, attribute.name), sent_or(request.archived, attribute.archived)
        if attribute.is_default and (name, archived) != (attribute.name, attribute.archived):
            raise AttributeIsDefault
        if attribute.archived and not archived:
            _check_room(row)
        try:
            async with savepoint(held):
                await queries.update_attribute.run(
                    held,
                    caller.workspace_id,
                    row.id,
                    attribute.id,
                    name,
                    sent_or(request.description, attribute.description),
                    _json(_options(attribute.data_type, attribute.input_options or InputOptionsRow(), request)),
                    sent_or(request.required_to_create, attribute.required_to_create),
                    sent_or(request.required_to_create_for_contacts, attribute.required_to_create_for_contacts),
                    sent_or(request.visible_on_create, attribute.visible_on_create),
                    sent_or(request.visible_to_contacts, attribute.visible_to_contacts),
                    archived,
                    caller.now(),
                )
        except UniqueViolationError:
            raise AttributeNameTaken from None
        return await _attribute_in(held, caller, row.id, attribute.id)


async def _hold(held: Connection, caller: Caller, ticket_type_id: WireId) -> TicketTypeRow:
    """The type, held for a change of it or of its attributes."""
    await queries.lock_ticket_type.first(held, caller.workspace_id, decimal_id(ticket_type_id))
    return await find_ticket_type(held, caller, ticket_type_id)


def _check_room(row: TicketTypeRow) -> None:
    if sum(not attribute.archived for attribute in row.attributes) >= MAX_ATTRIBUTES:
        raise TooManyAttributes


async def _attribute_in(held: Connection, caller: Caller, type_id: int, attribute_id: WireId) -> TicketTypeAttribute:
    row = await find_ticket_type(held, caller, type_id)
    return attribute_from_row(caller.workspace_id, type_id, _attribute_of(row, attribute_id))


def _attribute_of(row: TicketTypeRow, attribute_id: WireId) -> AttributeRow:
    for attribute in row.attributes:
        if str(attribute.id) == str(attribute_id):
            return attribute
    raise AttributeNotFound


def _json(options: InputOptionsRow | None) -> str | None:
    return None if options is None else msgspec.json.encode(options).decode()


def _options(
    data_type: DataType, stored: InputOptionsRow, request: CreateAttributeRequest | UpdateAttributeRequest
) -> InputOptionsRow | None:
    """How the attribute is filled in from now on; what does not belong to its data type is ignored."""
    match data_type:
        case "string":
            return InputOptionsRow(multiline=sent_or(request.multiline, bool(stored.multiline)))
        case "files":
            allows_several = sent_or(request.allow_multiple_values, bool(stored.allow_multiple_values))
            return InputOptionsRow(allow_multiple_values=allows_several)
        case "list":
            return InputOptionsRow(list_options=_list_options(stored.list_options or [], request.list_items))
        case _:
            return None


def _list_options(stored: list[ListOptionRow], list_items: str | UnsetType) -> list[ListOptionRow]:
    """The choices in their order. An item that was there before keeps its id; one that is gone is kept retired."""
    if list_items is UNSET:
        if not stored:
            raise ParameterNotFound("list_items is a required parameter of an attribute of the type list")
        return stored
    known = {option.label: option.id for option in stored}
    live = [ListOptionRow(known.get(label) or ids.uuid(), label) for label in _labels(list_items)]
    kept = {option.id for option in live}
    return live + [ListOptionRow(each.id, each.label, is_retired=True) for each in stored if each.id not in kept]


def _labels(list_items: str) -> list[str]:
    labels = [item.strip() for item in list_items.split(",") if item.strip()]
    if not labels or len(labels) > MAX_LIST_ITEMS:
        raise ParameterInvalid(f"list_items must name 1 to {MAX_LIST_ITEMS} items, parted by commas")
    if len(set(labels)) < len(labels):
        raise ParameterInvalid("list_items must name each item once")
    if max(map(len, labels)) > MAX_LABEL_LENGTH:
        raise ParameterInvalid(f"list_items must be at most {MAX_LABEL_LENGTH} characters long each")
    return labels
