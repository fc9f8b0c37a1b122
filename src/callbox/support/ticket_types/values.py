"""What a ticket's attributes may hold, how it is kept and how it is shown.

Values are kept under the attribute's key, those of lists by the option's id: so attributes and options can be
renamed, and what was archived stays on the tickets that have it.
"""

from typing import Any

import msgspec

from callbox.support.ticket_types.queries import AttributeRow, ListOptionRow, TicketTypeRow
from callbox.wire.decode import moment
from callbox.wire.errors import ParameterInvalid

MAX_STRING_LENGTH = 65_535
_LARGEST_INTEGER = 2**53


class ExtraAttributes(ParameterInvalid):
    """The ticket's type has no attributes of these names, or they are archived."""

    message = "Extra attributes provided that are not found on ticket type: Priority"


class MissingAttributes(ParameterInvalid):
    """The type requires these attributes of every new ticket."""

    message = "Missing required ticket attributes: Priority"


class TicketAttributes(msgspec.Struct):
    """Checked values by the keys of their attributes."""

    values: dict[str, Any]

    def json(self) -> str:
        """The values as they are stored."""
        return msgspec.json.encode(self.values).decode()

    def folded_json(self) -> str:
        """The same with strings in lower case, as searches compare with them."""
        folded = {key: value.lower() if isinstance(value, str) else value for key, value in self.values.items()}
        return msgspec.json.encode(folded).decode()


def checked_attributes(ticket_type: TicketTypeRow, sent: dict[str, Any]) -> TicketAttributes:
    """The values in their stored form. Raises an error that names the attribute; null clears."""
    live = {attribute.name: attribute for attribute in ticket_type.attributes if not attribute.archived}
    extra = [name for name in sent if name not in live]
    if extra:
        raise ExtraAttributes(f"Extra attributes provided that are not found on ticket type: {', '.join(extra)}")
    return TicketAttributes(
        {live[name].key: None if value is None else _checked(live[name], value) for name, value in sent.items()}
    )


def require_attributes(ticket_type: TicketTypeRow, attributes: TicketAttributes) -> None:
    """Raise MissingAttributes unless a new ticket has all that its type requires."""
    missing = [
        attribute.name
        for attribute in ticket_type.attributes
        if attribute.required_to_create
        and not attribute.archived
        and attributes.values.get(attribute.key) in {None, ""}
    ]
    if missing:
        raise MissingAttributes(f"Missing required ticket attributes: {', '.join(missing)}")


def shown_attributes(ticket_type: TicketTypeRow, stored: dict[str, Any]) -> dict[str, Any]:
    """Every attribute of the type by name, null where it is unset; an archived one only where it has a value."""
    shown = {each.name: _shown(each, stored.get(each.key)) for each in ticket_type.attributes if not each.archived}
    for attribute in ticket_type.attributes:
        value = stored.get(attribute.key)
        if attribute.archived and value is not None:
            shown.setdefault(attribute.name, _shown(attribute, value))
    return shown


def _shown(attribute: AttributeRow, value: Any) -> Any:
    if attribute.data_type == "list":
        return next((option.label for option in _options(attribute) if option.id == value), None)
    return value


def _options(attribute: AttributeRow) -> list[ListOptionRow]:
    options = attribute.input_options
    return [] if options is None else options.list_options or []


def _live_options(attribute: AttributeRow) -> list[ListOptionRow]:
    return [option for option in _options(attribute) if not option.is_retired]


def _checked(attribute: AttributeRow, value: object) -> Any:
    stored = _stored(attribute, value)
    if stored is None:
        raise ParameterInvalid(f"ticket_attributes.{attribute.name} must be {_WANTED[attribute.data_type]}")
    return stored


_WANTED = {
    "string": f"a string of at most {MAX_STRING_LENGTH} characters",
    "list": "the id of one of its list options",
    "integer": "an integer",
    "decimal": "a number",
    "boolean": "a boolean",
    "datetime": "a time in Unix seconds",
    "files": "a list of files",
}


def _stored(attribute: AttributeRow, value: object) -> Any:
    """The value as it is kept, or None where it is none of the attribute's type."""
    match attribute.data_type, value:
        case ("string", str()) if len(value) <= MAX_STRING_LENGTH:
            return value
        case ("list", str()):
            return next((option.id for option in _live_options(attribute) if option.id == value), None)
        case ("boolean", bool()):
            return value
        case (("integer" | "decimal" | "datetime") as data_type, int() | float() | str()):
            return None if isinstance(value, bool) else _stored_number(data_type, value)
    return None


def _stored_number(data_type: str, value: float | str) -> float | None:
    if data_type == "datetime":
        try:
            return int(moment(value, "").timestamp())
        except ParameterInvalid:
            return None
    if isinstance(value, str) or not abs(value) <= _LARGEST_INTEGER:
        return None
    if data_type == "decimal":
        return value
    return int(value) if value == int(value) else None
