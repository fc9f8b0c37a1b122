"""Where a found article has what was looked for: its whole title, and parts of its description and body."""

import re

from callbox.knowledge.articles import search_queries
from callbox.knowledge.articles.schemas import HighlightedText, Highlights
from callbox.knowledge.articles.search_queries import Found, FoundContent
from callbox.knowledge.articles.words import places_of
from callbox.knowledge.bodies import plain_text
from callbox.knowledge.locales import text_search
from callbox.platform.database import Connection
from callbox.wire.authentication import Caller

MAX_SNIPPETS = 3
# Characters before and after what was looked for.
_AROUND = 60

Place = tuple[int, int]
# A text, and where words are that may have been found.
Part = tuple[str, list[tuple[int, int, str]]]


async def highlights(held: Connection, caller: Caller, found: Found) -> list[Highlights]:
    """One for each article, in their order."""
    rows = await search_queries.found_contents.all(held, caller.workspace_id, found.article_ids, found.query)
    # A stem begins like the word: only words that begin like one of the stems have to be looked at.
    beginnings = tuple(sorted({stem[:2] for stem in re.findall(r"\w+(?=')", found.query)}))
    texts = [(row, _parts(row, beginnings)) for row in rows]
    asked = {(text_search(row.locale), word) for row, parts in texts for _, places in parts for _, _, word in places}
    any_of_them = found.query.replace("&", "|")
    matching = await search_queries.words_matching.all(
        held, [each for each, _ in asked], [word for _, word in asked], any_of_them
    )
    marked = {row.article_id: _highlights(row, parts, set(matching)) for row, parts in texts}
    return [marked[each] for each in found.article_ids if each in marked]


def _parts(row: FoundContent, beginnings: tuple[str, ...]) -> list[Part]:
    return [(text, places_of(text, beginnings)) for text in (row.title, row.description, plain_text(row.body))]


def _highlights(row: FoundContent, parts: list[Part], matching: set[tuple[str, str]]) -> Highlights:
    configuration = text_search(row.locale)
    (title, in_title), *others = [(text, _marked(places, configuration, matching)) for text, places in parts]
    snippets = [snippet for text, places in others for snippet in _snippets(text, places)]
    return Highlights(str(row.article_id), _pieces(title, in_title, 0, len(title)), snippets[:MAX_SNIPPETS])


def _marked(words: list[tuple[int, int, str]], configuration: str, matching: set[tuple[str, str]]) -> list[Place]:
    """Where the words are that match; those that touch are one."""
    places: list[Place] = []
    for start, end, word in words:
        if (configuration, word) not in matching:
            continue
        touches = bool(places) and start <= places[-1][1]
        places.append((places.pop()[0] if touches else start, end))
    return places


def _snippets(text: str, places: list[Place]) -> list[list[HighlightedText]]:
    """Parts of a text around what was found, ends of words kept, no part twice."""
    snippets = []
    shown = 0
    for start, end in places:
        if start < shown:
            continue
        begin = max(shown, text.rfind(" ", 0, max(start - _AROUND, 0)) + 1)
        space = text.find(" ", end + _AROUND)
        shown = len(text) if space < 0 else space
        shown = max([shown, *(after for before, after in places if before < shown)])
        snippets.append(_pieces(text, [each for each in places if begin <= each[0] < shown], begin, shown))
        if len(snippets) == MAX_SNIPPETS:
            break
    return snippets


def _pieces(text: str, places: list[Place], begin: int, end: int) -> list[HighlightedText]:
    pieces: list[HighlightedText] = []
    at = begin
    for start, stop in places:
        if start > at:
            pieces.append(HighlightedText("plain", text[at:start]))
        pieces.append(HighlightedText("highlight", text[start:stop]))
        at = stop
    if at < end:
        pieces.append(HighlightedText("plain", text[at:end]))
    return pieces
