"""Workspaces: the tenants. Everything else belongs to exactly one of them."""

from datetime import UTC, datetime
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

import msgspec
from litestar.types import HTTPScope
from msgspec import UNSET, UnsetType

from callbox.platform import clock, ids
from callbox.platform.database import (
    Connection,
    GlobalCommand,
    GlobalQuery,
    Query,
    connection,
    transaction,
)
from callbox.platform.events import announce
from callbox.wire.authentication import Caller, forget_callers
from callbox.wire.decode import Name, UnixTime, decode, moment_or_none
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.wire.idempotency import SecretNotKept, keep_no_secret
from callbox.wire.operations import caller_of, operation
from callbox.workspace.access_tokens import issue_token
from callbox.workspace.activity_logs import ActivityType, record_activity
from callbox.workspace.admins.service import create_first_admin

Region = Literal["US", "EU", "AU"]

# The clock stays where ids, which begin with the time in eight hexadecimal digits, have room for it.
_EARLIEST_CLOCK, _LATEST_CLOCK = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Workspace(msgspec.Struct):
    """A workspace as it is stored."""

    id: str
    name: str
    region: str
    timezone: str
    secure: bool
    identity_verification: bool
    clock_offset_seconds: int
    created_at: datetime


class WorkspaceCreated(msgspec.Struct, frozen=True):
    """Announced in the creating transaction, so that the rooms put their defaults into it."""

    created_at: datetime


class CalendarChanged(msgspec.Struct, frozen=True):
    """Announced in the changing transaction: it is another day now, or days begin at other times."""

    at: datetime


class WorkspaceView(msgspec.Struct):
    """A workspace as the management API shows it."""

    type: Literal["workspace"]
    id: str
    name: str
    region: str
    timezone: str
    identity_verification: bool
    created_at: int


class NewWorkspace(msgspec.Struct):
    """A workspace just made, with its first access token: the only time that this is shown."""

    type: Literal["workspace"]
    id: str
    name: str
    access_token: str


class CreateWorkspaceRequest(msgspec.Struct):
    """A further workspace of this installation."""

    name: Name
    timezone: str = "UTC"


class UpdateWorkspaceRequest(msgspec.Struct):
    """What is to change of the workspace."""

    name: Name | UnsetType = UNSET
    region: Region | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    identity_verification: bool | UnsetType = UNSET


class Clock(msgspec.Struct):
    """What time it is in the workspace, in Unix seconds."""

    type: Literal["clock"]
    now: int


class SetClockRequest(msgspec.Struct):
    """The time that the workspace's clock shall show; null: the machine's time."""

    now: UnixTime | None


class WorkspaceNotFound(NotFound):
    """No workspace has this id."""

    message = "Workspace not found"


_COLUMNS = "id, name, region, timezone, secure, identity_verification, clock_offset_seconds, created_at"

insert_workspace = GlobalCommand(
    "insert_workspace",
    "INSERT INTO workspaces (id, name, timezone, created_at) VALUES ($1, $2, $3, $4)",
)

all_workspaces = GlobalQuery("all_workspaces", Workspace, f"SELECT {_COLUMNS} FROM workspaces ORDER BY created_at, id")

workspace_row = GlobalQuery("workspace_row", Workspace, f"SELECT {_COLUMNS} FROM workspaces WHERE id = $1")

workspace_for_update = GlobalQuery(
    "workspace_for_update",
    Workspace,
    f"SELECT {_COLUMNS} FROM workspaces WHERE id = $1 FOR NO KEY UPDATE",
)

store_workspace = GlobalCommand(
    "update_workspace",
    "UPDATE workspaces SET name = $2, region = $3, timezone = $4, identity_verification = $5 WHERE id = $1",
)

update_clock = GlobalCommand("update_clock", "UPDATE workspaces SET clock_offset_seconds = $2 WHERE id = $1")


class _Actor(msgspec.Struct):
    admin_id: int
    email: str
    name: str
    link_key: bytes


link_key_row = Query("workspace_link_key", bytes, "SELECT link_key FROM workspaces WHERE id = $1")

