"""Finding the conversations, or tickets, of a page: who they are first, by a statement simple enough to be planned
quickly, then what is shown of them, by one that is planned once for all pages.
"""

from typing import Any

import msgspec

from callbox.platform.database import Query, connection, searching_connection
from callbox.wire import search
from callbox.wire.authentication import Caller
from callbox.wire.pagination import CursorPage, CursorPages, cursor_pages
from callbox.wire.search import Compiled, CompiledSort


class Target(msgspec.Struct, frozen=True):
    """Which of the rows of conversations `c` are looked through."""

    name: str
    sql: str


class Asked(msgspec.Struct, frozen=True):
    """A search that is ready to be run. An index leads to what a look-up finds.

    How many texts have a word, the planner knows for that word alone; values of other look-ups do not matter to it.
    """

    target: Target
    condition: Compiled
    sort: CompiledSort
    page: CursorPage
    is_look_up: bool
    has_words: bool = False


class Place(msgspec.Struct):
    """A conversation's place in the results."""

    id: int
    sort_value: Any


class _CountedPlace(Place):
    """The same, and how many places there are."""

    total: int


class Found(msgspec.Struct):
    """The ids of a page in their order, where the next page begins if there is one, and how many results there are."""

    ids: list[int]
    total: int
    pages: CursorPages


async def find(caller: Caller, asked: Asked) -> Found:
    """Run a search."""
    places: list[Place]
    if asked.is_look_up and asked.page.total_count is None:
        counted = await _look_up(caller, asked)
        total = counted[0].total if counted else 0
        places = [*counted]
    else:
        places = await _search(caller, asked)
        total = await _total(caller, asked, len(places))
    shown = places[: asked.page.per_page]
    last = shown[-1] if len(places) > len(shown) else None
    value = search.cursor_value_of(last.sort_value) if last else None
    pages = cursor_pages(asked.page, total, str(last.id) if last else None, value)
    return Found([place.id for place in shown], total, pages)


async def _look_up(caller: Caller, asked: Asked) -> list[_CountedPlace]:
    """A first page and one more. All that an index leads to is found at once, since it has to be counted."""
    condition, sort = asked.condition, asked.sort
    statement = Query(
        f"{asked.target.name}_look_up",
        _CountedPlace,
        f"""
        WITH found AS MATERIALIZED (
            SELECT c.id, {sort.sql} AS sort_value
            FROM conversations c
            WHERE c.workspace_id = $1 AND {asked.target.sql} AND {condition.sql}
        )
        SELECT id, sort_value, (SELECT count(*) FROM found)
        FROM found
        ORDER BY {sort.order_by("id", value="sort_value")}
        LIMIT ${len(condition.parameters) + 2}
        """,
    )
    async with searching_connection() if asked.has_words else connection() as held:
        return await statement.all(held, caller.workspace_id, *condition.parameters, asked.page.per_page + 1)


async def _search(caller: Caller, asked: Asked) -> list[Place]:
    """The places of any page and one more, which tells whether there is a further page."""
    condition, sort, page = asked.condition, asked.sort, asked.page
    where = f"c.workspace_id = $1 AND {asked.target.sql} AND {condition.sql}"
    parameters = condition.parameters
    if page.last_id:
        after = search.compile_page(sort, "c.id", page.sort_value, page.last_id, 2 + len(parameters), "bigint")
        where, parameters = f"{where} AND {after.sql}", [*parameters, *after.parameters]
    statement = Query(
        f"{asked.target.name}_search",
        Place,
        f"""
        SELECT c.id, {sort.sql}
        FROM conversations c
        WHERE {where}
        ORDER BY {sort.order_by("c.id")}
        LIMIT ${len(parameters) + 2}
        """,
    )
    async with searching_connection() as held:
        return await statement.all(held, caller.workspace_id, *parameters, page.per_page + 1)


async def _total(caller: Caller, asked: Asked, found: int) -> int:
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
        FROM conversations c
        WHERE c.workspace_id = $1 AND {asked.target.sql} AND {asked.condition.sql}
        """,
    )
    async with searching_connection() as held:
        return await statement.one(held, caller.workspace_id, *asked.condition.parameters)
