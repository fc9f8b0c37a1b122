"""`callbox token`: the access tokens of a workspace."""

from typing import Annotated

import typer

from callbox.cli.common import DataOption, WorkspaceOption, group, print_rows, request, run, run_in_workspace, say
from callbox.platform.database import transaction
from callbox.wire.authentication import Caller
from callbox.workspace import access_tokens
from callbox.workspace.access_tokens import AccessToken, CreateTokenRequest
from callbox.workspace.workspaces import operator_caller

commands = group("Access tokens of a workspace.")


@commands.command()
def create(
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "Command line",
    scope: Annotated[list[str] | None, typer.Option(help="api or manage; may be repeated. [default: api]")] = None,
    admin: Annotated[str | None, typer.Option(help="The id of the admin it acts as; the first by default.")] = None,
) -> None:
    """Print a new access token, and nothing else."""
    wanted = request(CreateTokenRequest, name=name, scopes=scope, admin_id=admin)

    async def work(caller: Caller) -> str:
        async with transaction() as held:
            made = await access_tokens.create_token(held, caller, wanted.name, wanted.scopes, wanted.admin_id)
        return made[1]

    print(run_in_workspace(data, workspace, work))


@commands.command("list")
def list_(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """List a workspace's tokens, without their secrets."""
    rows = [
        (
            token.id,
            _state(token),
            ",".join(token.scopes),
            token.admin_id,
            f"{token.created_at:%Y-%m-%d %H:%M}",
            token.name,
        )
        for token in run_in_workspace(data, workspace, access_tokens.list_tokens)
    ]
    print_rows(("id", "state", "scopes", "acts as", "created", "name"), rows)


def _state(token: AccessToken) -> str:
    return f"revoked {token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else "valid"


@commands.command()
def revoke(
    token_id: Annotated[int, typer.Argument(min=1, max=2**63 - 1, help="Its id, as the list shows it.")],
    data: DataOption = None,
) -> None:
    """Withdraw a token; a running server refuses it within seconds."""

    async def work() -> None:
        caller = await operator_caller(await access_tokens.workspace_id_of_token(token_id))
        await access_tokens.revoke_token(caller, token_id)

    run(data, work)
    say(f"Token {token_id} is revoked.")
