"""Articles over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.knowledge.articles import service
from callbox.knowledge.articles.schemas import (
    Article,
    ArticleDeleted,
    ArticleList,
    ArticleStatistics,
    BegunConversationRequest,
    CreateArticleRequest,
    ReactionRequest,
    SearchAnswer,
    SearchQuery,
    UpdateArticleRequest,
)
from callbox.knowledge.articles.search import search_articles
from callbox.knowledge.articles.writing import AuthorMissing, TitleMissing
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import PageQuery, linked_pages, page_asked_for

GROUP = "Articles"
DEFAULT_PER_PAGE = 25
MAX_PER_PAGE = 250


@operation("GET", "/articles", group=GROUP, query=PageQuery)
async def list_articles(scope: HTTPScope) -> ArticleList:
    """List the workspace's articles, latest change first."""
    page = page_asked_for(scope, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    articles, total = await service.list_articles(caller_of(scope), page)
    return ArticleList("list", linked_pages(scope, page, total), total, articles)


@operation(
    "POST",
    "/articles",
    group=GROUP,
    request=CreateArticleRequest,
    errors=[TitleMissing, AuthorMissing],
    example={
        "title": "Thanks for everything",
        "description": "Description of the Article",
        "body": "<p>Body of the Article</p>",
        "author_id": 7,
        "state": "published",
        "translated_content": {"fr": {"title": "Merci pour tout", "body": "<p>Corps de l'article</p>"}},
    },
)
async def create_article(body: bytes, scope: HTTPScope) -> Article:
    """Create an article."""
    return await service.create_article(caller_of(scope), decode(body, CreateArticleRequest))


@operation("GET", "/articles/{article_id:str}", group=GROUP, errors=[service.ArticleNotFound])
async def get_article(article_id: str, scope: HTTPScope) -> Article:
    """Read an article."""
    return await service.get_article(caller_of(scope), article_id)


@operation(
    "PUT",
    "/articles/{article_id:str}",
    group=GROUP,
    request=UpdateArticleRequest,
    errors=[service.ArticleNotFound],
    example={"title": "Christmas is here!", "body": "<p>New gifts in store for the jolly season</p>"},
)
async def update_article(article_id: str, body: bytes, scope: HTTPScope) -> Article:
    """Change an article."""
    return await service.update_article(caller_of(scope), article_id, decode(body, UpdateArticleRequest))


@operation("DELETE", "/articles/{article_id:str}", group=GROUP, errors=[service.ArticleNotFound])
async def delete_article(article_id: str, scope: HTTPScope) -> ArticleDeleted:
    """Delete an article."""
    return await service.delete_article(caller_of(scope), article_id)


@operation("GET", "/articles/search", group=GROUP, query=SearchQuery)
async def search_articles_route(scope: HTTPScope) -> SearchAnswer:
    """Search articles in all their languages, best first."""
    return await search_articles(scope, caller_of(scope), decode_query(scope["query_string"], SearchQuery))


@operation("POST", "/manage/v1/articles/{article_id:str}/views", group=GROUP, errors=[service.ArticleNotFound])
async def count_view_route(article_id: str, scope: HTTPScope) -> ArticleStatistics:
    """Count that a reader opened an article."""
    return await service.count_view(caller_of(scope), article_id)


@operation(
    "POST",
    "/manage/v1/articles/{article_id:str}/reactions",
    group=GROUP,
    request=ReactionRequest,
    errors=[service.ArticleNotFound],
    example={"person_id": "667d60998a68186f43bafda1", "reaction": "happy"},
)
async def react_route(article_id: str, body: bytes, scope: HTTPScope) -> ArticleStatistics:
    """Keep what a reader thinks of an article; their last word counts."""
    return await service.react(caller_of(scope), article_id, decode(body, ReactionRequest))


@operation(
    "POST",
    "/manage/v1/articles/{article_id:str}/conversations",
    group=GROUP,
    request=BegunConversationRequest,
    errors=[service.ArticleNotFound],
    example={"conversation_id": "1"},
)
async def count_conversation_route(article_id: str, body: bytes, scope: HTTPScope) -> ArticleStatistics:
    """Count that a reader began a conversation from an article."""
    return await service.count_conversation(caller_of(scope), article_id, decode(body, BegunConversationRequest))


ROUTES = [list_articles, create_article, get_article, update_article, delete_article, search_articles_route]
MANAGE_ROUTES = [count_view_route, react_route, count_conversation_route]
