"""Admins over HTTP, in the order of the reference; below them what only the management API does."""

from litestar.types import HTTPScope

from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation
from callbox.workspace.admins import service
from callbox.workspace.admins.schemas import (
    Admin,
    AdminDeleted,
    AdminList,
    AdminWithApp,
    CreateAdminRequest,
    ListAdminsQuery,
    SetAwayRequest,
    UpdateAdminRequest,
)

GROUP = "Admins"


@operation("GET", "/me", group=GROUP)
async def get_me(scope: HTTPScope) -> AdminWithApp:
    """Read the admin that the token acts as, and the workspace."""
    return await service.get_me(caller_of(scope))


@operation(
    "PUT",
    "/admins/{admin_id:str}/away",
    group=GROUP,
    request=SetAwayRequest,
    errors=[service.AwayAdminNotFound, service.NoInboxSeat],
    example={"away_mode_enabled": True, "away_mode_reassign": False},
)
async def set_away(admin_id: str, body: bytes, scope: HTTPScope) -> Admin:
    """Turn an admin's away mode on or off."""
    return await service.set_away(caller_of(scope), admin_id, decode(body, SetAwayRequest))


@operation("GET", "/admins", group=GROUP, query=ListAdminsQuery)
async def list_admins(scope: HTTPScope) -> AdminList:
    """List the workspace's admins."""
    query = decode_query(scope["query_string"], ListAdminsQuery)
    return await service.list_admins(caller_of(scope), with_avatar=query.display_avatar)


@operation("GET", "/admins/{admin_id:str}", group=GROUP, errors=[service.AdminNotFound])
async def get_admin(admin_id: str, scope: HTTPScope) -> Admin:
    """Read an admin."""
    return await service.get_admin(caller_of(scope), admin_id)


@operation(
    "POST",
    "/manage/v1/admins",
    group=GROUP,
    request=CreateAdminRequest,
    errors=[service.AdminExists],
    example={"email": "ada@example.com", "name": "Ada Example", "has_inbox_seat": True},
)
async def create_admin(body: bytes, scope: HTTPScope) -> Admin:
    """Add an admin to the workspace."""
    return await service.create_admin(caller_of(scope), decode(body, CreateAdminRequest))


@operation(
    "PUT",
    "/manage/v1/admins/{admin_id:str}",
    group=GROUP,
    request=UpdateAdminRequest,
    errors=[service.AdminNotFound, service.AdminExists],
    example={"job_title": "Support lead", "has_inbox_seat": False},
)
async def update_admin(admin_id: str, body: bytes, scope: HTTPScope) -> Admin:
    """Change an admin."""
    return await service.update_admin(caller_of(scope), admin_id, decode(body, UpdateAdminRequest))


@operation(
    "DELETE",
    "/manage/v1/admins/{admin_id:str}",
    group=GROUP,
    errors=[service.AdminNotFound, service.AdminIsNeeded],
)
async def remove_admin(admin_id: str, scope: HTTPScope) -> AdminDeleted:
    """Remove an admin from the workspace."""
    return await service.remove_admin(caller_of(scope), admin_id)


ROUTES = [get_me, set_away, list_admins, get_admin]
MANAGE_ROUTES = [create_admin, update_admin, remove_admin]
