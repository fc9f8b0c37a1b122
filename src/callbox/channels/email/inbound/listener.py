"""Where mail comes in: SMTP from the world or from a mail server in front, LMTP from one beside us.

A mail is accepted when it and the job that reads it are committed, and not before. It is taken only for addresses
of workspaces: nothing is passed on to others.
"""

import asyncio
import logging
import ssl
from collections import Counter
from functools import partial
from typing import Any

import msgspec
import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from callbox.channels.email.inbound.doors import Doors, opened
from callbox.channels.email.inbound.receiving import MAX_MAIL_BYTES, Delivery, receive, workspace_of
from callbox.platform.database import connection
from callbox.wire.rate_limits import PersonalLimit

_MAX_RECIPIENTS = 100
# Programs send longer lines than they may; what has no line end at all is refused.
_LONGEST_LINE = 256 * 1024
# Also of a whole mail: 20 MB come in this time over any line of today.
_IDLE_SECONDS = 300
_RATE_SECONDS = 60
_NULL_SENDER = "<>"
# The address of who comes by a Unix socket: our own mail server, which needs no limit.
_BESIDE_US = ""

_TRY_LATER = "451 4.3.0 Temporary failure, please try again later"
_UNKNOWN = "550 5.1.1 No such address here"

_log = structlog.get_logger("callbox.email")

# It tells every command of every connection.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


class Limits(msgspec.Struct, frozen=True):
    """What the listener bears: connections at once, and connections and mails a minute from one address."""

    connections: int = 100
    connections_of_address: int = 20
    mails_a_minute: int = 600


class _Visitors:
    """Who is connected, and how often each has sent of late."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connected: Counter[str] = Counter()
        self._sent = PersonalLimit(limits.mails_a_minute, _RATE_SECONDS)

    def enter(self, address: str) -> bool:
        """Count a connection; False if there are too many."""
        self._connected[address] += 1
        limits = self._limits
        has_room = address == _BESIDE_US or self._connected[address] <= limits.connections_of_address
        return has_room and self._connected.total() <= limits.connections

    def leave(self, address: str) -> None:
        """The connection has ended."""
        self._connected[address] -= 1
        if self._connected[address] <= 0:
            del self._connected[address]

    def may_send(self, address: str) -> bool:
        """Count a mail; False if the address has sent too many within a minute."""
        return address == _BESIDE_US or self._sent.allows(address)


def _host_of(peer: object) -> str:
    """The other side's address."""
    return str(peer[0]) if isinstance(peer, tuple) else _BESIDE_US


class _Handler:
    """What becomes of commands. The library calls a method for each."""

    def __init__(self, visitors: _Visitors) -> None:
        self._visitors = visitors

    async def handle_MAIL(  # noqa: N802
        self, _: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self._visitors.may_send(_host_of(session.peer)):
            return "451 4.7.0 Too many mails, please try again later"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, session: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= _MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            async with connection() as held:
                workspace_id = await workspace_of(held, address)
        except Exception as error:  # noqa: BLE001  # whatever it was, the sender keeps the mail
            _log.warning("recipient_not_looked_up", error=str(error))
            return _TRY_LATER
        if workspace_id is None:
            return _UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        sender = "" if envelope.mail_from in {None, _NULL_SENDER} else str(envelope.mail_from)
        try:
            await receive(Delivery(sender, list(envelope.rcpt_tos), _host_of(session.peer) or None, content))
        except Exception as error:  # noqa: BLE001  # whatever it was, the sender keeps the mail
            _log.warning("mail_not_taken", size=len(content), error=str(error))
            return _TRY_LATER
        return "250 2.0.0 Taken"

    async def handle_exception(self, error: Exception) -> str:
        _log.warning("mail_session_failed", error=str(error))
        return _TRY_LATER


class _Smtp(SMTP):
    """A connection that is counted, and turned away where there are too many."""

    line_length_limit = _LONGEST_LINE

    def __init__(self, visitors: _Visitors, hostname: str, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            _Handler(visitors),
            data_size_limit=MAX_MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="Callbox",
            tls_context=tls,
            timeout=_IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )
        self._visitors = visitors
        self._address: str | None = None
        self._is_let_in = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """After STARTTLS the library calls it again, for the same connection."""
        if self._address is None:
            self._address = _host_of(transport.get_extra_info("peername"))
            self._is_let_in = self._visitors.enter(self._address)
        if self._is_let_in:
            super().connection_made(transport)
        elif isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.7.0 Too many connections, please try again later\r\n")
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has ended, whoever ended it."""
        if self._address is not None:
            self._visitors.leave(self._address)
            self._address = None
        if self._is_let_in:
            super().connection_lost(error)


class _Lmtp(_Smtp, LMTP):
    """The same for a mail server beside us, which gets an answer for each recipient of a mail."""

    _answers = 1

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._answers = max(len(self.envelope.rcpt_tos) if self.envelope else 0, 1)
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 1

    async def push(self, status: Any) -> None:
        is_go_ahead = str(status).startswith("354")
        await super().push(status if is_go_ahead else "\r\n".join([str(status)] * self._answers))


class Listener:
    """Takes mail in at the given doors."""

    def __init__(self, doors: Doors, limits: Limits | None = None) -> None:
        self._doors = doors
        self._limits = limits or Limits()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until told to stop. What was accepted by then is kept; other senders come again."""
        visitors, tls, loop = _Visitors(self._limits), self._doors.tls(), asyncio.get_running_loop()
        servers = []
        for kind, descriptor in ((_Smtp, self._doors.smtp), (_Lmtp, self._doors.lmtp)):
            if descriptor is not None:
                protocol = partial(kind, visitors, self._doors.hostname, tls)
                servers.append(await loop.create_server(protocol, sock=opened(descriptor)))
        try:
            await stop.wait()
        finally:
            for server in servers:
                server.close()
