"""From event to work: nothing is lost, nothing counts twice, and failures stay visible."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import asyncpg
import pytest
from pgqueuer.domain.types import CronEntrypoint, CronExpression
from pgqueuer.executors import ScheduleExecutorFactoryParameters

from callbox.platform.database import Connection, close_pool, connection, open_pool, transaction
from callbox.platform.events import Event, Topic, announce, gathered_events, react_to, record, record_many
from callbox.platform.jobs import (
    Job,
    RelayedEvent,
    Schedule,
    Work,
    enqueue,
    failed_events,
    held_jobs,
    retry_event,
    retry_job,
)
from callbox.platform.jobs import queue as job_queue
from callbox.platform.jobs.engine import OneTickEach, run_queue, run_schedules
from callbox.platform.jobs.relay import Relay
from callbox.platform.jobs.worker import WorkerSettings, run_worker
from tests.waiting import GENEROUS_SECONDS

T = TypeVar("T")

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
QUICK = WorkerSettings(concurrency=20, poll_seconds=0.3, heartbeat_seconds=1.5, grace_seconds=5)
QUICK_QUEUE = {"concurrency": 20, "poll_seconds": 0.3, "heartbeat_seconds": 1.5, "grace_seconds": 5}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    """The test's own connection, beside the pool of the process."""
    held = await asyncpg.connect(database_url)
    await held.execute("CREATE TABLE effects (place bigserial, what text NOT NULL)")
    yield held
    await held.close()


@pytest.fixture
async def pool(database_url: str, database: Connection) -> AsyncIterator[None]:
    """The pool of the process, for tests that run parts of a worker."""
    del database
    await open_pool(database_url, 6)
    yield
    await close_pool()


async def note(what: str) -> None:
    """Leave a trace in the database, as a handler does."""
    async with connection() as held:
        await held.execute("INSERT INTO effects (what) VALUES ($1)", what)


async def effects(database: Connection) -> list[str]:
    return [row["what"] for row in await database.fetch("SELECT what FROM effects ORDER BY place")]


async def count(database: Connection, table: str) -> int:
    return int(await database.fetchval(f"SELECT count(*) FROM {table}"))


async def soon(check: Callable[[], Awaitable[T]], seconds: float = GENEROUS_SECONDS) -> T:
    """Wait until the check answers something true."""
    deadline = time.monotonic() + seconds
    while not (answer := await check()):
        assert time.monotonic() < deadline, f"it did not happen within {seconds} seconds"
        await asyncio.sleep(0.02)
    return answer


