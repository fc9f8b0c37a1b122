"""SQL about news items and newsfeeds, and its row types."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, GlobalQuery, Query


class NewsItemRow(msgspec.Struct):
    """A news item; `assignments` is a JSON array of its newsfeeds, each with the Unix time of publication."""

    id: int
    title: str
    body: str
    sender_id: int
    state: str
    labels: list[str]
    reactions: list[str]
    cover_image_url: str | None
    deliver_silently: bool
    publish_at: datetime | None
    created_at: datetime
    updated_at: datetime
    assignments: str


class ShownItemRow(NewsItemRow):
    """A live news item as one person has it before them."""

    published_at: datetime
    own_reaction: str | None


class NewsItemKey(msgspec.Struct):
    """Which news item of which workspace."""

    workspace_id: str
    id: int


class NewsfeedRow(msgspec.Struct):
    """A newsfeed with its audience."""

    id: int
    name: str
    roles: list[str]
    segment_ids: list[str]
    created_at: datetime
    updated_at: datetime


_ITEM = """
    n.id, n.title, n.body, n.sender_id, n.state, n.labels, n.reactions, n.cover_image_url, n.deliver_silently,
    n.publish_at, n.created_at, n.updated_at,
    coalesce((
        SELECT json_agg(
            json_build_object(
                'newsfeed_id', a.newsfeed_id, 'published_at', floor(extract(epoch FROM a.published_at))::bigint
            )
            ORDER BY a.newsfeed_id
        )
        FROM newsfeed_assignments a
        WHERE a.workspace_id = $1 AND a.news_item_id = n.id
    ), '[]')::text"""

_FEED = "f.id, f.name, f.roles, f.segment_ids, f.created_at, f.updated_at"

news_item_by_id = Query(
    "news_item_by_id", NewsItemRow, f"SELECT {_ITEM} FROM news_items n WHERE n.workspace_id = $1 AND n.id = $2"
)

news_item_for_update = Query(
    "news_item_for_update",
    NewsItemRow,
    f"SELECT {_ITEM} FROM news_items n WHERE n.workspace_id = $1 AND n.id = $2 FOR NO KEY UPDATE",
)

news_items_page = Query(
    "news_items_page",
    NewsItemRow,
    f"""
    SELECT {_ITEM}
    FROM news_items n
    WHERE n.workspace_id = $1
    ORDER BY n.updated_at DESC, n.id
    LIMIT $2 OFFSET $3
    """,
)

news_items_total = Query("news_items_total", int, "SELECT count(*) FROM news_items WHERE workspace_id = $1")

live_items_page = Query(
    "live_items_page",
    NewsItemRow,
    f"""
    SELECT {_ITEM}
    FROM newsfeed_assignments shown
    JOIN news_items n ON n.workspace_id = $1 AND n.id = shown.news_item_id AND n.state = 'live'
    WHERE shown.workspace_id = $1 AND shown.newsfeed_id = $2
    ORDER BY shown.published_at DESC, n.id
    LIMIT $3 OFFSET $4
    """,
)

live_items_total = Query(
    "live_items_total",
    int,
    """
    SELECT count(*)
    FROM newsfeed_assignments shown
    JOIN news_items n ON n.workspace_id = $1 AND n.id = shown.news_item_id AND n.state = 'live'
    WHERE shown.workspace_id = $1 AND shown.newsfeed_id = $2
    """,
)

# Assignments to the newsfeeds whose audience a person belongs to: `$2` is a contact or visitor, `$3` what they are.
_ASSIGNED_FOR_PERSON = """
        FROM newsfeeds f
        JOIN newsfeed_assignments a ON a.workspace_id = $1 AND a.newsfeed_id = f.id
        WHERE f.workspace_id = $1 AND $3 = ANY (f.roles)
            AND (
                f.segment_ids = '{}'
                OR EXISTS (
                    SELECT 1
                    FROM segment_members m
                    WHERE m.workspace_id = $1 AND m.member_id = $2 AND m.segment_id = ANY (f.segment_ids)
                )
            )"""

# Of several feeds, the latest publication counts.
items_for_person = Query(
    "news_items_for_person",
    ShownItemRow,
    f"""
    SELECT {_ITEM}, shown.published_at, r.reaction
    FROM (
        SELECT a.news_item_id, max(a.published_at) AS published_at
        {_ASSIGNED_FOR_PERSON}
        GROUP BY a.news_item_id
    ) AS shown
    JOIN news_items n ON n.workspace_id = $1 AND n.id = shown.news_item_id AND n.state = 'live'
    LEFT JOIN news_reactions r ON r.workspace_id = $1 AND r.news_item_id = n.id AND r.contact_id = $2
    ORDER BY shown.published_at DESC, n.id
    LIMIT $4 OFFSET $5
    """,
)

# Whoever reacts to an item keeps it from being deleted meanwhile.
item_for_person = Query(
    "news_item_for_person",
    NewsItemRow,
    f"""
    SELECT {_ITEM}
    FROM news_items n
    WHERE n.workspace_id = $1 AND n.id = $4 AND n.state = 'live'
        AND n.id IN (SELECT a.news_item_id {_ASSIGNED_FOR_PERSON})
    FOR KEY SHARE OF n
    """,
)

insert_item = Query(
    "insert_news_item",
    int,
    """
    INSERT INTO news_items (
        workspace_id, title, body, sender_id, state, labels, reactions, deliver_silently, created_at, updated_at
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
    RETURNING id
    """,
)

update_item = Command(
    "update_news_item",
    """
    UPDATE news_items
    SET title = $3, body = $4, sender_id = $5, state = $6, labels = $7, reactions = $8, deliver_silently = $9,
        cover_image_url = $10, publish_at = $11, updated_at = $12
    WHERE workspace_id = $1 AND id = $2
    """,
)

delete_item = Command("delete_news_item", "DELETE FROM news_items WHERE workspace_id = $1 AND id = $2")

clear_assignments = Command(
    "clear_newsfeed_assignments", "DELETE FROM newsfeed_assignments WHERE workspace_id = $1 AND news_item_id = $2"
)

# Answers the ids of the newsfeeds that there are.
insert_assignments = Query(
    "insert_newsfeed_assignments",
    int,
    """
    INSERT INTO newsfeed_assignments (workspace_id, news_item_id, newsfeed_id, published_at)
    SELECT $1, $2, f.id, sent.published_at
    FROM unnest($3::bigint[], $4::timestamptz[]) AS sent (newsfeed_id, published_at)
    JOIN newsfeeds f ON f.workspace_id = $1 AND f.id = sent.newsfeed_id
    RETURNING newsfeed_id
    """,
)

items_to_publish = GlobalQuery(
    "news_items_to_publish",
    NewsItemKey,
    """
    SELECT w.id, due.id
    FROM workspaces w
    CROSS JOIN LATERAL (
        SELECT n.id
        FROM news_items n
        WHERE n.workspace_id = w.id
            AND n.publish_at <= $1::timestamptz + make_interval(secs => w.clock_offset_seconds)
        ORDER BY n.publish_at
        LIMIT $2
    ) due
    """,
)

set_reaction = Command(
    "set_news_reaction",
    """
    INSERT INTO news_reactions (workspace_id, news_item_id, contact_id, reaction, reacted_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (workspace_id, news_item_id, contact_id)
    DO UPDATE SET reaction = EXCLUDED.reaction, reacted_at = EXCLUDED.reacted_at
    """,
)

delete_reaction = Command(
    "delete_news_reaction",
    "DELETE FROM news_reactions WHERE workspace_id = $1 AND news_item_id = $2 AND contact_id = $3",
)

reaction_counts = Query(
    "news_reaction_counts",
    lambda reaction, count: (reaction, count),
    """
    SELECT reaction, count(*)
    FROM news_reactions
    WHERE workspace_id = $1 AND news_item_id = $2
    GROUP BY reaction
    ORDER BY reaction
    """,
)

# What the user said already wins over what the lead said.
move_reactions = Command(
    "move_news_reactions",
    """
    WITH moved AS (
        DELETE FROM news_reactions
        WHERE workspace_id = $1 AND contact_id = $2
        RETURNING news_item_id, reaction, reacted_at
    )
    INSERT INTO news_reactions (workspace_id, news_item_id, contact_id, reaction, reacted_at)
    SELECT $1, news_item_id, $3, reaction, reacted_at
    FROM moved
    ON CONFLICT (workspace_id, news_item_id, contact_id) DO NOTHING
    """,
)

newsfeed_by_id = Query(
    "newsfeed_by_id", NewsfeedRow, f"SELECT {_FEED} FROM newsfeeds f WHERE f.workspace_id = $1 AND f.id = $2"
)

newsfeed_for_update = Query(
    "newsfeed_for_update",
    NewsfeedRow,
    f"SELECT {_FEED} FROM newsfeeds f WHERE f.workspace_id = $1 AND f.id = $2 FOR NO KEY UPDATE",
)

newsfeeds_page = Query(
    "newsfeeds_page",
    NewsfeedRow,
    f"""
    SELECT {_FEED}
    FROM newsfeeds f
    WHERE f.workspace_id = $1
    ORDER BY f.id
    LIMIT $2 OFFSET $3
    """,
)

newsfeeds_total = Query("newsfeeds_total", int, "SELECT count(*) FROM newsfeeds WHERE workspace_id = $1")

insert_newsfeed = Query(
    "insert_newsfeed",
    int,
    """
    INSERT INTO newsfeeds (workspace_id, name, roles, segment_ids, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $5)
    RETURNING id
    """,
)

update_newsfeed = Command(
    "update_newsfeed",
    """
    UPDATE newsfeeds
    SET name = $3, roles = $4, segment_ids = $5, updated_at = $6
    WHERE workspace_id = $1 AND id = $2
    """,
)

delete_newsfeed = Command("delete_newsfeed", "DELETE FROM newsfeeds WHERE workspace_id = $1 AND id = $2")
