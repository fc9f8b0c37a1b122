"""SQL of webhooks: who listens, what waits for them, and how each delivery went."""

from datetime import datetime
from uuid import UUID

import msgspec

from callbox.platform.database import Command, GlobalCommand, GlobalQuery, Query


class WebhookRow(msgspec.Struct):
    """A webhook as it is managed. Its secret is read only to sign."""

    id: int
    url: str
    topics: list[str] | None
    state: str
    suspended_because: str | None
    failing_since: datetime | None
    held_until: datetime | None
    created_at: datetime
    updated_at: datetime


class DeliveryRow(msgspec.Struct):
    """A delivery as it is listed."""

    id: UUID
    event_id: int
    topic: str
    item_id: str
    state: str
    attempts: int
    created_at: datetime
    first_sent_at: datetime | None
    next_attempt_at: datetime
    finished_at: datetime | None


class AttemptRow(msgspec.Struct):
    """One attempt, and what came of it."""

    number: int
    sent_at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    answer: str | None


class Target(msgspec.Struct, frozen=True):
    """A webhook that something is due for."""

    workspace_id: str
    webhook_id: int


class ReceiverRow(msgspec.Struct):
    """What sending to a webhook takes, and how its receiver has been doing."""

    url: str
    secret: str
    updated_at: datetime
    clock_offset_seconds: int
    failing_since: datetime | None
    errors_in_row: int
    errors_since: datetime | None
    throttles_in_row: int
    held_until: datetime | None


class DueRow(msgspec.Struct):
    """A delivery that is due, with what it brings."""

    id: UUID
    event_id: int
    item_id: str
    attempts: int
    failures: int
    first_sent_at: datetime | None
    topic: str
    item: str
    created_at: datetime


_WEBHOOK = "id, url, topics, state, suspended_because, failing_since, held_until, created_at, updated_at"
_DELIVERY = """d.id, d.event_id, e.topic, d.item_id, d.state, d.attempts, e.created_at, d.first_sent_at,
           d.next_attempt_at, d.finished_at"""

# Who listens

insert_webhook = Query(
    "insert_webhook",
    WebhookRow,
    f"""
    INSERT INTO webhooks (workspace_id, url, topics, secret, state, created_at, updated_at)
    VALUES ($1, $2, $3, $4, 'active', $5, $5)
    RETURNING {_WEBHOOK}
    """,
)

count_webhooks = Query(
    "count_webhooks", int, "SELECT count(*) FROM webhooks WHERE workspace_id = $1 AND state <> 'deleted'"
)

webhooks_of_workspace = Query(
    "webhooks_of_workspace",
    WebhookRow,
    f"SELECT {_WEBHOOK} FROM webhooks WHERE workspace_id = $1 AND state <> 'deleted' ORDER BY id",
)

webhook_by_id = Query(
    "webhook_by_id",
    WebhookRow,
    f"SELECT {_WEBHOOK} FROM webhooks WHERE workspace_id = $1 AND id = $2 AND state <> 'deleted'",
)

webhook_for_update = Query(
    "webhook_for_update",
    WebhookRow,
    f"""
    SELECT {_WEBHOOK}
    FROM webhooks
    WHERE workspace_id = $1 AND id = $2 AND state <> 'deleted'
    FOR NO KEY UPDATE
    """,
)

update_webhook = Query(
    "update_webhook",
    WebhookRow,
    f"""
    UPDATE webhooks
    SET url = $3, topics = $4, secret = coalesce($5, secret), state = $6, updated_at = $7,
        suspended_because = CASE WHEN $6 = 'suspended' THEN suspended_because END,
        failing_since = NULL, errors_in_row = 0, errors_since = NULL, throttles_in_row = 0, held_until = NULL
    WHERE workspace_id = $1 AND id = $2
    RETURNING {_WEBHOOK}
    """,
)

