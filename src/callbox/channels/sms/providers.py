"""Whoever sends text messages: a service that speaks Twilio's HTTP interface, or nobody."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import msgspec

from callbox.platform.outgoing import OutgoingFailed, OutgoingRefused, Receiver

_SECONDS = 15.0
_RETRIED = frozenset({408, 425, 429})


class NotSentYet(Exception):
    """The provider could not be reached or has no time; trying again may help."""


class Refused(Exception):
    """The provider will not send this message, however often it is asked."""


class Provider(Protocol):
    """Sends text messages and proves that reports of them are its own."""

    async def send(self, phone: str, body: str, report_to: str) -> str:
        """Hand a message over; answers the provider's id of it. Raises NotSentYet, Refused."""

    def is_signed(self, url: str, form: Mapping[str, str], signature: str) -> bool:
        """Whether a report to this URL comes from the provider."""


class _Created(msgspec.Struct):
    sid: str


class _Complaint(msgspec.Struct):
    message: str = ""
    code: int | None = None


class Twilio:
    """`https://ACCOUNT:TOKEN@api.twilio.com?from=NUMBER`; a sender that begins with MG is a messaging service."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._account = unquote(parts.username or "")
        self._token = unquote(parts.password or "")
        self._sender = parse_qs(parts.query.replace("+", "%2B"))["from"][0]
        host = parts.netloc.rpartition("@")[2]
        base = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
        self._url = f"{base}/2010-04-01/Accounts/{self._account}/Messages.json"

    async def send(self, phone: str, body: str, report_to: str) -> str:
        """Hand a message over; answers its SID. Raises NotSentYet, Refused."""
        sender = "MessagingServiceSid" if self._sender.startswith("MG") else "From"
        form = {"To": phone, sender: self._sender, "Body": body, "StatusCallback": report_to}
        content = urlencode(form).encode()
        credential = base64.b64encode(f"{self._account}:{self._token}".encode()).decode()
        headers = [
            ("Authorization", f"Basic {credential}"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        try:
            # The operator named the address, so it may be a private one.
            async with Receiver(connections=1, seconds=_SECONDS, private_allowed=True) as receiver:
                answer = await receiver.send("POST", self._url, headers, content)
        except (OutgoingFailed, OutgoingRefused) as error:
            raise NotSentYet(str(error)) from error
        return _sid(answer.status, answer.beginning)

    def is_signed(self, url: str, form: Mapping[str, str], signature: str) -> bool:
        """Whether the signature is Twilio's over the URL and the form's fields in their order."""
        text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
        wanted = base64.b64encode(hmac.digest(self._token.encode(), text.encode(), hashlib.sha1))
        return hmac.compare_digest(wanted, signature.encode())


def _sid(status: int, content: bytes) -> str:
    try:
        if status in {200, 201}:
            return msgspec.json.decode(content, type=_Created).sid
        complaint = msgspec.json.decode(content, type=_Complaint)
    except msgspec.MsgspecError:
        complaint = _Complaint()
    reason = f"the provider answered {status}: {complaint.code or ''} {complaint.message}".rstrip(": ")
    if 400 <= status < 500 and status not in _RETRIED:
        raise Refused(reason)
    raise NotSentYet(reason)


_provider: Provider | None = None


def use_provider(url: str | None) -> None:
    """Who sends text messages for this process; told once at start."""
    global _provider  # noqa: PLW0603  # one provider a process
    _provider = Twilio(url) if url else None


def provider() -> Provider | None:
    """Who sends text messages, if anybody does."""
    return _provider
