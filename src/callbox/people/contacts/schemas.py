"""Contacts as they are on the wire."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from callbox.people.contacts.queries import ContactRow
from callbox.platform.clock import unix, unix_or_none
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, WireId
from callbox.wire.pagination import CursorPages

MAX_TEXT_LENGTH = 10_000
EMBEDDED_ITEMS = 10

Text = Annotated[str, Meta(max_length=MAX_TEXT_LENGTH)]
Identifier = Annotated[str, Meta(max_length=255)]


class Location(msgspec.Struct):
    """Where the contact was last seen to be."""

    type: Literal["location"]
    country: str | None
    region: str | None
    city: str | None
    country_code: str | None
    continent_code: str | None


class Avatar(msgspec.Struct):
    """A picture; requests give its URL alone."""

    type: Literal["avatar"]
    image_url: str | None


class SocialProfile(msgspec.Struct):
    """A profile in a social network. The API cannot write one."""

    type: Literal["social_profile"]
    name: str
    url: str


class SocialProfiles(msgspec.Struct):
    """The contact's social profiles."""

    type: Literal["list"]
    data: list[SocialProfile]


class AddressableItem(msgspec.Struct):
    """A thing that hangs on a contact, by reference. It carries no name: clients fetch the list's URL."""

    id: str
    type: str
    url: str


class AddressableList(msgspec.Struct):
    """The first ten of what hangs on a contact, with the relative URL of the whole."""

    type: Literal["list"]
    data: list[AddressableItem]
    url: str
    total_count: int
    has_more: bool


class Contact(msgspec.Struct):
    """A person: a user or a lead. Every key is always present."""

    type: Literal["contact"]
    id: str
    workspace_id: str
    external_id: str | None
    role: Literal["user", "lead"]
    email: str | None
    email_domain: str | None
    phone: str | None
    formatted_phone: str | None
    name: str | None
    avatar: Avatar | None
    owner_id: int | None
    social_profiles: SocialProfiles
    has_hard_bounced: bool
    marked_email_as_spam: bool
    unsubscribed_from_emails: bool
    created_at: int
    updated_at: int
    signed_up_at: int | None
    last_seen_at: int | None
    last_replied_at: int | None
    last_contacted_at: int | None
    last_email_opened_at: int | None
    last_email_clicked_at: int | None
    language_override: str | None
    browser: str | None
    browser_version: str | None
    browser_language: str | None
    os: str | None
    location: Location
    android_app_name: str | None
    android_app_version: str | None
    android_device: str | None
    android_os_version: str | None
    android_sdk_version: str | None
    android_last_seen_at: int | None
    ios_app_name: str | None
    ios_app_version: str | None
    ios_device: str | None
    ios_os_version: str | None
    ios_sdk_version: str | None
    ios_last_seen_at: int | None
    custom_attributes: Raw
    tags: AddressableList
    notes: AddressableList
    companies: AddressableList
    opted_out_subscription_types: AddressableList
    opted_in_subscription_types: AddressableList
    utm_campaign: str | None
    utm_content: str | None
    utm_medium: str | None
    utm_source: str | None
    utm_term: str | None
    referrer: str | None


class ContactList(msgspec.Struct):
    """A page of contacts."""

    type: Literal["list"]
    data: list[Contact]
    total_count: int
    pages: CursorPages


class ContactArchived(msgspec.Struct):
    """The answer to archiving and unarchiving."""

    id: str
    external_id: str | None
    type: Literal["contact"]
    archived: bool


class ContactDeleted(msgspec.Struct):
    """The answer to deleting."""

    id: str
    external_id: str | None
    type: Literal["contact"]
    deleted: Literal[True]


class CreateContactRequest(msgspec.Struct):
    """A new contact: at least one of `email`, `external_id` and `role` identifies it."""

    role: str | None = None
    external_id: Identifier | int | None = None
    email: Identifier | None = None
    phone: Identifier | None = None
    name: Text | None = None
    avatar: Text | None = None
    signed_up_at: UnixTime | None = None
    last_seen_at: UnixTime | None = None
    owner_id: WireId | None = None
    unsubscribed_from_emails: bool | None = None
    custom_attributes: dict[str, Any] | None = None


