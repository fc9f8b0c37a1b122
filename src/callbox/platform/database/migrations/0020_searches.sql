-- What a search finds is sorted and counted from indexes alone, wherever in the table it lies.

CREATE INDEX conversations_found ON conversations (workspace_id, id) INCLUDE (updated_at) WHERE source_type IS NOT NULL;
CREATE INDEX tickets_found ON conversations (workspace_id, id) INCLUDE (updated_at) WHERE ticket_number IS NOT NULL;

-- Who wrote the first message: what is asked about them is looked up among contacts and admins.
CREATE INDEX conversations_of_author ON conversations
    (workspace_id, coalesce(source_author_contact_id, source_author_admin_id::text)) WHERE source_type IS NOT NULL;

-- In an inverted index the workspace is one more key, which all of its rows have. In front of the others, most of that
-- is read to find few rows; behind them, only as much of it as they lead to.
DROP INDEX conversation_words_found;
CREATE INDEX conversation_words_found ON conversation_words USING gin (words gin_trgm_ops, workspace_id);
DROP INDEX conversations_custom_attributes;
CREATE INDEX conversations_custom_attributes ON conversations
    USING gin (custom_attributes_folded jsonb_path_ops, workspace_id);
DROP INDEX conversations_of_teammate;
CREATE INDEX conversations_of_teammate ON conversations USING gin (teammate_ids, workspace_id);
DROP INDEX tickets_attributes;
CREATE INDEX tickets_attributes ON conversations
    USING gin (ticket_attributes_folded jsonb_path_ops, workspace_id) WHERE ticket_number IS NOT NULL;
DROP INDEX tickets_text;
CREATE INDEX tickets_text ON conversations
    USING gin (
        (ticket_attributes_folded ->> '_default_title_') gin_trgm_ops,
        (ticket_attributes_folded ->> '_default_description_') gin_trgm_ops,
        workspace_id
    )
    WHERE ticket_number IS NOT NULL;
DROP INDEX contacts_custom_attributes;
CREATE INDEX contacts_custom_attributes ON contacts
    USING gin (custom_attributes_folded jsonb_path_ops, workspace_id) WITH (fastupdate = off);
DROP INDEX contacts_text;
CREATE INDEX contacts_text ON contacts
    USING gin (lower(name) gin_trgm_ops, email gin_trgm_ops, lower(phone) gin_trgm_ops, workspace_id);
