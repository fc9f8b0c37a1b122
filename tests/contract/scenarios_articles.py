"""How the documented answers of articles and help centers are provoked."""

import httpx

from tests.contract.scenarios import refused, scenario
from tests.contract.world import World

_UNKNOWN = "123456789"

# Articles


@scenario("GET /articles", 200, "successful")
def _(world: World) -> httpx.Response:
    world.article(parent_id=int(world.collection()["id"]), state="published")
    return world.api.get("/articles")


@scenario("POST /articles", 200, "article created")
def _(world: World) -> httpx.Response:
    me = int(world.admin_id())
    translation = {"title": "Merci pour tout", "description": "Description de l'article", "body": "Corps de l'article"}
    body = {
        "title": "Thanks for everything",
        "description": "Description of the Article",
        "body": "Body of the Article",
        "author_id": me,
        "state": "published",
        "parent_id": int(world.collection()["id"]),
        "parent_type": "collection",
        "translated_content": {"fr": {**translation, "author_id": me, "state": "published"}},
    }
    return world.api.post("/articles", json=body)


_WITHOUT_AUTHOR = {
    "title": "Thanks for everything",
    "description": "Description of the Article",
    "body": "Body of the Article",
    "state": "published",
}
refused("POST /articles", 400, "Bad Request", json=_WITHOUT_AUTHOR)


@scenario("GET /articles/{article_id}", 200, "Article found")
def _(world: World) -> httpx.Response:
    world.speak("en", "de")
    return world.api.get(f"/articles/{world.article(state='published')['id']}")


refused("GET /articles/{article_id}", 404, "Article not found", path=f"/articles/{_UNKNOWN}")

_CHANGE = {"title": "Christmas is here!", "body": "<p>New gifts in store for the jolly season</p>"}


@scenario("PUT /articles/{article_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.put(f"/articles/{world.article(state='published')['id']}", json=_CHANGE)


refused("PUT /articles/{article_id}", 404, "Article Not Found", path=f"/articles/{_UNKNOWN}", json=_CHANGE)


@scenario("DELETE /articles/{article_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/articles/{world.article()['id']}")


refused("DELETE /articles/{article_id}", 404, "Article Not Found", path=f"/articles/{_UNKNOWN}")


@scenario("GET /articles/search", 200, "Search successful")
def _(world: World) -> httpx.Response:
    world.article(title="Title 1", body="Getting started")
    return world.api.get("/articles/search", params={"phrase": "Getting started", "highlight": "true"})


# Help Center


@scenario("GET /help_center/collections", 200, "Successful")
def _(world: World) -> httpx.Response:
    world.collection(parent_id=world.collection()["id"])
    return world.api.get("/help_center/collections")


@scenario("POST /help_center/collections", 200, "collection created")
def _(world: World) -> httpx.Response:
    return world.api.post("/help_center/collections", json={"name": "Thanks for everything"})


refused("POST /help_center/collections", 400, "Bad Request", json={"description": "Missing required parameter"})


@scenario("GET /help_center/collections/{collection_id}", 200, "Collection found")
def _(world: World) -> httpx.Response:
    world.speak("en", "de")
    return world.api.get(f"/help_center/collections/{world.collection()['id']}")


@scenario("PUT /help_center/collections/{collection_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.put(
        f"/help_center/collections/{world.collection()['id']}", json={"name": "Update collection name"}
    )


@scenario("DELETE /help_center/collections/{collection_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/help_center/collections/{world.collection()['id']}")


_COLLECTION, _NO_COLLECTION = "/help_center/collections/{collection_id}", f"/help_center/collections/{_UNKNOWN}"
refused(f"GET {_COLLECTION}", 404, "Collection not found", path=_NO_COLLECTION)
refused(f"PUT {_COLLECTION}", 404, "Collection Not Found", path=_NO_COLLECTION, json={"name": "Other"})
refused(f"DELETE {_COLLECTION}", 404, "collection Not Found", path=_NO_COLLECTION)


@scenario("GET /help_center/help_centers/{help_center_id}", 200, "Collection found")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/help_center/help_centers/{world.help_center_id()}")


_CENTER = "/help_center/help_centers/{help_center_id}"
refused(f"GET {_CENTER}", 404, "Collection not found", path=f"/help_center/help_centers/{_UNKNOWN}")


@scenario("GET /help_center/help_centers", 200, "Help Centers found")
def _(world: World) -> httpx.Response:
    return world.api.get("/help_center/help_centers")
