"""Where mail is taken in: listening sockets, and what is said at them. A process can be told it by another one."""

import os
import socket
import ssl

import msgspec


class Doors(msgspec.Struct, frozen=True):
    """Descriptors of listening sockets for SMTP and LMTP, the name to greet with, and the files for STARTTLS."""

    smtp: int | None
    lmtp: int | None
    hostname: str
    certificate: str | None = None
    key: str | None = None

    def descriptors(self) -> list[int]:
        """What a child process has to inherit."""
        return [each for each in (self.smtp, self.lmtp) if each is not None]

    def places(self) -> list[tuple[str, str]]:
        """Which protocol is spoken where: at HOST:PORT, or at a path."""
        spoken = [(name, each) for name, each in (("SMTP", self.smtp), ("LMTP", self.lmtp)) if each is not None]
        return [(name, _place(each)) for name, each in spoken]

    def tls(self) -> ssl.SSLContext | None:
        """What STARTTLS is answered with. Raises OSError where the files hold no certificate with its key."""
        if self.certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key)
        return context


def _place(descriptor: int) -> str:
    with opened(descriptor) as listening:
        address = listening.getsockname()
    if isinstance(address, str):
        return address
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def opened(descriptor: int) -> socket.socket:
    """A listening socket of one's own, whatever becomes of the given one."""
    return socket.socket(fileno=os.dup(descriptor))
