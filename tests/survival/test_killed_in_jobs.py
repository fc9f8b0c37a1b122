"""A worker that is killed in the middle of each kind of job, and at its end: all of it is done, and counts once."""

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callbox.channels.email.smtp import use_mail_server
from callbox.platform.jobs.worker import WorkerSettings, run_worker
from callbox.reactions import register_reactions
from callbox.serving import tell_process
from callbox.settings import read_settings
from callbox.working import JOBS, LOOPS, SCHEDULES, SUBSCRIBERS
from tests.channels.correspondence import MailDesk
from tests.channels.mail_server import MailServer, mail_server
from tests.channels.test_text_messages import TwilioLike, twilio
from tests.conftest import new_workspace, start_server, stop_server
from tests.support.test_attachments import elsewhere
from tests.survival.every_job import BY_EARLIER, HOUR, WORK, Check, Place, is_prepared, prepare
from tests.survival.session import Session
from tests.waiting import wait_for

__all__ = ["elsewhere", "twilio"]

EVERY_JOB = [job.name for job in JOBS]
EVERY_SCHEDULE = [schedule.name for schedule in SCHEDULES]
# A file is there or it is not.
WITHOUT_MIDDLE = ["attachments.delete"]
# As many jobs as can wait in one worker at a time.
AT_ONCE = 9
# A dead worker is found out sooner than it usually is, and work that never ends leaves room for what follows from it.
QUICK = WorkerSettings(concurrency=200, poll_seconds=0.2, heartbeat_seconds=2)

# Whatever jobs change; not the queue, and not how events get to it.
TABLES = """
    SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables
    WHERE schemaname = 'public' AND tablename !~ '^(pgqueuer|outbox|recent_events|failed_events|schema_migrations)'
"""
REFUSE_ENDS = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$;
    CREATE TRIGGER refuse_ends BEFORE INSERT ON pgqueuer_log
    FOR EACH ROW WHEN (NEW.status = 'successful') EXECUTE FUNCTION refuse();
"""
LEFT = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM pgqueuer)"
ONE_OF_EACH = """
    UPDATE pgqueuer j
    SET execute_after = now() + CASE WHEN j.id = first.id THEN interval '0' ELSE interval '1 hour' END
    FROM (SELECT entrypoint, min(id) AS id FROM pgqueuer GROUP BY entrypoint) AS first
    WHERE first.entrypoint = j.entrypoint
"""
# As a tick does.
RUN = """
    INSERT INTO pgqueuer (priority, status, entrypoint, payload, dedupe_key)
    SELECT 0, 'queued', name, '', 'schedule:' || name FROM unnest($1::text[]) AS name
    ON CONFLICT DO NOTHING
