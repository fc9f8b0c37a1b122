"""Articles as they are on the wire."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from callbox.knowledge.addresses import article_url, site_url
from callbox.knowledge.articles.queries import ArticleRow, ContentRow, State, StatisticsRow
from callbox.platform.clock import unix
from callbox.wire.decode import Name, WireId
from callbox.wire.pagination import LinkedPages

Text = Annotated[str, Meta(max_length=10_000)]
Reaction = Literal["happy", "neutral", "sad"]


class ArticleContent(msgspec.Struct):
    """An article in one language."""

    type: Literal["article_content"]
    title: str
    description: str
    body: str
    author_id: int
    state: State
    created_at: int
    updated_at: int
    url: str | None


class ArticleListItem(msgspec.Struct):
    """An article as lists show it. Its other languages are shown where the help center has several."""

    type: Literal["article"]
    id: str
    workspace_id: str
    title: str
    description: str
    body: str
    author_id: int
    state: State
    created_at: int
    updated_at: int
    url: str | None
    parent_id: int | None
    parent_ids: list[int]
    parent_type: Literal["collection"] | None
    default_locale: str
    translated_content: dict[str, ArticleContent | Literal["article_translated_content"]] | None


class ArticleStatistics(msgspec.Struct):
    """What was counted of an article, over all languages. Examples and schema of the reference name one differently."""

    type: Literal["article_statistics"]
    views: int
    conversations: int
    conversions: int
    reactions: int
    happy_reaction_percentage: int
    neutral_reaction_percentage: int
    sad_reaction_percentage: int


class Article(ArticleListItem):
    """An article."""

    statistics: ArticleStatistics


class ArticleList(msgspec.Struct):
    """A page of articles."""

    type: Literal["list"]
    pages: LinkedPages
    total_count: int
    data: list[ArticleListItem]


class ArticleDeleted(msgspec.Struct):
    """The answer to deleting an article."""

    id: str
    object: Literal["article"]
    deleted: Literal[True]


class HighlightedText(msgspec.Struct):
    """A piece of a text: what was looked for, or what is around it."""

    type: Literal["highlight", "plain"]
    text: str


class Highlights(msgspec.Struct):
    """Where an article has what was looked for: its whole title, and parts of its description and body."""

    article_id: str
    highlighted_title: list[HighlightedText]
    highlighted_summary: list[list[HighlightedText]]


class FoundArticles(msgspec.Struct):
    """A page of articles, and the highlights of each if they were asked for."""

    articles: list[ArticleListItem]
    highlights: list[Highlights]


class SearchAnswer(msgspec.Struct):
    """What a search found, best first."""

    type: Literal["list"]
    total_count: int
    data: FoundArticles
    pages: LinkedPages


class SearchQuery(msgspec.Struct):
    """What to look for, and where."""

    phrase: Annotated[str, Meta(max_length=1000)] = ""
    state: Literal["published", "draft", "all"] | None = None
    help_center_id: str | None = None
    highlight: bool = False
    page: str | None = None
    per_page: str | None = None


class ContentRequest(msgspec.Struct):
    """What is written of an article in one language."""

    title: Name | None = None
    description: Text | None = None
    body: str | None = None
    author_id: WireId | None = None
    state: State | None = None


Translations = dict[str, ContentRequest | str | None]
ParentType = Literal["collection", "section"]


class CreateArticleRequest(ContentRequest):
    """A new article. What is not said of it in general counts from its default language."""

    parent_id: WireId | None = None
    parent_type: ParentType | None = None
    translated_content: Translations | None = None


class UpdateArticleRequest(ContentRequest):
    """What is to change of an article. A null parent takes it out of its collection."""

    parent_id: WireId | UnsetType | None = UNSET
    parent_type: ParentType | None = None
    translated_content: Translations | None = None


class ReactionRequest(msgspec.Struct):
    """What a reader thinks of an article; who reacts again, changes their mind."""

    person_id: Annotated[str, Meta(min_length=1, max_length=255)]
    reaction: Reaction


class BegunConversationRequest(msgspec.Struct):
    """The conversation that a reader began from an article."""

    conversation_id: WireId


def list_item(workspace_id: str, row: ArticleRow) -> ArticleListItem:
    """The article as lists show it."""
    site = site_url(row.identifier, row.custom_domain)
    return ArticleListItem(
        type="article",
        id=str(row.id),
        workspace_id=workspace_id,
        title=row.title,
        description=row.description,
        body=row.body,
        author_id=row.author_id,
        state=row.state,
        created_at=unix(row.created_at),
        updated_at=unix(row.updated_at),
        url=_url(site, row.id, row.default_locale, row.title, row.state),
        parent_id=row.collection_id,
        parent_ids=[] if row.collection_id is None else [row.collection_id],
        parent_type=None if row.collection_id is None else "collection",
        default_locale=row.default_locale,
        translated_content=_translated_content(site, row),
    )


def article_from_row(workspace_id: str, row: ArticleRow) -> Article:
    """The article as GET shows it; the row has its statistics."""
    assert row.statistics is not None
    shown = list_item(workspace_id, row)
    return Article(**msgspec.structs.asdict(shown), statistics=statistics_from_row(row.statistics))


def _url(site: str, article_id: int, locale: str, title: str, state: State) -> str | None:
    return article_url(site, locale, article_id, title) if state == "published" else None


def _translated_content(
    site: str, row: ArticleRow
) -> dict[str, ArticleContent | Literal["article_translated_content"]] | None:
    if row.contents is None:
        return None
    contents = {each.locale: _content(site, row.id, each) for each in row.contents}
    return {"type": "article_translated_content", **contents}


def _content(site: str, article_id: int, row: ContentRow) -> ArticleContent:
    return ArticleContent(
        type="article_content",
        title=row.title,
        description=row.description,
        body=row.body,
        author_id=row.author_id,
        state=row.state,
        created_at=row.created_at,
        updated_at=row.updated_at,
        url=_url(site, article_id, row.locale, row.title, row.state),
    )


def statistics_from_row(row: StatisticsRow) -> ArticleStatistics:
    """What was counted, as articles show it."""
    reactions = row.happy + row.neutral + row.sad
    return ArticleStatistics(
        "article_statistics",
        row.views,
        row.conversations,
        row.conversations,
        reactions,
        *(_percentage(count, reactions) for count in (row.happy, row.neutral, row.sad)),
    )


def _percentage(part: int, whole: int) -> int:
    """Rounded half up, each by itself: together they may be 101."""
    return (200 * part + whole) // (2 * whole) if whole else 0
