"""SQL about mail that comes in, and its row types."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, GlobalQuery, Query


class InboundRow(msgspec.Struct):
    """A mail that was accepted, in the order of `_COLUMNS`."""

    id: str
    state: str
    reason: str | None
    is_wanted: bool
    sender: str
    recipients: list[str]
    remote_address: str | None
    size: int
    received_at: datetime
    from_address: str | None
    subject: str | None
    conversation_id: int | None


class RedactedRow(msgspec.Struct):
    """A mail that was taken back, and the pictures in its text."""

    id: str
    picture_ids: str | None


_COLUMNS = f"id::text, {', '.join(InboundRow.__struct_fields__[1:])}"

workspace_of_support_address = GlobalQuery(
    "workspace_of_support_address", str, "SELECT workspace_id FROM support_addresses WHERE address = $1"
)

insert_inbound = Command(
    "insert_inbound_email",
    """
    INSERT INTO inbound_emails (workspace_id, id, state, sender, recipients, remote_address, size, received_at)
    VALUES ($1, $2, 'received', $3, $4, $5, $6, $7)
    """,
)

inbound_for_update = Query(
    "inbound_email_for_update",
    InboundRow,
    f"SELECT {_COLUMNS} FROM inbound_emails WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE",
)

inbound_by_id = Query(
    "inbound_email_by_id", InboundRow, f"SELECT {_COLUMNS} FROM inbound_emails WHERE workspace_id = $1 AND id = $2"
)

inbound_page = Query(
    "inbound_emails_page",
    InboundRow,
    f"""
    SELECT {_COLUMNS}
    FROM inbound_emails
    WHERE workspace_id = $1 AND (received_at, id) < ($2, $3::uuid)
        AND ($5::text IS NULL OR state = $5) AND ($6::bigint IS NULL OR conversation_id = $6)
    ORDER BY received_at DESC, id DESC
    LIMIT $4
    """,
)

# One mail to two addresses comes twice at the same moment: the second reading waits for the first.
lock_identity = Query(
    "lock_identity_of_email", str, "SELECT pg_advisory_xact_lock(hashtextextended('mail ' || $1 || ' ' || $2, 0))::text"
)

came_before = Query(
    "inbound_email_came_before",
    bool,
    """
    SELECT EXISTS (SELECT FROM inbound_emails WHERE workspace_id = $1 AND identity = $2 AND state = 'done' AND id <> $3)
    """,
)

note_outcome = Command(
    "note_inbound_outcome",
    """
    UPDATE inbound_emails
    SET state = $3, reason = $4, identity = $5, from_address = $6, subject = $7, conversation_id = $8, part_id = $9,
        picture_ids = $10
    WHERE workspace_id = $1 AND id = $2
    """,
)

redact_inbound = Query(
    "redact_inbound_emails",
    RedactedRow,
    """
    UPDATE inbound_emails
    SET reason = 'redacted', subject = NULL
    WHERE workspace_id = $1 AND conversation_id = $2 AND part_id IS NOT DISTINCT FROM $3 AND state = 'done'
        AND reason IS DISTINCT FROM 'redacted'
    RETURNING id::text, picture_ids
    """,
)

note_failure = Command(
    "note_inbound_failure",
    """
    UPDATE inbound_emails
    SET state = 'failed', reason = $3
    WHERE workspace_id = $1 AND id = $2 AND state IN ('received', 'failed')
    """,
)

try_again = Command(
    "try_inbound_email_again",
    """
    UPDATE inbound_emails
    SET state = 'received', reason = NULL, is_wanted = true
    WHERE workspace_id = $1 AND id = $2 AND state <> 'done'
    """,
)

admin_by_email = Query(
    "admin_id_by_email",
    int,
    "SELECT id FROM admins WHERE workspace_id = $1 AND lower(email) = $2 AND removed_at IS NULL",
)

participant_by_email = Query(
    "participant_by_email",
    str,
    """
    SELECT c.id
    FROM conversation_contacts m
    JOIN contacts c ON c.workspace_id = $1 AND c.id = m.contact_id AND c.state = 'live'
    WHERE m.workspace_id = $1 AND m.conversation_id = $2 AND c.email = $3
    ORDER BY c.id
    LIMIT 1
    """,
)
