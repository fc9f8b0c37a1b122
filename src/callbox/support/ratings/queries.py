"""SQL about ratings of conversations, and its row types."""

import msgspec

from callbox.platform.database import Command, Query


class RatingSettingsRow(msgspec.Struct):
    """Whom teammates' closing asks for a rating. The defaults are those of a workspace that never said."""

    asks_users: bool = False
    asks_leads: bool = False
    asks_about_outbound: bool = False
    hours_to_rate: int | None = None


class ClosedConversation(msgspec.Struct):
    """What decides whether a conversation that was closed is to be rated."""

    is_outbound: bool
    was_asked: bool
    participant_roles: list[str]
    transcript_length: int


class GivenRating(msgspec.Struct):
    """What a contact said so far."""

    was_asked: bool
    rating: int | None
    remark: str | None


rating_settings = Query(
    "rating_settings",
    RatingSettingsRow,
    """
    SELECT asks_users, asks_leads, asks_about_outbound, hours_to_rate
    FROM rating_settings
    WHERE workspace_id = $1
    """,
)

store_rating_settings = Command(
    "store_rating_settings",
    """
    INSERT INTO rating_settings (workspace_id, asks_users, asks_leads, asks_about_outbound, hours_to_rate)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (workspace_id) DO UPDATE
    SET asks_users = EXCLUDED.asks_users,
        asks_leads = EXCLUDED.asks_leads,
        asks_about_outbound = EXCLUDED.asks_about_outbound,
        hours_to_rate = EXCLUDED.hours_to_rate
    """,
)

closed_conversation = Query(
    "closed_conversation",
    ClosedConversation,
    r"""
    SELECT
        c.source_delivered_as <> 'customer_initiated',
        c.rating_requested_at IS NOT NULL,
        ARRAY(
            SELECT coalesce(mc.role, 'gone')
            FROM conversation_contacts m
            LEFT JOIN contacts mc ON mc.workspace_id = $1 AND mc.id = m.contact_id
            WHERE m.workspace_id = $1 AND m.conversation_id = c.id
        ),
        (
            SELECT coalesce(sum(length(regexp_replace(said.body, '<[^>]*>', '', 'g'))), 0)
            FROM (
                SELECT c.source_body AS body
                UNION ALL
                SELECT p.body
                FROM conversation_parts p
                WHERE p.workspace_id = $1 AND p.conversation_id = c.id
                    AND p.part_type NOT IN ('note', 'note_and_unsnooze')
            ) said
        )
    FROM conversations c
    WHERE c.workspace_id = $1 AND c.id = $2 AND c.source_type IS NOT NULL
    """,
)

ask_for_rating = Command(
    "ask_for_rating",
    """
    UPDATE conversations
    SET rating_requested_at = $3, rating_replied_at = NULL, rating = NULL, rating_remark = NULL,
        rating_contact_id = NULL, rating_admin_id = $4
    WHERE workspace_id = $1 AND id = $2
    """,
)

given_rating = Query(
    "given_rating",
    GivenRating,
    """
    SELECT rating_requested_at IS NOT NULL, rating, rating_remark
    FROM conversations
    WHERE workspace_id = $1 AND id = $2
    """,
)

rate = Command(
    "rate_conversation",
    """
    UPDATE conversations
    SET rating = $3, rating_remark = $4, rating_contact_id = $5, rating_admin_id = $6, rating_replied_at = $7
    WHERE workspace_id = $1 AND id = $2
    """,
)

# A text that goes with an assignment to somebody else is for that colleague.
last_answering_admin = Query(
    "last_answering_admin",
    int,
    """
    SELECT author_admin_id
    FROM conversation_parts
    WHERE workspace_id = $1 AND conversation_id = $2 AND author_type = 'admin' AND body IS NOT NULL
        AND part_type NOT IN ('note', 'note_and_unsnooze')
        AND (assigned_to_type IS NULL OR assigned_to_type = 'admin' AND assigned_to_id = author_admin_id)
    ORDER BY id DESC
    LIMIT 1
    """,
)
