"""Headers of mails as people read them, whatever bytes they were sent in.

Programs send 8-bit headers, wrong charsets and broken encoded words. Nothing here raises: what cannot be decoded
is shown as well as it can be.
"""

import binascii
import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import EmailMessage
from email.utils import getaddresses

import msgspec

_LONGEST_HEADER = 20_000
_MOST_ADDRESSES = 200
_MOST_REFERENCES = 100
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MESSAGE_ID = re.compile(r"<([^<>\s]{1,500})>")
# What programs call a charset, and the larger one that they mean by it.
_MEANT = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
}
# Python has them for names in the DNS; they take a time that grows with the square of the text.
_NO_CHARSETS = frozenset({"punycode", "idna"})


class Mailbox(msgspec.Struct, frozen=True):
    """A name and an address in lower case. The address may be nonsense: nobody has checked it."""

    name: str
    address: str


def text_of(data: bytes, charset: str | None) -> str:
    """Bytes as text: in the charset that was named if they are valid in it, else in the likeliest one."""
    named = _MEANT.get((charset or "").strip().lower(), charset or "")
    for candidate in ("utf-8", named) if _says_little(named) else (named, "utf-8"):
        try:
            if codecs.lookup(candidate).name not in _NO_CHARSETS:
                return storable(data.decode(candidate))
        except (ValueError, LookupError):
            continue
    return storable(data.decode("cp1252", "replace"))


def _says_little(charset: str) -> bool:
    """Programs name these by default, whatever they send."""
    return charset in {"", "cp1252"}


def storable(text: str) -> str:
    """The text without what PostgreSQL or JSON cannot hold: control characters and halves of characters."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode())


def header(part: EmailMessage, name: str) -> str:
    """A header decoded, on one line; empty where it is missing."""
    return decoded(raw_header(part, name))


def raw_header(part: EmailMessage, name: str) -> str:
    """The first header of this name as it was sent, unfolded."""
    return next(iter(raw_headers(part, name)), "")


def raw_headers(part: EmailMessage, name: str) -> list[str]:
    """All headers of this name as they were sent, unfolded."""
    wanted = name.lower()
    return [_unfolded(str(value)) for each, value in part.raw_items() if each.lower() == wanted]


def _unfolded(value: str) -> str:
    """On one line; 8-bit bytes, which the parser keeps as surrogates, as text."""
    line = " ".join(value[:_LONGEST_HEADER].split())
    try:
        return storable(line) if line.isascii() else text_of(line.encode("utf-8", "surrogateescape"), None)
    except UnicodeEncodeError:
        return storable(line)


def decoded(value: str) -> str:
    """A header's encoded words as text."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value)
    except (HeaderParseError, binascii.Error, ValueError):
        return value
    read = [piece if isinstance(piece, str) else _piece(piece, charset) for piece, charset in pieces]
    return " ".join(storable("".join(read)).split())


def _piece(piece: bytes, charset: str | None) -> str:
    # What stands between encoded words was escaped by the library, and is text already.
    return piece.decode("raw-unicode-escape", "replace") if charset is None else text_of(piece, charset)


def mailboxes(part: EmailMessage, name: str) -> list[Mailbox]:
    """The addresses of all headers of this name."""
    return mailboxes_in([value for value in raw_headers(part, name) if value])


def mailboxes_in(values: list[str]) -> list[Mailbox]:
    """The addresses in headers as sent. A name is decoded after its address was found, never before."""
    found = getaddresses(values)
    return [
        Mailbox(decoded(display).strip(" '\""), address.strip().lower())
        for display, address in found[:_MOST_ADDRESSES]
        if "@" in address
    ]


def message_ids(part: EmailMessage, name: str) -> list[str]:
    """Message-IDs in a header without their brackets, the last ones where there are very many."""
    return _MESSAGE_ID.findall(" ".join(raw_headers(part, name)))[-_MOST_REFERENCES:]
