"""Segments as they are on the wire."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from callbox.people.segments.queries import SegmentRow
from callbox.platform.clock import unix, unix_or_none
from callbox.wire.decode import Name

PersonType = Literal["user", "contact", "company"]


class Segment(msgspec.Struct):
    """A segment. Its `person_type` contact stands for leads, in the API's words."""

    type: Literal["segment"]
    id: str
    name: str
    created_at: int
    updated_at: int
    person_type: Literal["contact", "user"]
    count: int | UnsetType | None = UNSET


class SegmentPages(msgspec.Struct):
    """Segments come in one answer; the object is there for clients that look for it."""


class SegmentList(msgspec.Struct):
    """All segments of people, or all of companies."""

    type: Literal["segment.list"]
    segments: list[Segment]
    pages: SegmentPages


class ContactSegments(msgspec.Struct):
    """The segments that a contact is in."""

    type: Literal["list"]
    data: list[Segment]


class ListSegmentsQuery(msgspec.Struct):
    """Whether to count members; `type=company` asks for the segments of companies."""

    include_count: bool = False
    type: str | None = None


class ManagedSegment(msgspec.Struct):
    """A segment with what defines it, as the management API shows it."""

    type: Literal["segment"]
    id: str
    name: str
    person_type: str
    predicate: Raw
    count: int | None
    computed_at: int | None
    error: str | None
    created_at: int
    updated_at: int


class ManagedSegmentList(msgspec.Struct):
    """All segments with their predicates."""

    type: Literal["list"]
    data: list[ManagedSegment]


class CreateSegmentRequest(msgspec.Struct):
    """A new segment. The predicate is a query of the search language; dates may be `{"days_ago": 30}`."""

    name: Name
    person_type: PersonType
    predicate: dict[str, Any]


class UpdateSegmentRequest(msgspec.Struct):
    """What is to change of a segment."""

    name: Name | UnsetType = UNSET
    predicate: dict[str, Any] | UnsetType = UNSET


class SegmentDeleted(msgspec.Struct):
    """The answer to deleting."""

    type: Literal["segment"]
    id: str
    deleted: Literal[True]


def _shown(person_type: str) -> Literal["contact", "user"]:
    """The API has two words here and none for companies; its own examples show theirs as `user`."""
    return "contact" if person_type == "contact" else "user"


def segment_from_row(row: SegmentRow, *, with_count: bool = False) -> Segment:
    """The segment as GET shows it."""
    return Segment(
        type="segment",
        id=row.id,
        name=row.name,
        created_at=unix(row.created_at),
        updated_at=unix(row.updated_at),
        person_type=_shown(row.person_type),
        count=row.member_count if with_count else UNSET,
    )


def segment_of_company(segment_id: str, name: str, created_at: datetime, updated_at: datetime) -> Segment:
    """A segment of companies as each company in it shows it."""
    return Segment("segment", segment_id, name, unix(created_at), unix(updated_at), _shown("company"))


def managed_segment(row: SegmentRow) -> ManagedSegment:
    """The segment as the management API shows it."""
    return ManagedSegment(
        type="segment",
        id=row.id,
        name=row.name,
        person_type=row.person_type,
        predicate=Raw(row.predicate),
        count=row.member_count,
        computed_at=unix_or_none(row.computed_at),
        error=row.error,
        created_at=unix(row.created_at),
        updated_at=unix(row.updated_at),
    )
