"""Who is in a segment: predicates compiled to SQL, members kept in a table and brought up to date by jobs.

A predicate is a query of the search language; the value of a date filter may also be `{"days_ago": 30}`, which is
counted back from the workspace's clock at the time of computing.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

import msgspec
import structlog

from callbox.people.contacts.search import CONTACTS
from callbox.people.data_attributes.values import attribute_types
from callbox.people.segments import queries
from callbox.people.segments.queries import SegmentRow
from callbox.platform import clock
from callbox.platform.database import Command, Connection, connection, transaction
from callbox.platform.events import Event, Topic, record_many
from callbox.wire.authentication import Caller
from callbox.wire.errors import WireError
from callbox.wire.search import (
    Compiled,
    Field,
    FieldType,
    Filter,
    Group,
    InvalidValue,
    Query,
    Resource,
    compile_filter,
    parse_query,
)
from callbox.workspace.workspaces import operator_caller

MAX_DAYS_AGO = 36_500
# Of all members anew: a million are found and written in seconds on a quiet machine, in minutes on a busy one.
COMPUTE_TIMEOUT_SECONDS = 600

# Without segment_id: segments that ask for one another have no order in which to compute them.
PEOPLE = msgspec.structs.replace(
    CONTACTS, fields={name: field for name, field in CONTACTS.fields.items() if name != "segment_id"}
)

COMPANIES = Resource(
    fields={
        "name": Field(FieldType.STRING, "c.name"),
        "company_id": Field(FieldType.STRING, "c.company_id"),
        "plan": Field(FieldType.STRING, "(SELECT l.name FROM plans l WHERE l.workspace_id = $1 AND l.id = c.plan_id)"),
        "industry": Field(FieldType.STRING, "c.industry"),
        "website": Field(FieldType.STRING, "c.website"),
        "monthly_spend": Field(FieldType.INTEGER, "c.monthly_spend"),
        "user_count": Field(FieldType.INTEGER, "c.user_count"),
        "session_count": Field(FieldType.INTEGER, "c.session_count"),
        "size": Field(FieldType.INTEGER, "c.size"),
        "created_at": Field(FieldType.DAY, "c.created_at"),
        "updated_at": Field(FieldType.DAY, "c.updated_at"),
        "remote_created_at": Field(FieldType.DAY, "c.remote_created_at"),
        "last_request_at": Field(FieldType.DAY, "c.last_request_at"),
        "tag_id": Field(
            FieldType.MEMBER,
            "c.id IN (SELECT t.company_id FROM company_tags t WHERE t.workspace_id = $1{})",
            member="t.tag_id",
            member_type="bigint",
        ),
    },
    attributes_sql="c.custom_attributes",
    folded_attributes_sql="c.custom_attributes_folded",
)


class _Kind(msgspec.Struct, frozen=True):
    """What a segment's person_type stands for: where its members are, and which rows can be members at all."""

    resource: Resource
    model: str
    table: str
    always: str


_KINDS = {
    "user": _Kind(PEOPLE, "contact", "contacts", "c.state = 'live' AND c.role = 'user'"),
    "contact": _Kind(PEOPLE, "contact", "contacts", "c.state = 'live' AND c.role = 'lead'"),
    "company": _Kind(COMPANIES, "company", "companies", "c.state = 'live'"),
}

_log = structlog.get_logger("callbox.segments")


async def check_predicate(held: Connection, caller: Caller, person_type: str, predicate: dict[str, Any]) -> None:
    """Raise the search language's error where a predicate cannot be compiled."""
    await _compiled(held, caller, person_type, predicate, first_parameter=2)


async def _compiled(
    held: Connection, caller: Caller, person_type: str, predicate: Any, *, first_parameter: int
) -> Compiled:
    kind = _KINDS[person_type]
    types = await attribute_types(held, caller.workspace_id, kind.model)
    query = _resolved(parse_query(predicate), caller, kind.resource, types)
    return compile_filter(
        kind.resource, query, attribute_types=types, timezone=caller.timezone, first_parameter=first_parameter
    )


def _resolved(query: Query, caller: Caller, resource: Resource, types: Mapping[str, str]) -> Query:
    """The query with days that lie back as Unix seconds. Where the field is no date, the compiler refuses them."""
    if isinstance(query, Group):
        return Group(query.operator, tuple(_resolved(item, caller, resource, types) for item in query.queries))
    looks_back = isinstance(query.value, dict) and set(query.value) == {"days_ago"}
    if not looks_back or not _is_date(query.field, resource, types):
        return query
    return Filter(query.field, query.operator, _seconds_of(query.value["days_ago"], caller))


def _is_date(name: str, resource: Resource, types: Mapping[str, str]) -> bool:
    field = resource.fields.get(name)
    if field is not None:
        return field.type is FieldType.DAY
    prefix, _, attribute = name.partition(".")
    return prefix == "custom_attributes" and types.get(attribute) == "date"


def _seconds_of(days_ago: object, caller: Caller) -> int:
    if not isinstance(days_ago, int) or isinstance(days_ago, bool) or not 0 <= days_ago <= MAX_DAYS_AGO:
        raise InvalidValue(f"days_ago must be a whole number from 0 to {MAX_DAYS_AGO}")
    return clock.unix(caller.now() - timedelta(days=days_ago))