mark_webhook_deleted = Command(
    "mark_webhook_deleted",
    "UPDATE webhooks SET state = 'deleted', updated_at = $3 WHERE workspace_id = $1 AND id = $2",
)

# What waits for them

listened_to = GlobalQuery(
    "listened_to",
    str,
    """
    SELECT DISTINCT workspace_id
    FROM webhooks
    WHERE workspace_id = ANY ($1) AND state IN ('active', 'paused')
    """,
)

# What is about an object for which an earlier notification still waits is not due before that one.
insert_deliveries = GlobalCommand(
    "insert_deliveries",
    """
    WITH told AS (
        INSERT INTO webhook_events (workspace_id, topic, item_id, item, created_at, told_at)
        SELECT e.workspace_id, e.topic, e.item_id, e.item, e.created_at,
               $6::timestamptz + make_interval(secs => w.clock_offset_seconds)
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
            WITH ORDINALITY AS e (workspace_id, topic, item_id, item, created_at, place)
        JOIN workspaces w ON w.id = e.workspace_id
        WHERE EXISTS (
            SELECT
            FROM webhooks h
            WHERE h.workspace_id = e.workspace_id AND h.state IN ('active', 'paused')
                AND (h.topics IS NULL OR e.topic = ANY (h.topics))
        )
        ORDER BY e.place
        RETURNING workspace_id, id, topic, item_id, told_at
    )
    INSERT INTO webhook_deliveries (workspace_id, id, webhook_id, event_id, item_id, state, next_attempt_at)
    SELECT t.workspace_id, gen_random_uuid(), h.id, t.id, t.item_id, 'waiting', greatest(
        t.told_at,
        (
            SELECT max(d.next_attempt_at)
            FROM webhook_deliveries d
            WHERE d.workspace_id = t.workspace_id AND d.webhook_id = h.id AND d.item_id = t.item_id
                AND d.state = 'waiting'
        )
    )
    FROM told t
    JOIN webhooks h ON h.workspace_id = t.workspace_id AND h.state IN ('active', 'paused')
        AND (h.topics IS NULL OR t.topic = ANY (h.topics))
    """,
)

insert_ping = Query(
    "insert_ping",
    UUID,
    """
    WITH told AS (
        INSERT INTO webhook_events (workspace_id, topic, item_id, item, created_at, told_at)
        VALUES ($1, $3, '', $4, $5, $5)
        RETURNING workspace_id, id
    )
    INSERT INTO webhook_deliveries (workspace_id, id, webhook_id, event_id, item_id, state, next_attempt_at)
    SELECT t.workspace_id, gen_random_uuid(), $2, t.id, '', 'waiting', $5
    FROM told t
    RETURNING id::text
    """,
)

# Of an index entry for each webhook only the first is looked at.
due_targets = GlobalQuery(
    "due_targets",
    Target,
    """
    SELECT h.workspace_id, h.id
    FROM webhooks h
    JOIN workspaces w ON w.id = h.workspace_id
    CROSS JOIN LATERAL (SELECT $1::timestamptz + make_interval(secs => w.clock_offset_seconds) AS now) AS t
    WHERE h.state = 'active' AND (h.held_until IS NULL OR h.held_until <= t.now) AND EXISTS (
        SELECT
        FROM webhook_deliveries d
        WHERE d.workspace_id = h.workspace_id AND d.webhook_id = h.id AND d.state = 'waiting'
            AND d.next_attempt_at <= t.now
    )
    """,
)

# Held by the database session, so that it ends with the worker, however that ends.
take_target = GlobalQuery(
    "take_target", bool, "SELECT pg_try_advisory_lock(hashtextextended('webhook ' || $1::text || ' ' || $2::bigint, 0))"
)

release_target = GlobalQuery(
    "release_target",
    bool,
    "SELECT pg_advisory_unlock(hashtextextended('webhook ' || $1::text || ' ' || $2::bigint, 0))",
)

