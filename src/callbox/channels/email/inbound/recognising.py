"""What kind of mail it is: written by a person, by a program in answer to ours, or one of ours that came back."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Literal

import msgspec

from callbox.channels.email.inbound.headers import header, message_ids, raw_header
from callbox.channels.email.inbound.parsing import ParsedMail, children
from callbox.channels.email.statuses import is_about_the_address

_PROGRAMS = re.compile(r"^(mailer-daemon|mail-daemon|bounces?(\+[^@]*)?)@", re.IGNORECASE)
_AWAY = re.compile(
    r"^\s*(out of (the )?office|automatic reply|auto(matic)?[ -]?(reply|response)|autoreply|vacation reply|"
    r"automatische antwort|abwesenheitsnotiz|abwesend|réponse automatique|absence du bureau|respuesta automática|"
    r"fuera de la oficina|risposta automatica|automatisch antwoord|resposta automática|autosvar)\b",
    re.IGNORECASE,
)
_ANSWERING_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class Bounce(msgspec.Struct):
    """A report that a mail could not be delivered. `final`: it never will be; `hard`: nor will any other mail there."""

    recipient: str | None
    final: bool
    hard: bool
    text: str
    message_ids: list[str]


Kind = Literal["written", "notice", "answer", "report"]


def kind_of(mail: ParsedMail, envelope_sender: str) -> Kind:
    """Who made the mail: a person, a program that has news, one that answers for somebody, or a reporting server."""
    message = mail.message
    if message.get_content_type() == "multipart/report":
        return "report" if _report_type(message) in {"", "delivery-status"} else "answer"
    submitted = header(message, "auto-submitted").partition(";")[0].strip().lower()
    precedence = header(message, "precedence").lower()
    if (
        submitted == "auto-replied"
        or precedence == "auto_reply"
        or envelope_sender == ""
        or any(raw_header(message, name) for name in _ANSWERING_HEADERS)
        or _AWAY.match(mail.subject) is not None
        or (mail.sender is not None and _PROGRAMS.match(mail.sender.address) is not None)
    ):
        return "answer"
    return "notice" if submitted not in {"", "no"} or precedence in {"bulk", "junk"} else "written"


def is_spam(mail: ParsedMail) -> bool:
    """Whether a filter on the way here said so."""
    return header(mail.message, "x-spam-flag").lower() == "yes"


def _report_type(message: EmailMessage) -> str:
    return str(message.get_param("report-type") or "").lower()


def bounce_in(message: EmailMessage) -> Bounce | None:
    """What a delivery report says, or None where nothing failed for good or for now."""
    for status in _statuses(message):
        action = header(status, "action").lower()
        if action not in {"failed", "delayed", ""}:
            continue
        code = _STATUS.search(header(status, "status"))
        diagnostic = header(status, "diagnostic-code").rpartition(";")[2].strip()
        recipient = header(status, "final-recipient") or header(status, "original-recipient")
        final = action == "failed"
        if final or code is not None:
            hard = final and is_about_the_address(diagnostic, code[0] if code else "")
            told = diagnostic or (code[0] if code else "the mail could not be delivered")
            return Bounce(_address(recipient), final, hard, told, list(_returned(message)))
    return None


def _statuses(message: EmailMessage) -> Iterator[EmailMessage]:
    """The groups of fields about recipients in a delivery status; its first group is about the mail as a whole."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            yield from children(part)


def _address(field: str) -> str | None:
    address = field.rpartition(";")[2].strip(" <>").lower()
    return address if "@" in address else None


def _returned(message: EmailMessage) -> Iterator[str]:
    """Message-IDs of the mail that came back: it is there whole, or its headers are."""
    for part in message.walk():
        if part is message:
            continue
        if part.get_content_type() == "text/rfc822-headers":
            yield from re.findall(r"(?im)^message-id:\s*<([^<>\s]+)>", str(part.get_payload()))
        else:
            yield from message_ids(part, "message-id")
