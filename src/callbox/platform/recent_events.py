"""Reading events as they become visible, each exactly once, from a position that a reader can come back to.

Ids of events are given before their transactions commit, and transactions commit in another order, so "all after
this id" would skip some. A position is a snapshot of PostgreSQL instead: it knows which transactions it shows. What
the next snapshot shows more is a batch, in which ids are the order; a position inside a batch has both snapshots.
Events are in the outbox until the relay takes them, and for some minutes after that beside it.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from callbox.platform.clock import machine_time
from callbox.platform.database import Connection, GlobalCommand, GlobalQuery, connection

RETENTION = timedelta(minutes=5)
BATCH_SIZE = 500
_SNAPSHOT = r"\d{1,18}:\d{1,18}:(?:\d{1,18}(?:,\d{1,18}){0,5000})?"
_POSITION = re.compile(rf"(?P<after>{_SNAPSHOT})(?:~(?P<until>{_SNAPSHOT})~(?P<last_id>\d{{1,18}}))?")


class Position(msgspec.Struct, frozen=True):
    """How far was read: all that `after` shows, and of what `until` shows more, the events up to `last_id`."""

    after: str
    until: str | None = None
    last_id: int = 0

    def __str__(self) -> str:
        return self.after if self.until is None else f"{self.after}~{self.until}~{self.last_id}"


class RecentEvent(msgspec.Struct):
    """An event with the position right behind it."""

    workspace_id: str
    topic: str
    item_id: str
    item: str
    created_at: datetime
    position: Position


class Reading(msgspec.Struct):
    """What was read, and the position behind it. Where the reading is not whole, events before it are gone."""

    events: list[RecentEvent]
    position: Position
    is_whole: bool


class _Row(msgspec.Struct):
    until: str
    is_whole: bool
    id: int | None
    workspace_id: str
    topic: str
    item_id: str
    item: str
    created_at: datetime


_EVENTS = """
            SELECT e.id, e.workspace_id, e.topic, e.item_id, e.item, e.created_at
            FROM {table} e
            WHERE e.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
                AND NOT pg_visible_in_snapshot(e.xid, $1::text::pg_snapshot)
                AND pg_visible_in_snapshot(e.xid, b.until)
                AND e.id > $3
                AND e.workspace_id = ANY ($4::text[])
                AND ($5::text IS NULL OR strpos(e.item, $5) > 0)"""

# One statement sees one snapshot: an event that the relay takes meanwhile is in one of the two tables.
read_events = GlobalQuery(
    "read_recent_events",
    _Row,
    f"""
    SELECT b.until::text, coalesce(b.is_whole, false),
        e.id, e.workspace_id, e.topic, e.item_id, e.item, e.created_at
    FROM (
        SELECT
            coalesce($2::text::pg_snapshot, pg_current_snapshot()) AS until,
            pg_snapshot_xmax($1::text::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
                AND pg_snapshot_xmin($1::text::pg_snapshot) > (SELECT h.xid FROM recent_events_horizon h) AS is_whole
    ) b
    LEFT JOIN LATERAL (
        SELECT u.id, u.workspace_id, u.topic, u.item_id, u.item, u.created_at
        FROM ({_EVENTS.format(table="outbox")}
            UNION ALL{_EVENTS.format(table="recent_events")}
        ) u
        ORDER BY u.id
        LIMIT $6
    ) e ON true
    ORDER BY e.id
    """,
)

current_snapshot = GlobalQuery("current_snapshot", str, "SELECT pg_current_snapshot()::text")

begin_horizon = GlobalCommand(
    "begin_recent_events_horizon",
    "INSERT INTO recent_events_horizon (xid) VALUES (pg_current_xact_id()) ON CONFLICT DO NOTHING",
)

forget_events = GlobalCommand(
    "forget_recent_events",
    """
    WITH forgotten AS (
        DELETE FROM recent_events
        WHERE kept_at < $1
        RETURNING xid
    )
    UPDATE recent_events_horizon h
    SET xid = greatest(h.xid, f.xid)
    FROM (SELECT max(xid) AS xid FROM forgotten) f
    WHERE f.xid IS NOT NULL
    """,
)


def position_of(text: str) -> Position | None:
    """The position that a client sends back, or None where it cannot be one."""
    match = _POSITION.fullmatch(text)
    if match is None or not all(_is_snapshot(match[name]) for name in ("after", "until") if match[name]):
        return None
    return Position(match["after"], match["until"], int(match["last_id"] or 0))


def _is_snapshot(text: str) -> bool:
    """Whether PostgreSQL would read it: the first running transaction, the next one to come, those that run between."""
    first, following, running = text.split(":")
    numbers = [int(number) for number in running.split(",") if number]
    return (
        0 < int(first) <= int(following)
        and sorted({*numbers}) == numbers
        and all(int(first) <= number < int(following) for number in numbers)
    )


async def current_position(held: Connection) -> Position:
    """Behind everything that has committed."""
    return Position(await current_snapshot.one(held))


async def read(
    held: Connection,
    position: Position,
    workspace_ids: Sequence[str],
    *,
    about: str | None = None,
    limit: int = BATCH_SIZE,
) -> Reading:
    """The next events of these workspaces; with `about`, those whose items contain that text."""
    rows = await read_events.all(held, position.after, position.until, position.last_id, workspace_ids, about, limit)
    until, is_whole = rows[0].until, rows[0].is_whole
    events = [
        RecentEvent(
            row.workspace_id,
            row.topic,
            row.item_id,
            row.item,
            row.created_at,
            Position(position.after, until, row.id),
        )
        for row in rows
        if row.id is not None
    ]
    if not is_whole:
        await begin_horizon.run(held)
    behind = events[-1].position if len(events) == limit else Position(until)
    return Reading(events, behind, is_whole)


async def forget_old_events() -> None:
    """Let go of what is older than the retention; whoever comes back from before it is told so."""
    async with connection() as held:
        await forget_events.run(held, machine_time() - RETENTION)
