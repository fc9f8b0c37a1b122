"""The search language: what it accepts, what it refuses in which words, and what its SQL finds."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from operator import contains, ge, gt, le, lt
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callbox.wire.errors import WireError
from callbox.wire.pagination import CursorInvalid, CursorPage, SortValue, cursor_page, cursor_pages
from callbox.wire.search import (
    MAX_LISTED_VALUES,
    Compiled,
    Field,
    FieldType,
    InvalidValue,
    Resource,
    Sort,
    compile_filter,
    compile_page,
    compile_sort,
    cursor_value_of,
    parse_query,
    parse_search,
)

ALL_OPERATORS = ("=", "!=", "IN", "NIN", ">", "<", ">=", "<=", "~", "!~", "^", "$")
TAGS = "c.id IN (SELECT t.contact_id FROM contact_tags t WHERE t.workspace_id = $1{})"
PEOPLE = Resource(
    fields={
        "id": Field(FieldType.STRING, "c.id", is_folded=True),
        "email": Field(FieldType.STRING, "c.email", is_folded=True, is_sortable=True),
        "name": Field(FieldType.STRING, "c.name", is_sortable=True),
        "owner_id": Field(FieldType.INTEGER, "c.owner_id", is_sortable=True),
        "age": Field(FieldType.FLOAT, "c.owner_id / 2.0"),
        "spam": Field(FieldType.BOOLEAN, "c.marked_email_as_spam"),
        "created_at": Field(FieldType.DAY, "c.created_at", is_sortable=True, is_required=True),
        "updated_at": Field(FieldType.DAY, "c.updated_at", is_sortable=True, is_required=True),
        "last_seen_at": Field(FieldType.DAY, "c.last_seen_at", is_sortable=True),
        "tag_id": Field(FieldType.MEMBER, TAGS, member="t.tag_id", member_type="bigint"),
    },
    attributes_sql="c.custom_attributes",
    folded_attributes_sql="c.custom_attributes_folded",
)
# As conversations are: times to the second, and lists of ids.
EXACT = Resource(
    fields={
        "created_at": Field(FieldType.MOMENT, "c.created_at"),
        "last_seen_at": Field(FieldType.MOMENT, "c.last_seen_at"),
        "said": Field(FieldType.WORDS, "c.id IN (SELECT w.id FROM words w WHERE true{})", member="w.words"),
        "tag_ids": Field(
            FieldType.MEMBER, TAGS, member="t.tag_id", member_type="bigint", operators=("=", "!=", "IN", "NIN")
        ),
    },
    attributes_sql="c.custom_attributes",
    folded_attributes_sql="c.custom_attributes_folded",
    attribute_dates=FieldType.MOMENT,
)
ATTRIBUTES = {
    "The One Ring": "string",
    "n": "integer",
    "share": "float",
    "vip": "boolean",
    "renewal": "date",
}


def compiled(query: object, resource: Resource = PEOPLE, timezone: str = "UTC") -> Compiled:
    return compile_filter(
        resource, parse_query(query), attribute_types=ATTRIBUTES, timezone=timezone, first_parameter=2
    )


def one(field: str, operator: str, value: object) -> dict[str, object]:
    return {"field": field, "operator": operator, "value": value}


# Operators

STRING_OPERATORS = {"=", "!=", "IN", "NIN", "~", "!~", "^", "$"}
NUMBER_OPERATORS = {"=", "!=", "IN", "NIN", ">", "<", ">=", "<="}
OPERATORS_OF = [
    (PEOPLE, "email", STRING_OPERATORS, "x"),
    (PEOPLE, "name", STRING_OPERATORS, "x"),
    (PEOPLE, "custom_attributes.The One Ring", STRING_OPERATORS, "x"),
    (PEOPLE, "id", STRING_OPERATORS | {">", "<", ">=", "<="}, ""),
    (PEOPLE, "owner_id", NUMBER_OPERATORS, 5),
    (PEOPLE, "age", NUMBER_OPERATORS, 5.5),
    (PEOPLE, "custom_attributes.n", NUMBER_OPERATORS, 5),
    (PEOPLE, "custom_attributes.share", NUMBER_OPERATORS, 0.5),
    (PEOPLE, "spam", {"=", "!=", "IN", "NIN"}, True),
    (PEOPLE, "custom_attributes.vip", {"=", "!=", "IN", "NIN"}, True),
    (PEOPLE, "created_at", {"=", ">", "<"}, 1577869200),
    (PEOPLE, "custom_attributes.renewal", {"=", ">", "<"}, 1577869200),
    (PEOPLE, "tag_id", {"=", "!="}, "5"),
    (EXACT, "created_at", NUMBER_OPERATORS, 1577869200),
    (EXACT, "custom_attributes.renewal", NUMBER_OPERATORS, 1577869200),
    (EXACT, "tag_ids", {"=", "!=", "IN", "NIN"}, "5"),
]


@pytest.mark.parametrize(
    ("resource", "field", "operator", "value", "is_allowed"),
    [
        pytest.param(resource, field, operator, value, operator in allowed, id=f"{field} {operator}")
        for resource, field, allowed, value in OPERATORS_OF
        for operator in (*ALL_OPERATORS, "AND", "OR", "in", "==", "")
    ],
)
def test_each_type_has_its_operators_and_no_others(
    resource: Resource, field: str, operator: str, value: object, is_allowed: bool
) -> None:
    query = one(field, operator, [value] if operator in {"IN", "NIN"} else value)
    if is_allowed:
        assert compiled(query, resource).sql
        return
    with pytest.raises(WireError) as refused:
        compiled(query, resource)
    assert (refused.value.code, refused.value.message) == (
        "invalid_operator",
        f"{field} does not support operator: {operator}",
    )


# Errors

INCOMPLETE = (
    "Invalid query. Ensure 'field', 'operator', 'value' are present for field queries. "
    "Ensure 'operator' and 'value' for composite queries."
)
TOO_MANY = "Number of elements in composite query is greater than 15, please try again with a smaller list"
NAME = one("name", "=", "x")


def group(operator: object, *items: object) -> dict[str, object]:
    return {"operator": operator, "value": list(items)}


def nested(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


REFUSED_QUERIES: list[tuple[object, str, str]] = [
    ("name = x", "invalid_query", INCOMPLETE),
    (None, "invalid_query", INCOMPLETE),
    ([], "invalid_query", INCOMPLETE),
    ({}, "invalid_query", INCOMPLETE),
    ({"field": "name", "value": "x"}, "invalid_query", INCOMPLETE),
    ({"field": "name", "operator": 5, "value": "x"}, "invalid_query", INCOMPLETE),
    ({"field": 5, "operator": "=", "value": "x"}, "invalid_query", INCOMPLETE),
    ({"operator": "AND"}, "invalid_query", INCOMPLETE),
    ({"operator": "AND", "value": NAME}, "invalid_query", INCOMPLETE),
    (group("AND"), "invalid_query", INCOMPLETE),
    (group("AND", NAME, "x"), "invalid_query", INCOMPLETE),
    (group(None, NAME), "invalid_query", INCOMPLETE),
    (group("XOR", NAME), "invalid_operator", "Composite operators must be of type AND or OR "),
    (group("=", NAME), "invalid_operator", "Composite operators must be of type AND or OR "),
    (group("AND", *[NAME] * 16), "invalid_value", TOO_MANY),
    (group("AND", group("OR", *[NAME] * 16)), "invalid_value", TOO_MANY),
    (group("AND", group("OR", group("AND", NAME))), "invalid_values", "Value depth exceeds 10 items"),
    (one("name", "=", nested(11)), "invalid_values", "Value depth exceeds 10 items"),
    (one("name", "=", {"a": nested(10)}), "invalid_values", "Value depth exceeds 10 items"),
    (one("not_a_field", "=", "x"), "invalid_field", "not_a_field is not a valid field"),
    (one("custom_attributes.x", "=", "x"), "invalid_field", "custom_attributes.x is not a valid field"),
    (one("custom_attributes", "=", "x"), "invalid_field", "custom_attributes is not a valid field"),
    (one("The One Ring", "=", "x"), "invalid_field", "The One Ring is not a valid field"),
    (one("email", ">", "x"), "invalid_operator", "email does not support operator: >"),
    (one("email", "AND", [NAME]), "invalid_operator", "email does not support operator: AND"),
    (one("name", "IN", "x"), "invalid_value", "value must be an array"),
    (one("name", "NIN", None), "invalid_value", "value must be an array"),
    (one("owner_id", "IN", {"a": 1}), "invalid_value", "value must be an array"),
    (one("custom_attributes.n", "IN", 5), "invalid_value", "value must be an array"),
    (one("custom_attributes.n", "IN", None), "invalid_value", "value must be an array"),
    (one("name", "=", "a\x00b"), "invalid_value", "value must not contain the NUL character"),
    (one("name", "IN", ["x", 123]), "invalid_value", "123 is not a valid string"),
    (group("OR", NAME, one("name", "~", 123)), "invalid_value", "123 is not a valid string"),
]


@pytest.mark.parametrize(("query", "code", "message"), REFUSED_QUERIES)
def test_refused_query_names_its_reason_without_a_request_id(query: object, code: str, message: str) -> None:
    with pytest.raises(WireError) as refused:
        compiled(parsed_query(query))
    assert refused.value.status == 400
    assert json.loads(refused.value.body("the-request")) == {
        "type": "error.list",
        "request_id": None,
        "errors": [{"code": code, "message": message}],
    }


def parsed_query(query: object) -> object:
    """The query as it comes out of JSON."""
    return json.loads(json.dumps(query))


REFUSED_VALUES: list[tuple[str, object, str]] = [
    ("email", 123, "123 is not a valid string"),
    ("email", 1.5, "1.5 is not a valid string"),
    ("email", True, "true is not a valid string"),
    ("email", ["a"], '["a"] is not a valid string'),
    ("email", {"a": 1}, '{"a":1} is not a valid string'),
    ("custom_attributes.The One Ring", 123, "123 is not a valid string"),
    ("tag_id", True, "true is not a valid string"),
    ("tag_id", 1.5, "1.5 is not a valid string"),
    ("owner_id", "five", "five is not a valid integer"),
    ("owner_id", "", " is not a valid integer"),
    ("owner_id", 1.5, "1.5 is not a valid integer"),
    ("owner_id", "1.5", "1.5 is not a valid integer"),
    ("owner_id", True, "true is not a valid integer"),
    ("owner_id", 2**63, "9223372036854775808 is not a valid integer"),
    ("owner_id", -(2**63) - 1, "-9223372036854775809 is not a valid integer"),
    ("owner_id", "9223372036854775808", "9223372036854775808 is not a valid integer"),
    ("owner_id", "9" * 5000, f"{'9' * 100} is not a valid integer"),
    ("owner_id", "1e400", "1e400 is not a valid integer"),
    ("owner_id", "nan", "nan is not a valid integer"),
    ("owner_id", "1_000", "1_000 is not a valid integer"),
    ("owner_id", "²", "² is not a valid integer"),
    ("owner_id", [1], "[1] is not a valid integer"),
    ("custom_attributes.n", 1.5, "1.5 is not a valid integer"),
    ("custom_attributes.n", "many", "many is not a valid integer"),
    ("age", "old", "old is not a valid float"),
    ("age", "1e999", "1e999 is not a valid float"),
    ("custom_attributes.share", False, "false is not a valid float"),
    ("spam", "yes", "yes is not a valid boolean"),
    ("spam", "True", "True is not a valid boolean"),
    ("spam", 1, "1 is not a valid boolean"),
    ("spam", [], "[] is not a valid boolean"),
    ("custom_attributes.vip", 0, "0 is not a valid boolean"),
    ("created_at", "yesterday", "yesterday is not a valid date"),
    ("created_at", "2020-01-02", "2020-01-02 is not a valid date"),
    ("created_at", True, "true is not a valid date"),
    ("created_at", [1577869200], "[1577869200] is not a valid date"),
    ("created_at", 253402300800, "253402300800 is not a valid date"),
    ("created_at", -62135596801, "-62135596801 is not a valid date"),
    ("custom_attributes.renewal", "soon", "soon is not a valid date"),
]


@pytest.mark.parametrize(("field", "value", "message"), REFUSED_VALUES)
def test_value_of_another_type_is_refused(field: str, value: object, message: str) -> None:
    allowed = next(operators for _, name, operators, _ in OPERATORS_OF if name == field)
    for operator in allowed:
        with pytest.raises(WireError) as refused:
            compiled(one(field, operator, [value] if operator in {"IN", "NIN"} else value))
        assert (refused.value.code, refused.value.message) == ("invalid_value", message)


@pytest.mark.parametrize(
    ("timezone", "seconds"),
    [
        ("UTC", 253402300799),
        ("Asia/Tokyo", -62135596800),
        ("Asia/Tokyo", 253402300799),
        ("America/Los_Angeles", -62135596800),
        ("America/Los_Angeles", 253402300799),
    ],
)
def test_day_that_leaves_the_calendar_is_refused(timezone: str, seconds: int) -> None:
    with pytest.raises(WireError) as refused:
        compiled(one("created_at", "=", seconds), timezone=timezone)
    assert (refused.value.code, refused.value.message) == ("invalid_value", f"{seconds} is not a valid date")


@pytest.mark.parametrize("seconds", [-62135596800, 253402300798])
def test_moment_at_the_end_of_the_calendar_is_accepted(seconds: int) -> None:
    assert compiled(one("created_at", "=", seconds), EXACT).parameters[0] == datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("field", "value", "parameter"),
    [
        ("owner_id", 5, 5),
        ("owner_id", 5.0, 5),
        ("owner_id", "5", 5),
        ("owner_id", "-5", -5),
        ("owner_id", "5.0", 5),
        ("owner_id", -(2**63), -(2**63)),
        ("owner_id", "9223372036854775807", 2**63 - 1),
        ("age", "5.5", 5.5),
        ("age", 5, 5.0),
        ("spam", True, True),
        ("spam", False, False),
        ("spam", "true", True),
        ("spam", "false", False),
        ("email", "Ann@Example.COM", "ann@example.com"),
        ("tag_id", 5, [5]),
        ("tag_id", "5", [5]),
        ("tag_id", "no number", []),
        ("tag_id", 10**30, []),
        ("custom_attributes.n", "5", '{"n":5}'),
        ("custom_attributes.vip", "true", '{"vip":true}'),
        ("custom_attributes.The One Ring", 'Str"IDER', '{"The One Ring":"str\\"ider"}'),
    ],
)
def test_value_is_passed_in_the_type_of_the_field(field: str, value: object, parameter: object) -> None:
    found = compiled(one(field, "=", value)).parameters
    assert found == [parameter]
    assert type(found[0]) is type(parameter)


@pytest.mark.parametrize(("sent", "second"), [(5.9, 5), ("5.9", 5), (-0.5, -1), ("5", 5)])
def test_fraction_of_a_second_is_dropped(sent: object, second: int) -> None:
    found = compiled(one("created_at", "=", sent), EXACT).parameters
    assert found == [datetime.fromtimestamp(second, UTC), datetime.fromtimestamp(second + 1, UTC)]


# Bodies


def body(**keys: object) -> bytes:
    return json.dumps(keys).encode()


def test_search_body_is_read_with_all_that_clients_add() -> None:
    echoed = {"page": 2, "per_page": 5, "starting_after": "abc"}
    found = parse_search(body(query=NAME | {"extra": 1}, pagination=echoed, sort={"field": "name", "order": "asc"}))
    assert (found.per_page, found.starting_after, found.sort) == (5, "abc", Sort("name", "asc"))
    assert parse_search(body(query=NAME, sort_field="name", sort_order="desc")).sort == Sort("name", "desc")
    assert parse_search(body(query=NAME, pagination=None, sort=None)).sort == Sort()


def test_mark_tells_searches_apart_and_keeps_pages_together() -> None:
    first = parse_search(body(query=NAME, sort_field="name"))
    assert parse_search(body(query=NAME, sort_field="name", pagination={"starting_after": "x"})).mark == first.mark
    assert parse_search(body(query=NAME | {"extra": 1}, sort_field="name")).mark == first.mark
    assert parse_search(body(query=NAME)).mark != first.mark
    assert parse_search(body(query=one("name", "=", "y"), sort_field="name")).mark != first.mark


@pytest.mark.parametrize(
    ("sent", "code", "message", "shows_request_id"),
    [
        (body(query=NAME, random_param=1), "bad_request", "bad 'random_param' parameter", False),
        (body(), "invalid_query", INCOMPLETE, False),
        (b"", "invalid_query", INCOMPLETE, False),
        (body(query="name"), "invalid_query", INCOMPLETE, False),
        (b"[]", "parameter_invalid", "Invalid JSON in request body", True),
        (b'"x"', "parameter_invalid", "Invalid JSON in request body", True),
        (b'{"query":', "parameter_invalid", "Invalid JSON in request body", True),
        (b'{"query": "\xff"}', "parameter_invalid", "Invalid JSON in request body", True),
        (
            b'{"query":{"field":"name","operator":"=","value":"a\\u0000"}}',
            "parameter_invalid",
            "query.value must not contain the NUL character",
            True,
        ),
    ],
)
def test_refused_body_names_its_reason(sent: bytes, code: str, message: str, shows_request_id: bool) -> None:
    with pytest.raises(WireError) as refused:
        parse_search(sent)
    answer = json.loads(refused.value.body("id"))
    assert (refused.value.status, answer["errors"]) == (400, [{"code": code, "message": message}])
    assert answer["request_id"] == ("id" if shows_request_id else None)


@pytest.mark.parametrize("levels", [11, 100, 500, 950, 990, 10_000, 200_000])
@pytest.mark.parametrize(
    ("before", "opening", "closing", "after"),
    [
        ('{"query":', '{"operator":"AND","value":[', "]}", "}"),
        ('{"query":{"field":"name","operator":"=","value":', "[", "]", "}}"),
        ('{"query":{"field":"name","operator":"=","value":', '{"a":', "}", "}}"),
    ],
)
def test_deep_nesting_is_refused(levels: int, before: str, opening: str, closing: str, after: str) -> None:
    sent = before + opening * levels + "1" + closing * levels + after
    with pytest.raises(WireError) as refused:
        parse_search(sent.encode())
    assert refused.value.status == 400


def test_deep_keys_without_meaning_are_ignored_or_refused() -> None:
    answers = set()
    for levels in range(900, 1010):
        for inside in ("", '"\\u0000"'):
            sent = (
                f'{{"query":{{"field":"name","operator":"=","value":1,"extra":{"[" * levels}{inside}{"]" * levels}}}}}'
            )
            answers.add(_outcome(sent.encode()))
    assert answers == {
        *("", "The request body is nested too deeply"),
        "query.extra must not contain the NUL character",
    }


def _outcome(sent: bytes) -> str:
    try:
        parse_search(sent)
    except WireError as refused:
        return refused.message
    return ""


@pytest.mark.parametrize("number", ["9" * 400, "-" + "9" * 5000, "1e400", "9" * 20, "1E+30"])
@pytest.mark.parametrize("field", ["owner_id", "created_at", "custom_attributes.n", "name"])
def test_number_beyond_the_database_is_refused(number: str, field: str) -> None:
    sent = f'{{"query":{{"field":"{field}","operator":"=","value":{number}}}}}'

    def search() -> None:
        query = parse_search(sent.encode()).query
        compile_filter(PEOPLE, query, attribute_types=ATTRIBUTES, timezone="UTC", first_parameter=2)

    with pytest.raises(WireError) as refused:
        search()
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("resource", "field", "value"),
    [
        (PEOPLE, "name", "x"),
        (PEOPLE, "custom_attributes.The One Ring", "x"),
        (EXACT, "created_at", 1577869200),
        (EXACT, "custom_attributes.renewal", 1577869200),
        (EXACT, "said", "x"),
    ],
)
def test_lists_that_are_compared_value_by_value_are_bounded(resource: Resource, field: str, value: object) -> None:
    """Each value costs a comparison with each row: fifty thousand words took 40 seconds with 300 conversations."""
    half = MAX_LISTED_VALUES // 2
    compiled(
        {"operator": "OR", "value": [one(field, "IN", [value] * half), one(field, "NIN", [value] * half)]}, resource
    )
    with pytest.raises(InvalidValue, match=f"greater than {MAX_LISTED_VALUES}, please try again"):
        compiled(
            {"operator": "AND", "value": [one(field, "NIN", [value] * half), one(field, "IN", [value] * (half + 1))]},
            resource,
        )


@pytest.mark.parametrize("field", ["id", "email", "owner_id"])
def test_lists_that_an_index_or_a_hash_serves_are_as_long_as_a_body(field: str) -> None:
    compiled(one(field, "IN", [5 if field == "owner_id" else "x"] * 10_000))


# SQL


def test_sql_holds_no_value_and_no_list_length() -> None:
    for operator, field in [("IN", "name"), ("NIN", "email"), ("IN", "custom_attributes.The One Ring")]:
        texts = {compiled(one(field, operator, [f"needle{i}" for i in range(size)])).sql for size in (1, 2, 100)}
        assert len(texts) == 1
        assert "needle" not in texts.pop()
    times = {compiled(one("created_at", "IN", list(range(size))), EXACT).sql for size in (1, 2, 100)}
    assert len(times) == 1


@pytest.mark.parametrize("operator", ALL_OPERATORS)
@pytest.mark.parametrize(("resource", "field", "allowed", "value"), OPERATORS_OF)
def test_every_parameter_is_used(
    resource: Resource, field: str, allowed: set[str], value: object, operator: str
) -> None:
    if operator not in allowed:
        return
    for sent in (value, None):
        listed = [sent, value] if operator in {"IN", "NIN"} else sent
        found = compiled(group("AND", *[one(field, operator, listed)] * 2), resource)
        used = {int(number) for number in re.findall(r"\$(\d+)", found.sql)} - {1}
        assert used == set(range(2, 2 + len(found.parameters)))


# Days

DAYS = [
    # zone, a moment of the day, the day's start, the next day's start
    ("UTC", "2020-01-01T09:00Z", "2020-01-01T00:00Z", "2020-01-02T00:00Z"),
    ("America/Los_Angeles", "2020-01-01T07:59Z", "2019-12-31T08:00Z", "2020-01-01T08:00Z"),
    ("America/Los_Angeles", "2020-01-01T08:00Z", "2020-01-01T08:00Z", "2020-01-02T08:00Z"),
    ("Asia/Kolkata", "2020-01-01T18:30Z", "2020-01-01T18:30Z", "2020-01-02T18:30Z"),
    # Clocks go forward: 23 hours; back: 25 hours.
    ("America/Los_Angeles", "2020-03-08T20:00Z", "2020-03-08T08:00Z", "2020-03-09T07:00Z"),
    ("America/Los_Angeles", "2020-11-01T20:00Z", "2020-11-01T07:00Z", "2020-11-02T08:00Z"),
    ("Europe/Berlin", "2021-03-28T12:00Z", "2021-03-27T23:00Z", "2021-03-28T22:00Z"),
    # A day without midnight, one with two, and the day before one that never was.
    ("America/Sao_Paulo", "2018-11-04T12:00Z", "2018-11-04T03:00Z", "2018-11-05T02:00Z"),
    ("America/Havana", "2020-11-01T12:00Z", "2020-11-01T04:00Z", "2020-11-02T05:00Z"),
    ("Pacific/Apia", "2011-12-29T20:00Z", "2011-12-29T10:00Z", "2011-12-30T10:00Z"),
]


@pytest.mark.parametrize(("zone", "moment", "start", "end"), DAYS)
def test_date_means_its_calendar_day_in_the_time_zone(zone: str, moment: str, start: str, end: str) -> None:
    value = int(datetime.fromisoformat(moment).timestamp())
    first, after = datetime.fromisoformat(start), datetime.fromisoformat(end)
    sent_values = [value, float(value) + 0.9, str(value), f"{value}.0"]
    for sent in sent_values:
        assert compiled(one("created_at", "=", sent), timezone=zone).parameters == [first, after]
    assert compiled(one("created_at", ">", value), timezone=zone).parameters == [after]
    assert compiled(one("created_at", "<", value), timezone=zone).parameters == [first]
    unix = compiled(one("custom_attributes.renewal", "=", value), timezone=zone).parameters
    assert unix[1:] == [first.timestamp(), after.timestamp()]


# Sorting


@pytest.mark.parametrize(
    ("sort", "sql"),
    [
        (Sort(), "c.updated_at DESC, c.id DESC"),
        (Sort("name"), "c.name DESC NULLS LAST, c.id DESC"),
        (Sort("name", "ascending"), "c.name ASC NULLS LAST, c.id ASC"),
        (Sort("name", "asc"), "c.name ASC NULLS LAST, c.id ASC"),
        (Sort("created_at", "descending"), "c.created_at DESC, c.id DESC"),
        (Sort(None, "asc"), "c.updated_at ASC, c.id ASC"),
        (Sort("last_seen_at", "DESC"), "c.last_seen_at DESC NULLS LAST, c.id DESC"),
    ],
)
def test_order_of_results(sort: Sort, sql: str) -> None:
    assert compile_sort(PEOPLE, sort).order_by("c.id") == sql


@pytest.mark.parametrize(
    ("sort", "code", "message"),
    [
        (
            Sort("name", "down"),
            "invalid_sort_order",
            "Invalid sort order 'down'. Must be one of: ascending, descending",
        ),
        (Sort("nothing"), "invalid_field", "nothing is not a valid field"),
        (Sort("tag_id"), "invalid_field", "tag_id is not a valid field"),
        (Sort("custom_attributes.n"), "invalid_field", "custom_attributes.n is not a valid field"),
    ],
)
def test_sort_that_cannot_be_is_refused(sort: Sort, code: str, message: str) -> None:
    with pytest.raises(WireError) as refused:
        compile_sort(PEOPLE, sort)
    assert (refused.value.code, refused.value.message) == (code, message)
    assert json.loads(refused.value.body("id"))["request_id"] is None


@pytest.mark.parametrize(
    ("field", "forged"),
    [
        ("updated_at", "text"),
        ("updated_at", 1.5),
        ("updated_at", None),
        ("updated_at", 2**63),
        ("last_seen_at", "text"),
        ("name", 5),
        ("name", 1.5),
        ("owner_id", "5"),
        ("owner_id", 1.5),
        ("owner_id", 2**63),
    ],
)
def test_cursor_value_of_another_kind_than_the_sorted_field_is_refused(field: str, forged: SortValue) -> None:
    with pytest.raises(CursorInvalid):
        compile_page(compile_sort(PEOPLE, Sort(field)), "c.id", forged, "x", 2)


@pytest.mark.parametrize("year", [1, 1969, 2026, 5000, 9999])
def test_time_travels_in_a_cursor_to_the_microsecond(year: int) -> None:
    moment = datetime(year, 12, 31, 23, 59, 59, 999_999, UTC)
    page = compile_page(compile_sort(PEOPLE, Sort()), "c.id", cursor_value_of(moment), "x", 2)
    assert page.parameters == [moment, "x"]


# What is found, in a real database


class World:
    """Contacts in a database, and what a query finds of them."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], held: "asyncpg.Connection[Any]") -> None:
        self._run = run
        self._held = held

    def add(self, *people: dict[str, Any]) -> None:
        for person in people:
            attributes = person.get("attributes", {})
            folded = {name: value.lower() if isinstance(value, str) else value for name, value in attributes.items()}
            values = [
                person.get("workspace", "w1"),
                person["id"],
                person.get("email"),
                person.get("name"),
                person.get("owner_id"),
                person.get("spam", False),
                person.get("created_at", datetime(2020, 1, 1, tzinfo=UTC)),
                person.get("updated_at", datetime(2020, 1, 1, tzinfo=UTC)),
                person.get("last_seen_at"),
                json.dumps(attributes),
                json.dumps(folded),
            ]
            self._run(
                self._held.execute(
                    """
                    INSERT INTO contacts (
                        workspace_id, id, role, email, name, owner_id, marked_email_as_spam, created_at, updated_at,
                        last_seen_at, custom_attributes, custom_attributes_folded
                    ) VALUES ($1, $2, 'user', $3, $4, $5, $6, $7, $8, $9, $10, $11)
                    """,
                    *values,
                )
            )

    def execute(self, sql: str, *arguments: object) -> None:
        self._run(self._held.execute(sql, *arguments))

    def rows(self, sql: str, *arguments: object) -> list[Any]:
        found: list[Any] = self._run(self._held.fetch(sql, *arguments))
        return found

    def find(self, query: object, resource: Resource = PEOPLE, timezone: str = "UTC") -> str:
        condition = compiled(parsed_query(query), resource, timezone)
        sql = f"SELECT c.id FROM contacts c WHERE c.workspace_id = $1 AND {condition.sql} ORDER BY c.id"
        return " ".join(row[0] for row in self.rows(sql, "w1", *condition.parameters))


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with asyncio.Runner() as runner:
        held = runner.run(asyncpg.connect(database_url))
        yield World(runner.run, held)
        runner.run(held.close())


