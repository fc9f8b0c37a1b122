"""`callbox team`: the teams of a workspace. The API can only read them."""

from typing import Annotated

import typer

from callbox.cli.common import DataOption, WorkspaceOption, group, print_rows, request, run_in_workspace, say
from callbox.workspace import teams
from callbox.workspace.teams import CreateTeamRequest, Team, UpdateTeamRequest

commands = group("Teams: groups of admins that conversations are assigned to.")

TeamArgument = Annotated[str, typer.Argument(help="Its id, as the list shows it.", metavar="TEAM_ID")]
MemberOption = Annotated[
    list[str] | None,
    typer.Option(
        "--member",
        help="An admin id; with :primary or :secondary behind it, when they are asked. May be repeated.",
        metavar="ADMIN_ID[:PRIORITY]",
    ),
]


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    member: MemberOption = None,
) -> None:
    """Create a team; prints its id."""
    wanted = request(CreateTeamRequest, name=name, members=_members(member))
    print(run_in_workspace(data, workspace, lambda caller: teams.create_team(caller, wanted)).id)


def _members(written: list[str] | None) -> list[dict[str, str | None]] | None:
    if not written:
        return None
    parts = [member.partition(":") for member in written]
    return [{"admin_id": admin_id, "priority": priority or None} for admin_id, _, priority in parts]


@commands.command("list")
def list_(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """List the teams with their members, the oldest first."""
    found = run_in_workspace(data, workspace, teams.list_teams).teams
    print_rows(("id", "name", "members"), [(team.id, team.name, _written(team)) for team in found])


def _written(team: Team) -> str:
    priorities = dict.fromkeys(team.admin_priority_level.primary_admin_ids, ":primary")
    priorities |= dict.fromkeys(team.admin_priority_level.secondary_admin_ids, ":secondary")
    return ",".join(f"{admin_id}{priorities.get(admin_id, '')}" for admin_id in team.admin_ids)


@commands.command()
def update(
    team_id: TeamArgument,
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    name: Annotated[str | None, typer.Option(help="What it shall be called.")] = None,
    member: MemberOption = None,
) -> None:
    """Rename a team; where members are given, they replace all others."""
    wanted = request(UpdateTeamRequest, name=name, members=_members(member))
    team = run_in_workspace(data, workspace, lambda caller: teams.update_team(caller, team_id, wanted))
    say(f"Team {team.id} is {team.name}; members: {_written(team) or 'none'}.")


@commands.command()
def delete(team_id: TeamArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Delete a team; its members stay admins."""
    run_in_workspace(data, workspace, lambda caller: teams.delete_team(caller, team_id))
    say(f"Team {team_id} is deleted.")
