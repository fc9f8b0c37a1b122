"""`callbox email`: how a workspace's mail is sent."""

from typing import Annotated

import typer

from callbox.channels.email import senders
from callbox.cli.common import DataOption, WorkspaceOption, group, run_in_workspace, say

commands = group("How a workspace's mail is sent.")


@commands.command()
def dkim(
    domain: Annotated[str, typer.Argument(help="The domain that mail is sent from, such as example.com.")],
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    selector: Annotated[str, typer.Option(help="The name of the key in DNS.")] = "callbox",
) -> None:
    """Make a key that signs the workspace's mail from now on; prints the DNS record that publishes it."""
    print(
        run_in_workspace(
            data, workspace, lambda caller: senders.make_dkim_key(caller, domain.lower(), selector.lower())
        )
    )
    say("Publish this record; until receivers find it, they distrust the signature.")