@asynccontextmanager
async def running(*parts: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Run parts of a worker beside the block, then stop them as an operator would."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(part(stop))  # type: ignore[arg-type]
        try:
            yield
        finally:
            stop.set()


def event(number: int, topic: Topic = Topic.CONTACT_USER_CREATED) -> Event:
    return Event(topic, f"c{number}", f'{{"id":"c{number}"}}')


class Heard:
    """A subscriber that remembers, and may refuse."""

    def __init__(self, refuse: str = "") -> None:
        self.items: list[str] = []
        self.batches: list[Sequence[RelayedEvent]] = []
        self._refuse = refuse

    async def __call__(self, held: Connection, events: Sequence[RelayedEvent]) -> None:
        await held.execute("INSERT INTO effects (what) SELECT unnest($1::text[])", [event.item_id for event in events])
        if any(event.item_id == self._refuse for event in events):
            raise ValueError("cannot read \x00 this")
        self.batches.append(events)
        self.items += [event.item_id for event in events]


@pytest.mark.usefixtures("pool")
async def test_an_event_reaches_subscribers_whole_and_leaves_the_outbox(database: Connection) -> None:
    heard = Heard()
    async with transaction() as held:
        await record(held, "w1", event(1), NOW)
        await record_many(held, "w1", [event(2), event(3, Topic.COMPANY_DELETED)], NOW)
        await record_many(held, "w1", [], NOW)
    async with running(Relay([heard]).run):

        async def all_heard() -> bool:
            return len(heard.items) == 3

        await soon(all_heard)
    [[first, _, third]] = heard.batches
    assert (first.workspace_id, first.topic, first.item_id) == ("w1", "contact.user.created", "c1")
    assert (first.item, first.created_at) == ('{"id":"c1"}', NOW)
    assert (third.topic, third.item_id) == ("company.deleted", "c3")
    assert await count(database, "outbox") == 0


@pytest.mark.usefixtures("pool")
async def test_gathered_events_are_written_at_the_end_in_their_order_and_with_their_times(database: Connection) -> None:
    later = NOW + timedelta(days=1)
    async with transaction() as held:
        async with gathered_events(held, "w1"):
            await record(held, "w1", event(1), later)
            await record_many(held, "w1", [event(2), event(3)], NOW)
            assert await held.fetchval("SELECT count(*) FROM outbox") == 0
        await record(held, "w1", event(4), NOW)
    written = await database.fetch("SELECT workspace_id, item_id, created_at FROM outbox ORDER BY id")
    assert [tuple(row) for row in written] == [
        ("w1", "c1", later),
        ("w1", "c2", NOW),
        ("w1", "c3", NOW),
        ("w1", "c4", NOW),
    ]


@pytest.mark.usefixtures("pool", "database")
async def test_an_event_of_a_transaction_that_rolled_back_is_never_heard() -> None:
    async def change_and_fail() -> None:
        async with transaction() as held:
            await record(held, "w1", event(1), NOW)
            raise ZeroDivisionError

    heard = Heard()
    with pytest.raises(ZeroDivisionError):
        await change_and_fail()
    async with transaction() as held:
        await record(held, "w1", event(2), NOW)
    async with running(Relay([heard]).run):

        async def something_heard() -> bool:
            return bool(heard.items)

        await soon(something_heard)
        await asyncio.sleep(0.4)
    assert heard.items == ["c2"]


@pytest.mark.usefixtures("pool")
async def test_each_event_becomes_work_once_under_two_relays_and_two_queues(
    database_url: str, database: Connection
) -> None:
    async def to_work(held: Connection, events: Sequence[RelayedEvent]) -> None:
        await enqueue(held, [Work("note", event.item_id.encode()) for event in events])

    async def change(first: int) -> None:
        async with transaction() as held:
            await record_many(held, "w1", [event(number) for number in range(first, first + 10)], NOW)

    async def handler(payload: bytes) -> None:
        await note(payload.decode())

    async def queue(stop: asyncio.Event) -> None:
        await run_queue(database_url, stop, [Job("note", handler)], [], **QUICK_QUEUE)  # type: ignore[arg-type]

    async with running(Relay([to_work], 7).run, Relay([to_work], 7).run, queue, queue):
        await asyncio.gather(*(change(first) for first in range(0, 300, 10)))

        async def all_done() -> bool:
            return await count(database, "effects") >= 300

        await soon(all_done)
        await asyncio.sleep(0.3)
    assert sorted(await effects(database)) == sorted(f"c{number}" for number in range(300))
    assert await count(database, "pgqueuer") == 0


@pytest.mark.usefixtures("pool")
async def test_an_event_that_is_refused_is_set_aside_and_the_others_pass(database: Connection) -> None:
    heard = Heard(refuse="c3")
    async with transaction() as held:
        await record_many(held, "w1", [event(number) for number in range(6)], NOW)
    async with running(Relay([heard]).run):

        async def all_others_heard() -> bool:
            return len(heard.items) == 5

        await soon(all_others_heard)
    [failed] = await failed_events(database)
    assert (failed.workspace_id, failed.topic, failed.item_id, failed.item) == (
        "w1",
        "contact.user.created",
        "c3",
        '{"id":"c3"}',
    )
    assert failed.error == "ValueError: cannot read \ufffd this"
    # What a subscriber wrote before it refused is gone with its refusal.
    assert await effects(database) == ["c0", "c1", "c2", "c4", "c5"]

    willing = Heard()
    assert await retry_event(database, failed.id)
    assert not await retry_event(database, failed.id)
    async with running(Relay([willing]).run):

        async def heard_at_last() -> bool:
            return willing.items == ["c3"]

        await soon(heard_at_last)
    assert await failed_events(database) == []


async def test_reactions_run_in_the_announcing_transaction(database: Connection) -> None:
    class Renamed:
        pass

    async def react(held: Connection, workspace_id: str, _: Renamed) -> None:
        await held.execute("INSERT INTO effects (what) VALUES ($1)", workspace_id)

    react_to(Renamed, react)
    react_to(Renamed, react)
    changing = database.transaction()
    await changing.start()
    await announce(database, "w1", Renamed())
    assert await effects(database) == ["w1"]
    await changing.rollback()
    assert await effects(database) == []


async def test_work_that_fails_twice_is_done_at_the_third_attempt(database_url: str, database: Connection) -> None:
    attempts: list[bytes] = []

    async def handler(payload: bytes) -> None:
        attempts.append(payload)
        if len(attempts) < 3:
            raise ConnectionError("the receiver is away")
        await note("done")

    await enqueue(database, [Work("flaky", b"same")])
    async with running(worker(database_url, Job("flaky", handler, first_retry_seconds=0.1))):

        async def done() -> bool:
            return await effects(database) == ["done"]

        await soon(done)
    assert attempts == [b"same"] * 3
    assert await held_jobs(database) == []


async def test_work_that_always_fails_is_held_with_its_error_and_can_be_retried(
    database_url: str, database: Connection
) -> None:
    attempts: list[bytes] = []
    repaired = False

    async def handler(payload: bytes) -> None:
        attempts.append(payload)
        if not repaired:
            raise ValueError("cannot store \x00 or \ud800")
        await note("done")

    async with running(worker(database_url, Job("broken", handler, max_attempts=2, first_retry_seconds=0.1))):
        await enqueue(database, [Work("broken", b"p", unique_key="k")])
        [held] = await soon(lambda: held_jobs(database))
        assert (held.job, held.payload, held.error) == ("broken", b"p", "ValueError: cannot store \ufffd or ?")
        await asyncio.sleep(0.5)
        assert len(attempts) == 2

        repaired = True
        assert await retry_job(database, held.id)
        assert not await retry_job(database, held.id)

        async def done() -> bool:
            return await effects(database) == ["done"]

        await soon(done)
    assert await held_jobs(database) == []


async def test_an_attempt_that_takes_too_long_has_failed(database_url: str, database: Connection) -> None:
    async def handler(_: bytes) -> None:
        await asyncio.sleep(60)

    async with running(worker(database_url, Job("slow", handler, max_attempts=1, timeout_seconds=0.1))):
        await enqueue(database, [Work("slow", b"")])
        [held] = await soon(lambda: held_jobs(database))
    assert held.error == "TimeoutError: "


async def test_work_with_a_key_is_left_out_while_the_same_waits(database: Connection) -> None:
    await enqueue(database, [Work("a", b"1", unique_key="k"), Work("a", b"2", unique_key="k"), Work("a", b"3")])
    await enqueue(database, [Work("a", b"4", unique_key="k")])
    rows = await database.fetch("SELECT payload FROM pgqueuer ORDER BY id")
    assert [row["payload"] for row in rows] == [b"1", b"3"]


async def test_work_begun_when_the_worker_is_stopped_is_finished_or_put_back(
    database_url: str, database: Connection
) -> None:
    patient = WorkerSettings(poll_seconds=0.3, heartbeat_seconds=1.5, grace_seconds=1)
    begun = asyncio.Event()

    async def short(_: bytes) -> None:
        await asyncio.sleep(0.4)
        await note("short")

    async def long(_: bytes) -> None:
        begun.set()
        await asyncio.sleep(60)

    await enqueue(database, [Work("short", b""), Work("long", b"")])
    async with running(worker(database_url, Job("short", short), Job("long", long), settings=patient)):
        await asyncio.wait_for(begun.wait(), 5)
        stopped_at = time.monotonic()
    assert time.monotonic() - stopped_at < 4
    assert await effects(database) == ["short"]
    [left] = await database.fetch("SELECT entrypoint, status FROM pgqueuer")
    assert (left["entrypoint"], left["status"]) == ("long", "queued")


async def test_work_of_a_killed_worker_is_done_by_another(database_url: str, database: Connection) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys, asyncio, tests.platform.test_jobs as t; asyncio.run(t.work_without_end(sys.argv[1]))",
        database_url,
        cwd=Path(__file__).parents[2],
    )
    await enqueue(database, [Work("slow", b"")])

    async def begun() -> bool:
        return await effects(database) == ["begun"]

    await soon(begun)
    process.send_signal(signal.SIGKILL)
    await process.wait()

    async def handler(_: bytes) -> None:
        await note("done")

    async with running(worker(database_url, Job("slow", handler))):

        async def done() -> bool:
            return await effects(database) == ["begun", "done"]

        await soon(done, seconds=6)
    assert await count(database, "pgqueuer") == 0


