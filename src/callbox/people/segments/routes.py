"""Segments over HTTP, in the order of the reference; below them what only the management API does."""

from litestar.types import HTTPScope

from callbox.people.contacts.service import ContactNotFound
from callbox.people.segments import service
from callbox.people.segments.schemas import (
    ContactSegments,
    CreateSegmentRequest,
    ListSegmentsQuery,
    ManagedSegment,
    ManagedSegmentList,
    Segment,
    SegmentDeleted,
    SegmentList,
    SegmentPages,
    UpdateSegmentRequest,
)
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation

GROUP = "Segments"


@operation("GET", "/segments", group=GROUP, query=ListSegmentsQuery)
async def list_segments(scope: HTTPScope) -> SegmentList:
    """List the segments of people, or with `type=company` those of companies."""
    query = decode_query(scope["query_string"], ListSegmentsQuery)
    segments = await service.list_segments(
        caller_of(scope), of_companies=query.type == "company", with_count=query.include_count
    )
    return SegmentList("segment.list", segments, SegmentPages())


@operation("GET", "/segments/{segment_id:str}", group=GROUP, errors=[service.SegmentNotFound])
async def get_segment(segment_id: str, scope: HTTPScope) -> Segment:
    """Read a segment."""
    return await service.get_segment(caller_of(scope), segment_id)


@operation("GET", "/contacts/{contact_id:str}/segments", group=GROUP, errors=[ContactNotFound])
async def segments_of_contact(contact_id: str, scope: HTTPScope) -> ContactSegments:
    """List the segments that a contact is in."""
    return ContactSegments("list", await service.segments_of_contact(caller_of(scope), contact_id))


@operation("GET", "/manage/v1/segments", group=GROUP)
async def list_managed_segments(scope: HTTPScope) -> ManagedSegmentList:
    """List all segments with their predicates."""
    return ManagedSegmentList("list", await service.list_managed(caller_of(scope)))


@operation(
    "POST",
    "/manage/v1/segments",
    group=GROUP,
    request=CreateSegmentRequest,
    example={
        "name": "Paying and here",
        "person_type": "user",
        "predicate": {
            "operator": "AND",
            "value": [
                {"field": "custom_attributes.plan", "operator": "=", "value": "pro"},
                {"field": "last_seen_at", "operator": ">", "value": {"days_ago": 14}},
            ],
        },
    },
)
async def create_segment(body: bytes, scope: HTTPScope) -> ManagedSegment:
    """Create a segment; its members are found within moments."""
    return await service.create_segment(caller_of(scope), decode(body, CreateSegmentRequest))


@operation(
    "PUT",
    "/manage/v1/segments/{segment_id:str}",
    group=GROUP,
    request=UpdateSegmentRequest,
    errors=[service.SegmentNotFound],
    example={"name": "Paying"},
)
async def update_segment(segment_id: str, body: bytes, scope: HTTPScope) -> ManagedSegment:
    """Rename a segment or define it anew."""
    return await service.update_segment(caller_of(scope), segment_id, decode(body, UpdateSegmentRequest))


@operation("POST", "/manage/v1/segments/{segment_id:str}/compute", group=GROUP, errors=[service.SegmentNotFound])
async def compute_segment(segment_id: str, scope: HTTPScope) -> ManagedSegment:
    """Find a segment's members anew, now."""
    return await service.compute_segment(caller_of(scope), segment_id)


@operation("DELETE", "/manage/v1/segments/{segment_id:str}", group=GROUP, errors=[service.SegmentNotFound])
async def delete_segment(segment_id: str, scope: HTTPScope) -> SegmentDeleted:
    """Delete a segment; the people and companies in it stay."""
    return await service.delete_segment(caller_of(scope), segment_id)


ROUTES = [list_segments, get_segment, segments_of_contact]
MANAGE_ROUTES = [list_managed_segments, create_segment, update_segment, compute_segment, delete_segment]