def day(number: int, hour: int = 12) -> datetime:
    return datetime(2020, 1, number, hour, tzinfo=UTC)


def unix(moment: datetime) -> int:
    return int(moment.timestamp())


def test_strings_are_found_in_any_case(world: World) -> None:
    world.add(
        {"id": "a", "name": "Ann", "email": "ann@example.com", "attributes": {"The One Ring": "Élan_1%"}},
        {"id": "b", "name": "ΟΔΟΣ", "email": "b@example.com", "attributes": {"The One Ring": "elan-15"}},
        {"id": "c", "name": "İstanbul", "email": None, "attributes": {"The One Ring": "back\\slash"}},
        {"id": "d", "name": None, "email": "", "attributes": {"The One Ring": None}},
        {"id": "e", "name": "50%_\\", "email": "e@other.example"},
        {"id": "z", "name": "Ann", "workspace": "w2"},
    )
    ring = "custom_attributes.The One Ring"
    expected = {
        ("name", "=", "ANN"): "a",
        ("name", "=", "ΟΔΟΣ"): "b",
        ("name", "=", "İstanbul"): "c",
        ("name", "~", "İST"): "c",
        ("name", "!=", "ann"): "b c d e",
        ("name", "~", "N"): "a c",
        ("name", "!~", "n"): "b d e",
        ("name", "^", "aN"): "a",
        ("name", "$", "NN"): "a",
        ("name", "~", "%"): "e",
        ("name", "~", "_"): "e",
        ("name", "$", "\\"): "e",
        ("name", "~", ""): "a b c e",
        ("name", "=", None): "d",
        ("name", "!=", None): "a b c e",
        ("name", "~", None): "",
        ("name", "!~", None): "a b c d e",
        ("name", "=", "null"): "",
        ("email", "=", "ANN@example.com"): "a",
        ("email", "!=", "ann@example.com"): "b c d e",
        ("email", "=", ""): "d",
        ("email", "$", "@EXAMPLE.com"): "a b",
        ("email", "=", None): "c",
        ("id", ">", ""): "a b c d e",
        ("id", ">", "C"): "d e",
        ("id", "<=", "b"): "a b",
        (ring, "=", "éLAN_1%"): "a",
        (ring, "!=", "élan_1%"): "b c d e",
        (ring, "~", "LAN"): "a b",
        (ring, "~", "_1%"): "a",
        (ring, "!~", "lan"): "c d e",
        (ring, "^", "é"): "a",
        (ring, "$", "\\SLASH"): "c",
        (ring, "=", None): "d e",
        (ring, "!=", None): "a b c",
        (ring, "~", None): "",
        (ring, "!~", None): "a b c d e",
    }
    assert {query: world.find(one(*query)) for query in expected} == expected


