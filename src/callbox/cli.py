"""The `callbox` command."""

import asyncio
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console

from callbox import installation
from callbox.installation import Database, command_database
from callbox.platform.database import close_pool, open_pool, transaction
from callbox.platform.database.embedded import EmbeddedPostgresError
from callbox.platform.database.migrate import MigrationError, migrate
from callbox.platform.processes import ChildKeepsDying, stop_signal
from callbox.platform.telemetry import configure_logging
from callbox.reactions import register_reactions
from callbox.serving import CannotListen, Server, listen
from callbox.settings import Settings, SettingsError, read_settings
from callbox.wire.errors import WireError
from callbox.workspace import access_tokens
from callbox.workspace.workspaces import NewWorkspace, open_workspace, operator_caller

T = TypeVar("T")

cli = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
workspace_commands = typer.Typer(no_args_is_help=True, help="Workspaces: the tenants of this installation.")
token_commands = typer.Typer(no_args_is_help=True, help="Access tokens of a workspace.")
database_commands = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL.")
cli.add_typer(workspace_commands, name="workspace")
cli.add_typer(token_commands, name="token")
cli.add_typer(database_commands, name="database")

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory; CALLBOX_DATA or ./data by default.", show_default=False),
]
WorkspaceOption = Annotated[
    str | None, typer.Option("--workspace", help="Workspace id; the oldest by default.", show_default=False)
]

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  # compared with, not bound to

_progress = Console(stderr=True, highlight=False)


def _say(message: str) -> None:
    _progress.print(message, style="dim")


def _settings(data: Path | None) -> Settings:
    settings = read_settings()
    return settings if data is None else msgspec.structs.replace(settings, data=data)


def _run(data: Path | None, work: Awaitable[T]) -> T:
    """Run one command's work beside the installation's database."""

    async def with_database() -> T:
        async with command_database(_settings(data), _say):
            return await work

    return asyncio.run(with_database())


@cli.command()
def serve(
    data: DataOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=64, help="HTTP processes.")] = 1,
    demo: Annotated[bool, typer.Option("--demo", help="Fill a new workspace with lifelike data.")] = False,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Run no job worker in this server.")] = False,
) -> None:
    """Run the server and its job worker; the first start creates a workspace and prints a token."""
    settings = _settings(data)
    listening = listen(host, port)
    database = Database(settings, _say)

    async def run() -> None:
        stop = stop_signal()
        async with database.serving():
            created = await _prepare(database, demo=demo)
            server = Server(settings, database.url, listening, workers, run_jobs=not no_worker)
            await server.run(stop, lambda: _welcome(host, port, created), database.keep_running)

    asyncio.run(run())


async def _prepare(database: Database, *, demo: bool) -> NewWorkspace | None:
    await migrate(database.url, _say)
    await open_pool(database.url, installation.COMMAND_POOL_SIZE)
    try:
        return await installation.first_workspace()
    finally:
        await close_pool()


def _welcome(host: str, port: int, created: NewWorkspace | None) -> None:
    """What a person needs now, on standard output."""
    url = f"http://{'127.0.0.1' if host in _EVERY_ADDRESS else host}:{port}"
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold]Callbox is ready[/bold] at {url}   (API description: {url}/docs)")
    if created is None:
        console.print("Access tokens were shown when they were made; for another one: callbox token create\n")
        return
    console.print(f"Workspace:    {created.id}")
    console.print(f"Access token: {created.access_token}   (shown this once)\n")
    console.print(f"  curl -H 'Authorization: Bearer {created.access_token}' {url}/me\n")


@workspace_commands.command("create")
def create_workspace(name: str, data: DataOption = None, timezone: Annotated[str, typer.Option()] = "UTC") -> None:
    """Create a further workspace with its defaults; prints its id."""
    print(_run(data, open_workspace(name, timezone)).id)


@token_commands.command("create")
def create_token(
    data: DataOption = None,
    workspace: WorkspaceOption = None,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "Command line",
    scope: Annotated[list[str] | None, typer.Option(help="api, manage; may be repeated.")] = None,
) -> None:
    """Print a new access token, and nothing else."""

    async def work() -> str:
        caller = await operator_caller(workspace)
        async with transaction() as held:
            return (await access_tokens.create_token(held, caller, name, scope or ["api"]))[1]

    print(_run(data, work()))


@token_commands.command("list")
def list_tokens(data: DataOption = None, workspace: WorkspaceOption = None) -> None:
    """List a workspace's tokens, without their secrets."""

    async def work() -> list[access_tokens.AccessToken]:
        return await access_tokens.list_tokens(await operator_caller(workspace))

    for token in _run(data, work()):
        state = f"revoked {token.revoked_at:%Y-%m-%d %H:%M}" if token.revoked_at else "valid"
        print(f"{token.id}\t{state}\t{','.join(token.scopes)}\t{token.created_at:%Y-%m-%d %H:%M}\t{token.name}")


@token_commands.command("revoke")
def revoke_token(token_id: int, data: DataOption = None) -> None:
    """Withdraw a token; a running server refuses it within seconds."""

    async def work() -> None:
        caller = await operator_caller(await access_tokens.workspace_id_of_token(token_id))
        await access_tokens.revoke_token(caller, token_id)

    _run(data, work())


def main() -> None:
    """Entry point; faults that an operator can mend end in one sentence instead of a traceback."""
    configure_logging()
    register_reactions()
    try:
        cli()
    except (
        SettingsError,
        EmbeddedPostgresError,
        MigrationError,
        CannotListen,
        ChildKeepsDying,
        WireError,
    ) as error:
        _progress.print(f"callbox: {error}", style="bold red")
        sys.exit(1)


if __name__ == "__main__":
    main()
