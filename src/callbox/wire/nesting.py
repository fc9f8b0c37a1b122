"""HTML that costs a parser no more than its length: nested to a bounded depth, every element closed where it stands.

What a parser does with elements that overlap or stay open grows with the square of their number, in time and in what
it makes of them: thirty kilobytes can become fourteen megabytes. So such HTML is put in order before it is parsed. A
reader of tags suffices for that, if it sees all that a parser sees: what it took for a tag and is none would hide one.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import NamedTuple

MAX_DEPTH = 200
# Of elements that are opened again in each further block until they are closed: how many, at all tags together.
_MOST_REOPENED = 300_000

# A tag ends where the standard's tokenizer ends it, at the end of the text at the latest.
_TOKEN = re.compile(
    r"""
    <!--(?:-?>|.*?(?:--!?>|\Z))
    | <(?:[!?]|/(?![a-zA-Z]))[^>]*+(?:>|\Z)
    | <(?P<end>/?)(?P<name>[a-zA-Z][^ \t\n\f\r/>]*+)
      (?:
        [ \t\n\f\r/]++
        | [^ \t\n\f\r/>][^ \t\n\f\r/>=]*+
          (?:
            [ \t\n\f\r]*+=[ \t\n\f\r]*+
            (?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\f\r"'>][^ \t\n\f\r>]*+|(?=>|\Z))
          )?+
      )*+
      (?:>|\Z)
    """,
    re.VERBOSE | re.DOTALL,
)
_VOID = frozenset(
    {
        *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img", "input"),
        *("keygen", "link", "meta", "param", "source", "track", "wbr"),
    }
)
# In them, nothing is a tag but their own end.
_RAW = frozenset({"iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title", "xmp"})
# In them, and after the last two, other rules hold. Nothing of the first three is shown.
_HIDDEN = frozenset({"math", "svg", "template"})
_UNRULY = _HIDDEN | {"frameset", "plaintext", "select"}
_REOPENED = frozenset({"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"})

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_TABLE_PARTS = frozenset({"caption", "tbody", "td", "tfoot", "th", "thead", "tr"})
_BLOCKS = _HEADINGS | {
    *("address", "article", "aside", "blockquote", "center", "details", "div", "dl", "fieldset", "figcaption"),
    *("figure", "footer", "form", "header", "hr", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul"),
}
_SECTIONS = frozenset({"tbody", "tfoot", "thead"})
# What ends where a tag of this name begins, and what it lies in at the nearest.
_ENDED: dict[str, tuple[Collection[str], Collection[str]]] = {
    **dict.fromkeys(_BLOCKS, ({"p"}, {"table", "td", "th"})),
    "a": ({"a"}, {"table", "td", "th"}),
    "li": ({"li"}, {"ol", "ul"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "td": ({"td", "th"}, {"table"}),
    "th": ({"td", "th"}, {"table"}),
    "tr": ({"tr"}, {"table"}),
    **dict.fromkeys(_SECTIONS, (_SECTIONS, {"table"})),
}


class _Tag(NamedTuple):
    """A tag, or a comment, which has no name. What follows it as its content, and is none of ours, is `skipped`."""

    name: str
    is_end: bool
    start: int
    end: int
    skipped: int


def orderly(text: str, allowed: Collection[str]) -> str | None:
    """The same HTML; where elements overlap or stay open, with the allowed ones alone, each closed in its order.

    None where it is nested too deeply even so.
    """
    if _is_orderly(text):
        return text
    ordered = _ordered(text, allowed)
    return ordered if _is_orderly(ordered) else None


def _tags(text: str) -> Iterator[_Tag]:
    place = 0
    while found := _TOKEN.search(text, place):
        name = found["name"] or ""
        name = name.lower() if name.isascii() else name
        place = found.end()
        if name in _RAW and not found["end"]:
            closing = _end_of(name).search(text, place)
            place = closing.start() if closing else len(text)
        yield _Tag(name, bool(found["end"]), found.start(), found.end(), place)


@cache
def _end_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE | re.ASCII)


def _is_orderly(text: str) -> bool:
    """Whether each end tag ends what was begun last, so that a parser has to find out nothing by itself."""
    opened: list[str] = []
    reopened = most = 0
    for tag in _tags(text):
        if tag.name in _UNRULY or (tag.name == "script" and "<!--" in text[tag.end : tag.skipped]):
            return False
        if tag.is_end and tag.name not in _VOID:
            if not opened or opened.pop() != tag.name:
                return False
            reopened -= tag.name in _REOPENED
        elif tag.name and tag.name not in _VOID:
            opened.append(tag.name)
            reopened += tag.name in _REOPENED
        most += reopened
        if len(opened) > MAX_DEPTH or most > _MOST_REOPENED:
            return False
    return True


def _ordered(text: str, allowed: Collection[str]) -> str:
    """About what a parser would make of it. It ends where it is nested too deeply."""
    order = _Order(allowed)
    hidden, place = "", 0
    for tag in _tags(text):
        if hidden:
            hidden = "" if tag.is_end and tag.name == hidden else hidden
            place = tag.skipped
            continue
        order.parts.append(text[place : tag.start])
        place = tag.skipped
        if tag.name in _HIDDEN and not tag.is_end and text[tag.end - 2] != "/":
            hidden = tag.name
        elif tag.is_end:
            order.end({tag.name}, _around(tag.name))
        elif tag.name and text[tag.end - 1] == ">":
            order.begin(tag.name, text[tag.start : tag.end])
            if len(order.opened) > MAX_DEPTH:
                return "".join(order.parts)
    if not hidden:
        order.parts.append(text[place:])
    order.end(order.opened[:1], ())
    return "".join(order.parts)


def _around(name: str) -> Collection[str]:
    """What an end tag of this name does not end."""
    if name == "table":
        return ()
    return {"table"} if name in _TABLE_PARTS else {"table", "td", "th"}


class _Order:
    """HTML that is written anew: what was begun is ended, and of the tags only the allowed ones are written."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed
        self.parts: list[str] = []
        self.opened: list[str] = []

    def begin(self, name: str, tag: str) -> None:
        """An element begins, and where it does, others end."""
        self.end(*_ENDED.get(name, ((), ())))
        if name in self._allowed:
            self.parts.append(tag)
        if name not in _VOID:
            self.opened.append(name)

    def end(self, names: Collection[str], around: Collection[str]) -> None:
        """The innermost of these elements ends, and with it what is in it, unless something lies in between."""
        for depth in range(len(self.opened) - 1, -1, -1):
            if self.opened[depth] in names:
                self.parts += [f"</{name}>" for name in reversed(self.opened[depth:]) if name in self._allowed]
                del self.opened[depth:]
                return
            if self.opened[depth] in around:
                return
