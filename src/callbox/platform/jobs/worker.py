"""The worker: relay, queue, scheduler, watch and loops of rooms, each started again whenever the database went away."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from time import monotonic

import msgspec
import structlog

from callbox.platform.database import close_pool, open_pool
from callbox.platform.jobs.engine import run_queue, run_schedules
from callbox.platform.jobs.queue import Job, Schedule, storable, trim_log
from callbox.platform.jobs.relay import Relay, Subscriber, pause
from callbox.platform.jobs.watch import Watch

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_LONG_LIFE_SECONDS = 30.0

_OWN_SCHEDULES = [Schedule("jobs.trim_log", "*/5 * * * *", trim_log)]

# What runs beside the queue until it is told to stop, where jobs would be too slow.
Loop = Callable[[asyncio.Event], Awaitable[None]]

_log = structlog.get_logger("callbox.worker")


class WorkerSettings(msgspec.Struct, frozen=True):
    """How much a worker does at once (two or more jobs), and how quickly it notices things.

    Retries and new work without a wake-up wait for `poll_seconds` at most; a job whose worker was killed runs
    again after `heartbeat_seconds`; on stopping, running jobs have `grace_seconds` before they are put back.
    """

    concurrency: int = 50
    poll_seconds: float = 2.0
    heartbeat_seconds: float = 10.0
    grace_seconds: float = 20.0


async def run_worker(
    dsn: str,
    stop: asyncio.Event,
    subscribers: Sequence[Subscriber],
    jobs: Sequence[Job],
    schedules: Sequence[Schedule],
    settings: WorkerSettings | None = None,
    loops: Mapping[str, Loop] | None = None,
) -> None:
    """Turn events into work and do it, until told to stop. Handlers find the process's connection pool open.

    Loops are what else a worker does all the time, by their names; they end when told to stop.
    """
    chosen = settings or WorkerSettings()
    every_schedule = [*_OWN_SCHEDULES, *schedules]
    _check_names([*(job.name for job in jobs), *(schedule.name for schedule in every_schedule)])
    await open_pool(dsn)
    try:
        await asyncio.gather(
            _keep_running("relay", lambda: Relay(subscribers).run(stop), stop),
            _keep_running("schedules", lambda: run_schedules(dsn, stop, every_schedule), stop),
            _keep_running(
                "queue", lambda: run_queue(dsn, stop, jobs, every_schedule, **msgspec.structs.asdict(chosen)), stop
            ),
            _keep_running("watch", lambda: Watch(chosen.heartbeat_seconds, chosen.poll_seconds).run(stop), stop),
            *(_keep_running(name, partial(loop, stop), stop) for name, loop in (loops or {}).items()),
        )
    finally:
        await close_pool()


def _check_names(names: Sequence[str]) -> None:
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two jobs or schedules are called {', '.join(sorted(twice))}")


async def _keep_running(part: str, run: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Repeat after failures, ever more slowly; what worked for long may fail quickly again."""
    seconds = _FIRST_PAUSE_SECONDS
    while not stop.is_set():
        started = monotonic()
        try:
            await run()
        except Exception as error:  # noqa: BLE001  # whatever it was, the worker goes on
            _log.warning("worker_part_failed", part=part, error=storable(error), exc_info=True)
        if monotonic() - started > _LONG_LIFE_SECONDS:
            seconds = _FIRST_PAUSE_SECONDS
        await pause(stop, seconds)
        seconds = min(seconds * 2, _LONGEST_PAUSE_SECONDS)
