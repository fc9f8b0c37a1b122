"""The resources of a dump, and how their rows are read: all of one workspace, as of one moment, some at a time."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from callbox.platform.database import Connection, GlobalQuery, Query


class Resource(msgspec.Struct, frozen=True):
    """What one file of a dump holds: a table, or those of its rows that meet a condition."""

    table: str
    condition: str = "true"


_TABLES = (
    *("admins", "teams", "team_members", "activity_logs", "data_attributes"),
    *("contacts", "visitors", "plans", "companies", "contact_companies", "tags", "contact_tags", "company_tags"),
    *("notes", "segments", "segment_members", "subscription_types", "contact_subscriptions"),
    *("data_events", "data_event_summaries", "messages", "phone_call_redirects", "text_messages", "files"),
    *("support_addresses", "emails", "inbound_emails"),
    *("conversation_parts", "conversation_contacts", "conversation_tags"),
    *("ticket_types", "ticket_type_attributes", "ticket_links"),
    *("conversation_rules", "team_assignment", "admin_assignment", "rating_settings"),
    *("help_centers", "collections", "articles", "article_contents", "article_reactions", "article_conversations"),
    *("newsfeeds", "news_items", "newsfeed_assignments", "news_reactions"),
)
# What somebody wrote, or what tells what happened; not what keeps the server going: queues, caches, indexes, tokens.
# A conversation that became a ticket is both.
RESOURCES = {
    **{table: Resource(table) for table in _TABLES},
    "conversations": Resource("conversations", "source_type IS NOT NULL"),
    "tickets": Resource("conversations", "ticket_number IS NOT NULL"),
}
# Few enough for memory when each is as long as may be.
BATCH_ROWS = 1000


class Column(msgspec.Struct):
    """A column with its type, in PostgreSQL's words."""

    name: str
    type: str

    @property
    def is_json(self) -> bool:
        """Whether its values are written as JSON, for want of a simpler form."""
        return self.type not in _PLAIN and self.type not in _TEXT

    @property
    def selected(self) -> str:
        """What reads it."""
        if self.is_json:
            return f"to_jsonb({self.name})::text"
        return f"{self.name}::{_PLAIN.get(self.type, 'text')}"


_PLAIN = {
    "bigint": "bigint",
    "integer": "bigint",
    "smallint": "bigint",
    "boolean": "boolean",
    "double precision": "double precision",
    "numeric": "double precision",
    "timestamp with time zone": "timestamptz",
}
_TEXT = frozenset({"text", "uuid", "date"})

# The workspace is the same everywhere; words and folded texts are copies for searches.
columns_of_table = GlobalQuery(
    "columns_of_table",
    Column,
    r"""
    SELECT a.attname, format_type(a.atttypid, NULL)
    FROM pg_attribute a
    WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
        AND a.attname <> 'workspace_id' AND a.attname NOT LIKE '%\_folded'
        AND a.atttypid <> 'tsvector'::regtype
    ORDER BY a.attnum
    """,
)

key_of_table = GlobalQuery(
    "key_of_table",
    str,
    """
    SELECT a.attname
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE i.indrelid = $1::text::regclass AND i.indisprimary
    ORDER BY k.place
    """,
)


def _cells(*values: Any) -> tuple[Any, ...]:
    return values


async def count_rows(held: Connection, workspace_id: str, resource: Resource) -> int:
    """How many rows of a resource a workspace has."""
    rows = Query(
        "dump_count",
        int,
        f"SELECT count(*) FROM {resource.table} WHERE workspace_id = $1 AND {resource.condition}",
    )
    return await rows.one(held, workspace_id)


async def read_rows(
    held: Connection, workspace_id: str, resource: Resource, columns: list[Column]
) -> AsyncIterator[list[tuple[Any, ...]]]:
    """The rows of a resource in the order of their keys, some at a time."""
    selected = ", ".join(column.selected for column in columns)
    order = ", ".join(await key_of_table.all(held, resource.table))
    rows = Query(
        "dump_rows",
        _cells,
        f"""
        SELECT {selected}
        FROM {resource.table}
        WHERE workspace_id = $1 AND {resource.condition}
        ORDER BY {order}
        """,
    )
    async for batch in rows.batches(held, workspace_id, size=BATCH_ROWS):
        yield batch
