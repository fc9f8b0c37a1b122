"""`callbox database`: the PostgreSQL of the installation by itself, and its backups."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from callbox.backup import Manifest, back_up, restore
from callbox.cli.common import DataOption, group, say, settings_of
from callbox.installation import Database, InstallationError, bring_up_to_date, check_database
from callbox.platform.files import open_files

commands = group("Backups, and the embedded PostgreSQL by itself: to run psql and the like against it.")


@commands.command()
def start(data: DataOption = None) -> None:
    """Start it and leave it running, also after a server ends."""
    Database(settings_of(data), say).start_to_stay()
    say("PostgreSQL runs until callbox database stop.")


@commands.command()
def stop(data: DataOption = None) -> None:
    """Stop it, unless a server or command uses it."""
    Database(settings_of(data), say).stop()


@commands.command()
def status(data: DataOption = None) -> None:
    """Print the URL for psql, if it runs; it contains the password."""
    database = Database(settings_of(data), say)
    if database.embedded is not None:
        found = database.embedded.status()
        if not found.running:
            raise InstallationError(f"No PostgreSQL runs in {found.directory}.")
        say(f"{found.version} runs in {found.directory}.")
    asyncio.run(check_database(database.url))
    print(database.url)


@commands.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")],
    data: DataOption = None,
) -> None:
    """Write everything that the installation has to one file, also while it runs."""
    settings = settings_of(data)
    database = Database(settings, say)
    open_files(settings.files)
    has_files = "://" not in settings.files

    async def work() -> None:
        async with database.used():
            await back_up(database.url, file, has_files=has_files, on_progress=say)

    asyncio.run(work())
    say(f"{file} has {file.stat().st_size / 1e6:.1f} MB. It holds secrets: keep it where nobody else reads it.")
    if not has_files:
        say("Attached files are not in it: they are in the object store, which keeps copies by means of its own.")


@commands.command("restore")
def restore_(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    data: DataOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Lose what the installation has now.")] = False,
) -> None:
    """Bring a backup back, into an empty installation. Tokens and links are good again."""
    settings = settings_of(data)
    database = Database(settings, say)
    open_files(settings.files)

    async def work() -> Manifest:
        async with database.serving():
            manifest = await restore(database.url, file, settings.data, replace=replace, on_progress=say)
            await bring_up_to_date(database.url, say)
            return manifest

    restored = asyncio.run(work())
    say(f"The installation is as it was at {restored.made_at}. What waited then to be sent is sent when it starts.")
    if not restored.has_files:
        say("Attached files are not in this backup: CALLBOX_FILES_URL has to name the object store that has them.")
