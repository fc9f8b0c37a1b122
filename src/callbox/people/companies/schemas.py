"""Companies as they are on the wire."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from callbox.people.companies.queries import CompanyRow
from callbox.people.contacts.schemas import MAX_TEXT_LENGTH, Contact
from callbox.people.segments.schemas import Segment, segment_of_company
from callbox.platform.clock import unix
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, WireId
from callbox.wire.pagination import CursorPages, UrlPages

Text = Annotated[str, Meta(max_length=255)]
# Any string, says the reference.
Website = Annotated[str, Meta(max_length=MAX_TEXT_LENGTH)]


class Plan(msgspec.Struct, omit_defaults=True):
    """What the company pays for; `{}` where it has none."""

    type: Literal["plan"] | UnsetType = UNSET
    id: str | UnsetType = UNSET
    name: str | UnsetType = UNSET


class CompanyTag(msgspec.Struct):
    """A tag on a company."""

    type: Literal["tag"]
    id: str
    name: str


class CompanyTags(msgspec.Struct):
    """The tags on a company."""

    type: Literal["tag.list"]
    tags: list[CompanyTag]


class CompanySegments(msgspec.Struct):
    """The segments that a company is in."""

    type: Literal["segment.list"]
    segments: list[Segment]


class Company(msgspec.Struct, kw_only=True):
    """A company. `last_request_at`, `size`, `website` and `industry` are absent while unset, as recorded."""

    type: Literal["company"]
    company_id: str
    id: str
    app_id: str
    name: str
    remote_created_at: int
    created_at: int
    updated_at: int
    last_request_at: int | UnsetType = UNSET
    monthly_spend: int
    session_count: int
    user_count: int
    size: int | UnsetType = UNSET
    website: str | UnsetType = UNSET
    industry: str | UnsetType = UNSET
    tags: CompanyTags
    segments: CompanySegments
    plan: Plan
    custom_attributes: Raw


class CompanyList(msgspec.Struct):
    """A page of companies."""

    type: Literal["list"]
    data: list[Company]
    pages: UrlPages
    total_count: int


class ContactCompanies(msgspec.Struct):
    """A contact's companies under both keys: the schema and SDKs read one, recorded clients the other."""

    type: Literal["list"]
    data: list[Company]
    companies: list[Company]
    pages: UrlPages
    total_count: int


class CompanyScroll(msgspec.Struct):
    """A part of a scroll; without `scroll_param` it was the last."""

    type: Literal["list"]
    data: list[Company]
    pages: None
    total_count: None
    scroll_param: str | UnsetType = UNSET


class CompanyContacts(msgspec.Struct):
    """A page of the contacts of a company."""

    type: Literal["list"]
    data: list[Contact]
    total_count: int
    pages: CursorPages


class CompanySegmentList(msgspec.Struct):
    """The segments of a company, in full."""

    type: Literal["list"]
    data: list[Segment]


class CompanyDeleted(msgspec.Struct):
    """The answer to deleting."""

    id: str
    object: Literal["company"]
    deleted: Literal[True]


class CompanyContactEvent(msgspec.Struct):
    """What is told when a contact is attached to a company or detached from it."""

    company: Company
    contact: Contact


class CompanyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A company to create or update; keys that are absent stay as they are."""

    company_id: Text | int | UnsetType | None = UNSET
    name: Text | UnsetType | None = UNSET
    plan: Text | UnsetType | None = UNSET
    size: int | float | str | UnsetType | None = UNSET
    website: Website | UnsetType | None = UNSET
    industry: Text | UnsetType | None = UNSET
    custom_attributes: dict[str, Any] | UnsetType | None = UNSET
    remote_created_at: UnixTime | UnsetType | None = UNSET
    monthly_spend: int | float | UnsetType | None = UNSET


class AttachCompanyRequest(msgspec.Struct):
    """The company, by the id that Callbox gave it."""

    id: WireId | None = None


class FindCompaniesQuery(msgspec.Struct):
    """One company by key, or a list."""

    name: str | None = None
    company_id: str | None = None
    tag_id: str | None = None
    segment_id: str | None = None
    page: str | None = None
    per_page: str | None = None


class ListCompaniesQuery(msgspec.Struct):
    """A page of the list; `order` by the last request: asc or desc."""

    page: str | None = None
    per_page: str | None = None
    order: str | None = None


class ScrollQuery(msgspec.Struct):
    """Absent or empty: open a scroll."""

    scroll_param: str | None = None


class CompanyContactsQuery(msgspec.Struct):
    """A page by its number, or the one that follows a cursor."""

    page: str | None = None
    per_page: str | None = None
    starting_after: str | None = None


def company_from_row(caller: Caller, row: CompanyRow) -> Company:
    """The company as GET shows it."""
    plan = Plan() if row.plan_id is None else Plan("plan", str(row.plan_id), row.plan_name or "")
    tags = [CompanyTag("tag", str(tag_id), name) for tag_id, name in row.tags]
    return Company(
        type="company",
        company_id=row.company_id,
        id=row.id,
        app_id=caller.workspace_id,
        name=row.name,
        remote_created_at=unix(row.remote_created_at),
        created_at=unix(row.created_at),
        updated_at=unix(row.updated_at),
        last_request_at=UNSET if row.last_request_at is None else unix(row.last_request_at),
        monthly_spend=row.monthly_spend,
        session_count=row.session_count,
        user_count=row.user_count,
        size=UNSET if row.size is None else row.size,
        website=UNSET if row.website is None else row.website,
        industry=UNSET if row.industry is None else row.industry,
        tags=CompanyTags("tag.list", tags),
        segments=CompanySegments("segment.list", [segment_of_company(*segment) for segment in row.segments]),
        plan=plan,
        custom_attributes=Raw(row.custom_attributes),
    )
