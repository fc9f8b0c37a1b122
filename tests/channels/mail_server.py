"""A real mail server on loopback, which does to a mail what the address asks for."""

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Handler:
    """Keeps what it is handed. The part of an address before its first dot says what happens to a mail."""

    taken: list[tuple[Session, Envelope]] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuses some addresses, for good or for now."""
        first_time = address not in self.tried
        self.tried.append(address)
        match address.partition(".")[0]:
            case "nobody":
                return "550 5.1.1 Nobody lives here"
            case "policy":
                return "550 5.7.1 Your mail is not welcome"
            case "busy" if first_time:
                return "451 4.2.1 Come again"
            case "drops" if first_time:
                assert server.transport is not None
                server.transport.close()
                return "421 Good bye"
            case _:
                envelope.rcpt_tos.append(address)
                return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Takes the mail, or finds fault with it."""
        match envelope.rcpt_tos[0].partition(".")[0]:
            case "slow":
                await asyncio.sleep(1.5)
            case "content":
                return "554 5.6.0 This is no mail"
            case _:
                pass
        self.taken.append((session, envelope))
        return "250 Taken"


@dataclass
class MailServer:
    """A server in a thread of its own."""

    port: int
    handler: Handler
    connections: list[Any]

    def mails_to(self, address: str) -> list[EmailMessage]:
        """The mails to an address, oldest first."""
        found = [envelope for _, envelope in self.handler.taken if envelope.rcpt_tos == [address]]
        return [message_from_bytes(envelope.content, policy=policy.default) for envelope in found]  # type: ignore[arg-type]

    def raw_to(self, address: str) -> bytes:
        """The only mail to an address, as it came."""
        [content] = [envelope.content for _, envelope in self.handler.taken if envelope.rcpt_tos == [address]]
        assert isinstance(content, bytes)
        return content


@contextmanager
def mail_server(port: int = 0, *, encrypted: ssl.SSLContext | None = None, **options: Any) -> Iterator[MailServer]:
    """Runs one; options are those of aiosmtpd."""
    handler, loop, ready = Handler(), asyncio.new_event_loop(), threading.Event()
    found = MailServer(0, handler, [])

    def protocol() -> SMTP:
        made = SMTP(handler, hostname="mx.internal", enable_SMTPUTF8=True, loop=loop, **options)
        found.connections.append(made)
        return made

    async def start() -> asyncio.Server:
        return await loop.create_server(protocol, "127.0.0.1", port, ssl=encrypted)

    def run() -> None:
        server = loop.run_until_complete(start())
        found.port = server.sockets[0].getsockname()[1]
        ready.set()
        loop.run_forever()
        server.close()
        for connection in found.connections:
            # After a failed handshake, the library forgets the one below.
            for transport in (connection.transport, connection._original_transport):
                if transport is not None:
                    transport.abort()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def certificate(directory: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody vouches for but itself, and what a server encrypts with."""
    made, key = directory / "certificate.pem", directory / "key.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key)]
    subprocess.run([*command, "-out", str(made), *subject], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context


def only_ada(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Lets one user in."""
    return AuthResult(success=data == LoginPassword(b"ada", b"p@ss/word"), handled=False)
