"""What can be searched of a contact: the search language's table of fields, and the search itself."""

from datetime import datetime

import msgspec

from callbox.people.contacts.queries import CONTACT_COLUMNS, ContactRow, contacts_by_ids
from callbox.people.contacts.schemas import ContactList, contact_from_row
from callbox.people.contacts.service import DEFAULT_PER_PAGE, MAX_PER_PAGE
from callbox.people.data_attributes.values import types_for_search
from callbox.platform.database import Connection, Query, connection, searching_connection
from callbox.wire import search
from callbox.wire.authentication import Caller
from callbox.wire.pagination import CursorPage, cursor_page, cursor_pages
from callbox.wire.search import Compiled, CompiledSort, Field, FieldType, Resource

_STRINGS = {
    name: Field(FieldType.STRING, f"c.{column}", is_sortable=name == column)
    for name, column in {
        "avatar": "avatar_url",
        "formatted_phone": "formatted_phone",
        "language_override": "language_override",
        "browser": "browser",
        "browser_language": "browser_language",
        "os": "os",
        "location.country": "location_country",
        "location.region": "location_region",
        "location.city": "location_city",
        "ios_app_version": "ios_app_version",
        "ios_device": "ios_device",
        "ios_app_device": "ios_device",
        "ios_os_version": "ios_os_version",
        "ios_app_name": "ios_app_name",
        "ios_sdk_version": "ios_sdk_version",
        "android_app_version": "android_app_version",
        "android_device": "android_device",
        "android_app_name": "android_app_name",
        # The reference spells one field wrongly, and clients copy it.
        "andoid_sdk_version": "android_sdk_version",
        "android_sdk_version": "android_sdk_version",
        "android_os_version": "android_os_version",
    }.items()
}
_TIMES = {
    name: Field(FieldType.DAY, f"c.{name}", is_sortable=True)
    for name in (
        "signed_up_at",
        "last_seen_at",
        "last_contacted_at",
        "last_replied_at",
        "last_email_opened_at",
        "last_email_clicked_at",
        "ios_last_seen_at",
        "android_last_seen_at",
    )
}

CONTACTS = Resource(
    fields={
        **_STRINGS,
        **_TIMES,
        "id": Field(FieldType.STRING, "c.id", is_folded=True, is_sortable=True, is_required=True, is_indexed=True),
        "role": Field(FieldType.STRING, "c.role", is_folded=True, is_sortable=True, is_required=True),
        "external_id": Field(FieldType.STRING, "c.external_id", is_sortable=True, is_indexed=True),
        "phone": Field(FieldType.STRING, "c.phone", is_sortable=True, is_indexed=True),
        "name": Field(FieldType.STRING, "c.name", is_sortable=True),
        "email": Field(FieldType.STRING, "c.email", is_folded=True, is_sortable=True, is_indexed=True),
        "email_domain": Field(FieldType.STRING, "split_part(c.email, '@', 2)", is_folded=True, is_indexed=True),
        "owner_id": Field(FieldType.INTEGER, "c.owner_id", is_sortable=True, is_indexed=True),
        "created_at": Field(FieldType.DAY, "c.created_at", is_sortable=True, is_required=True),
        "updated_at": Field(FieldType.DAY, "c.updated_at", is_sortable=True, is_required=True),
        "unsubscribed_from_emails": Field(FieldType.BOOLEAN, "c.unsubscribed_from_emails"),
        "marked_email_as_spam": Field(FieldType.BOOLEAN, "c.marked_email_as_spam"),
        "has_hard_bounced": Field(FieldType.BOOLEAN, "c.has_hard_bounced"),
        "tag_id": Field(
            FieldType.MEMBER,
            "c.id IN (SELECT t.contact_id FROM contact_tags t WHERE t.workspace_id = $1{})",
            member="t.tag_id",
            member_type="bigint",
        ),
        "segment_id": Field(
            FieldType.MEMBER,
            "c.id IN (SELECT m.member_id FROM segment_members m WHERE m.workspace_id = $1{})",
            member="m.segment_id",
            operators=("=", "!=", "IN", "NIN"),
        ),
    },
    attributes_sql="c.custom_attributes",
    folded_attributes_sql="c.custom_attributes_folded",
)


class _CountedRow(ContactRow):
    """A contact, and how many there are with it."""

    total_count: int = 0


class _Found(msgspec.Struct):
    """A contact's place in the results."""

    id: str
    sort_value: datetime | str | int | None


