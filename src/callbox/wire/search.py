"""The search language: written once, declared per resource as a table of fields, compiled to parameterised SQL.

A query is a filter, or a group of queries under AND or OR. Values only ever become parameters, and a list
is one array parameter, so that the number of SQL texts stays bounded. `$1` is always the workspace.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from callbox.wire.decode import decimal_id, decode
from callbox.wire.errors import WireError
from callbox.wire.pagination import SortValue

MAX_GROUP_ITEMS = 15
MAX_GROUP_LEVELS = 2
_BIGINT = 2**63 - 1
_LATEST_UNIX_TIME = 253_402_300_799


class InvalidQuery(WireError):
    """A part of the query is missing or is no object."""

    code = "invalid_query"
    message = (
        "Invalid query. Ensure 'field', 'operator', 'value' are present for field queries. "
        "Ensure 'operator' and 'value' for composite queries."
    )
    shows_request_id = False


class InvalidField(WireError):
    """The resource has no such field to search by."""

    code = "invalid_field"
    message = "not_a_field is not a valid field"
    shows_request_id = False


class InvalidOperator(WireError):
    """The field, or a group, has no such operator."""

    code = "invalid_operator"
    message = "email does not support operator: >"
    shows_request_id = False


class InvalidValue(WireError):
    """The value does not fit the field."""

    code = "invalid_value"
    message = "123 is not a valid string"
    shows_request_id = False


class InvalidValues(WireError):
    """Groups are nested too deeply."""

    code = "invalid_values"
    message = "Value depth exceeds 10 items"
    shows_request_id = False


class InvalidSortOrder(WireError):
    """A sort order other than the two."""

    code = "invalid_sort_order"
    message = "Invalid sort order 'desc'. Must be one of: ascending, descending"
    shows_request_id = False


class FieldType(StrEnum):
    """What a field holds; it decides the operators, the values and the SQL."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DAY = "date"  # compared by calendar days of the workspace's time zone
    MOMENT = "datetime"  # compared to the second
    MEMBER = "id"  # an id among those that hang on the row


class Field(msgspec.Struct, frozen=True):
    """One searchable field: an SQL expression over the resource's alias.

    For MEMBER it is a condition with a place `{}` for a further one about `member`, an SQL expression of the type
    `member_type`: `c.id IN (SELECT t.contact_id FROM contact_tags t WHERE t.workspace_id = $1{})`.
    """

    type: FieldType
    sql: str
    is_folded: bool = False  # stored in lower case already
    is_sortable: bool = False
    is_required: bool = False  # never null, so a page needs no look at rows without a value
    member: str = ""
    member_type: str = "text"


class Resource(msgspec.Struct, frozen=True):
    """What can be searched of one kind of thing."""

    fields: Mapping[str, Field]
    attributes_sql: str | None = None  # the custom attributes
    folded_attributes_sql: str | None = None  # the same with strings in lower case, indexed


class Filter(msgspec.Struct, frozen=True):
    """One comparison."""

    field: str
    operator: str
    value: Any


class Group(msgspec.Struct, frozen=True):
    """Several queries under AND or OR."""

    operator: str
    queries: tuple["Query", ...]


Query = Filter | Group


class Sort(msgspec.Struct):
    """What to sort by."""

    field: str | None = None
    order: str | None = None


class SearchPagination(msgspec.Struct):
    """Which page. Clients echo the whole `next` object, so more keys may be here."""

    per_page: int | str | None = None
    starting_after: str | None = None


class SearchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a search."""

    query: Any | UnsetType = UNSET
    pagination: SearchPagination | None = None
    sort: Sort | None = None
    sort_field: str | None = None
    sort_order: str | None = None


class Search(msgspec.Struct):
    """A search that is understood, but not yet compiled for a resource."""

    query: Query
    per_page: int | str | None
    starting_after: str | None
    sort: Sort
    mark: str  # the same for all pages of one search


class Compiled(msgspec.Struct):
    """SQL of a condition with its parameters."""

    sql: str
    parameters: list[object]


class CompiledSort(msgspec.Struct):
    """What to order by."""

    field: str
    sql: str
    is_descending: bool
    is_required: bool

    def order_by(self, id_sql: str) -> str:
        """The ORDER BY list; rows without a value come last either way."""
        direction = "DESC" if self.is_descending else "ASC"
        nulls = "" if self.is_required else " NULLS LAST"
        return f"{self.sql} {direction}{nulls}, {id_sql} {direction}"


def parse_search(body: bytes) -> Search:
    """The search in a request body. Raises an error of the search grammar."""
    request = decode(body, SearchRequest)
    if request.query is UNSET:
        raise InvalidQuery
    query = parse_query(request.query)
    pagination = request.pagination or SearchPagination()
    sort = request.sort or Sort(request.sort_field, request.sort_order)
    mark = msgspec.json.encode([request.query, sort]).decode()
    return Search(query, pagination.per_page, pagination.starting_after, sort, mark)


def parse_query(value: object, level: int = 0) -> Query:
    """A query from JSON. Raises an error of the search grammar."""
    if not isinstance(value, dict):
        raise InvalidQuery
    operator = value.get("operator")
    if not isinstance(operator, str):
        raise InvalidQuery
    if "field" in value:
        if not isinstance(value["field"], str):
            raise InvalidQuery
        return Filter(value["field"], operator, value.get("value"))
    items = value.get("value")
    if not isinstance(items, list):
        raise InvalidQuery
    if operator.upper() not in {"AND", "OR"}:
        raise InvalidOperator("Composite operators must be of type AND or OR ")
    return Group(operator.upper(), _parse_items(items, level + 1))


def _parse_items(items: list[object], level: int) -> tuple[Query, ...]:
    if level > MAX_GROUP_LEVELS:
        raise InvalidValues
    if len(items) > MAX_GROUP_ITEMS:
        raise InvalidValue(
            f"Number of elements in composite query is greater than {MAX_GROUP_ITEMS}, "
            "please try again with a smaller list"
        )
    if not items:
        raise InvalidQuery
    return tuple(parse_query(item, level) for item in items)


_EQUALITY = ("=", "!=", "IN", "NIN")
_ORDER = (">", "<", ">=", "<=")
_TEXT = ("~", "!~", "^", "$")
_OPERATORS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.STRING: _EQUALITY + _TEXT,
    FieldType.INTEGER: _EQUALITY + _ORDER,
    FieldType.FLOAT: _EQUALITY + _ORDER,
    FieldType.BOOLEAN: _EQUALITY,
    FieldType.DAY: ("=", ">", "<"),
    FieldType.MOMENT: _EQUALITY + _ORDER,
    FieldType.MEMBER: ("=", "!="),
}
# A connector asks for everything as: id > "" or id = "".
_ID_FIELD = "id"
_NEGATED = frozenset({"!=", "NIN", "!~"})


def compile_filter(
    resource: Resource,
    query: Query,
    *,
    attribute_types: Mapping[str, str],
    timezone: str,
    first_parameter: int,
) -> Compiled:
    """The condition that a row must meet. Raises an error that names the field, operator or value."""
    compiler = _Compiler(resource, attribute_types, ZoneInfo(timezone), first_parameter)
    return Compiled(compiler.query(query), compiler.parameters)


class _Compiler:
    """Builds one condition, collecting its parameters."""

    def __init__(
        self, resource: Resource, attribute_types: Mapping[str, str], zone: ZoneInfo, first_parameter: int
    ) -> None:
        self._resource = resource
        self._attribute_types = attribute_types
        self._zone = zone
        self._next = first_parameter
        self.parameters: list[object] = []

    def query(self, query: Query) -> str:
        if isinstance(query, Group):
            return "(" + f" {query.operator} ".join(self.query(item) for item in query.queries) + ")"
        prefix, _, name = query.field.partition(".")
        if prefix == "custom_attributes" and name in self._attribute_types and self._resource.attributes_sql:
            return self._attribute(query, name)
        field = self._resource.fields.get(query.field)
        if field is None:
            raise InvalidField(f"{query.field} is not a valid field")
        return self._field(query, field)

    def _field(self, query: Filter, field: Field) -> str:
        allowed = _OPERATORS[field.type]
        if query.field == _ID_FIELD:
            allowed += _ORDER
        _check_operator(query, allowed)
        match field.type:
            case FieldType.MEMBER:
                return self._membership(query, field)
            case FieldType.DAY:
                return self._days(query, field.sql)
            case _:
                return self._comparison(query, field)

    def _membership(self, query: Filter, field: Field) -> str:
        if query.value is None:
            condition = field.sql.format("")
            return f"NOT {condition}" if query.operator == "=" else condition
        value = _value(FieldType.STRING, str(query.value) if isinstance(query.value, int) else query.value)
        if field.member_type == "bigint":
            value = decimal_id(value)
        parameter = self._parameter(value, field.member_type)
        condition = field.sql.format(f" AND {field.member} = {parameter}")
        return condition if query.operator == "=" else f"NOT {condition}"

    def _days(self, query: Filter, sql: str) -> str:
        if query.value is None:
            return self._null(query.operator, sql)
        start, end = _day(_value(FieldType.DAY, query.value), self._zone)
        match query.operator:
            case "=":
                first, last = self._parameter(start, "timestamptz"), self._parameter(end, "timestamptz")
                return f"({sql} >= {first} AND {sql} < {last})"
            case ">":
                return f"{sql} >= {self._parameter(end, 'timestamptz')}"
            case _:
                return f"{sql} < {self._parameter(start, 'timestamptz')}"

    def _comparison(self, query: Filter, field: Field) -> str:
        sql = field.sql
        if field.type is FieldType.STRING and not field.is_folded:
            sql = f"lower({sql})"
        if query.value is None:
            return self._null(query.operator, field.sql)
        if query.operator in {"IN", "NIN"}:
            return self._any_of(query, field.type, sql)
        value = _value(field.type, query.value)
        if query.operator in _TEXT:
            condition = f"{sql} LIKE {self._parameter(_pattern(query.operator, str(value)), 'text')}"
            return f"({condition}) IS NOT TRUE" if query.operator == "!~" else condition
        operator = "<>" if query.operator == "!=" else query.operator
        parameter = self._parameter(_sql_value(field.type, value), _SQL_TYPES[field.type])
        condition = f"{sql} {operator} {parameter}"
        return f"({condition} OR {field.sql} IS NULL)" if query.operator == "!=" else condition

    def _any_of(self, query: Filter, kind: FieldType, sql: str) -> str:
        values = _list(query.value)
        present = [_sql_value(kind, _value(kind, value)) for value in values if value is not None]
        condition = f"{sql} = ANY ({self._parameter(present, _SQL_TYPES[kind] + '[]')})"
        if None in values:
            condition = f"({condition} OR {sql} IS NULL)"
        if query.operator == "IN":
            return condition
        return f"({condition}) IS NOT TRUE"

    def _null(self, operator: str, sql: str) -> str:
        if operator == "=":
            return f"{sql} IS NULL"
        if operator == "!=":
            return f"{sql} IS NOT NULL"
        # Nothing is greater than, contained in or like nothing.
        return "true" if operator in _NEGATED else "false"

    def _attribute(self, query: Filter, name: str) -> str:
        kind = _ATTRIBUTE_TYPES[self._attribute_types[name]]
        _check_operator(query, _OPERATORS[kind])
        stored = f"({self._resource.attributes_sql} ->> {self._parameter(name, 'text')})"
        if kind is FieldType.DAY:
            seconds = f"CASE WHEN {stored} ~ '^-?[0-9]+$' THEN to_timestamp({stored}::bigint) END"
            return self._days(query, f"({seconds})")
        if query.value is None:
            return self._null(query.operator, stored)
        if query.operator in _EQUALITY:
            return self._attribute_equality(query, kind, name)
        if query.operator in _TEXT:
            folded = f"({self._resource.folded_attributes_sql} ->> {self._parameter(name, 'text')})"
            return self._comparison(query, Field(kind, folded, is_folded=True))
        number = f"(CASE WHEN {stored} ~ '^-?[0-9]' THEN {stored}::numeric END)"
        return self._comparison(query, Field(FieldType.FLOAT, number))

    def _attribute_equality(self, query: Filter, kind: FieldType, name: str) -> str:
        """Containment of {name: value}, which the index on the folded attributes serves."""
        is_list = query.operator in {"IN", "NIN"}
        values = _list(query.value) if is_list else [query.value]
        wanted = [_attribute_json(name, kind, value) for value in values if value is not None]
        folded = self._resource.folded_attributes_sql
        if is_list:
            condition = f"{folded} @> ANY ({self._parameter(wanted, 'jsonb[]')})"
        else:
            condition = f"{folded} @> {self._parameter(wanted[0], 'jsonb')}"
        if None in values:
            missing = f"({folded} ->> {self._parameter(name, 'text')}) IS NULL"
            condition = f"({condition} OR {missing})"
        return f"NOT ({condition})" if query.operator in _NEGATED else condition

    def _parameter(self, value: object, sql_type: str) -> str:
        self.parameters.append(value)
        self._next += 1
        return f"${self._next - 1}::{sql_type}"


_SQL_TYPES: Mapping[FieldType, str] = {
    FieldType.STRING: "text",
    FieldType.INTEGER: "bigint",
    FieldType.FLOAT: "float8",
    FieldType.BOOLEAN: "boolean",
    FieldType.MOMENT: "timestamptz",
}
_ATTRIBUTE_TYPES: Mapping[str, FieldType] = {
    "string": FieldType.STRING,
    "integer": FieldType.INTEGER,
    "float": FieldType.FLOAT,
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DAY,
}


def _check_operator(query: Filter, allowed: Sequence[str]) -> None:
    if query.operator not in allowed:
        raise InvalidOperator(f"{query.field} does not support operator: {query.operator}")


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidValue("value must be an array")
    return value


def _attribute_json(name: str, kind: FieldType, value: object) -> str:
    stored = _value(kind, value)
    return msgspec.json.encode({name: stored.lower() if isinstance(stored, str) else stored}).decode()


def _value(kind: FieldType, value: object) -> Any:
    """The value in the field's type. Raises InvalidValue."""
    found: object = None
    match kind:
        case FieldType.STRING | FieldType.MEMBER if isinstance(value, str):
            if "\x00" in value:
                raise InvalidValue("value must not contain the NUL character")
            found = value
        case FieldType.BOOLEAN:
            found = {True: True, False: False, "true": True, "false": False}.get(value) if _is_boolean(value) else None
        case FieldType.INTEGER:
            number = _number(value)
            found = int(number) if number is not None and number == int(number) else None
        case FieldType.FLOAT:
            found = _number(value)
        case FieldType.DAY | FieldType.MOMENT:
            seconds = _number(value)
            found = math.floor(seconds) if seconds is not None and abs(seconds) <= _LATEST_UNIX_TIME else None
    if found is None:
        raise InvalidValue(f"{_shown(value)} is not a valid {kind}")
    return found


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool) or value in ("true", "false")


