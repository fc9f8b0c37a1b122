"""SQL about which mail answers which, and its row types."""

import msgspec

from callbox.platform.database import Command, Query


class ThreadEntry(msgspec.Struct):
    """A mail that another one refers to. Without a conversation, it is the mail of an unanswered message."""

    message_id: str
    conversation_id: int | None
    source_id: int | None
    contact_id: str
    email_id: int | None


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


email_id_of_message_id = Query(
    "email_id_of_message_id",
    int,
    "SELECT email_id FROM email_message_ids WHERE workspace_id = $1 AND message_id = $2 AND email_id IS NOT NULL",
)


move_message_ids = Command(
    "move_email_message_ids",
    "UPDATE email_message_ids SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2",
)
