"""The listener takes no more than it can keep, and says so in a way that makes senders come again."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from callbox.channels.email.inbound.doors import Doors
from callbox.channels.email.inbound.listener import Limits, Listener
from callbox.platform.database import close_pool, open_pool
from callbox.platform.files import open_files
from callbox.workspace.workspaces import open_workspace

MAIL = "From: grace@example.com\r\n\r\nHello\r\n"


@asynccontextmanager
async def listening(limits: Limits | None = None) -> AsyncIterator[int]:
    """A listener in this process; its port."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        stop = asyncio.Event()
        running = asyncio.create_task(Listener(Doors(door.fileno(), None, "mx.example"), limits).run(stop))
        try:
            yield door.getsockname()[1]
        finally:
            stop.set()
            await running


async def talk(work: Callable[[], None]) -> None:
    """A sender waits for answers in a thread of its own."""
    await asyncio.to_thread(work)


async def test_without_a_database_senders_are_asked_to_come_again() -> None:
    async with listening() as port:

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", port) as smtp:
                smtp.ehlo("client.example")
                assert smtp.mail("grace@example.com")[0] == 250
                assert smtp.rcpt("somebody@localhost")[0] == 451

        await talk(send)


async def test_a_mail_that_cannot_be_kept_is_not_taken(database_url: str, tmp_path: object) -> None:
    open_files(str(tmp_path))
    await open_pool(database_url, 2)
    try:
        workspace = await open_workspace("Test workspace")
        async with listening() as port:
            with smtplib.SMTP() as smtp:
                await asyncio.to_thread(smtp.connect, "127.0.0.1", port)
                await asyncio.to_thread(smtp.ehlo, "client.example")
                await asyncio.to_thread(smtp.mail, "grace@example.com")
                assert (await asyncio.to_thread(smtp.rcpt, f"{workspace.id}@localhost"))[0] == 250
                connection = await asyncpg.connect(database_url)
                await connection.execute("DROP TABLE inbound_emails")
                await connection.close()
                assert (await asyncio.to_thread(smtp.data, MAIL))[0] == 451
                await asyncio.to_thread(smtp.quit)
    finally:
        await close_pool()


async def test_too_many_connections_are_turned_away_until_others_have_ended() -> None:
    async with listening(Limits(connections_of_address=2)) as port:

        def send() -> None:
            first, second = smtplib.SMTP("127.0.0.1", port), smtplib.SMTP("127.0.0.1", port)
            with pytest.raises(smtplib.SMTPConnectError) as refused:
                smtplib.SMTP("127.0.0.1", port)
            assert refused.value.smtp_code == 421
            first.quit()
            second.quit()

        await talk(send)
        await talk(send)


async def test_an_address_that_sends_too_much_is_asked_to_wait() -> None:
    async with listening(Limits(mails_a_minute=2)) as port:

        def send() -> None:
            with smtplib.SMTP("127.0.0.1", port) as smtp:
                smtp.ehlo("client.example")
                answers = []
                for _ in range(3):
                    answers.append(smtp.mail("grace@example.com")[0])
                    smtp.rset()
                assert answers == [250, 250, 451]

        await talk(send)
