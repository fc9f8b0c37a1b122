"""News: items go live on newsfeeds, once and in order, and people see what is meant for them."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import TestWorkspace
from tests.contract.world import World

Json = dict[str, Any]
NOW = int(time.time())
UNKNOWN = "123456789012"


def feed_of(world: World) -> int:
    """The newsfeed that every workspace begins with."""
    [feed] = world.call("GET", "/news/newsfeeds")["data"]
    return int(feed["id"])


def item(world: World, **values: Any) -> Json:
    """A news item, a draft unless it says otherwise."""
    return world.post("/news/news_items", {"title": "We have news", "sender_id": int(world.admin_id()), **values})


def live(world: World, feed: int | str, published_at: int | None = None, **values: Any) -> Json:
    """A live item on one newsfeed."""
    assignment = {"newsfeed_id": feed} if published_at is None else {"newsfeed_id": feed, "published_at": published_at}
    return item(world, state="live", newsfeed_assignments=[assignment], **values)


def change(world: World, made: Json, **values: Any) -> Json:
    """The item after an update through the REST API."""
    changed: Json = world.call("PUT", f"/news/news_items/{made['id']}", json=values)
    return changed


def manage(world: World, made: Json, **values: Any) -> Json:
    """The item after an update through the management API."""
    managed: Json = world.call("PUT", f"/manage/v1/news_items/{made['id']}", json=values)
    return managed


def items_of(world: World, feed: int | str) -> list[str]:
    """Ids of the live items of a newsfeed, as listed."""
    return [each["id"] for each in world.call("GET", f"/news/newsfeeds/{feed}/items")["data"]]


def shown_to(world: World, person: Json) -> list[str]:
    """Ids of the items that a person is shown."""
    return [each["item"]["id"] for each in world.call("GET", f"/manage/v1/contacts/{person['id']}/news")["data"]]


def move_clock(world: World, seconds: int) -> None:
    """Let it be so much later than it is."""
    world.call("PUT", "/manage/v1/clock", json={"now": int(time.time()) + seconds})


def test_an_item_has_everything_that_was_sent(world: World, workspace: TestWorkspace) -> None:
    made = live(
        world,
        feed_of(world),
        NOW - 1000,
        body="<p onclick='x()'>Hello <b>you</b></p><script>x()</script>",
        labels=["Product", "Update", "New", "New"],
        reactions=["😆", None, "😅", "😆"],
        deliver_silently=True,
    )
    assert made.pop("created_at") >= NOW
    assert made.pop("updated_at") >= NOW
    assert made == {
        "type": "news-item",
        "id": made["id"],
        "workspace_id": workspace.id,
        "title": "We have news",
        "body": "<p>Hello <b>you</b></p>",
        "sender_id": int(world.admin_id()),
        "state": "live",
        "labels": ["New", "Product", "Update"],
        "cover_image_url": None,
        "reactions": ["😆", "😅"],
        "deliver_silently": True,
        "newsfeed_assignments": [{"newsfeed_id": feed_of(world), "published_at": NOW - 1000}],
    }


def test_an_item_is_a_draft_without_anything_unless_it_says_otherwise(world: World) -> None:
    made = item(world)
    told = {key: made[key] for key in ("state", "body", "labels", "reactions", "newsfeed_assignments")}
    assert told == {"state": "draft", "body": "", "labels": [], "reactions": [], "newsfeed_assignments": []}


def test_an_update_leaves_what_it_does_not_name(world: World) -> None:
    made = live(world, feed_of(world), NOW - 1000, body="Hello", labels=["New"], reactions=["😆"])
    changed = change(world, made, title="Christmas is here!")
    assert changed == {**made, "title": "Christmas is here!", "updated_at": changed["updated_at"]}
    emptied = change(world, made, labels=[], reactions=[], newsfeed_assignments=[], body=None)
    assert [emptied[key] for key in ("labels", "reactions", "newsfeed_assignments", "body")] == [[], [], [], ""]


def test_going_live_publishes_now_and_a_live_item_keeps_its_time(world: World) -> None:
    feed = feed_of(world)
    made = item(world, newsfeed_assignments=[{"newsfeed_id": feed, "published_at": NOW - 5000}])
    assert items_of(world, feed) == []
    published = change(world, made, state="live")["newsfeed_assignments"][0]["published_at"]
    assert published >= NOW
    second = world.post("/manage/v1/newsfeeds", {"name": "Second"})
    move_clock(world, 3600)
    wanted = [{"newsfeed_id": str(feed)}, {"newsfeed_id": second["id"]}]
    first, further = change(world, made, newsfeed_assignments=wanted)["newsfeed_assignments"]
    assert first == {"newsfeed_id": feed, "published_at": published}
    assert further["published_at"] > published + 3000
    assert items_of(world, second["id"]) == items_of(world, feed) == [made["id"]]


def test_a_feed_lists_live_items_by_publication_and_all_items_are_listed_by_change(world: World) -> None:
    feed = feed_of(world)
    made = [live(world, feed, NOW - age)["id"] for age in (200, 100, 300)]
    item(world, newsfeed_assignments=[{"newsfeed_id": feed}])
    assert items_of(world, feed) == [made[1], made[0], made[2]]
    move_clock(world, 60)
    change(world, {"id": made[0]}, title="Again")
    assert world.call("GET", "/news/news_items")["data"][0]["id"] == made[0]
    change(world, {"id": made[1]}, state="draft")
    assert items_of(world, feed) == [made[0], made[2]]


def test_lists_have_pages_that_follow_each_other(world: World, api: httpx.Client) -> None:
    feed = feed_of(world)
    made = {live(world, feed, NOW - age)["id"] for age in range(5)}
    for path in ("/news/news_items", f"/news/newsfeeds/{feed}/items"):
        page = world.call("GET", path, params={"per_page": 2})
        assert (page["total_count"], page["pages"]["total_pages"]) == (5, 3)
        found = [each["id"] for each in page["data"]]
        while "next" in page["pages"]:
            page = world.call("GET", page["pages"]["next"].removeprefix(str(api.base_url)))
            found += [each["id"] for each in page["data"]]
        assert len(found) == 5
        assert set(found) == made
        beyond = world.call("GET", path, params={"page": 9})
        assert beyond["data"] == []


def test_a_deleted_item_is_gone_from_everywhere(world: World, api: httpx.Client) -> None:
    feed = feed_of(world)
    made = live(world, feed)
    deleted = world.call("DELETE", f"/news/news_items/{made['id']}")
    assert deleted == {"id": made["id"], "object": "news-item", "deleted": True}
    assert items_of(world, feed) == []
    for method in ("GET", "PUT", "DELETE"):
        answer = api.request(method, f"/news/news_items/{made['id']}")
        assert (answer.status_code, answer.json()["errors"][0]["message"]) == (404, "Resource Not Found")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"title": None}, "title must be a string, not null"),
        ({"title": " "}, "title must not be blank"),
        ({"sender_id": 0}, "sender_id: 0 is not an admin of the workspace"),
        ({"sender_id": UNKNOWN}, f"sender_id: {UNKNOWN} is not an admin of the workspace"),
        ({"state": "published"}, "state: invalid enum value 'published'"),
        ({"labels": [""]}, "labels[0] must not be blank"),
        ({"newsfeed_assignments": [{"newsfeed_id": 5000}]}, "5000 is not a newsfeed of the workspace"),
        ({"newsfeed_assignments": [{"newsfeed_id": "x"}]}, "x is not a newsfeed of the workspace"),
        ({"body": "<iframe src='https://example.com'></iframe>"}, "body: an iframe may only show a video"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    world: World, api: httpx.Client, values: Json, message: str
) -> None:
    answer = api.post("/news/news_items", json={"title": "News", "sender_id": world.admin_id(), **values})
    assert answer.status_code == 400
    assert message in answer.json()["errors"][0]["message"]
    assert world.call("GET", "/news/news_items")["total_count"] == 0


def test_a_sender_who_left_stays_the_sender(world: World) -> None:
    sender = world.post("/manage/v1/admins", {"name": "Ana", "email": "ana@example.com"})["id"]
    made = item(world, sender_id=sender)
    world.call("DELETE", f"/manage/v1/admins/{sender}")
    assert change(world, made, title="Again", sender_id=sender)["sender_id"] == int(sender)
    refusal = world.api.put(f"/news/news_items/{item(world)['id']}", json={"sender_id": sender})
    assert (refusal.status_code, "sender_id" in refusal.text) == (400, True)


@pytest.mark.parametrize("field", ["title", "sender_id"])
def test_a_title_and_a_sender_are_required(world: World, api: httpx.Client, field: str) -> None:
    body = {"title": "News", "sender_id": world.admin_id()}
    del body[field]
    error = api.post("/news/news_items", json=body).json()["errors"][0]
    assert error == {"code": "parameter_not_found", "message": f"{field} is a required parameter"}


def test_nothing_is_published_in_the_future(world: World, api: httpx.Client) -> None:
    assignments = [{"newsfeed_id": feed_of(world), "published_at": NOW + 9000}]
    body = {"title": "News", "sender_id": world.admin_id(), "newsfeed_assignments": assignments}
    assert api.post("/news/news_items", json={**body, "state": "live"}).status_code == 400
    assert api.post("/news/news_items", json=body).status_code == 200, "of a draft, the time is ignored"


def test_a_scheduled_item_goes_live_when_its_time_comes_and_once(
    world: World, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    feed, at = feed_of(world), NOW + 3600
    made = item(world, newsfeed_assignments=[{"newsfeed_id": feed}])
    later = item(world, newsfeed_assignments=[{"newsfeed_id": feed}])
    assert manage(world, made, publish_at=at)["publish_at"] == at
    manage(world, later, publish_at=at + 9000)
    assert world.call("GET", f"/news/news_items/{made['id']}")["state"] == "draft"
    move_clock(world, 3700)
    assert eventually(lambda: items_of(world, feed)) == [made["id"]]
    published = world.call("GET", f"/manage/v1/news_items/{made['id']}")
    assert published["publish_at"] is None
    assert published["item"]["newsfeed_assignments"] == [{"newsfeed_id": feed, "published_at": at}]


def test_what_was_scheduled_can_be_published_earlier_or_kept_back(world: World, api: httpx.Client) -> None:
    made = item(world)
    manage(world, made, publish_at=NOW + 3600)
    assert manage(world, made, publish_at=None)["publish_at"] is None
    manage(world, made, publish_at=NOW + 3600)
    change(world, made, state="live")
    path = f"/manage/v1/news_items/{made['id']}"
    assert world.call("GET", path)["publish_at"] is None
    assert api.put(path, json={"publish_at": NOW + 3600}).status_code == 400
    assert api.put(f"/manage/v1/news_items/{item(world)['id']}", json={"publish_at": NOW - 60}).status_code == 400


def test_a_cover_is_a_picture_on_the_web(world: World, api: httpx.Client) -> None:
    made = item(world)
    url = "https://example.com/cover.PNG?size=2"
    assert manage(world, made, cover_image_url=url)["item"]["cover_image_url"] == url
    for bad in ("https://example.com/cover.svg", "ftp://example.com/a.png", "cover.png", "http://[a.png", ""):
        assert api.put(f"/manage/v1/news_items/{made['id']}", json={"cover_image_url": bad}).status_code == 400, bad
    assert manage(world, made, cover_image_url=None)["item"]["cover_image_url"] is None


def test_people_see_the_feeds_of_their_role_and_segments_each_item_once(world: World) -> None:
    insider, outsider, lead, visitor = world.user(), world.user(), world.lead(), world.visitor()
    segment = world.segment_of(insider)
    world.post(f"/manage/v1/segments/{segment['id']}/compute", {})
    everybody = feed_of(world)
    users = world.post("/manage/v1/newsfeeds", {"name": "Users", "roles": ["user"]})["id"]
    inside = world.post("/manage/v1/newsfeeds", {"name": "Inside", "segment_ids": [segment["id"]]})["id"]
    to_all = live(world, everybody, NOW - 300)["id"]
    to_users = live(world, users, NOW - 200)["id"]
    to_few = live(world, inside, NOW - 100)["id"]
    both = [{"newsfeed_id": everybody, "published_at": NOW - 900}, {"newsfeed_id": users, "published_at": NOW - 250}]
    twice = item(world, state="live", newsfeed_assignments=both)["id"]
    item(world, newsfeed_assignments=[{"newsfeed_id": everybody}])
    assert shown_to(world, insider) == [to_few, to_users, twice, to_all]
    assert shown_to(world, outsider) == [to_users, twice, to_all]
    assert shown_to(world, lead) == shown_to(world, visitor) == [to_all, twice]
    world.call("DELETE", f"/manage/v1/segments/{segment['id']}")
    assert to_few not in shown_to(world, insider) + shown_to(world, outsider), "nobody is in a segment that is gone"


def test_the_last_reaction_of_a_person_counts(world: World, api: httpx.Client) -> None:
    made = live(world, feed_of(world), reactions=["👍", "🎉"])
    ada, grace = world.user(), world.user()

    def react(person: Json, reaction: str | None) -> list[Json]:
        path = f"/manage/v1/news_items/{made['id']}/reactions/{person['id']}"
        counts: list[Json] = world.call("PUT", path, json={"reaction": reaction})["reaction_counts"]
        return counts

    react(ada, "👍")
    react(grace, "👍")
    assert sorted(each["count"] for each in react(ada, "🎉")) == [1, 1]
    assert react(ada, "👍") == [{"reaction": "👍", "count": 2}]
    [shown] = world.call("GET", f"/manage/v1/contacts/{ada['id']}/news")["data"]
    assert shown["own_reaction"] == "👍"
    assert react(ada, None) == [{"reaction": "👍", "count": 1}]
    path = f"/manage/v1/news_items/{made['id']}/reactions/{ada['id']}"
    assert api.put(path, json={"reaction": "👎"}).status_code == 400
    change(world, made, state="draft")
    assert api.put(path, json={"reaction": "👍"}).status_code == 404
    others = live(
        world, world.post("/manage/v1/newsfeeds", {"name": "Leads", "roles": ["lead"]})["id"], reactions=["👍"]
    )
    not_shown = f"/manage/v1/news_items/{others['id']}/reactions/{ada['id']}"
    assert api.put(not_shown, json={"reaction": "👍"}).status_code == 404


def test_a_merged_leads_reaction_is_the_users(world: World) -> None:
    made = live(world, feed_of(world), reactions=["👍", "🎉"])
    path = f"/manage/v1/news_items/{made['id']}"
    lead, user = world.lead(), world.user()
    world.call("PUT", f"{path}/reactions/{lead['id']}", json={"reaction": "👍"})
    world.post("/contacts/merge", {"from": lead["id"], "into": user["id"]})
    assert world.call("GET", path)["reaction_counts"] == [{"reaction": "👍", "count": 1}]
    [shown] = world.call("GET", f"/manage/v1/contacts/{user['id']}/news")["data"]
    assert shown["own_reaction"] == "👍"


def test_newsfeeds_are_managed(world: World, api: httpx.Client) -> None:
    made = world.post("/manage/v1/newsfeeds", {"name": "Leads", "roles": ["lead"]})
    renamed = world.call("PUT", f"/manage/v1/newsfeeds/{made['id']}", json={"name": "New people"})
    assert (renamed["name"], renamed["roles"]) == ("New people", ["lead"])
    shown = world.call("GET", f"/news/newsfeeds/{made['id']}")
    assert shown == {key: renamed[key] for key in ("id", "type", "name", "created_at", "updated_at")}
    on_it = live(world, made["id"])
    world.call("DELETE", f"/manage/v1/newsfeeds/{made['id']}")
    assert world.call("GET", f"/news/news_items/{on_it['id']}")["newsfeed_assignments"] == []
    for path in (f"/news/newsfeeds/{made['id']}", f"/news/newsfeeds/{made['id']}/items"):
        assert api.get(path).status_code == 404
    of_companies = world.segment({"field": "name", "operator": "=", "value": "x"}, person_type="company")["id"]
    refused: list[Json] = [
        {"roles": []},
        {"roles": ["admin"]},
        {"segment_ids": [UNKNOWN]},
        {"segment_ids": [of_companies]},
    ]
    for bad in refused:
        assert api.post("/manage/v1/newsfeeds", json={"name": "Bad", **bad}).status_code == 400, bad
