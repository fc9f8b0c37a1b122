"""Checking what is written into `custom_attributes`: only defined attributes, each with values of its type."""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from time import monotonic
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


Definitions = dict[str, AttributeDefinition]

# How long a process goes on accepting what was allowed when it last read the definitions. Nothing is refused on the
# strength of the memory: then they are read again, since another process may have changed them.
REMEMBERED_SECONDS = 3.0
_REMEMBERED_LIMIT = 10_000
_remembered: dict[tuple[str, str], tuple[float, Definitions]] = {}


def forget_definitions(workspace_id: str, model: str) -> None:
    """What this process remembers of a model's attributes is out of date."""
    _remembered.pop((workspace_id, model), None)


def _recent_definitions(workspace_id: str, model: str) -> Definitions | None:
    until, definitions = _remembered.get((workspace_id, model), (0.0, None))
    return definitions if until > monotonic() else None


async def _read_definitions(held: Connection, workspace_id: str, model: str) -> Definitions:
    definitions = {found.name: found for found in await attribute_definitions.all(held, workspace_id, model)}
    if len(_remembered) >= _REMEMBERED_LIMIT:
        _remembered.clear()
    _remembered[workspace_id, model] = (monotonic() + REMEMBERED_SECONDS, definitions)
    return definitions


async def attribute_types(held: Connection, workspace_id: str, model: str) -> dict[str, str]:
    """Data type by name of a model's live custom attributes."""
    return _types(await _read_definitions(held, workspace_id, model))


async def types_for_search(held: Connection, workspace_id: str, model: str, names: Collection[str]) -> dict[str, str]:
    """The same from memory, where it knows the names that a search asks for."""
    recent = _recent_definitions(workspace_id, model)
    if recent is not None and recent.keys() >= set(names):
        return _types(recent)
    return await attribute_types(held, workspace_id, model)


def _types(definitions: Definitions) -> dict[str, str]:
    return {name: definition.data_type for name, definition in definitions.items()}


async def check_custom_attributes(
    held: Connection, workspace_id: str, model: str, sent: dict[str, Any] | None
) -> CustomAttributes:
    """The values in their stored form. Raises ParameterInvalid that names the attribute; null clears."""
    if not sent:
        return CustomAttributes({})
    recent = _recent_definitions(workspace_id, model)
    if recent is not None:
        with suppress(ParameterInvalid):
            return _all_checked(recent, sent)
    return _all_checked(await _read_definitions(held, workspace_id, model), sent)


def _all_checked(definitions: Definitions, sent: dict[str, Any]) -> CustomAttributes:
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
