"""Checks of what happens after a change: does somebody do the work, and what was given up."""

from datetime import timedelta

import msgspec

from callbox.doctor.findings import Finding, doubtful, well, wrong, wrong_if
from callbox.platform.clock import machine_time
from callbox.platform.database import Connection, GlobalQuery
from callbox.platform.jobs import backlog

_LATE = timedelta(minutes=5)
_MANY_EVENTS = 10_000


class WorkState(msgspec.Struct):
    """Who works, and what does not get done."""

    workers: int
    late_jobs: int
    suspended_webhooks: int
    waiting_mails: int


work_state = GlobalQuery(
    "work_state",
    WorkState,
    """
    SELECT
        (
            SELECT count(*)
            FROM pg_stat_activity a
            WHERE a.datname = current_database() AND a.application_name = 'callbox jobs'
        ),
        (SELECT count(*) FROM pgqueuer j WHERE j.status = 'queued' AND j.execute_after < $1),
        (SELECT count(*) FROM webhooks w WHERE w.state = 'suspended'),
        (SELECT count(*) FROM emails e WHERE e.state = 'queued')
    """,
)


async def check_work(connection: Connection) -> list[Finding]:
    """Worker, relay, queue and receivers."""
    state = await work_state.one(connection, machine_time() - _LATE)
    waiting = await backlog(connection)
    return [
        _worker(state),
        _relay(waiting.events_waiting),
        _late(state),
        _given_up("jobs", waiting.jobs_held),
        _given_up("events", waiting.events_failed),
        _webhooks(state),
    ]


def _worker(state: WorkState) -> Finding:
    if not state.workers:
        return wrong("worker", "None is connected.", "Run callbox serve without --no-worker, or callbox worker.")
    return well("worker", "Somebody works.")


def _relay(waiting: int) -> Finding:
    told = f"{waiting} events wait to be passed on."
    return wrong_if(waiting > _MANY_EVENTS, "relay", told, "Look into the log of the worker for events_refused.")


def _late(state: WorkState) -> Finding:
    told = f"{state.late_jobs} jobs should have begun more than five minutes ago; {state.waiting_mails} mails wait."
    if state.late_jobs:
        return doubtful("queue", told, "Run another callbox worker, or look into the log for jobs that take long.")
    return well("queue", told)


def _given_up(what: str, count: int) -> Finding:
    if count:
        return doubtful(
            f"failed {what}",
            f"{count} {what} were given up.",
            "callbox failure list tells why; callbox failure retry tries again.",
        )
    return well(f"failed {what}", "None was given up.")


def _webhooks(state: WorkState) -> Finding:
    if state.suspended_webhooks:
        return doubtful(
            "webhooks",
            f"{state.suspended_webhooks} are suspended, and their receivers told of nothing.",
            "callbox webhook list tells which; callbox webhook resume when the receiver works again.",
        )
    return well("webhooks", "None is suspended.")
