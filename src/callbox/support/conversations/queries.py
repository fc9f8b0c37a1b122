"""SQL about conversations and their parts."""

from callbox.people.tags.queries import TaggingRow
from callbox.platform.database import Command, GlobalQuery, Query
from callbox.support.conversations.rows import (
    CONVERSATION_COLUMNS,
    CONVERSATION_PARTS,
    CONVERSATION_TABLES,
    STATE_COLUMNS,
    ConversationKey,
    Participant,
    Redactable,
    conversation_row,
)
from callbox.support.conversations.transitions import Conversation

conversation_by_id = Query(
    "conversation_by_id",
    conversation_row,
    f"""
    SELECT {CONVERSATION_COLUMNS}, {CONVERSATION_PARTS}
    FROM {CONVERSATION_TABLES}
    WHERE c.workspace_id = $1 AND c.id = $2
    """,
)

conversations_by_ids = Query(
    "conversations_by_ids",
    conversation_row,
    f"""
    SELECT {CONVERSATION_COLUMNS}
    FROM {CONVERSATION_TABLES}
    WHERE c.workspace_id = $1 AND c.id = ANY ($2::bigint[])
    """,
)

# They are found before they are read, so that what hangs on them is planned for few.
conversations_page = Query(
    "conversations_page",
    conversation_row,
    f"""
    SELECT {CONVERSATION_COLUMNS}
    FROM {CONVERSATION_TABLES}
    WHERE c.workspace_id = $1 AND c.id = ANY (ARRAY(
        SELECT p.id
        FROM conversations p
        WHERE p.workspace_id = $1 AND p.source_type IS NOT NULL AND (p.updated_at, p.id) < ($2, $3)
        ORDER BY p.updated_at DESC, p.id DESC
        LIMIT $4
    ))
    ORDER BY c.updated_at DESC, c.id DESC
    """,
)

# What hangs on a conversation is only read once its row is held: a statement that waits for the row sees
# everything else as it was before the wait.
conversation_for_update = Query(
    "conversation_for_update",
    lambda *values: Conversation(**dict(zip(STATE_COLUMNS, values, strict=True))),
    f"""
    SELECT {", ".join(STATE_COLUMNS)}
    FROM conversations
    WHERE workspace_id = $1 AND id = $2
    FOR NO KEY UPDATE
    """,
)

# In one order, so that those who take several cannot block each other.
lock_conversations = Query(
    "lock_conversations",
    int,
    """
    SELECT id
    FROM conversations
    WHERE workspace_id = $1 AND id = ANY ($2::bigint[])
    ORDER BY id
    FOR NO KEY UPDATE
    """,
)

conversation_count = Query(
    "conversation_count",
    int,
    "SELECT coalesce(sum(n), 0)::bigint FROM counts WHERE workspace_id = $1 AND kind = 'conversations'",
)

latest_conversation = Query(
    "latest_conversation",
    int,
    """
    SELECT id
    FROM conversations
    WHERE workspace_id = $1 AND source_type IS NOT NULL
    ORDER BY updated_at DESC, id DESC
    LIMIT 1
    """,
)

_IDENTITY = """
    mc.workspace_id = $1 AND mc.state = 'live' AND (
        mc.id = ${id} OR mc.external_id = ${external_id} OR mc.email = ${email}
    )"""

latest_conversation_of = Query(
    "latest_conversation_of",
    int,
    f"""
    SELECT c.id
    FROM contacts mc
    JOIN conversation_contacts m ON m.workspace_id = $1 AND m.contact_id = mc.id
    JOIN conversations c ON c.workspace_id = $1 AND c.id = m.conversation_id AND c.source_type IS NOT NULL
    WHERE {_IDENTITY.format(id=2, external_id=3, email=4)}
    ORDER BY c.id DESC
    LIMIT 1
    """,
)

participant = Query(
    "conversation_participant",
    Participant,
    f"""
    SELECT mc.id, mc.role
    FROM conversation_contacts m
    JOIN contacts mc ON mc.id = m.contact_id AND {_IDENTITY.format(id=3, external_id=4, email=5)}
    WHERE m.workspace_id = $1 AND m.conversation_id = $2
    ORDER BY mc.role DESC, mc.created_at, mc.id
    LIMIT 1
    """,
)

participant_ids = Query(
    "conversation_participant_ids",
    str,
    "SELECT contact_id FROM conversation_contacts WHERE workspace_id = $1 AND conversation_id = $2",
)

participants_if_any = Query(
    "participants_if_any",
    list[str],
    """
    SELECT ARRAY(
        SELECT cc.contact_id
        FROM conversation_contacts cc
        WHERE cc.workspace_id = $1 AND cc.conversation_id = c.id
        ORDER BY cc.added_at, cc.contact_id
    )
    FROM conversations c
    WHERE c.workspace_id = $1 AND c.id = $2
    """,
)

