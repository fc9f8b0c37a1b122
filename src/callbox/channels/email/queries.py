"""SQL about mails that go out, and its row types."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, Query


class FileRow(msgspec.Struct):
    """A file that goes along with a mail."""

    id: str
    name: str
    content_type: str


class NewEmail(msgspec.Struct, kw_only=True):
    """A mail about to be written down, in the order of the columns."""

    kind: str
    origin_id: int
    contact_id: str
    conversation_id: int | None
    part_ids: list[int]
    state: str
    reason: str | None
    message_id: str
    reference_ids: list[str]
    from_name: str
    from_address: str
    reply_to: str
    to_name: str | None
    to_address: str | None
    subject: str
    html: str
    plain: str
    attachments: str | None
    created_at: datetime


class EmailRow(NewEmail, kw_only=True):
    """A mail that was written down."""

    id: int
    attempts: int
    sent_at: datetime | None


_NEW_COLUMNS = ", ".join(NewEmail.__struct_fields__)


_EMAIL_FIELDS = EmailRow.__struct_fields__


def _email(*columns: object) -> EmailRow:
    return EmailRow(**dict(zip(_EMAIL_FIELDS, columns, strict=True)))  # type: ignore[arg-type]  # see _part


_EMAIL_COLUMNS = ", ".join(_EMAIL_FIELDS)


attached_files = Query(
    "attached_files_of_email",
    FileRow,
    """
    SELECT f.id::text, f.name, f.content_type
    FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, place)
    JOIN files f ON f.workspace_id = $1 AND f.id = wanted.id
    ORDER BY wanted.place
    """,
)


insert_email = Query(
    "insert_email",
    int,
    f"""
    INSERT INTO emails (workspace_id, {_NEW_COLUMNS})
    VALUES ($1, {", ".join(f"${place}" for place in range(2, len(NewEmail.__struct_fields__) + 2))})
    ON CONFLICT ON CONSTRAINT emails_once DO NOTHING
    RETURNING id
    """,
)


email_by_id = Query("email_by_id", _email, f"SELECT {_EMAIL_COLUMNS} FROM emails WHERE workspace_id = $1 AND id = $2")


email_for_update = Query(
    "email_for_update",
    _email,
    f"SELECT {_EMAIL_COLUMNS} FROM emails WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE",
)


emails_page = Query(
    "emails_page",
    _email,
    f"""
    SELECT {_EMAIL_COLUMNS}
    FROM emails
    WHERE workspace_id = $1 AND id < $2
    ORDER BY id DESC
    LIMIT $3
    """,
)


emails_in_state = Query(
    "emails_in_state",
    _email,
    f"""
    SELECT {_EMAIL_COLUMNS}
    FROM emails
    WHERE workspace_id = $1 AND id < $2 AND state = $4
    ORDER BY id DESC
    LIMIT $3
    """,
)


emails_to_contact = Query(
    "emails_to_contact",
    _email,
    f"""
    SELECT {_EMAIL_COLUMNS}
    FROM emails
    WHERE workspace_id = $1 AND id < $2 AND contact_id = $4 AND ($5::text IS NULL OR state = $5)
    ORDER BY id DESC
    LIMIT $3
    """,
)


note_attempt = Command(
    "note_email_attempt",
    """
    UPDATE emails
    SET state = $3, reason = $4, attempts = attempts + 1, sent_at = $5
    WHERE workspace_id = $1 AND id = $2
    """,
)


note_hard_bounce = Command(
    "note_hard_bounce_of_email",
    """
    UPDATE emails
    SET state = 'bounced', reason = $3, hard_bounced_at = $4
    WHERE workspace_id = $1 AND id = $2
    """,
)


note_final_bounce = Command(
    "note_final_bounce_of_email",
    """
    UPDATE emails
    SET state = 'failed', reason = $3, soft_bounced_at = coalesce(soft_bounced_at, $4)
    WHERE workspace_id = $1 AND id = $2
    """,
)


note_soft_bounce = Command(
    "note_soft_bounce_of_email",
    """
    UPDATE emails
    SET soft_bounced_at = $3
    WHERE workspace_id = $1 AND id = $2 AND soft_bounced_at IS NULL
    """,
)


# One that waits is not sent: what else it says is said by other mails, or was.
redact_emails = Command(
    "redact_emails",
    """
    UPDATE emails
    SET html = $4, plain = $5, attachments = NULL,
        state = CASE WHEN state = 'queued' THEN 'dropped' ELSE state END,
        reason = CASE WHEN state = 'queued' THEN 'redacted' ELSE reason END
    WHERE workspace_id = $1 AND conversation_id = $2 AND $3 = ANY (part_ids)
    """,
)

mark_message_delivered = Command(
    "mark_message_delivered",
    "UPDATE messages SET delivered_at = $3 WHERE workspace_id = $1 AND id = $2 AND delivered_at IS NULL",
)


hold_emails_of_contact = Query(
    "hold_emails_of_contact",
    int,
    "SELECT id FROM emails WHERE workspace_id = $1 AND contact_id = $2 ORDER BY id FOR NO KEY UPDATE",
)

# But for those of which the user got one too.
move_emails = Command(
    "move_emails",
    """
    UPDATE emails e
    SET contact_id = $3
    WHERE e.workspace_id = $1 AND e.contact_id = $2
        AND NOT EXISTS (
            SELECT FROM emails theirs
            WHERE theirs.workspace_id = $1 AND theirs.contact_id = $3 AND theirs.kind = e.kind
                AND theirs.origin_id = e.origin_id
        )
    """,
)
