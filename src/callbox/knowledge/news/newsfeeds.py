"""The rules of newsfeeds: sets of news items, each for an audience."""

from msgspec import UNSET

from callbox.knowledge.news import queries
from callbox.knowledge.news.queries import NewsfeedRow
from callbox.knowledge.news.schemas import (
    EVERYBODY,
    CreateNewsfeedRequest,
    ManagedNewsfeed,
    NewsfeedDeleted,
    NewsItem,
    UpdateNewsfeedRequest,
    managed_newsfeed,
    news_item,
)
from callbox.people.segments.service import PEOPLE, segments_named
from callbox.platform.database import Connection, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.wire.pagination import NumberedPage
from callbox.workspace.workspaces import WorkspaceCreated


class NewsfeedNotFound(NotFound):
    """The workspace has no such newsfeed."""


async def create_default_newsfeed(held: Connection, workspace_id: str, created: WorkspaceCreated) -> None:
    """Reaction: a new workspace begins with a newsfeed for everybody."""
    await queries.insert_newsfeed.one(held, workspace_id, "News", EVERYBODY, [], created.created_at)


async def list_newsfeeds(caller: Caller, page: NumberedPage) -> tuple[list[NewsfeedRow], int]:
    """A page of newsfeeds, oldest first, and how many there are."""
    async with connection() as held:
        rows = await queries.newsfeeds_page.all(held, caller.workspace_id, page.per_page, page.offset)
        return rows, await queries.newsfeeds_total.one(held, caller.workspace_id)


async def get_newsfeed(caller: Caller, newsfeed_id: WireId) -> NewsfeedRow:
    """One newsfeed, or NewsfeedNotFound."""
    async with connection() as held:
        row = await queries.newsfeed_by_id.first(held, caller.workspace_id, decimal_id(newsfeed_id))
    if row is None:
        raise NewsfeedNotFound
    return row


async def live_items(caller: Caller, newsfeed_id: str, page: NumberedPage) -> tuple[list[NewsItem], int]:
    """A page of the live items on a newsfeed, latest publication first, and how many there are."""
    row = await get_newsfeed(caller, newsfeed_id)
    async with connection() as held:
        rows = await queries.live_items_page.all(held, caller.workspace_id, row.id, page.per_page, page.offset)
        total = await queries.live_items_total.one(held, caller.workspace_id, row.id)
    return [news_item(caller.workspace_id, each) for each in rows], total


async def create_newsfeed(caller: Caller, request: CreateNewsfeedRequest) -> ManagedNewsfeed:
    """A new newsfeed for an audience."""
    async with transaction() as held:
        await _check_segments(held, caller, request.segment_ids)
        newsfeed_id = await queries.insert_newsfeed.one(
            held,
            caller.workspace_id,
            request.name,
            list(dict.fromkeys(request.roles)),
            list(dict.fromkeys(request.segment_ids)),
            caller.now(),
        )
        return managed_newsfeed(await queries.newsfeed_by_id.one(held, caller.workspace_id, newsfeed_id))


async def update_newsfeed(caller: Caller, newsfeed_id: str, request: UpdateNewsfeedRequest) -> ManagedNewsfeed:
    """Rename a newsfeed, or give it another audience."""
    async with transaction() as held:
        row = await queries.newsfeed_for_update.first(held, caller.workspace_id, decimal_id(newsfeed_id))
        if row is None:
            raise NewsfeedNotFound
        if request.segment_ids is not UNSET:
            await _check_segments(held, caller, request.segment_ids)
            row.segment_ids = list(dict.fromkeys(request.segment_ids))
        if request.roles is not UNSET:
            row.roles = list(dict.fromkeys(request.roles))
        if request.name is not UNSET:
            row.name = request.name
        await queries.update_newsfeed.run(
            held, caller.workspace_id, row.id, row.name, row.roles, row.segment_ids, caller.now()
        )
        return managed_newsfeed(await queries.newsfeed_by_id.one(held, caller.workspace_id, row.id))


async def _check_segments(held: Connection, caller: Caller, segment_ids: list[str]) -> None:
    """Raise ParameterInvalid for what is no segment of people."""
    there = await segments_named(held, caller, segment_ids, PEOPLE)
    for segment_id in segment_ids:
        if segment_id not in there:
            raise ParameterInvalid(f"segment_ids: {segment_id} is not a segment of people in the workspace")


async def delete_newsfeed(caller: Caller, newsfeed_id: str) -> NewsfeedDeleted:
    """Delete a newsfeed; its items stay, off it."""
    async with transaction() as held:
        if not await queries.delete_newsfeed.run(held, caller.workspace_id, decimal_id(newsfeed_id)):
            raise NewsfeedNotFound
    return NewsfeedDeleted(str(decimal_id(newsfeed_id)), "newsfeed", deleted=True)
