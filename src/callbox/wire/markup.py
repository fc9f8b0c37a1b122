"""Markup before it is made safe: bounded, so that no parser takes long over it, nor makes much of little.

A parser's time grows with the square of the depth, and what is bold without an end is bold anew in every paragraph.
Where much could come of it, all is therefore written anew: each is closed inside the one around it, and nothing is
left that could be read in two ways, such as comments and elements that hold no markup.
"""

import html
import re

from callbox.wire.errors import ParameterInvalid

MAX_HTML_LENGTH = 500_000
MAX_DEPTH = 200
# No more can come of it than all of it in each of its elements: so little is left as it is written.
_MOST_MADE_OF_IT = 5_000_000
# A block ends a paragraph with all that is open there, and what was bold is opened again in each block that follows,
# until its own end. So many characters may come of that.
_MOST_REOPENED = 2_000_000
_REOPENED = frozenset({"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"})

# Possessive throughout: on what has no end, trying it shorter would take the square of its length.
_SPACE = r"\t\n\f\r "
_ATTRIBUTE = (
    rf"(=[^{_SPACE}/>=]*+|[^{_SPACE}/>=]++)"
    rf"""(?:[{_SPACE}]*+(=)[{_SPACE}]*+(?:"([^"]*+)(?:"|\Z)|'([^']*+)(?:'|\Z)|([^{_SPACE}>]*+)))?+"""
)
_ATTRIBUTES = re.compile(_ATTRIBUTE)
_PIECE = re.compile(
    rf"<(?P<end>/?)(?P<name>[a-zA-Z][^{_SPACE}/>]*+)(?P<attributes>(?:[{_SPACE}/]++|{_ATTRIBUTE})*+)(?:>|\Z)"
    r"|<!--(?:-?>|(?:[^-]++|-(?!-!?>))*+(?:--!?>|\Z))|<(?:[!?]|/(?![a-zA-Z]))[^>]*+(?:>|\Z)"
    r"|(?P<text>[^<]++|<)"
)
_MEANT_OTHERWISE = dict.fromkeys(map(ord, "<\"'=&"), "-")
# An end of a paragraph that never began makes one.
_ELEMENT = re.compile(r"<(?:[a-zA-Z]|/(?:p|br)\b)", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)([^<>]*+)>")

_VOID = frozenset(
    {
        *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen"),
        *("link", "meta", "param", "source", "track", "wbr"),
    }
)
# The next one of its kind ends it.
_SELF_ENDING = frozenset({"p", "li", "dt", "dd", "option", "tr", "td", "th"})
# These do not nest in one another, as far as a look at tags can tell.
_HOLDING_NONE = _VOID | _SELF_ENDING
# What stands inside is no HTML.
_OPAQUE = frozenset(
    {
        *("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"),
        *("svg", "math"),
    }
)


def bounded(text: str, field: str) -> str:
    """The markup that may be parsed. Raises ParameterInvalid where it is too long or nested too deeply."""
    if len(text) > MAX_HTML_LENGTH:
        raise ParameterInvalid(f"{field} must be at most {MAX_HTML_LENGTH} characters long")
    elements = sum(1 for _ in _ELEMENT.finditer(text))
    if elements * len(text) > _MOST_MADE_OF_IT:
        writer = _Writer()
        text = writer.anew(text)
        is_too_deep = writer.is_too_deep
    else:
        is_too_deep = _depth(text) > MAX_DEPTH
    if is_too_deep:
        raise ParameterInvalid(f"{field} is nested too deeply")
    return text


def _depth(text: str) -> int:
    """How deeply elements are nested, roughly."""
    depth = deepest = 0
    for closing, name, attributes in _TAG.findall(text):
        if closing:
            depth = max(depth - 1, 0)
        elif not attributes.endswith("/") and name.lower() not in _HOLDING_NONE:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


class _Writer:
    """Writes markup so that every parser finds the same elements in it."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._open: list[str] = []
        # Of each that is open, how many characters it takes to open it again.
        self._sizes: list[int] = []
        self._deepest = self._reopened = self._all_reopened = 0

    @property
    def is_too_deep(self) -> bool:
        """Whether more would come of it than may."""
        return self._deepest > MAX_DEPTH or self._all_reopened > _MOST_REOPENED

    def anew(self, text: str) -> str:
        """The same elements, up to where they are nested too deeply."""
        place = 0
        while place < len(text) and not self.is_too_deep:
            piece = _PIECE.match(text, place)
            if piece is None:  # the pattern takes every character
                raise AssertionError(text[place : place + 20])
            place = piece.end()
            if piece["text"] is not None:
                self._written.append("&lt;" if piece["text"] == "<" else piece["text"])
            elif piece["name"] is not None:
                place = self._take(piece, text)
        self._close_to(0)
        return "".join(self._written)

    def _take(self, piece: re.Match[str], text: str) -> int:
        """Take a tag; answers where to go on."""
        name = piece["name"].lower()
        if piece["end"]:
            if name in self._open:
                self._close_to(len(self._open) - 1 - self._open[::-1].index(name))
        elif name in _OPAQUE:
            return _end_of(name, text, piece.end())
        else:
            self._begin(name, piece["attributes"])
        return piece.end()

    def _begin(self, name: str, attributes: str) -> None:
        if name in _SELF_ENDING and self._open and self._open[-1] == name:
            self._close_to(len(self._open) - 1)
        start = f"<{_safe(name)}{_attributes(attributes)}>"
        self._written.append(start)
        if name not in _VOID:
            self._open.append(name)
            self._sizes.append(len(start) if name in _REOPENED else 0)
            self._reopened += self._sizes[-1]
            self._deepest = max(self._deepest, len(self._open))
        if name not in _REOPENED:
            self._all_reopened += self._reopened

    def _close_to(self, depth: int) -> None:
        while len(self._open) > depth:
            self._reopened -= self._sizes.pop()
            self._written.append(f"</{_safe(self._open.pop())}>")


def _end_of(name: str, text: str, start: int) -> int:
    end = re.compile(rf"</{name}(?![a-zA-Z0-9])[^>]*+>?", re.IGNORECASE).search(text, start)
    return len(text) if end is None else end.end()


def _safe(name: str) -> str:
    return name.translate(_MEANT_OTHERWISE)


def _attributes(written: str) -> str:
    found = (each.groups(default="") for each in _ATTRIBUTES.finditer(written))
    return "".join(
        f' {_safe(name)}="{html.escape(html.unescape(quoted or single or bare))}"' if sign else f" {_safe(name)}"
        for name, sign, quoted, single, bare in found
    )
