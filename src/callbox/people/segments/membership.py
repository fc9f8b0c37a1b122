"""Who is in a segment: predicates compiled to SQL, members kept in a table and brought up to date by jobs.

A predicate is a query of the search language; in its date filters a value may also be `{"days_ago": 30}`, which is
counted from the workspace's clock at the time of computing.
"""

from datetime import timedelta
from typing import Any

import msgspec
import structlog

from callbox.people.contacts.search import CONTACTS
from callbox.people.data_attributes.values import attribute_types
from callbox.people.segments import queries
from callbox.people.segments.queries import SegmentRow
from callbox.platform.clock import unix
from callbox.platform.database import Command, Connection, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.errors import WireError
from callbox.wire.search import Compiled, Field, FieldType, InvalidValue, Resource, compile_filter, parse_query
from callbox.workspace.workspaces import operator_caller

MAX_DAYS_AGO = 36_500

COMPANIES = Resource(
    fields={
        "name": Field(FieldType.STRING, "c.name"),
        "company_id": Field(FieldType.STRING, "c.company_id"),
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

# What a segment's person_type stands for: table, resource, data attribute model, and a further condition.
_KINDS = {
    "user": ("contacts", CONTACTS, "contact", "c.state = 'live' AND c.role = 'user'"),
    "contact": ("contacts", CONTACTS, "contact", "c.state = 'live' AND c.role = 'lead'"),
    "company": ("companies", COMPANIES, "company", "c.state = 'live'"),
}

_log = structlog.get_logger("callbox.segments")


async def check_predicate(held: Connection, caller: Caller, person_type: str, predicate: dict[str, Any]) -> None:
    """Raise the search language's error where a predicate cannot be compiled."""
    await _compiled(held, caller, person_type, predicate, first_parameter=2)


async def _compiled(
    held: Connection, caller: Caller, person_type: str, predicate: Any, *, first_parameter: int
) -> Compiled:
    _, resource, model, _ = _KINDS[person_type]
    types = await attribute_types(held, caller.workspace_id, model)
    query = parse_query(_resolved(predicate, caller))
    return compile_filter(
        resource, query, attribute_types=types, timezone=caller.timezone, first_parameter=first_parameter
    )


def _resolved(value: Any, caller: Caller) -> Any:
    """The predicate with days that lie back as Unix seconds."""
    if isinstance(value, list):
        return [_resolved(item, caller) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"days_ago"}:
        days = value["days_ago"]
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= MAX_DAYS_AGO:
            raise InvalidValue("days_ago must be a whole number of days")
        return unix(caller.now() - timedelta(days=days))
    return {key: _resolved(item, caller) for key, item in value.items()}


async def compute_segment(workspace_id: str, segment_id: str) -> None:
    """Find all members of a segment anew. Two computations of one segment run one after the other."""
    caller = await operator_caller(workspace_id)
    async with transaction() as held:
        row = await queries.segment_for_update.first(held, workspace_id, segment_id)
        if row is None:
            return
        condition = await _condition(held, caller, row, first_parameter=3)
        if condition is not None:
            await _replace_members(held, caller, row, condition, restricted_to="")
            await queries.note_computation.run(held, workspace_id, segment_id, caller.now())


async def compute_members(workspace_id: str, member_ids: list[str], *, of_companies: bool) -> None:
    """Bring the segments up to date with contacts or companies that changed."""
    caller = await operator_caller(workspace_id)
    kinds = ["company"] if of_companies else ["user", "contact"]
    async with connection() as held:
        rows = await queries.segments_of_kind.all(held, workspace_id, kinds)
    for row in rows:
        async with transaction() as held:
            locked = await queries.segment_for_update.first(held, workspace_id, row.id)
            if locked is None:
                continue
            condition = await _condition(held, caller, locked, first_parameter=4)
            if condition is not None:
                condition.parameters.insert(0, member_ids)
                change = await _replace_members(held, caller, locked, condition, restricted_to="$3")
                if change:
                    await queries.change_member_count.run(held, workspace_id, row.id, change)


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
    held: Connection, caller: Caller, row: SegmentRow, condition: Compiled, *, restricted_to: str
) -> int:
    """Insert who meets the condition, remove who does not; answers the change of the count.

    `restricted_to` names the parameter with the ids to look at; empty: all.
    """
    table, _, _, always = _KINDS[row.person_type]
    matching = f"SELECT c.id FROM {table} c WHERE c.workspace_id = $1 AND {always} AND {condition.sql}"
    only_members = ""
    if restricted_to:
        matching += f" AND c.id = ANY ({restricted_to}::text[])"
        only_members = f" AND m.member_id = ANY ({restricted_to}::text[])"
    removed = await Command(
        "remove_segment_members",
        f"""
        DELETE FROM segment_members m
        WHERE m.workspace_id = $1 AND m.segment_id = $2{only_members} AND m.member_id NOT IN ({matching})
        """,
    ).run(held, caller.workspace_id, row.id, *condition.parameters)
    inserted = await Command(
        "insert_segment_members",
        f"""
        INSERT INTO segment_members (workspace_id, segment_id, member_id)
        SELECT $1, $2, found.id
        FROM ({matching}) AS found
        ON CONFLICT DO NOTHING
        """,
    ).run(held, caller.workspace_id, row.id, *condition.parameters)
    return inserted - removed
