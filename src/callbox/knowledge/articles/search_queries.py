"""SQL of article search, and its row types."""

import msgspec

from callbox.knowledge.locales import TEXT_SEARCH
from callbox.platform.database import GlobalQuery, Query

# By locale, as a parameter: the statements look up those of the workspace's languages in it.
CONFIGURATIONS = msgspec.json.encode(TEXT_SEARCH).decode()


class Found(msgspec.Struct):
    """The articles of a page, best first, how many there are in all, and the stems that were looked for."""

    total_count: int
    article_ids: list[int]
    query: str


class Spelling(msgspec.Struct):
    """A term, whether some language of the workspace passes over it, and words that may have been meant."""

    term: str
    is_stop_word: bool
    alike: list[str]


class FoundContent(msgspec.Struct):
    """An article in the language in which it was found."""

    article_id: int
    locale: str
    title: str
    description: str
    body: str


# The configurations of the languages that are on, and the one without stems, in which every text is kept too.
_LANGUAGES = """
    SELECT 'simple' AS configuration
    UNION
    SELECT $2::jsonb ->> l.locale
    FROM help_centers h
    CROSS JOIN unnest(h.locales) AS l (locale)
    WHERE h.workspace_id = $1"""

# What is published must be so in the language found, and the article in its default one.
_IS_ASKED_FOR = """
    (
        ($4 = 'all' AND $5::bigint IS NULL) OR EXISTS (
            SELECT 1
            FROM articles a
            WHERE a.workspace_id = $1 AND a.id = c.article_id
                AND ($5::bigint IS NULL OR (a.help_center_id = $5 AND a.collection_id IS NOT NULL))
                AND ($4 IN ('all', 'draft') OR c.state = $4)
                AND CASE
                    WHEN $4 = 'all' THEN true
                    WHEN c.locale = a.default_locale THEN c.state = $4
                    ELSE EXISTS (
                        SELECT 1
                        FROM article_contents d
                        WHERE d.workspace_id = $1 AND d.article_id = a.id AND d.locale = a.default_locale
                            AND d.state = $4
                    )
                END
        )
    )"""

# In any of the languages, since nobody says in which one they ask.
# First come those that have all words in title and description. Of the others the body has to be read to know how good
# they are: that is done where the page shows them, and for the newest hundred alone.
matching = Query(
    "articles_matching",
    Found,
    f"""
    WITH languages AS (
        {_LANGUAGES}
    ), wanted AS MATERIALIZED (
        SELECT string_agg(DISTINCT '(' || w.query::text || ')', ' | ')::tsquery AS query
        FROM languages
        CROSS JOIN to_tsquery(languages.configuration::regconfig, $3) AS w (query)
        WHERE numnode(w.query) > 0
    ), found AS MATERIALIZED (
        SELECT DISTINCT c.article_id
        FROM article_contents c
        WHERE c.workspace_id = $1 AND c.words @@ (SELECT query FROM wanted) AND {_IS_ASKED_FOR}
    ), headed AS MATERIALIZED (
        SELECT c.article_id, max(ts_rank(c.heading, (SELECT query FROM wanted))) AS rank
        FROM article_contents c
        WHERE c.workspace_id = $1 AND c.heading @@ (SELECT query FROM wanted) AND {_IS_ASKED_FOR}
        GROUP BY c.article_id
    ), others AS MATERIALIZED (
        SELECT c.article_id, max(ts_rank(c.words, (SELECT query FROM wanted))) AS rank
        FROM (
            SELECT article_id FROM found EXCEPT SELECT article_id FROM headed ORDER BY article_id DESC LIMIT 100
        ) AS newest
        JOIN article_contents c ON c.workspace_id = $1 AND c.article_id = newest.article_id
        WHERE (SELECT count(*) FROM headed) < $6::bigint + $7::bigint
        GROUP BY c.article_id
    )
    SELECT
        (SELECT count(*) FROM found),
        ARRAY(
            SELECT found.article_id
            FROM found
            LEFT JOIN headed USING (article_id)
            LEFT JOIN others USING (article_id)
            ORDER BY headed.rank DESC NULLS LAST, others.rank DESC NULLS LAST, found.article_id DESC
            LIMIT $6 OFFSET $7
        ),
        (SELECT query::text FROM wanted)
    """,
)

newest = Query(
    "newest_articles",
    Found,
    """
    WITH found AS (
        SELECT a.id, a.updated_at
        FROM articles a
        JOIN article_contents c ON c.workspace_id = $1 AND c.article_id = a.id AND c.locale = a.default_locale
        WHERE a.workspace_id = $1
            AND ($2 = 'all' OR c.state = $2)
            AND ($3::bigint IS NULL OR (a.help_center_id = $3 AND a.collection_id IS NOT NULL))
    )
    SELECT
        (SELECT count(*) FROM found),
        ARRAY(SELECT id FROM found ORDER BY updated_at DESC, id LIMIT $4 OFFSET $5),
        ''
    """,
)

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
        )
    FROM unnest($3::text[]) WITH ORDINALITY AS sent (term, place)
    ORDER BY sent.place
    """,
)

# Each in the language that it was found in: in the default one if that is as good as another.
found_contents = Query(
    "contents_of_found_articles",
    FoundContent,
    """
    SELECT DISTINCT ON (c.article_id) c.article_id, c.locale, c.title, c.description, c.body
    FROM article_contents c
    JOIN articles a ON a.workspace_id = $1 AND a.id = c.article_id
    WHERE c.workspace_id = $1 AND c.article_id = ANY ($2::bigint[])
    ORDER BY c.article_id, ts_rank(c.words, $3::text::tsquery) DESC, c.locale = a.default_locale DESC
    """,
)

words_matching = GlobalQuery(
    "words_matching_search",
    lambda configuration, word: (configuration, word),
    """
    SELECT sent.configuration, sent.word
    FROM unnest($1::text[], $2::text[]) AS sent (configuration, word)
    WHERE to_tsvector(sent.configuration::regconfig, sent.word) || to_tsvector('simple', sent.word) @@ $3::text::tsquery
    """,
)