async def compute_segment(workspace_id: str, segment_id: str) -> None:
    """Find all members of a segment anew; where it was deleted meanwhile, nothing is left to do."""
    caller = await operator_caller(workspace_id)
    async with transaction() as held:
        await compute(held, caller, segment_id)


async def compute(held: Connection, caller: Caller, segment_id: str) -> bool:
    """Find all members anew, inside a transaction; answers whether the segment exists.

    Two computations of one segment run one after the other.
    """
    row = await queries.segment_for_update.first(held, caller.workspace_id, segment_id)
    if row is not None:
        await _compute_all(held, caller, row)
    return row is not None


async def _compute_all(held: Connection, caller: Caller, row: SegmentRow) -> None:
    condition = await _condition(held, caller, row, first_parameter=3)
    if condition is not None:
        await _replace_members(held, caller, row, condition)
        await queries.note_computation.run(held, caller.workspace_id, row.id, caller.now())


async def compute_members(workspace_id: str, member_ids: list[str], *, of_companies: bool) -> None:
    """Bring the segments up to date with contacts or companies that changed."""
    caller = await operator_caller(workspace_id)
    kinds = ["company"] if of_companies else ["user", "contact"]
    async with connection() as held:
        rows = await queries.segments_of_kind.all(held, workspace_id, kinds)
    # One transaction each: a segment is held only while it changes, and its failure does not undo the others.
    for row in rows:
        async with transaction() as held:
            locked = await queries.segment_for_update.first(held, workspace_id, row.id)
            # One that was never computed is about to be, with these members in it.
            if locked is not None and locked.computed_at is not None:
                await _compute_some(held, caller, locked, member_ids)


async def _compute_some(held: Connection, caller: Caller, row: SegmentRow, member_ids: list[str]) -> None:
    if row.error is not None:
        # It missed changes while it could not be computed.
        await _compute_all(held, caller, row)
        return
    condition = await _condition(held, caller, row, first_parameter=4)
    change = 0 if condition is None else await _replace_members(held, caller, row, condition, among=member_ids)
    if change:
        await queries.change_member_count.run(held, caller.workspace_id, row.id, change)


async def compute_time_dependent_segments() -> None:
    """Scheduled: have the segments of all workspaces computed whose members change without an event.

    They look back by days, or ask when somebody was last seen, wrote or was written to; hourly is often enough.
    """
    async with transaction() as held:
        found = await queries.time_dependent_segments.all(held)
        for workspace_id, segments in groupby(found, key=lambda segment: segment.workspace_id):
            events = [Event(Topic.INTERNAL_SEGMENT_CHANGED, segment.id, "{}") for segment in segments]
            await record_many(held, workspace_id, events, clock.machine_time())


async def _condition(held: Connection, caller: Caller, row: SegmentRow, *, first_parameter: int) -> Compiled | None:
    """The compiled predicate; None, and the reason kept with the segment, where it does not compile any more."""
    try:
        return await _compiled(
            held, caller, row.person_type, msgspec.json.decode(row.predicate), first_parameter=first_parameter
        )
    except WireError as error:
        _log.warning("segment_cannot_be_computed", segment=row.id, reason=error.message)
        await queries.note_error.run(held, caller.workspace_id, row.id, error.message)
        return None


async def _replace_members(
    held: Connection, caller: Caller, row: SegmentRow, condition: Compiled, *, among: list[str] | None = None
) -> int:
    """Remove who does not meet the condition, insert who does; answers the change of the count.

    With `among`, only these are looked at; they are parameter 3, and those of the condition follow. Who is a member
    already is met when they are inserted: to look for them before would read what the statement itself inserts, over
    and over, where the planner takes the table for empty.
    """
    kind = _KINDS[row.person_type]
    meets = f"c.workspace_id = $1 AND {kind.always} AND {condition.sql}"
    parameters = condition.parameters if among is None else [among, *condition.parameters]
    timeout = COMPUTE_TIMEOUT_SECONDS if among is None else None
    removed = await Command(
        "remove_segment_members",
        f"""
        DELETE FROM segment_members m
        WHERE m.workspace_id = $1 AND m.segment_id = $2 {_restriction("m.member_id", among)}
            AND NOT EXISTS (SELECT 1 FROM {kind.table} c WHERE c.id = m.member_id AND {meets})
        """,
    ).run(held, caller.workspace_id, row.id, *parameters, timeout_seconds=timeout)
    inserted = await Command(
        "insert_segment_members",
        f"""
        INSERT INTO segment_members (workspace_id, segment_id, member_id)
        SELECT $1, $2, c.id
        FROM {kind.table} c
        WHERE {meets} {_restriction("c.id", among)}
        ON CONFLICT DO NOTHING
        """,
    ).run(held, caller.workspace_id, row.id, *parameters, timeout_seconds=timeout)
    return inserted - removed


def _restriction(column: str, among: list[str] | None) -> str:
    return "" if among is None else f"AND {column} = ANY ($3::text[])"