release_all_targets = GlobalQuery("release_all_targets", str, "SELECT pg_advisory_unlock_all()::text")

receiver_of_webhook = Query(
    "receiver_of_webhook",
    ReceiverRow,
    """
    SELECT h.url, h.secret, h.updated_at, w.clock_offset_seconds, h.failing_since, h.errors_in_row, h.errors_since,
           h.throttles_in_row, h.held_until
    FROM webhooks h
    JOIN workspaces w ON w.id = h.workspace_id
    WHERE h.workspace_id = $1 AND w.id = $1 AND h.id = $2 AND h.state = 'active'
    """,
)

due_deliveries = Query(
    "due_deliveries",
    DueRow,
    """
    SELECT d.id, d.event_id, d.item_id, d.attempts, d.failures, d.first_sent_at, e.topic, e.item, e.created_at
    FROM webhook_deliveries d
    JOIN webhook_events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
    JOIN workspaces w ON w.id = d.workspace_id
    CROSS JOIN LATERAL (SELECT $3::timestamptz + make_interval(secs => w.clock_offset_seconds) AS now) AS t
    WHERE d.workspace_id = $1 AND e.workspace_id = $1 AND w.id = $1 AND d.webhook_id = $2 AND d.state = 'waiting'
        AND d.next_attempt_at <= t.now AND NOT EXISTS (
            SELECT
            FROM webhook_deliveries b
            WHERE b.workspace_id = $1 AND b.webhook_id = $2 AND b.item_id = d.item_id AND b.state = 'waiting'
                AND b.event_id < d.event_id AND b.next_attempt_at > t.now
        )
    ORDER BY d.next_attempt_at, d.event_id
    LIMIT $4
    """,
)

# What was noted while an attempt at what comes before it went wrong: nobody could know yet when that is repeated.
delay_blocked = Command(
    "delay_blocked",
    """
    UPDATE webhook_deliveries d
    SET next_attempt_at = blocked.until
    FROM (
        SELECT due.id, max(b.next_attempt_at) AS until
        FROM workspaces w
        CROSS JOIN LATERAL (SELECT $3::timestamptz + make_interval(secs => w.clock_offset_seconds) AS now) AS t
        JOIN webhook_deliveries due ON due.workspace_id = $1 AND due.webhook_id = $2 AND due.state = 'waiting'
            AND due.next_attempt_at <= t.now
        JOIN webhook_deliveries b ON b.workspace_id = $1 AND b.webhook_id = $2 AND b.item_id = due.item_id
            AND b.state = 'waiting' AND b.event_id < due.event_id AND b.next_attempt_at > t.now
        WHERE w.id = $1
        GROUP BY due.id
    ) blocked
    WHERE d.workspace_id = $1 AND d.id = blocked.id
    """,
)

# How each delivery went

insert_attempts = Command(
    "insert_attempts",
    """
    INSERT INTO webhook_attempts (
        workspace_id, delivery_id, number, sent_at, milliseconds, status, error, answer
    )
    SELECT $1, a.delivery_id, a.number, a.sent_at, a.milliseconds, a.status, a.error, a.answer
    FROM unnest($2::uuid[], $3::integer[], $4::timestamptz[], $5::integer[], $6::integer[], $7::text[], $8::text[])
        AS a (delivery_id, number, sent_at, milliseconds, status, error, answer)
    """,
)

store_outcomes = Command(
    "store_outcomes",
    """
    UPDATE webhook_deliveries d
    SET state = o.state, attempts = o.attempts, failures = o.failures, next_attempt_at = o.next_attempt_at,
        first_sent_at = coalesce(d.first_sent_at, o.sent_at),
        finished_at = CASE WHEN o.state <> 'waiting' THEN o.sent_at END
    FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::integer[], $6::timestamptz[], $7::timestamptz[])
        AS o (id, state, attempts, failures, next_attempt_at, sent_at)
    WHERE d.workspace_id = $1 AND d.id = o.id
    """,
)

