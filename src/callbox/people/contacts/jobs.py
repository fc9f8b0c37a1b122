"""The work that follows from events and from time: who left owns nobody, and who was deleted goes after the grace.

Only the worker imports this module.
"""

from collections.abc import Sequence

import msgspec

from callbox.people.contacts.leaving import purge_deleted_contacts
from callbox.people.contacts.service import release_owned_contacts
from callbox.platform.database import Connection
from callbox.platform.events import Topic
from callbox.platform.jobs import Job, RelayedEvent, Schedule, Work, enqueue
from callbox.workspace.workspaces import list_workspaces, operator_caller


class RemovedAdmin(msgspec.Struct):
    """An admin whose contacts are to have no owner."""

    workspace_id: str
    admin_id: int


async def on_events(held: Connection, events: Sequence[RelayedEvent]) -> None:
    """Enqueue the releasing of contacts for each admin who left."""
    removed = [event for event in events if event.topic == Topic.ADMIN_REMOVED_FROM_WORKSPACE]
    payloads = [msgspec.json.encode(RemovedAdmin(event.workspace_id, int(event.item_id))) for event in removed]
    await enqueue(held, [Work(RELEASE_OWNED.name, payload) for payload in payloads])


async def _release_owned(payload: bytes) -> None:
    todo = msgspec.json.decode(payload, type=RemovedAdmin)
    caller = await operator_caller(todo.workspace_id)
    while await release_owned_contacts(caller, todo.admin_id):
        continue


async def _purge() -> None:
    for workspace in await list_workspaces():
        caller = await operator_caller(workspace.id)
        while await purge_deleted_contacts(caller):
            continue


RELEASE_OWNED = Job("contacts.release_owned", _release_owned, timeout_seconds=600)

SUBSCRIBERS = [on_events]
JOBS = [RELEASE_OWNED]
SCHEDULES = [Schedule("contacts.purge", "13 * * * *", _purge)]
