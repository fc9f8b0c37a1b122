"""`callbox visitor`: somebody on the website, as the messenger would make one. The API cannot."""

from typing import Annotated

import typer

from callbox.cli.common import DataOption, WorkspaceOption, group, request, run_in_workspace
from callbox.people.visitors import service
from callbox.people.visitors.schemas import CreateVisitorRequest

commands = group("Visitors: people on the website who have not said who they are.")


@commands.command()
def create(
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    name: Annotated[str | None, typer.Option(help="What they call themselves.")] = None,
    email: Annotated[str | None, typer.Option(help="Their e-mail address.")] = None,
    country: Annotated[str | None, typer.Option(help="The country they are in.")] = None,
    region: Annotated[str | None, typer.Option(help="The region they are in.")] = None,
    city: Annotated[str | None, typer.Option(help="The city they are in.")] = None,
    referrer: Annotated[str | None, typer.Option(help="The page that they came from.")] = None,
) -> None:
    """Print the user_id of a new visitor, and nothing else."""
    wanted = request(
        CreateVisitorRequest,
        name=name,
        email=email,
        country=country,
        region=region,
        city=city,
        referrer=referrer,
    )
    print(run_in_workspace(data, workspace, lambda caller: service.create_visitor(caller, wanted)).user_id)