ticket_category = Query(
    "ticket_category",
    str,
    """
    SELECT t.category
    FROM conversations c
    JOIN ticket_types t ON t.workspace_id = $1 AND t.id = c.ticket_type_id
    WHERE c.workspace_id = $1 AND c.id = $2
    """,
)

set_title = Command(
    "set_conversation_title",
    "UPDATE conversations SET title = $3 WHERE workspace_id = $1 AND id = $2 AND title IS DISTINCT FROM $3",
)

attributes_of = Query(
    "conversation_attributes",
    str,
    "SELECT custom_attributes FROM conversations WHERE workspace_id = $1 AND id = $2",
)

merge_attributes = Command(
    "merge_conversation_attributes",
    """
    UPDATE conversations
    SET custom_attributes = custom_attributes || $3::jsonb,
        custom_attributes_folded = custom_attributes_folded || $4::jsonb
    WHERE workspace_id = $1 AND id = $2
    """,
)

next_ids = Query(
    "next_conversation_ids",
    lambda conversation_id, message_id: (conversation_id, message_id),
    """
    SELECT nextval(pg_get_serial_sequence('conversations', 'id')), nextval('message_ids')
    WHERE $1::text IS NOT NULL
    """,
)

# One statement: the conversation, its participants, its words, its count.
_INSERTED_COLUMNS = (
    "id",
    "created_at",
    *STATE_COLUMNS,
    "title",
    "source_type",
    "source_id",
    "source_delivered_as",
    "source_subject",
    "source_body",
    "source_url",
    "source_author_type",
    "source_author_admin_id",
    "source_author_contact_id",
    "source_attachments",
    "first_contact_reply_url",
)
_FIRST = 2
_LAST = _FIRST + len(_INSERTED_COLUMNS) - 1

insert_conversation = Command(
    "insert_conversation",
    f"""
    WITH inserted AS (
        INSERT INTO conversations (workspace_id, {", ".join(_INSERTED_COLUMNS)})
        VALUES ($1, {", ".join(f"${place}" for place in range(_FIRST, _LAST + 1))})
        RETURNING id
    ), counted AS (
        INSERT INTO counts AS n (workspace_id, kind, shard, n)
        VALUES ($1, 'conversations', ${_LAST + 2}::smallint, 1)
        ON CONFLICT (workspace_id, kind, shard) DO UPDATE SET n = n.n + 1
    ), found_by AS (
        INSERT INTO conversation_words (workspace_id, conversation_id, words)
        SELECT $1, inserted.id, ${_LAST + 3}
        FROM inserted
    )
    INSERT INTO conversation_contacts (workspace_id, conversation_id, contact_id, added_at)
    SELECT $1, inserted.id, contact_id, $3
    FROM inserted, unnest(${_LAST + 1}::text[]) AS contact_id
    """,
)

_STATE_FIRST = 3
_STATE_LAST = _STATE_FIRST + len(STATE_COLUMNS) - 1
_PART_COLUMNS = {
    "part_type": "text",
    "body": "text",
    "author_type": "text",
    "author_admin_id": "bigint",
    "author_contact_id": "text",
    "assigned_to_type": "text",
    "assigned_to_id": "bigint",
    "attachments": "text",
    "created_at": "timestamptz",
    "reply_options": "text",
    "ticket_state": "text",
    "previous_ticket_state": "text",
}
_PART_ARRAYS = ", ".join(
    f"${place}::{kind}[]" for place, kind in enumerate(_PART_COLUMNS.values(), start=_STATE_LAST + 1)
)

# One statement: the conversation as actions left it, and the parts that tell of them. Answers the parts' ids.
write_change = Query(
    "write_conversation_change",
    int,
    f"""
    WITH changed AS (
        UPDATE conversations
        SET {", ".join(f"{name} = ${place}" for place, name in enumerate(STATE_COLUMNS, start=_STATE_FIRST))}
        WHERE workspace_id = $1 AND id = $2
    )
    INSERT INTO conversation_parts (
        workspace_id, conversation_id, part_type, body, author_type, author_admin_id, author_contact_id,
        assigned_to_type, assigned_to_id, attachments, created_at, updated_at, reply_options,
        ticket_state, previous_ticket_state
    )
    SELECT $1 AS workspace_id, $2, n.part_type, n.body, n.author_type, n.author_admin_id, n.author_contact_id,
           n.assigned_to_type, n.assigned_to_id, n.attachments::jsonb, n.created_at, n.created_at,
           n.reply_options::jsonb, n.ticket_state, n.previous_ticket_state
    FROM unnest({_PART_ARRAYS}) WITH ORDINALITY AS n (
        part_type, body, author_type, author_admin_id, author_contact_id, assigned_to_type, assigned_to_id,
        attachments, created_at, reply_options, ticket_state, previous_ticket_state, place
    )
    ORDER BY n.place
    RETURNING id
    """,
)

