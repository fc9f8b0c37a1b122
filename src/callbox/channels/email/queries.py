"""SQL about e-mail that goes out, and its row types."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, GlobalQuery, Query
from callbox.support.attachments.queries import AttachmentRow, attachments_sql


class ThreadEntry(msgspec.Struct):
    """A mail that another one refers to. Without a conversation, it is the mail of an unanswered message."""

    message_id: str
    conversation_id: int | None
    source_id: int | None
    contact_id: str
    email_id: int | None


class SenderRow(msgspec.Struct):
    """In whose name a workspace's mail goes out; what is not set is None."""

    workspace_name: str
    link_key: bytes
    sender_name: str | None
    sender_address: str | None
    inbound_domain: str | None
    signature: str | None
    dkim_domain: str | None
    dkim_selector: str | None
    dkim_private_key: str | None


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


class UnseenKey(msgspec.Struct):
    """Whose unseen replies in which conversation."""

    workspace_id: str
    conversation_id: int
    contact_id: str


_NEW_COLUMNS = ", ".join(NewEmail.__struct_fields__)
_EMAIL_FIELDS = EmailRow.__struct_fields__


def _email(*columns: object) -> EmailRow:
    return EmailRow(**dict(zip(_EMAIL_FIELDS, columns, strict=True)))  # type: ignore[arg-type]  # see _part


_EMAIL_COLUMNS = ", ".join(_EMAIL_FIELDS)

# Whether a part `p` is something that a teammate said to the contact; who takes a conversation says it so.
_IS_REPLY = """
    p.body IS NOT NULL AND p.author_type = 'admin' AND (
        p.part_type IN ('comment', 'open', 'close')
        OR p.part_type IN ('assignment', 'assign_and_reopen', 'assign_and_unsnooze')
            AND p.assigned_to_type = 'admin' AND p.assigned_to_id = p.author_admin_id
    )
"""

sender_row = Query(
    "email_sender",
    SenderRow,
    """
    SELECT
        w.name, w.link_key, s.sender_name, s.sender_address, s.inbound_domain, s.signature, s.dkim_domain,
        s.dkim_selector, s.dkim_private_key
    FROM workspaces w
    LEFT JOIN email_settings s ON s.workspace_id = $1
    WHERE w.id = $1
    """,
)

store_settings = Command(
    "store_email_settings",
    """
    INSERT INTO email_settings (workspace_id, sender_name, sender_address, inbound_domain, signature)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (workspace_id) DO UPDATE
    SET sender_name = excluded.sender_name, sender_address = excluded.sender_address,
        inbound_domain = excluded.inbound_domain, signature = excluded.signature
    """,
)

store_dkim = Command(
    "store_email_dkim",
    """
    INSERT INTO email_settings (workspace_id, dkim_domain, dkim_selector, dkim_private_key)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (workspace_id) DO UPDATE
    SET dkim_domain = excluded.dkim_domain, dkim_selector = excluded.dkim_selector,
        dkim_private_key = excluded.dkim_private_key
    """,
)

support_addresses = Query(
    "support_addresses", str, "SELECT address FROM support_addresses WHERE workspace_id = $1 ORDER BY address"
)

keep_support_addresses = Command(
    "keep_support_addresses",
    "DELETE FROM support_addresses WHERE workspace_id = $1 AND NOT (address = ANY ($2::text[]))",
)

add_support_addresses = Command(
    "add_support_addresses",
    """
    INSERT INTO support_addresses (workspace_id, address)
    SELECT $1, address
    FROM unnest($2::text[]) AS address
    ON CONFLICT (workspace_id, address) DO NOTHING
    """,
)

insert_message_id = Command(
    "insert_email_message_id",
    """
    INSERT INTO email_message_ids (
        workspace_id, message_id, conversation_id, source_id, contact_id, email_id, created_at
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT DO NOTHING
    """,
)

thread_of = Query(
    "email_thread_of",
    ThreadEntry,
    """
    SELECT t.message_id, coalesce(t.conversation_id, m.conversation_id), t.source_id, t.contact_id, t.email_id
    FROM unnest($2::text[]) WITH ORDINALITY AS asked (message_id, place)
    JOIN email_message_ids t ON t.workspace_id = $1 AND t.message_id = asked.message_id
    LEFT JOIN messages m ON m.workspace_id = $1 AND m.id = t.source_id
    ORDER BY asked.place
    LIMIT 1
    """,
)

# The mails between us and one contact, in a conversation and in the message that it came from.
earlier_message_ids = Query(
    "earlier_email_message_ids",
    str,
    """
    SELECT t.message_id
    FROM email_message_ids t
    WHERE t.workspace_id = $1 AND t.contact_id = $3 AND (t.conversation_id = $2 OR t.source_id = $4)
    ORDER BY t.created_at, t.email_id NULLS FIRST
    """,
)

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

email_id_of_message_id = Query(
    "email_id_of_message_id",
    int,
    "SELECT email_id FROM email_message_ids WHERE workspace_id = $1 AND message_id = $2 AND email_id IS NOT NULL",
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

mark_message_delivered = Command(
    "mark_message_delivered",
    "UPDATE messages SET delivered_at = $3 WHERE workspace_id = $1 AND id = $2 AND delivered_at IS NULL",
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

move_message_ids = Command(
    "move_email_message_ids",
    "UPDATE email_message_ids SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2",
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
