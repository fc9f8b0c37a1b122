"""`callbox serve` and `callbox worker`: what runs until it is told to stop."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from callbox import demo as demo_data
from callbox.channels.email.inbound.doors import Doors
from callbox.cli.common import DataOption, say, settings_of
from callbox.installation import Database, bring_up_to_date, first_workspace, pool
from callbox.platform.clock import machine_time
from callbox.platform.database import transaction
from callbox.platform.files import open_files
from callbox.platform.processes import stop_signal
from callbox.platform.temporary import temporary_directory
from callbox.serving import Server, listen, listen_at, tell_process
from callbox.settings import Settings, SettingsError
from callbox.workspace.workspaces import NewWorkspace, operator_caller

SmtpOption = Annotated[
    str | None,
    typer.Option(help="Take mail in by SMTP: a port of this machine alone, or HOST:PORT.", show_default=False),
]
LmtpOption = Annotated[
    str | None,
    typer.Option(help="Take mail in by LMTP: a path for a socket, a port, or HOST:PORT.", show_default=False),
]

_METRICS_PREFIX = "callbox-counts-"
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  # compared with, not bound to


class _FirstStart(msgspec.Struct):
    """What a first start made, and the demo data in it."""

    workspace: NewWorkspace
    contents: str | None


def serve(
    data: DataOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=64, help="HTTP processes.")] = 1,
    demo: Annotated[bool, typer.Option("--demo", help="Fill a new workspace with lifelike data.")] = False,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Run no job worker in this server.")] = False,
    smtp: SmtpOption = None,
    lmtp: LmtpOption = None,
) -> None:
    """Run the server and its job worker; the first start creates a workspace and prints a token."""
    settings = settings_of(data)
    database = Database(settings, say)
    if no_worker and (smtp or lmtp):
        raise typer.BadParameter("Mail is taken in by the worker: leave out --no-worker, --smtp and --lmtp.")
    doors = _mail_doors(settings, smtp, lmtp)
    with listen(host, port) as listening:
        url = settings.public_url or _url(host, listening.getsockname()[1])

        async def run() -> None:
            stop = stop_signal()
            async with database.serving():
                made = await _first_start(settings, database.url, with_demo=demo)
                with temporary_directory(_METRICS_PREFIX) as metrics:
                    server = Server(
                        settings,
                        database.url,
                        listening,
                        workers,
                        run_jobs=not no_worker,
                        own_url=url,
                        metrics=metrics,
                        doors=doors,
                    )
                    await server.run(stop, lambda: _welcome(url, made, data, doors), database.keep_running)
                say("Stopping.")

        asyncio.run(run())


async def _first_start(settings: Settings, database_url: str, *, with_demo: bool) -> _FirstStart | None:
    open_files(settings.files)
    async with pool(database_url, say), transaction():
        now = machine_time()
        if with_demo:
            created = await first_workspace(demo_data.WORKSPACE_NAME, demo_data.TIMEZONE, now - demo_data.AGE)
        else:
            created = await first_workspace("My workspace", "UTC", now)
        if created is None:
            return None
        contents = await demo_data.fill(await operator_caller(created.id), say) if with_demo else None
        return _FirstStart(created, contents)


def _url(host: str, port: int) -> str:
    name = "127.0.0.1" if host in _EVERY_ADDRESS else f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}"


def _welcome(url: str, made: _FirstStart | None, data: Path | None, doors: Doors | None) -> None:
    """What a person needs now, on standard output."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold]Callbox is ready[/bold] at {url}\n")
    console.print(f"API:          {url}/docs")
    for mail in _taken_in(doors):
        console.print(f"Mail in:      {mail}", markup=False)
    if made is None:
        where = f" --data {data}" if data else ""
        console.print("Access tokens were shown when they were made; for a new one: ", end="")
        console.print(f"callbox token create{where}\n", markup=False)
        return
    console.print(f"Workspace:    {made.workspace.id}, {made.workspace.name}")
    console.print(f"Access token: {made.workspace.access_token}   (shown this once; keep it)")
    if made.contents:
        console.print(f"Demo data:    {made.contents}")
    console.print("\nA first request:")
    console.print(f"  curl -H 'Authorization: Bearer {made.workspace.access_token}' {url}/me\n")


def _taken_in(doors: Doors | None) -> list[str]:
    """The ways by which mail is taken in, for people to read."""
    return [f"{protocol} at {place}" for protocol, place in doors.places()] if doors else []


def _mail_doors(settings: Settings, smtp: str | None, lmtp: str | None) -> Doors | None:
    """Where mail is to be taken in, if anywhere. Raises CannotListen and SettingsError."""
    doors = Doors(
        listen_at(smtp).detach() if smtp else None,
        listen_at(lmtp).detach() if lmtp else None,
        settings.email_domain,
        settings.mail_certificate,
        settings.mail_key,
    )
    try:
        doors.tls()
    except OSError as error:
        raise SettingsError(f"CALLBOX_MAIL_CERTIFICATE and CALLBOX_MAIL_KEY cannot be used: {error}") from error
    return doors if doors.descriptors() else None


def worker(data: DataOption = None, smtp: SmtpOption = None, lmtp: LmtpOption = None) -> None:
    """Run a job worker alone, for more machines than the server's."""
    from callbox.channels.email.smtp import use_mail_server  # noqa: PLC0415  # only the worker sends
    from callbox.working import work  # noqa: PLC0415  # only the worker needs the queue library

    settings = settings_of(data)
    database = Database(settings, say)
    tell_process(settings)
    use_mail_server(settings.smtp_url)
    doors = _mail_doors(settings, smtp, lmtp)

    async def run() -> None:
        stop = stop_signal()
        async with database.used():
            await bring_up_to_date(database.url, say)
            say("The worker runs.")
            for mail in _taken_in(doors):
                say(f"It takes mail in by {mail}.")
            watching = asyncio.create_task(database.keep_running())
            watching.add_done_callback(lambda _: stop.set())
            await work(database.url, stop, doors)
            say("Stopping.")
            if watching.done():
                watching.result()
            watching.cancel()

    asyncio.run(run())
