"""pgqueuer, set up for our jobs. Nothing else imports it.

Its managers run without its `PgQueuer` shell: that one cancels the queue when the scheduler loses its
connection, and a cancelled job leaves the queue for good. Here no job ever ends as cancelled.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

import asyncpg
import structlog
from croniter import croniter  # type: ignore[import-untyped]
from pgqueuer import AsyncpgPoolDriver, DatabaseRetryEntrypointExecutor, Queries, QueueManager, SchedulerManager
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from pgqueuer.errors import RetryRequested
from pgqueuer.executors import ScheduleExecutor
from pgqueuer.models import Job as ClaimedJob
from pgqueuer.models import Schedule as ClaimedSchedule
from pgqueuer.models import TracebackRecord

from callbox.platform.clock import machine_time
from callbox.platform.database import connection
from callbox.platform.database.pool import connect
from callbox.platform.jobs.queue import Job, Schedule, Work, enqueue, storable
from callbox.platform.telemetry import jobs_finished

_CHANNEL = Channel("ch_pgqueuer")
_MAX_RETRY_DELAY = timedelta(minutes=5)
_STATEMENT_TIMEOUT_SECONDS = 30
_CLOSE_TIMEOUT_SECONDS = 5
_NEVER = timedelta(days=36_500)

# Every name is given: left out, the library would take it from the environment, some from names as common as CHANNEL.
SETTINGS = DBSettings(
    prefix="",
    db_schema=None,
    channel=_CHANNEL,
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
    durability=Durability.durable,
)

_log = structlog.get_logger("callbox.jobs")

# It logs each failed job and lost connection with a traceback; both are events of our own log.
logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)


class JobFailed(Exception):
    """An attempt failed; the message is the original error in storable text."""


async def run_queue(
    dsn: str,
    stop: asyncio.Event,
    jobs: Sequence[Job],
    schedules: Sequence[Schedule],
    *,
    concurrency: int,
    poll_seconds: float,
    heartbeat_seconds: float,
    grace_seconds: float,
) -> None:
    """Run jobs until told to stop; then let them finish for `grace_seconds`. Raises when the database fails."""
    async with _queries(dsn, pool_size=5) as queries:
        manager = QueueManager(queries, channel=_CHANNEL)
        for job in jobs:
            _register(manager, job, partial(_attempt, job), "hold")
        for schedule in schedules:
            _register(manager, schedule, partial(_attempt_run, schedule), "delete")
        running = manager.run(
            dequeue_timeout=timedelta(seconds=poll_seconds),
            batch_size=concurrency // 2,
            max_concurrent_tasks=concurrency,
            shutdown_on_listener_failure=True,
            heartbeat_timeout=timedelta(seconds=heartbeat_seconds),
            log_aggregation_interval=timedelta(0),
        )
        await _run_until(stop, running, manager.shutdown, grace_seconds)


async def run_schedules(dsn: str, stop: asyncio.Event, schedules: Sequence[Schedule]) -> None:
    """Turn ticks into work until told to stop. Raises when the database fails."""
    async with _queries(dsn, pool_size=2) as queries:
        manager = SchedulerManager(queries)
        for schedule in schedules:
            tick = partial(_tick, schedule.name)
            manager.schedule(schedule.name, schedule.cron, executor_factory=OneTickEach, accepts_context=False)(tick)
        await _run_until(stop, manager.run(), manager.shutdown, _CLOSE_TIMEOUT_SECONDS)


def _register(
    manager: QueueManager,
    kind: Job | Schedule,
    attempt: Callable[[ClaimedJob], Awaitable[None]],
    on_failure: Literal["hold", "delete"],
) -> None:
    executor = partial(
        DatabaseRetryEntrypointExecutor,
        max_attempts=kind.max_attempts - 1,
        initial_delay=timedelta(seconds=kind.first_retry_seconds),
        max_delay=_MAX_RETRY_DELAY,
    )
    manager.entrypoint(kind.name, accepts_context=False, on_failure=on_failure, executor_factory=executor)(attempt)


async def _attempt(job: Job, claimed: ClaimedJob) -> None:
    await _within_limits(job, claimed, job.handler(claimed.payload or b""))


async def _attempt_run(schedule: Schedule, claimed: ClaimedJob) -> None:
    await _within_limits(schedule, claimed, schedule.handler())


async def _within_limits(kind: Job | Schedule, claimed: ClaimedJob, work: Awaitable[None]) -> None:
    """One attempt. Errors become text that can be stored: one that cannot would stop the queue's bookkeeping."""
    try:
        async with asyncio.timeout(kind.timeout_seconds):
            await work
    except asyncio.CancelledError:
        raise RetryRequested(reason="the worker ended during the attempt") from None
    except Exception as error:  # noqa: BLE001  # raised again, as text
        jobs_finished.labels(kind.name, "failed").inc()
        _log.warning("job_failed", job=kind.name, job_id=claimed.id, attempt=claimed.attempts + 1, exc_info=True)
        raise JobFailed(storable(error)) from None
    jobs_finished.labels(kind.name, "done").inc()


