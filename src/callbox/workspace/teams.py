"""Teams: groups of admins that conversations are assigned to."""

from typing import Annotated, Literal

import msgspec
from litestar.types import HTTPScope
from msgspec import UNSET, Meta, UnsetType

from callbox.platform.database import Command, Connection, Query, connection, transaction
from callbox.platform.events import announce
from callbox.wire.authentication import Caller
from callbox.wire.decode import Name, WireId, decimal_id, decode
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.wire.operations import caller_of, operation
from callbox.workspace.activity_logs import record_activity

GROUP = "Teams"


class TeamRow(msgspec.Struct):
    """A team with its members."""

    id: int
    name: str
    admin_ids: list[int]
    primary_admin_ids: list[int]
    secondary_admin_ids: list[int]


class AdminPriorityLevel(msgspec.Struct):
    """Who is asked first, and who second."""

    primary_admin_ids: list[int]
    secondary_admin_ids: list[int]


class Team(msgspec.Struct):
    """A team."""

    type: Literal["team"]
    id: str
    name: str
    admin_ids: list[int]
    admin_priority_level: AdminPriorityLevel


class TeamList(msgspec.Struct):
    """All teams of the workspace."""

    type: Literal["team.list"]
    teams: list[Team]


class TeamMember(msgspec.Struct):
    """A member of a team, and when they are asked."""

    admin_id: WireId
    priority: Literal["primary", "secondary"] | None = None


Members = Annotated[list[TeamMember], Meta(max_length=1000)]


class CreateTeamRequest(msgspec.Struct):
    """A new team."""

    name: Name
    members: Members = []


class UpdateTeamRequest(msgspec.Struct):
    """What is to change of a team; members are replaced as a whole."""

    name: Name | UnsetType = UNSET
    members: Members | UnsetType = UNSET


class TeamDeleted(msgspec.Struct):
    """The answer to deleting a team."""

    type: Literal["team"]
    id: str
    deleted: Literal[True]


class TeamRemoved(msgspec.Struct, frozen=True):
    """Announced when a team is deleted, so that higher rooms unassign."""

    team_id: int


class TeamNotFound(NotFound):
    """The workspace has no such team."""

    code = "team_not_found"
    message = "Team not found"


def _members(condition: str) -> str:
    return f"""
    ARRAY(
        SELECT m.admin_id FROM team_members m
        WHERE m.workspace_id = $1 AND m.team_id = t.id{condition}
        ORDER BY m.admin_id
    )"""


_COLUMNS = f"""
    t.id, t.name,
    {_members("")},
    {_members(" AND m.priority = 'primary'")},
    {_members(" AND m.priority = 'secondary'")}"""

all_teams = Query("all_teams", TeamRow, f"SELECT {_COLUMNS} FROM teams t WHERE t.workspace_id = $1 ORDER BY t.id")

team_by_id = Query("team_by_id", TeamRow, f"SELECT {_COLUMNS} FROM teams t WHERE t.workspace_id = $1 AND t.id = $2")

lock_team = Query("lock_team", int, "SELECT id FROM teams WHERE workspace_id = $1 AND id = $2 FOR UPDATE")

insert_team = Query(
    "insert_team",
    int,
    "INSERT INTO teams (workspace_id, name, created_at) VALUES ($1, $2, $3) RETURNING id",
)

rename_team = Command("rename_team", "UPDATE teams SET name = $3 WHERE workspace_id = $1 AND id = $2")

delete_team_row = Command("delete_team", "DELETE FROM teams WHERE workspace_id = $1 AND id = $2")

clear_members = Command("clear_team_members", "DELETE FROM team_members WHERE workspace_id = $1 AND team_id = $2")

# Answers those who are admins of the workspace.
insert_members = Query(
    "insert_team_members",
    int,
    """
    INSERT INTO team_members (workspace_id, team_id, admin_id, priority)
    SELECT $1, $2, a.id, m.priority
    FROM unnest($3::bigint[], $4::text[]) AS m (admin_id, priority)
    JOIN admins a ON a.workspace_id = $1 AND a.id = m.admin_id AND a.removed_at IS NULL
    RETURNING admin_id
    """,
)

team_exists = Query("team_exists", bool, "SELECT EXISTS (SELECT 1 FROM teams WHERE workspace_id = $1 AND id = $2)")


def _team(row: TeamRow) -> Team:
    level = AdminPriorityLevel(row.primary_admin_ids, row.secondary_admin_ids)
    return Team("team", str(row.id), row.name, row.admin_ids, level)


async def list_teams(caller: Caller) -> TeamList:
    """All teams, oldest first."""
    async with connection() as held:
        return TeamList("team.list", [_team(row) for row in await all_teams.all(held, caller.workspace_id)])


async def get_team(caller: Caller, team_id: WireId) -> Team:
    """One team, or TeamNotFound."""
    async with connection() as held:
        row = await team_by_id.first(held, caller.workspace_id, decimal_id(team_id))
    if row is None:
        raise TeamNotFound
    return _team(row)


