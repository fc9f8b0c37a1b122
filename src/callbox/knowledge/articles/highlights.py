"""Where a found article has what was looked for: its whole title, and parts of its description and body."""

import re

import msgspec

from callbox.knowledge.articles import search_queries
from callbox.knowledge.articles.queries import ArticleRow, ContentRow
from callbox.knowledge.articles.schemas import HighlightedText, Highlights
from callbox.knowledge.articles.words import places_of
from callbox.knowledge.bodies import plain_text
from callbox.knowledge.locales import text_search
from callbox.platform.database import Connection

MAX_SNIPPETS = 3
# Characters before and after what was looked for.
_AROUND = 60
# Stems of so many words are remembered: of some languages, all that are looked for. What is longer is no word.
_MAX_REMEMBERED = 100_000
_MAX_REMEMBERED_LENGTH = 50

Place = tuple[int, int]
# A word with the text search configuration of its language.
Word = tuple[str, str]

_stems: dict[Word, list[str]] = {}


class _Text(msgspec.Struct):
    """An article in one language: title, description and body, and where words are that may have been found."""

    configuration: str
    parts: list[str]
    places: list[list[tuple[int, int, str]]]


class _Wanted:
    """The stems that were looked for, from PostgreSQL's form of a question."""

    def __init__(self, query: str) -> None:
        found = re.findall(r"'(\w+)'(:\*)?", query)
        self._whole = {stem for stem, _ in found}
        self._begun = tuple(stem for stem, mark in found if mark)
        # A stem begins like the word: only words that begin like one of the stems have to be looked at.
        self.beginnings = tuple(sorted({stem[:2] for stem in self._whole}))

    def has(self, stems: list[str]) -> bool:
        return any(stem in self._whole or stem.startswith(self._begun) for stem in stems)


async def highlights(held: Connection, rows: list[ArticleRow], query: str) -> list[Highlights]:
    """One for each article, in the language that has most of what was looked for, its default one if in doubt."""
    wanted = _Wanted(query)
    texts = [_texts(row, wanted.beginnings) for row in rows]
    asked = {(each.configuration, word) for of in texts for each in of for part in each.places for _, _, word in part}
    stems = await _stems_of(held, asked)
    matching = {
        (configuration, word) for configuration, word in asked if wanted.has([word, *stems[configuration, word]])
    }
    return [_highlights(row.id, of, matching) for row, of in zip(rows, texts, strict=True)]


def _texts(row: ArticleRow, beginnings: tuple[str, ...]) -> list[_Text]:
    """The default language first."""
    others = [each for each in row.contents or () if each.locale != row.default_locale]
    return [_text(row.default_locale, row, beginnings), *(_text(each.locale, each, beginnings) for each in others)]


def _text(locale: str, content: ArticleRow | ContentRow, beginnings: tuple[str, ...]) -> _Text:
    parts = [content.title, content.description, plain_text(content.body)]
    return _Text(text_search(locale), parts, [places_of(part, beginnings) for part in parts])


async def _stems_of(held: Connection, words: set[Word]) -> dict[Word, list[str]]:
    """Words have the same stems for ever: those that are not remembered yet are asked for."""
    known = {word: _stems[word] for word in words if word in _stems}
    unknown = words - known.keys()
    if not unknown:
        return known
    rows = await search_queries.stems_of_words.all(held, *map(list, zip(*unknown, strict=True)))
    found = {(row.configuration, row.word): row.stems for row in rows}
    if len(_stems) + len(found) > _MAX_REMEMBERED:
        _stems.clear()
    _stems.update((word, stems) for word, stems in found.items() if len(word[1]) <= _MAX_REMEMBERED_LENGTH)
    return known | found


def _highlights(article_id: int, texts: list[_Text], matching: set[Word]) -> Highlights:
    marked = [[_marked(places, text.configuration, matching) for places in text.places] for text in texts]
    best = max(range(len(texts)), key=lambda at: sum(map(len, marked[at])))
    (title, in_title), *others = zip(texts[best].parts, marked[best], strict=True)
    snippets = [snippet for text, places in others for snippet in _snippets(text, places)]
    return Highlights(str(article_id), _pieces(title, in_title, 0, len(title)), snippets[:MAX_SNIPPETS])


def _marked(words: list[tuple[int, int, str]], configuration: str, matching: set[Word]) -> list[Place]:
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
