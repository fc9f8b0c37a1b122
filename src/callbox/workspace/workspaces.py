"""Workspaces: the tenants. Everything else belongs to exactly one of them."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from litestar.types import HTTPScope
from msgspec import Meta

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
from callbox.wire.decode import UnixTime, decode, moment_or_none
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.wire.operations import caller_of, operation
from callbox.workspace.access_tokens import create_token
from callbox.workspace.admins.service import create_first_admin


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


class NewWorkspace(msgspec.Struct):
    """A workspace just made, with its first access token: the only time that this is shown."""

    type: Literal["workspace"]
    id: str
    name: str
    access_token: str


class CreateWorkspaceRequest(msgspec.Struct):
    """A further workspace of this installation."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    timezone: str = "UTC"


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

update_clock = GlobalCommand("update_clock", "UPDATE workspaces SET clock_offset_seconds = $2 WHERE id = $1")


class _Actor(msgspec.Struct):
    admin_id: int
    email: str
    name: str


first_admin = Query(
    "first_admin",
    _Actor,
    """
    SELECT id, email, name
    FROM admins
    WHERE workspace_id = $1
    ORDER BY id
    LIMIT 1
    """,
)


async def create_workspace(held: Connection, name: str, timezone: str = "UTC") -> str:
    """A workspace with its defaults; answers its id. It has no admin yet."""
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ParameterInvalid(f"timezone must be the name of a time zone, such as Europe/Dublin: {timezone}") from None
    workspace_id, now = ids.workspace_code(), clock.machine_time()
    await insert_workspace.run(held, workspace_id, name, timezone, now)
    await announce(held, workspace_id, WorkspaceCreated(now))
    return workspace_id


async def open_workspace(name: str, timezone: str = "UTC") -> NewWorkspace:
    """A workspace with its defaults, a first admin, and a token that acts as this admin and may do everything."""
    async with transaction() as held:
        workspace_id = await create_workspace(held, name, timezone)
        await create_first_admin(held, workspace_id)
        caller = await operator_caller(workspace_id)
        _, token = await create_token(held, caller, "First token", ["api", "manage"])
    return NewWorkspace("workspace", workspace_id, name, token)


async def workspace_by_id(workspace_id: str) -> Workspace:
    """The workspace, or WorkspaceNotFound."""
    async with connection() as held:
        workspace = await workspace_row.first(held, workspace_id)
    if workspace is None:
        raise WorkspaceNotFound
    return workspace


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
    )


async def set_clock(caller: Caller, moment: datetime | None) -> datetime:
    """Let the workspace's clock show this moment and go on from there; None: the machine's time again.

    Other processes of the server follow within `authentication.CACHE_SECONDS`.
    """
    offset = 0 if moment is None else clock.offset_to(moment)
    async with transaction() as held:
        await update_clock.run(held, caller.workspace_id, offset)
    forget_callers(caller.workspace_id)
    return clock.time_at(offset)


@operation(
    "POST",
    "/manage/v1/workspaces",
    group="Workspaces",
    request=CreateWorkspaceRequest,
    example={"name": "Example Ltd", "timezone": "Europe/Dublin"},
)
async def create_workspace_route(body: bytes, scope: HTTPScope) -> NewWorkspace:
    """Create a further workspace with its defaults and a first token."""
    request = decode(body, CreateWorkspaceRequest)
    return await open_workspace(request.name, request.timezone)


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


MANAGE_ROUTES = [create_workspace_route, get_clock_route, set_clock_route]
