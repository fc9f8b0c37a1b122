"""The order of results, and the condition with which a further page begins."""

from datetime import UTC, datetime, timedelta

import msgspec

from callbox.wire.decode import decimal_id
from callbox.wire.pagination import CursorInvalid, SortValue
from callbox.wire.search.errors import InvalidField, InvalidSortOrder
from callbox.wire.search.fields import FieldType, IdType, Resource
from callbox.wire.search.filters import Compiled
from callbox.wire.search.grammar import Sort

_DEFAULT_FIELD = "updated_at"
_IS_DESCENDING = {"descending": True, "desc": True, "ascending": False, "asc": False}
_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST_BIGINT = 2**63 - 1


class CompiledSort(msgspec.Struct):
    """What to order by."""

    field: str
    type: FieldType
    sql: str
    is_descending: bool
    is_required: bool

    def order_by(self, id_sql: str, value: str | None = None) -> str:
        """The ORDER BY list, where the value has a name of its own by that; rows without one come last either way."""
        direction = "DESC" if self.is_descending else "ASC"
        nulls = "" if self.is_required else " NULLS LAST"
        return f"{value or self.sql} {direction}{nulls}, {id_sql} {direction}"


def compile_sort(resource: Resource, sort: Sort) -> CompiledSort:
    """What to order by; without a wish, by the last update, newest first."""
    name = sort.field or _DEFAULT_FIELD
    field = resource.fields.get(name)
    if field is None or not field.is_sortable:
        raise InvalidField(f"{name} is not a valid field")
    is_descending = _IS_DESCENDING.get((sort.order or "descending").lower())
    if is_descending is None:
        raise InvalidSortOrder(f"Invalid sort order '{sort.order}'. Must be one of: ascending, descending")
    return CompiledSort(name, field.type, field.sql, is_descending, field.is_required)


def compile_page(
    sort: CompiledSort,
    id_sql: str,
    sort_value: SortValue,
    last_id: str,
    first_parameter: int,
    id_type: IdType = "text",
) -> Compiled:
    """The condition for rows after the one where a page ended. Rows without a value come last either way.

    Raises CursorInvalid where a value cannot be one of the sorted field's, or an id: cursors come from outside.
    """
    sign = "<" if sort.is_descending else ">"
    last = last_id if id_type == "text" else decimal_id(last_id)
    if last is None or (sort_value is None and sort.is_required):
        raise CursorInvalid
    if sort_value is None:
        return Compiled(f"({sort.sql} IS NULL AND {id_sql} {sign} ${first_parameter}::{id_type})", [last])
    value, sql_type = _sql_value(sort.type, sort_value)
    sql = f"({sort.sql}, {id_sql}) {sign} (${first_parameter}::{sql_type}, ${first_parameter + 1}::{id_type})"
    return Compiled(sql if sort.is_required else f"({sql} OR {sort.sql} IS NULL)", [value, last])


def cursor_value_of(value: datetime | str | float | None) -> SortValue:
    """A row's sort value in the form that a cursor carries: times as microseconds since 1970."""
    return (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value


def _sql_value(kind: FieldType, value: str | float) -> tuple[object, str]:
    match kind, value:
        case ((FieldType.DAY | FieldType.MOMENT), int()):
            try:
                return _EPOCH + timedelta(microseconds=value), "timestamptz"
            except OverflowError:
                raise CursorInvalid from None
        case FieldType.STRING, str():
            return value, "text"
        case ((FieldType.INTEGER | FieldType.ID), int()) if abs(value) <= _LARGEST_BIGINT:
            return value, "bigint"
        case FieldType.FLOAT, int() | float():
            return float(value), "float8"
    raise CursorInvalid
