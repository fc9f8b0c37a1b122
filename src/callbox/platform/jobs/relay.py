"""The relay: takes events out of the outbox in batches and hands them to subscribers, who turn them into work.

Taking an event and adding the work commit together. A batch that is refused comes back; when that goes on,
its events are handed over one by one, and those that are refused alone move to `failed_events`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec
import structlog

from callbox.platform.clock import machine_time
from callbox.platform.database import Command, Connection, GlobalCommand, GlobalQuery, kept_connection, transaction
from callbox.platform.jobs.queue import storable
from callbox.platform.telemetry import events_relayed

BATCH_SIZE = 500
INTERVAL_SECONDS = 0.15
_REFUSALS_BEFORE_SINGLY = 3
_LONGEST_PAUSE_SECONDS = 5.0

_log = structlog.get_logger("callbox.relay")


class RelayedEvent(msgspec.Struct):
    """An event on its way, in the columns of the outbox. The topic is one of `events.Topic`."""

    id: int
    workspace_id: str
    topic: str
    item_id: str
    item: str
    created_at: datetime


class FailedEvent(RelayedEvent):
    """An event that could not be passed on, and why."""

    error: str
    failed_at: datetime


Subscriber = Callable[[Connection, Sequence[RelayedEvent]], Awaitable[None]]


class SubscriberRefused(Exception):
    """A subscriber failed, and not because the database is gone."""


# One relay at a time, until its transaction ends: two that take turns would mix up the order of events.
take_turn = GlobalQuery("take_turn", bool, "SELECT pg_try_advisory_xact_lock(hashtextextended('callbox relay', 0))")

claim_events = GlobalQuery(
    "claim_events",
    RelayedEvent,
    # ARRAY() is computed once; the same sub-select behind IN may be run again and pass its limit.
    """
    WITH claimed AS (
        DELETE FROM outbox
        WHERE id = ANY (ARRAY(SELECT o.id FROM outbox o ORDER BY o.id LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING id, xid, workspace_id, topic, item_id, item, created_at
    ),
    kept AS (
        INSERT INTO recent_events (id, xid, workspace_id, topic, item_id, item, created_at)
        SELECT id, xid, workspace_id, topic, item_id, item, created_at
        FROM claimed
    )
    SELECT id, workspace_id, topic, item_id, item, created_at
    FROM claimed
    ORDER BY id
    """,
)

insert_failed_event = Command(
    "insert_failed_event",
    """
    INSERT INTO failed_events (workspace_id, topic, item_id, item, created_at, error, failed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    """,
)

newest_failed_events = GlobalQuery(
    "newest_failed_events",
    FailedEvent,
    """
    SELECT id, workspace_id, topic, item_id, item, created_at, error, failed_at
    FROM failed_events
    ORDER BY id DESC
    LIMIT $1
    """,
)

return_failed_event = GlobalCommand(
    "return_failed_event",
    """
    WITH returned AS (
        DELETE FROM failed_events
        WHERE id = $1
        RETURNING workspace_id, topic, item_id, item, created_at
    )
    INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
    SELECT workspace_id, topic, item_id, item, created_at
    FROM returned
    """,
)


async def failed_events(held: Connection, limit: int = 100) -> list[FailedEvent]:
    """Events that no subscriber will see unless they are retried, newest first."""
    return await newest_failed_events.all(held, limit)


async def retry_event(held: Connection, event_id: int) -> bool:
    """Put a failed event into the outbox again; False if there is none of that id."""
    return await return_failed_event.run(held, event_id) > 0


class Relay:
    """One loop of one worker. Several may run, and take turns: events are handed over in their order."""

    def __init__(self, subscribers: Sequence[Subscriber], batch_size: int = BATCH_SIZE) -> None:
        self._subscribers = subscribers
        self._batch_size = batch_size

    async def run(self, stop: asyncio.Event) -> None:
        """Pass events on until told to stop, however busy jobs are. Raises when the database fails."""
        async with kept_connection():
            await self._pass_on_all(stop)

    async def _pass_on_all(self, stop: asyncio.Event) -> None:
        refusals = 0
        while not stop.is_set():
            try:
                passed = await (self._pass_on() if refusals < _REFUSALS_BEFORE_SINGLY else self._pass_on_singly(stop))
                refusals = 0
            except SubscriberRefused as refused:
                refusals += 1
                _log.error("events_refused", times=refusals, error=storable(refused.__cause__ or refused))
                await pause(stop, min(INTERVAL_SECONDS * 2**refusals, _LONGEST_PAUSE_SECONDS))
            else:
                events_relayed.inc(passed)
                if passed < self._batch_size:
                    await pause(stop, INTERVAL_SECONDS)

    async def _pass_on(self) -> int:
        async with transaction() as held:
            events = await claim_events.all(held, self._batch_size) if await take_turn.one(held) else []
            if events:
                await self._hand_over(held, events)
        return len(events)

    async def _pass_on_singly(self, stop: asyncio.Event) -> int:
        passed = 0
        while passed < self._batch_size and not stop.is_set() and await self._pass_on_one():
            passed += 1
        return passed

    async def _pass_on_one(self) -> bool:
        async with transaction() as held:
            event = await claim_events.first(held, 1) if await take_turn.one(held) else None
            if event is not None:
                try:
                    async with held.transaction():
                        await self._hand_over(held, [event])
                except SubscriberRefused as refused:
                    await _set_aside(held, event, storable(refused.__cause__ or refused))
        return event is not None

    async def _hand_over(self, held: Connection, events: Sequence[RelayedEvent]) -> None:
        try:
            for subscriber in self._subscribers:
                await subscriber(held, events)
        except Exception as error:
            if held.is_closed():
                raise
            raise SubscriberRefused from error


async def _set_aside(held: Connection, event: RelayedEvent, error: str) -> None:
    _log.error("event_failed", workspace=event.workspace_id, topic=event.topic, item=event.item_id, error=error)
    await insert_failed_event.run(
        held,
        event.workspace_id,
        event.topic,
        event.item_id,
        event.item,
        event.created_at,
        error,
        machine_time(),
    )


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait this long, or until told to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