async def work_without_end(database_url: str) -> None:
    """What the killed worker's process runs."""

    async def handler(_: bytes) -> None:
        await note("begun")
        await asyncio.sleep(600)

    await run_worker(database_url, asyncio.Event(), [], [Job("slow", handler, timeout_seconds=600)], [], QUICK)


async def test_a_worker_that_lost_its_connections_goes_on(database_url: str, database: Connection) -> None:
    begun = asyncio.Event()

    async def to_work(held: Connection, events: Sequence[RelayedEvent]) -> None:
        await enqueue(held, [Work("note", event.item_id.encode()) for event in events])

    async def handler(payload: bytes) -> None:
        await note(payload.decode())

    async def slow(_: bytes) -> None:
        begun.set()
        await asyncio.sleep(1)
        await note("slow")

    async with running(worker(database_url, Job("note", handler), Job("slow", slow), subscribers=[to_work])):
        await enqueue(database, [Work("slow", b"")])
        await asyncio.wait_for(begun.wait(), 5)
        for _ in range(3):
            await database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.1)
        await record_many(database, "w1", [event(1), event(2)], NOW)

        async def all_done() -> bool:
            return set(await effects(database)) == {"c1", "c2", "slow"} and await count(database, "pgqueuer") == 0

        await soon(all_done)


