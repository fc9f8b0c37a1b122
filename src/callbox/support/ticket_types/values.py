"""What a ticket's attributes may hold, how it is kept and how it is shown.

Values are kept under the attribute's key, those of lists by the option's id: so attributes and options can be
renamed, and what was archived stays on the tickets that have it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from callbox.platform.database import Connection
from callbox.support.attachments.service import MAX_ATTACHMENTS, Attachment, AttachmentFile, take_in
from callbox.support.ticket_types.queries import AttributeRow, TicketTypeRow
from callbox.wire.authentication import Caller
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


async def checked_attributes(
    held: Connection, caller: Caller, ticket_type: TicketTypeRow, sent: dict[str, Any]
) -> TicketAttributes:
    """The values in their stored form. Raises an error that names the attribute; null clears."""
    live = {attribute.name: attribute for attribute in ticket_type.attributes if not attribute.archived}
    extra = [name for name in sent if name not in live]
    if extra:
        raise ExtraAttributes(f"Extra attributes provided that are not found on ticket type: {', '.join(extra)}")
    # Files last: what is refused must not leave any behind.
    names = sorted(sent, key=lambda name: live[name].data_type == "files")
    return TicketAttributes({live[name].key: await _checked(held, caller, live[name], sent[name]) for name in names})


def require_attributes(ticket_type: TicketTypeRow, sent: dict[str, Any]) -> None:
    """Raise MissingAttributes unless what is sent for a new ticket has all that its type requires."""
    missing = [
        attribute.name
        for attribute in ticket_type.attributes
        if attribute.required_to_create and not attribute.archived and sent.get(attribute.name) in (None, "")
    ]
    if missing:
        raise MissingAttributes(f"Missing required ticket attributes: {', '.join(missing)}")


def shown_attributes(
    ticket_type: TicketTypeRow, stored: dict[str, Any], files: Mapping[str, Attachment]
) -> dict[str, Any]:
    """Every attribute of the type by name, null where it is unset; an archived one only where it has a value."""
    shown: dict[str, Any] = {}
    for attribute in sorted(ticket_type.attributes, key=lambda each: each.archived):
        value = stored.get(attribute.key)
        if not attribute.archived or value is not None:
            # An archived attribute may share its name with one of today.
            shown.setdefault(attribute.name, _shown(attribute, value, files))
    return shown


def _shown(attribute: AttributeRow, value: Any, files: Mapping[str, Attachment]) -> Any:
    if value is None:
        return None
    match attribute.data_type:
        case "list":
            return next((option.label for option in attribute.options if option.id == value), None)
        case "files":
            found = [files[file_id] for file_id in value if file_id in files]
            return found if _allows_several(attribute) else next(iter(found), None)
        case _:
            return value


def _allows_several(attribute: AttributeRow) -> bool:
    return attribute.input_options is not None and bool(attribute.input_options.allow_multiple_values)


async def _checked(held: Connection, caller: Caller, attribute: AttributeRow, value: object) -> Any:
    if value is None:
        return None
    is_file = attribute.data_type == "files"
    stored = await _files(held, caller, attribute, value) if is_file else _stored(attribute, value)
    if stored is None:
        raise ParameterInvalid(f"ticket_attributes.{attribute.name} must be {_WANTED[attribute.data_type]}")
    return stored


async def _files(held: Connection, caller: Caller, attribute: AttributeRow, value: object) -> list[str] | None:
    """The ids of files that are kept from now on, or None where the value is not what can be."""
    try:
        sent = msgspec.convert(value if isinstance(value, list) else [value], list[str | AttachmentFile])
    except msgspec.ValidationError:
        return None
    if not 1 <= len(sent) <= (MAX_ATTACHMENTS if _allows_several(attribute) else 1):
        return None
    urls = [each for each in sent if isinstance(each, str)]
    files = [each for each in sent if not isinstance(each, str)]
    try:
        taken = await take_in(held, caller, urls, files)
    except ParameterInvalid:
        return None
    return msgspec.json.decode(taken or "[]", type=list[str])


_WANTED = {
    "string": f"a string of at most {MAX_STRING_LENGTH} characters",
    "list": "the id of one of its list options",
    "integer": "an integer",
    "decimal": "a number",
    "boolean": "a boolean",
    "datetime": "a time in Unix seconds",
    "files": f"a list of URLs or of files in base64, at most {MAX_ATTACHMENTS}, or one where several are not allowed",
}


def _stored(attribute: AttributeRow, value: object) -> Any:
    """The value as it is kept, or None where it is none of the attribute's type."""
    match attribute.data_type, value:
        case ("string", str()) if len(value) <= MAX_STRING_LENGTH:
            return value
        case ("list", str()):
            return next(
                (option.id for option in attribute.options if option.id == value and not option.is_retired), None
            )
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