def test_lists_find_any_or_none(world: World) -> None:
    world.add(
        {"id": "a", "name": "Ann", "owner_id": 1, "email": "a@x", "attributes": {"The One Ring": "A", "n": 1}},
        {"id": "b", "name": "BOB", "owner_id": 2, "email": "b@x", "attributes": {"The One Ring": "B", "n": 2}},
        {"id": "c", "spam": True},
    )
    expected: list[tuple[str, str, list[Any], str]] = [
        ("name", "IN", ["ANN", "bob", "x"], "a b"),
        ("name", "NIN", ["ann"], "b c"),
        ("name", "IN", ["ann", None], "a c"),
        ("name", "NIN", ["ann", None], "b"),
        ("name", "IN", [], ""),
        ("name", "NIN", [], "a b c"),
        ("email", "IN", ["A@X"], "a"),
        ("email", "NIN", ["A@X"], "b c"),
        ("owner_id", "IN", [1, "2", 3.0], "a b"),
        ("owner_id", "NIN", [1], "b c"),
        ("owner_id", "IN", [None], "c"),
        ("spam", "IN", [True, "false"], "a b c"),
        ("spam", "NIN", [True], "a b"),
        ("custom_attributes.The One Ring", "IN", ["a", "B"], "a b"),
        ("custom_attributes.The One Ring", "NIN", ["a"], "b c"),
        ("custom_attributes.The One Ring", "IN", ["a", None], "a c"),
        ("custom_attributes.The One Ring", "NIN", ["a", None], "b"),
        ("custom_attributes.n", "IN", [1, "3"], "a"),
        ("custom_attributes.n", "NIN", [1], "b c"),
        ("custom_attributes.n", "IN", [], ""),
        ("custom_attributes.n", "NIN", [], "a b c"),
    ]
    found = [
        (field, operator, values, world.find(one(field, operator, values))) for field, operator, values, _ in expected
    ]
    assert found == expected


