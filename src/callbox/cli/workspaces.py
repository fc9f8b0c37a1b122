"""`callbox workspace`: the tenants of the installation."""

from typing import Annotated

import typer

from callbox.cli.common import DataOption, group, print_rows, request, run, run_in_workspace, say
from callbox.platform.database import transaction
from callbox.workspace.admins.service import create_first_admin
from callbox.workspace.workspaces import (
    CreateWorkspaceRequest,
    UpdateWorkspaceRequest,
    create_workspace,
    list_workspaces,
    update_workspace,
)

commands = group("Workspaces: the tenants of this installation.")


@commands.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    data: DataOption = None,
    timezone: Annotated[str, typer.Option(help="A time zone such as Europe/Dublin.")] = "UTC",
) -> None:
    """Create a further workspace with its defaults and a first admin; prints its id."""
    wanted = request(CreateWorkspaceRequest, name=name, timezone=timezone)

    async def work() -> str:
        async with transaction() as held:
            workspace_id = await create_workspace(held, wanted.name, wanted.timezone)
            await create_first_admin(held, workspace_id)
        return workspace_id

    print(run(data, work))


@commands.command("list")
def list_(data: DataOption = None) -> None:
    """List the workspaces, the oldest first."""
    rows = [
        (workspace.id, f"{workspace.created_at:%Y-%m-%d %H:%M}", workspace.timezone, workspace.name)
        for workspace in run(data, list_workspaces)
    ]
    print_rows(("id", "created", "time zone", "name"), rows)


@commands.command()
def update(
    workspace_id: Annotated[str, typer.Argument(help="Its id, as the list shows it.")],
    data: DataOption = None,
    name: Annotated[str | None, typer.Option(help="What it shall be called.")] = None,
    region: Annotated[str | None, typer.Option(help="US, EU or AU.")] = None,
    timezone: Annotated[str | None, typer.Option(help="A time zone such as Europe/Dublin.")] = None,
    identity_verification: Annotated[
        bool | None,
        typer.Option("--identity-verification/--no-identity-verification", help="Whether people prove who they are."),
    ] = None,
) -> None:
    """Change what is given of a workspace."""
    wanted = request(
        UpdateWorkspaceRequest,
        name=name,
        region=region,
        timezone=timezone,
        identity_verification=identity_verification,
    )
    found = run_in_workspace(data, workspace_id, lambda caller: update_workspace(caller, wanted))
    say(f"Workspace {found.id} is {found.name}, in {found.timezone}.")
