"""SQL about what is to be mailed and to whom, and its row types."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, GlobalQuery, Query
from callbox.support.attachments.queries import AttachmentRow, attachments_sql


class PersonRow(msgspec.Struct):
    """A contact as somebody who gets mail."""

    id: str
    name: str | None
    email: str | None
    state: str
    has_hard_bounced: bool
    marked_email_as_spam: bool
    unsubscribed_from_emails: bool
    last_seen_at: datetime | None


class MessageRow(msgspec.Struct):
    """A message that is to go out by mail."""

    id: int
    subject: str
    body: str
    template: str
    contact_id: str
    admin_name: str
    conversation_id: int | None
    created_at: datetime


class ConversationRow(msgspec.Struct):
    """A conversation or ticket whose replies are to go out. `source_type` is None for what began as a ticket."""

    id: int
    source_type: str | None
    source_id: int | None
    subject: str
    is_read: bool
    ticket_number: int | None
    ticket_title: str | None
    is_shared: bool | None
    # When it became a ticket.
    ticket_since: datetime | None


class _PartColumns(msgspec.Struct):
    id: int
    part_type: str
    body: str
    admin_name: str
    created_at: datetime
    attachments: str | None


class PartRow(msgspec.Struct):
    """What a teammate wrote to a contact."""

    id: int
    part_type: str
    body: str
    admin_name: str
    created_at: datetime
    attachments: list[AttachmentRow]


def _part(*columns: object) -> PartRow:
    part = _PartColumns(*columns)  # type: ignore[arg-type]  # as the statement answers them
    files = msgspec.json.decode(part.attachments, type=list[AttachmentRow]) if part.attachments else []
    return PartRow(part.id, part.part_type, part.body, part.admin_name, part.created_at, files)


class ReplyRow(msgspec.Struct):
    """A reply of a teammate that is for its contact."""

    created_at: datetime


class UnseenKey(msgspec.Struct):
    """Whose unseen replies in which conversation."""

    workspace_id: str
    conversation_id: int
    contact_id: str


# Whether a part `p` is something that a teammate said to the contact; who takes a conversation says it so.
_IS_REPLY = """
    p.body IS NOT NULL AND p.author_type = 'admin' AND (
        p.part_type IN ('comment', 'open', 'close')
        OR p.part_type IN ('assignment', 'assign_and_reopen', 'assign_and_unsnooze')
            AND p.assigned_to_type = 'admin' AND p.assigned_to_id = p.author_admin_id
    )