add_participant = Query(
    "add_conversation_participant",
    str,
    """
    INSERT INTO conversation_contacts (workspace_id, conversation_id, contact_id, added_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
    RETURNING contact_id
    """,
)

remove_participant = Command(
    "remove_conversation_participant",
    "DELETE FROM conversation_contacts WHERE workspace_id = $1 AND conversation_id = $2 AND contact_id = $3",
)

part_to_redact = Query(
    "part_to_redact",
    Redactable,
    """
    SELECT redacted, body IS NOT NULL, author_type, attachments
    FROM conversation_parts
    WHERE workspace_id = $1 AND conversation_id = $2 AND id = $3
    """,
)

source_to_redact = Query(
    "source_to_redact",
    Redactable,
    """
    SELECT source_redacted, source_body IS NOT NULL, source_author_type, source_attachments
    FROM conversations
    WHERE workspace_id = $1 AND id = $2 AND source_id = $3
    """,
)

redact_part = Command(
    "redact_part",
    """
    UPDATE conversation_parts
    SET body = $4, attachments = NULL, redacted = true, updated_at = $5
    WHERE workspace_id = $1 AND conversation_id = $2 AND id = $3
    """,
)

redact_source = Command(
    "redact_source",
    """
    WITH forgotten AS (
        UPDATE conversation_words SET words = $4 WHERE workspace_id = $1 AND conversation_id = $2
    )
    UPDATE conversations
    SET source_body = $3, source_attachments = NULL, source_redacted = true
    WHERE workspace_id = $1 AND id = $2
    """,
)

put_tag = Query(
    "put_tag_on_conversation",
    int,
    """
    INSERT INTO conversation_tags (workspace_id, conversation_id, tag_id, applied_at, applied_by_admin_id)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
    RETURNING tag_id
    """,
)

take_tag = Command(
    "take_tag_off_conversation",
    "DELETE FROM conversation_tags WHERE workspace_id = $1 AND conversation_id = $2 AND tag_id = $3",
)

conversation_tagging = Query(
    "conversation_tagging",
    TaggingRow,
    """
    SELECT g.id, g.name, t.applied_at, t.applied_by_admin_id
    FROM conversation_tags t
    JOIN tags g ON g.workspace_id = $1 AND g.id = t.tag_id
    WHERE t.workspace_id = $1 AND t.conversation_id = $2 AND t.tag_id = $3
    """,
)

# Per workspace, since each has a clock of its own.
snoozes_that_end = GlobalQuery(
    "snoozes_that_end",
    ConversationKey,
    """
    SELECT w.id, due.id
    FROM workspaces w
    CROSS JOIN LATERAL (
        SELECT c.id
        FROM conversations c
        WHERE c.workspace_id = w.id AND c.state = 'snoozed'
            AND c.snoozed_until <= $1::timestamptz + make_interval(secs => w.clock_offset_seconds)
        ORDER BY c.snoozed_until
        LIMIT $2
    ) due
    """,
)

hold_conversations_of = Query(
    "hold_conversations_of_contact",
    int,
    """
    SELECT c.id
    FROM conversations c
    WHERE c.workspace_id = $1 AND c.id IN (
        SELECT m.conversation_id FROM conversation_contacts m WHERE m.workspace_id = $1 AND m.contact_id = $2
    )
    ORDER BY c.id
    FOR NO KEY UPDATE
    """,
)

move_participation = Command(
    "move_conversation_participation",
    """
    WITH moved AS (
        INSERT INTO conversation_contacts (workspace_id, conversation_id, contact_id, added_at)
        SELECT workspace_id, conversation_id, $3, added_at
        FROM conversation_contacts
        WHERE workspace_id = $1 AND contact_id = $2
        ON CONFLICT DO NOTHING
    )
    DELETE FROM conversation_contacts
    WHERE workspace_id = $1 AND contact_id = $2
    """,
)

move_parts = Command(
    "move_conversation_parts",
    "UPDATE conversation_parts SET author_contact_id = $3 WHERE workspace_id = $1 AND author_contact_id = $2",
)

# Before the participation moves: it is how the conversations are found.
move_sources = Command(
    "move_conversation_sources",
    """
    UPDATE conversations
    SET source_author_contact_id = CASE WHEN source_author_contact_id = $2 THEN $3 ELSE source_author_contact_id END,
        rating_contact_id = CASE WHEN rating_contact_id = $2 THEN $3 ELSE rating_contact_id END
    WHERE workspace_id = $1 AND (source_author_contact_id = $2 OR rating_contact_id = $2) AND id IN (
        SELECT conversation_id FROM conversation_contacts WHERE workspace_id = $1 AND contact_id = $2
        UNION
        SELECT conversation_id FROM conversation_parts WHERE workspace_id = $1 AND author_contact_id = $2
    )
    """,
)
