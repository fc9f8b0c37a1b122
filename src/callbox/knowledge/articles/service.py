"""The rules of articles: written in one language or several, published or not, in a collection or alone."""

from asyncpg import ForeignKeyViolationError
from msgspec import UNSET
from msgspec.json import encode

from callbox.knowledge.articles import queries
from callbox.knowledge.articles.queries import ArticleRow, HeldArticle
from callbox.knowledge.articles.schemas import (
    Article,
    ArticleDeleted,
    ArticleListItem,
    ArticleStatistics,
    BegunConversationRequest,
    CreateArticleRequest,
    ReactionRequest,
    UpdateArticleRequest,
    article_from_row,
    list_item,
    statistics_from_row,
)
from callbox.knowledge.articles.writing import Content, Draft, content_from_row, save
from callbox.knowledge.help_center.collections import CollectionsRemoved, collection_to_fill
from callbox.knowledge.help_center.queries import CollectionRow
from callbox.knowledge.help_center.service import DefaultLocaleChanged, help_center_of
from callbox.platform.database import Connection, connection, savepoint, transaction
from callbox.platform.events import Event, Topic, record_many
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.wire.pagination import NumberedPage


class ArticleNotFound(NotFound):
    """The workspace has no such article."""


async def list_articles(caller: Caller, page: NumberedPage) -> tuple[list[ArticleListItem], int]:
    """A page of articles, latest change first, and how many there are."""
    async with connection() as held:
        rows = await queries.articles_page.all(held, caller.workspace_id, page.per_page, page.offset)
        total = await queries.articles_total.one(held, caller.workspace_id)
    return [list_item(caller.workspace_id, row) for row in rows], total


async def get_article(caller: Caller, article_id: WireId) -> Article:
    """One article."""
    async with connection() as held:
        row = await queries.article_by_id.first(held, caller.workspace_id, decimal_id(article_id))
    if row is None:
        raise ArticleNotFound
    return article_from_row(caller.workspace_id, row)


async def create_article(caller: Caller, request: CreateArticleRequest) -> Article:
    """A new article. Raises ParameterNotFound where its default language has no title or author."""
    draft = Draft(request)
    async with transaction() as held:
        collection = await _collection_sent(held, caller, request.parent_id)
        center = await help_center_of(held, caller, collection)
        changes = await draft.applied(held, caller, {}, center.default_locale)
        article_id = await queries.insert_article.one(
            held,
            caller.workspace_id,
            center.id,
            None if collection is None else collection.id,
            center.default_locale,
            caller.now(),
        )
        await save(held, caller, article_id, changes)
        row = await queries.article_by_id.one(held, caller.workspace_id, article_id)
        topics = [Topic.ARTICLE_CREATED, *([Topic.ARTICLE_PUBLISHED] if row.state == "published" else [])]
        return await _told(held, caller, topics, row)


async def update_article(caller: Caller, article_id: str, request: UpdateArticleRequest) -> Article:
    """Change what is sent of an article: in general, of its default language, and of others."""
    draft = Draft(request)
    async with transaction() as held:
        # A collection before what is in it, as when one is deleted.
        parent_id = None if request.parent_id is UNSET else request.parent_id
        collection = await _collection_sent(held, caller, parent_id)
        article = await _hold(held, caller, article_id)
        rows = await queries.contents_of_article.all(held, caller.workspace_id, article.id)
        before = {row.locale: content_from_row(row) for row in rows}
        changes = await draft.applied(held, caller, before, article.default_locale)
        if request.parent_id is not UNSET:
            await _move(held, caller, article, collection, {**before, **changes})
        await queries.update_article.run(
            held,
            caller.workspace_id,
            article.id,
            article.help_center_id,
            article.collection_id,
            article.default_locale,
            caller.now(),
        )
        await save(held, caller, article.id, changes)
        row = await queries.article_by_id.one(held, caller.workspace_id, article.id)
        return await _told(held, caller, _topics_of_change(before, row), row)


async def _collection_sent(held: Connection, caller: Caller, parent_id: WireId | None) -> CollectionRow | None:
    return None if parent_id is None or parent_id == "" else await collection_to_fill(held, caller, parent_id)


async def _hold(held: Connection, caller: Caller, article_id: WireId) -> HeldArticle:
    article = await queries.article_for_update.first(held, caller.workspace_id, decimal_id(article_id))
    if article is None:
        raise ArticleNotFound
    return article