async def search_contacts(caller: Caller, body: bytes) -> ContactList:
    """Live contacts that meet a query, by pages."""
    asked = search.parse_search(body)
    sort = search.compile_sort(CONTACTS, asked.sort)
    listing = f"{caller.workspace_id} contacts/search {asked.mark}"
    page = cursor_page(asked.per_page, asked.starting_after, DEFAULT_PER_PAGE, MAX_PER_PAGE, listing=listing)
    async with connection() as held:
        condition = await contact_condition(held, caller, asked.query, first_parameter=2)
    is_look_up = page.total_count is None and search.is_look_up(CONTACTS, asked.query)
    rows, last, total = await (_look_up if is_look_up else _search)(caller, condition, sort, page)
    value = search.cursor_value_of(last.sort_value) if last else None
    pages = cursor_pages(page, total, last.id if last else None, value)
    return ContactList("list", [contact_from_row(caller, row, cleared_email=None) for row in rows], total, pages)


async def contact_condition(held: Connection, caller: Caller, query: search.Query, *, first_parameter: int) -> Compiled:
    """The SQL condition of a query about contacts `c`."""
    names = search.attribute_names(query)
    types = await types_for_search(held, caller.workspace_id, "contact", names) if names else {}
    return search.compile_filter(
        CONTACTS, query, attribute_types=types, timezone=caller.timezone, first_parameter=first_parameter
    )


_Page = tuple[list[ContactRow], _Found | None, int]


async def _look_up(caller: Caller, condition: Compiled, sort: CompiledSort, page: CursorPage) -> _Page:
    """The rows of a first page, its last one if there are more, and how many there are.

    All that an index leads to is found at once, since it has to be counted. So the values do not matter for the plan.
    """
    statement = Query(
        "contacts_look_up",
        _CountedRow,
        f"""
        WITH found AS MATERIALIZED (
            SELECT c.id, {sort.sql} AS sort_value
            FROM contacts c
            WHERE c.workspace_id = $1 AND c.state = 'live' AND {condition.sql}
        ), page AS (
            SELECT id
            FROM found
            ORDER BY {sort.order_by("id", value="sort_value")}
            LIMIT ${len(condition.parameters) + 2}
        )
        SELECT {CONTACT_COLUMNS}, (SELECT count(*) FROM found)
        FROM page
        JOIN contacts c ON c.workspace_id = $1 AND c.id = page.id
        ORDER BY {sort.order_by("c.id")}
        """,
    )
    async with connection() as held:
        rows = await statement.all(held, caller.workspace_id, *condition.parameters, page.per_page + 1)
    shown = rows[: page.per_page]
    last = _Found(shown[-1].id, getattr(shown[-1], sort.field)) if len(rows) > page.per_page else None
    return [*shown], last, rows[0].total_count if rows else 0


async def _search(caller: Caller, condition: Compiled, sort: CompiledSort, page: CursorPage) -> _Page:
    """The same of any page and whatever is asked for: first who is on it, by a statement that is planned for its values
    and so has to be simple, then their rows."""
    where = f"c.workspace_id = $1 AND c.state = 'live' AND {condition.sql}"
    parameters = condition.parameters
    if page.last_id:
        after = search.compile_page(sort, "c.id", page.sort_value, page.last_id, 2 + len(parameters))
        where, parameters = f"{where} AND {after.sql}", [*parameters, *after.parameters]
    statement = Query(
        "contacts_search",
        _Found,
        f"""
        SELECT c.id, {sort.sql}
        FROM contacts c
        WHERE {where}
        ORDER BY {sort.order_by("c.id")}
        LIMIT ${len(parameters) + 2}
        """,
    )
    async with searching_connection() as held:
        found = await statement.all(held, caller.workspace_id, *parameters, page.per_page + 1)
        total = await _total(held, caller, condition, page, len(found))
    shown = found[: page.per_page]
    async with connection() as held:
        rows = await contacts_by_ids.all(held, caller.workspace_id, [each.id for each in shown])
    by_id = {row.id: row for row in rows}
    return [by_id[each.id] for each in shown if each.id in by_id], shown[-1] if len(found) > len(shown) else None, total


async def _total(held: Connection, caller: Caller, condition: Compiled, page: CursorPage, found: int) -> int:
    """How many meet the query; known already on further pages, and where all are on the first one."""
    if page.total_count is not None:
        return page.total_count
    if found <= page.per_page:
        return found
    statement = Query(
        "contacts_search_total",
        int,
        f"""
        SELECT count(*)
        FROM contacts c
        WHERE c.workspace_id = $1 AND c.state = 'live' AND {condition.sql}
        """,
    )
    return await statement.one(held, caller.workspace_id, *condition.parameters)
