"""The rules of segments: what they are and who may define them. Who is in them: `membership.py`."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET

from callbox.people.contacts import service as contacts
from callbox.people.segments import queries
from callbox.people.segments.membership import check_predicate, compute
from callbox.people.segments.schemas import (
    CreateSegmentRequest,
    ManagedSegment,
    Segment,
    SegmentDeleted,
    UpdateSegmentRequest,
    managed_segment,
    segment_from_row,
)
from callbox.platform import ids
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.events import Event, Topic, record, record_many
from callbox.wire.authentication import Caller
from callbox.wire.errors import NotFound
from callbox.workspace.workspaces import CalendarChanged, WorkspaceCreated

PEOPLE = ("user", "contact")
_DEFAULTS = (
    ("Active", {"field": "last_seen_at", "operator": ">", "value": {"days_ago": 30}}),
    ("New", {"field": "signed_up_at", "operator": ">", "value": {"days_ago": 7}}),
    (
        "Slipping Away",
        {
            "operator": "AND",
            "value": [
                {"field": "last_seen_at", "operator": "<", "value": {"days_ago": 30}},
                {"field": "last_seen_at", "operator": ">", "value": {"days_ago": 60}},
            ],
        },
    ),
)


class SegmentNotFound(NotFound):
    """The workspace has no such segment."""


async def create_default_segments(held: Connection, workspace_id: str, created: WorkspaceCreated) -> None:
    """A new workspace begins with the segments that clients expect to find."""
    for name, predicate in _DEFAULTS:
        segment_id = ids.object_id(created.created_at)
        encoded = msgspec.json.encode(predicate).decode()
        await queries.insert_segment.run(held, workspace_id, segment_id, name, "user", encoded, created.created_at)
        event = Event(Topic.INTERNAL_SEGMENT_CHANGED, segment_id, "{}")
        await record(held, workspace_id, event, created.created_at)


async def compute_with_other_days(held: Connection, workspace_id: str, changed: CalendarChanged) -> None:
    """Predicates ask about days, and those of the workspace are others now: its segments are computed anew."""
    rows = await queries.segments_of_kind.all(held, workspace_id, [*PEOPLE, "company"])
    events = [Event(Topic.INTERNAL_SEGMENT_CHANGED, row.id, "{}") for row in rows]
    await record_many(held, workspace_id, events, changed.at)


async def list_segments(caller: Caller, *, of_companies: bool, with_count: bool) -> list[Segment]:
    """All segments of people, or all of companies."""
    kinds = ["company"] if of_companies else list(PEOPLE)
    async with connection() as held:
        rows = await queries.segments_of_kind.all(held, caller.workspace_id, kinds)
    return [segment_from_row(row, with_count=with_count) for row in rows]


async def get_segment(caller: Caller, segment_id: str) -> Segment:
    """One segment."""
    async with connection() as held:
        row = await queries.segment_by_id.first(held, caller.workspace_id, segment_id)
    if row is None:
        raise SegmentNotFound
    return segment_from_row(row)


async def segments_of_contact(caller: Caller, contact_id: str) -> list[Segment]:
    """The segments that a live contact is in."""
    async with connection() as held:
        await contacts.require_live_contact(held, caller, contact_id)
    return await segments_of_member(caller, contact_id)


async def segments_of_member(caller: Caller, member_id: str) -> list[Segment]:
    """The segments that a contact or company is in."""
    async with connection() as held:
        rows = await queries.segments_of_member.all(held, caller.workspace_id, member_id)
    return [segment_from_row(row) for row in rows]


async def segments_named(
    held: Connection, caller: Caller, segment_ids: Sequence[str], kinds: Sequence[str]
) -> list[str]:
    """Which of these ids are segments of these kinds."""
    return await queries.segments_among.all(held, caller.workspace_id, list(segment_ids), list(kinds))


async def list_managed(caller: Caller) -> list[ManagedSegment]:
    """All segments with their predicates."""
    async with connection() as held:
        rows = await queries.segments_of_kind.all(held, caller.workspace_id, [*PEOPLE, "company"])
    return [managed_segment(row) for row in rows]


async def create_segment(caller: Caller, request: CreateSegmentRequest) -> ManagedSegment:
    """A new segment; a job that follows from this finds its members."""
    async with transaction() as held:
        await check_predicate(held, caller, request.person_type, request.predicate)
        now = caller.now()
        segment_id = ids.object_id(now)
        encoded = msgspec.json.encode(request.predicate).decode()
        await queries.insert_segment.run(
            held, caller.workspace_id, segment_id, request.name, request.person_type, encoded, now
        )
        return await _changed(held, caller, segment_id)


async def update_segment(caller: Caller, segment_id: str, request: UpdateSegmentRequest) -> ManagedSegment:
    """Rename a segment or define it anew."""
    async with transaction() as held:
        row = await queries.segment_for_update.first(held, caller.workspace_id, segment_id)
        if row is None:
            raise SegmentNotFound
        predicate = row.predicate
        if request.predicate is not UNSET:
            await check_predicate(held, caller, row.person_type, request.predicate)
            predicate = msgspec.json.encode(request.predicate).decode()
        name = row.name if request.name is UNSET else request.name
        await queries.update_segment.run(held, caller.workspace_id, segment_id, name, predicate, caller.now())
        return await _changed(held, caller, segment_id)


async def compute_segment(caller: Caller, segment_id: str) -> ManagedSegment:
    """Find the segment's members anew, at once; the answer has their number, or why they cannot be found."""
    async with transaction() as held:
        if not await compute(held, caller, segment_id):
            raise SegmentNotFound
        return managed_segment(await queries.segment_by_id.one(held, caller.workspace_id, segment_id))


async def _changed(held: Connection, caller: Caller, segment_id: str) -> ManagedSegment:
    await record(held, caller.workspace_id, Event(Topic.INTERNAL_SEGMENT_CHANGED, segment_id, "{}"), caller.now())
    return managed_segment(await queries.segment_by_id.one(held, caller.workspace_id, segment_id))


async def delete_segment(caller: Caller, segment_id: str) -> SegmentDeleted:
    """Delete a segment; the people and companies in it stay."""
    async with transaction() as held:
        if not await queries.delete_segment_row.run(held, caller.workspace_id, segment_id):
            raise SegmentNotFound
    return SegmentDeleted("segment", segment_id, deleted=True)


async def names_using_tag(held: Connection, caller: Caller, tag_id: int) -> list[str]:
    """Names of the segments whose predicate asks for a tag."""
    return await queries.segments_using_value.all(held, caller.workspace_id, "tag_id", str(tag_id), tag_id)


async def names_using_attribute(held: Connection, caller: Caller, model: str, name: str) -> list[str]:
    """Names of the segments whose predicate asks for a custom attribute."""
    kinds = ["company"] if model == "company" else list(PEOPLE)
    field = f"custom_attributes.{name}"
    return await queries.segments_using_field.all(held, caller.workspace_id, field, kinds)
