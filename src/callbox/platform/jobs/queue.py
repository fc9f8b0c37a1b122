"""What rooms see of the job queue: kinds of work, pieces of work, and the work that was given up.

The statements speak to the queue library's tables, whose schema is one of our migrations.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from callbox.platform.clock import machine_time
from callbox.platform.database import Connection, GlobalCommand, GlobalQuery, connection

_LOG_KEPT = timedelta(hours=1)
_LOG_BATCH = 10_000
_LONGEST_ERROR = 2_000


class Job(msgspec.Struct, frozen=True):
    """A kind of work. The handler may run twice for one payload, and the second time must change nothing.

    A failed attempt is repeated after `first_retry_seconds`, and after twice as long each time, at most five
    minutes; after the last one the work is held for somebody to look at. An attempt that takes longer than the
    timeout has failed.
    """

    name: str
    handler: Callable[[bytes], Awaitable[None]]
    max_attempts: int = 8
    first_retry_seconds: float = 1
    timeout_seconds: float = 60


class Schedule(msgspec.Struct, frozen=True):
    """Work that time starts: a cron expression in UTC, of five fields, or six with seconds last (5 s apart or more).

    A tick starts one run in the whole cluster, and none while the previous run still lasts. A failed run is
    repeated like a job, but never held: the next tick is another chance.
    """

    name: str
    cron: str
    handler: Callable[[], Awaitable[None]]
    max_attempts: int = 3
    first_retry_seconds: float = 5
    timeout_seconds: float = 600


class Work(msgspec.Struct, frozen=True):
    """One piece of work for the job of this name.

    With a `unique_key` it is left out while other work with that key waits or runs. So a key does not suit work
    that must see the latest change: what runs already may have read the state before it.
    """

    job: str
    payload: bytes
    delay: timedelta = timedelta(0)
    unique_key: str | None = None


class HeldJob(msgspec.Struct):
    """Work whose last attempt failed."""

    id: int
    job: str
    payload: bytes
    error: str | None
    created_at: datetime
    failed_at: datetime


class Backlog(msgspec.Struct):
    """How much work waits, is being done, and was given up; and for how long the longest-waiting job is due."""

    events_waiting: int
    events_failed: int
    jobs_waiting: int
    jobs_running: int
    jobs_held: int
    jobs_late_seconds: float


count_backlog = GlobalQuery(
    "count_backlog",
    Backlog,
    """
    SELECT
        (SELECT count(*) FROM outbox),
        (SELECT count(*) FROM failed_events),
        count(*) FILTER (WHERE j.status = 'queued'),
        count(*) FILTER (WHERE j.status = 'picked'),
        count(*) FILTER (WHERE j.status = 'failed'),
        coalesce(
            extract(epoch FROM $1 - min(j.execute_after) FILTER (WHERE j.status = 'queued' AND j.execute_after < $1)), 0
        )::double precision
    FROM pgqueuer j
    """,
)

insert_work = GlobalCommand(
    "insert_work",
    """
    INSERT INTO pgqueuer (priority, status, entrypoint, payload, execute_after, dedupe_key)
    SELECT 0, 'queued', w.job, w.payload, now() + w.delay, w.unique_key
    FROM unnest($1::text[], $2::bytea[], $3::interval[], $4::text[])
        WITH ORDINALITY AS w (job, payload, delay, unique_key, place)
    ORDER BY w.place
    ON CONFLICT (dedupe_key) WHERE status IN ('queued', 'picked') AND dedupe_key IS NOT NULL DO NOTHING
    """,
)

newest_held_jobs = GlobalQuery(
    "newest_held_jobs",
    HeldJob,
    """
    SELECT j.id, j.entrypoint, coalesce(j.payload, ''), last.error, j.created, j.updated
    FROM pgqueuer j
    LEFT JOIN LATERAL (
        SELECT l.traceback ->> 'exception_message' AS error
        FROM pgqueuer_log l
        WHERE l.job_id = j.id AND l.status = 'failed'
        ORDER BY l.created DESC
        LIMIT 1
    ) AS last ON true
    WHERE j.status = 'failed'
    ORDER BY j.id DESC
    LIMIT $1
    """,
)

requeue_held_job = GlobalCommand(
    "requeue_held_job",
    """
    UPDATE pgqueuer
    SET status = 'queued', execute_after = now(), updated = now(), attempts = 0, dedupe_key = NULL
    WHERE id = $1 AND status = 'failed'
    """,
)

delete_old_log = GlobalCommand(
    "delete_old_log",
    """
    DELETE FROM pgqueuer_log
    WHERE id = ANY (ARRAY(
        SELECT l.id
        FROM pgqueuer_log l
        WHERE l.created < $1 AND NOT EXISTS (SELECT FROM pgqueuer j WHERE j.id = l.job_id)
        ORDER BY l.created
        LIMIT $2
    ))
    """,
)


async def enqueue(held: Connection, work: Sequence[Work]) -> None:
    """Add work that starts when the transaction has committed, and never if it rolls back."""
    if work:
        await insert_work.run(
            held,
            [piece.job for piece in work],
            [piece.payload for piece in work],
            [piece.delay for piece in work],
            [piece.unique_key for piece in work],
        )


async def backlog(held: Connection) -> Backlog:
    """What an operator watches: it rises where a worker is missing, slow or failing."""
    return await count_backlog.one(held, machine_time())


async def held_jobs(held: Connection, limit: int = 100) -> list[HeldJob]:
    """Work that was given up, newest first."""
    return await newest_held_jobs.all(held, limit)


async def retry_job(held: Connection, job_id: int) -> bool:
    """Give held work all its attempts again; False if no work of that id is held."""
    return await requeue_held_job.run(held, job_id) > 0


async def trim_log() -> None:
    """Forget the queue's diary of finished work, which otherwise grows for ever."""
    deleted = _LOG_BATCH
    while deleted == _LOG_BATCH:
        async with connection() as held:
            deleted = await delete_old_log.run(held, machine_time() - _LOG_KEPT, _LOG_BATCH)


def storable(error: BaseException) -> str:
    """An error in text that PostgreSQL takes: no NUL, no lone surrogates, of bounded length."""
    text = f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")
