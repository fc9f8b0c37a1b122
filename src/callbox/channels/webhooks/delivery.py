"""Sending: each webhook that something is due for has a lane of its own, in one worker at a time.

A lane takes what is due in the order of events, sends a few at once, but never two about the same object, and
then writes down how all of them went. A worker that is killed has written nothing of its last handful: whoever takes
the lane over sends those again.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from time import perf_counter

import msgspec
import structlog

from callbox.channels.webhooks import queries
from callbox.channels.webhooks.notifications import headers_of, notification
from callbox.channels.webhooks.policy import TIMEOUT_SECONDS, Health, is_success, policy
from callbox.channels.webhooks.queries import DueRow, ReceiverRow, Target
from callbox.platform.clock import machine_time, time_at
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.jobs import pause
from callbox.platform.outgoing import Receiver
from callbox.platform.telemetry import webhooks_sent

POLL_SECONDS = 0.1
BATCH_SIZE = 64
# How many requests a receiver may have to answer at once.
CONCURRENCY = 8
# How long a lane without work keeps its connections and its place in this worker.
_LINGER_SECONDS = 5.0
# Of what an answer or an error says.
_KEPT_BYTES = 1_000

_log = structlog.get_logger("callbox.webhooks")


async def deliver(stop: asyncio.Event) -> None:
    """Deliver until told to stop; then what was begun is ended. Raises when the database fails."""
    lanes: dict[Target, _Lane] = {}
    async with connection() as session:
        try:
            async with asyncio.TaskGroup() as running:
                while not stop.is_set():
                    await _release_ended(session, lanes)
                    for target in await queries.due_targets.all(session, machine_time()):
                        if target in lanes:
                            lanes[target].wake()
                        elif await queries.take_target.one(session, target.workspace_id, target.webhook_id):
                            lanes[target] = _Lane(target, stop)
                            running.create_task(lanes[target].run())
                    await pause(stop, POLL_SECONDS)
                for lane in lanes.values():
                    lane.wake()
        finally:
            if not session.is_closed():
                await queries.release_all_targets.one(session)


async def _release_ended(session: Connection, lanes: dict[Target, "_Lane"]) -> None:
    for target in [target for target, lane in lanes.items() if lane.has_ended]:
        del lanes[target]
        await queries.release_target.one(session, target.workspace_id, target.webhook_id)


class _Attempt(msgspec.Struct):
    """A delivery, and how an attempt at it went."""

    due: DueRow
    sent_at: datetime
    milliseconds: int
    status: int | None
    error: str | None
    answer: str | None

    @property
    def failures(self) -> int:
        """Of this delivery, with this attempt."""
        return self.due.failures + (not is_success(self.status))


class _Lane:
    """The way to one receiver."""

    def __init__(self, target: Target, stop: asyncio.Event) -> None:
        self.has_ended = False
        self._workspace_id, self._webhook_id = target.workspace_id, target.webhook_id
        self._stop = stop
        self._work = asyncio.Event()

    def wake(self) -> None:
        """Something is due, or it is time to stop."""
        self._work.set()

    async def run(self) -> None:
        """Until there has been nothing to do for a while."""
        private = policy().private_receivers
        async with Receiver(connections=CONCURRENCY, seconds=TIMEOUT_SECONDS, private_allowed=private) as receiver:
            while not self._stop.is_set() and (await self._send_some(receiver) or await self._is_woken()):
                continue
        self.has_ended = True

    async def _is_woken(self) -> bool:
        self._work.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._work.wait(), _LINGER_SECONDS)
        return self._work.is_set()

    async def _send_some(self, receiver: Receiver) -> bool:
        """Send a batch; False where nothing is due.

        The receiver is read last: what became due after a change of the webhook must not be sent by what was before it.
        """
        async with connection() as held:
            now = machine_time()
            due = await queries.due_deliveries.all(held, self._workspace_id, self._webhook_id, now, BATCH_SIZE)
            if not due:
                await queries.delay_blocked.run(held, self._workspace_id, self._webhook_id, now)
                return False
            row = await queries.receiver_of_webhook.first(held, self._workspace_id, self._webhook_id)
            if row is None:
                return False
            if row.held_until is not None and row.held_until > time_at(row.clock_offset_seconds):
                return False
        attempts = await _Batch(self._workspace_id, row, receiver, self._stop).sent(due)
        if attempts:
            await self._write_down(row, attempts)
        return bool(attempts)

    async def _write_down(self, row: ReceiverRow, attempts: list[_Attempt]) -> None:
        async with transaction() as held:
            await _store_attempts(held, self._workspace_id, attempts)
            await _store_outcomes(held, self._workspace_id, self._webhook_id, attempts)
            before = _health_of(row)
            after = before
            for attempt in attempts:
                after = after.after(attempt.status, attempt.sent_at)
            if after != before:
                values = msgspec.structs.astuple(after)
                await queries.store_health.run(held, self._workspace_id, self._webhook_id, row.updated_at, *values)
        for attempt in attempts:
            webhooks_sent.labels("delivered" if is_success(attempt.status) else "failed").inc()
        if after.suspended_because is not None:
            _log.warning(
                "webhook_suspended",
                workspace=self._workspace_id,
                webhook=self._webhook_id,
                reason=after.suspended_because,
            )


def _health_of(row: ReceiverRow) -> Health:
    return Health(row.failing_since, row.errors_in_row, row.errors_since, row.throttles_in_row, row.held_until)


class _Batch:
    """Deliveries on their way at once, those about one object one after the other."""

    def __init__(self, workspace_id: str, row: ReceiverRow, receiver: Receiver, stop: asyncio.Event) -> None:
        self._workspace_id = workspace_id
        self._row = row
        self._receiver = receiver
        self._stop = stop
        self._health = _health_of(row)
        self._attempts: list[_Attempt] = []

    async def sent(self, due: Sequence[DueRow]) -> list[_Attempt]:
        """The attempts that were made, in the order in which they ended."""
        objects = iter(_by_object(due))
        async with asyncio.TaskGroup() as senders:
            for _ in range(CONCURRENCY):
                senders.create_task(self._send_next(objects))
        return self._attempts

    async def _send_next(self, objects: Iterator[list[DueRow]]) -> None:
        for waiting in objects:
            for due in waiting:
                if self._stop.is_set() or not self._goes_on():
                    return
                attempt = await self._attempt(due)
                self._attempts.append(attempt)
                self._health = self._health.after(attempt.status, attempt.sent_at)
                if not is_success(attempt.status) and policy().delay_after(attempt.failures) is not None:
                    break

    def _goes_on(self) -> bool:
        return self._health.suspended_because is None and self._health.held_until == self._row.held_until

    async def _attempt(self, due: DueRow) -> _Attempt:
        sent_at = time_at(self._row.clock_offset_seconds)
        told = notification(
            self._workspace_id,
            due.id,
            due.topic,
            due.item,
            attempt=due.attempts + 1,
            first_sent_at=due.first_sent_at or sent_at,
            created_at=due.created_at,
        )
        body = msgspec.json.encode(told)
        status = error = answer = None
        began = perf_counter()
        try:
            answered = await self._receiver.send("POST", self._row.url, headers_of(body, self._row.secret), body)
        except Exception as failed:  # noqa: BLE001  # whatever a receiver brings about, others go on
            error = _storable(str(failed).encode("utf-8", "replace")) or type(failed).__name__
        else:
            status, answer = answered.status, _storable(answered.beginning)
        return _Attempt(due, sent_at, round((perf_counter() - began) * 1000), status, error, answer)


def _storable(text: bytes) -> str:
    """The beginning of a text in a form that PostgreSQL takes."""
    return text[:_KEPT_BYTES].decode("utf-8", "replace").replace("\x00", "\ufffd")


def _by_object(due: Sequence[DueRow]) -> list[list[DueRow]]:
    """What is about one object together and in the order of events; objects in the order of what is due first."""
    objects: dict[str, list[DueRow]] = {}
    for each in due:
        objects.setdefault(each.item_id, []).append(each)
    return [sorted(waiting, key=lambda each: each.event_id) for waiting in objects.values()]


async def _store_attempts(held: Connection, workspace_id: str, attempts: Sequence[_Attempt]) -> None:
    await queries.insert_attempts.run(
        held,
        workspace_id,
        [attempt.due.id for attempt in attempts],
        [attempt.due.attempts + 1 for attempt in attempts],
        [attempt.sent_at for attempt in attempts],
        [attempt.milliseconds for attempt in attempts],
        [attempt.status for attempt in attempts],
        [attempt.error for attempt in attempts],
        [attempt.answer for attempt in attempts],
    )


async def _store_outcomes(held: Connection, workspace_id: str, webhook_id: int, attempts: Sequence[_Attempt]) -> None:
    """What succeeded or is given up has ended; the rest waits, and with it what is about the same object."""
    delays = [None if is_success(each.status) else policy().delay_after(each.failures) for each in attempts]
    states = [
        "delivered" if is_success(each.status) else "failed" if delay is None else "waiting"
        for each, delay in zip(attempts, delays, strict=True)
    ]
    next_attempts = [each.sent_at + (delay or timedelta(0)) for each, delay in zip(attempts, delays, strict=True)]
    await queries.store_outcomes.run(
        held,
        workspace_id,
        [each.due.id for each in attempts],
        states,
        [each.due.attempts + 1 for each in attempts],
        [each.failures for each in attempts],
        next_attempts,
        [each.sent_at for each in attempts],
    )
    waiting = [
        (each.due, at) for each, state, at in zip(attempts, states, next_attempts, strict=True) if state == "waiting"
    ]
    if waiting:
        await queries.delay_followers.run(
            held,
            workspace_id,
            webhook_id,
            [due.item_id for due, _ in waiting],
            [due.event_id for due, _ in waiting],
            [at for _, at in waiting],
        )
