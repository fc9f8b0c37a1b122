"""The official Python SDK through every method about news and data exports."""

import gzip
import time
from collections.abc import Callable
from typing import Any

import pytest
from intercom import Intercom
from intercom.core.api_error import ApiError
from intercom.errors.not_found_error import NotFoundError
from intercom.news.types.newsfeed_assignment import NewsfeedAssignment

from tests.contract.world import World


def test_news(sdk: Intercom, world: World) -> None:
    sender = int(world.admin_id())
    [feed] = sdk.news.feeds.list().data or []
    assert feed.id
    assert sdk.news.feeds.find(feed.id) == feed
    made = sdk.news.items.create(
        title="Halloween is here!",
        body="<p>New costumes</p>",
        sender_id=sender,
        state="live",
        labels=["Product", "New"],
        reactions=["😆", None],
        newsfeed_assignments=[NewsfeedAssignment(newsfeed_id=int(feed.id), published_at=1664638214)],
    )
    assert made.id
    assert (made.state, made.labels, made.reactions) == ("live", ["New", "Product"], ["😆"])
    assert sdk.news.items.find(made.id) == made
    assert sdk.news.items.list().dict()["data"] == [made.dict()]
    assert sdk.news.feeds.list_items(feed.id).dict()["data"] == [made.dict()]
    changed = sdk.news.items.update(made.id, title="Christmas is here!", sender_id=sender, deliver_silently=True)
    assert (changed.title, changed.deliver_silently, changed.labels) == ("Christmas is here!", True, made.labels)
    assert sdk.news.items.delete(made.id).deleted
    with pytest.raises(NotFoundError, match="Resource Not Found"):
        sdk.news.items.find(made.id)


def test_data_exports(sdk: Intercom, world: World, eventually: Callable[[Callable[[], Any]], Any]) -> None:
    now = int(time.time())
    message = {"from": {"type": "admin", "id": world.admin_id()}, "to": {"type": "user", "id": world.user()["id"]}}
    sent = world.post("/messages", {**message, "body": "Hello"})
    begun = sdk.data_export.create(created_at_after=now - 60, created_at_before=now + 60)
    assert begun.status == "pending"

    def completed() -> str | None:
        found = sdk.data_export.find(begun.job_identifier)
        return found.download_url if found.status == "completed" else None

    url = eventually(completed)
    sdk.data_export.download(begun.job_identifier)  # which answers nothing: people fetch the URL
    assert sent["id"] in gzip.decompress(world.api.get(url).content).decode()
    assert sdk.data_export.cancel(begun.job_identifier).status == "canceled"
    with pytest.raises(ApiError, match="does not exist"):
        sdk.data_export.download(begun.job_identifier)
