"""Values of filters: checked against the type of the field, since PostgreSQL's complaints are no answers."""

import math
import re
import sys
from typing import Any

import msgspec

from callbox.wire.decode import EARLIEST_UNIX_TIME, LATEST_UNIX_TIME
from callbox.wire.search.errors import InvalidValue
from callbox.wire.search.fields import FieldType

_SMALLEST_BIGINT, _LARGEST_BIGINT = -(2**63), 2**63 - 1
_NUMERAL = re.compile(r"-?[0-9]{1,30}(?P<fraction>\.[0-9]{1,30})?(?P<exponent>[eE][+-]?[0-9]{1,3})?")
_BOOLEANS: dict[str | bool, bool] = {"true": True, "false": False, True: True, False: False}
_SHOWN_LENGTH = 100
_IDS = frozenset({FieldType.ID, FieldType.MEMBER})
_SHOWN_TYPES = {
    FieldType.DAY: "date",
    FieldType.MOMENT: "date",
    FieldType.MEMBER: "string",
    FieldType.ID: "string",
    FieldType.WORDS: "string",
}


def checked_value(kind: FieldType, value: object) -> Any:
    """The value in the field's type; times as Unix seconds. Raises InvalidValue."""
    found: object = None
    match kind:
        case FieldType.STRING | FieldType.MEMBER | FieldType.ID | FieldType.WORDS:
            found = _text(kind, value)
        case FieldType.BOOLEAN:
            found = _BOOLEANS.get(value) if isinstance(value, str | bool) else None
        case FieldType.INTEGER:
            number = _number(value, _SMALLEST_BIGINT, _LARGEST_BIGINT)
            found = int(number) if number is not None and number == int(number) else None
        case FieldType.FLOAT:
            number = _number(value, -sys.float_info.max, sys.float_info.max)
            found = None if number is None else float(number)
        case FieldType.DAY | FieldType.MOMENT:
            number = _number(value, EARLIEST_UNIX_TIME, LATEST_UNIX_TIME)
            found = None if number is None else math.floor(number)
    if found is None:
        raise refusal(kind, value)
    return found


def refusal(kind: FieldType, value: object) -> InvalidValue:
    """The error that a value is none of the field's type."""
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return InvalidValue(f"{text[:_SHOWN_LENGTH]} is not a valid {_SHOWN_TYPES.get(kind, kind)}")


def checked_list(value: object) -> list[Any]:
    """The array that IN and NIN need, or InvalidValue."""
    if not isinstance(value, list):
        raise InvalidValue("value must be an array")
    return value


def _text(kind: FieldType, value: object) -> str | None:
    # Ids arrive as numbers too, whichever kind the answers use.
    if kind in _IDS and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    if "\x00" in value:
        raise InvalidValue("value must not contain the NUL character")
    return value


def _number(value: object, smallest: float, largest: float) -> int | float | None:
    if isinstance(value, str):
        numeral = _NUMERAL.fullmatch(value)
        if numeral is None:
            return None
        value = float(value) if numeral["fraction"] or numeral["exponent"] else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if smallest <= value <= largest else None
