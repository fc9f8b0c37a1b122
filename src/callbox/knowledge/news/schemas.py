"""News items and newsfeeds as they are on the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.knowledge.news.queries import NewsfeedRow, NewsItemRow, ShownItemRow
from callbox.platform.clock import unix, unix_or_none
from callbox.wire.decode import Name, UnixTime, WireId
from callbox.wire.pagination import LinkedPages

MAX_ASSIGNMENTS = 100

Role = Literal["user", "lead", "visitor"]
EVERYBODY: tuple[Role, ...] = ("user", "lead", "visitor")
_Title = Annotated[str, Meta(max_length=1_000, pattern=r"\S")]
_Label = Annotated[str, Meta(max_length=100, pattern=r"\S")]
_Reaction = Annotated[str, Meta(max_length=32, pattern=r"\S")]


class NewsfeedAssignment(msgspec.Struct):
    """A newsfeed that an item is on, and since when. Of a draft, the time means nothing yet."""

    newsfeed_id: int
    published_at: int


class NewsItem(msgspec.Struct):
    """A news item."""

    type: Literal["news-item"]
    id: str
    workspace_id: str
    title: str
    body: str
    sender_id: int
    state: Literal["draft", "live"]
    labels: list[str]
    cover_image_url: str | None
    reactions: list[str]
    deliver_silently: bool
    created_at: int
    updated_at: int
    newsfeed_assignments: list[NewsfeedAssignment]


class NewsItemList(msgspec.Struct):
    """A page of news items."""

    type: Literal["list"]
    pages: LinkedPages
    data: list[NewsItem]
    total_count: int


class AssignmentRequest(msgspec.Struct):
    """A newsfeed to put an item on; without a time of publication it is that of going live."""

    newsfeed_id: WireId
    published_at: UnixTime | None = None


class NewsItemRequest(msgspec.Struct):
    """A new item, which needs `title` and `sender_id`, or what is to change of one. Lists are replaced as a whole."""

    title: _Title | UnsetType = UNSET
    body: str | UnsetType | None = UNSET
    sender_id: WireId | UnsetType = UNSET
    state: Literal["draft", "live"] | UnsetType = UNSET
    deliver_silently: bool | UnsetType = UNSET
    labels: Annotated[list[_Label], Meta(max_length=50)] | UnsetType = UNSET
    # The reference's own examples hold nulls here; they say nothing.
    reactions: Annotated[list[_Reaction | None], Meta(max_length=20)] | UnsetType = UNSET
    newsfeed_assignments: Annotated[list[AssignmentRequest], Meta(max_length=MAX_ASSIGNMENTS)] | UnsetType = UNSET


class NewsItemDeleted(msgspec.Struct):
    """The answer to deleting a news item."""

    id: str
    object: Literal["news-item"]
    deleted: Literal[True]


class Newsfeed(msgspec.Struct):
    """A newsfeed."""

    id: str
    type: Literal["newsfeed"]
    name: str
    created_at: int
    updated_at: int


class NewsfeedList(msgspec.Struct):
    """A page of newsfeeds."""

    type: Literal["list"]
    pages: LinkedPages
    data: list[Newsfeed]
    total_count: int


class ReactionCount(msgspec.Struct):
    """How many people reacted in one way."""

    reaction: str
    count: int


class ManagedNewsItem(msgspec.Struct):
    """A news item with what the REST API does not show."""

    item: NewsItem
    publish_at: int | None
    reaction_counts: list[ReactionCount]


class ManageNewsItemRequest(msgspec.Struct):
    """What the REST API cannot set: the cover, and when a draft goes live; null takes either away."""

    cover_image_url: Annotated[str, Meta(max_length=2_000)] | UnsetType | None = UNSET
    publish_at: UnixTime | UnsetType | None = UNSET


class ReactRequest(msgspec.Struct):
    """How a contact reacts; null takes the reaction back."""

    reaction: str | None


class ShownNewsItem(msgspec.Struct):
    """A live news item as one person has it before them."""

    item: NewsItem
    published_at: int
    own_reaction: str | None


class ShownNewsList(msgspec.Struct):
    """News for one person, latest first."""

    type: Literal["list"]
    data: list[ShownNewsItem]


class ManagedNewsfeed(msgspec.Struct):
    """A newsfeed with its audience: people of these roles, and of these segments if there are any."""

    id: str
    type: Literal["newsfeed"]
    name: str
    roles: list[str]
    segment_ids: list[str]
    created_at: int
    updated_at: int


class ManagedNewsfeedList(msgspec.Struct):
    """A page of newsfeeds with their audiences."""

    type: Literal["list"]
    pages: LinkedPages
    data: list[ManagedNewsfeed]
    total_count: int


_Roles = Annotated[list[Role], Meta(min_length=1, max_length=3)]
_SegmentIds = Annotated[list[str], Meta(max_length=100)]


class CreateNewsfeedRequest(msgspec.Struct):
    """A new newsfeed; for everybody unless roles or segments say otherwise."""

    name: Name
    roles: _Roles = msgspec.field(default_factory=lambda: list(EVERYBODY))
    segment_ids: _SegmentIds = []


class UpdateNewsfeedRequest(msgspec.Struct):
    """What is to change of a newsfeed."""

    name: Name | UnsetType = UNSET
    roles: _Roles | UnsetType = UNSET
    segment_ids: _SegmentIds | UnsetType = UNSET


class NewsfeedDeleted(msgspec.Struct):
    """The answer to deleting a newsfeed."""

    id: str
    object: Literal["newsfeed"]
    deleted: Literal[True]


def news_item(workspace_id: str, row: NewsItemRow) -> NewsItem:
    """A news item as answers show it."""
    return NewsItem(
        "news-item",
        str(row.id),
        workspace_id,
        row.title,
        row.body,
        row.sender_id,
        "live" if row.state == "live" else "draft",
        row.labels,
        row.cover_image_url,
        row.reactions,
        row.deliver_silently,
        unix(row.created_at),
        unix(row.updated_at),
        msgspec.json.decode(row.assignments, type=list[NewsfeedAssignment]),
    )


def managed_item(workspace_id: str, row: NewsItemRow, counts: list[ReactionCount]) -> ManagedNewsItem:
    """A news item as the management API shows it."""
    return ManagedNewsItem(news_item(workspace_id, row), unix_or_none(row.publish_at), counts)


def shown_item(workspace_id: str, row: ShownItemRow) -> ShownNewsItem:
    """A live news item as one person has it before them."""
    return ShownNewsItem(news_item(workspace_id, row), unix(row.published_at), row.own_reaction)


def newsfeed(row: NewsfeedRow) -> Newsfeed:
    """A newsfeed as answers show it."""
    return Newsfeed(str(row.id), "newsfeed", row.name, unix(row.created_at), unix(row.updated_at))


def managed_newsfeed(row: NewsfeedRow) -> ManagedNewsfeed:
    """A newsfeed with its audience."""
    return ManagedNewsfeed(
        str(row.id),
        "newsfeed",
        row.name,
        row.roles,
        row.segment_ids,
        unix(row.created_at),
        unix(row.updated_at),
    )