class UpdateContactRequest(msgspec.Struct):
    """What is to change of a contact; keys that are absent stay as they are."""

    role: str | UnsetType | None = UNSET
    external_id: Identifier | int | UnsetType | None = UNSET
    email: Identifier | UnsetType | None = UNSET
    phone: Identifier | UnsetType | None = UNSET
    name: Text | UnsetType | None = UNSET
    avatar: Text | UnsetType | None = UNSET
    signed_up_at: UnixTime | UnsetType | None = UNSET
    last_seen_at: UnixTime | UnsetType | None = UNSET
    owner_id: WireId | UnsetType | None = UNSET
    unsubscribed_from_emails: bool | UnsetType | None = UNSET
    custom_attributes: dict[str, Any] | UnsetType | None = UNSET


class MergeContactsRequest(msgspec.Struct):
    """The lead `from` is merged into the user `into`."""

    source_id: WireId = msgspec.field(name="from")
    target_id: WireId = msgspec.field(name="into")


class ListContactsQuery(msgspec.Struct):
    """Where in the list to read."""

    per_page: str | None = None
    starting_after: str | None = None


class MergedFrom(msgspec.Struct):
    """The lead that went into a user; part of the event of a merge."""

    type: Literal["contact"]
    id: str


def _addressable(url: str, kind: str, path: str, ids: list[Any], total: int) -> AddressableList:
    items = [AddressableItem(str(id_), kind, f"{path}{id_}") for id_ in ids[:EMBEDDED_ITEMS]]
    return AddressableList("list", items, url, total, total > EMBEDDED_ITEMS)


def contact_from_row(caller: Caller, row: ContactRow, *, cleared_email: str | None = "") -> Contact:
    """The contact as GET shows it. An absent e-mail address reads "", but null in search results: recorded
    traffic has it so, and the reference's schema allows no null in the former."""
    url = f"/contacts/{row.id}"
    email = row.email if row.email is not None else cleared_email
    return Contact(
        "contact",
        row.id,
        caller.workspace_id,
        row.external_id,
        row.role,  # type: ignore[arg-type]
        email,
        row.email.rpartition("@")[2] if row.email else None,
        row.phone,
        row.formatted_phone,
        row.name,
        None if row.avatar_url is None else Avatar("avatar", row.avatar_url),
        row.owner_id,
        SocialProfiles("list", []),
        row.has_hard_bounced,
        row.marked_email_as_spam,
        row.unsubscribed_from_emails,
        unix(row.created_at),
        unix(row.updated_at),
        unix_or_none(row.signed_up_at),
        unix_or_none(row.last_seen_at),
        unix_or_none(row.last_replied_at),
        unix_or_none(row.last_contacted_at),
        unix_or_none(row.last_email_opened_at),
        unix_or_none(row.last_email_clicked_at),
        row.language_override,
        row.browser,
        row.browser_version,
        row.browser_language,
        row.os,
        Location(
            "location",
            row.location_country,
            row.location_region,
            row.location_city,
            row.location_country_code,
            row.location_continent_code,
        ),
        row.android_app_name,
        row.android_app_version,
        row.android_device,
        row.android_os_version,
        row.android_sdk_version,
        unix_or_none(row.android_last_seen_at),
        row.ios_app_name,
        row.ios_app_version,
        row.ios_device,
        row.ios_os_version,
        row.ios_sdk_version,
        unix_or_none(row.ios_last_seen_at),
        Raw(row.custom_attributes),
        _addressable(f"{url}/tags", "tag", "/tags/", row.tag_ids, len(row.tag_ids)),
        _addressable(f"{url}/notes", "note", "/notes/", row.note_ids, row.note_count),
        _addressable(f"{url}/companies", "company", "/companies/", row.company_ids, len(row.company_ids)),
        _addressable(
            f"{url}/subscriptions",
            "subscription",
            "/subscription_types/",
            row.opted_out_ids,
            len(row.opted_out_ids),
        ),
        _addressable(
            f"{url}/subscriptions",
            "subscription",
            "/subscription_types/",
            row.opted_in_ids,
            len(row.opted_in_ids),
        ),
        row.utm_campaign,
        row.utm_content,
        row.utm_medium,
        row.utm_source,
        row.utm_term,
        row.referrer,
    )
