"""Article search: every language at once, best first, forgiving.

All words are wanted, the last of them perhaps only begun. Where no article has them all, words that are misspelt may
be others that are spelt alike; and where still none is found, one word is enough.
"""

import difflib

import msgspec
from litestar.types import HTTPScope

from callbox.knowledge.articles import search_queries
from callbox.knowledge.articles.highlights import highlights
from callbox.knowledge.articles.queries import ArticleRow
from callbox.knowledge.articles.schemas import FoundArticles, SearchAnswer, SearchQuery, list_item
from callbox.knowledge.articles.search_queries import FoundRow
from callbox.knowledge.articles.words import spellable, terms_of
from callbox.platform.database import Connection, connection
from callbox.wire.authentication import Caller
from callbox.wire.decode import decimal_id
from callbox.wire.pagination import NumberedPage, linked_pages, numbered_page

DEFAULT_PER_PAGE = 10
MAX_PER_PAGE = 250
_MAX_ALIKE = 3
# 0 to 1: what a word has in common with one that may have been meant.
_ALIKE = 0.7


class _Found(msgspec.Struct):
    """How many articles there are, those of the page, best first, and the stems that were looked for."""

    total_count: int = 0
    articles: list[ArticleRow] = msgspec.field(default_factory=list)
    query: str = ""


async def search_articles(scope: HTTPScope, caller: Caller, query: SearchQuery) -> SearchAnswer:
    """A page of what a phrase finds; without a phrase, of all articles, latest change first."""
    page = numbered_page(query.page, query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    async with connection() as held:
        found = await _found(held, caller, query, page)
        shown = [list_item(caller.workspace_id, row) for row in found.articles]
        marked = await highlights(held, found.articles, found.query) if query.highlight else []
    pages = linked_pages(
        scope,
        page,
        found.total_count,
        phrase=query.phrase or None,
        state=query.state,
        help_center_id=query.help_center_id,
        highlight="true" if query.highlight else None,
    )
    return SearchAnswer("list", found.total_count, FoundArticles(shown, marked), pages)


async def _found(held: Connection, caller: Caller, query: SearchQuery, page: NumberedPage) -> _Found:
    center_id = None if not query.help_center_id else decimal_id(query.help_center_id) or 0
    where = (query.state or "all", center_id, page.per_page, page.offset)
    if not query.phrase.strip():
        return _gathered(await search_queries.newest.all(held, caller.workspace_id, *where))
    terms = terms_of(query.phrase)
    if not terms:
        return _Found()
    wanted = " & ".join([*map(_quoted, terms[:-1]), _begun(terms[-1])])
    found = await _matching(held, caller, wanted, *where)
    if found.total_count:
        return found
    spelled = await _spelled(held, caller, terms)
    for joint in (" & ", " | "):
        if spelled and not found.total_count:
            found = await _matching(held, caller, joint.join(spelled), *where)
    return found


async def _matching(held: Connection, caller: Caller, wanted: str, *where: object) -> _Found:
    arguments = search_queries.CONFIGURATIONS, wanted, *where
    return _gathered(await search_queries.matching.all(held, caller.workspace_id, *arguments))


def _gathered(rows: list[FoundRow]) -> _Found:
    articles = [row.article for row in rows if row.article is not None]
    return _Found(rows[0].total_count, articles, rows[0].query)


def _quoted(term: str) -> str:
    """A term in the query language. Terms hold letters and digits alone."""
    return f"'{term}'"


def _begun(term: str) -> str:
    return f"{_quoted(term)}:*"


async def _spelled(held: Connection, caller: Caller, terms: list[str]) -> list[str]:
    """Of each term that means something, its spellings, each any of which will do."""
    rows = await search_queries.spellings.all(held, caller.workspace_id, search_queries.CONFIGURATIONS, terms)
    can_be_misspelt = set(spellable(terms))
    spelled = []
    for row in rows:
        if row.is_stop_word:
            continue
        spellings = [row.term]
        if row.term in can_be_misspelt:
            spellings += row.turned
            spellings += difflib.get_close_matches(row.term, row.alike, _MAX_ALIKE, _ALIKE)
        spelled.append(f"({' | '.join(map(_begun if row.term == terms[-1] else _quoted, spellings))})")
    return spelled
