"""The rules of news items: drafts that go live on newsfeeds, now or when their time comes.

Newsfeeds themselves: `newsfeeds.py`. What people see and how they react: `reading.py`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET

from callbox.knowledge.bodies import sanitise_body
from callbox.knowledge.news import queries
from callbox.knowledge.news.queries import NewsItemKey, NewsItemRow
from callbox.knowledge.news.schemas import (
    AssignmentRequest,
    ManagedNewsItem,
    ManageNewsItemRequest,
    NewsfeedAssignment,
    NewsItem,
    NewsItemDeleted,
    NewsItemRequest,
    ReactionCount,
    managed_item,
    news_item,
)
from callbox.platform.clock import machine_time
from callbox.platform.database import Connection, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, WireId, decimal_id, moment
from callbox.wire.errors import NotFound, ParameterInvalid, ParameterNotFound
from callbox.wire.pagination import NumberedPage
from callbox.workspace.admins.service import is_admin
from callbox.workspace.workspaces import operator_caller

# Items of one workspace that a look finds due; the rest is found at the next look.
BATCH_SIZE = 1000
# Clients' clocks may be this far ahead.
_SKEW = timedelta(minutes=5)
_COVERS = {".jpg", ".jpeg", ".png"}


class NewsItemNotFound(NotFound):
    """The workspace has no such news item."""


class NewsItemIsLive(ParameterInvalid):
    """A live item cannot be scheduled."""

    message = "publish_at: the news item is live already"


async def list_items(caller: Caller, page: NumberedPage) -> tuple[list[NewsItem], int]:
    """A page of all items, latest change first, and how many there are."""
    async with connection() as held:
        rows = await queries.news_items_page.all(held, caller.workspace_id, page.per_page, page.offset)
        total = await queries.news_items_total.one(held, caller.workspace_id)
    return [news_item(caller.workspace_id, row) for row in rows], total


async def get_item(caller: Caller, item_id: WireId) -> NewsItem:
    """One item in whatever state."""
    async with connection() as held:
        row = await queries.news_item_by_id.first(held, caller.workspace_id, decimal_id(item_id))
    return news_item(caller.workspace_id, _found(row))


def _found(row: NewsItemRow | None) -> NewsItemRow:
    if row is None:
        raise NewsItemNotFound
    return row


async def create_item(caller: Caller, request: NewsItemRequest) -> NewsItem:
    """A new item, a draft unless it is to be live. Raises ParameterNotFound, ParameterInvalid."""
    if request.title is UNSET:
        raise ParameterNotFound("title is a required parameter")
    if request.sender_id is UNSET:
        raise ParameterNotFound("sender_id is a required parameter")
    now = caller.now()
    async with transaction() as held:
        sender_id = await _sender(held, caller, request.sender_id)
        blank = NewsItemRow(0, "", "", sender_id, "draft", [], [], None, False, None, now, now, "[]")
        row = await _changed(held, caller, blank, request)
        item_id = await queries.insert_item.one(
            held,
            caller.workspace_id,
            row.title,
            row.body,
            row.sender_id,
            row.state,
            row.labels,
            row.reactions,
            row.deliver_silently,
            now,
        )
        await _assign(held, caller, item_id, row.state, request.newsfeed_assignments or [], {})
        return news_item(caller.workspace_id, await queries.news_item_by_id.one(held, caller.workspace_id, item_id))


async def update_item(caller: Caller, item_id: str, request: NewsItemRequest) -> NewsItem:
    """Change what is sent. Going live publishes the item on its newsfeeds, and ends its schedule."""
    async with transaction() as held:
        before = await _held(held, caller, item_id)
        row = await _changed(held, caller, before, request)
        if row.state == "live":
            row.publish_at = None
        await _store(held, caller, row)
        await _reassign(held, caller, before, row, request)
        return news_item(caller.workspace_id, await queries.news_item_by_id.one(held, caller.workspace_id, row.id))


async def _held(held: Connection, caller: Caller, item_id: WireId) -> NewsItemRow:
    return _found(await queries.news_item_for_update.first(held, caller.workspace_id, decimal_id(item_id)))


async def _changed(held: Connection, caller: Caller, row: NewsItemRow, request: NewsItemRequest) -> NewsItemRow:
    """The item as the request wants it, but for its newsfeeds."""
    changed = msgspec.structs.replace(row)
    if request.title is not UNSET:
        changed.title = request.title
    if request.body is not UNSET:
        changed.body = sanitise_body(request.body or "")
    # Who is the sender already may stay it, also after they left.
    if request.sender_id is not UNSET and decimal_id(request.sender_id) != row.sender_id:
        changed.sender_id = await _sender(held, caller, request.sender_id)
    if request.state is not UNSET:
        changed.state = request.state
    if request.deliver_silently is not UNSET:
        changed.deliver_silently = request.deliver_silently
    if request.labels is not UNSET:
        changed.labels = sorted({label.strip() for label in request.labels})
    if request.reactions is not UNSET:
        changed.reactions = list(dict.fromkeys(each for each in request.reactions if each is not None))
    return changed


async def _sender(held: Connection, caller: Caller, sender_id: WireId) -> int:
    number = decimal_id(sender_id)
    if number is None or not await is_admin(held, caller.workspace_id, number):
        raise ParameterInvalid(f"sender_id: {sender_id} is not an admin of the workspace")
    return number


async def _store(held: Connection, caller: Caller, row: NewsItemRow) -> None:
    await queries.update_item.run(
        held,
        caller.workspace_id,
        row.id,
        row.title,
        row.body,
        row.sender_id,
        row.state,
        row.labels,
        row.reactions,
        row.deliver_silently,
        row.cover_image_url,
        row.publish_at,
        caller.now(),
    )


async def _reassign(
    held: Connection, caller: Caller, before: NewsItemRow, row: NewsItemRow, request: NewsItemRequest
) -> None:
    """Put the item on the newsfeeds that are sent; one that stays live keeps its times of publication."""
    goes_live = before.state != row.state == "live"
    if request.newsfeed_assignments is UNSET and not goes_live:
        return
    published = {
        each.newsfeed_id: each.published_at for each in news_item(caller.workspace_id, row).newsfeed_assignments
    }
    wanted = request.newsfeed_assignments
    if wanted is UNSET:
        wanted = [AssignmentRequest(newsfeed_id) for newsfeed_id in published]
    await queries.clear_assignments.run(held, caller.workspace_id, row.id)
    await _assign(held, caller, row.id, row.state, wanted, {} if goes_live else published)


async def _assign(
    held: Connection,
    caller: Caller,
    item_id: int,
    state: str,
    wanted: Sequence[AssignmentRequest],
    published: dict[int, int],
) -> None:
    """Put an item that is on no newsfeed on these. `published` are times that stay unless others are sent."""
    times: dict[int | None, datetime] = {}
    for each in wanted:
        newsfeed_id = decimal_id(each.newsfeed_id)
        sent = each.published_at if state == "live" else None
        kept = sent if sent is not None else published.get(newsfeed_id or 0)
        times[newsfeed_id] = caller.now() if kept is None else _publication(caller, kept)
    ids = [newsfeed_id for newsfeed_id in times if newsfeed_id is not None]
    there = await queries.insert_assignments.all(
        held, caller.workspace_id, item_id, ids, [times[newsfeed_id] for newsfeed_id in ids]
    )
    for each in wanted:
        if decimal_id(each.newsfeed_id) not in there:
            raise ParameterInvalid(
                f"newsfeed_assignments.newsfeed_id: {each.newsfeed_id} is not a newsfeed of the workspace"
            )


def _publication(caller: Caller, sent: UnixTime) -> datetime:
    at, now = moment(sent, "newsfeed_assignments.published_at"), caller.now()
    if at > now + _SKEW:
        raise ParameterInvalid("newsfeed_assignments.published_at must not be in the future")
    return min(at, now)


async def delete_item(caller: Caller, item_id: str) -> NewsItemDeleted:
    """Delete an item with its reactions."""
    async with transaction() as held:
        if not await queries.delete_item.run(held, caller.workspace_id, decimal_id(item_id)):
            raise NewsItemNotFound
    return NewsItemDeleted(str(decimal_id(item_id)), "news-item", deleted=True)


async def get_managed(caller: Caller, item_id: str) -> ManagedNewsItem:
    """An item with its schedule and the reactions to it."""
    async with connection() as held:
        row = _found(await queries.news_item_by_id.first(held, caller.workspace_id, decimal_id(item_id)))
        return await managed(held, caller, row)


async def managed(held: Connection, caller: Caller, row: NewsItemRow) -> ManagedNewsItem:
    """What the management API shows of an item."""
    counts = await queries.reaction_counts.all(held, caller.workspace_id, row.id)
    return managed_item(caller.workspace_id, row, [ReactionCount(*each) for each in counts])


async def manage_item(caller: Caller, item_id: str, request: ManageNewsItemRequest) -> ManagedNewsItem:
    """Set the cover, or when a draft goes live."""
    async with transaction() as held:
        row = await _held(held, caller, item_id)
        if request.cover_image_url is not UNSET:
            row.cover_image_url = _cover(request.cover_image_url)
        if request.publish_at is not UNSET:
            row.publish_at = None if request.publish_at is None else _schedule(caller, row, request.publish_at)
        await _store(held, caller, row)
        return await managed(held, caller, await queries.news_item_by_id.one(held, caller.workspace_id, row.id))


def _cover(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    is_picture = PurePosixPath(parts.path).suffix.lower() in _COVERS
    if parts.scheme not in {"http", "https"} or not parts.hostname or not is_picture:
        raise ParameterInvalid("cover_image_url must be the http or https URL of a .jpg or .png file")
    return url


def _schedule(caller: Caller, row: NewsItemRow, sent: UnixTime) -> datetime:
    if row.state == "live":
        raise NewsItemIsLive
    at = moment(sent, "publish_at")
    if at <= caller.now():
        raise ParameterInvalid("publish_at must be in the future")
    return at


async def to_publish() -> list[NewsItemKey]:
    """Scheduled items whose time has come, by the clock of their workspace."""
    async with connection() as held:
        return await queries.items_to_publish.all(held, machine_time(), BATCH_SIZE)


async def publish(workspace_id: str, item_id: int) -> None:
    """Let a scheduled item go live, unless that happened meanwhile, or it was scheduled for later."""
    caller = await operator_caller(workspace_id)
    async with transaction() as held:
        row = await queries.news_item_for_update.first(held, workspace_id, item_id)
        if row is None or row.publish_at is None or row.publish_at > caller.now():
            return
        at = int(row.publish_at.timestamp())
        feeds = msgspec.json.decode(row.assignments, type=list[NewsfeedAssignment])
        row.state, row.publish_at = "live", None
        await _store(held, caller, row)
        await queries.clear_assignments.run(held, workspace_id, item_id)
        await _assign(held, caller, item_id, "live", [AssignmentRequest(each.newsfeed_id, at) for each in feeds], {})