def test_numbers_and_truths_are_compared_by_value(world: World) -> None:
    world.add(
        {"id": "a", "owner_id": 5, "spam": True, "attributes": {"n": 5, "share": 0.1, "vip": True}},
        {"id": "b", "owner_id": 10, "attributes": {"n": 10, "share": 2, "vip": False}},
        {"id": "c", "attributes": {"n": None}},
        # Left from a time when the attribute was text.
        {"id": "d", "attributes": {"n": "5abc", "share": "x", "vip": "true", "renewal": "9" * 30}},
    )
    expected: dict[tuple[str, str, Any], str] = {
        ("owner_id", "=", 5): "a",
        ("owner_id", "!=", 5): "b c d",
        ("owner_id", ">", 5): "b",
        ("owner_id", ">=", "5"): "a b",
        ("owner_id", "<", 10): "a",
        ("owner_id", "<=", 10): "a b",
        ("owner_id", "=", None): "c d",
        ("owner_id", "!=", None): "a b",
        ("owner_id", ">", None): "",
        ("spam", "=", "true"): "a",
        ("spam", "!=", True): "b c d",
        ("custom_attributes.n", "=", 5): "a",
        ("custom_attributes.n", "=", "5.0"): "a",
        ("custom_attributes.n", "!=", 5): "b c d",
        ("custom_attributes.n", ">", 5): "b",
        ("custom_attributes.n", ">=", 5): "a b",
        ("custom_attributes.n", "<", 9): "a",
        ("custom_attributes.n", "=", None): "c",
        ("custom_attributes.n", ">", None): "",
        ("custom_attributes.share", "=", 0.1): "a",
        ("custom_attributes.share", "=", 2.0): "b",
        ("custom_attributes.share", ">=", 0.1): "a b",
        ("custom_attributes.share", "<", 1): "a",
        ("custom_attributes.vip", "=", "true"): "a",
        ("custom_attributes.vip", "!=", True): "b c d",
        ("custom_attributes.vip", "=", None): "c",
        ("custom_attributes.renewal", ">", 0): "",
        ("custom_attributes.renewal", "=", None): "a b c d",
    }
    assert {query: world.find(one(*query)) for query in expected} == expected


