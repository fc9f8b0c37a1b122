"""The rules of admins."""

from callbox.platform import clock
from callbox.platform.database import Connection
from callbox.workspace.admins import queries


async def is_admin(held: Connection, workspace_id: str, admin_id: int) -> bool:
    """Whether the workspace has this admin."""
    return await queries.admin_exists.one(held, workspace_id, admin_id)


async def create_first_admin(held: Connection, workspace_id: str) -> None:
    """A new workspace has somebody to act as."""
    await queries.insert_first_admin.run(held, workspace_id, clock.machine_time())
