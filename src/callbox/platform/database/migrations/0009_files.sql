-- Files that people attach; their bytes are elsewhere.

CREATE TABLE files (
    workspace_id text COLLATE "C" NOT NULL,
    id           uuid NOT NULL,
    name         text NOT NULL,
    content_type text NOT NULL,
    filesize     bigint NOT NULL,
    width        integer,
    height       integer,
    -- An awaited file still has to be fetched from its source; one that could not be is failed.
    state        text NOT NULL CHECK (state IN ('stored', 'awaited', 'failed')),
    source_url   text,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

-- What links to a workspace's files are signed with: 244 random bits.
ALTER TABLE workspaces ADD COLUMN link_key bytea NOT NULL
    DEFAULT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
