"""What is told when articles change: what GET answers, under the reference's topics."""

from typing import Any

import pytest

from tests.conftest import Outbox, TestWorkspace
from tests.contract.world import World

Json = dict[str, Any]


@pytest.fixture
def quiet_world(quiet: TestWorkspace, outbox: Outbox) -> World:
    """Makes things where nobody reads the events."""
    return World(quiet.api)


@pytest.mark.parametrize(
    ("state", "change", "topics"),
    [
        ("draft", {"title": "New"}, ["updated"]),
        ("draft", {"state": "published"}, ["updated", "published"]),
        ("published", {"state": "draft"}, ["updated", "unpublished"]),
        ("published", {"translated_content": {"de": {"title": "Neu", "state": "published"}}}, ["updated"]),
    ],
)
def test_a_change_is_told(quiet_world: World, outbox: Outbox, state: str, change: Json, topics: list[str]) -> None:
    made = quiet_world.article(state=state)
    begun = ["article.created", *(["article.published"] if state == "published" else [])]
    assert outbox.take() == [(topic, made["id"], made) for topic in begun]
    changed = quiet_world.call("PUT", f"/articles/{made['id']}", json=change)
    assert outbox.take() == [(f"article.{topic}", made["id"], changed) for topic in topics]
    assert changed == quiet_world.call("GET", f"/articles/{made['id']}")


def test_a_deletion_is_told(quiet_world: World, outbox: Outbox) -> None:
    made = quiet_world.article()
    outbox.take()
    deleted = quiet_world.call("DELETE", f"/articles/{made['id']}")
    assert outbox.take() == [("article.deleted", made["id"], deleted)]


def test_what_is_refused_is_not_told(quiet_world: World, outbox: Outbox) -> None:
    made = quiet_world.article()
    outbox.take()
    assert quiet_world.api.put(f"/articles/{made['id']}", json={"author_id": 1}).status_code == 400
    assert outbox.take() == []


def test_articles_that_lose_their_collection_are_told_as_updated(quiet_world: World, outbox: Outbox) -> None:
    top = quiet_world.collection()
    inside = quiet_world.collection(parent_id=top["id"])
    made = [quiet_world.article(parent_id=each["id"]) for each in (top, inside)]
    outbox.take()
    quiet_world.call("DELETE", f"/help_center/collections/{top['id']}")
    found = [quiet_world.call("GET", f"/articles/{each['id']}") for each in made]
    assert outbox.take() == [("article.updated", each["id"], each) for each in found]
    assert [each["parent_id"] for each in found] == [None, None]
