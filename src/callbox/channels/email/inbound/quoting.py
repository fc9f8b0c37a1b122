"""What somebody wrote, without what they answer to: quoted mails and signatures are cut off.

Only what is recognised with certainty is cut: where nothing would be left, or answers stand between quotations,
the text stays whole. The original is kept in any case.
"""

import re

import quotequail  # type: ignore[import-untyped]

from callbox.wire.html import plain_text

# What the library does with a text grows with the square of its lines, and of a line's length.
_MOST_LINES = 1_500
_LONGEST_LINE = 2_000
_LONGEST_TEXT = 200_000

_QUOTED = re.compile(r"^\s*>")
_DELIMITER = re.compile(r"^(-- ?|__+)$")
_LONGEST_SIGNATURE = 20
_SENT_FROM = re.compile(
    r"^(sent from my |sent from outlook|get outlook for |sent via |von meinem .{1,40} gesendet|gesendet mit |"
    r"envoyé de mon |enviado desde mi |inviato da |verzonden vanaf mijn |enviado do meu |skickat från min ).{0,80}$",
    re.IGNORECASE,
)
_LAST_LINE = re.compile(r"<(div|p|span)>([^<>]{1,120})</\1>(?:\s|<br>|</?(?:div|p|span)>)*$")
_EMPTY_AT_END = re.compile(
    r"(?:<br>|<(div|p|span|blockquote)>(?:\s|<br>)*</\1>)\s*(?=(?:</(?:div|p|span|blockquote)>\s*)*$)"
)
_MOST_EMPTY = 20
_MARKED_ELEMENT = re.compile(
    r"""<(div|span|p|pre)\b[^<>]*\b(class|id)=["'][^"'<>]*\b"""
    r"""(gmail_signature|gmail_signature_prefix|gmail_attr|moz-signature|moz-cite-prefix|AppleMailSignature|"""
    r"""ms-outlook-mobile-signature|ms-outlook-ios-signature|x_Signature|Signature)\b""",
    re.IGNORECASE,
)
_FORWARDED = re.compile(r"^\s*(fwd?|wg|tr|rv|i|enc|doorst|vb|vs|vl)\s*:", re.IGNORECASE)
_BLOCKQUOTE = "<blockquote"
_VISIBLE = "<img"
_MOST_MARKS = 10
# A paragraph of invisible separators: they survive where attributes do not, and nobody writes three.
_MARK = "<p>\u2063\u2063\u2063</p>"


def is_forward(subject: str) -> bool:
    """Whether somebody passes a mail on: what they pass on is what they have to say."""
    return _FORWARDED.match(subject) is not None


def own_text(text: str) -> str:
    """A plain text without quotation and signature."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    return _without_signature(_without_quotation(text)).strip() or text


def _without_quotation(text: str) -> str:
    found = unwrapped_text(text)
    if found is not None:
        return _kept(found.get("text_top", ""), found.get("text_bottom", ""), text)
    return _before_trailing_quotation(text.split("\n"))


def unwrapped_text(text: str) -> dict[str, str] | None:
    """A mail that stands in a text, with its header lines and what is around it; None where none is recognised."""
    found: dict[str, str] | None = None if _is_too_much(text) else quotequail.unwrap(text)
    return found


def unwrapped_markup(markup: str) -> dict[str, str] | None:
    """The same in safe markup."""
    if len(markup) > _LONGEST_TEXT or _is_too_much(plain_text(markup)):
        return None
    try:
        found: dict[str, str] | None = quotequail.unwrap_html(markup)
    except (ValueError, RecursionError, AssertionError):
        return None
    return found


def _is_too_much(text: str) -> bool:
    lines = text.split("\n")
    return len(text) > _LONGEST_TEXT or len(lines) > _MOST_LINES or max(map(len, lines)) > _LONGEST_LINE


def _kept(above: str, below: str, whole: str) -> str:
    """What stands above a quotation, or below it; the whole where both do, or answers stand in between."""
    if not above and not below:
        return whole
    if above and not below:
        return above
    if any(_QUOTED.match(line) for line in below.split("\n")):
        return whole
    if not above or _is_signature(below):
        return above or below
    return whole


def _is_signature(text: str) -> bool:
    return _without_signature(f"\n{text}").strip() == ""


def _before_trailing_quotation(lines: list[str]) -> str:
    """In whichever language a quotation is introduced: a line that ends with a colon, and quoted lines to the end."""
    end = len(lines)
    while end and (_QUOTED.match(lines[end - 1]) or not lines[end - 1].strip()):
        end -= 1
    is_introduced = end > 0 and lines[end - 1].rstrip().endswith((":", "\uff1a"))
    return "\n".join(lines[: end - 1] if is_introduced and end < len(lines) else lines)


def _without_signature(text: str) -> str:
    lines = text.split("\n")
    for place in reversed(range(max(len(lines) - _LONGEST_SIGNATURE, 0), len(lines))):
        if _DELIMITER.match(lines[place]):
            return "\n".join(lines[:place])
    while lines and (not lines[-1].strip() or _SENT_FROM.match(lines[-1].strip())):
        lines.pop()
    return "\n".join(lines)


def mark_endings(markup: str) -> str:
    """Say where signatures and quotations begin, which programs mark in a way that safe markup has no place for."""
    return _MARKED_ELEMENT.sub(lambda found: f"{_MARK}{found[0]}", markup)


def own_markup(markup: str) -> str:
    """Safe markup without quotation and without what was marked. Elements that were cut open stay so."""
    own, is_cut = _without_quoted_markup(markup)
    pieces = own.split(_MARK)
    for place in range(1, min(len(pieces), _MOST_MARKS)):
        above, below = "".join(pieces[:place]), "".join(pieces[place:])
        # Where answers stand between quotations, a mark ends nothing.
        if _shows(above) and (is_cut or _BLOCKQUOTE not in below):
            return _without_sent_from(above)
    return _without_sent_from("".join(pieces))


def without_empty_end(markup: str) -> str:
    """Markup without the empty elements that cutting off its end leaves."""
    for _ in range(_MOST_EMPTY):
        shorter = _EMPTY_AT_END.sub("", markup)
        if shorter == markup:
            break
        markup = shorter
    return markup


def _without_sent_from(markup: str) -> str:
    found = _LAST_LINE.search(markup)
    if found is None or not _SENT_FROM.match(found[2].strip()) or not _shows(markup[: found.start()]):
        return markup
    return markup[: found.start()]


def _without_quoted_markup(markup: str) -> tuple[str, bool]:
    """The markup, and whether a quotation was cut off."""
    found = unwrapped_markup(markup)
    if found is None:
        return markup, False
    above, below = found.get("html_top", ""), found.get("html_bottom", "")
    if _BLOCKQUOTE in below or (_shows(above) and _shows(below)):
        return markup, False
    own = above if _shows(above) else below
    return (own, True) if _shows(own) else (markup, False)


def _shows(markup: str) -> bool:
    return _VISIBLE in markup or bool(plain_text(markup).strip(" \n\t\xa0\u200b\u2063"))
