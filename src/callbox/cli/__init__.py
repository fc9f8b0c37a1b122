"""The `callbox` command."""

import signal
import sys
from importlib.metadata import version as installed_version
from types import FrameType
from typing import Annotated

import typer

from callbox.cli import (
    admins,
    database,
    demo,
    docs,
    doctor,
    email,
    export,
    failures,
    segments,
    serve,
    subscription_types,
    teams,
    tokens,
    visitors,
    webhooks,
    workspaces,
)
from callbox.cli.common import complain
from callbox.installation import InstallationError
from callbox.platform.database import DatabaseUnavailable
from callbox.platform.database.embedded import EmbeddedPostgresError
from callbox.platform.database.migrate import MigrationError
from callbox.platform.files import FilesUnavailable
from callbox.platform.processes import ChildKeepsDying
from callbox.platform.telemetry import configure_logging
from callbox.reactions import register_reactions
from callbox.serving import CannotListen
from callbox.settings import SettingsError
from callbox.wire.errors import WireError

OPERATORS_FAULTS = (
    SettingsError,
    InstallationError,
    EmbeddedPostgresError,
    MigrationError,
    DatabaseUnavailable,
    FilesUnavailable,
    CannotListen,
    ChildKeepsDying,
    WireError,
)

cli = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
cli.command()(serve.serve)
cli.command()(serve.worker)
cli.command()(demo.demo)
cli.command()(docs.docs)
cli.command()(doctor.doctor)
cli.command()(export.export)
cli.add_typer(workspaces.commands, name="workspace")
cli.add_typer(tokens.commands, name="token")
cli.add_typer(admins.commands, name="admin")
cli.add_typer(teams.commands, name="team")
cli.add_typer(segments.commands, name="segment")
cli.add_typer(subscription_types.commands, name="subscription-type")
cli.add_typer(visitors.commands, name="visitor")
cli.add_typer(webhooks.commands, name="webhook")
cli.add_typer(email.commands, name="email")
cli.add_typer(database.commands, name="database")
cli.add_typer(failures.commands, name="failure")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(installed_version("callbox"))
        raise typer.Exit


@cli.callback()
def _callbox(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """A self-hosted server for talking with customers.

    Settings come from the environment: CALLBOX_DATA, CALLBOX_DATABASE_URL and others.
    """


def _end(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends a command in order: what it started is stopped."""
    raise SystemExit(0)


def main() -> None:
    """Entry point; faults that an operator can mend end in one sentence instead of a traceback."""
    configure_logging()
    register_reactions()
    signal.signal(signal.SIGTERM, _end)
    try:
        cli(prog_name="callbox")
    except OPERATORS_FAULTS as error:
        complain(str(error))
        sys.exit(1)
