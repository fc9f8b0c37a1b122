"""Admins as they are on the wire. The reference shows them with different keys in different places."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.platform.clock import unix
from callbox.wire.authentication import Caller
from callbox.wire.decode import Name
from callbox.workspace.admins.queries import AdminRow, AppRow

Address = Annotated[str, Meta(min_length=1, max_length=2000)]


class TeamPriorityLevel(msgspec.Struct):
    """The teams in which the admin comes first, and second."""

    primary_team_ids: list[int]
    secondary_team_ids: list[int]


class AdminAvatar(msgspec.Struct):
    """A picture; only `GET /me` shows it with its type, and also where there is none."""

    image_url: str | None
    type: Literal["avatar"] | UnsetType = UNSET


class App(msgspec.Struct):
    """The workspace."""

    type: Literal["app"]
    id_code: str
    name: str
    created_at: int
    secure: bool
    identity_verification: bool
    timezone: str
    region: str


class AdminAuthor(msgspec.Struct):
    """A teammate as what they wrote shows them."""

    type: Literal["admin"]
    id: str
    name: str
    email: str
    job_title: str
    away_mode_enabled: bool
    away_mode_reassign: bool
    has_inbox_seat: bool
    team_ids: list[int]


class Admin(AdminAuthor):
    """A teammate."""

    team_priority_level: TeamPriorityLevel
    avatar: AdminAvatar | UnsetType | None = UNSET


class AdminWithApp(msgspec.Struct):
    """The admin that a token acts as, with the workspace."""

    type: Literal["admin"]
    id: str
    email: str
    name: str
    email_verified: bool | None
    app: App
    avatar: AdminAvatar
    has_inbox_seat: bool
    job_title: str
    away_mode_enabled: bool
    away_mode_reassign: bool
    team_ids: list[int]


class AdminList(msgspec.Struct):
    """All admins of the workspace."""

    type: Literal["admin.list"]
    admins: list[Admin]


class ListAdminsQuery(msgspec.Struct):
    """Whether to show avatars."""

    display_avatar: bool = False


class SetAwayRequest(msgspec.Struct):
    """Away mode, and whether conversations that wait for the admin go to others."""

    away_mode_enabled: bool
    away_mode_reassign: bool


class CreateAdminRequest(msgspec.Struct):
    """A new admin."""

    email: Name
    name: Name
    job_title: Name | None = None
    avatar: Address | None = None
    has_inbox_seat: bool = True


class UpdateAdminRequest(msgspec.Struct):
    """What is to change of an admin."""

    email: Name | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    job_title: Name | UnsetType | None = UNSET
    avatar: Address | UnsetType | None = UNSET
    has_inbox_seat: bool | UnsetType = UNSET


class AdminDeleted(msgspec.Struct):
    """The answer to removing an admin."""

    type: Literal["admin"]
    id: str
    deleted: Literal[True]


def admin_from_row(row: AdminRow, *, with_avatar: bool = False) -> Admin:
    """The admin as lists and GET show it. A job title that was never given reads "": the schema allows no null."""
    avatar = None if row.avatar_url is None else AdminAvatar(row.avatar_url)
    return Admin(
        type="admin",
        id=str(row.id),
        name=row.name,
        email=row.email,
        job_title=row.job_title or "",
        away_mode_enabled=row.away_mode_enabled,
        away_mode_reassign=row.away_mode_reassign,
        has_inbox_seat=row.has_inbox_seat,
        team_ids=row.team_ids,
        team_priority_level=TeamPriorityLevel(row.primary_team_ids, row.secondary_team_ids),
        avatar=avatar if with_avatar else UNSET,
    )


def admin_with_app(caller: Caller, row: AdminRow, app: AppRow) -> AdminWithApp:
    """The admin as `GET /me` shows it."""
    return AdminWithApp(
        type="admin",
        id=str(row.id),
        email=row.email,
        name=row.name,
        email_verified=row.email_verified,
        app=App(
            type="app",
            id_code=caller.workspace_id,
            name=app.name,
            created_at=unix(app.created_at),
            secure=app.secure,
            identity_verification=app.identity_verification,
            timezone=app.timezone,
            region=app.region,
        ),
        avatar=AdminAvatar(row.avatar_url, "avatar"),
        has_inbox_seat=row.has_inbox_seat,
        job_title=row.job_title or "",
        away_mode_enabled=row.away_mode_enabled,
        away_mode_reassign=row.away_mode_reassign,
        team_ids=row.team_ids,
    )
