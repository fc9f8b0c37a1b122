-- What leaves in bulk: exports of what was sent.

CREATE TABLE data_exports (
    workspace_id      text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id                text COLLATE "C" NOT NULL,
    state             text NOT NULL
        CHECK (state IN ('pending', 'in_progress', 'failed', 'completed', 'no_data', 'canceled')),
    -- Of the messages: sent in this range, both ends included.
    created_at_after  timestamptz NOT NULL,
    created_at_before timestamptz NOT NULL,
    -- Where the current attempt writes, and what it is known by; null before the first, and when the file is gone.
    file_id           uuid,
    filesize          bigint,
    attempts          integer NOT NULL DEFAULT 0,
    rows_total        bigint,
    rows_written      bigint NOT NULL DEFAULT 0,
    error             text,
    created_at        timestamptz NOT NULL,
    finished_at       timestamptz,
    expires_at        timestamptz,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX data_exports_listed ON data_exports (workspace_id, created_at DESC, id);
-- A workspace has one at a time.
CREATE UNIQUE INDEX data_exports_active ON data_exports (workspace_id) WHERE state IN ('pending', 'in_progress');
CREATE INDEX data_exports_to_expire ON data_exports (workspace_id, expires_at) WHERE file_id IS NOT NULL;

CREATE INDEX messages_sent ON messages (workspace_id, created_at, id);
