-- Events on their way, counts, answers kept for repeated requests.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

-- Claimed across workspaces by the relay, and emptied by it, so it stays small.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id text COLLATE "C" NOT NULL,
    topic        text NOT NULL,
    item_id      text NOT NULL,
    item         text NOT NULL,
    created_at   timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- How many live rows of a kind a workspace has. Sharded, so that concurrent creates do not queue
-- on one row; a reader adds up the shards.
CREATE TABLE counts (
    workspace_id text COLLATE "C" NOT NULL,
    kind         text NOT NULL,
    shard        smallint NOT NULL,
    n            bigint NOT NULL,
    PRIMARY KEY (workspace_id, kind, shard)
) WITH (fillfactor = 40);

CREATE TABLE idempotency_keys (
    workspace_id   text COLLATE "C" NOT NULL,
    token_id       bigint NOT NULL,
    key            text NOT NULL,
    request_sha256 bytea NOT NULL,
    status         smallint,
    body           bytea,
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, token_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