"""


person = Query(
    "email_person",
    PersonRow,
    """
    SELECT
        id, name, email, state, has_hard_bounced, marked_email_as_spam, unsubscribed_from_emails,
        greatest(last_seen_at, ios_last_seen_at, android_last_seen_at)
    FROM contacts
    WHERE workspace_id = $1 AND id = $2
    """,
)


# Whom a lead was merged into, or whoever it is.
present_contact_id = Query(
    "present_contact_id",
    str,
    "SELECT coalesce(merged_into_id, id) FROM contacts WHERE workspace_id = $1 AND id = $2",
)


# Whether a contact has written in a conversation by mail, and so asked for an answer by mail.
wrote_by_mail = Query(
    "wrote_by_mail",
    bool,
    """
    SELECT EXISTS (
        SELECT FROM conversations c
        WHERE c.workspace_id = $1 AND c.id = $2 AND c.source_type = 'email' AND c.source_author_contact_id = $3
    ) OR EXISTS (
        SELECT FROM inbound_emails i
        JOIN contacts p ON p.workspace_id = $1 AND p.id = $3 AND p.email = i.from_address
        WHERE i.workspace_id = $1 AND i.conversation_id = $2 AND i.state = 'done'
    )
    """,
)


message_to_mail = Query(
    "message_to_mail",
    MessageRow,
    """
    SELECT m.id, m.subject, m.body, m.template, m.to_contact_id, a.name, m.conversation_id, m.created_at
    FROM messages m
    JOIN admins a ON a.workspace_id = $1 AND a.id = m.from_admin_id
    WHERE m.workspace_id = $1 AND m.id = $2 AND m.message_type = 'email'
    """,
)


# Held, so that the mails of a conversation are written one after another and each refers to those before it.
conversation_to_mail = Query(
    "conversation_to_mail",
    ConversationRow,
    """
    SELECT
        c.id, c.source_type, c.source_id, coalesce(nullif(c.source_subject, ''), c.title, ''), c.is_read,
        c.ticket_number, c.ticket_attributes ->> '_default_title_', c.ticket_is_shared,
        (
            SELECT min(p.created_at)
            FROM conversation_parts p
            WHERE p.workspace_id = $1 AND p.conversation_id = c.id AND p.ticket_state IS NOT NULL
        )
    FROM conversations c
    WHERE c.workspace_id = $1 AND c.id = $2
    FOR NO KEY UPDATE
    """,
)


# What a contact has not been mailed yet; where only what is unanswered is asked for, without what they answered.
parts_to_mail = Query(
    "parts_to_mail",
    _part,
    f"""
    SELECT p.id, p.part_type, p.body, a.name, p.created_at, {attachments_sql("p.attachments")}
    FROM conversation_parts p
    JOIN admins a ON a.workspace_id = $1 AND a.id = p.author_admin_id
    WHERE p.workspace_id = $1 AND p.conversation_id = $2 AND p.id = ANY ($4::bigint[])
        AND {_IS_REPLY} AND NOT p.redacted
        AND NOT EXISTS (
            SELECT FROM emails e
            WHERE e.workspace_id = $1 AND e.conversation_id = $2 AND e.contact_id = $3 AND p.id = ANY (e.part_ids)
        )
        AND NOT ($5 AND EXISTS (
            SELECT FROM conversation_parts answer
            WHERE answer.workspace_id = $1 AND answer.conversation_id = $2 AND answer.author_contact_id = $3
                AND answer.id > p.id AND answer.body IS NOT NULL
        ))
    ORDER BY p.id
    """,
)


part_of_reply = Query(
    "part_of_reply",
    ReplyRow,
    f"""
    SELECT p.created_at
    FROM conversation_parts p
    WHERE p.workspace_id = $1 AND p.conversation_id = $2 AND p.id = $3 AND {_IS_REPLY}
    """,
)


add_unseen_reply = Command(
    "add_unseen_reply",
    """
    INSERT INTO unseen_replies (workspace_id, conversation_id, contact_id, part_ids, due_at)
    SELECT $1, $2, m.contact_id, ARRAY[$3::bigint], $4
    FROM conversation_contacts m
    WHERE m.workspace_id = $1 AND m.conversation_id = $2
    ON CONFLICT (workspace_id, conversation_id, contact_id) DO UPDATE
    SET part_ids = array_remove(unseen_replies.part_ids, $3) || excluded.part_ids, due_at = excluded.due_at
    """,
)


unseen_replies_due = GlobalQuery(
    "unseen_replies_due",
    UnseenKey,
    """
    SELECT w.id, due.conversation_id, due.contact_id
    FROM workspaces w
    CROSS JOIN LATERAL (
        SELECT u.conversation_id, u.contact_id
        FROM unseen_replies u
        WHERE u.workspace_id = w.id
            AND u.due_at <= $1::timestamptz + make_interval(secs => w.clock_offset_seconds)
        ORDER BY u.due_at
        LIMIT $2
    ) due
    """,
)


take_unseen_replies: Query[list[int]] = Query(
    "take_unseen_replies",
    list,
    """
    DELETE FROM unseen_replies
    WHERE workspace_id = $1 AND conversation_id = $2 AND contact_id = $3 AND due_at <= $4
    RETURNING part_ids
    """,
)


put_off_unseen_replies = Command(
    "put_off_unseen_replies",
    """
    INSERT INTO unseen_replies (workspace_id, conversation_id, contact_id, part_ids, due_at)
    VALUES ($1, $2, $3, $4::bigint[], $5)
    """,
)


move_unseen_replies = Command(
    "move_unseen_replies",
    """
    UPDATE unseen_replies u
    SET contact_id = $3
    WHERE u.workspace_id = $1 AND u.contact_id = $2
        AND NOT EXISTS (
            SELECT FROM unseen_replies theirs
            WHERE theirs.workspace_id = $1 AND theirs.conversation_id = u.conversation_id AND theirs.contact_id = $3
        )
    """,
)
