"""`callbox failure`: work that was given up, and its second chance."""

from typing import Annotated

import typer

from callbox.cli.common import DataOption, group, print_rows, run, say
from callbox.installation import InstallationError
from callbox.platform.database import connection, transaction
from callbox.platform.jobs import FailedEvent, HeldJob, failed_events, held_jobs, retry_event, retry_job

commands = group("Jobs and events that failed for good: /metrics counts them as callbox_jobs_held and _events_failed.")

_SHOWN = 100
_RETRIES = {"job": retry_job, "event": retry_event}


@commands.command("list")
def list_(data: DataOption = None) -> None:
    """List the newest of each, with the error of the last attempt."""

    async def work() -> tuple[list[HeldJob], list[FailedEvent]]:
        async with connection() as held:
            return await held_jobs(held, _SHOWN), await failed_events(held, _SHOWN)

    jobs, events = run(data, work)
    rows = [(f"job-{job.id}", f"{job.failed_at:%Y-%m-%d %H:%M}", job.job, job.error) for job in jobs]
    rows += [(f"event-{event.id}", f"{event.failed_at:%Y-%m-%d %H:%M}", event.topic, event.error) for event in events]
    print_rows(("id", "failed", "what", "error"), rows)


@commands.command()
def retry(
    failure: Annotated[str, typer.Argument(metavar="ID", help="Its id, as the list shows it.")],
    data: DataOption = None,
) -> None:
    """Try again what failed, as if it were new."""
    kind, _, number = failure.partition("-")

    async def work() -> bool:
        if kind not in _RETRIES or not (number.isascii() and number.isdigit() and int(number) < 2**63):
            return False
        async with transaction() as held:
            return await _RETRIES[kind](held, int(number))

    if not run(data, work):
        raise InstallationError(f"Nothing that failed has the id {failure}.")
    say(f"{failure} is tried again.")
