"""Help centers and their collections: a tree of three levels, languages, addresses, and what goes with what."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from callbox.app import API_ROUTES, MANAGE_ROUTES
from callbox.channels.email import routes as email
from callbox.channels.realtime import routes as realtime
from callbox.channels.sms import routes as sms
from callbox.knowledge.help_center.service import RESERVED_IDENTIFIERS
from callbox.support.attachments import routes as attachments
from callbox.wire import health
from callbox.wire.description import description_routes
from tests.conftest import TestWorkspace
from tests.contract.world import World
from tests.knowledge.conftest import only_error

Json = dict[str, Any]
COLLECTIONS = "/help_center/collections"


def test_a_new_collection(world: World) -> None:
    made = world.post(COLLECTIONS, {"name": "Thanks for everything"})
    assert (made["description"], made["icon"], made["order"]) == ("", "book-bookmark", 1)
    assert (made["parent_id"], made["help_center_id"]) == (None, int(world.help_center_id()))
    assert made["url"].endswith(f"/en/collections/{made['id']}-thanks-for-everything")
    assert "type" not in made
    assert world.call("GET", f"{COLLECTIONS}/{made['id']}") == made
    assert world.collection()["order"] == 2
    assert world.collection(parent_id=made["id"])["order"] == 1


@pytest.mark.parametrize("body", [{}, {"name": None}, {"name": ""}, {"name": "  "}, {"description": "x"}])
def test_a_name_is_required(api: httpx.Client, body: Json) -> None:
    refusal = only_error(api.post(COLLECTIONS, json=body))
    assert refusal == ("parameter_not_found", "Name is a required parameter.")


def test_a_name_may_be_the_default_languages(world: World) -> None:
    made = world.post(COLLECTIONS, {"translated_content": {"en": {"name": "Start"}, "de": {"name": "Anfang"}}})
    assert made["name"] == "Start"


def _chain(world: World, length: int) -> list[str]:
    """Collections inside of one another, the outermost first."""
    ids: list[str] = []
    for _ in range(length):
        ids.append(world.collection(parent_id=ids[-1] if ids else None)["id"])
    return ids


Bad = Callable[[World], tuple[Json, str]]


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (lambda world: {"parent_id": _chain(world, 3)[-1]}, "levels"),
        (lambda world: {"parent_id": "987654321"}, "parent_id"),
        (lambda world: {"parent_id": 0}, "there is no collection 0"),
        (lambda world: {"parent_id": "abc"}, "parent_id"),
        (lambda world: {"help_center_id": 987654321}, "help_center_id"),
        (lambda world: {"parent_id": world.collection()["id"], "help_center_id": _center(world)}, "help_center_id"),
        (lambda world: {"translated_content": {"xx": {"name": "x"}}}, "xx"),
        (lambda world: {"translated_content": {"de": {"description": "x"}}}, "translated_content.de.name"),
        (lambda world: {"translated_content": {"de": "x"}}, "translated_content.de"),
    ],
)
def test_what_cannot_be_created_is_refused_by_name(world: World, bad: Callable[[World], Json], named: str) -> None:
    sent = bad(world)
    before = world.call("GET", COLLECTIONS)
    _, message = only_error(world.api.post(COLLECTIONS, json={"name": "New", **sent}))
    assert named in message
    assert world.call("GET", COLLECTIONS) == before


def _center(world: World) -> int:
    identifier = f"second-{world.help_center_id()}"
    return int(world.post("/manage/v1/help_centers", {"identifier": identifier, "display_name": "Second"})["id"])


def test_a_branch_moves_as_a_whole_within_three_levels(world: World) -> None:
    top, middle, bottom = _chain(world, 3)
    other, beside = _chain(world, 2)

    def moved(collection_id: str, parent_id: str | None) -> httpx.Response:
        return world.api.put(f"{COLLECTIONS}/{collection_id}", json={"parent_id": parent_id})

    for parent_id in (top, middle, bottom):
        assert "parent_id must be neither" in only_error(moved(top, parent_id))[1]
    assert "levels" in only_error(moved(middle, beside))[1], "two levels below the second are four"
    assert moved(middle, other).json()["parent_id"] == other
    assert world.call("GET", f"{COLLECTIONS}/{bottom}")["parent_id"] == middle
    assert moved(middle, None).json()["parent_id"] is None
    assert moved(bottom, beside).json()["order"] == 1


def test_a_collection_stays_in_its_help_center(world: World) -> None:
    elsewhere = world.collection(help_center_id=_center(world))
    made = world.collection()
    refusal = only_error(world.api.put(f"{COLLECTIONS}/{made['id']}", json={"parent_id": elsewhere["id"]}))
    assert "parent_id" in refusal[1]
    inside = world.collection(parent_id=elsewhere["id"])
    assert inside["help_center_id"] == elsewhere["help_center_id"], "a child is where its parent is"


def test_what_is_not_sent_stays(world: World) -> None:
    world.speak("en", "de")
    top = world.collection()
    made = world.collection(
        description="All of it", parent_id=top["id"], translated_content={"de": {"name": "Alles", "description": "Ja"}}
    )
    path = f"{COLLECTIONS}/{made['id']}"
    changed = world.call("PUT", path, json={"translated_content": {"de": {"name": "Mehr"}}})
    german = {"type": "group_content", "name": "Mehr", "description": "Ja"}
    expected = {**made["translated_content"], "type": "group_translated_content", "de": german}
    assert changed == {**made, "updated_at": changed["updated_at"], "translated_content": expected}
    gone = world.call("PUT", path, json={"name": "New name", "translated_content": {"de": None}})
    assert (gone["name"], set(gone["translated_content"])) == ("New name", {"type", "en"})
    assert "default language" in only_error(world.api.put(path, json={"translated_content": {"en": None}}))[1]
    assert "name" in only_error(world.api.put(path, json={"name": ""}))[1]


def test_icon_and_order_are_managed(world: World) -> None:
    first, second, third = (world.collection()["id"] for _ in range(3))
    moved = world.call("PUT", f"/manage/v1/collections/{third}", json={"order": 1, "icon": "bookmark"})
    assert (moved["order"], moved["icon"]) == (1, "bookmark")
    orders = {each["id"]: each["order"] for each in world.call("GET", COLLECTIONS)["data"]}
    assert orders == {third: 1, first: 2, second: 3}
    last = world.call("PUT", f"/manage/v1/collections/{third}", json={"order": 99})
    assert (last["order"], last["icon"]) == (3, "bookmark")


def test_collections_go_with_those_below_them_and_articles_stay(world: World) -> None:
    top, middle, _ = _chain(world, 3)
    beside = world.collection()["id"]
    made = world.article(parent_id=middle, state="published")
    kept = world.article(parent_id=beside)
    world.call("PUT", "/manage/v1/clock", json={"now": 4_000_000_000})
    path = f"{COLLECTIONS}/{top}"
    assert world.call("DELETE", path) == {"id": top, "object": "collection", "deleted": True}
    assert world.api.delete(path).status_code == 404
    assert [each["id"] for each in world.call("GET", COLLECTIONS)["data"]] == [beside]
    alone = world.call("GET", f"/articles/{made['id']}")
    assert (alone["parent_id"], alone["parent_ids"], alone["state"]) == (None, [], "published")
    assert alone["updated_at"] >= 4_000_000_000
    assert world.call("GET", f"/articles/{kept['id']}")["parent_id"] == int(beside)


def test_nothing_is_put_into_a_collection_that_is_being_deleted(world: World, me: int) -> None:
    """Writers that meet a deletion are refused or are taken out, and nobody waits for ever."""
    for _ in range(5):
        parent = world.collection()["id"]
        made = world.article(parent_id=parent)
        calls: list[Callable[[], httpx.Response]] = [
            lambda parent=parent: world.api.delete(f"{COLLECTIONS}/{parent}"),  # type: ignore[misc]
            lambda parent=parent: world.api.post(  # type: ignore[misc]
                "/articles", json={"title": "x", "author_id": me, "parent_id": parent}
            ),
            lambda parent=parent: world.api.post(  # type: ignore[misc]
                COLLECTIONS, json={"name": "x", "parent_id": parent}
            ),
            lambda parent=parent, made=made: world.api.put(  # type: ignore[misc]
                f"/articles/{made['id']}", json={"parent_id": parent}
            ),
        ]
        with ThreadPoolExecutor(len(calls)) as pool:
            answers = list(pool.map(lambda call: call(), calls))
        assert answers[0].status_code == 200
        assert {answer.status_code for answer in answers[1:]} <= {200, 400}
    assert {each["parent_id"] for each in world.call("GET", "/articles")["data"]} == {None}
    assert world.call("GET", COLLECTIONS)["data"] == []


def test_every_workspace_begins_with_a_help_center_whose_site_is_off(world: World, workspace: TestWorkspace) -> None:
    listed = world.call("GET", "/help_center/help_centers")
    [center] = listed["data"]
    assert (center["website_turned_on"], center["display_name"], center["custom_domain"]) == (
        False,
        "Test workspace",
        None,
    )
    assert center["url"].endswith(f"/{center['identifier']}")
    assert center["workspace_id"] == workspace.id
    assert (listed["total_count"], listed["pages"]["total_pages"]) == (1, 1)
    assert world.call("GET", "/help_center/help_centers", params={"page": 2})["data"] == []
    managed = world.call("GET", f"/manage/v1/help_centers/{center['id']}")
    assert managed == {**center, "default_locale": "en", "locales": ["en"]}


def test_help_centers_are_managed(world: World) -> None:
    center = world.help_center_id()
    path, name = f"/manage/v1/help_centers/{center}", f"help-{center}"
    change = {"identifier": name, "display_name": "Help", "website_turned_on": True, "custom_domain": f"{name}.example"}
    changed = world.call("PUT", path, json=change)
    assert {key: changed[key] for key in change} == change
    assert changed["url"] == f"https://{name}.example"
    assert world.call("PUT", path, json={"default_locale": "de"})["locales"] == ["en", "de"]
    kept = world.call("PUT", path, json={"custom_domain": None})
    assert (kept["url"].rsplit("/", 1)[-1], kept["default_locale"]) == (name, "de")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"identifier": "Not OK"}, "identifier"),
        ({"identifier": "-x"}, "identifier"),
        ({"identifier": "articles"}, "identifier"),
        ({"custom_domain": "https://help.example.com"}, "custom_domain"),
        ({"custom_domain": "localhost"}, "custom_domain"),
        ({"display_name": " "}, "display_name"),
        ({"locales": []}, "locales"),
        ({"locales": ["xx"]}, "locales"),
        ({"locales": ["de"]}, "locales"),
        ({"default_locale": "de-form"}, "default_locale"),
    ],
)
def test_what_a_help_center_cannot_be_is_refused_by_name(world: World, change: Json, named: str) -> None:
    path = f"/manage/v1/help_centers/{world.help_center_id()}"
    before = world.call("GET", path)
    _, message = only_error(world.api.put(path, json={"website_turned_on": True, **change}))
    assert named in message
    assert world.call("GET", path) == before


def test_no_help_center_is_called_as_other_addresses_begin() -> None:
    routes = [
        *(*health.ROUTES, *attachments.ROUTES, *realtime.ROUTES, *sms.ROUTES, *email.ROUTES, *description_routes([])),
        *(*API_ROUTES, *MANAGE_ROUTES),
    ]
    beginnings = {path.split("/")[1] for route in routes for path in route.paths}
    assert {each for each in beginnings if re.fullmatch(r"[a-z0-9-]+", each)} == RESERVED_IDENTIFIERS


def test_addresses_are_shared_by_all_workspaces(world: World, other: TestWorkspace) -> None:
    name = f"shared-{world.help_center_id()}"
    body = {"identifier": name, "display_name": "Mine", "custom_domain": f"{name}.example"}
    world.post("/manage/v1/help_centers", body)
    theirs = World(other.api)
    path = f"/manage/v1/help_centers/{theirs.help_center_id()}"
    for taken in ({"identifier": name}, {"custom_domain": f"{name}.example"}):
        assert only_error(theirs.api.put(path, json=taken), 409)[0] == "conflict"
    again = {"identifier": name, "display_name": "Theirs"}
    assert only_error(theirs.api.post("/manage/v1/help_centers", json=again), 409)[0] == "conflict"
