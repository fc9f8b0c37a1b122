"""The rules of admins: who works here, who is away, who comes and goes."""

import msgspec
from asyncpg import UniqueViolationError
from msgspec import UNSET

from callbox.platform import clock
from callbox.platform.database import Connection, connection, savepoint, transaction
from callbox.platform.events import Event, Topic, announce, record
from callbox.wire.authentication import Caller, forget_callers
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.email_addresses import email_address
from callbox.wire.errors import Conflict, NotFound, WireError
from callbox.workspace.activity_logs import record_activity
from callbox.workspace.admins import queries
from callbox.workspace.admins.queries import AdminRow
from callbox.workspace.admins.schemas import (
    Admin,
    AdminDeleted,
    AdminList,
    AdminWithApp,
    CreateAdminRequest,
    SetAwayRequest,
    UpdateAdminRequest,
    admin_from_row,
    admin_with_app,
)


class AdminRemoved(msgspec.Struct, frozen=True):
    """Announced when an admin leaves for good, so that higher rooms unassign."""

    admin_id: int


class AdminNotFound(NotFound):
    """The workspace has no such admin."""

    code = "admin_not_found"
    message = "Admin not found"


class AwayAdminNotFound(AdminNotFound):
    """The same, in the words of the away operation."""

    message = "Admin for admin_id not found"


class NoInboxSeat(WireError):
    """The acting admin was given no seat in the inbox."""

    status = 403
    code = "action_forbidden"
    message = "This admin does not have Inbox access permissions"


class AdminExists(Conflict):
    """Two admins of a workspace cannot share an e-mail address."""

    message = "An admin with this email already exists"


class AdminIsNeeded(Conflict):
    """The last admin, or one whom tokens act as, cannot be removed."""

    message = "The admin is the last one, or access tokens act as them; revoke those tokens first"


async def is_admin(held: Connection, workspace_id: str, admin_id: int) -> bool:
    """Whether the workspace has this admin."""
    return await queries.admin_exists.one(held, workspace_id, admin_id)


async def create_first_admin(held: Connection, workspace_id: str) -> None:
    """A new workspace has somebody to act as."""
    await queries.insert_admin.one(
        held,
        workspace_id,
        "admin@callbox.example",
        "Workspace Admin",
        "Administrator",
        None,
        True,  # an inbox seat
        clock.machine_time(),
    )


async def get_me(caller: Caller) -> AdminWithApp:
    """The admin that the token acts as, and the workspace."""
    async with connection() as held:
        row = await queries.admin_by_id.first(held, caller.workspace_id, caller.admin_id)
        app = await queries.app_of_workspace.one(held, caller.workspace_id)
    if row is None:
        raise AdminNotFound
    return admin_with_app(caller, row, app)


async def list_admins(caller: Caller, *, with_avatar: bool = False) -> AdminList:
    """All admins, oldest first."""
    async with connection() as held:
        rows = await queries.all_admins.all(held, caller.workspace_id)
    return AdminList("admin.list", [admin_from_row(row, with_avatar=with_avatar) for row in rows])


async def get_admin(caller: Caller, admin_id: WireId) -> Admin:
    """One admin."""
    async with connection() as held:
        row = await queries.admin_by_id.first(held, caller.workspace_id, decimal_id(admin_id))
    if row is None:
        raise AdminNotFound
    return admin_from_row(row)


async def find_author(held: Connection, caller: Caller, admin_id: WireId | None) -> AdminRow | None:
    """The admin who writes something: the named one, or the one the token acts as."""
    wanted = caller.admin_id if admin_id is None else decimal_id(admin_id)
    return await queries.admin_by_id.first(held, caller.workspace_id, wanted)


async def require_inbox_seat(held: Connection, caller: Caller) -> None:
    """Raise NoInboxSeat where the acting admin was given none."""
    row = await queries.admin_by_id.first(held, caller.workspace_id, caller.admin_id)
    if row is None or not row.has_inbox_seat:
        raise NoInboxSeat


async def set_away(caller: Caller, admin_id: str, request: SetAwayRequest) -> Admin:
    """Turn away mode on or off. What is so already is no change, and nothing is told of it."""
    async with transaction() as held:
        row = await queries.admin_for_update.first(held, caller.workspace_id, decimal_id(admin_id))
        if row is None:
            raise AwayAdminNotFound
        await require_inbox_seat(held, caller)
        before = row.away_mode_enabled, row.away_mode_reassign
        row.away_mode_enabled, row.away_mode_reassign = request.away_mode_enabled, request.away_mode_reassign
        if before != (row.away_mode_enabled, row.away_mode_reassign):
            await _write(held, caller, row)
            await _record_away(held, caller, row)
    return admin_from_row(row)


