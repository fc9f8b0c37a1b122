-- What searches for conversations and tickets count is counted from indexes alone, as far as the indexes know enough.

-- Asked for by searches for conversations alone.
DROP INDEX conversations_by_state;
CREATE INDEX conversations_by_state ON conversations (workspace_id, state, updated_at DESC, id DESC)
    WHERE source_type IS NOT NULL;

-- Assignment asks for tickets too, so whether it is one of either is beside the key.
DROP INDEX conversations_of_admin;
CREATE INDEX conversations_of_admin ON conversations (workspace_id, admin_assignee_id, state, updated_at DESC, id DESC)
    INCLUDE (source_type);
DROP INDEX conversations_of_team;
CREATE INDEX conversations_of_team ON conversations (workspace_id, team_assignee_id, state, updated_at DESC, id DESC)
    INCLUDE (source_type);

CREATE INDEX conversations_of_teammate ON conversations USING gin (workspace_id, teammate_ids);
