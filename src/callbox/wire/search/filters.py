"""From a query to the SQL condition that a row must meet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from callbox.wire.decode import decimal_id
from callbox.wire.search.errors import InvalidField, InvalidOperator, InvalidValue
from callbox.wire.search.fields import LISTS, OPERATORS, ORDER, TEXT, Field, FieldType, Resource
from callbox.wire.search.grammar import ATTRIBUTES_PREFIX, Filter, Group, Query
from callbox.wire.search.values import checked_list, checked_value, refusal
from callbox.wire.search.words import word_pattern

# A connector asks for everything as: id > "" or id = "".
_ID_FIELD = "id"
# Of lists that are compared with a row value by value, since no index and no hash serves them: all of a query together.
MAX_LISTED_VALUES = 500
_POSITIVE = frozenset({"=", "~", "^", "$"})
_NEGATED = frozenset({"!=", "NIN", "!~"})
_SQL_TYPES: Mapping[FieldType, str] = {
    FieldType.INTEGER: "bigint",
    FieldType.FLOAT: "float8",
    FieldType.BOOLEAN: "boolean",
}
_ATTRIBUTE_TYPES: Mapping[str, FieldType] = {
    "string": FieldType.STRING,
    "integer": FieldType.INTEGER,
    "float": FieldType.FLOAT,
    "boolean": FieldType.BOOLEAN,
}


class Compiled(msgspec.Struct):
    """SQL of a condition with its parameters."""

    sql: str
    parameters: list[object]


class _Operand(msgspec.Struct, frozen=True):
    """The side of a comparison that comes from the row."""

    type: FieldType
    sql: str
    is_folded: bool = False
    is_unix: bool = False  # a time kept as Unix seconds, as custom attributes keep theirs


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


def is_look_up(resource: Resource, query: Query) -> bool:
    """Whether an index leads to what a query finds, however the values are spread."""
    if isinstance(query, Group):
        are_needed = any if query.operator == "AND" else all
        return are_needed(is_look_up(resource, item) for item in query.queries)
    if query.value is None or query.operator not in _POSITIVE:
        return False
    field = resource.fields.get(query.field)
    if field is not None and field.type is FieldType.WORDS:
        return field.is_indexed
    is_indexed = query.field.startswith(ATTRIBUTES_PREFIX) if field is None else field.is_indexed
    return is_indexed and query.operator == "="


class _Compiler:
    """Builds one condition, collecting its parameters. PostgreSQL refuses a parameter that the SQL does not use."""

    def __init__(
        self, resource: Resource, attribute_types: Mapping[str, str], zone: ZoneInfo, first_parameter: int
    ) -> None:
        self._resource = resource
        self._attribute_types = attribute_types
        self._zone = zone
        self._next = first_parameter
        self._listed_values = 0
        self.parameters: list[object] = []

    def query(self, query: Query) -> str:
        if isinstance(query, Group):
            return "(" + f" {query.operator} ".join(self.query(item) for item in query.queries) + ")"
        prefix, _, name = query.field.partition(".")
        is_attribute = prefix == self._resource.attribute_prefix and name in self._attribute_types
        if is_attribute and self._resource.attributes_sql:
            return self._attribute(query, name)
        field = self._resource.fields.get(query.field)
        if field is None:
            raise InvalidField(f"{query.field} is not a valid field")
        return self._field(query, field)

    def _field(self, query: Filter, field: Field) -> str:
        allowed = OPERATORS[field.type] if field.operators is None else field.operators
        _check_operator(query, allowed + ORDER if query.field == _ID_FIELD else allowed)
        if field.type in {FieldType.MEMBER, FieldType.IDS}:
            return self._membership(query, field)
        if field.type is FieldType.WORDS:
            return self._words(query, field)
        if field.holders and _wants_values(query):
            return self._held(query, field)
        return self._comparison(query, _Operand(field.type, field.sql, field.is_folded))

    def _held(self, query: Filter, field: Field) -> str:
        """The row refers to one of those whose value is meant."""
        keys = (
            holder.keys.format(self._comparison(query, _Operand(field.type, holder.value, holder.is_folded)))
            for holder in field.holders
        )
        return f"{field.key} IN ({' UNION ALL '.join(keys)})"

    def _comparison(self, query: Filter, operand: _Operand) -> str:
        if query.operator in LISTS:
            return self._listed(query, operand)
        if query.value is None:
            return _null(query.operator, operand.sql)
        match operand.type:
            case FieldType.DAY | FieldType.MOMENT:
                return self._time(query, operand)
            case FieldType.STRING:
                return self._text(query, operand)
            case FieldType.ID:
                return self._id(query, operand)
            case _:
                parameter = self._parameter(checked_value(operand.type, query.value), _SQL_TYPES[operand.type])
                operator = "IS DISTINCT FROM" if query.operator == "!=" else query.operator
                return f"{operand.sql} {operator} {parameter}"

    def _text(self, query: Filter, operand: _Operand) -> str:
        stored = operand.sql if operand.is_folded else f"lower({operand.sql})"
        value = checked_value(FieldType.STRING, query.value)
        if query.operator in TEXT:
            condition = f"{stored} LIKE {self._folded(_pattern(query.operator, value), operand)}"
            return f"({condition}) IS NOT TRUE" if query.operator == "!~" else condition
        operator = "IS DISTINCT FROM" if query.operator == "!=" else query.operator
        return f"{stored} {operator} {self._folded(value, operand)}"

    def _id(self, query: Filter, operand: _Operand) -> str:
        """A number, which an index serves, as far as the operator and the value let it be one."""
        number = decimal_id(checked_value(FieldType.ID, query.value))
        if number is None or query.operator in TEXT:
            as_text = msgspec.structs.replace(query, value=str(query.value))
            return self._text(as_text, _Operand(FieldType.STRING, f"({operand.sql})::text", is_folded=True))
        operator = "IS DISTINCT FROM" if query.operator == "!=" else query.operator
        return f"{operand.sql} {operator} {self._parameter(number, 'bigint')}"

    def _folded(self, value: str, operand: _Operand) -> str:
        """The parameter in lower case, by whichever of Python and SQL folded the other side: they differ."""
        if operand.is_folded:
            return self._parameter(value.lower(), "text")
        return f"lower({self._parameter(value, 'text')})"

    def _time(self, query: Filter, operand: _Operand) -> str:
        start, end = self._span(operand.type, query.value)
        sql = operand.sql
        # The vendor documents > and < of exact times as "or equal"; incremental readers miss nothing that way.
        is_inclusive = operand.type is FieldType.MOMENT
        match query.operator:
            case "=" | "!=":
                condition = f"({sql} >= {self._moment(start, operand)} AND {sql} < {self._moment(end, operand)})"
                return f"{condition} IS NOT TRUE" if query.operator == "!=" else condition
            case ">" | ">=":
                from_start = is_inclusive or query.operator == ">="
                return f"{sql} >= {self._moment(start if from_start else end, operand)}"
            case _:
                to_end = is_inclusive or query.operator == "<="
                return f"{sql} < {self._moment(end if to_end else start, operand)}"

    def _span(self, kind: FieldType, value: object) -> tuple[datetime, datetime]:
        """The moments from and before which a time counts as the value's."""
        moment = datetime.fromtimestamp(checked_value(kind, value), UTC)
        try:
            if kind is FieldType.MOMENT:
                return moment, moment + timedelta(seconds=1)
            day = moment.astimezone(self._zone).date()
            return self._midnight(day), self._midnight(day + timedelta(days=1))
        except OverflowError:
            raise refusal(kind, value) from None

    def _midnight(self, day: date) -> datetime:
        """The start of a day, also of one on which clocks change at midnight."""
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def _moment(self, value: datetime, operand: _Operand) -> str:
        if operand.is_unix:
            return self._parameter(int(value.timestamp()), "bigint")
        return self._parameter(value, "timestamptz")

    def _listed(self, query: Filter, operand: _Operand) -> str:
        values = checked_list(query.value)
        condition = self._any_of([value for value in values if value is not None], operand)
        if None in values:
            condition = f"({condition} OR {operand.sql} IS NULL)"
        return f"({condition}) IS NOT TRUE" if query.operator == "NIN" else condition

    def _any_of(self, values: list[Any], operand: _Operand) -> str:
        if operand.type in {FieldType.DAY, FieldType.MOMENT}:
            return self._any_time_of(self._few(values), operand)
        checked = [checked_value(operand.type, value) for value in values]
        if operand.type is FieldType.ID:
            numbers = [number for number in map(decimal_id, checked) if number is not None]
            return f"{operand.sql} = ANY ({self._parameter(numbers, 'bigint[]')})"
        if operand.type is not FieldType.STRING:
            return f"{operand.sql} = ANY ({self._parameter(checked, _SQL_TYPES[operand.type] + '[]')})"
        if operand.is_folded:
            return f"{operand.sql} = ANY ({self._parameter([value.lower() for value in checked], 'text[]')})"
        folded = f"ARRAY(SELECT lower(v) FROM unnest({self._parameter(self._few(checked), 'text[]')}) AS v)"
        return f"lower({operand.sql}) = ANY ({folded})"

    def _any_time_of(self, values: list[Any], operand: _Operand) -> str:
        spans = [self._span(operand.type, value) for value in values]
        sql_type = "bigint[]" if operand.is_unix else "timestamptz[]"
        bounds = (
            self._parameter([int(m.timestamp()) if operand.is_unix else m for m in moments], sql_type)
            for moments in ([start for start, _ in spans], [end for _, end in spans])
        )
        return (
            f"EXISTS (SELECT FROM unnest({', '.join(bounds)}) AS span (first, after) "
            f"WHERE {operand.sql} >= span.first AND {operand.sql} < span.after)"
        )

    def _membership(self, query: Filter, field: Field) -> str:
        if query.operator in LISTS:
            values = checked_list(query.value)
            condition = self._member(field, [value for value in values if value is not None])
            if None in values:
                condition = f"({condition} OR {_without_members(field)})"
        elif query.value is None:
            condition = _without_members(field)
        else:
            condition = self._member(field, [query.value])
        return f"NOT ({condition})" if query.operator in _NEGATED else condition

    def _member(self, field: Field, values: list[Any]) -> str:
        ids: list[Any] = [checked_value(FieldType.MEMBER, value) for value in values]
        if field.type is FieldType.IDS or field.member_type == "bigint":
            ids = [number for number in map(decimal_id, ids) if number is not None]
        if field.type is FieldType.IDS:
            return f"{field.sql} && {self._parameter(ids, 'bigint[]')}"
        parameter = self._parameter(ids, f"{field.member_type}[]")
        return field.sql.format(f" AND {field.member} = ANY ({parameter})")

    def _words(self, query: Filter, field: Field) -> str:
        values = self._few(checked_list(query.value)) if query.operator in LISTS else [query.value]
        patterns = [
            word_pattern(query.operator, checked_value(FieldType.WORDS, value)) for value in values if value is not None
        ]
        if query.operator in LISTS:
            like = f"LIKE ANY ({self._parameter([each for each in patterns if each is not None], 'text[]')})"
        else:
            # No array of one, of which the planner would expect so many hits that it reads everything.
            like = f"LIKE {self._parameter(patterns[0] if patterns else None, 'text')}"
        condition = field.sql.format(f" AND {field.member} {like}")
        if None in values and query.operator not in TEXT:
            condition = f"({condition} OR NOT {field.sql.format('')})"
        return f"NOT ({condition})" if query.operator in _NEGATED else condition

    def _attribute(self, query: Filter, name: str) -> str:
        kind = _ATTRIBUTE_TYPES.get(self._attribute_types[name], self._resource.attribute_dates)
        _check_operator(query, OPERATORS[kind])
        is_list = query.operator in LISTS
        if kind in {FieldType.DAY, FieldType.MOMENT}:
            return self._comparison(query, _Operand(kind, self._attribute_number(name), is_unix=True))
        if query.value is None and not is_list:
            return _null(query.operator, self._attribute_text(name))
        if query.operator in TEXT:
            return self._text(query, _Operand(kind, self._attribute_text(name), is_folded=True))
        if query.operator in ORDER:
            return self._comparison(query, _Operand(kind, self._attribute_number(name)))
        values = self._few(checked_list(query.value)) if is_list else [query.value]
        return self._attribute_equality(query, kind, name, values)

    def _attribute_text(self, name: str) -> str:
        return f"({self._resource.folded_attributes_sql} ->> {self._parameter(name, 'text')})"

    def _attribute_number(self, name: str) -> str:
        """Null where the stored value is no number, whatever became of the attribute's type since."""
        stored, key = self._resource.attributes_sql, self._parameter(name, "text")
        return f"(CASE WHEN jsonb_typeof({stored} -> {key}) = 'number' THEN ({stored} ->> {key})::numeric END)"

    def _attribute_equality(self, query: Filter, kind: FieldType, name: str, values: list[Any]) -> str:
        """Containment of {name: value}, which the index on the folded attributes serves."""
        wanted = [_attribute_json(name, kind, value) for value in values if value is not None]
        folded = self._resource.folded_attributes_sql
        if query.operator in LISTS:
            condition = f"{folded} @> ANY ({self._parameter(wanted, 'jsonb[]')})"
        else:
            condition = f"{folded} @> {self._parameter(wanted[0], 'jsonb')}"
        if None in values:
            condition = f"({condition} OR {self._attribute_text(name)} IS NULL)"
        return f"NOT ({condition})" if query.operator in _NEGATED else condition

    def _few(self, values: list[Any]) -> list[Any]:
        self._listed_values += len(values)
        if self._listed_values > MAX_LISTED_VALUES:
            raise InvalidValue(
                f"Number of values in IN and NIN is greater than {MAX_LISTED_VALUES}, "
                "please try again with a smaller list"
            )
        return values

    def _parameter(self, value: object, sql_type: str) -> str:
        self.parameters.append(value)
        self._next += 1
        return f"${self._next - 1}::{sql_type}"


