"""What can be searched of a ticket: the search language's table of fields, and the search itself."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from callbox.platform.database import Connection, connection
from callbox.support.conversations.schemas import NOBODY_ID
from callbox.support.ticket_types.queries import DESCRIPTION, TITLE, AttributeRow, ListOptionRow
from callbox.support.ticket_types.service import find_attributes
from callbox.support.tickets import queries
from callbox.support.tickets.schemas import TicketList, ticket_from_row
from callbox.wire import search
from callbox.wire.authentication import Caller
from callbox.wire.search import Compiled, Field, FieldType, Filter, Group, Resource, Target

_MEMBERSHIP = ("=", "!=", "IN", "NIN")
_ASSIGNEES = frozenset({"admin_assignee_id", "team_assignee_id"})
_ATTRIBUTE = "ticket_attribute"
_ATTRIBUTE_TYPES = {
    "string": "string",
    "list": "string",
    "integer": "integer",
    "decimal": "float",
    "boolean": "boolean",
    "datetime": "date",
}

_TEXTS = {
    name: Field(FieldType.STRING, f"(c.ticket_attributes_folded ->> '{name}')", is_folded=True)
    for name in (TITLE, DESCRIPTION)
}

TICKETS = Resource(
    fields={
        **_TEXTS,
        "title": _TEXTS[TITLE],
        "description": _TEXTS[DESCRIPTION],
        "id": Field(FieldType.ID, "c.id", is_sortable=True, is_required=True, is_indexed=True),
        "created_at": Field(FieldType.MOMENT, "c.created_at", is_sortable=True, is_required=True),
        "updated_at": Field(FieldType.MOMENT, "c.updated_at", is_sortable=True, is_required=True),
        "snoozed_until": Field(FieldType.MOMENT, "c.snoozed_until", is_sortable=True),
        "category": Field(
            FieldType.MEMBER,
            "c.ticket_type_id IN (SELECT t.id FROM ticket_types t WHERE t.workspace_id = $1{})",
            member="t.category",
            operators=_MEMBERSHIP,
        ),
        "ticket_type_id": Field(FieldType.ID, "c.ticket_type_id"),
        "contact_ids": Field(
            FieldType.MEMBER,
            """EXISTS (
                SELECT FROM conversation_contacts m WHERE m.workspace_id = $1 AND m.conversation_id = c.id{}
            )""",
            is_indexed=True,
            member="m.contact_id",
            operators=_MEMBERSHIP,
        ),
        "teammate_ids": Field(FieldType.IDS, "c.teammate_ids", operators=_MEMBERSHIP),
        "admin_assignee_id": Field(FieldType.ID, "c.admin_assignee_id", is_indexed=True),
        "team_assignee_id": Field(FieldType.ID, "c.team_assignee_id", is_indexed=True),
        "open": Field(FieldType.BOOLEAN, "(c.state <> 'closed')"),
        "state": Field(FieldType.STRING, "c.ticket_state", is_folded=True),
    },
    attribute_prefix=_ATTRIBUTE,
    attributes_sql="c.ticket_attributes",
    folded_attributes_sql="c.ticket_attributes_folded",
    attribute_dates=FieldType.MOMENT,
)


_TICKETS = Target(
    name="tickets",
    resource=TICKETS,
    table="conversations",
    condition="c.ticket_number IS NOT NULL",
    id_type="bigint",
    by_ids=queries.tickets_by_ids,
    default_per_page=20,
    max_per_page=150,
)


async def search_tickets(caller: Caller, body: bytes) -> TicketList:
    """Tickets that meet a query, by pages."""
    asked = search.parse_search(body)
    async with connection() as held:
        condition = await _condition(held, caller, asked.query)
    found = await search.find(caller, _TICKETS, asked, condition)
    shown = [ticket_from_row(caller, row) for row in found.rows]
    return TicketList("ticket.list", found.pages, found.total, shown)


async def _condition(held: Connection, caller: Caller, query: search.Query) -> Compiled:
    """The SQL condition of a query about tickets `c`."""
    names_attributes = any(field.startswith(f"{_ATTRIBUTE}.") for field in _fields(query))
    attributes = await find_attributes(held, caller) if names_attributes else []
    known = {f"{_ATTRIBUTE}.{each.id}": each for each in attributes if each.data_type in _ATTRIBUTE_TYPES}
    return search.compile_filter(
        TICKETS,
        _rewritten(query, known),
        attribute_types={each.key: _ATTRIBUTE_TYPES[each.data_type] for each in known.values()},
        timezone=caller.timezone,
        first_parameter=2,
    )


def _fields(query: search.Query) -> Iterator[str]:
    if isinstance(query, Group):
        for item in query.queries:
            yield from _fields(item)
    else:
        yield query.field


def _rewritten(query: search.Query, known: dict[str, AttributeRow]) -> search.Query:
    """The query in what is stored: attributes by their keys, list items by their ids, nobody as null."""
    if isinstance(query, Group):
        return Group(query.operator, tuple(_rewritten(item, known) for item in query.queries))
    if query.field in _ASSIGNEES and query.operator in _MEMBERSHIP:
        return Filter(query.field, query.operator, _mapped(query.value, {NOBODY_ID: None}))
    attribute = known.get(query.field)
    if attribute is None:
        return query
    named = Filter(f"{_ATTRIBUTE}.{attribute.key}", query.operator, query.value)
    return _of_options(named, attribute.options) if attribute.data_type == "list" else named


_MEETS: dict[str, Callable[[str, str], bool]] = {
    "=": str.__eq__,
    "~": str.__contains__,
    "^": str.startswith,
    "$": str.endswith,
}
_OPPOSITES = {"!=": "=", "!~": "~"}


def _of_options(query: Filter, options: Sequence[ListOptionRow]) -> Filter:
    """A comparison with items of a list as one with their ids: they are meant by id, or by label in any case.

    What cannot be compared stays as it is, to be refused as such.
    """
    values = query.value if query.operator in {"IN", "NIN"} else [query.value]
    meets = _MEETS.get(_OPPOSITES.get(query.operator, query.operator), str.__eq__)
    if not _are_labels(query, values):
        return query
    wanted = [value.lower() for value in values if value is not None]
    ids = [
        option.id
        for option in options
        if option.id in values or any(meets(option.label.lower(), value) for value in wanted)
    ]
    is_negated = query.operator in {"NIN", *_OPPOSITES}
    return Filter(query.field, "NIN" if is_negated else "IN", [*ids, None] if None in values else ids)


def _are_labels(query: Filter, values: object) -> bool:
    if query.operator not in {"IN", "NIN", *_MEETS, *_OPPOSITES} or not isinstance(values, list):
        return False
    may_be = str | None if query.operator in _MEMBERSHIP else str
    return all(isinstance(each, may_be) for each in values)


def _mapped(value: Any, to: dict[str, Any]) -> Any:
    """A value or a list of values, with some put for others."""
    if isinstance(value, list):
        return [_mapped(each, to) for each in value]
    return to.get(str(value), value) if isinstance(value, str | int) else value
