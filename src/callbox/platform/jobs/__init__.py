"""From events to work: the relay that empties the outbox, and jobs with retries and schedules.

Rooms see events, jobs and `enqueue`. The queue library is behind `worker`, which only the worker process
imports, so that server processes do without its memory and it can be exchanged.
"""

from callbox.platform.jobs.queue import (
    Backlog,
    HeldJob,
    Job,
    Schedule,
    Work,
    backlog,
    enqueue,
    held_jobs,
    retry_job,
    storable,
    work_once,
)
from callbox.platform.jobs.relay import (
    FailedEvent,
    RelayedEvent,
    Subscriber,
    failed_events,
    pause,
    retry_event,
)

__all__ = [
    "Backlog",
    "FailedEvent",
    "HeldJob",
    "Job",
    "RelayedEvent",
    "Schedule",
    "Subscriber",
    "Work",
    "backlog",
    "enqueue",
    "failed_events",
    "held_jobs",
    "pause",
    "retry_event",
    "retry_job",
    "storable",
    "work_once",
]