def _number(value: object) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value) if isinstance(value, str) and not value.lstrip("-").isdigit() else value
        number = int(number) if isinstance(number, str) else number
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= _BIGINT else None


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text[:100]


def _sql_value(kind: FieldType, value: Any) -> object:
    match kind:
        case FieldType.STRING:
            return value.lower()
        case FieldType.FLOAT:
            return float(value)
        case FieldType.MOMENT:
            return datetime.fromtimestamp(value, UTC)
        case _:
            return value


def _pattern(operator: str, text: str) -> str:
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    match operator:
        case "^":
            return f"{escaped}%"
        case "$":
            return f"%{escaped}"
        case _:
            return f"%{escaped}%"


def _day(seconds: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The start of the day in which a moment falls, and the start of the next; days of a clock change too."""
    try:
        day = datetime.fromtimestamp(seconds, zone).date()
        return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)
    except (OverflowError, ValueError):
        raise InvalidValue(f"{seconds} is not a valid date") from None


_DESCENDING = {"descending": True, "desc": True, "ascending": False, "asc": False}


def compile_sort(resource: Resource, sort: Sort) -> CompiledSort:
    """What to order by; without a wish, by the last update, newest first."""
    name = sort.field or "updated_at"
    field = resource.fields.get(name)
    if field is None or not field.is_sortable:
        raise InvalidField(f"{name} is not a valid field")
    order = (sort.order or "descending").lower()
    if order not in _DESCENDING:
        raise InvalidSortOrder(f"Invalid sort order '{sort.order}'. Must be one of: ascending, descending")
    return CompiledSort(name, field.sql, _DESCENDING[order], field.is_required)


def compile_page(
    sort: CompiledSort, id_sql: str, sort_value: SortValue, last_id: str, first_parameter: int
) -> Compiled:
    """The condition for rows after the one where a page ended. Rows without a value come last either way."""
    sign = "<" if sort.is_descending else ">"
    if sort_value is None:
        return Compiled(f"({sort.sql} IS NULL AND {id_sql} {sign} ${first_parameter}::text)", [last_id])
    value, kind = _cursor_value(sort_value)
    sql = f"({sort.sql}, {id_sql}) {sign} (${first_parameter}::{kind}, ${first_parameter + 1}::text)"
    return Compiled(sql if sort.is_required else f"({sql} OR {sort.sql} IS NULL)", [value, last_id])


def cursor_value_of(value: object) -> SortValue:
    """A row's sort value in the form that a cursor carries."""
    if isinstance(value, datetime):
        return round(value.timestamp() * 1_000_000)
    return value if isinstance(value, str) else None


def _cursor_value(value: SortValue) -> tuple[object, str]:
    if isinstance(value, int):
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=value), "timestamptz"
    return value, "text"
