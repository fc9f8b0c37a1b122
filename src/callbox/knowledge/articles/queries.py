"""SQL about articles, and its row types."""

from datetime import datetime
from typing import Literal

import msgspec

from callbox.platform.database import Command, Query

State = Literal["draft", "published"]


class ContentRow(msgspec.Struct, array_like=True):
    """An article in one language, as `_CONTENTS` builds it. Times are Unix seconds."""

    locale: str
    title: str
    description: str
    body: str
    author_id: int
    state: State
    created_at: int
    updated_at: int


class StatisticsRow(msgspec.Struct, array_like=True):
    """What was counted of an article, as `_STATISTICS` builds it."""

    views: int
    conversations: int
    happy: int
    neutral: int
    sad: int


class ArticleRow(msgspec.Struct):
    """An article in its default language, with what its addresses depend on, in the order of `ARTICLE_COLUMNS`."""

    id: int
    collection_id: int | None
    help_center_id: int
    default_locale: str
    title: str
    description: str
    body: str
    author_id: int
    state: State
    created_at: datetime
    updated_at: datetime
    identifier: str
    custom_domain: str | None
    locales: list[str]
    # Its languages, where the help center has several.
    contents: list[ContentRow] | None
    statistics: StatisticsRow | None = None


class HeldArticle(msgspec.Struct):
    """An article that is about to change. Nobody else changes it meanwhile."""

    id: int
    collection_id: int | None
    help_center_id: int
    default_locale: str


_contents = msgspec.json.Decoder(list[ContentRow]).decode
_statistics = msgspec.json.Decoder(StatisticsRow).decode


def article_row(*columns: object) -> ArticleRow:
    """The row of `ARTICLE_COLUMNS`, with `_STATISTICS` or without."""
    row = ArticleRow(*columns)  # type: ignore[arg-type]
    if row.contents is not None:
        row.contents = _contents(row.contents)  # type: ignore[arg-type]
    if row.statistics is not None:
        row.statistics = _statistics(row.statistics)  # type: ignore[arg-type]
    return row


_CONTENT = """
    json_build_array(
        t.locale, t.title, t.description, t.body, t.author_id, t.state,
        extract(epoch FROM t.created_at)::bigint, extract(epoch FROM t.updated_at)::bigint
    )"""

ARTICLE_COLUMNS = f"""
    a.id, a.collection_id, a.help_center_id, a.default_locale, c.title, c.description, c.body, c.author_id, c.state,
    a.created_at, a.updated_at, h.identifier, h.custom_domain, h.locales,
    CASE WHEN cardinality(h.locales) > 1 THEN (
        SELECT json_agg({_CONTENT} ORDER BY t.locale)::text
        FROM article_contents t
        WHERE t.workspace_id = $1 AND t.article_id = a.id AND t.locale = ANY (h.locales)
    ) END"""

ARTICLE_TABLES = """
    articles a
    JOIN article_contents c ON c.workspace_id = $1 AND c.article_id = a.id AND c.locale = a.default_locale
    JOIN help_centers h ON h.workspace_id = $1 AND h.id = a.help_center_id"""

_STATISTICS = """
    (
        SELECT json_build_array(
            a.views,
            (SELECT count(*) FROM article_conversations v WHERE v.workspace_id = $1 AND v.article_id = a.id),
            count(*) FILTER (WHERE r.reaction = 'happy'),
            count(*) FILTER (WHERE r.reaction = 'neutral'),
            count(*) FILTER (WHERE r.reaction = 'sad')
        )::text
        FROM article_reactions r
        WHERE r.workspace_id = $1 AND r.article_id = a.id
    )"""

article_by_id = Query(
    "article_by_id",
    article_row,
    f"SELECT {ARTICLE_COLUMNS}, {_STATISTICS} FROM {ARTICLE_TABLES} WHERE a.workspace_id = $1 AND a.id = $2",
)

articles_by_ids = Query(
    "articles_by_ids",
    article_row,
    f"""
    SELECT {ARTICLE_COLUMNS}, {_STATISTICS}
    FROM {ARTICLE_TABLES}
    WHERE a.workspace_id = $1 AND a.id = ANY ($2::bigint[])
    ORDER BY a.id
    """,
)

articles_page = Query(
    "articles_page",
    article_row,
    f"""
    SELECT {ARTICLE_COLUMNS}
    FROM {ARTICLE_TABLES}
    WHERE a.workspace_id = $1
    ORDER BY a.updated_at DESC, a.id
    LIMIT $2 OFFSET $3
    """,
)

articles_total = Query("articles_total", int, "SELECT count(*) FROM articles WHERE workspace_id = $1")

article_for_update = Query(
    "article_for_update",
    HeldArticle,
    """
    SELECT id, collection_id, help_center_id, default_locale
    FROM articles
    WHERE workspace_id = $1 AND id = $2
    FOR NO KEY UPDATE
    """,
)

contents_of_article = Query(
    "contents_of_article",
    lambda content: msgspec.json.decode(content, type=ContentRow),
    f"SELECT {_CONTENT}::text FROM article_contents t WHERE t.workspace_id = $1 AND t.article_id = $2",
)