async def _tick(name: str, _: ClaimedSchedule) -> None:
    async with connection() as held:
        await enqueue(held, [Work(name, b"", unique_key=f"schedule:{name}")])


class OneTickEach(ScheduleExecutor):
    """Looks half a second ahead, and aims half a second late, for the database cuts off fractions of seconds.

    Without this, a worker whose clock is a little behind the database's, or that asks just before the tick,
    would set the tick that it takes as the next one again.
    """

    _AHEAD = timedelta(seconds=0.5)

    def get_next(self) -> datetime:
        ticks = croniter(self.parameters.expression, start_time=machine_time() + self._AHEAD)
        return datetime.fromtimestamp(ticks.get_next(float), UTC)

    def next_in(self) -> timedelta:
        return self.get_next() - machine_time() + self._AHEAD


class _Queries(Queries):
    async def dequeue(self, *args: Any, **options: Any) -> list[ClaimedJob]:
        """Only what waits. Whose worker is gone, the library would tell by a clock that may jump; `Watch` does."""
        return await super().dequeue(*args, **{**options, "heartbeat_timeout": _NEVER})

    async def retry_job(self, job: ClaimedJob, delay: timedelta, traceback_record: TracebackRecord | None) -> None:
        """Where even this fails, the job stays claimed and is taken again when its heartbeat is old."""
        try:
            await super().retry_job(job, delay, traceback_record)
        except Exception as error:  # noqa: BLE001  # raised, the library would give the job up
            _log.warning("retry_not_written", job=job.entrypoint, job_id=job.id, error=storable(error))


@asynccontextmanager
async def _queries(dsn: str, pool_size: int) -> AsyncIterator[Queries]:
    pool = await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=pool_size,
        connect=connect,
        command_timeout=_STATEMENT_TIMEOUT_SECONDS,
        server_settings={"application_name": "callbox jobs", "timezone": "UTC"},
    )
    try:
        yield _Queries(
            AsyncpgPoolDriver(pool),
            QueryBuilderEnvironment(SETTINGS),
            QueryQueueBuilder(SETTINGS),
            QuerySchedulerBuilder(SETTINGS),
        )
    except BaseException:
        # After a lost connection the library keeps its listener, for which a patient end would wait.
        pool.terminate()
        raise
    else:
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), _CLOSE_TIMEOUT_SECONDS)


async def _run_until(
    stop: asyncio.Event, running: Coroutine[Any, Any, None], shutdown: asyncio.Event, grace_seconds: float
) -> None:
    task = asyncio.create_task(running)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        shutdown.set()
        await asyncio.wait({task}, timeout=grace_seconds)
    finally:
        stopping.cancel()
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()
