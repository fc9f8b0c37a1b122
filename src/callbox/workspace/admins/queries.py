"""SQL about admins."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, Query


class AdminRow(msgspec.Struct):
    """An admin with the teams they belong to, in the order of `_COLUMNS`."""

    id: int
    email: str
    name: str
    job_title: str | None
    avatar_url: str | None
    email_verified: bool
    has_inbox_seat: bool
    away_mode_enabled: bool
    away_mode_reassign: bool
    team_ids: list[int] = []
    primary_team_ids: list[int] = []
    secondary_team_ids: list[int] = []


class AppRow(msgspec.Struct):
    """The workspace as `GET /me` shows it."""

    name: str
    region: str
    timezone: str
    secure: bool
    identity_verification: bool
    created_at: datetime


def _teams(condition: str) -> str:
    return f"""
    ARRAY(
        SELECT m.team_id FROM team_members m
        WHERE m.workspace_id = $1 AND m.admin_id = a.id{condition}
        ORDER BY m.team_id
    )"""


_COLUMNS = f"""
    a.id, a.email, a.name, a.job_title, a.avatar_url, a.email_verified, a.has_inbox_seat,
    a.away_mode_enabled, a.away_mode_reassign,
    {_teams("")},
    {_teams(" AND m.priority = 'primary'")},
    {_teams(" AND m.priority = 'secondary'")}"""

admin_exists = Query(
    "admin_exists",
    bool,
    "SELECT EXISTS (SELECT 1 FROM admins WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL)",
)

admin_by_id = Query(
    "admin_by_id",
    AdminRow,
    f"SELECT {_COLUMNS} FROM admins a WHERE a.workspace_id = $1 AND a.id = $2 AND a.removed_at IS NULL",
)

admin_for_update = Query(
    "admin_for_update",
    AdminRow,
    f"""
    SELECT {_COLUMNS}
    FROM admins a
    WHERE a.workspace_id = $1 AND a.id = $2 AND a.removed_at IS NULL
    FOR NO KEY UPDATE OF a
    """,
)

all_admins = Query(
    "all_admins",
    AdminRow,
    f"SELECT {_COLUMNS} FROM admins a WHERE a.workspace_id = $1 AND a.removed_at IS NULL ORDER BY a.id",
)

app_of_workspace = Query(
    "app_of_workspace",
    AppRow,
    """
    SELECT name, region, timezone, secure, identity_verification, created_at
    FROM workspaces
    WHERE id = $1
    """,
)

insert_admin = Query(
    "insert_admin",
    int,
    """
    INSERT INTO admins (workspace_id, email, name, job_title, avatar_url, has_inbox_seat, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    RETURNING id
    """,
)

update_admin = Command(
    "update_admin",
    """
    UPDATE admins
    SET email = $3, name = $4, job_title = $5, avatar_url = $6, has_inbox_seat = $7,
        away_mode_enabled = $8, away_mode_reassign = $9
    WHERE workspace_id = $1 AND id = $2
    """,
)

mark_removed = Command(
    "mark_admin_removed",
    "UPDATE admins SET removed_at = $3 WHERE workspace_id = $1 AND id = $2",
)

leave_teams = Command("leave_teams", "DELETE FROM team_members WHERE workspace_id = $1 AND admin_id = $2")

has_valid_tokens = Query(
    "has_valid_tokens",
    bool,
    """
    SELECT EXISTS (
        SELECT 1 FROM access_tokens WHERE workspace_id = $1 AND admin_id = $2 AND revoked_at IS NULL
    )
    """,
)
