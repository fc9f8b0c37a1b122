"""The work that follows from events and from time: contacts leave deleted companies, old rows go.

Only the worker imports this module.
"""

from collections.abc import Sequence

import msgspec

from callbox.people.companies import lists, service
from callbox.people.contacts.leaving import DELETION_GRACE
from callbox.platform.database import Connection
from callbox.platform.events import Topic
from callbox.platform.jobs import Job, RelayedEvent, Schedule, Work, enqueue
from callbox.workspace.workspaces import list_workspaces, operator_caller


class DeletedCompany(msgspec.Struct):
    """A company whose contacts are to be detached."""

    workspace_id: str
    company_id: str


async def on_events(held: Connection, events: Sequence[RelayedEvent]) -> None:
    """Enqueue the detaching of contacts for each deleted company."""
    deleted = [event for event in events if event.topic == Topic.COMPANY_DELETED]
    payloads = [msgspec.json.encode(DeletedCompany(event.workspace_id, event.item_id)) for event in deleted]
    await enqueue(held, [Work(DETACH_CONTACTS.name, payload) for payload in payloads])


async def _detach_contacts(payload: bytes) -> None:
    todo = msgspec.json.decode(payload, type=DeletedCompany)
    await service.detach_all_contacts(todo.workspace_id, todo.company_id)


async def _forget_idle_scrolls() -> None:
    for workspace in await list_workspaces():
        await lists.forget_idle_scroll(await operator_caller(workspace.id))


async def _purge() -> None:
    for workspace in await list_workspaces():
        caller = await operator_caller(workspace.id)
        while await service.purge_deleted_companies(caller, DELETION_GRACE):
            continue


DETACH_CONTACTS = Job("companies.detach_contacts", _detach_contacts, timeout_seconds=600)

SUBSCRIBERS = [on_events]
JOBS = [DETACH_CONTACTS]
SCHEDULES = [
    Schedule("companies.forget_idle_scrolls", "* * * * *", _forget_idle_scrolls),
    Schedule("companies.purge", "23 * * * *", _purge),
]
