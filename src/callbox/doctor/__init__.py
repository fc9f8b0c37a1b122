"""What is wrong with an installation, and what to do about it.

Each check looks at one thing and answers findings; it changes nothing that stays.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from callbox.doctor.database import check_database, check_server
from callbox.doctor.findings import Finding, wrong
from callbox.doctor.machine import check_files, check_limits, check_settings
from callbox.doctor.mail import check_mail_server, check_records
from callbox.doctor.reach import check_public_url
from callbox.doctor.work import check_work
from callbox.platform.database.migrate import applied_version, migrations
from callbox.settings import Settings

__all__ = ["Finding", "examine"]

_CONNECT_SECONDS = 10


async def examine(settings: Settings, database_url: str) -> list[Finding]:
    """Everything that can be found out from this machine, in the order in which it is worth mending."""
    found = await _examine_database(settings, database_url)
    found += check_files(settings) + check_limits() + check_settings(settings)
    outside: list[Callable[[Settings], Awaitable[list[Finding]]]] = [check_public_url, check_mail_server]
    for findings in await asyncio.gather(*(check(settings) for check in outside)):
        found += findings
    return found


async def _examine_database(settings: Settings, url: str) -> list[Finding]:
    try:
        connection = await asyncpg.connect(url, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        told = " ".join(str(error).split()) or type(error).__name__
        return [wrong("database", f"It cannot be reached: {told}.", "Start it, or correct CALLBOX_DATABASE_URL.")]
    try:
        found = await check_server(connection)
        schema = await applied_version(connection)
        found += check_database(schema)
        if schema == migrations()[-1].version:
            found += await check_work(connection) + await check_records(settings, connection)
        return found
    finally:
        await connection.close()
