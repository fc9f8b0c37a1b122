"""SQL about segments, and its row type."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, GlobalQuery, Query


class SegmentRow(msgspec.Struct):
    """A segment with its predicate as JSON."""

    id: str
    name: str
    person_type: str
    predicate: str
    member_count: int | None
    computed_at: datetime | None
    error: str | None
    created_at: datetime
    updated_at: datetime


class TimeDependentSegment(msgspec.Struct):
    """A segment whose members change as time passes."""

    workspace_id: str
    id: str


_COLUMNS = (
    "s.id, s.name, s.person_type, s.predicate, s.member_count, s.computed_at, s.error, s.created_at, s.updated_at"
)

segment_by_id = Query(
    "segment_by_id", SegmentRow, f"SELECT {_COLUMNS} FROM segments s WHERE s.workspace_id = $1 AND s.id = $2"
)

segment_for_update = Query(
    "segment_for_update",
    SegmentRow,
    f"SELECT {_COLUMNS} FROM segments s WHERE s.workspace_id = $1 AND s.id = $2 FOR UPDATE",
)

segments_among = Query(
    "segments_among",
    str,
    "SELECT id FROM segments WHERE workspace_id = $1 AND id = ANY ($2::text[]) AND person_type = ANY ($3::text[])",
)

segments_of_kind = Query(
    "segments_of_kind",
    SegmentRow,
    f"""
    SELECT {_COLUMNS}
    FROM segments s
    WHERE s.workspace_id = $1 AND s.person_type = ANY ($2::text[])
    ORDER BY s.created_at, s.id
    """,
)

segments_of_member = Query(
    "segments_of_member",
    SegmentRow,
    f"""
    SELECT {_COLUMNS}
    FROM segment_members m
    JOIN segments s ON s.workspace_id = $1 AND s.id = m.segment_id
    WHERE m.workspace_id = $1 AND m.member_id = $2
    ORDER BY s.created_at, s.id
    """,
)

insert_segment = Command(
    "insert_segment",
    """
    INSERT INTO segments (workspace_id, id, name, person_type, predicate, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5::jsonb, $6, $6)
    """,
)

update_segment = Command(
    "update_segment",
    """
    UPDATE segments
    SET name = $3, predicate = $4::jsonb, updated_at = $5
    WHERE workspace_id = $1 AND id = $2
    """,
)

delete_segment_row = Command("delete_segment", "DELETE FROM segments WHERE workspace_id = $1 AND id = $2")

note_computation = Command(
    "note_segment_computation",
    """
    UPDATE segments
    SET member_count = (SELECT count(*) FROM segment_members m WHERE m.workspace_id = $1 AND m.segment_id = $2),
        computed_at = $3, error = NULL
    WHERE workspace_id = $1 AND id = $2
    """,
)

change_member_count = Command(
    "change_segment_member_count",
    """
    UPDATE segments
    SET member_count = coalesce(member_count, 0) + $3
    WHERE workspace_id = $1 AND id = $2
    """,
)

note_error = Command(
    "note_segment_error",
    "UPDATE segments SET error = $3 WHERE workspace_id = $1 AND id = $2",
)

# Predicates that look back by days, or ask for times of which no event tells, have to be computed as time passes.
time_dependent_segments = GlobalQuery(
    "time_dependent_segments",
    TimeDependentSegment,
    """
    SELECT workspace_id, id
    FROM segments
    WHERE predicate::text ~ '"(days_ago|last_seen_at|last_replied_at|last_contacted_at|last_request_at)"'
    ORDER BY workspace_id, id
    """,
)

# Attachments stay while a contact is archived or deleted, and the companies count only who is live.
companies_of_contacts = Query(
    "companies_of_contacts",
    str,
    """
    SELECT DISTINCT company_id
    FROM contact_companies
    WHERE workspace_id = $1 AND contact_id = ANY ($2::text[])
    """,
)

# Names of segments in whose predicate a filter on this field has this value, as text or as a number.
segments_using_value = Query(
    "segments_using_value",
    str,
    """
    SELECT name
    FROM segments
    WHERE workspace_id = $1 AND jsonb_path_exists(
        predicate,
        '$.** ? (@.field == $field && (@.value == $text || @.value == $number))',
        jsonb_build_object('field', $2::text, 'text', $3::text, 'number', $4::bigint)
    )
    ORDER BY created_at, id
    """,
)

segments_using_field = Query(
    "segments_using_field",
    str,
    """
    SELECT name
    FROM segments
    WHERE workspace_id = $1 AND person_type = ANY ($3::text[]) AND jsonb_path_exists(
        predicate, '$.** ? (@.field == $field)', jsonb_build_object('field', $2::text)
    )
    ORDER BY created_at, id
    """,
)
