"""Access tokens: each stands for one app in one workspace and acts as one admin. Stored as SHA-256, shown once."""

import hashlib
from datetime import datetime
from typing import Any, Literal

import msgspec
from litestar.types import HTTPScope
from msgspec import UNSET, UnsetType

from callbox.platform import ids
from callbox.platform.clock import unix, unix_or_none
from callbox.platform.database import Command, Connection, GlobalQuery, Query, connection, transaction
from callbox.wire.authentication import Caller, forget_callers
from callbox.wire.decode import Name, WireId, decimal_id, decode
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.wire.idempotency import SecretNotKept, keep_no_secret
from callbox.wire.operations import caller_of, operation
from callbox.workspace.activity_logs import record_activity
from callbox.workspace.admins.service import is_admin

SCOPES = ("api", "manage")


class TokenOwner(msgspec.Struct):
    """What a request's token stands for."""

    workspace_id: str
    workspace_name: str
    timezone: str
    clock_offset_seconds: int
    token_id: int
    scopes: list[str]
    is_revoked: bool
    admin_id: int
    admin_email: str
    admin_name: str
    link_key: bytes


class AccessToken(msgspec.Struct):
    """A token without its secret."""

    id: int
    name: str
    scopes: list[str]
    admin_id: int
    created_at: datetime
    revoked_at: datetime | None


class TokenView(msgspec.Struct):
    """A token as the management API shows it; `access_token` only in the answer that creates it."""

    type: Literal["access_token"]
    id: str
    name: str
    scopes: list[str]
    admin_id: str
    created_at: int
    revoked_at: int | None
    access_token: str | UnsetType = UNSET


class TokenList(msgspec.Struct):
    """The workspace's tokens."""

    type: Literal["list"]
    data: list[TokenView]


class CreateTokenRequest(msgspec.Struct):
    """A new token. Without `admin_id` it acts as the admin of the token that asks for it."""

    name: Name
    scopes: list[str] = msgspec.field(default_factory=lambda: ["api"])
    admin_id: WireId | None = None


class TokenNotFound(NotFound):
    """The workspace has no token with this id."""

    message = "Access token not found"


token_owner = GlobalQuery(
    "token_owner",
    TokenOwner,
    """
    SELECT w.id, w.name, w.timezone, w.clock_offset_seconds,
           t.id, t.scopes, t.revoked_at IS NOT NULL, a.id, a.email, a.name, w.link_key
    FROM access_tokens t
    JOIN workspaces w ON w.id = t.workspace_id
    JOIN admins a ON a.workspace_id = t.workspace_id AND a.id = t.admin_id AND a.removed_at IS NULL
    WHERE t.sha256 = $1
    """,
)

insert_token = Query(
    "insert_token",
    AccessToken,
    """
    INSERT INTO access_tokens (workspace_id, admin_id, name, scopes, sha256, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING id, name, scopes, admin_id, created_at, revoked_at
    """,
)

tokens_of_workspace = Query(
    "tokens_of_workspace",
    AccessToken,
    """
    SELECT id, name, scopes, admin_id, created_at, revoked_at
    FROM access_tokens
    WHERE workspace_id = $1
    ORDER BY id
    """,
)

token_for_update = Query(
    "token_for_update",
    AccessToken,
    """
    SELECT id, name, scopes, admin_id, created_at, revoked_at
    FROM access_tokens
    WHERE workspace_id = $1 AND id = $2
    FOR NO KEY UPDATE
    """,
)

mark_revoked = Command(
    "mark_revoked",
    "UPDATE access_tokens SET revoked_at = $3 WHERE workspace_id = $1 AND id = $2",
)

workspace_of_token = GlobalQuery("workspace_of_token", str, "SELECT workspace_id FROM access_tokens WHERE id = $1")


async def look_up_token(sha256: bytes, ip: str) -> tuple[Caller, bool] | None:
    """The caller that a token stands for and whether it is revoked; for `wire.authentication`."""
    async with connection() as held:
        owner = await token_owner.first(held, sha256)
    if owner is None:
        return None
    caller = Caller(
        workspace_id=owner.workspace_id,
        workspace_name=owner.workspace_name,
        timezone=owner.timezone,
        clock_offset_seconds=owner.clock_offset_seconds,
        token_id=owner.token_id,
        scopes=frozenset(owner.scopes),
        admin_id=owner.admin_id,
        admin_email=owner.admin_email,
        admin_name=owner.admin_name,
        ip=ip,
        link_key=owner.link_key,
    )
    return caller, owner.is_revoked