insert_article = Query(
    "insert_article",
    int,
    """
    INSERT INTO articles (workspace_id, help_center_id, collection_id, default_locale, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $5)
    RETURNING id
    """,
)

update_article = Command(
    "update_article",
    """
    UPDATE articles
    SET help_center_id = $3, collection_id = $4, default_locale = $5, updated_at = $6
    WHERE workspace_id = $1 AND id = $2
    """,
)


def _words(configuration: str, **texts: str) -> str:
    """A tsvector of texts by their weights; stems beside whole words, so that the beginning of a word is found too."""
    return " || ".join(
        f"setweight(to_tsvector({each}, {text}), '{weight}')"
        for each in (f"{configuration}::text::regconfig", "'simple'")
        for weight, text in texts.items()
    )


# Parameters 10 to 12: the text search configuration, and the words of title and description.
save_content = Command(
    "save_article_content",
    f"""
    INSERT INTO article_contents (
        workspace_id, article_id, locale, title, description, body, author_id, state, created_at, updated_at, heading
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, {_words("$10", A="$11", B="$12")})
    ON CONFLICT (workspace_id, article_id, locale) DO UPDATE
    SET title = EXCLUDED.title, description = EXCLUDED.description, body = EXCLUDED.body,
        author_id = EXCLUDED.author_id, state = EXCLUDED.state, updated_at = EXCLUDED.updated_at,
        heading = EXCLUDED.heading
    """,
)

# The same, and the words of the body.
index_content = Command(
    "index_article_content",
    f"""
    INSERT INTO article_index (workspace_id, article_id, locale, words)
    VALUES ($1, $2, $3, {_words("$4", A="$5", B="$6", C="$7")})
    ON CONFLICT (workspace_id, article_id, locale) DO UPDATE
    SET words = EXCLUDED.words
    """,
)

# After every change of articles: what each of their languages can be found as, and where.
index_articles = Command(
    "index_articles",
    """
    UPDATE article_index i
    SET
        state = CASE
            WHEN d.state = 'draft' THEN 'draft'
            WHEN c.state = 'published' THEN 'published'
            ELSE 'unfinished'
        END,
        help_center_id = CASE WHEN a.collection_id IS NOT NULL THEN a.help_center_id END
    FROM articles a
    JOIN article_contents d ON d.workspace_id = $1 AND d.article_id = a.id AND d.locale = a.default_locale
    JOIN article_contents c ON c.workspace_id = $1 AND c.article_id = a.id
    WHERE a.workspace_id = $1 AND a.id = ANY ($2::bigint[])
        AND i.workspace_id = $1 AND i.article_id = a.id AND i.locale = c.locale
    """,
)

# In one order everywhere: two who add the same words wait for one another, and not in a circle.
add_words = Command(
    "add_article_words",
    """
    INSERT INTO article_words (workspace_id, word)
    SELECT $1, sent.word
    FROM unnest($2::text[]) AS sent (word)
    WHERE NOT EXISTS (SELECT 1 FROM article_words w WHERE w.workspace_id = $1 AND w.word = sent.word)
    ORDER BY sent.word
    ON CONFLICT DO NOTHING
    """,
)

delete_content = Command(
    "delete_article_content",
    "DELETE FROM article_contents WHERE workspace_id = $1 AND article_id = $2 AND locale = $3",
)

delete_article_row = Command("delete_article", "DELETE FROM articles WHERE workspace_id = $1 AND id = $2")

take_out_of_collections = Query(
    "take_articles_out_of_collections",
    int,
    """
    UPDATE articles
    SET collection_id = NULL, updated_at = $3
    WHERE workspace_id = $1 AND collection_id = ANY ($2::bigint[])
    RETURNING id
    """,
)

# Those that are not told in the new language keep the old one.
turn_articles = Query(
    "turn_articles_to_default_locale",
    int,
    """
    UPDATE articles a
    SET default_locale = $3
    FROM article_contents c
    WHERE a.workspace_id = $1 AND a.help_center_id = $2
        AND c.workspace_id = $1 AND c.article_id = a.id AND c.locale = $3
    RETURNING a.id
    """,
)

article_statistics = Query(
    "article_statistics",
    _statistics,
    f"SELECT {_STATISTICS} FROM articles a WHERE a.workspace_id = $1 AND a.id = $2",
)

# Whoever keeps something about an article keeps it from being deleted meanwhile.
article_to_keep = Query(
    "article_to_keep",
    int,
    "SELECT id FROM articles WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE",
)

count_view = Command("count_article_view", "UPDATE articles SET views = views + 1 WHERE workspace_id = $1 AND id = $2")

save_reaction = Command(
    "save_article_reaction",
    """
    INSERT INTO article_reactions (workspace_id, article_id, person_id, reaction, reacted_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (workspace_id, article_id, person_id) DO UPDATE
    SET reaction = EXCLUDED.reaction, reacted_at = EXCLUDED.reacted_at
    """,
)

insert_conversation = Command(
    "insert_article_conversation",
    """
    INSERT INTO article_conversations (workspace_id, article_id, conversation_id)
    VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING
    """,
)
