"""The structure of a mail: what is its text, what is a file, what says whom it is from.

Mails come in every shape, correct ones and others. What cannot be parsed at all, or takes a time that only somebody
who means harm takes, is Unreadable; everything else is read as well as it can be.
"""

import binascii
from email import policy
from email.errors import MessageError
from email.feedparser import BytesFeedParser
from email.message import EmailMessage
from email.policy import EmailPolicy, Policy
from time import thread_time

import msgspec

from callbox.channels.email.inbound.headers import (
    Mailbox,
    decoded,
    header,
    mailboxes,
    message_ids,
    raw_header,
    storable,
    text_of,
)
from callbox.wire.html import paragraphs

MAX_PARTS = 500
MAX_FILES = 100
# What is looked at has to be parsed first: a mail of more parts is not read at all.
_MOST_PARSED = 5_000
_LARGEST_HEAD = 1024 * 1024
# The library parses them anew at each look, in a time that grows with the square of their length.
_LONGEST_STRUCTURED = 2_000
# Of the processor. The largest honest mail takes less than one.
_MOST_SECONDS = 5.0
_PIECE_BYTES = 16 * 1024
_LONGEST_NAME = 255
_SHOWN = {"text/plain", "text/html"}
# What programs say to programs, such as who proves to have written it: the original has it.
_FOR_PROGRAMS = {
    *("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"),
    *("application/pgp-encrypted", "text/x-amp-html", "text/watch-html"),
}
_NAMES = {
    "text/calendar": "invite.ics",
    "application/ms-tnef": "winmail.dat",
    "message/rfc822": "message.eml",
    "text/html": "page.html",
}
# What the library raises on parts and headers that it cannot make sense of.
_BROKEN = (MessageError, ValueError, LookupError, TypeError, AttributeError, binascii.Error, RecursionError)


class Unreadable(Exception):
    """The mail has no structure that could be followed; the message says why."""


class MailFile(msgspec.Struct):
    """A file of a mail. Markup may show it by its content id."""

    name: str
    content_type: str
    data: bytes
    content_id: str | None


class ParsedMail(msgspec.Struct):
    """What a mail says, still as it was sent: as plain text, or as markup if any of it came so."""

    message: EmailMessage
    sender: Mailbox | None
    reply_to: list[Mailbox]
    recipients: list[Mailbox]
    subject: str
    message_id: str | None
    # In-Reply-To, then References from the newest on.
    answers: list[str]
    text: str
    markup: str
    files: list[MailFile]


def parse(raw: bytes) -> ParsedMail:
    """Read a mail. Raises Unreadable."""
    try:
        return _Reading().mail(raw)
    except RecursionError:
        raise Unreadable("its parts are nested too deeply") from None
    except _BROKEN as error:
        raise Unreadable(f"its parts make no sense: {error}") from error


class _Policy(EmailPolicy):
    """Headers that say what a part is are cut off where they are longer than any program writes them."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """A header as it was sent."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_STRUCTURED] if name.lower().startswith("content-") else value


_POLICY = _Policy()


class _Reading:
    """The reading of one mail, which ends early where it takes too long."""

    def __init__(self) -> None:
        self._ends_at = thread_time() + _MOST_SECONDS
        self._messages = 0

    def mail(self, raw: bytes) -> ParsedMail:
        """What the mail says. Raises Unreadable, and what the library raises."""
        message = self._message_in(raw)
        contents = _Contents(self)
        contents.take(message)
        return _mail(message, contents)

    def go_on(self) -> None:
        """Raise Unreadable where it took too long."""
        if thread_time() > self._ends_at:
            raise Unreadable("it takes too long to read")

    def _message_in(self, raw: bytes) -> EmailMessage:
        head_ends = min((place for end in (b"\n\r\n", b"\n\n") if (place := raw.find(end)) >= 0), default=len(raw))
        if head_ends > _LARGEST_HEAD:
            raise Unreadable("its headers are too large")
        parser: BytesFeedParser[EmailMessage] = BytesFeedParser(self._new_message, policy=_POLICY)  # type: ignore[arg-type]  # it is given the policy
        for start in range(0, len(raw), _PIECE_BYTES):
            parser.feed(raw[start : start + _PIECE_BYTES])
            self.go_on()
        return parser.close()

    def _new_message(self, policy: Policy) -> EmailMessage:
        """The library asks for one for each part."""
        self._messages += 1
        if self._messages > _MOST_PARSED:
            raise Unreadable("it has too many parts")
        return EmailMessage(policy)