async def _move(
    held: Connection,
    caller: Caller,
    article: HeldArticle,
    collection: CollectionRow | None,
    contents: dict[str, Content | None],
) -> None:
    """Into a collection, or out of the one it is in. What is taken out stays in its help center."""
    article.collection_id = None if collection is None else collection.id
    if collection is None or collection.help_center_id == article.help_center_id:
        return
    center = await help_center_of(held, caller, collection)
    article.help_center_id = center.id
    if contents.get(center.default_locale) is not None:
        article.default_locale = center.default_locale


def _topics_of_change(before: dict[str, Content], row: ArticleRow) -> list[Topic]:
    was = before[row.default_locale].state if row.default_locale in before else "draft"
    if was == row.state:
        return [Topic.ARTICLE_UPDATED]
    return [Topic.ARTICLE_UPDATED, Topic.ARTICLE_PUBLISHED if row.state == "published" else Topic.ARTICLE_UNPUBLISHED]


async def _told(held: Connection, caller: Caller, topics: list[Topic], row: ArticleRow) -> Article:
    article = article_from_row(caller.workspace_id, row)
    item = encode(article).decode()
    await record_many(held, caller.workspace_id, [Event(topic, article.id, item) for topic in topics], caller.now())
    return article


async def delete_article(caller: Caller, article_id: str) -> ArticleDeleted:
    """Delete an article in all its languages."""
    async with transaction() as held:
        article = await _hold(held, caller, article_id)
        await queries.delete_article_row.run(held, caller.workspace_id, article.id)
        deleted = ArticleDeleted(str(article.id), "article", deleted=True)
        event = Event(Topic.ARTICLE_DELETED, deleted.id, encode(deleted).decode())
        await record_many(held, caller.workspace_id, [event], caller.now())
    return deleted


async def take_out(held: Connection, workspace_id: str, removed: CollectionsRemoved) -> None:
    """Collections are deleted, what was in them is not: it stands alone, and counts as updated."""
    ids = await queries.take_out_of_collections.all(held, workspace_id, removed.collection_ids, removed.at)
    await queries.index_articles.run(held, workspace_id, ids)
    rows = await queries.articles_by_ids.all(held, workspace_id, ids)
    articles = [article_from_row(workspace_id, row) for row in rows]
    events = [Event(Topic.ARTICLE_UPDATED, article.id, encode(article).decode()) for article in articles]
    await record_many(held, workspace_id, events, removed.at)


async def turn(held: Connection, workspace_id: str, changed: DefaultLocaleChanged) -> None:
    """A help center has another default language: so have its articles, where they are told in it."""
    ids = await queries.turn_articles.all(held, workspace_id, changed.help_center_id, changed.locale)
    await queries.index_articles.run(held, workspace_id, ids)


# What readers do


async def count_view(caller: Caller, article_id: str) -> ArticleStatistics:
    """A reader opened the article."""
    async with transaction() as held:
        number = await _keep(held, caller, article_id)
        await queries.count_view.run(held, caller.workspace_id, number)
        return await _counted(held, caller, number)


async def react(caller: Caller, article_id: str, request: ReactionRequest) -> ArticleStatistics:
    """A reader said what they think of the article; their last word counts."""
    async with transaction() as held:
        number = await _keep(held, caller, article_id)
        await queries.save_reaction.run(
            held, caller.workspace_id, number, request.person_id, request.reaction, caller.now()
        )
        return await _counted(held, caller, number)


async def count_conversation(caller: Caller, article_id: str, request: BegunConversationRequest) -> ArticleStatistics:
    """A reader began a conversation from the article; told again, it counts once."""
    async with transaction() as held:
        number = await _keep(held, caller, article_id)
        conversation_id = decimal_id(request.conversation_id)
        try:
            async with savepoint(held):
                await queries.insert_conversation.run(held, caller.workspace_id, number, conversation_id or 0)
        except ForeignKeyViolationError:
            raise ParameterInvalid(f"conversation_id: there is no conversation {request.conversation_id}") from None
        return await _counted(held, caller, number)


async def _keep(held: Connection, caller: Caller, article_id: str) -> int:
    number = await queries.article_to_keep.first(held, caller.workspace_id, decimal_id(article_id))
    if number is None:
        raise ArticleNotFound
    return number


async def _counted(held: Connection, caller: Caller, article_id: int) -> ArticleStatistics:
    return statistics_from_row(await queries.article_statistics.one(held, caller.workspace_id, article_id))
