"""SQL about messages, and its row type."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, Query


class MessageRow(msgspec.Struct):
    """A message from an admin to a contact."""

    id: int
    message_type: str
    subject: str | None
    body: str
    template: str | None
    from_admin_id: int
    to_contact_id: str
    conversation_id: int | None
    created_at: datetime
    delivered_at: datetime | None


_COLUMNS = ", ".join(MessageRow.__struct_fields__)

insert_message = Query(
    "insert_message",
    int,
    """
    INSERT INTO messages (
        workspace_id, message_type, subject, body, template, from_admin_id, to_contact_id, created_at
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    RETURNING id
    """,
)

set_conversation = Command(
    "set_message_conversation",
    "UPDATE messages SET conversation_id = $3 WHERE workspace_id = $1 AND id = $2",
)

message_for_update = Query(
    "message_for_update",
    MessageRow,
    f"SELECT {_COLUMNS} FROM messages WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE",
)

messages_page = Query(
    "messages_page",
    MessageRow,
    f"""
    SELECT {_COLUMNS}
    FROM messages
    WHERE workspace_id = $1 AND id < $2
    ORDER BY id DESC
    LIMIT $3
    """,
)

messages_to_contact = Query(
    "messages_to_contact",
    MessageRow,
    f"""
    SELECT {_COLUMNS}
    FROM messages
    WHERE workspace_id = $1 AND id < $2 AND to_contact_id = $4
    ORDER BY id DESC
    LIMIT $3
    """,
)

move_messages = Command(
    "move_messages",
    "UPDATE messages SET to_contact_id = $3 WHERE workspace_id = $1 AND to_contact_id = $2",
)