async def create_token(
    held: Connection, caller: Caller, name: str, scopes: list[str], admin_id: WireId | None = None
) -> tuple[AccessToken, str]:
    """A new token for the caller's workspace, and its secret. It acts as the named admin, else as the caller's."""
    token, secret = await issue_token(held, caller, name, scopes, await _actor(held, caller, admin_id))
    description = f"{caller.admin_name} gave the app {name} access to the workspace."
    await record_activity(held, caller, "app_package_installation", description, _app(token))
    return token, secret


async def _actor(held: Connection, caller: Caller, admin_id: WireId | None) -> int:
    if admin_id is None:
        return caller.admin_id
    number = decimal_id(admin_id)
    if number is None or not await is_admin(held, caller.workspace_id, number):
        raise ParameterInvalid(f"admin_id: {admin_id} is not an admin of the workspace")
    return number


def _app(token: AccessToken) -> dict[str, Any]:
    """What the activity log says of an app that comes or goes."""
    return {"access_token": {"id": token.id, "name": token.name, "scopes": token.scopes}}


async def issue_token(
    held: Connection, caller: Caller, name: str, scopes: list[str], admin_id: int
) -> tuple[AccessToken, str]:
    """A new token and its secret, of which no log tells: a workspace begins with one."""
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise ParameterInvalid(f"scopes must be among {', '.join(SCOPES)}")
    secret = ids.access_token()
    sha256 = hashlib.sha256(secret.encode()).digest()
    token = await insert_token.one(held, caller.workspace_id, admin_id, name, scopes, sha256, caller.now())
    return token, secret


async def list_tokens(caller: Caller) -> list[AccessToken]:
    """The workspace's tokens, revoked ones too, without their secrets."""
    async with connection() as held:
        return await tokens_of_workspace.all(held, caller.workspace_id)


async def revoke_token(caller: Caller, token_id: int) -> None:
    """Withdraw a token; every process refuses it within seconds. Revoking twice is no error."""
    async with transaction() as held:
        token = await token_for_update.first(held, caller.workspace_id, token_id)
        if token is None:
            raise TokenNotFound
        if token.revoked_at is None:
            await mark_revoked.run(held, caller.workspace_id, token_id, caller.now())
            description = f"{caller.admin_name} withdrew the access of the app {token.name}."
            await record_activity(held, caller, "app_package_uninstallation", description, _app(token))
    forget_callers(caller.workspace_id)


def _view(token: AccessToken, secret: str | UnsetType = UNSET) -> TokenView:
    return TokenView(
        type="access_token",
        id=str(token.id),
        name=token.name,
        scopes=token.scopes,
        admin_id=str(token.admin_id),
        created_at=unix(token.created_at),
        revoked_at=unix_or_none(token.revoked_at),
        access_token=secret,
    )


async def workspace_id_of_token(token_id: int) -> str:
    """The workspace a token belongs to, for the operator's `callbox token revoke`."""
    async with connection() as held:
        workspace_id = await workspace_of_token.first(held, token_id)
    if workspace_id is None:
        raise TokenNotFound
    return workspace_id


@operation("GET", "/manage/v1/access_tokens", group="Access Tokens")
async def list_tokens_route(scope: HTTPScope) -> TokenList:
    """List the workspace's tokens, without their secrets."""
    return TokenList("list", [_view(token) for token in await list_tokens(caller_of(scope))])


@operation(
    "POST",
    "/manage/v1/access_tokens",
    group="Access Tokens",
    request=CreateTokenRequest,
    errors=[SecretNotKept],
    example={"name": "Data warehouse", "scopes": ["api"]},
)
async def create_token_route(body: bytes, scope: HTTPScope) -> TokenView:
    """Create a token; its secret is in this answer and nowhere else."""
    keep_no_secret(scope)
    request = decode(body, CreateTokenRequest)
    async with transaction() as held:
        made = await create_token(held, caller_of(scope), request.name, request.scopes, request.admin_id)
    return _view(*made)


@operation("DELETE", "/manage/v1/access_tokens/{token_id:str}", group="Access Tokens", errors=[TokenNotFound])
async def revoke_token_route(token_id: str, scope: HTTPScope) -> TokenList:
    """Revoke a token; answers those of the workspace."""
    caller = caller_of(scope)
    number = decimal_id(token_id)
    if number is None:
        raise TokenNotFound
    await revoke_token(caller, number)
    return TokenList("list", [_view(token) for token in await list_tokens(caller)])


MANAGE_ROUTES = [list_tokens_route, create_token_route, revoke_token_route]
