-- What articles are found by, and when mails bounced.

-- Apart from the articles: rows so narrow that to count what a search found reads few pages.
CREATE TABLE article_index (
    workspace_id   text COLLATE "C" NOT NULL,
    article_id     bigint NOT NULL,
    locale         text NOT NULL,
    -- A draft as long as the default language is one, published where both are; else searches by state pass over it.
    state          text NOT NULL DEFAULT 'unfinished' CHECK (state IN ('draft', 'published', 'unfinished')),
    -- That of its collection; without one, no help center shows it.
    help_center_id bigint,
    -- Words and word stems of the title (A), the description (B) and the body (C).
    words          tsvector NOT NULL,
    PRIMARY KEY (workspace_id, article_id, locale),
    FOREIGN KEY (workspace_id, article_id, locale) REFERENCES article_contents ON DELETE CASCADE
) WITH (toast_tuple_target = 128);
ALTER TABLE article_index ALTER COLUMN words SET STORAGE EXTERNAL;

INSERT INTO article_index (workspace_id, article_id, locale, state, help_center_id, words)
SELECT
    c.workspace_id, c.article_id, c.locale,
    CASE WHEN d.state = 'draft' THEN 'draft' WHEN c.state = 'published' THEN 'published' ELSE 'unfinished' END,
    CASE WHEN a.collection_id IS NOT NULL THEN a.help_center_id END,
    c.words
FROM article_contents c
JOIN articles a ON a.workspace_id = c.workspace_id AND a.id = c.article_id
JOIN article_contents d ON d.workspace_id = a.workspace_id AND d.article_id = a.id AND d.locale = a.default_locale;

ALTER TABLE article_contents DROP COLUMN words;

-- Where one workspace has most of the articles, to read the list of all of its own takes longer than to find the words:
-- PostgreSQL then takes the second of each pair, and the first where there are many workspaces.
CREATE INDEX article_index_words ON article_index USING gin (workspace_id, words) WITH (fastupdate = off);
CREATE INDEX article_index_words_of_all ON article_index USING gin (words) WITH (fastupdate = off);
CREATE INDEX article_contents_heading_of_all ON article_contents USING gin (heading) WITH (fastupdate = off);

-- So that the primary key finds the words that begin in some way.
ALTER TABLE article_words ALTER COLUMN word TYPE text COLLATE "C";

-- When it was first said of a mail that it cannot be delivered ever, or for now.
ALTER TABLE emails
    ADD COLUMN hard_bounced_at timestamptz,
    ADD COLUMN soft_bounced_at timestamptz;