def _check_operator(query: Filter, allowed: Sequence[str]) -> None:
    if query.operator not in allowed:
        raise InvalidOperator(f"{query.field} does not support operator: {query.operator}")


def _wants_values(query: Filter) -> bool:
    """Whether only rows with a value can be meant."""
    if query.operator == "IN":
        return isinstance(query.value, list) and None not in query.value
    return query.operator in _POSITIVE and query.value is not None


def _null(operator: str, sql: str) -> str:
    if operator == "=":
        return f"{sql} IS NULL"
    if operator == "!=":
        return f"{sql} IS NOT NULL"
    # Nothing is greater than, like or contained in null.
    return f"({sql} = NULL) IS NOT TRUE" if operator in _NEGATED else f"{sql} = NULL"


def _without_members(field: Field) -> str:
    return f"{field.sql} = '{{}}'" if field.type is FieldType.IDS else f"NOT {field.sql.format('')}"


def _attribute_json(name: str, kind: FieldType, value: object) -> str:
    checked = checked_value(kind, value)
    return msgspec.json.encode({name: checked.lower() if isinstance(checked, str) else checked}).decode()


def _pattern(operator: str, text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    match operator:
        case "^":
            return f"{escaped}%"
        case "$":
            return f"%{escaped}"
        case _:
            return f"%{escaped}%"
