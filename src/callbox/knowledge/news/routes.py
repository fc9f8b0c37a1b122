"""News over HTTP, in the order of the reference; below them what only the management API does."""

from litestar.types import HTTPScope

from callbox.knowledge.news import newsfeeds, reading, service
from callbox.knowledge.news.newsfeeds import NewsfeedNotFound
from callbox.knowledge.news.schemas import (
    CreateNewsfeedRequest,
    ManagedNewsfeed,
    ManagedNewsfeedList,
    ManagedNewsItem,
    ManageNewsItemRequest,
    Newsfeed,
    NewsfeedDeleted,
    NewsfeedList,
    NewsItem,
    NewsItemDeleted,
    NewsItemList,
    NewsItemRequest,
    ReactRequest,
    ShownNewsList,
    UpdateNewsfeedRequest,
    managed_newsfeed,
    newsfeed,
)
from callbox.knowledge.news.service import NewsItemIsLive, NewsItemNotFound
from callbox.people.contacts.service import ContactNotFound
from callbox.wire.decode import decode
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import NumberedPage, PageQuery, linked_pages, page_asked_for

GROUP = "News"
DEFAULT_PER_PAGE = 10
DEFAULT_PER_PAGE_OF_FEED = 20
MAX_PER_PAGE = 250

_EXAMPLE = {
    "title": "Halloween is here!",
    "body": "<p>New costumes in store for this spooky season</p>",
    "labels": ["Product", "Update", "New"],
    "sender_id": 7,
    "deliver_silently": True,
    "reactions": ["😆", "😅"],
    "state": "live",
    "newsfeed_assignments": [{"newsfeed_id": 1, "published_at": 1664638214}],
}


def _page(scope: HTTPScope, default: int = DEFAULT_PER_PAGE) -> NumberedPage:
    return page_asked_for(scope, default, MAX_PER_PAGE)


@operation("GET", "/news/news_items", group=GROUP, query=PageQuery)
async def list_news_items(scope: HTTPScope) -> NewsItemList:
    """List all news items, latest change first."""
    page = _page(scope)
    items, total = await service.list_items(caller_of(scope), page)
    return NewsItemList("list", linked_pages(scope, page, total, fewest=0), items, total)


@operation("POST", "/news/news_items", group=GROUP, request=NewsItemRequest, example=_EXAMPLE)
async def create_news_item(body: bytes, scope: HTTPScope) -> NewsItem:
    """Create a news item."""
    return await service.create_item(caller_of(scope), decode(body, NewsItemRequest))


@operation("GET", "/news/news_items/{news_item_id:str}", group=GROUP, errors=[NewsItemNotFound])
async def get_news_item(news_item_id: str, scope: HTTPScope) -> NewsItem:
    """Read a news item."""
    return await service.get_item(caller_of(scope), news_item_id)


@operation(
    "PUT",
    "/news/news_items/{news_item_id:str}",
    group=GROUP,
    request=NewsItemRequest,
    errors=[NewsItemNotFound],
    example={"title": "Christmas is here!", "reactions": ["😝", "😂"]},
)
async def update_news_item(news_item_id: str, body: bytes, scope: HTTPScope) -> NewsItem:
    """Change a news item. What is not sent stays; lists are replaced as a whole."""
    return await service.update_item(caller_of(scope), news_item_id, decode(body, NewsItemRequest))


@operation("DELETE", "/news/news_items/{news_item_id:str}", group=GROUP, errors=[NewsItemNotFound])
async def delete_news_item(news_item_id: str, scope: HTTPScope) -> NewsItemDeleted:
    """Delete a news item."""
    return await service.delete_item(caller_of(scope), news_item_id)


@operation("GET", "/news/newsfeeds/{newsfeed_id:str}/items", group=GROUP, query=PageQuery, errors=[NewsfeedNotFound])
async def list_live_newsfeed_items(newsfeed_id: str, scope: HTTPScope) -> NewsItemList:
    """List the live items on a newsfeed, latest publication first."""
    page = _page(scope, DEFAULT_PER_PAGE_OF_FEED)
    items, total = await newsfeeds.live_items(caller_of(scope), newsfeed_id, page)
    return NewsItemList("list", linked_pages(scope, page, total, fewest=0), items, total)


@operation("GET", "/news/newsfeeds", group=GROUP, query=PageQuery)
async def list_newsfeeds(scope: HTTPScope) -> NewsfeedList:
    """List the newsfeeds."""
    page = _page(scope)
    rows, total = await newsfeeds.list_newsfeeds(caller_of(scope), page)
    return NewsfeedList("list", linked_pages(scope, page, total, fewest=0), [newsfeed(row) for row in rows], total)