"""


def names(session: Session, status: str) -> list[str]:
    """Of which kinds there is work in this state."""
    found = session.fetch("SELECT entrypoint FROM pgqueuer WHERE status::text = $1", status)
    return [row["entrypoint"] for row in found]


def work(url: str, environment: dict[str, str], jobs: Collection[str], schedules: bool) -> None:
    """What the process of a worker runs, of which only some kinds of work are asked."""
    os.environ.update(environment)
    settings = read_settings()
    tell_process(settings)
    use_mail_server(settings.smtp_url)
    register_reactions()
    chosen = [job for job in JOBS if job.name in jobs]
    asyncio.run(run_worker(url, asyncio.Event(), SUBSCRIBERS, chosen, SCHEDULES if schedules else [], QUICK))


class Workers:
    """Starts workers one after the other, and kills them."""

    def __init__(self, url: str, environment: dict[str, str], session: Session) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__])
        self._url = url
        self._environment = environment
        self._session = session

    @contextmanager
    def killed_after(self, jobs: Collection[str], *, schedules: bool) -> Iterator[None]:
        """A worker for the length of a block. What its connections wait for, they never get."""
        process = self._context.Process(
            target=work, args=(self._url, self._environment, list(jobs), schedules), daemon=True
        )
        process.start()
        try:
            yield
            assert process.is_alive()
        finally:
            process.kill()
            process.join()
            self._session.fetch("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid", self._session.waiting())
        assert process.exitcode == -signal.SIGKILL


def test_every_kind_of_job_has_work_here() -> None:
    assert sorted(WORK) == sorted(EVERY_JOB)
    assert set(LOOPS) == {"webhooks"}, "what is no job has a test of its own, as test_webhooks.py is for this one"


@pytest.fixture
def environment(database_url: str, mails: MailServer, twilio: TwilioLike, short_directory: Path) -> dict[str, str]:
    """Where the server and its workers keep things, and through whom they send."""
    return {
        "CALLBOX_DATABASE_URL": database_url,
        "CALLBOX_DATA": str(short_directory / "killed"),
        "CALLBOX_ALLOW_PRIVATE_ADDRESSES": "1",
        "CALLBOX_SMS_URL": twilio.url,
        "CALLBOX_SMTP_URL": f"smtp://127.0.0.1:{mails.port}?starttls=optional",
    }


@pytest.fixture
def mails() -> Iterator[MailServer]:
    """A mail server that takes all."""
    with mail_server() as running:
        yield running


@pytest.fixture
def place(environment: dict[str, str], mails: MailServer, twilio: TwilioLike, elsewhere: str) -> Iterator[Place]:
    """A workspace on a server without a worker."""
    data, url = Path(environment["CALLBOX_DATA"]), environment["CALLBOX_DATABASE_URL"]
    running = start_server(data, environment, "--no-worker")
    made = new_workspace(running)
    with made.api:
        yield Place(MailDesk(made.api, wait_for), url, data / "files", mails, twilio, f"{elsewhere}/seats.png")
    assert stop_server(running) == 0


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    """A look into the queue, and the locks that workers run into."""
    session = Session(database_url)
    yield session
    session.close()


def test_a_worker_killed_in_any_kind_of_job_leaves_nothing_undone_and_nothing_done_twice(
    place: Place, session: Session, environment: dict[str, str]
) -> None:
    workers = Workers(place.database_url, environment, session)
    prepare(place)
    with workers.killed_after(BY_EARLIER, schedules=False):
        wait_for(lambda: is_prepared(place))
    checks = {name: begin(place) for name, begin in WORK.items()}
    place.desk.clock(int(time.time()) + 2 * HOUR)
    wait_for_all_kinds(workers, session)

    in_the_middle = [name for name in EVERY_JOB if name not in WITHOUT_MIDDLE]
    for first in range(0, len(in_the_middle), AT_ONCE):
        kill_in_the_middle(workers, session, in_the_middle[first : first + AT_ONCE])
    kill_at_the_end(workers, session, checks)

    with workers.killed_after(EVERY_JOB, schedules=True):
        wait_for(lambda: session.fetch(LEFT)[0][0] == 0, pause=0.1)
    assert {name for name, is_done in checks.items() if not is_done()} == set()
    assert session.fetch("SELECT FROM failed_events") == []
    assert names(session, "failed") == []
    assert len(place.files_kept()) == 3, "a picture, a mail and an export"


def wait_for_all_kinds(workers: Workers, session: Session) -> None:
    """Until events and schedules have become work, none of which is begun."""
    session.fetch(RUN, EVERY_SCHEDULE)
    with workers.killed_after([], schedules=True):
        wait_for(lambda: set(EVERY_JOB) <= set(names(session, "queued")))
    session.fetch(ONE_OF_EACH)


def kill_in_the_middle(workers: Workers, session: Session, kinds: list[str]) -> None:
    """Each job waits to write the first thing that it changes in the database, whatever it has done elsewhere."""
    [[tables]] = session.fetch(TABLES)
    session.execute(f"BEGIN; LOCK TABLE {tables} IN SHARE MODE")
    with workers.killed_after(kinds, schedules=False):
        wait_for(lambda: are_stuck(session, kinds))
    session.execute("COMMIT")


def are_stuck(session: Session, kinds: list[str]) -> bool:
    picked = [name for name in names(session, "picked") if name in kinds]
    return set(picked) == set(kinds) and len(session.waiting()) == len(picked)


def kill_at_the_end(workers: Workers, session: Session, checks: dict[str, Check]) -> None:
    """All has been done, and the queue cannot be told of any of it."""
    session.execute(REFUSE_ENDS)
    session.fetch("UPDATE pgqueuer SET execute_after = now()")
    session.fetch(RUN, EVERY_SCHEDULE)
    with workers.killed_after(EVERY_JOB, schedules=True):
        wait_for(lambda: all(is_done() for is_done in checks.values()))
    left = {row["entrypoint"] for row in session.fetch("SELECT entrypoint FROM pgqueuer")}
    assert left >= {*EVERY_JOB, *EVERY_SCHEDULE}
    session.execute("DROP TRIGGER refuse_ends ON pgqueuer_log")