def test_dates_are_compared_by_days_or_to_the_second(world: World) -> None:
    world.add(
        {"id": "a", "created_at": day(1, 23), "last_seen_at": day(1), "attributes": {"renewal": unix(day(1, 23))}},
        {"id": "b", "created_at": day(2, 0), "attributes": {"renewal": unix(day(2, 0))}},
        {"id": "c", "created_at": day(2, 23) + timedelta(milliseconds=900)},
        {"id": "d", "created_at": day(3, 0), "attributes": {"renewal": unix(day(3, 0))}},
    )
    noon, last = unix(day(2)), unix(day(2, 23))
    by_day: dict[tuple[str, str, Any], str] = {
        ("created_at", "=", noon): "b c",
        ("created_at", ">", noon): "d",
        ("created_at", "<", noon): "a",
        ("last_seen_at", "=", None): "b c d",
        ("last_seen_at", ">", None): "",
        ("custom_attributes.renewal", "=", noon): "b",
        ("custom_attributes.renewal", ">", noon): "d",
        ("custom_attributes.renewal", "<", noon): "a",
        ("custom_attributes.renewal", "=", None): "c",
    }
    assert {query: world.find(one(*query)) for query in by_day} == by_day
    in_zone = {query: world.find(one(*query), timezone="Asia/Kolkata") for query in by_day if query[1] == "="}
    assert in_zone[("created_at", "=", noon)] == "a b"
    assert in_zone[("custom_attributes.renewal", "=", noon)] == "a b"

    exact: list[tuple[str, str, Any, str]] = [
        ("created_at", "=", last, "c"),
        ("created_at", "=", noon, ""),
        ("created_at", "!=", last, "a b d"),
        ("created_at", ">", last, "c d"),
        ("created_at", ">=", last, "c d"),
        ("created_at", ">", last + 1, "d"),
        ("created_at", "<", last, "a b c"),
        ("created_at", "<=", last - 1, "a b"),
        ("created_at", "IN", [last, str(unix(day(3, 0)))], "c d"),
        ("created_at", "IN", [unix(day(3, 0)) - 1], ""),
        ("created_at", "NIN", [last], "a b d"),
        ("last_seen_at", "!=", unix(day(1)), "b c d"),
        ("last_seen_at", "NIN", [unix(day(1))], "b c d"),
        ("last_seen_at", "NIN", [unix(day(1)), None], ""),
        ("last_seen_at", "!=", None, "a"),
        ("custom_attributes.renewal", "=", unix(day(2, 0)), "b"),
        ("custom_attributes.renewal", "!=", unix(day(2, 0)), "a c d"),
        ("custom_attributes.renewal", ">", unix(day(2, 0)), "b d"),
        ("custom_attributes.renewal", "IN", [unix(day(2, 0)), None], "b c"),
    ]
    assert [(*query, world.find(one(*query), EXACT)) for *query, _ in exact] == exact


