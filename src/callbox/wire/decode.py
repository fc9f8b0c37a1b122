"""From the bytes of a request to its struct, and from msgspec's complaints to errors that name the field."""

import math
import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, UnsetType

from callbox.wire.errors import BadRequest, ParameterInvalid, ParameterNotFound, WireError

T = TypeVar("T")

# An id may arrive as a string or as a number, whichever kind the answer uses.
WireId = str | int
# What people call a thing: at least one character that is no white space.
Name = Annotated[str, msgspec.Meta(max_length=255, pattern=r"\S")]
# A time may arrive as Unix seconds, as a float of them, as either in a string, or in ISO 8601.
UnixTime = int | float | str

INVALID_JSON = "Invalid JSON in request body"
EARLIEST_UNIX_TIME, LATEST_UNIX_TIME = -62_135_596_800, 253_402_300_799  # the years 1 to 9999

_TYPE_NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "null": "null",
    "array": "an array",
    "object": "an object",
}
_AT = re.compile(r"^(?P<complaint>.*?)(?: - at `(?:key in )?\$?(?P<path>.*?)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"^Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`$")
_BLANK = r"Expected `str` matching regex '\\S'"
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<field>.*)`$", re.DOTALL)


def decode(body: bytes, request: type[T]) -> T:
    """The struct that a JSON body holds. An absent body and `null` read as `{}`, as many clients send them."""
    text = body if body and body != b"null" else b"{}"
    try:
        str(text, "utf-8")  # the decoder does not look into what it skips
        decoded: T = _decoder(request).decode(text)  # type: ignore[arg-type]  # a type is hashable
        if b"\\u0000" in text:
            _refuse_nul(msgspec.json.decode(text), "")
    except msgspec.ValidationError as error:
        raise wire_error(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ParameterInvalid(INVALID_JSON) from None
    except RecursionError:
        raise ParameterInvalid("The request body is nested too deeply") from None
    return decoded


_decoder = cache(msgspec.json.Decoder)


def decode_query(query_string: bytes, query: type[T]) -> T:
    """The struct that a query string holds. Unknown keys are ignored: connectors add some to every GET."""
    pairs = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)) if query_string else {}
    for name, value in pairs.items():
        if "\x00" in value or "\x00" in name:
            raise ParameterInvalid(f"{name.split(chr(0))[0]} must not contain the NUL character")
    try:
        return msgspec.convert(pairs, query, strict=False)
    except msgspec.ValidationError as error:
        raise wire_error(error) from None


def wire_error(error: msgspec.ValidationError) -> WireError:
    """What a client should read of a value that does not fit: the field, what it must be, what it is."""
    match = _AT.match(str(error))
    complaint, path = (match["complaint"], match["path"] or "") if match else (str(error), "")
    field = path.lstrip(".")
    if unknown := _UNKNOWN.match(complaint):
        return BadRequest(f"bad '{unknown['field']}' parameter")
    if missing := _MISSING.match(complaint):
        name = f"{field}.{missing['field']}" if field else missing["field"]
        return ParameterNotFound(f"{name} is a required parameter")
    if not field:
        return ParameterInvalid(INVALID_JSON)
    if complaint == _BLANK:
        return ParameterInvalid(f"{field} must not be blank")
    if expected := _EXPECTED.match(complaint):
        kinds = [_TYPE_NAMES.get(kind, kind) for kind in expected["expected"].split(" | ")]
        got = _TYPE_NAMES.get(expected["got"], expected["got"])
        return ParameterInvalid(f"{field} must be {' or '.join(kinds)}, not {got}")
    return ParameterInvalid(f"{field}: {complaint[:1].lower()}{complaint[1:]}")


def _refuse_nul(value: object, field: str) -> None:
    """PostgreSQL stores no NUL; it is refused by name rather than dropped from the text."""
    if isinstance(value, str) and "\x00" in value:
        raise ParameterInvalid(f"{field} must not contain the NUL character")
    if isinstance(value, dict):
        for key, item in value.items():
            _refuse_nul(key, "A key")
            _refuse_nul(item, f"{field}.{key}" if field else key)
    if isinstance(value, list):
        for item in value:
            _refuse_nul(item, field)


def moment(value: UnixTime, field: str) -> datetime:
    """The time that a client means, to the second. Raises ParameterInvalid that names the field."""
    refused = ParameterInvalid(f"{field} must be a Unix timestamp in seconds")
    try:
        seconds = math.floor(_seconds(value))
    except (ValueError, OverflowError):
        raise refused from None
    # The database's driver takes the very first second for minus infinity.
    if not EARLIEST_UNIX_TIME < seconds <= LATEST_UNIX_TIME:
        raise refused
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(value: UnixTime) -> float:
    try:
        return float(value)
    except ValueError:
        parsed = datetime.fromisoformat(str(value))
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def moment_or_none(value: UnixTime | None, field: str) -> datetime | None:
    """The time that a client means, where null clears."""
    return None if value is None else moment(value, field)


def sent_or(value: T | UnsetType, stored: T) -> T:
    """What a client sent of a field; where it sent nothing, the field stays as it is stored."""
    return stored if value is UNSET else value


def decimal_id(value: WireId) -> int | None:
    """The number of a decimal id, or None where it cannot be one: then it names nothing."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