delay_followers = Command(
    "delay_followers",
    """
    UPDATE webhook_deliveries d
    SET next_attempt_at = o.next_attempt_at
    FROM unnest($3::text[], $4::bigint[], $5::timestamptz[]) AS o (item_id, event_id, next_attempt_at)
    WHERE d.workspace_id = $1 AND d.webhook_id = $2 AND d.item_id = o.item_id AND d.event_id > o.event_id
        AND d.state = 'waiting' AND d.next_attempt_at < o.next_attempt_at
    """,
)

# A webhook that somebody changed meanwhile begins anew.
store_health = Command(
    "store_webhook_health",
    """
    UPDATE webhooks
    SET failing_since = $4, errors_in_row = $5, errors_since = $6, throttles_in_row = $7, held_until = $8,
        suspended_because = $9, state = CASE WHEN $9::text IS NULL THEN state ELSE 'suspended' END
    WHERE workspace_id = $1 AND id = $2 AND updated_at = $3 AND state = 'active'
    """,
)

# What is looked at

deliveries_page = Query(
    "deliveries_page",
    DeliveryRow,
    f"""
    SELECT {_DELIVERY}
    FROM webhook_deliveries d
    JOIN webhook_events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
    WHERE d.workspace_id = $1 AND e.workspace_id = $1 AND d.webhook_id = $2 AND ($3::text IS NULL OR d.state = $3)
        AND d.event_id < $4
    ORDER BY d.event_id DESC
    LIMIT $5
    """,
)

deliveries_total = Query(
    "deliveries_total",
    int,
    """
    SELECT count(*)
    FROM webhook_deliveries
    WHERE workspace_id = $1 AND webhook_id = $2 AND ($3::text IS NULL OR state = $3)
    """,
)

delivery_by_id = Query(
    "delivery_by_id",
    DeliveryRow,
    f"""
    SELECT {_DELIVERY}
    FROM webhook_deliveries d
    JOIN webhook_events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
    WHERE d.workspace_id = $1 AND e.workspace_id = $1 AND d.webhook_id = $2 AND d.id = $3
    """,
)

item_of_delivery = Query(
    "item_of_delivery",
    str,
    """
    SELECT e.item
    FROM webhook_deliveries d
    JOIN webhook_events e ON e.workspace_id = d.workspace_id AND e.id = d.event_id
    WHERE d.workspace_id = $1 AND e.workspace_id = $1 AND d.id = $2
    """,
)

attempts_of_delivery = Query(
    "attempts_of_delivery",
    AttemptRow,
    """
    SELECT number, sent_at, milliseconds, status, error, answer
    FROM webhook_attempts
    WHERE workspace_id = $1 AND delivery_id = $2
    ORDER BY number DESC
    LIMIT $3
    """,
)

send_again = Command(
    "send_again",
    """
    UPDATE webhook_deliveries
    SET state = 'waiting', failures = 0, next_attempt_at = $4, finished_at = NULL
    WHERE workspace_id = $1 AND webhook_id = $2 AND id = $3
    """,
)

# What is forgotten

forget_events = Command(
    "forget_webhook_events",
    """
    DELETE FROM webhook_events
    WHERE workspace_id = $1 AND id = ANY (ARRAY(
        SELECT e.id
        FROM webhook_events e
        WHERE e.workspace_id = $1 AND e.told_at < $2
        ORDER BY e.told_at
        LIMIT $3
    ))
    """,
)

forget_webhooks = Command(
    "forget_deleted_webhooks",
    """
    DELETE FROM webhooks h
    WHERE h.workspace_id = $1 AND h.state = 'deleted' AND NOT EXISTS (
        SELECT
        FROM webhook_deliveries d
        WHERE d.workspace_id = $1 AND d.webhook_id = h.id
    )
    """,
)