first_admin = Query(
    "first_admin",
    _Actor,
    """
    SELECT a.id, a.email, a.name, w.link_key
    FROM admins a
    JOIN workspaces w ON w.id = $1
    WHERE a.workspace_id = $1 AND a.removed_at IS NULL
    ORDER BY a.id
    LIMIT 1
    """,
)


async def create_workspace(
    held: Connection, name: str, timezone: str = "UTC", created_at: datetime | None = None
) -> str:
    """A workspace with its defaults, created now unless a time is given; answers its id. It has no admin yet."""
    _check_timezone(timezone)
    workspace_id, at = ids.workspace_code(), created_at or clock.machine_time()
    await insert_workspace.run(held, workspace_id, name, timezone, at)
    await announce(held, workspace_id, WorkspaceCreated(at))
    return workspace_id


def _check_timezone(name: str) -> None:
    if name not in _timezones():
        raise ParameterInvalid(f"timezone must be the name of a time zone, such as Europe/Dublin: {name}")


@cache
def _timezones() -> frozenset[str]:
    """They are read from several hundred files. Two of them name no place: one is whatever each machine is set to."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


async def open_workspace(name: str, timezone: str = "UTC", created_at: datetime | None = None) -> NewWorkspace:
    """A workspace with its defaults, a first admin, and a token that acts as this admin and may do everything."""
    async with transaction() as held:
        workspace_id = await create_workspace(held, name, timezone, created_at)
        await create_first_admin(held, workspace_id)
        caller = await operator_caller(workspace_id)
        _, token = await issue_token(held, caller, "First token", ["api", "manage"], caller.admin_id)
    return NewWorkspace("workspace", workspace_id, name, token)


async def workspace_by_id(workspace_id: str) -> Workspace:
    """The workspace, or WorkspaceNotFound."""
    async with connection() as held:
        workspace = await workspace_row.first(held, workspace_id)
    if workspace is None:
        raise WorkspaceNotFound
    return workspace


async def link_key_of(held: Connection, workspace_id: str) -> bytes | None:
    """What the workspace's links and addresses are signed with; None where there is no such workspace."""
    return await link_key_row.first(held, workspace_id)


async def list_workspaces() -> list[Workspace]:
    """All workspaces of this installation, oldest first; for its operator alone."""
    async with connection() as held:
        return await all_workspaces.all(held)


async def operator_caller(workspace_id: str | None) -> Caller:
    """Who a `callbox` command acts as: the first admin of the workspace; of the oldest one if none is named."""
    workspace = await workspace_by_id(workspace_id) if workspace_id else next(iter(await list_workspaces()), None)
    if workspace is None:
        raise WorkspaceNotFound("There is no workspace yet; callbox serve or callbox workspace create makes one")
    async with connection() as held:
        admin = await first_admin.one(held, workspace.id)
    return Caller(
        workspace_id=workspace.id,
        workspace_name=workspace.name,
        timezone=workspace.timezone,
        clock_offset_seconds=workspace.clock_offset_seconds,
        token_id=0,
        scopes=frozenset({"api", "manage"}),
        admin_id=admin.admin_id,
        admin_email=admin.email,
        admin_name=admin.name,
        link_key=admin.link_key,
    )


async def get_workspace(caller: Caller) -> WorkspaceView:
    """The caller's workspace."""
    return _view(await workspace_by_id(caller.workspace_id))


def _view(workspace: Workspace) -> WorkspaceView:
    return WorkspaceView(
        type="workspace",
        id=workspace.id,
        name=workspace.name,
        region=workspace.region,
        timezone=workspace.timezone,
        identity_verification=workspace.identity_verification,
        created_at=clock.unix(workspace.created_at),
    )


