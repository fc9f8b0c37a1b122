"""SQL about data events, and its row types."""

from datetime import datetime
from uuid import UUID

import msgspec

from callbox.platform.database import Command, GlobalCommand, Query


class EventRow(msgspec.Struct):
    """One listed event."""

    id: UUID
    event_name: str
    created_at: datetime
    metadata: str | None


class SummaryRow(msgspec.Struct):
    """How often and when a contact did something."""

    event_name: str
    count: int
    first_at: datetime
    last_at: datetime


class Doer(msgspec.Struct):
    """Whose events are listed."""

    id: str
    external_id: str | None
    email: str | None


_DOER = "SELECT id, external_id, email FROM contacts WHERE workspace_id = $1 AND state = 'live'"

doer_by_id = Query("doer_by_id", Doer, f"{_DOER} AND id = $2")
doer_by_external_id = Query("doer_by_external_id", Doer, f"{_DOER} AND external_id = $2")
doers_by_email = Query("doers_by_email", Doer, f"{_DOER} AND email = $2 AND role = 'user' LIMIT 2")


def _submit(name: str, meant: str) -> Query[int]:
    """One statement finds the contact, drops a repetition, stores the event, counts it and passes it on.

    It answers how many contacts were found, of whom it takes one alone. The outbox item is completed here, since only
    here the contact is known.
    """
    return Query(
        name,
        int,
        f"""
        WITH meant AS (
            SELECT id, external_id, email
            FROM contacts
            WHERE workspace_id = $1 AND state = 'live' AND {meant}
            LIMIT 2
        ), doer AS (
            SELECT * FROM meant WHERE (SELECT count(*) FROM meant) = 1
        ), inserted AS (
            INSERT INTO data_events (workspace_id, contact_id, event_name, created_at, id, metadata)
            SELECT $1, doer.id, $3, $4, $5, $6::jsonb FROM doer
            ON CONFLICT DO NOTHING
            RETURNING contact_id
        ), counted AS (
            INSERT INTO data_event_summaries AS s (workspace_id, contact_id, event_name, count, first_at, last_at)
            SELECT $1, contact_id, $3, 1, $4, $4 FROM inserted
            ON CONFLICT (workspace_id, contact_id, event_name) DO UPDATE
            SET count = s.count + 1,
                first_at = least(s.first_at, EXCLUDED.first_at),
                last_at = greatest(s.last_at, EXCLUDED.last_at)
        ), recorded AS (
            INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
            SELECT $1, 'event.created', doer.id,
                   jsonb_strip_nulls(jsonb_build_object(
                       'type', 'event', 'event_name', $3::text, 'created_at', extract(epoch FROM $4)::bigint,
                       'user_id', doer.external_id, 'id', $5::uuid, 'intercom_user_id', doer.id,
                       'email', doer.email, 'metadata', $6::jsonb
                   ))::text,
                   $7
            FROM inserted, doer
        )
        SELECT count(*) FROM meant
        """,
    )


submit_by_id = _submit("submit_event_by_id", "id = $2")
submit_by_external_id = _submit("submit_event_by_external_id", "external_id = $2")
submit_by_email = _submit("submit_event_by_email", "email = $2 AND role = 'user'")

# Newest first. `$3` and `$4` bound the time, both exclusive; `$5` is the last event of the page before, if any.
events_page = Query(
    "events_page",
    EventRow,
    """
    SELECT e.id, e.event_name, e.created_at, e.metadata
    FROM data_events e
    WHERE e.workspace_id = $1 AND e.contact_id = $2 AND e.created_at > $3
      AND (e.created_at, e.id) < ($4, $5)
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT $6
    """,
)

summaries = Query(
    "event_summaries",
    SummaryRow,
    """
    SELECT event_name, count, first_at, last_at
    FROM data_event_summaries
    WHERE workspace_id = $1 AND contact_id = $2
    ORDER BY event_name
    """,
)

set_summary = Command(
    "set_event_summary",
    """
    INSERT INTO data_event_summaries (workspace_id, contact_id, event_name, count, first_at, last_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (workspace_id, contact_id, event_name) DO UPDATE
    SET count = EXCLUDED.count, first_at = EXCLUDED.first_at, last_at = EXCLUDED.last_at
    """,
)

# The clock that is furthest ahead bounds what the index on the age has to be read for.
delete_old_events = GlobalCommand(
    "delete_old_events",
    """
    DELETE FROM data_events
    WHERE ctid = ANY (ARRAY(
        SELECT e.ctid
        FROM data_events e
        JOIN workspaces w ON w.id = e.workspace_id
        WHERE e.created_at < $1::timestamptz
                + make_interval(secs => (SELECT max(clock_offset_seconds) FROM workspaces))
            AND e.created_at < $1::timestamptz + make_interval(secs => w.clock_offset_seconds)
        LIMIT $2
    ))
    """,
)
