"""The database's clock jumps by hours, and work goes on, once.

No test can set that clock. All times in the queue are moved the other way instead, which is the same to whoever
compares them with it.
"""

import asyncio
from datetime import timedelta

import pytest

from callbox.platform.database import Connection
from callbox.platform.jobs import Job, Schedule, Work, enqueue
from callbox.platform.jobs.watch import Watch
from callbox.platform.jobs.worker import WorkerSettings, run_worker
from tests.platform.test_jobs import count, database, effects, note, pool, running, soon

__all__ = ["database", "pool"]

HOURS = timedelta(hours=3)
QUICK = WorkerSettings(concurrency=20, poll_seconds=0.1, heartbeat_seconds=2, grace_seconds=5)
_TIMES = {
    "pgqueuer": ["created", "updated", "heartbeat", "execute_after"],
    "pgqueuer_schedules": ["created", "updated", "heartbeat", "next_run", "last_run"],
}


async def jump(held: Connection, by: timedelta) -> None:
    """The clock shows another time all at once."""
    async with held.transaction():
        for table, columns in _TIMES.items():
            moved = ", ".join(f"{column} = {column} - $1::interval" for column in columns)
            await held.execute(f"UPDATE {table} SET {moved}", by)


async def begun(database: Connection) -> bool:
    return "begun" in await effects(database)


async def test_a_running_job_is_not_taken_from_its_worker_when_the_clock_jumps_ahead(
    database_url: str, database: Connection
) -> None:
    goes_on = asyncio.Event()

    async def handler(_: bytes) -> None:
        await note("begun")
        await goes_on.wait()
        await note("done")

    def worker(stop: asyncio.Event) -> object:
        return run_worker(database_url, stop, [], [Job("long", handler, timeout_seconds=600)], [], QUICK)

    async with running(worker, worker):  # type: ignore[arg-type]
        await enqueue(database, [Work("long", b"")])
        await soon(lambda: begun(database))
        await jump(database, HOURS)
        # Both workers look for work many times before the next sign of life is due.
        await asyncio.sleep(0.6)
        # ... and signs of life keep coming for longer than a silent worker would have been given.
        await asyncio.sleep(2.5)
        assert await effects(database) == ["begun"]
        goes_on.set()

        async def done() -> bool:
            return await count(database, "pgqueuer") == 0

        await soon(done)
    assert await effects(database) == ["begun", "done"]


async def test_jobs_and_ticks_go_on_when_the_clock_is_set_back(database_url: str, database: Connection) -> None:
    async def handler(payload: bytes) -> None:
        await note(payload.decode())

    async def tick() -> None:
        await note("tick")

    jobs, schedules = [Job("note", handler)], [Schedule("ticking", "* * * * * */2", tick)]

    async def ticked(times: int) -> bool:
        return (await effects(database)).count("tick") >= times

    async def worker(stop: asyncio.Event) -> None:
        await run_worker(database_url, stop, [], jobs, schedules, QUICK)

    async with running(worker):
        await soon(lambda: ticked(1))
        async with database.transaction():
            await enqueue(database, [Work("note", b"waited"), Work("note", b"delayed", timedelta(hours=1))])
            await jump(database, -HOURS)

        async def went_on() -> bool:
            return "waited" in await effects(database) and await ticked(2)

        await soon(went_on)
        assert "delayed" not in await effects(database)
        left = await database.fetchval("SELECT execute_after - now() FROM pgqueuer WHERE status = 'queued'")
        assert timedelta(minutes=59) < left <= timedelta(hours=1), "what was to wait for an hour waits for an hour"


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("by", [-HOURS, HOURS], ids=["back", "ahead"])
async def test_work_of_a_dead_worker_begins_again_whatever_the_clock_did(by: timedelta, database: Connection) -> None:
    await database.execute(
        "INSERT INTO pgqueuer (priority, status, entrypoint, execute_after) VALUES (0, 'picked', 'left', now())"
    )
    await jump(database, by)

    async def waits() -> bool:
        return bool(await database.fetchval("SELECT status = 'queued' AND execute_after <= now() FROM pgqueuer"))

    async with running(Watch(heartbeat_seconds=0.5, look_seconds=0.1).run):
        await soon(waits)