def test_everything_since_a_time_is_found_as_connectors_ask_for_it(world: World) -> None:
    world.add(
        {"id": "a", "updated_at": day(1)}, {"id": "b", "updated_at": day(2, 1)}, {"id": "c", "updated_at": day(3)}
    )
    since = unix(day(2))
    found = group("OR", one("updated_at", ">", since), one("updated_at", "=", since))
    assert world.find(found) == "b c"
    everything = group("or", one("id", ">", ""), {"field": "id", "operator": "=", "value": ""})
    assert world.find(everything) == "a b c"
    assert world.find({"field": "email", "operator": "="}) == "a b c"
    both = group("AND", group("OR", one("id", "=", "a"), one("id", "=", "b")), group("OR", one("id", "!=", "a")))
    assert world.find(both) == "b"


def test_what_hangs_on_a_row_is_found_within_the_workspace(world: World) -> None:
    world.add({"id": "a"}, {"id": "b"}, {"id": "c"}, {"id": "a", "workspace": "w2"}, {"id": "c", "workspace": "w2"})
    world.execute("SET session_replication_role = replica")  # tags without their workspace's row
    tagged = [("w1", "a", 1), ("w1", "a", 2), ("w1", "b", 2), ("w2", "c", 1)]
    for workspace, contact, tag in tagged:
        world.execute("INSERT INTO contact_tags VALUES ($1, $2, $3, now(), 1)", workspace, contact, tag)
    expected: list[tuple[str, Any, str]] = [
        ("=", "1", "a"),
        ("=", 2, "a b"),
        ("!=", "2", "c"),
        ("=", "no tag", ""),
        ("!=", "no tag", "a b c"),
        ("=", None, "c"),
        ("!=", None, "a b"),
        ("IN", ["1", "2"], "a b"),
        ("IN", ["1", None], "a c"),
        ("NIN", ["1"], "b c"),
        ("NIN", ["1", None], "b"),
        ("IN", [], ""),
    ]
    found = [(operator, value, world.find(one("tag_ids", operator, value), EXACT)) for operator, value, _ in expected]
    assert found == expected
    assert world.find(one("tag_id", "=", "2")) == "a b"


