"""SQL of article search, and its row types."""

import msgspec

from callbox.knowledge.articles.queries import ARTICLE_COLUMNS, ARTICLE_TABLES, ArticleRow, article_row
from callbox.knowledge.locales import TEXT_SEARCH
from callbox.platform.database import GlobalQuery, Query

# By locale, as a parameter: the statements look up those of the workspace's languages in it.
CONFIGURATIONS = msgspec.json.encode(TEXT_SEARCH).decode()


class FoundRow(msgspec.Struct):
    """How many articles were found, the stems that were looked for, and one article of the page."""

    total_count: int
    query: str
    article: ArticleRow | None


def _found_row(total_count: int, query: str | None, *article: object) -> FoundRow:
    return FoundRow(total_count, query or "", None if article[0] is None else article_row(*article))


class Spelling(msgspec.Struct):
    """A term, whether some language of the workspace passes over it, and what may have been meant.

    Turned are the beginnings of words that have two neighbouring letters of the term the other way around.
    """

    term: str
    is_stop_word: bool
    alike: list[str]
    turned: list[str]


class WordStems(msgspec.Struct):
    """A word, and what of it is kept in a text search configuration."""

    configuration: str
    word: str
    stems: list[str]


def _page(total_count: str, query: str, article_ids: str) -> str:
    """What was found, with each article of a page in its order; of an empty page, one row without an article."""
    return f"""
    SELECT found.total_count, found.query, {ARTICLE_COLUMNS}
    FROM (SELECT ({total_count}) AS total_count, ({query}) AS query) AS found
    LEFT JOIN (
        {ARTICLE_TABLES}
        JOIN unnest(ARRAY({article_ids})) WITH ORDINALITY AS page (article_id, place) ON page.article_id = a.id
    ) ON a.workspace_id = $1
    ORDER BY page.place"""


# The configurations of the languages that are on, each once however many help centers have them, and the one without
# stems, in which every text is kept too.
_LANGUAGES = """
    SELECT 'simple' AS configuration
    UNION
    SELECT $2::jsonb ->> l.locale
    FROM help_centers h
    CROSS JOIN unnest(h.locales) AS l (locale)
    WHERE h.workspace_id = $1"""

_IS_ASKED_FOR = "($4 = 'all' OR i.state = $4) AND ($5::bigint IS NULL OR i.help_center_id = $5)"

_MATCHING_PAGE = _page(
    total_count=f"""
        SELECT count(DISTINCT i.article_id)
        FROM article_index i
        WHERE i.workspace_id = $1 AND i.words @@ (SELECT query FROM wanted) AND {_IS_ASKED_FOR}
    """,
    query="SELECT query::text FROM wanted",
    article_ids="""
        SELECT article_id
        FROM ranked
        ORDER BY is_headed DESC, rank DESC NULLS LAST, article_id DESC
        LIMIT $6 OFFSET $7
    """,
)

_NEWEST_PAGE = _page(
    total_count="SELECT count(*) FROM found",
    query="''",
    article_ids="SELECT id FROM found ORDER BY updated_at DESC, id LIMIT $4 OFFSET $5",
)

# In any of the languages, since nobody says in which one they ask.
# First come those that have all words in title and description. Of the others the body has to be read to know how good
# they are: that is done where the page shows them, and for the newest hundred alone.
matching = Query(
    "articles_matching",
    _found_row,
    f"""
    WITH languages AS (
        {_LANGUAGES}
    ), wanted AS MATERIALIZED (
        SELECT string_agg(DISTINCT '(' || w.query::text || ')', ' | ')::tsquery AS query
        FROM languages
        CROSS JOIN to_tsquery(languages.configuration::regconfig, $3) AS w (query)
        WHERE numnode(w.query) > 0
    ), headed AS MATERIALIZED (
        SELECT c.article_id, max(ts_rank(c.heading, (SELECT query FROM wanted))) AS rank
        FROM article_contents c
        WHERE c.workspace_id = $1 AND c.heading @@ (SELECT query FROM wanted)
            AND (
                ($4 = 'all' AND $5::bigint IS NULL) OR EXISTS (
                    SELECT 1
                    FROM article_index i
                    WHERE i.workspace_id = $1 AND i.article_id = c.article_id AND i.locale = c.locale
                        AND {_IS_ASKED_FOR}
                )
            )
        GROUP BY c.article_id
    ), others AS (
        SELECT article_id, row_number() OVER (ORDER BY article_id DESC) AS place
        FROM (
            SELECT i.article_id
            FROM article_index i
            WHERE i.workspace_id = $1 AND i.words @@ (SELECT query FROM wanted) AND {_IS_ASKED_FOR}
            EXCEPT
            SELECT article_id FROM headed
        ) AS found
        WHERE (SELECT count(*) FROM headed) < $6::bigint + $7::bigint
    ), ranked AS (
        SELECT article_id, true AS is_headed, rank FROM headed
        UNION ALL
        SELECT
            others.article_id,
            false,
            CASE WHEN others.place <= 100 THEN (
                SELECT max(ts_rank(i.words, (SELECT query FROM wanted)))
                FROM article_index i
                WHERE i.workspace_id = $1 AND i.article_id = others.article_id
            ) END
        FROM others
    )
    {_MATCHING_PAGE}
    """,
)

newest = Query(
    "newest_articles",
    _found_row,
    f"""
    WITH found AS (
        SELECT a.id, a.updated_at
        FROM articles a
        JOIN article_contents c ON c.workspace_id = $1 AND c.article_id = a.id AND c.locale = a.default_locale
        WHERE a.workspace_id = $1
            AND ($2 = 'all' OR c.state = $2)
            AND ($3::bigint IS NULL OR (a.help_center_id = $3 AND a.collection_id IS NOT NULL))
    )
    {_NEWEST_PAGE}
    """,
)

# Trigrams do not see that words with two letters exchanged are alike: those are looked up.
spellings = Query(
    "spellings_of_search_terms",
    Spelling,
    f"""
    WITH languages AS (
        {_LANGUAGES}
    )
    SELECT
        sent.term,
        EXISTS (SELECT 1 FROM languages WHERE to_tsvector(languages.configuration::regconfig, sent.term) = ''),
        ARRAY(
            SELECT w.word
            FROM article_words w
            WHERE w.workspace_id = $1 AND w.word % sent.term
            ORDER BY similarity(w.word, sent.term) DESC, w.word
            LIMIT 20
        ),
        ARRAY(
            SELECT turned.beginning
            FROM generate_series(1, length(sent.term) - 1) AS letter (place)
            CROSS JOIN overlay(
                sent.term PLACING reverse(substr(sent.term, letter.place, 2)) FROM letter.place
            ) AS turned (beginning)
            WHERE EXISTS (
                SELECT 1
                FROM article_words w
                WHERE w.workspace_id = $1
                    AND w.word >= turned.beginning AND w.word < turned.beginning || chr(1114111)
            )
        )
    FROM unnest($3::text[]) WITH ORDINALITY AS sent (term, place)
    ORDER BY sent.place
    """,
)

stems_of_words = GlobalQuery(
    "stems_of_words",
    WordStems,
    """
    SELECT sent.configuration, sent.word, tsvector_to_array(to_tsvector(sent.configuration::regconfig, sent.word))
    FROM unnest($1::text[], $2::text[]) AS sent (configuration, word)
    """,
)
