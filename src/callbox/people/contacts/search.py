"""What can be searched of a contact: the search language's table of fields, and the search itself."""

from callbox.people.contacts.queries import contacts_by_ids
from callbox.people.contacts.schemas import ContactList, contact_from_row
from callbox.people.contacts.service import DEFAULT_PER_PAGE, MAX_PER_PAGE
from callbox.people.data_attributes.values import types_for_search
from callbox.platform.database import Connection, connection
from callbox.wire import search
from callbox.wire.authentication import Caller
from callbox.wire.search import Compiled, Field, FieldType, Resource, Target

_STRINGS = {
    name: Field(FieldType.STRING, f"c.{column}", is_sortable=name == column)
    for name, column in {
        "avatar": "avatar_url",
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
        "formatted_phone": Field(FieldType.STRING, "c.formatted_phone", is_sortable=True, is_indexed=True),
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


_CONTACTS = Target(
    name="contacts",
    resource=CONTACTS,
    table="contacts",
    condition="c.state = 'live'",
    id_type="text",
    by_ids=contacts_by_ids,
    default_per_page=DEFAULT_PER_PAGE,
    max_per_page=MAX_PER_PAGE,
)


async def search_contacts(caller: Caller, body: bytes) -> ContactList:
    """Live contacts that meet a query, by pages."""
    asked = search.parse_search(body)
    async with connection() as held:
        condition = await contact_condition(held, caller, asked.query, first_parameter=2)
    found = await search.find(caller, _CONTACTS, asked, condition)
    shown = [contact_from_row(caller, row, cleared_email=None) for row in found.rows]
    return ContactList("list", shown, found.total, found.pages)


async def contact_condition(held: Connection, caller: Caller, query: search.Query, *, first_parameter: int) -> Compiled:
    """The SQL condition of a query about contacts `c`."""
    names = search.attribute_names(query)
    types = await types_for_search(held, caller.workspace_id, "contact", names) if names else {}
    return search.compile_filter(
        CONTACTS, query, attribute_types=types, timezone=caller.timezone, first_parameter=first_parameter
    )
