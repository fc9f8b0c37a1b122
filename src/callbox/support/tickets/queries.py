"""SQL about what a conversation has more when it is a ticket, and its row type."""

import msgspec

from callbox.platform.database import Command, Query
from callbox.support.conversations.rows import (
    CONVERSATION_COLUMNS,
    CONVERSATION_PARTS,
    CONVERSATION_TABLES,
    STATE_COLUMNS,
    conversation_row,
)
from callbox.support.ticket_types.queries import TICKET_TYPE, TicketTypeRow, ticket_type_row


class TicketRow(msgspec.Struct):
    """What is of a ticket alone. The attributes are JSON."""

    attributes: str
    is_shared: bool
    ticket_type: TicketTypeRow


ticket_of_conversation = Query(
    "ticket_of_conversation",
    lambda attributes, is_shared, ticket_type: TicketRow(attributes, is_shared, ticket_type_row(ticket_type)),
    f"""
    SELECT c.ticket_attributes, c.ticket_is_shared, {TICKET_TYPE}
    FROM conversations c
    JOIN ticket_types t ON t.workspace_id = $1 AND t.id = c.ticket_type_id
    WHERE c.workspace_id = $1 AND c.id = $2
    """,
)

tickets_by_ids = Query(
    "tickets_by_ids",
    conversation_row,
    f"""
    SELECT {CONVERSATION_COLUMNS}, {CONVERSATION_PARTS}
    FROM {CONVERSATION_TABLES}
    WHERE c.workspace_id = $1 AND c.id = ANY ($2::bigint[]) AND c.ticket_number IS NOT NULL
    """,
)

_STATE_FIRST = 3
_STATE_LAST = _STATE_FIRST + len(STATE_COLUMNS) - 1

# One statement: the conversation behind the ticket, its contact, and the part that tells of its first state.
insert_ticket = Query(
    "insert_ticket",
    int,
    f"""
    WITH inserted AS (
        INSERT INTO conversations (
            workspace_id, created_at, {", ".join(STATE_COLUMNS)}, ticket_type_id, ticket_is_shared,
            ticket_company_id, ticket_attributes, ticket_attributes_folded
        )
        VALUES (
            $1, $2, {", ".join(f"${place}" for place in range(_STATE_FIRST, _STATE_LAST + 1))},
            ${_STATE_LAST + 1}, ${_STATE_LAST + 2}, ${_STATE_LAST + 3},
            ${_STATE_LAST + 4}::jsonb, ${_STATE_LAST + 5}::jsonb
        )
        RETURNING id, ticket_state
    ), joined AS (
        INSERT INTO conversation_contacts (workspace_id, conversation_id, contact_id, added_at)
        SELECT $1, inserted.id, ${_STATE_LAST + 6}, $2
        FROM inserted
    )
    INSERT INTO conversation_parts (
        workspace_id, conversation_id, part_type, author_type, created_at, updated_at,
        ticket_state, previous_ticket_state
    )
    SELECT $1, inserted.id, ${_STATE_LAST + 7}, 'bot', $2, $2, inserted.ticket_state, inserted.ticket_state
    FROM inserted
    RETURNING conversation_id
    """,
)

make_ticket = Command(
    "make_ticket_of_conversation",
    """
    UPDATE conversations
    SET ticket_type_id = $3, ticket_is_shared = $4, ticket_attributes = $5::jsonb,
        ticket_attributes_folded = $6::jsonb
    WHERE workspace_id = $1 AND id = $2
    """,
)

# Numbers have no gaps, so creates wait for one another's commits from here on: it is the last thing that they do.
number_ticket = Query(
    "number_ticket",
    int,
    """
    WITH numbered AS (
        INSERT INTO counts AS n (workspace_id, kind, shard, n)
        VALUES ($1, 'tickets', 0, 1)
        ON CONFLICT (workspace_id, kind, shard) DO UPDATE SET n = n.n + 1
        RETURNING n.n
    )
    UPDATE conversations
    SET ticket_number = numbered.n
    FROM numbered
    WHERE workspace_id = $1 AND id = $2
    RETURNING ticket_number
    """,
)

update_ticket = Command(
    "update_ticket",
    """
    UPDATE conversations
    SET ticket_is_shared = $3, ticket_attributes = ticket_attributes || $4::jsonb,
        ticket_attributes_folded = ticket_attributes_folded || $5::jsonb
    WHERE workspace_id = $1 AND id = $2
    """,
)

linked_conversations = Query(
    "linked_conversations",
    int,
    """
    SELECT conversation_id
    FROM ticket_links
    WHERE workspace_id = $1 AND ticket_id = $2
    ORDER BY conversation_id
    """,
)

is_tracked = Query(
    "is_conversation_tracked",
    bool,
    """
    SELECT EXISTS (
        SELECT 1
        FROM ticket_links l
        JOIN conversations c ON c.workspace_id = $1 AND c.id = l.ticket_id
        JOIN ticket_types t ON t.workspace_id = $1 AND t.id = c.ticket_type_id
        WHERE l.workspace_id = $1 AND l.conversation_id = $2 AND t.category = 'Tracker'
    )
    """,
)

insert_link = Command(
    "insert_ticket_link",
    """
    INSERT INTO ticket_links (workspace_id, ticket_id, conversation_id, created_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
    """,
)

delete_link = Command(
    "delete_ticket_link",
    "DELETE FROM ticket_links WHERE workspace_id = $1 AND ticket_id = $2 AND conversation_id = $3",
)
