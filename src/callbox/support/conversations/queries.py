"""SQL about conversations and their parts, and its row types."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from callbox.people.tags.queries import TaggingRow
from callbox.platform.database import Command, GlobalQuery, Query
from callbox.support.attachments.queries import AttachmentRow, attachments_sql
from callbox.support.conversations.transitions import Conversation
from callbox.support.ticket_types.queries import TICKET_TYPE, Category
from callbox.support.ticket_types.states import TicketState

MAX_PARTS = 500


class PartRow(msgspec.Struct, array_like=True):
    """A part with its author's name, as `CONVERSATION_PARTS` builds it. Times are Unix seconds.

    Whom it assigned to is left out once they are gone.
    """

    id: int
    part_type: str
    body: str | None
    created_at: int
    updated_at: int
    author_type: str
    author_id: str | None
    author_name: str | None
    author_email: str | None
    assigned_to_type: str | None
    assigned_to_id: int | None
    attachments: list[AttachmentRow] | None
    external_id: str | None
    redacted: bool
    ticket_state: TicketState | None
    previous_ticket_state: TicketState | None
    reply_options: list[dict[str, str]] | None


class ContactReferenceRow(msgspec.Struct, array_like=True):
    """A participant."""

    id: str
    external_id: str | None


class ConversationKey(msgspec.Struct):
    """Which conversation of which workspace."""

    workspace_id: str
    id: int


class Participant(msgspec.Struct):
    """A live contact who takes part."""

    id: str
    role: Literal["user", "lead"]


class Redactable(msgspec.Struct):
    """What is to be redacted, as it stands."""

    is_redacted: bool
    has_body: bool
    author_type: str
    attachments: str | None


class AppliedTagRow(msgspec.Struct, array_like=True):
    """A tag on a conversation."""

    id: int
    name: str
    applied_at: int
    applied_by_admin_id: int


class LinkRow(msgspec.Struct, array_like=True):
    """A linked ticket, or a conversation, which has no category."""

    id: int
    category: Category | None


class ConversationRow(Conversation, kw_only=True):
    """A conversation with what hangs on it. Lists leave the parts out."""

    id: int
    created_at: datetime
    title: str | None
    source_type: str | None
    source_id: int | None
    source_delivered_as: str | None
    source_subject: str | None
    source_body: str | None
    source_url: str | None
    source_attachments: str | None
    source_redacted: bool
    first_contact_reply_url: str | None
    rating_requested_at: datetime | None
    rating_replied_at: datetime | None
    rating: int | None
    rating_remark: str | None
    rating_contact_id: str | None
    rating_admin_id: int | None
    custom_attributes: str
    ticket_number: int | None
    ticket_attributes: str | None
    ticket_is_shared: bool | None
    source_author_type: str | None
    source_author_id: str | None
    source_author_name: str | None
    source_author_email: str | None
    contacts: str
    tags: str
    links: str
    ticket_type: str | None
    ticket_files: str | None
    parts: str | None = None


# What actions change, in the order of the struct.
STATE_COLUMNS = Conversation.__struct_fields__
_OTHER_COLUMNS = ConversationRow.__struct_fields__[
    len(STATE_COLUMNS) : ConversationRow.__struct_fields__.index("source_author_type")
]

_AUTHOR_TYPE = "CASE WHEN {type} IN ('user', 'lead') THEN coalesce({contact}.role, {type}) ELSE {type} END"

_AUTHOR = f"""
        {_AUTHOR_TYPE},
        coalesce({{contact_id}}, {{admin_id}}::text),
        coalesce({{admin}}.name, {{contact}}.name),
        coalesce({{admin}}.email, {{contact}}.email)"""

CONVERSATION_PARTS = f"""
    (
        SELECT coalesce(json_agg(j.part ORDER BY j.id), '[]')::text
        FROM (
            SELECT p.id, json_build_array(
                p.id, p.part_type, p.body,
                extract(epoch FROM p.created_at)::bigint, extract(epoch FROM p.updated_at)::bigint,
                {
    _AUTHOR.format(
        type="p.author_type",
        contact="pc",
        admin="pa",
        contact_id="p.author_contact_id",
        admin_id="p.author_admin_id",
    )
},
                CASE
                    WHEN p.assigned_to_type = 'nobody_admin' OR ga.id IS NOT NULL OR gt.id IS NOT NULL
                    THEN p.assigned_to_type
                END,
                p.assigned_to_id, {attachments_sql("p.attachments")}, p.external_id, p.redacted,
                p.ticket_state, p.previous_ticket_state, p.reply_options
            ) AS part
            FROM conversation_parts p
            LEFT JOIN admins pa ON pa.workspace_id = $1 AND pa.id = p.author_admin_id
            LEFT JOIN contacts pc ON pc.workspace_id = $1 AND pc.id = p.author_contact_id
            LEFT JOIN admins ga ON ga.workspace_id = $1 AND ga.id = p.assigned_to_id
                AND p.assigned_to_type = 'admin' AND ga.removed_at IS NULL
            LEFT JOIN teams gt ON gt.workspace_id = $1 AND gt.id = p.assigned_to_id AND p.assigned_to_type = 'team'
            WHERE p.workspace_id = $1 AND p.conversation_id = c.id
            ORDER BY p.id DESC
            LIMIT {MAX_PARTS}
        ) j
    )"""

_COLUMNS = {"source_attachments": f"({attachments_sql('c.source_attachments')})::text"}

# Of a ticket's attributes, those of files alone are arrays: of the files' ids.
_TICKET_FILES = """nullif(
        jsonb_path_query_array(c.ticket_attributes, 'strict $.* ? (@.type() == "array")[*]'), '[]'
    )"""

CONVERSATION_COLUMNS = f"""
    {", ".join(_COLUMNS.get(name, f"c.{name}") for name in (*STATE_COLUMNS, *_OTHER_COLUMNS))},
    {
    _AUTHOR.format(
        type="c.source_author_type",
        contact="sc",
        admin="sa",
        contact_id="c.source_author_contact_id",
        admin_id="c.source_author_admin_id",
    )
},
    (
        SELECT coalesce(
            json_agg(json_build_array(m.contact_id, mc.external_id) ORDER BY m.added_at, m.contact_id), '[]'
        )
        FROM conversation_contacts m
        LEFT JOIN contacts mc ON mc.workspace_id = $1 AND mc.id = m.contact_id
        WHERE m.workspace_id = $1 AND m.conversation_id = c.id
    )::text,
    (
        SELECT coalesce(json_agg(
            json_build_array(
                t.tag_id, g.name, extract(epoch FROM t.applied_at)::bigint, t.applied_by_admin_id
            )
            ORDER BY t.applied_at, t.tag_id
        ), '[]')
        FROM conversation_tags t
        JOIN tags g ON g.workspace_id = $1 AND g.id = t.tag_id
        WHERE t.workspace_id = $1 AND t.conversation_id = c.id
    )::text,
    (
        SELECT coalesce(json_agg(json_build_array(l.id, lt.category) ORDER BY l.created_at, l.id), '[]')
        FROM (
            SELECT conversation_id AS id, created_at FROM ticket_links WHERE workspace_id = $1 AND ticket_id = c.id
            UNION ALL
            SELECT ticket_id, created_at FROM ticket_links WHERE workspace_id = $1 AND conversation_id = c.id
        ) l
        JOIN conversations lc ON lc.workspace_id = $1 AND lc.id = l.id
        LEFT JOIN ticket_types lt ON lt.workspace_id = $1 AND lt.id = lc.ticket_type_id
    )::text,
    type_of_ticket.shown,
    ({attachments_sql(_TICKET_FILES)})::text"""

# Many tickets are of few types. With OFFSET, PostgreSQL reads each once and remembers it for the other rows.
CONVERSATION_TABLES = f"""
    conversations c
    LEFT JOIN admins sa ON sa.workspace_id = $1 AND sa.id = c.source_author_admin_id
    LEFT JOIN contacts sc ON sc.workspace_id = $1 AND sc.id = c.source_author_contact_id
    LEFT JOIN LATERAL (
        SELECT {TICKET_TYPE} AS shown
        FROM ticket_types t
        WHERE t.workspace_id = $1 AND t.id = c.ticket_type_id
        OFFSET 0
    ) type_of_ticket ON true"""

_FIELDS = ConversationRow.__struct_fields__


def conversation_row(*values: Any) -> ConversationRow:
    """The row of `CONVERSATION_COLUMNS`, with or without the parts after them."""
    return ConversationRow(**dict(zip(_FIELDS, values, strict=False)))


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