@pytest.mark.usefixtures("pool")
async def test_each_tick_of_a_schedule_runs_once_in_the_cluster(database_url: str, database: Connection) -> None:
    async def tick() -> None:
        await note("tick")

    schedules = [Schedule("ticking", "* * * * * */2", tick)]

    async def queue(stop: asyncio.Event) -> None:
        await run_queue(database_url, stop, [], schedules, **QUICK_QUEUE)  # type: ignore[arg-type]

    async def scheduler(stop: asyncio.Event) -> None:
        await run_schedules(database_url, stop, schedules)

    started = time.monotonic()
    async with running(queue, queue, scheduler, scheduler, scheduler):

        async def ran_twice() -> bool:
            return await count(database, "effects") >= 2

        await soon(ran_twice)
        await asyncio.sleep(0.5)
    ticks = (time.monotonic() - started) // 2 + 1
    assert 2 <= len(await effects(database)) <= ticks


@pytest.mark.parametrize("worker_ahead_seconds", [-0.4, 0, 0.4])
def test_a_tick_is_not_set_again_by_clocks_that_differ_a_little(
    worker_ahead_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: object) -> None: ...

    expression = CronExpression("* * * * *")
    executor = OneTickEach(ScheduleExecutorFactoryParameters(CronEntrypoint("minutely"), expression, nothing, False))
    tick = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
    taken_at = tick + timedelta(seconds=0.05)
    worker_time = taken_at + timedelta(seconds=worker_ahead_seconds)
    monkeypatch.setattr("callbox.platform.jobs.engine.machine_time", lambda: worker_time)
    # This is what the database makes of the worker's answer.
    assert (taken_at + executor.next_in()).replace(microsecond=0) == tick + timedelta(minutes=1)


async def test_the_diary_of_finished_work_is_trimmed_and_that_of_held_work_kept(
    database_url: str, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(payload: bytes) -> None:
        if payload:
            raise ValueError("no")

    monkeypatch.setattr(job_queue, "_LOG_BATCH", 1)
    async with running(worker(database_url, Job("some", handler, max_attempts=1))):
        await enqueue(database, [Work("some", b""), Work("some", b""), Work("some", b"x")])
        await soon(lambda: held_jobs(database))

        async def others_done() -> bool:
            return await count(database, "pgqueuer") == 1

        await soon(others_done)
        await database.execute("UPDATE pgqueuer_log SET created = created - interval '61 minutes'")
        await job_queue.trim_log()
    assert await database.fetchval("SELECT count(DISTINCT job_id) FROM pgqueuer_log") == 1
    [held] = await held_jobs(database)
    assert held.error == "ValueError: no"


async def test_two_jobs_of_one_name_are_refused(database_url: str) -> None:
    async def handler(_: bytes) -> None: ...

    with pytest.raises(ValueError, match="called same"):
        await run_worker(database_url, asyncio.Event(), [], [Job("same", handler), Job("same", handler)], [])


def worker(
    database_url: str,
    *jobs: Job,
    subscribers: Sequence[Callable[[Connection, Sequence[RelayedEvent]], Awaitable[None]]] = (),
    settings: WorkerSettings = QUICK,
) -> Callable[[asyncio.Event], Awaitable[None]]:
    """A whole worker, for `running`."""

    async def run(stop: asyncio.Event) -> None:
        await run_worker(database_url, stop, subscribers, jobs, [], settings)

    return run


async def test_relays_side_by_side_hand_events_over_in_their_order(pool: None, database: Connection) -> None:
    async def to_effects(held: Connection, events: Sequence[RelayedEvent]) -> None:
        await asyncio.sleep(0.002 * (events[0].id % 5))  # a turn takes now longer, now less
        for event in events:
            await held.execute("INSERT INTO effects (what) VALUES ($1)", event.item_id)

    numbers = [str(number) for number in range(120)]
    async with transaction() as held:
        await record_many(held, "w", [Event(Topic.COMPANY_CREATED, number, "{}") for number in numbers], NOW)
    async with running(*(Relay([to_effects], 3).run for _ in range(4))):
        await soon(lambda: _has_all(database, len(numbers)))
    assert await effects(database) == numbers


async def _has_all(database: Connection, number: int) -> bool:
    return await count(database, "effects") == number
