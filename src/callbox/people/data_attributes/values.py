"""Checking what is written into `custom_attributes`: only defined attributes, each with values of its type."""

from datetime import datetime
from typing import Any

import msgspec

from callbox.platform.database import Connection, Query
from callbox.wire.decode import moment
from callbox.wire.errors import ParameterInvalid

MAX_STRING_LENGTH = 255
_LARGEST_INTEGER = 2**53


class AttributeUnknown(ParameterInvalid):
    """The model has no custom attribute of this name."""


class AttributeDefinition(msgspec.Struct):
    """What a value is checked against."""

    name: str
    data_type: str
    options: list[str] | None


class CustomAttributes(msgspec.Struct):
    """Checked values, and the same with strings in lower case, which search compares with."""

    values: dict[str, Any]

    def folded(self) -> dict[str, Any]:
        """The values as the search index holds them."""
        return {name: value.lower() if isinstance(value, str) else value for name, value in self.values.items()}


attribute_definitions = Query(
    "attribute_definitions",
    AttributeDefinition,
    """
    SELECT name, data_type, options
    FROM data_attributes
    WHERE workspace_id = $1 AND model = $2 AND NOT archived
    """,
)


async def attribute_types(held: Connection, workspace_id: str, model: str) -> dict[str, str]:
    """Data type by name of a model's live custom attributes: what a search may ask for."""
    definitions = await attribute_definitions.all(held, workspace_id, model)
    return {definition.name: definition.data_type for definition in definitions}


async def check_custom_attributes(
    held: Connection, workspace_id: str, model: str, sent: dict[str, Any] | None
) -> CustomAttributes:
    """The values in their stored form. Raises ParameterInvalid that names the attribute; null clears."""
    if not sent:
        return CustomAttributes({})
    definitions = {d.name: d for d in await attribute_definitions.all(held, workspace_id, model)}
    checked = {}
    for name, value in sent.items():
        definition = definitions.get(name)
        if definition is None:
            raise AttributeUnknown(f"Custom attribute '{name}' does not exist")
        checked[name] = None if value is None else _checked(definition, value)
    return CustomAttributes(checked)


def _checked(definition: AttributeDefinition, value: object) -> Any:
    if definition.options is not None:
        if value not in definition.options:
            raise ParameterInvalid(f"{definition.name} must be one of: {', '.join(definition.options)}")
        return value
    stored = _stored(definition, value)
    if stored is None:
        raise ParameterInvalid(f"{definition.name} must be of type {definition.data_type}")
    return stored


def _stored(definition: AttributeDefinition, value: object) -> Any:
    """The value as it is kept, or None where its type does not fit. Longer strings are cut, as the vendor does."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match definition.data_type:
        case "string" if isinstance(value, str):
            return value[:MAX_STRING_LENGTH]
        case "boolean" if isinstance(value, bool):
            return value
        case "integer" if isinstance(value, int | float) and is_number:
            return int(value) if _is_storable(value) and value == int(value) else None
        case "float" if isinstance(value, int | float) and is_number:
            return value if _is_storable(value) else None
        case "date" if isinstance(value, str) or (isinstance(value, int | float) and is_number):
            return int(_moment(value, definition.name).timestamp())
        case _:
            return None


def _is_storable(number: float) -> bool:
    return -_LARGEST_INTEGER <= number <= _LARGEST_INTEGER


def _moment(value: float | str, name: str) -> datetime:
    try:
        return moment(value, name)
    except ParameterInvalid:
        raise ParameterInvalid(f"{name} must be of type date") from None