@operation("GET", "/news/newsfeeds/{newsfeed_id:str}", group=GROUP, errors=[NewsfeedNotFound])
async def get_newsfeed(newsfeed_id: str, scope: HTTPScope) -> Newsfeed:
    """Read a newsfeed."""
    return newsfeed(await newsfeeds.get_newsfeed(caller_of(scope), newsfeed_id))


@operation("GET", "/manage/v1/news_items/{news_item_id:str}", group=GROUP, errors=[NewsItemNotFound])
async def get_managed_news_item(news_item_id: str, scope: HTTPScope) -> ManagedNewsItem:
    """Read a news item with its schedule and the reactions to it."""
    return await service.get_managed(caller_of(scope), news_item_id)


@operation(
    "PUT",
    "/manage/v1/news_items/{news_item_id:str}",
    group=GROUP,
    request=ManageNewsItemRequest,
    errors=[NewsItemNotFound, NewsItemIsLive],
    example={"cover_image_url": "https://example.com/cover.png", "publish_at": 4070908800},
)
async def manage_news_item(news_item_id: str, body: bytes, scope: HTTPScope) -> ManagedNewsItem:
    """Set a news item's cover, or when a draft goes live."""
    return await service.manage_item(caller_of(scope), news_item_id, decode(body, ManageNewsItemRequest))


@operation(
    "PUT",
    "/manage/v1/news_items/{news_item_id:str}/reactions/{contact_id:str}",
    group=GROUP,
    request=ReactRequest,
    errors=[NewsItemNotFound, ContactNotFound],
    example={"reaction": "😆"},
)
async def react_to_news_item(news_item_id: str, contact_id: str, body: bytes, scope: HTTPScope) -> ManagedNewsItem:
    """React to a live news item as a contact, or take the reaction back."""
    return await reading.react(caller_of(scope), news_item_id, contact_id, decode(body, ReactRequest))


@operation("GET", "/manage/v1/contacts/{contact_id:str}/news", group=GROUP, query=PageQuery, errors=[ContactNotFound])
async def list_news_for_contact(contact_id: str, scope: HTTPScope) -> ShownNewsList:
    """List the news that a contact or visitor is shown, latest first."""
    page = _page(scope, DEFAULT_PER_PAGE_OF_FEED)
    return ShownNewsList("list", await reading.items_for(caller_of(scope), contact_id, page))


@operation("GET", "/manage/v1/newsfeeds", group=GROUP, query=PageQuery)
async def list_managed_newsfeeds(scope: HTTPScope) -> ManagedNewsfeedList:
    """List the newsfeeds with their audiences."""
    page = _page(scope)
    rows, total = await newsfeeds.list_newsfeeds(caller_of(scope), page)
    return ManagedNewsfeedList(
        "list", linked_pages(scope, page, total, fewest=0), [managed_newsfeed(row) for row in rows], total
    )


@operation(
    "POST",
    "/manage/v1/newsfeeds",
    group=GROUP,
    request=CreateNewsfeedRequest,
    example={"name": "For customers", "roles": ["user"], "segment_ids": ["6a12f0c31d3b9e5f2c8a4d10"]},
)
async def create_newsfeed(body: bytes, scope: HTTPScope) -> ManagedNewsfeed:
    """Create a newsfeed for an audience."""
    return await newsfeeds.create_newsfeed(caller_of(scope), decode(body, CreateNewsfeedRequest))


@operation(
    "PUT",
    "/manage/v1/newsfeeds/{newsfeed_id:str}",
    group=GROUP,
    request=UpdateNewsfeedRequest,
    errors=[NewsfeedNotFound],
    example={"name": "For everybody", "roles": ["user", "lead", "visitor"], "segment_ids": []},
)
async def update_newsfeed(newsfeed_id: str, body: bytes, scope: HTTPScope) -> ManagedNewsfeed:
    """Rename a newsfeed, or give it another audience."""
    return await newsfeeds.update_newsfeed(caller_of(scope), newsfeed_id, decode(body, UpdateNewsfeedRequest))


@operation("DELETE", "/manage/v1/newsfeeds/{newsfeed_id:str}", group=GROUP, errors=[NewsfeedNotFound])
async def delete_newsfeed(newsfeed_id: str, scope: HTTPScope) -> NewsfeedDeleted:
    """Delete a newsfeed; its items stay, off it."""
    return await newsfeeds.delete_newsfeed(caller_of(scope), newsfeed_id)


ROUTES = [
    list_news_items,
    create_news_item,
    get_news_item,
    update_news_item,
    delete_news_item,
    list_live_newsfeed_items,
    list_newsfeeds,
    get_newsfeed,
]
MANAGE_ROUTES = [
    get_managed_news_item,
    manage_news_item,
    react_to_news_item,
    list_news_for_contact,
    list_managed_newsfeeds,
    create_newsfeed,
    update_newsfeed,
    delete_newsfeed,
]
