"""From the body of a search, or a stored predicate, to a query; no resource is known here yet."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from callbox.wire.decode import decode
from callbox.wire.search.errors import InvalidOperator, InvalidQuery, InvalidValue, InvalidValues

ATTRIBUTES_PREFIX = "custom_attributes."
MAX_GROUP_ITEMS = 15
MAX_GROUP_LEVELS = 2
MAX_VALUE_LEVELS = 10


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


def parse_search(body: bytes) -> Search:
    """The search in a request body. Raises an error of the search grammar."""
    request = decode(body, SearchRequest)
    if request.query is UNSET:
        raise InvalidQuery
    query = parse_query(request.query)
    pagination = request.pagination or SearchPagination()
    sort = request.sort or Sort(request.sort_field, request.sort_order)
    # Of what was understood: a key without meaning makes no other search.
    mark = msgspec.json.encode([query, sort]).decode()
    return Search(query, pagination.per_page, pagination.starting_after, sort, mark)


def parse_query(value: object) -> Query:
    """A query from JSON. Raises an error of the search grammar."""
    return _query(value, level=0)


def _query(value: object, level: int) -> Query:
    if not isinstance(value, dict):
        raise InvalidQuery
    operator = value.get("operator")
    if not isinstance(operator, str):
        raise InvalidQuery
    if "field" in value:
        return _filter(value["field"], operator, value.get("value"))
    return _group(operator, value.get("value"), level + 1)


def _filter(field: object, operator: str, value: object) -> Filter:
    if not isinstance(field, str):
        raise InvalidQuery
    _check_depth(value, MAX_VALUE_LEVELS)
    return Filter(field, operator, value)


def _check_depth(value: object, levels: int) -> None:
    if not isinstance(value, dict | list):
        return
    if levels == 0:
        raise InvalidValues
    for item in value.values() if isinstance(value, dict) else value:
        _check_depth(item, levels - 1)


def _group(operator: str, items: object, level: int) -> Group:
    if not isinstance(items, list):
        raise InvalidQuery
    if operator.upper() not in {"AND", "OR"}:
        raise InvalidOperator("Composite operators must be of type AND or OR ")
    if level > MAX_GROUP_LEVELS:
        raise InvalidValues
    if len(items) > MAX_GROUP_ITEMS:
        raise InvalidValue(
            f"Number of elements in composite query is greater than {MAX_GROUP_ITEMS}, "
            "please try again with a smaller list"
        )
    if not items:
        raise InvalidQuery
    return Group(operator.upper(), tuple(_query(item, level) for item in items))


def attribute_names(query: Query) -> set[str]:
    """The custom attributes that a query asks for, whether they exist or not."""
    if isinstance(query, Group):
        return set().union(*(attribute_names(item) for item in query.queries))
    return {query.field.removeprefix(ATTRIBUTES_PREFIX)} if query.field.startswith(ATTRIBUTES_PREFIX) else set()
