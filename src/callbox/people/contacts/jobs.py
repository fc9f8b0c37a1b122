"""The work that time brings: contacts that were deleted or merged are removed when their grace has ended.

Only the worker imports this module.
"""

from callbox.people.contacts.service import purge_deleted_contacts
from callbox.platform.jobs import Schedule
from callbox.workspace.workspaces import list_workspaces, operator_caller


async def _purge() -> None:
    for workspace in await list_workspaces():
        caller = await operator_caller(workspace.id)
        while await purge_deleted_contacts(caller):
            continue


SCHEDULES = [Schedule("contacts.purge", "13 * * * *", _purge)]
