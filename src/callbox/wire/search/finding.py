"""Running a search: the rows of one page, and how many there are on all of them.

Where an index leads to what is asked for, one statement, planned once, finds all of it, counts and sorts it. Else an
index in the order of the results is walked until the page is full, and what there is in all is counted; both are
planned for the values that are sent. Either way only ids are found. What is shown of them is read by a statement that
all searches share: its plan takes twenty times the memory, and would else be kept for each way of asking.
"""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from callbox.platform.database import Connection, Query, connection, searching_connection
from callbox.wire.authentication import Caller
from callbox.wire.pagination import CursorPage, CursorPages, cursor_page, cursor_pages
from callbox.wire.search.fields import IdType, Resource
from callbox.wire.search.filters import Compiled, is_look_up
from callbox.wire.search.grammar import Search
from callbox.wire.search.sorting import CompiledSort, compile_page, compile_sort, cursor_value_of


class _WithId(Protocol):
    @property
    def id(self) -> int | str: ...


Row = TypeVar("Row", bound=_WithId)


class Target(msgspec.Struct, Generic[Row], frozen=True):
    """What is looked through: those of a table's rows `c` that meet `condition`; and how rows are read by their ids."""

    name: str
    resource: Resource
    table: str
    condition: str
    id_type: IdType
    by_ids: Query[Row]
    default_per_page: int
    max_per_page: int


class Found(msgspec.Struct, Generic[Row]):
    """The rows of a page in their order, how many results there are, and where the next page begins."""

    rows: list[Row]
    total: int
    pages: CursorPages


class _Place(msgspec.Struct):
    """Where a row is in the results."""

    id: int | str
    sort_value: Any


class _CountedPlace(_Place):
    """The same, and how many places there are."""

    total: int


class _Asked(msgspec.Struct, Generic[Row]):
    """A page of a search that is ready to be run."""

    target: Target[Row]
    condition: Compiled
    sort: CompiledSort
    page: CursorPage


async def find(caller: Caller, target: Target[Row], asked: Search, condition: Compiled) -> Found[Row]:
    """Run a search; its query is compiled already, with parameters from the second on.

    Raises an error of the search grammar, PerPageTooBig, ParameterInvalid or CursorInvalid.
    """
    sort = compile_sort(target.resource, asked.sort)
    listing = f"{caller.workspace_id} {target.name}/search {asked.mark}"
    page = cursor_page(
        asked.per_page, asked.starting_after, target.default_per_page, target.max_per_page, listing=listing
    )
    ready = _Asked(target, condition, sort, page)
    is_led = page.total_count is None and is_look_up(target.resource, asked.query)
    places, total = await (_look_up if is_led else _walk)(caller, ready)
    ids = [place.id for place in places[: page.per_page]]
    async with connection() as held:
        by_id = {row.id: row for row in await target.by_ids.all(held, caller.workspace_id, ids)}
    return Found([by_id[each] for each in ids if each in by_id], total, _pages(page, places, total))


_Places = tuple[Sequence[_Place], int]


async def _look_up(caller: Caller, asked: _Asked[Row]) -> _Places:
    """The places of a first page and one more, and how many there are. All are found, since they have to be counted."""
    target, condition, sort = asked.target, asked.condition, asked.sort
    statement = Query(
        f"{target.name}_look_up",
        _CountedPlace,
        f"""
        WITH found AS MATERIALIZED (
            SELECT c.id, {sort.sql} AS sort_value
            FROM {target.table} c
            WHERE c.workspace_id = $1 AND {target.condition} AND {condition.sql}
        )
        SELECT id, sort_value, (SELECT count(*) FROM found)
        FROM found
        ORDER BY {sort.order_by("id", value="sort_value")}
        LIMIT ${len(condition.parameters) + 2}
        """,
    )
    async with connection() as held:
        places = await statement.all(held, caller.workspace_id, *condition.parameters, asked.page.per_page + 1)
    return places, places[0].total if places else 0


async def _walk(caller: Caller, asked: _Asked[Row]) -> _Places:
    """The same of any page."""
    async with searching_connection() as held:
        places = await _search(held, caller, asked)
        return places, await _total(held, caller, asked, len(places))


async def _search(held: Connection, caller: Caller, asked: _Asked[Row]) -> list[_Place]:
    target, condition, sort, page = asked.target, asked.condition, asked.sort, asked.page
    where = f"c.workspace_id = $1 AND {target.condition} AND {condition.sql}"
    parameters = condition.parameters
    if page.last_id:
        after = compile_page(sort, "c.id", page.sort_value, page.last_id, 2 + len(parameters), target.id_type)
        where, parameters = f"{where} AND {after.sql}", [*parameters, *after.parameters]
    statement = Query(
        f"{target.name}_search",
        _Place,
        f"""
        SELECT c.id, {sort.sql}
        FROM {target.table} c
        WHERE {where}
        ORDER BY {sort.order_by("c.id")}
        LIMIT ${len(parameters) + 2}
        """,
    )
    return await statement.all(held, caller.workspace_id, *parameters, page.per_page + 1)


async def _total(held: Connection, caller: Caller, asked: _Asked[Row], found: int) -> int:
    """How many meet the query; known already on further pages, and where all are on the first one."""
    if asked.page.total_count is not None:
        return asked.page.total_count
    if found <= asked.page.per_page:
        return found
    statement = Query(
        f"{asked.target.name}_search_total",
        int,
        f"""
        SELECT count(*)
        FROM {asked.target.table} c
        WHERE c.workspace_id = $1 AND {asked.target.condition} AND {asked.condition.sql}
        """,
    )
    return await statement.one(held, caller.workspace_id, *asked.condition.parameters)


def _pages(page: CursorPage, places: Sequence[_Place], total: int) -> CursorPages:
    """The pages object. A place beyond the page tells that there is a further one."""
    if len(places) <= page.per_page:
        return cursor_pages(page, total, None)
    last = places[page.per_page - 1]
    return cursor_pages(page, total, str(last.id), cursor_value_of(last.sort_value))
