"""Markup before it is made safe: bounded, so that no parser takes long over it, nor makes much of little.

A parser's time grows with the square of the depth, and what is bold without an end is bold anew in every paragraph.
Where much could come of it, all is therefore written anew: each is closed inside the one around it, and nothing is
left that could be read in two ways, such as comments and elements that hold no markup.
"""

import html
import re
from collections import Counter
from typing import NamedTuple

from callbox.wire.errors import ParameterInvalid

MAX_HTML_LENGTH = 500_000
MAX_DEPTH = 200
# Characters of what is begun anew after an interruption.
_MOST_REPEATED = 100_000
# No more can come of it than all of it in each of its elements: so little is left as it is written.
_MOST_MADE_OF_IT = 5_000_000

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
_ELEMENT = re.compile(r"<[a-zA-Z]")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)([^<>]*+)>")

_VOID = frozenset(
    {
        *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen"),
        *("link", "meta", "param", "source", "track", "wbr"),
    }
)
# The next one of its kind ends it.
_SELF_ENDING = frozenset({"p", "li", "dt", "dd", "option", "tr", "td", "th"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_ENDS_PARAGRAPH = _HEADINGS | {
    *("address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt"),
    *("fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "li", "listing", "main", "menu"),
    *("nav", "ol", "p", "pre", "search", "section", "summary", "table", "ul"),
}
_CELLS = frozenset({"caption", "td", "th"})
# Beyond these a parser does not look for what it ends.
_SCOPES = _CELLS | {"applet", "button", "marquee", "object", "table", "template"}
_BLOCKS = _ENDS_PARAGRAPH | _CELLS | {"col", "colgroup", "table", "tbody", "tfoot", "thead", "tr"}
_AROUND_ITEMS = (_BLOCKS | _SCOPES) - {"address", "div", "p"}
# What goes on in what follows when it is interrupted.
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
# By what begins: what it ends, and how far up that is looked for.
_ENDED: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    **dict.fromkeys(("a", "nobr"), (frozenset({"a", "nobr"}), _CELLS)),
    "button": (frozenset({"button"}), _SCOPES - {"button"}),
    "li": (frozenset({"li"}), _AROUND_ITEMS - {"li"}),
    **dict.fromkeys(("dd", "dt"), (frozenset({"dd", "dt"}), _AROUND_ITEMS - {"dd", "dt"})),
    "table": (frozenset({"table"}), _CELLS),
}
_GROUPS = frozenset({"table", "tbody", "tfoot", "thead"})
# By the parts of tables: what they stand in, and all else in it ends.
_AROUND = {
    **dict.fromkeys(("td", "th"), _GROUPS | {"tr"}),
    "tr": _GROUPS,
    **dict.fromkeys(("caption", "col", "colgroup", "tbody", "tfoot", "thead"), frozenset({"table"})),
}
# What stands inside is no HTML.
_OPAQUE = frozenset(
    {
        *("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "noscript", "plaintext"),
        *("svg", "math"),
    }
)


class _Element(NamedTuple):
    """An element that is open, and how it began."""

    name: str
    start: str


def bounded(text: str, field: str) -> str:
    """The markup that may be parsed. Raises ParameterInvalid where it is too long or nested too deeply."""
    if len(text) > MAX_HTML_LENGTH:
        raise ParameterInvalid(f"{field} must be at most {MAX_HTML_LENGTH} characters long")
    elements = sum(1 for _ in _ELEMENT.finditer(text))
    written = _Writer() if elements * len(text) > _MOST_MADE_OF_IT else None
    if written is not None:
        text = written.anew(text)
    if (_depth(text) if written is None else written.deepest) > MAX_DEPTH:
        raise ParameterInvalid(f"{field} is nested too deeply")
    return text


def _depth(text: str) -> int:
    """How deeply elements are nested, roughly."""
    depth = deepest = 0
    for closing, name, attributes in _TAG.findall(text):
        if closing:
            depth = max(depth - 1, 0)
        elif not attributes.endswith("/") and name.lower() not in _VOID | _SELF_ENDING:
            depth += 1
            deepest = max(deepest, depth)
    return deepest


class _Writer:
    """Writes markup so that every parser finds the same elements in it."""

    def __init__(self) -> None:
        self.deepest = 0
        self._written: list[str] = []
        self._open: list[_Element] = []
        self._numbers: Counter[str] = Counter()
        # What is bold or a link, and was interrupted: it goes on in the next text.
        self._pending: list[_Element] = []
        self._repeated = 0

    def anew(self, text: str) -> str:
        """The same elements, up to where they are nested too deeply."""
        place = 0
        while place < len(text) and self.deepest <= MAX_DEPTH:
            piece = _PIECE.match(text, place)
            if piece is None:  # the pattern takes every character
                raise AssertionError(text[place : place + 20])
            place = piece.end()
            if piece["text"] is not None:
                self._go_on()
                self._written.append("&lt;" if piece["text"] == "<" else piece["text"])
            elif piece["name"] is not None:
                place = self._take(piece, text)
        self._close_to(0)
        return "".join(self._written)

    def _take(self, piece: re.Match[str], text: str) -> int:
        """Take a tag; answers where to go on."""
        name = piece["name"].lower()
        if piece["end"]:
            self._end_named(name)
        elif name in _OPAQUE:
            return _end_of(name, text, piece.end())
        else:
            self._begin(_Element(name, f"<{_safe(name)}{_attributes(piece['attributes'])}>"))
        return piece.end()

    def _begin(self, element: _Element) -> None:
        self._end_before(element.name)
        if element.name not in _BLOCKS:
            self._go_on()
        self._write(element)

    def _write(self, element: _Element) -> None:
        self._written.append(element.start)
        if element.name not in _VOID:
            self._open.append(element)
            self._numbers[element.name] += 1
            self.deepest = max(self.deepest, len(self._open))

    def _go_on(self) -> None:
        """Begin anew what was interrupted, as a parser does, but not for ever."""
        pending, self._pending = self._pending, []
        for element in pending:
            self._repeated += len(element.start)
            if self._repeated <= _MOST_REPEATED:
                self._write(element)

    def _end_named(self, name: str) -> None:
        for element in reversed(self._pending):
            if element.name == name:
                self._pending.remove(element)
                return
        self._end(frozenset({name}), frozenset())

    def _end_before(self, name: str) -> None:
        """End in words what a parser ends without."""
        if name in _ENDS_PARAGRAPH:
            self._end(frozenset({"p"}), _SCOPES)
        if name in _AROUND:
            place = self._innermost(_AROUND[name])
            self._close_to(len(self._open) if place is None else place + 1)
            self._pending = []
        elif name in _ENDED:
            self._pending = [element for element in self._pending if element.name != name]
            self._end(*_ENDED[name])
        elif self._open and (self._open[-1].name == name == "option" or {self._open[-1].name, name} <= _HEADINGS):
            self._close_to(len(self._open) - 1)

    def _end(self, ended: frozenset[str], scopes: frozenset[str]) -> None:
        """End the innermost of these, if there is one within a scope."""
        if not any(self._numbers[name] for name in ended):
            return
        place = self._innermost(ended | scopes)
        if place is not None and self._open[place].name in ended:
            self._pending = self._close_to(place + 1) + self._pending
            self._close_to(place)

    def _innermost(self, names: frozenset[str]) -> int | None:
        return next((place for place in range(len(self._open) - 1, -1, -1) if self._open[place].name in names), None)

    def _close_to(self, depth: int) -> list[_Element]:
        """Answers what is bold or a link among what was closed, the outermost first."""
        interrupted: list[_Element] = []
        while len(self._open) > depth:
            element = self._open.pop()
            self._numbers[element.name] -= 1
            self._written.append(f"</{_safe(element.name)}>")
            if element.name in _CELLS:
                interrupted.clear()
            elif element.name in _FORMATTING:
                interrupted.insert(0, element)
        return interrupted


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
