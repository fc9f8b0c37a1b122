"""The work of webhooks: events become deliveries, deliveries are sent, and old ones are forgotten.

Only the worker imports this module.
"""

from collections.abc import Sequence

from callbox.channels.webhooks import queries, service
from callbox.channels.webhooks.delivery import deliver
from callbox.platform.clock import machine_time
from callbox.platform.database import Connection
from callbox.platform.events import is_internal
from callbox.platform.jobs import RelayedEvent, Schedule
from callbox.workspace.workspaces import list_workspaces, operator_caller


async def on_events(held: Connection, events: Sequence[RelayedEvent]) -> None:
    """A delivery for each event and webhook that listens to it."""
    told = [event for event in events if not is_internal(event.topic)]
    listening = set(await queries.listened_to.all(held, list({event.workspace_id for event in told}))) if told else ()
    heard = [event for event in told if event.workspace_id in listening]
    if heard:
        await queries.insert_deliveries.run(
            held,
            [event.workspace_id for event in heard],
            [event.topic for event in heard],
            [event.item_id for event in heard],
            [event.item for event in heard],
            [event.created_at for event in heard],
            machine_time(),
        )


async def _forget() -> None:
    for workspace in await list_workspaces():
        caller = await operator_caller(workspace.id)
        while await service.forget_old_deliveries(caller):
            continue


SUBSCRIBERS = [on_events]
LOOPS = {"webhooks": deliver}
SCHEDULES = [Schedule("webhooks.forget", "53 * * * *", _forget)]
