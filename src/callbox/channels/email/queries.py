"""SQL about e-mail, and its row types."""

import msgspec

from callbox.platform.database import Command, Query

link_key = Query("workspace_link_key", bytes, "SELECT link_key FROM workspaces WHERE id = $1")


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
