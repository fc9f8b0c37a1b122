-- What a search finds is sorted and counted from indexes alone, wherever in the table it lies.

CREATE INDEX conversations_found ON conversations (workspace_id, id) INCLUDE (updated_at) WHERE source_type IS NOT NULL;
CREATE INDEX tickets_found ON conversations (workspace_id, id) INCLUDE (updated_at) WHERE ticket_number IS NOT NULL;

-- The words first: an index that begins with the workspace reads all of its rows to find few.
DROP INDEX conversation_words_found;
CREATE INDEX conversation_words_found ON conversation_words USING gin (words gin_trgm_ops, workspace_id);

-- Who wrote the first message: what is asked about them is looked up among contacts and admins.
CREATE INDEX conversations_of_author ON conversations
    (workspace_id, coalesce(source_author_contact_id, source_author_admin_id::text)) WHERE source_type IS NOT NULL;
