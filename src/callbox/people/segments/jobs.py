"""The work that follows from events: members of segments are found anew where something touched them.

Only the worker imports this module.
"""

from collections.abc import Sequence
from itertools import groupby

import msgspec

from callbox.people.segments import membership, queries
from callbox.platform.database import Connection
from callbox.platform.events import Topic
from callbox.platform.jobs import Job, RelayedEvent, Schedule, Work, enqueue

# Contacts of one piece of work: enough to be set-based, few enough to hold a segment only for moments.
_CHUNK = 500
# The companies of these contacts count one more or fewer.
_COMES_OR_GOES = frozenset(
    {Topic.CONTACT_ARCHIVED, Topic.CONTACT_DELETED, Topic.CONTACT_MERGED, Topic.CONTACT_UNARCHIVE}
)


class SegmentToCompute(msgspec.Struct):
    """A segment that is new, was defined anew, or looks back on days that have passed."""

    workspace_id: str
    segment_id: str


class MembersToCompute(msgspec.Struct):
    """Contacts, or companies, that something touched."""

    workspace_id: str
    member_ids: list[str]
    of_companies: bool


class _Reference(msgspec.Struct):
    id: str


class _Named(msgspec.Struct):
    """What an event's item names besides its own object."""

    merged_from: _Reference | None = None
    contact: _Reference | None = None


class _Touched(msgspec.Struct):
    """Ids in the order in which they were touched first."""

    segments: dict[str, None] = {}
    contacts: dict[str, None] = {}
    companies: dict[str, None] = {}
    coming_or_going: dict[str, None] = {}


async def on_events(held: Connection, events: Sequence[RelayedEvent]) -> None:
    """Enqueue what the events make necessary; each segment, contact and company once a batch and workspace."""
    by_workspace = sorted(events, key=lambda event: event.workspace_id)
    work: list[Work] = []
    for workspace_id, of_workspace in groupby(by_workspace, key=lambda event: event.workspace_id):
        touched = _touched_by(list(of_workspace))
        if touched.coming_or_going:
            companies = await queries.companies_of_contacts.all(held, workspace_id, list(touched.coming_or_going))
            touched.companies |= dict.fromkeys(companies)
        work += _work(workspace_id, touched)
    await enqueue(held, work)


def _touched_by(events: Sequence[RelayedEvent]) -> _Touched:
    touched = _Touched()
    for event in events:
        if event.topic == Topic.INTERNAL_SEGMENT_CHANGED:
            touched.segments[event.item_id] = None
        elif event.topic.startswith(("contact.", "company.")):
            _note(touched, event)
    return touched


def _note(touched: _Touched, event: RelayedEvent) -> None:
    of_contact = event.topic.startswith("contact.")
    (touched.contacts if of_contact else touched.companies)[event.item_id] = None
    if event.topic in _COMES_OR_GOES:
        touched.coming_or_going[event.item_id] = None
    if event.topic in {Topic.CONTACT_MERGED, Topic.COMPANY_CONTACT_ATTACHED, Topic.COMPANY_CONTACT_DETACHED}:
        named = msgspec.json.decode(event.item, type=_Named)
        touched.contacts |= {other.id: None for other in (named.merged_from, named.contact) if other is not None}


def _work(workspace_id: str, touched: _Touched) -> list[Work]:
    segments = [SegmentToCompute(workspace_id, segment_id) for segment_id in touched.segments]
    return [
        *(Work(COMPUTE_SEGMENT.name, msgspec.json.encode(segment)) for segment in segments),
        *_members(workspace_id, list(touched.contacts), of_companies=False),
        *_members(workspace_id, list(touched.companies), of_companies=True),
    ]


def _members(workspace_id: str, member_ids: list[str], *, of_companies: bool) -> list[Work]:
    chunks = [member_ids[start : start + _CHUNK] for start in range(0, len(member_ids), _CHUNK)]
    return [
        Work(COMPUTE_MEMBERS.name, msgspec.json.encode(MembersToCompute(workspace_id, chunk, of_companies)))
        for chunk in chunks
    ]


async def _compute_segment(payload: bytes) -> None:
    todo = msgspec.json.decode(payload, type=SegmentToCompute)
    await membership.compute_segment(todo.workspace_id, todo.segment_id)


async def _compute_members(payload: bytes) -> None:
    todo = msgspec.json.decode(payload, type=MembersToCompute)
    await membership.compute_members(todo.workspace_id, todo.member_ids, of_companies=todo.of_companies)


COMPUTE_SEGMENT = Job("segments.compute", _compute_segment, timeout_seconds=membership.COMPUTE_TIMEOUT_SECONDS)
COMPUTE_MEMBERS = Job("segments.compute_members", _compute_members)

SUBSCRIBERS = [on_events]
JOBS = [COMPUTE_SEGMENT, COMPUTE_MEMBERS]
SCHEDULES = [Schedule("segments.look_back", "7 * * * *", membership.compute_time_dependent_segments)]