@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_pages_hold_every_row_once_and_in_order(world: World, order: str) -> None:
    world.add(
        *[
            {
                "id": f"{i:02}",
                "name": [None, "a", "B", ""][i % 4],
                "owner_id": [None, 7, 2**62][i % 3],
                "created_at": day(1 + i % 3) + timedelta(microseconds=i % 2),
                "updated_at": datetime(9998, 1, 1, tzinfo=UTC),
                "last_seen_at": None if i % 5 else day(i + 1),
            }
            for i in range(20)
        ]
    )
    for field in ("name", "email", "owner_id", "created_at", "updated_at", "last_seen_at"):
        sort = compile_sort(PEOPLE, Sort(field, order))
        whole = world.rows(f"SELECT c.id FROM contacts c ORDER BY {sort.order_by('c.id')}")
        pages = list(_pages(world, field, order))
        assert [len(page) for page in pages] == [3] * 6 + [2]
        assert list(chain.from_iterable(pages)) == [row[0] for row in whole]


def _pages(world: World, field: str, order: str) -> Iterator[list[str]]:
    """Reads on with the cursor of each page, as a client does."""
    sort = compile_sort(PEOPLE, Sort(field, order))
    cursor: str | None = None
    while True:
        page: CursorPage = cursor_page(3, cursor, 50, 150, listing=field)
        after = Compiled("true", [])
        if page.last_id:
            after = compile_page(sort, "c.id", page.sort_value, page.last_id, 2)
        sql = f"SELECT c.id, {sort.sql} FROM contacts c WHERE c.workspace_id = $1 AND {after.sql}"
        rows = world.rows(f"{sql} ORDER BY {sort.order_by('c.id')} LIMIT 4", "w1", *after.parameters)
        yield [row[0] for row in rows[:3]]
        if len(rows) < 4:
            return
        pages = cursor_pages(page, 20, rows[2][0], cursor_value_of(rows[2][1]))
        assert pages.next
        assert pages.next.starting_after != cursor
        cursor = pages.next.starting_after


