"""A mail as it travels: headers, text in both forms, files, and the signature of its domain."""

import re
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import dkim  # type: ignore[import-untyped]
import msgspec

from callbox.channels.email.queries import EmailRow
from callbox.channels.email.senders import Dkim, Sender
from callbox.channels.email.unsubscribing import unsubscribe_url

_SIGNED_HEADERS = (
    *(b"from", b"to", b"subject", b"date", b"message-id", b"in-reply-to", b"references", b"reply-to"),
    *(b"mime-version", b"content-type", b"list-unsubscribe", b"list-unsubscribe-post", b"auto-submitted"),
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_MEDIA_TYPE = re.compile(r"([\w.+-]+)/([\w.+-]+)", re.ASCII)


class AddressUnusable(Exception):
    """The contact's address cannot be written into a mail."""


class AttachedFile(msgspec.Struct):
    """A file that goes along."""

    name: str
    content_type: str
    data: bytes


def mail_of(email: EmailRow, sender: Sender, files: Sequence[AttachedFile]) -> bytes:
    """The mail in bytes, the same each time but for the signature's date. Raises AddressUnusable."""
    message = EmailMessage(policy=SMTP.clone(utf8=not travelling(email.to_address or "").isascii()))
    _set_headers(message, email, sender)
    # Nothing on the way has to encode such a text anew, which would break the signature.
    message.set_content(email.plain, cte="quoted-printable")
    message.add_alternative(email.html, subtype="html", cte="quoted-printable")
    for file in files:
        maintype, subtype = _media_type(file.content_type)
        message.add_attachment(file.data, maintype=maintype, subtype=subtype, filename=_one_line(file.name))
    content = message.as_bytes()
    return content if sender.dkim is None else _signature(content, sender.dkim) + content


def _set_headers(message: EmailMessage, email: EmailRow, sender: Sender) -> None:
    message["From"] = _address(email.from_name, email.from_address)
    message["To"] = _address(email.to_name or "", email.to_address or "")
    message["Reply-To"] = _address("", email.reply_to)
    message["Subject"] = _one_line(email.subject)
    message["Date"] = email.created_at
    message["Message-ID"] = f"<{email.message_id}>"
    if email.reference_ids:
        message["In-Reply-To"] = f"<{email.reference_ids[-1]}>"
        message["References"] = " ".join(f"<{each}>" for each in email.reference_ids)
    if email.kind == "ticket":
        message["Auto-Submitted"] = "auto-generated"
    if email.kind == "message":
        way_out = unsubscribe_url(sender.link_key, sender.workspace_id, email.contact_id)
        message["List-Unsubscribe"] = f"<{way_out}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def travelling(address: str) -> str:
    """The address as mail servers know it: its domain in ASCII. Raises AddressUnusable."""
    local_part, _, domain = address.rpartition("@")
    try:
        return f"{local_part}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise AddressUnusable(f"{address} is no address that mail can be sent to: {error}") from error


def _address(name: str, address: str) -> Address:
    local_part, _, domain = travelling(address).rpartition("@")
    try:
        return Address(_one_line(name), local_part, domain)
    except (ValueError, IndexError) as error:
        raise AddressUnusable(f"{address} is no address that mail can be sent to: {error}") from error


def _one_line(text: str) -> str:
    return _CONTROLS.sub(" ", text).strip()


def _media_type(claimed: str) -> tuple[str, str]:
    found = _MEDIA_TYPE.fullmatch(claimed)
    # What is a message or has parts would have to be taken apart; as a file it is bytes.
    if found is None or found[1] in {"message", "multipart"}:
        return "application", "octet-stream"
    return found[1], found[2]


def _signature(content: bytes, key: Dkim) -> bytes:
    signed: bytes = dkim.sign(
        content,
        key.selector.encode(),
        key.domain.encode(),
        key.private_key.encode(),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[name for name in _SIGNED_HEADERS if _has(content, name)],
    )
    return signed


def _has(content: bytes, name: bytes) -> bool:
    headers = content.partition(b"\r\n\r\n")[0].lower()
    return headers.startswith(name + b":") or b"\r\n" + name + b":" in headers
