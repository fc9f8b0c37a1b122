"""The watch over workers and clocks: work whose worker is gone begins again; a clock that is set back stops nothing.

The queue's times are the database's. Its clock may jump, by a correction or because the machine slept, so no time in a
row tells whether a worker lives: a heartbeat that does not change does, for as long as it does not by the clock of
whoever watches, which never jumps.
"""

import asyncio
from datetime import datetime
from time import monotonic

import msgspec
import structlog

from callbox.platform.database import GlobalCommand, GlobalQuery, connection, kept_connection, transaction
from callbox.platform.jobs.relay import pause

_log = structlog.get_logger("callbox.worker")


class Beat(msgspec.Struct, frozen=True):
    """The latest sign of life from whoever does a job."""

    job_id: int
    at: datetime


latest_beats = GlobalQuery("latest_beats", Beat, "SELECT id, heartbeat FROM pgqueuer WHERE status = 'picked'")

requeue_silent_jobs = GlobalCommand(
    "requeue_silent_jobs",
    """
    UPDATE pgqueuer AS j
    SET status = 'queued', updated = now(), execute_after = now(), queue_manager_id = NULL
    FROM unnest($1::bigint[], $2::timestamptz[]) AS silent (id, heartbeat)
    WHERE j.id = silent.id AND j.heartbeat = silent.heartbeat AND j.status = 'picked'
    """,
)

# What was changed later than it is now is ahead by as much, or a little more; so is what it waits for. Within a second,
# another transaction that began later may have changed it.
bring_schedules_back = GlobalCommand(
    "bring_schedules_back",
    """
    UPDATE pgqueuer_schedules
    SET next_run = next_run - (updated - now()), heartbeat = least(heartbeat, now()), updated = now()
    WHERE updated > now() + interval '1 second'
    """,
)

bring_jobs_back = GlobalCommand(
    "bring_jobs_back",
    """
    UPDATE pgqueuer
    SET execute_after = execute_after - (updated - now()), updated = now()
    WHERE status = 'queued' AND updated > now() + interval '1 second'
    """,
)


class Watch:
    """One loop of one worker. Several may run: what one has done, the others find done."""

    def __init__(self, heartbeat_seconds: float, look_seconds: float) -> None:
        self._heartbeat_seconds = heartbeat_seconds
        self._look_seconds = look_seconds
        self._unchanged_since: dict[Beat, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Look now and then until told to stop, however busy jobs are. Raises when the database fails."""
        async with kept_connection():
            while not stop.is_set():
                await self._look_at_clock()
                await self._look_at_jobs()
                await pause(stop, self._look_seconds)

    async def _look_at_clock(self) -> None:
        """Some schedule ticks every few seconds, so by those few rows it shows whether the clock was set back."""
        async with transaction() as held:
            if await bring_schedules_back.run(held):
                jobs = await bring_jobs_back.run(held)
                _log.warning("clock_set_back", jobs_brought_back=jobs)

    async def _look_at_jobs(self) -> None:
        async with connection() as held:
            now = monotonic()
            beats = await latest_beats.all(held)
            self._unchanged_since = {beat: self._unchanged_since.get(beat, now) for beat in beats}
            silent = [beat for beat, since in self._unchanged_since.items() if now - since > self._heartbeat_seconds]
            if silent:
                job_ids = [beat.job_id for beat in silent]
                await requeue_silent_jobs.run(held, job_ids, [beat.at for beat in silent])
                _log.warning("jobs_begin_again", reason="their worker is gone", jobs=job_ids)