def test_fields_that_are_searched_in_bulk_use_their_index(world: World) -> None:
    world.execute(
        """
        INSERT INTO contacts (workspace_id, id, role, name, email, created_at, updated_at)
        SELECT 'w1', i::text, 'user', md5(i::text), md5(i::text) || '@x', t, t
        FROM generate_series(1, 20000) AS i, LATERAL (SELECT '2019-01-01Z'::timestamptz + i * interval '1 min') AS n (t)
        """
    )
    world.execute("ANALYZE contacts")
    world.execute("SET random_page_cost = 1.1")
    expected = [
        (one("email", "=", "A@x"), "contacts_email"),
        (one("email", "IN", ["A@x", "b@x"]), "contacts_email"),
        (one("email", "~", "needle"), "contacts_text"),
        (one("name", "~", "Needle"), "contacts_text"),
        (one("custom_attributes.The One Ring", "=", "x"), "contacts_custom_attributes"),
        (one("custom_attributes.n", "IN", [1, 2]), "contacts_custom_attributes"),
        (one("updated_at", ">", 1577869200), "contacts_updated"),
    ]
    assert [(query, _index_of(world, query)) for query, _ in expected] == expected


def _index_of(world: World, query: object) -> str | None:
    condition = compiled(query)
    sql = f"EXPLAIN SELECT c.id FROM contacts c WHERE c.workspace_id = $1 AND c.state = 'live' AND {condition.sql}"
    plan = "\n".join(row[0] for row in world.rows(sql, "w1", *condition.parameters))
    named = re.search(r"Index.* (?:on|using) (contacts_\w+)", plan)
    return named and named[1]


# The same language once more, in Python

LETTERS = st.text(alphabet="aAbé%_\\ ", max_size=3)
SMALL = st.integers(-2, 4)
HOURS = st.integers(0, 24 * 40).map(lambda hour: unix(datetime(2020, 3, 1, tzinfo=UTC)) + hour * 3600)
ZONES = ("UTC", "America/Los_Angeles", "Asia/Kolkata", "America/Sao_Paulo")
VALUES: dict[str, tuple[st.SearchStrategy[Any], tuple[str, ...]]] = {
    "email": (LETTERS, ("=", "!=", "IN", "NIN", "~", "!~", "^", "$")),
    "name": (LETTERS, ("=", "!=", "IN", "NIN", "~", "!~", "^", "$")),
    "custom_attributes.The One Ring": (LETTERS, ("=", "!=", "IN", "NIN", "~", "!~", "^", "$")),
    "owner_id": (SMALL, ("=", "!=", "IN", "NIN", ">", "<", ">=", "<=")),
    "custom_attributes.n": (SMALL, ("=", "!=", "IN", "NIN", ">", "<", ">=", "<=")),
    "custom_attributes.vip": (st.booleans(), ("=", "!=", "IN", "NIN")),
    "last_seen_at": (HOURS, ("=", ">", "<")),
    "custom_attributes.renewal": (HOURS, ("=", ">", "<")),
}


@st.composite
def filters(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(sorted(VALUES)))
    values, operators = VALUES[field]
    operator = draw(st.sampled_from(operators))
    single = st.none() | values
    return one(field, operator, draw(st.lists(single, max_size=4) if operator in {"IN", "NIN"} else single))


def groups(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda operator, queries: {"operator": operator, "value": queries},
        st.sampled_from(["AND", "OR"]),
        st.lists(items, min_size=1, max_size=3),
    )


def _stored(person: dict[str, Any], field: str) -> Any:
    prefix, _, name = field.partition(".")
    return person["attributes"].get(name) if prefix == "custom_attributes" else person.get(field)


# Of a stored value and one that was sent, neither of them null.
_RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": gt,
    "<": lt,
    ">=": ge,
    "<=": le,
    "~": contains,
    "^": str.startswith,
    "$": str.endswith,
}


def _meets(person: dict[str, Any], query: dict[str, Any], zone: ZoneInfo) -> bool:
    if "field" not in query:
        answers = [_meets(person, item, zone) for item in query["value"]]
        return all(answers) if query["operator"] == "AND" else any(answers)
    stored = _comparable(query["field"], _stored(person, query["field"]), zone)
    is_list = isinstance(query["value"], list)
    sent = [_comparable(query["field"], value, zone) for value in (query["value"] if is_list else [query["value"]])]
    match query["operator"]:
        case "=" | "IN":
            return stored in sent
        case "!=" | "NIN":
            return stored not in sent
        case "!~":
            return stored is None or sent[0] is None or sent[0] not in stored
        case relation:
            return None not in (stored, sent[0]) and bool(_RELATIONS[relation](stored, sent[0]))


def _comparable(field: str, value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, str):
        return value.lower()
    if value is not None and field in {"last_seen_at", "custom_attributes.renewal"}:
        moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
        return moment.astimezone(zone).date()
    return value


def _people() -> list[dict[str, Any]]:
    texts = [None, "", "a", "Ab", "É", "é%", "_A", "\\b", "a b", "%"]
    start = datetime(2020, 3, 1, tzinfo=UTC)
    people: list[dict[str, Any]] = []
    for i in range(30):
        attributes = {
            "The One Ring": texts[(i * 7 + 3) % 10],
            "n": [None, -2, 0, 1, 3][i % 5],
            "vip": [True, False, None][i % 3],
            "renewal": unix(start + timedelta(hours=31 * i)) if i % 4 else None,
        }
        people.append(
            {
                "id": f"{i:02}",
                "email": (texts[i % 10] or "").lower() or texts[i % 10],
                "name": texts[(i * 3 + 1) % 10],
                "owner_id": [None, 0, 1, 2, 4][(i * 2) % 5],
                "last_seen_at": start + timedelta(hours=29 * i) if i % 6 else None,
                "attributes": attributes if i % 2 else {k: v for k, v in attributes.items() if v is not None},
            }
        )
    return people


def test_sql_finds_what_the_rules_say(world: World) -> None:
    people = _people()
    world.add(*people)

    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(query=filters() | groups(filters() | groups(filters())), timezone=st.sampled_from(ZONES))
    def check(query: dict[str, Any], timezone: str) -> None:
        zone = ZoneInfo(timezone)
        expected = " ".join(person["id"] for person in people if _meets(person, query, zone))
        assert world.find(query, timezone=timezone) == expected

    check()
