"""What of a mail is shown: the body that its writer wrote, with pictures in their places, and the files beside it."""

import html
import re
from urllib.parse import unquote

import msgspec

from callbox.channels.email.inbound.headers import Mailbox, mailboxes_in
from callbox.channels.email.inbound.parsing import ParsedMail
from callbox.channels.email.inbound.quoting import (
    is_forward,
    mark_endings,
    own_markup,
    own_text,
    unwrapped_markup,
    unwrapped_text,
    without_empty_end,
)
from callbox.support.attachments.contents import content_of
from callbox.support.attachments.service import FileToKeep, link
from callbox.wire.authentication import Caller
from callbox.wire.errors import ParameterInvalid
from callbox.wire.html import paragraphs, sanitise

_LONGEST_TEXT = 200_000
# Pictures in a text are there as long as the text is.
_A_CENTURY_IN_SECONDS = 100 * 365 * 24 * 3600
_CONTENT_ID = re.compile(r"""\bcid:([^"'<>\s)]+)""", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]*>")
_FORWARD_MARK = re.compile(r"^\s*\w{1,6}\s*:\s*")


class Body(msgspec.Struct):
    """Safe HTML, the pictures that it shows, and the files beside it."""

    html: str
    pictures: list[FileToKeep]
    attached: list[FileToKeep]


class Forwarded(msgspec.Struct):
    """A mail that somebody passed on: who wrote it and what, and what was said to it."""

    sender: Mailbox
    subject: str
    html: str
    comment: str


def body_of(caller: Caller, mail: ParsedMail) -> Body:
    """The body to show. What is forwarded is shown whole; elsewhere quotation and signature are cut off."""
    files = [FileToKeep(each.name, each.data, content_of(each.data, each.content_type)) for each in mail.files]
    pictures = {
        each.content_id: file
        for each, file in zip(mail.files, files, strict=True)
        if each.content_id is not None and file.content.content_type.startswith("image/")
    }
    shown: set[str] = set()

    def address(found: re.Match[str]) -> str:
        picture = pictures.get(unquote(found[1]))
        if picture is None:
            return found[0]
        shown.add(picture.id)
        return html.escape(link(caller, picture.id, picture.name, _A_CENTURY_IN_SECONDS))

    body = _body(mail, _CONTENT_ID.sub(address, mail.markup))
    return Body(
        body,
        [file for file in files if file.id in shown],
        [file for file in files if file.id not in shown],
    )


def _body(mail: ParsedMail, markup: str) -> str:
    is_whole = is_forward(mail.subject)
    if not markup:
        text = mail.text[:_LONGEST_TEXT]
        return paragraphs(text if is_whole else own_text(text))
    try:
        return sanitise(markup) if is_whole else _repaired(own_markup(sanitise(mark_endings(markup))))
    except ParameterInvalid:
        # Too long, or nested too deeply, for markup: its words are shown.
        return paragraphs((mail.text or html.unescape(_ANY_TAG.sub(" ", markup)))[:_LONGEST_TEXT])


def _repaired(markup: str) -> str:
    return without_empty_end(sanitise(markup)) if markup else ""


def forwarded_in(mail: ParsedMail, body: str) -> Forwarded | None:
    """The mail inside one that was passed on, by the header lines that programs put above it."""
    if not is_forward(mail.subject):
        return None
    found = unwrapped_markup(body) if mail.markup else unwrapped_text(mail.text.replace("\r\n", "\n"))
    if found is None or found.get("type") != "forward":
        return None
    sender = next(iter(mailboxes_in([found.get("from", "")])), None)
    if sender is None:
        return None
    return Forwarded(
        sender,
        found.get("subject") or _FORWARD_MARK.sub("", mail.subject, count=1),
        _safe(found.get("html"), found.get("text")),
        _safe(found.get("html_top"), found.get("text_top")),
    )


def _safe(markup: str | None, text: str | None) -> str:
    return sanitise(markup) if markup else paragraphs(text or "")
