"""Visitors as they are on the wire."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from callbox.people.contacts.schemas import MAX_TEXT_LENGTH, Avatar
from callbox.people.visitors.queries import VisitorRow
from callbox.platform.clock import unix, unix_or_none
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId

Text = Annotated[str, Meta(max_length=255)]
Address = Annotated[str, Meta(max_length=MAX_TEXT_LENGTH)]


class VisitorCompanies(msgspec.Struct):
    """Visitors are in no company."""

    type: Literal["company.list"]
    companies: list[Any]


class VisitorSocialProfiles(msgspec.Struct):
    """Visitors have no profiles."""

    type: Literal["social_profile.list"]
    social_profiles: list[Any]


class VisitorTags(msgspec.Struct):
    """Visitors are not tagged."""

    type: Literal["tag.list"]
    tags: list[Any]


class VisitorSegments(msgspec.Struct):
    """Visitors are in no segment."""

    type: Literal["segment.list"]
    segments: list[Any]


class LocationData(msgspec.Struct, omit_defaults=True):
    """Where the visitor is, as far as that is known; `{}` where nothing is."""

    type: Literal["location_data"] | UnsetType = UNSET
    country_name: str | UnsetType = UNSET
    region_name: str | UnsetType = UNSET
    city_name: str | UnsetType = UNSET
    country_code: str | UnsetType = UNSET
    continent_code: str | UnsetType = UNSET


class Visitor(msgspec.Struct):
    """Somebody on the customer's site who has not said who they are."""

    type: Literal["visitor"]
    id: str
    user_id: str
    anonymous: bool
    email: str
    phone: str | None
    name: str | None
    pseudonym: str | None
    avatar: Avatar
    app_id: str
    companies: VisitorCompanies
    location_data: LocationData
    last_request_at: int | None
    created_at: int
    remote_created_at: int
    signed_up_at: int
    updated_at: int
    session_count: int
    social_profiles: VisitorSocialProfiles
    owner_id: str | None
    unsubscribed_from_emails: bool
    marked_email_as_spam: bool
    has_hard_bounced: bool
    tags: VisitorTags
    segments: VisitorSegments
    custom_attributes: Raw
    referrer: str | None
    utm_campaign: str | None
    utm_content: str | None
    utm_medium: str | None
    utm_source: str | None
    utm_term: str | None
    do_not_track: bool | None


class VisitorDeleted(msgspec.Struct):
    """The answer to deleting."""

    id: str
    type: Literal["visitor"]
    user_id: str


class FindVisitorQuery(msgspec.Struct):
    """Which visitor."""

    user_id: str | None = None


class UpdateVisitorRequest(msgspec.Struct):
    """What is to change of a visitor, who is named by `id` or `user_id`."""

    id: WireId | None = None
    user_id: WireId | None = None
    name: Text | UnsetType | None = UNSET
    custom_attributes: dict[str, Any] | UnsetType | None = UNSET


class PersonKey(msgspec.Struct):
    """A person by one of their identifiers."""

    id: WireId | None = None
    user_id: WireId | None = None
    email: Text | None = None


class ConvertVisitorRequest(msgspec.Struct):
    """The visitor becomes the user, or a contact of the given type."""

    visitor: PersonKey
    type: str | None = None
    user: PersonKey | None = None


class CreateVisitorRequest(msgspec.Struct):
    """A visitor, as the messenger would make one."""

    name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    avatar: Address | None = None
    country: Text | None = None
    region: Text | None = None
    city: Text | None = None
    custom_attributes: dict[str, Any] | None = None
    referrer: Address | None = None
    utm_campaign: Text | None = None
    utm_content: Text | None = None
    utm_medium: Text | None = None
    utm_source: Text | None = None
    utm_term: Text | None = None


def _location(row: VisitorRow) -> LocationData:
    places = {
        "country_name": row.location_country,
        "region_name": row.location_region,
        "city_name": row.location_city,
        "country_code": row.location_country_code,
        "continent_code": row.location_continent_code,
    }
    known = {name: place for name, place in places.items() if place is not None}
    return LocationData("location_data", **known) if known else LocationData()


def visitor_from_row(caller: Caller, row: VisitorRow) -> Visitor:
    """The visitor as GET shows it."""
    return Visitor(
        type="visitor",
        id=row.id,
        user_id=row.user_id,
        anonymous=True,
        email=row.email or "",
        phone=row.phone,
        name=row.name,
        pseudonym=row.pseudonym,
        avatar=Avatar("avatar", row.avatar_url),
        app_id=caller.workspace_id,
        companies=VisitorCompanies("company.list", []),
        location_data=_location(row),
        last_request_at=unix_or_none(row.last_request_at),
        created_at=unix(row.created_at),
        remote_created_at=unix(row.remote_created_at),
        signed_up_at=unix(row.signed_up_at),
        updated_at=unix(row.updated_at),
        session_count=row.session_count,
        social_profiles=VisitorSocialProfiles("social_profile.list", []),
        owner_id=None if row.owner_id is None else str(row.owner_id),
        unsubscribed_from_emails=row.unsubscribed_from_emails,
        marked_email_as_spam=row.marked_email_as_spam,
        has_hard_bounced=row.has_hard_bounced,
        tags=VisitorTags("tag.list", []),
        segments=VisitorSegments("segment.list", []),
        custom_attributes=Raw(row.custom_attributes),
        referrer=row.referrer,
        utm_campaign=row.utm_campaign,
        utm_content=row.utm_content,
        utm_medium=row.utm_medium,
        utm_source=row.utm_source,
        utm_term=row.utm_term,
        do_not_track=row.do_not_track,
    )
