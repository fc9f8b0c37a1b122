"""The mail server that takes our mail: how to reach it, a few connections kept open, and what its answers mean."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import msgspec
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from callbox.channels.email.statuses import is_about_the_address

_TIMEOUT_SECONDS = 30.0
# Mail servers hang up on who says nothing; most after minutes, some sooner.
_KEPT_SECONDS = 30.0
# At once, in one process: mail servers refuse who takes up too many.
_MOST_CONNECTIONS = 10
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}


class MailServer(msgspec.Struct, frozen=True):
    """Where to hand over mail. `starttls` is about connections that do not begin encrypted."""

    host: str
    port: int
    username: str | None
    password: str | None
    encrypted: bool
    starttls: Literal["required", "optional"]

    def __repr__(self) -> str:
        return f"MailServer({self.host}:{self.port})"

    @classmethod
    def at(cls, url: str) -> "MailServer":
        """The server that a URL such as smtp://user:password@mail.example.com:587 names."""
        parts = urlsplit(url)
        optional = parse_qs(parts.query).get("starttls") == ["optional"]
        return cls(
            host=parts.hostname or "",
            port=parts.port or _DEFAULT_PORTS[parts.scheme],
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            encrypted=parts.scheme == "smtps",
            starttls="optional" if optional else "required",
        )


class TryAgainLater(Exception):
    """The mail was not taken now: the server cannot be reached, is busy, or asks to wait."""


class Refused(Exception):
    """The server will not take the mail. `of_address`: because nobody receives mail at that address."""

    def __init__(self, answer: str, *, of_address: bool) -> None:
        super().__init__(answer)
        self.of_address = of_address


class MailPool:
    """Hands mail to one server through connections that are kept for the next mail."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        # Once for all connections, since making it reads the machine's certificates.
        self._tls = _tls(verified=server.encrypted or server.starttls == "required")
        self._idle: list[tuple[float, SMTP]] = []
        self._free = asyncio.Semaphore(_MOST_CONNECTIONS)

    async def send(self, sender: str, recipient: str, content: bytes) -> None:
        """Hand over one mail. Raises TryAgainLater and Refused."""
        try:
            async with self._free, self._connection() as smtp:
                options = [] if recipient.isascii() else ["SMTPUTF8"]
                await smtp.sendmail(sender, recipient, content, mail_options=options)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _meaning(refused.recipients[0]) from refused
        except SMTPResponseException as refused:
            raise _meaning(refused) from refused
        except aiosmtplib.SMTPNotSupported as refused:
            raise Refused(str(refused), of_address=False) from refused
        except (SMTPException, OSError, TimeoutError) as error:
            raise TryAgainLater(f"{self._server.host}: {error or type(error).__name__}") from error

    async def greet(self) -> None:
        """Connect, say who we are and log in, as for a mail. Raises TryAgainLater."""
        self._keep(await self._opened())

    def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop()[1].close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        smtp = await self._kept() or await self._opened()
        try:
            yield smtp
        except (SMTPResponseException, aiosmtplib.SMTPRecipientsRefused):
            # It spoke, so it can be spoken to again.
            self._keep(smtp)
            raise
        except BaseException:
            smtp.close()
            raise
        self._keep(smtp)

    async def _kept(self) -> SMTP | None:
        """A connection that was of use a moment ago and still answers."""
        while self._idle:
            used_at, smtp = self._idle.pop()
            if monotonic() - used_at < _KEPT_SECONDS:
                try:
                    await smtp.rset()
                except (SMTPException, OSError):
                    smtp.close()
                else:
                    return smtp
            else:
                smtp.close()
        return None

    async def _opened(self) -> SMTP:
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.encrypted,
            start_tls=False if server.encrypted else True if server.starttls == "required" else None,
            tls_context=self._tls,
            timeout=_TIMEOUT_SECONDS,
        )
        try:
            await smtp.connect()
        except (SMTPException, OSError, TimeoutError) as error:
            # Also when it greets or authenticates badly: that says nothing of the mail.
            raise TryAgainLater(f"{server.host}: {error or type(error).__name__}") from error
        return smtp

    def _keep(self, smtp: SMTP) -> None:
        if smtp.is_connected:
            self._idle.append((monotonic(), smtp))
        else:
            smtp.close()


def _tls(*, verified: bool) -> ssl.SSLContext:
    """Encryption that is merely welcome proves nothing about the server, so its certificate is not asked for."""
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _meaning(answer: SMTPResponseException) -> Exception:
    """What an answer that is no success means for the mail."""
    text = f"{answer.code} {answer.message}"
    if answer.code < 500:
        return TryAgainLater(text)
    of_recipient = isinstance(answer, aiosmtplib.SMTPRecipientRefused)
    return Refused(text, of_address=of_recipient and is_about_the_address(text))


_pool: MailPool | None = None


def use_mail_server(url: str | None) -> None:
    """Let this process send mail through a server; without one, mails are only stored. Told once at start."""
    global _pool  # noqa: PLW0603  # one server a process
    _pool = MailPool(MailServer.at(url)) if url else None


def leave_mail_server() -> None:
    """Hang up before the process ends."""
    if _pool is not None:
        _pool.close()


def mail_pool() -> MailPool | None:
    """The pool of this process, if it has a server to send through."""
    return _pool
