"""How a request changes an article's languages, each of which has a title, a body, an author and a state."""

from collections.abc import Mapping

import msgspec

from callbox.knowledge.articles import queries
from callbox.knowledge.articles.queries import ContentRow, State
from callbox.knowledge.articles.schemas import ContentRequest, CreateArticleRequest, UpdateArticleRequest
from callbox.knowledge.articles.words import spellable, words_of
from callbox.knowledge.bodies import plain_text, sanitise_body
from callbox.knowledge.locales import text_search, translations_sent
from callbox.platform.database import Connection
from callbox.wire.authentication import Caller
from callbox.wire.decode import decimal_id
from callbox.wire.errors import ParameterInvalid, ParameterNotFound
from callbox.workspace.admins.service import is_admin

# Of a body. A tsvector has room for a megabyte; Chinese takes ten bytes a character, and has a description besides.
MAX_SEARCHED_CHARACTERS = 90_000


class Content(msgspec.Struct):
    """An article in one language."""

    title: str
    description: str
    body: str
    author_id: int
    state: State


def content_from_row(row: ContentRow) -> Content:
    """A language as it is stored."""
    return Content(row.title, row.description, row.body, row.author_id, row.state)


class TitleMissing(ParameterNotFound):
    """The default language has none."""

    message = "title is a required parameter."


class AuthorMissing(ParameterNotFound):
    """The default language has none."""

    message = "author_id must be in the main body or default locale translated_content object"


class Draft:
    """What a request says of an article's languages, sanitised. Raises ParameterInvalid."""

    def __init__(self, request: CreateArticleRequest | UpdateArticleRequest) -> None:
        self._general = _sanitised(request, "body")
        self._translations = {
            locale: None if sent is None else _sanitised(sent, f"translated_content.{locale}.body")
            for locale, sent in translations_sent(request.translated_content).items()
        }

    async def applied(
        self, held: Connection, caller: Caller, before: Mapping[str, Content], default: str
    ) -> dict[str, Content | None]:
        """The languages that change; None is one that goes. What is said in general is said of the default one."""
        await self._check_authors(held, caller, {content.author_id for content in before.values()})
        sent: dict[str, ContentRequest | None] = {**self._translations}
        if sent.get(default, self._general) is None:
            raise ParameterInvalid(f"translated_content.{default} is the default language and cannot be null")
        own = _overlaid(sent.pop(default, None) or ContentRequest(), self._general)
        content = _default_content(before.get(default), own)
        changes: dict[str, Content | None] = {}
        if default not in before or own != ContentRequest():
            changes[default] = content
        for locale, translation in sent.items():
            changes[locale] = _translated(locale, before.get(locale), translation, content.author_id)
        return changes

    async def _check_authors(self, held: Connection, caller: Caller, known: set[int]) -> None:
        """Who is an author already may stay one, also after they left."""
        contents = [("author_id", self._general)]
        contents += [(f"translated_content.{key}.author_id", each) for key, each in self._translations.items() if each]
        for field, content in contents:
            if content.author_id is None:
                continue
            number = decimal_id(content.author_id)
            if number is None or not (number in known or await is_admin(held, caller.workspace_id, number)):
                raise ParameterInvalid(f"{field}: {content.author_id} is not an admin of the workspace")
            known.add(number)


def _sanitised(sent: ContentRequest, field: str) -> ContentRequest:
    body = None if sent.body is None else sanitise_body(sent.body, field, "no-margin")
    return ContentRequest(sent.title, sent.description, body, sent.author_id, sent.state)


def _overlaid(lower: ContentRequest, upper: ContentRequest) -> ContentRequest:
    pairs = zip(msgspec.structs.astuple(lower), msgspec.structs.astuple(upper), strict=True)
    return ContentRequest(*(below if above is None else above for below, above in pairs))


def _default_content(before: Content | None, sent: ContentRequest) -> Content:
    if before is None:
        if sent.title is None:
            raise TitleMissing
        if sent.author_id is None:
            raise AuthorMissing
        before = Content(sent.title, "", "", int(sent.author_id), "draft")
    return _changed(before, sent)


def _translated(locale: str, before: Content | None, sent: ContentRequest | None, author_id: int) -> Content | None:
    """A translation; a new one is by the author of the default language if nobody is named."""
    if sent is None:
        return None
    if before is None:
        if sent.title is None:
            raise ParameterNotFound(f"translated_content.{locale}.title is a required parameter")
        before = Content(sent.title, "", "", author_id, "draft")
    return _changed(before, sent)


def _changed(before: Content, sent: ContentRequest) -> Content:
    values = {name: value for name, value in msgspec.structs.asdict(sent).items() if value is not None}
    if sent.author_id is not None:
        values["author_id"] = int(sent.author_id)
    return msgspec.structs.replace(before, **values)


async def save(held: Connection, caller: Caller, article_id: int, changes: Mapping[str, Content | None]) -> None:
    """Store the languages that changed, with the words that they are found by."""
    known_words: list[str] = []
    for locale, content in changes.items():
        if content is None:
            await queries.delete_content.run(held, caller.workspace_id, article_id, locale)
            continue
        body = plain_text(content.body)[:MAX_SEARCHED_CHARACTERS]
        words = [words_of(text) for text in (content.title, content.description, body)]
        title, description, text = (" ".join(each) for each in words)
        key = caller.workspace_id, article_id, locale
        values = *msgspec.structs.astuple(content), caller.now(), text_search(locale), title, description
        await queries.save_content.run(held, *key, *values)
        await queries.index_content.run(held, *key, text_search(locale), title, description, text)
        known_words += [word for each in words for word in each]
    await queries.index_articles.run(held, caller.workspace_id, [article_id])
    await queries.add_words.run(held, caller.workspace_id, spellable(known_words))
