"""The rules of data attributes: names are unique across all models, types are for ever."""

from typing import Any
from unicodedata import category

from msgspec import UNSET

from callbox.people.data_attributes import queries
from callbox.people.data_attributes.builtin import BUILTINS
from callbox.people.data_attributes.queries import DataAttributeRow
from callbox.people.data_attributes.schemas import (
    CreateDataAttributeRequest,
    DataAttribute,
    DataAttributeList,
    ListDataAttributesQuery,
    UpdateDataAttributeRequest,
    builtin_attribute,
    custom_attribute,
)
from callbox.people.data_attributes.values import forget_definitions
from callbox.people.segments.service import names_using_attribute
from callbox.platform.database import Connection, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.decode import decimal_id
from callbox.wire.errors import NotFound, ParameterInvalid, ParameterNotFound, WireError

MAX_ATTRIBUTES = 250
MAX_NAME_LENGTH = 190
MAX_OPTIONS = 250
_DATA_TYPES = {
    "string": "string",
    "integer": "integer",
    "float": "float",
    "boolean": "boolean",
    "date": "date",
    "datetime": "date",
    # An older name for a list of strings.
    "options": "string",
}
_NOUNS = {"contact": "people", "company": "company", "conversation": "conversation"}


class AttributeNotFound(NotFound):
    """The workspace has no custom attribute with this id."""

    code = "field_not_found"
    message = "We couldn't find that data attribute to update"


class AttributeIsUsed(WireError):
    """A segment's predicate asks for the attribute."""

    status = 422
    code = "data_invalid"
    message = "The Data Attribute you are trying to archive has a dependant object"


async def list_data_attributes(caller: Caller, query: ListDataAttributesQuery) -> DataAttributeList:
    """Built-in and custom attributes of one model or of all."""
    if query.model is not None and query.model not in BUILTINS:
        raise ParameterInvalid("model must be contact, company or conversation")
    models = [query.model] if query.model else list(BUILTINS)
    async with connection() as held:
        rows = await queries.custom_attributes.all(held, caller.workspace_id, models, query.include_archived)
    found: list[DataAttribute] = []
    for model in models:
        first, last = BUILTINS[model]
        found += [builtin_attribute(model, builtin) for builtin in first]
        found += [custom_attribute(row) for row in rows if row.model == model]
        found += [builtin_attribute(model, builtin) for builtin in last]
    return DataAttributeList("list", found)


async def create_data_attribute(caller: Caller, request: CreateDataAttributeRequest) -> DataAttribute:
    """A new attribute of contacts or companies."""
    if request.model not in {"contact", "company"}:
        raise ParameterInvalid("The Data Attribute model field must be either contact or company")
    return await _create(caller, request, request.model)


async def create_any_attribute(caller: Caller, request: CreateDataAttributeRequest) -> DataAttribute:
    """A new attribute of any model; those of conversations come to be in no other way."""
    if request.model not in BUILTINS:
        raise ParameterInvalid("model must be contact, company or conversation")
    return await _create(caller, request, request.model)


async def _create(caller: Caller, request: CreateDataAttributeRequest, model: str) -> DataAttribute:
    name = _name(request.name, model)
    data_type = _DATA_TYPES.get(request.data_type or "")
    if data_type is None:
        raise ParameterInvalid("Data Type isn't an option")
    is_list = request.options is not None or request.data_type == "options"
    options = _options(request.options or [], data_type) if is_list else None
    async with transaction() as held:
        await _check_limit(held, caller)
        row = await queries.insert_attribute.first(
            held,
            caller.workspace_id,
            model,
            name,
            request.description,
            data_type,
            options,
            request.messenger_writable,
            caller.admin_id,
            caller.now(),
        )
        if row is None:
            raise await _name_taken(held, caller, name, model)
    return custom_attribute(row)


def _name(sent: str | None, model: str) -> str:
    name = (sent or "").strip()
    if not name:
        raise ParameterNotFound("Name is a required parameter.")
    if len(name) > MAX_NAME_LENGTH:
        raise ParameterInvalid(f"name must be at most {MAX_NAME_LENGTH} characters long")
    if not all(sign.isalnum() or sign in " _-" or category(sign) == "Sc" for sign in name):
        raise ParameterInvalid(
            "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens"
        )
    for builtin in (*BUILTINS[model][0], *BUILTINS[model][1]):
        if name in {builtin.full_name, builtin.label}:
            raise ParameterInvalid(
                f"'{name}' is one of our standard attributes for your {_NOUNS[model]} data. "
                f"To save this as new {_NOUNS[model]} data, use a different name."
            )
    return name


async def _name_taken(held: Connection, caller: Caller, name: str, model: str) -> ParameterInvalid:
    owner = await queries.attribute_by_name.first(held, caller.workspace_id, name)
    noun = _NOUNS[owner.model] if owner is not None else _NOUNS[model]
    return ParameterInvalid(
        f"You already have '{name}' in your {noun} data. "
        f"To save this as new {_NOUNS[model]} data, use a different name."
    )


async def _check_limit(held: Connection, caller: Caller) -> None:
    await queries.lock_attributes.one(held, caller.workspace_id)
    if await queries.live_attribute_count.one(held, caller.workspace_id) >= MAX_ATTRIBUTES:
        raise ParameterInvalid(f"You can have at most {MAX_ATTRIBUTES} custom data attributes")


def _options(sent: Any, data_type: str) -> list[str]:
    if not isinstance(sent, list):
        raise ParameterInvalid("Options isn't an array")
    if data_type != "string":
        raise ParameterInvalid("options are only for data attributes of the type string")
    values: list[Any] = [item.get("value") if isinstance(item, dict) else item for item in sent]
    if not all(isinstance(value, str) and value.strip() and len(value) <= 255 for value in values):
        raise ParameterInvalid("options must be strings of 1 to 255 characters")
    if len(set(values)) < 2:
        raise ParameterInvalid("You must have at least two options on a list type data attribute")
    if len(values) > MAX_OPTIONS:
        raise ParameterInvalid(f"options must be at most {MAX_OPTIONS}")
    return list(dict.fromkeys(values))


async def update_data_attribute(
    caller: Caller, attribute_id: str, request: UpdateDataAttributeRequest
) -> DataAttribute:
    """Change what is sent; archiving is refused while a segment asks for the attribute."""
    async with transaction() as held:
        row = await queries.attribute_for_update.first(held, caller.workspace_id, decimal_id(attribute_id))
        if row is None:
            raise AttributeNotFound
        await _apply(held, caller, row, request)
        row.updated_at = caller.now().replace(microsecond=0)
        await queries.update_attribute.run(
            held,
            caller.workspace_id,
            row.id,
            row.description,
            row.options,
            row.messenger_writable,
            row.archived,
            row.updated_at,
        )
    forget_definitions(caller.workspace_id, row.model)
    return custom_attribute(row)


async def _apply(held: Connection, caller: Caller, row: DataAttributeRow, request: UpdateDataAttributeRequest) -> None:
    if request.description is not UNSET:
        row.description = request.description
    if request.options is not UNSET and request.options is not None:
        row.options = _options(request.options, row.data_type)
    if request.messenger_writable is not UNSET:
        row.messenger_writable = request.messenger_writable
    if request.archived is not UNSET and request.archived != row.archived:
        if not request.archived:
            await _check_limit(held, caller)
        elif await names_using_attribute(held, caller, row.model, row.name):
            raise AttributeIsUsed
        row.archived = request.archived