async def _record_away(held: Connection, caller: Caller, row: AdminRow) -> None:
    state = "on" if row.away_mode_enabled else "off"
    metadata = {
        "away_mode": row.away_mode_enabled,
        "away_status_reason": None,
        "reassign_conversations": row.away_mode_reassign,
        "source": "api",
        "auto_changed": None,
        "update_by": caller.admin_id,
        "update_by_name": caller.admin_name,
    }
    description = f"{caller.admin_name} turned away mode {state} for {row.name}."
    await record_activity(held, caller, "admin_away_mode_change", description, metadata)
    await _record(held, caller, Topic.ADMIN_AWAY_MODE_UPDATED, row)


async def _write(held: Connection, caller: Caller, row: AdminRow) -> None:
    await queries.update_admin.run(
        held,
        caller.workspace_id,
        row.id,
        row.email,
        row.name,
        row.job_title,
        row.avatar_url,
        row.has_inbox_seat,
        row.away_mode_enabled,
        row.away_mode_reassign,
    )


async def _record(held: Connection, caller: Caller, topic: Topic, row: AdminRow) -> None:
    item = msgspec.json.encode(admin_from_row(row)).decode()
    await record(held, caller.workspace_id, Event(topic, str(row.id), item), caller.now())


async def create_admin(caller: Caller, request: CreateAdminRequest) -> Admin:
    """A further admin of the workspace. Raises AdminExists."""
    email = email_address(request.email)
    async with transaction() as held:
        try:
            async with savepoint(held):
                admin_id = await queries.insert_admin.one(
                    held,
                    caller.workspace_id,
                    email,
                    request.name,
                    request.job_title,
                    request.avatar,
                    request.has_inbox_seat,
                    caller.now(),
                )
        except UniqueViolationError:
            raise AdminExists from None
        row = await queries.admin_by_id.one(held, caller.workspace_id, admin_id)
        await record_activity(
            held,
            caller,
            "app_admin_join",
            f"{caller.admin_name} added {row.name} to the workspace.",
            {"admin": {"id": row.id, "name": row.name}},
        )
        await _record(held, caller, Topic.ADMIN_ADDED_TO_WORKSPACE, row)
    return admin_from_row(row)


async def update_admin(caller: Caller, admin_id: str, request: UpdateAdminRequest) -> Admin:
    """Change what is sent of an admin."""
    async with transaction() as held:
        row = await queries.admin_for_update.first(held, caller.workspace_id, decimal_id(admin_id))
        if row is None:
            raise AdminNotFound
        before = msgspec.structs.replace(row)
        _apply(row, request)
        try:
            async with savepoint(held):
                await _write(held, caller, row)
        except UniqueViolationError:
            raise AdminExists from None
        await _record_changes(held, caller, before, row)
    forget_callers(caller.workspace_id)
    return admin_from_row(row)


async def _record_changes(held: Connection, caller: Caller, before: AdminRow, after: AdminRow) -> None:
    admin = {"id": after.id, "name": after.name}
    if before.avatar_url != after.avatar_url:
        description = f"{caller.admin_name} changed the avatar of {after.name}."
        metadata = {"admin": admin, "before": before.avatar_url, "after": after.avatar_url}
        await record_activity(held, caller, "admin_avatar_change", description, metadata)
    if before.has_inbox_seat and not after.has_inbox_seat:
        description = f"{caller.admin_name} took the inbox seat of {after.name}."
        await record_activity(held, caller, "seat_revoke", description, {"admin": admin})
    elif after.has_inbox_seat and not before.has_inbox_seat:
        description = f"{caller.admin_name} gave an inbox seat to {after.name}."
        await record_activity(held, caller, "seat_change", description, {"admin": admin})


def _apply(row: AdminRow, request: UpdateAdminRequest) -> None:
    if request.email is not UNSET:
        row.email = email_address(request.email)
    if request.name is not UNSET:
        row.name = request.name
    if request.job_title is not UNSET:
        row.job_title = request.job_title
    if request.avatar is not UNSET:
        row.avatar_url = request.avatar
    if request.has_inbox_seat is not UNSET:
        row.has_inbox_seat = request.has_inbox_seat


async def remove_admin(caller: Caller, admin_id: str) -> AdminDeleted:
    """Remove an admin; what they wrote stays theirs. Raises AdminIsNeeded."""
    async with transaction() as held:
        row = await queries.admin_for_update.first(held, caller.workspace_id, decimal_id(admin_id))
        if row is None:
            raise AdminNotFound
        if await queries.has_valid_tokens.one(held, caller.workspace_id, row.id):
            raise AdminIsNeeded
        await queries.mark_removed.run(held, caller.workspace_id, row.id, caller.now())
        if not await queries.all_admins.all(held, caller.workspace_id):
            raise AdminIsNeeded
        # Before the teams, as whoever deletes a team does it: else the two could block each other.
        await announce(held, caller.workspace_id, AdminRemoved(row.id))
        await queries.leave_teams.run(held, caller.workspace_id, row.id)
        description = f"{caller.admin_name} removed {row.name} from the workspace."
        await record_activity(held, caller, "admin_deletion", description, {"admin": {"id": row.id, "name": row.name}})
        await _record(held, caller, Topic.ADMIN_REMOVED_FROM_WORKSPACE, row)
    return AdminDeleted("admin", str(row.id), deleted=True)
