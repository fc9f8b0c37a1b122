"""How the documented answers of news are provoked."""

import httpx

from tests.contract.scenarios import refused, scenario
from tests.contract.world import Json, World

_UNKNOWN = "/news/news_items/123456789"
_CHANGE: Json = {
    "title": "Christmas is here!",
    "body": "<p>New gifts in store for the jolly season</p>",
    "reactions": ["😝", "😂"],
}


def _live(world: World) -> Json:
    """A live item with labels and reactions on the workspace's newsfeed."""
    return world.news(
        body="<p>Hello there,</p>",
        state="live",
        labels=["New"],
        reactions=["😆", "😅"],
        newsfeed_assignments=[{"newsfeed_id": world.newsfeed_id(), "published_at": 1664638214}],
    )


@scenario("GET /news/news_items", 200, "successful")
def _(world: World) -> httpx.Response:
    _live(world)
    return world.api.get("/news/news_items", params={"per_page": 10})


@scenario("POST /news/news_items", 200, "successful")
def _(world: World) -> httpx.Response:
    item = {
        "title": "Halloween is here!",
        "body": "<p>New costumes in store for this spooky season</p>",
        "labels": ["Product", "Update", "New"],
        "sender_id": int(world.admin_id()),
        "deliver_silently": True,
        "reactions": ["😆", "😅"],
        "state": "live",
        "newsfeed_assignments": [{"newsfeed_id": world.newsfeed_id(), "published_at": 1664638214}],
    }
    return world.api.post("/news/news_items", json=item)


@scenario("GET /news/news_items/{news_item_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/news/news_items/{_live(world)['id']}")


@scenario("PUT /news/news_items/{news_item_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    change = {**_CHANGE, "sender_id": int(world.admin_id())}
    return world.api.put(f"/news/news_items/{_live(world)['id']}", json=change)


@scenario("DELETE /news/news_items/{news_item_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/news/news_items/{_live(world)['id']}")


for _method in ("GET", "PUT", "DELETE"):
    _sent = {"json": _CHANGE} if _method == "PUT" else {}
    refused(f"{_method} /news/news_items/{{news_item_id}}", 404, "News Item Not Found", path=_UNKNOWN, **_sent)


@scenario("GET /news/newsfeeds/{newsfeed_id}/items", 200, "successful")
def _(world: World) -> httpx.Response:
    _live(world)
    return world.api.get(f"/news/newsfeeds/{world.newsfeed_id()}/items")


@scenario("GET /news/newsfeeds", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get("/news/newsfeeds")


@scenario("GET /news/newsfeeds/{newsfeed_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/news/newsfeeds/{world.newsfeed_id()}")