async def is_team(held: Connection, workspace_id: str, team_id: int) -> bool:
    """Whether the workspace has this team."""
    return await team_exists.one(held, workspace_id, team_id)


async def create_team(caller: Caller, request: CreateTeamRequest) -> Team:
    """A new team with its members."""
    async with transaction() as held:
        team_id = await insert_team.one(held, caller.workspace_id, request.name, caller.now())
        await _set_members(held, caller, team_id, request.members)
        description = f"{caller.admin_name} created the team {request.name}."
        await record_activity(
            held, caller, "app_team_creation", description, {"team": {"id": team_id, "name": request.name}}
        )
        return _team(await team_by_id.one(held, caller.workspace_id, team_id))


async def update_team(caller: Caller, team_id: str, request: UpdateTeamRequest) -> Team:
    """Rename a team or replace its members."""
    async with transaction() as held:
        number = await _locked(held, caller, team_id)
        if request.name is not UNSET:
            await rename_team.run(held, caller.workspace_id, number, request.name)
        before = await team_by_id.one(held, caller.workspace_id, number)
        if request.members is not UNSET:
            await clear_members.run(held, caller.workspace_id, number)
            await _set_members(held, caller, number, request.members)
        after = await team_by_id.one(held, caller.workspace_id, number)
        if before.admin_ids != after.admin_ids:
            description = f"{caller.admin_name} changed the members of the team {after.name}."
            metadata = {"before": before.admin_ids, "after": after.admin_ids}
            await record_activity(held, caller, "app_team_membership_modification", description, metadata)
        return _team(after)


async def delete_team(caller: Caller, team_id: str) -> TeamDeleted:
    """Delete a team; its members stay admins."""
    async with transaction() as held:
        number = await _locked(held, caller, team_id)
        row = await team_by_id.one(held, caller.workspace_id, number)
        # First: whoever gives something to the team holds that before they ask how the team shares out.
        await announce(held, caller.workspace_id, TeamRemoved(number))
        await delete_team_row.run(held, caller.workspace_id, number)
        description = f"{caller.admin_name} deleted the team {row.name}."
        await record_activity(
            held, caller, "app_team_deletion", description, {"team": {"id": number, "name": row.name}}
        )
    return TeamDeleted("team", str(number), deleted=True)


async def _locked(held: Connection, caller: Caller, team_id: str) -> int:
    number = await lock_team.first(held, caller.workspace_id, decimal_id(team_id))
    if number is None:
        raise TeamNotFound
    return number


async def _set_members(held: Connection, caller: Caller, team_id: int, members: list[TeamMember]) -> None:
    """Whoever is named twice is in it as they were named last."""
    wanted = {decimal_id(member.admin_id): member for member in members}
    priorities = [member.priority for member in wanted.values()]
    inserted = set(await insert_members.all(held, caller.workspace_id, team_id, list(wanted), priorities))
    unknown = next((member for number, member in wanted.items() if number not in inserted), None)
    if unknown is not None:
        raise ParameterInvalid(f"members: {unknown.admin_id} is not an admin of the workspace")


@operation("GET", "/teams", group=GROUP)
async def list_teams_route(scope: HTTPScope) -> TeamList:
    """List the workspace's teams."""
    return await list_teams(caller_of(scope))


@operation("GET", "/teams/{team_id:str}", group=GROUP, errors=[TeamNotFound])
async def get_team_route(team_id: str, scope: HTTPScope) -> Team:
    """Read a team."""
    return await get_team(caller_of(scope), team_id)


@operation(
    "POST",
    "/manage/v1/teams",
    group=GROUP,
    request=CreateTeamRequest,
    example={"name": "Billing", "members": [{"admin_id": "7", "priority": "primary"}]},
)
async def create_team_route(body: bytes, scope: HTTPScope) -> Team:
    """Create a team."""
    return await create_team(caller_of(scope), decode(body, CreateTeamRequest))


@operation(
    "PUT",
    "/manage/v1/teams/{team_id:str}",
    group=GROUP,
    request=UpdateTeamRequest,
    errors=[TeamNotFound],
    example={"name": "Billing and refunds"},
)
async def update_team_route(team_id: str, body: bytes, scope: HTTPScope) -> Team:
    """Rename a team or replace its members."""
    return await update_team(caller_of(scope), team_id, decode(body, UpdateTeamRequest))


@operation("DELETE", "/manage/v1/teams/{team_id:str}", group=GROUP, errors=[TeamNotFound])
async def delete_team_route(team_id: str, scope: HTTPScope) -> TeamDeleted:
    """Delete a team."""
    return await delete_team(caller_of(scope), team_id)


ROUTES = [list_teams_route, get_team_route]
MANAGE_ROUTES = [create_team_route, update_team_route, delete_team_route]
