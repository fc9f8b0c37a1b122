"""`callbox database`: the PostgreSQL of the installation by itself."""

import asyncio

from callbox.cli.common import DataOption, group, say, settings_of
from callbox.installation import Database, InstallationError, check_database

commands = group("The embedded PostgreSQL by itself: to run psql, pg_dump and the like against it.")


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
