"""What can be searched of a contact: the search language's table of fields, and the search itself."""

from callbox.people.contacts.queries import CONTACT_COLUMNS, ContactRow
from callbox.people.contacts.schemas import ContactList, contact_from_row
from callbox.people.contacts.service import DEFAULT_PER_PAGE, MAX_PER_PAGE
from callbox.people.data_attributes.values import attribute_types
from callbox.platform.database import Connection, Query, connection
from callbox.wire import search
from callbox.wire.authentication import Caller
from callbox.wire.pagination import CursorPage, cursor_page, cursor_pages
from callbox.wire.search import Compiled, CompiledSort, Field, FieldType, Resource

_STRINGS = {
    name: Field(FieldType.STRING, f"c.{column}", is_sortable=name == column)
    for name, column in {
        "avatar": "avatar_url",
        "formatted_phone": "formatted_phone",
        "external_id": "external_id",
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
        "id": Field(FieldType.STRING, "c.id", is_folded=True, is_sortable=True, is_required=True),
        "role": Field(FieldType.STRING, "c.role", is_folded=True, is_sortable=True, is_required=True),
        "phone": Field(FieldType.STRING, "c.phone", is_sortable=True),
        "name": Field(FieldType.STRING, "c.name", is_sortable=True),
        "email": Field(FieldType.STRING, "c.email", is_folded=True, is_sortable=True),
        "email_domain": Field(FieldType.STRING, "split_part(c.email, '@', 2)", is_folded=True),
        "owner_id": Field(FieldType.INTEGER, "c.owner_id", is_sortable=True),
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


async def search_contacts(caller: Caller, body: bytes) -> ContactList:
    """Live contacts that meet a query, by pages."""
    asked = search.parse_search(body)
    sort = search.compile_sort(CONTACTS, asked.sort)
    listing = f"{caller.workspace_id} contacts/search {asked.mark}"
    page = cursor_page(asked.per_page, asked.starting_after, DEFAULT_PER_PAGE, MAX_PER_PAGE, listing=listing)
    async with connection() as held:
        condition = await contact_condition(held, caller, asked.query, first_parameter=2)
        rows = await _rows(held, caller, condition, sort, page)
        total = page.total_count
        if total is None:
            total = await _total(held, caller, condition, page, len(rows))
    shown = rows[: page.per_page]
    last = shown[-1] if len(rows) > page.per_page else None
    pages = cursor_pages(
        page, total, last.id if last else None, search.cursor_value_of(getattr(last, sort.field)) if last else None
    )
    return ContactList("list", [contact_from_row(caller, row, cleared_email=None) for row in shown], total, pages)


async def contact_condition(held: Connection, caller: Caller, query: search.Query, *, first_parameter: int) -> Compiled:
    """The SQL condition of a query about contacts `c`."""
    types = await attribute_types(held, caller.workspace_id, "contact") if _names_attributes(query) else {}
    return search.compile_filter(
        CONTACTS, query, attribute_types=types, timezone=caller.timezone, first_parameter=first_parameter
    )


def _names_attributes(query: search.Query) -> bool:
    if isinstance(query, search.Group):
        return any(_names_attributes(item) for item in query.queries)
    return query.field.startswith("custom_attributes.")


async def _rows(
    held: Connection, caller: Caller, condition: Compiled, sort: CompiledSort, page: CursorPage
) -> list[ContactRow]:
    """The page's rows and one more, which tells whether there is a further page."""
    next_parameter = 2 + len(condition.parameters)
    after = Compiled("true", [])
    if page.last_id:
        after = search.compile_page(sort, "c.id", page.sort_value, page.last_id, next_parameter)
    parameters = [*condition.parameters, *after.parameters]
    statement = Query(
        "contacts_search",
        ContactRow,
        f"""
        SELECT {CONTACT_COLUMNS}
        FROM contacts c
        WHERE c.workspace_id = $1 AND c.state = 'live' AND {condition.sql} AND {after.sql}
        ORDER BY {sort.order_by("c.id")}
        LIMIT ${len(parameters) + 2}
        """,
    )
    return await statement.all(held, caller.workspace_id, *parameters, page.per_page + 1)


async def _total(held: Connection, caller: Caller, condition: Compiled, page: CursorPage, found: int) -> int:
    """How many meet the query; known already where all are on the first page."""
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
