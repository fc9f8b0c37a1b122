"""What is read of a conversation: row types, and the columns and tables that fill them."""

from datetime import datetime
from typing import Any, Literal

import msgspec

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