async def update_workspace(caller: Caller, request: UpdateWorkspaceRequest) -> WorkspaceView:
    """Change what is sent; other processes of the server follow within `authentication.CACHE_SECONDS`."""
    if request.timezone is not UNSET:
        _check_timezone(request.timezone)
    async with transaction() as held:
        before = await workspace_for_update.one(held, caller.workspace_id)
        sent = {name: value for name, value in msgspec.structs.asdict(request).items() if value is not UNSET}
        after = msgspec.structs.replace(before, **sent)
        await store_workspace.run(held, after.id, after.name, after.region, after.timezone, after.identity_verification)
        await _record_changes(held, caller, before, after)
        if before.timezone != after.timezone:
            await announce(held, after.id, CalendarChanged(caller.now()))
    forget_callers(caller.workspace_id)
    return _view(after)


async def _record_changes(held: Connection, caller: Caller, before: Workspace, after: Workspace) -> None:
    changes: list[tuple[ActivityType, str, str | bool, str | bool]] = [
        ("app_name_change", "app name", before.name, after.name),
        ("app_timezone_change", "app timezone", before.timezone, after.timezone),
        (
            "app_identity_verification_change",
            "identity verification",
            before.identity_verification,
            after.identity_verification,
        ),
    ]
    for activity_type, setting, old, new in changes:
        if old != new:
            description = f"{caller.admin_name} changed your {setting} from {_word(old)} to {_word(new)}."
            await record_activity(held, caller, activity_type, description, {"before": old, "after": new})


def _word(value: str | bool) -> str:
    return value if isinstance(value, str) else ("off", "on")[value]


async def set_clock(caller: Caller, moment: datetime | None) -> datetime:
    """Let the workspace's clock show this moment and go on from there; None: the machine's time again.

    Other processes of the server follow within `authentication.CACHE_SECONDS`.
    """
    if moment is not None and not _EARLIEST_CLOCK <= moment < _LATEST_CLOCK:
        raise ParameterInvalid("now must be a time from 1970 to 2099")
    offset = 0 if moment is None else clock.offset_to(moment)
    async with transaction() as held:
        await update_clock.run(held, caller.workspace_id, offset)
        await announce(held, caller.workspace_id, CalendarChanged(clock.time_at(offset)))
    forget_callers(caller.workspace_id)
    return clock.time_at(offset)


@operation(
    "POST",
    "/manage/v1/workspaces",
    group="Workspaces",
    request=CreateWorkspaceRequest,
    errors=[SecretNotKept],
    example={"name": "Example Ltd", "timezone": "Europe/Dublin"},
)
async def create_workspace_route(body: bytes, scope: HTTPScope) -> NewWorkspace:
    """Create a further workspace with its defaults and a first token."""
    keep_no_secret(scope)
    request = decode(body, CreateWorkspaceRequest)
    return await open_workspace(request.name, request.timezone)


@operation("GET", "/manage/v1/workspace", group="Workspaces")
async def get_workspace_route(scope: HTTPScope) -> WorkspaceView:
    """Read the token's workspace."""
    return await get_workspace(caller_of(scope))


@operation(
    "PUT",
    "/manage/v1/workspace",
    group="Workspaces",
    request=UpdateWorkspaceRequest,
    example={"name": "Example Ltd", "timezone": "Europe/Dublin", "region": "EU", "identity_verification": True},
)
async def update_workspace_route(body: bytes, scope: HTTPScope) -> WorkspaceView:
    """Change the token's workspace."""
    return await update_workspace(caller_of(scope), decode(body, UpdateWorkspaceRequest))


@operation("GET", "/manage/v1/clock", group="Clock")
async def get_clock_route(scope: HTTPScope) -> Clock:
    """Read the workspace's clock."""
    return Clock("clock", clock.unix(caller_of(scope).now()))


@operation("PUT", "/manage/v1/clock", group="Clock", request=SetClockRequest, example={"now": 1_767_225_600})
async def set_clock_route(body: bytes, scope: HTTPScope) -> Clock:
    """Set the workspace's clock, to test what time brings."""
    request = decode(body, SetClockRequest)
    now = await set_clock(caller_of(scope), moment_or_none(request.now, "now"))
    return Clock("clock", clock.unix(now))


MANAGE_ROUTES = [
    create_workspace_route,
    get_workspace_route,
    update_workspace_route,
    get_clock_route,
    set_clock_route,
]
