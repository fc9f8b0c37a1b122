"""SQL about text messages, and about the page that those of Switch lead to."""

from datetime import datetime
from uuid import UUID

import msgspec

from callbox.channels.sms.schemas import State
from callbox.platform.database import Command, Query


class TextMessageRow(msgspec.Struct):
    """A text message as it is stored."""

    id: UUID
    phone: str
    contact_id: str
    body: str
    state: State
    provider_id: str | None
    attempts: int
    error: str | None
    created_at: datetime
    updated_at: datetime


class Redirect(msgspec.Struct):
    """Whom a Switch link is for, and the conversation that it led to."""

    contact_id: str
    role: str
    conversation_id: int | None


_COLUMNS = "id, phone, contact_id, body, state, provider_id, attempts, error, created_at, updated_at"

insert_text_message = Command(
    "insert_text_message",
    """
    INSERT INTO text_messages (workspace_id, id, phone, contact_id, body, state, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $6)
    """,
)

newest_text_messages = Query(
    "newest_text_messages",
    TextMessageRow,
    f"""
    SELECT {_COLUMNS}
    FROM text_messages
    WHERE workspace_id = $1
    ORDER BY created_at DESC, id DESC
    LIMIT $2
    """,
)

# Also one that was given up, for somebody may have asked for another attempt; but none that the provider took.
_TO_SEND = "(state = 'waiting' OR state = 'failed' AND provider_id IS NULL)"

text_message_to_send = Query(
    "text_message_to_send",
    TextMessageRow,
    f"SELECT {_COLUMNS} FROM text_messages WHERE workspace_id = $1 AND id = $2 AND {_TO_SEND}",
)

store_attempt = Command(
    "store_text_message_attempt",
    f"""
    UPDATE text_messages
    SET state = $3, provider_id = $4, error = $5, attempts = attempts + 1, updated_at = $6
    WHERE workspace_id = $1 AND id = $2 AND {_TO_SEND}
    """,
)

# Reports come in any order: what was delivered stays so.
store_report = Command(
    "store_text_message_report",
    """
    UPDATE text_messages
    SET state = $3, error = $4, updated_at = $5
    WHERE workspace_id = $1 AND id = $2 AND state NOT IN ('logged', 'delivered')
    """,
)

redirect_is_sent = Command(
    "redirect_is_sent",
    "UPDATE phone_call_redirects SET sent_at = $3 WHERE workspace_id = $1 AND id = $2",
)

redirect_for_update = Query(
    "redirect_for_update",
    Redirect,
    """
    SELECT r.contact_id, c.role, r.conversation_id
    FROM phone_call_redirects r
    JOIN contacts c ON c.workspace_id = $1 AND c.id = r.contact_id AND c.state = 'live'
    WHERE r.workspace_id = $1 AND r.id = $2
    FOR NO KEY UPDATE OF r
    """,
)

redirect_by_id = Query(
    "redirect_by_id",
    Redirect,
    """
    SELECT r.contact_id, c.role, r.conversation_id
    FROM phone_call_redirects r
    JOIN contacts c ON c.workspace_id = $1 AND c.id = r.contact_id AND c.state = 'live'
    WHERE r.workspace_id = $1 AND r.id = $2
    """,
)

redirect_led_to = Command(
    "redirect_led_to",
    "UPDATE phone_call_redirects SET conversation_id = $3 WHERE workspace_id = $1 AND id = $2",
)
