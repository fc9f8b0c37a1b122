"""`callbox admin`: who works in a workspace. The API can only read them."""

from typing import Annotated

import typer

from callbox.cli.common import DataOption, WorkspaceOption, group, print_rows, request, run_in_workspace, say
from callbox.workspace.admins import service
from callbox.workspace.admins.schemas import Admin, CreateAdminRequest, UpdateAdminRequest

commands = group("Admins: the people who work in a workspace.")

AdminArgument = Annotated[str, typer.Argument(help="Their id, as the list shows it.", metavar="ADMIN_ID")]
EmailOption = Annotated[str | None, typer.Option(help="Their e-mail address.")]
NameOption = Annotated[str | None, typer.Option(help="Their name.")]
JobOption = Annotated[str | None, typer.Option(help="Their job title.")]
AvatarOption = Annotated[str | None, typer.Option(help="The URL of a picture.")]
SeatOption = Annotated[
    bool | None, typer.Option("--inbox-seat/--no-inbox-seat", help="Whether they may work in the inbox.")
]


@commands.command()
def create(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str, typer.Argument(help="Their name.")],
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    job_title: JobOption = None,
    avatar: AvatarOption = None,
    inbox_seat: SeatOption = True,
) -> None:
    """Add an admin; prints their id."""
    wanted = request(
        CreateAdminRequest, email=email, name=name, job_title=job_title, avatar=avatar, has_inbox_seat=inbox_seat
    )
    print(run_in_workspace(data, workspace, lambda caller: service.create_admin(caller, wanted)).id)


@commands.command("list")
def list_(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """List the admins, the oldest first."""
    found = run_in_workspace(data, workspace, service.list_admins).admins
    rows = [(admin.id, admin.email, admin.name, admin.job_title, _seat(admin), _presence(admin)) for admin in found]
    print_rows(("id", "e-mail", "name", "job", "seat", "presence"), rows)


def _seat(admin: Admin) -> str:
    return "inbox seat" if admin.has_inbox_seat else "no seat"


def _presence(admin: Admin) -> str:
    if not admin.away_mode_enabled:
        return "active"
    return "away, reassigning" if admin.away_mode_reassign else "away"


@commands.command()
def update(
    admin_id: AdminArgument,
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    email: EmailOption = None,
    name: NameOption = None,
    job_title: JobOption = None,
    avatar: AvatarOption = None,
    inbox_seat: SeatOption = None,
) -> None:
    """Change what is given of an admin."""
    wanted = request(
        UpdateAdminRequest, email=email, name=name, job_title=job_title, avatar=avatar, has_inbox_seat=inbox_seat
    )
    admin = run_in_workspace(data, workspace, lambda caller: service.update_admin(caller, admin_id, wanted))
    say(f"Admin {admin.id} is {admin.name}, {admin.email}, {_seat(admin)}.")


@commands.command()
def remove(admin_id: AdminArgument, data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """Remove an admin; what they wrote stays theirs."""
    run_in_workspace(data, workspace, lambda caller: service.remove_admin(caller, admin_id))
    say(f"Admin {admin_id} is removed.")