def _mail(message: EmailMessage, contents: "_Contents") -> ParsedMail:
    written_by = [*mailboxes(message, "from"), *mailboxes(message, "sender")]
    answers = [*message_ids(message, "in-reply-to"), *reversed(message_ids(message, "references"))]
    return ParsedMail(
        message=message,
        sender=next(iter(written_by), None),
        reply_to=mailboxes(message, "reply-to"),
        recipients=[*mailboxes(message, "to"), *mailboxes(message, "cc")],
        subject=header(message, "subject"),
        message_id=next(iter(message_ids(message, "message-id")), None),
        answers=list(dict.fromkeys(answers)),
        text=contents.text(),
        markup=contents.markup(),
        files=contents.files[:MAX_FILES],
    )


class _Block(msgspec.Struct):
    """A piece of what is to be read: as text, as markup or as both."""

    text: str = ""
    markup: str = ""


class _Contents:
    """Gathers what is to be read, and files, from the parts of a mail in their order."""

    def __init__(self, reading: _Reading) -> None:
        self.files: list[MailFile] = []
        self._reading = reading
        self._blocks: list[_Block] = []
        self._parts = 0

    def text(self) -> str:
        """All that came as plain text."""
        return "\n\n".join(block.text.strip("\r\n") for block in self._blocks)

    def markup(self) -> str:
        """All as markup; empty where it is nothing but plain text."""
        if not any(block.markup for block in self._blocks):
            return ""
        return "\n".join(block.markup or paragraphs(block.text) for block in self._blocks)

    def take(self, part: EmailMessage) -> None:
        """Take a part with all that it holds; what lies beyond the limit stays in the original alone."""
        self._reading.go_on()
        self._parts += 1
        if self._parts > MAX_PARTS:
            return
        content_type = part.get_content_type()
        if content_type == "message/rfc822" or not part.is_multipart():
            self._take_leaf(part, content_type)
        elif content_type == "multipart/alternative":
            self._take_alternatives(part)
        else:
            for each in children(part):
                self.take(each)

    def _take_alternatives(self, part: EmailMessage) -> None:
        """One content in several forms: text and markup make one block, other forms are files."""
        before = self._blocks
        self._blocks = []
        for each in children(part):
            self.take(each)
        forms, self._blocks = self._blocks, before
        texts, markups = [form.text for form in forms if form.text], [form.markup for form in forms if form.markup]
        self._blocks.append(_Block("\n\n".join(texts), "\n".join(markups)))

    def _take_leaf(self, part: EmailMessage, content_type: str) -> None:
        if content_type in _SHOWN and not _is_file(part):
            text = text_of(_bytes_of(part), _charset(part))
            self._blocks.append(_Block(markup=text) if content_type == "text/html" else _Block(text))
        elif content_type not in _FOR_PROGRAMS:
            self.files.append(_file(part, content_type))


def children(part: EmailMessage) -> list[EmailMessage]:
    """The parts that a part consists of."""
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, EmailMessage)] if isinstance(payload, list) else []


def _is_file(part: EmailMessage) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_name(part))


def _charset(part: EmailMessage) -> str | None:
    try:
        return part.get_content_charset()
    except _BROKEN:
        return None


def _name(part: EmailMessage) -> str:
    """The file's name as it was sent, without any path."""
    try:
        name = part.get_filename() or ""
    except _BROKEN:
        return ""
    return storable(decoded(name)).replace("\\", "/").rpartition("/")[2].strip()


def _file(part: EmailMessage, content_type: str) -> MailFile:
    name = _name(part) or _NAMES.get(content_type, "attachment")
    content_id = raw_header(part, "content-id").strip(" <>")
    data = _message_inside(part) if content_type == "message/rfc822" else _bytes_of(part)
    return MailFile(name[-_LONGEST_NAME:], content_type, data, content_id or None)


def _bytes_of(part: EmailMessage) -> bytes:
    """What a part holds, decoded as far as its encoding can be."""
    try:
        data = part.get_payload(decode=True)
    except _BROKEN:
        data = str(part.get_payload()).encode("utf-8", "surrogateescape")
    return data if isinstance(data, bytes) else b""


def _message_inside(part: EmailMessage) -> bytes:
    inside = next(iter(children(part)), None)
    if inside is None:
        return _bytes_of(part)
    try:
        return inside.as_bytes(policy=policy.compat32)
    except _BROKEN:
        return str(inside.get_payload()).encode("utf-8", "replace")
