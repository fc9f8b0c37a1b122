-- Live updates: events that can be read in the order in which they became visible, and who is connected.

-- The transaction that wrote an event. Ids are given before the commit, so they alone do not tell what a reader
-- has seen; a snapshot and this do.
ALTER TABLE outbox ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX outbox_by_transaction ON outbox (xid);

-- Where the relay leaves what it took out of the outbox, for some minutes: for streams that are resumed. A crash of
-- PostgreSQL empties it, together with its horizon, by which readers notice.
CREATE UNLOGGED TABLE recent_events (
    workspace_id text COLLATE "C" NOT NULL,
    id           bigint NOT NULL,
    xid          xid8 NOT NULL,
    topic        text NOT NULL,
    item_id      text NOT NULL,
    item         text NOT NULL,
    created_at   timestamptz NOT NULL,
    kept_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX recent_events_by_transaction ON recent_events (xid);
CREATE INDEX recent_events_by_age ON recent_events (kept_at);

-- Events of this transaction and earlier ones may be gone.
CREATE UNLOGGED TABLE recent_events_horizon (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    xid     xid8 NOT NULL
);
INSERT INTO recent_events_horizon (xid) VALUES (pg_current_xact_id());

-- Who is connected to which server process. Gone with the process that no longer says that it lives.
CREATE UNLOGGED TABLE live_processes (
    id      uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
CREATE UNLOGGED TABLE live_viewers (
    workspace_id text COLLATE "C" NOT NULL,
    viewer_type  text NOT NULL CHECK (viewer_type IN ('admin', 'contact')),
    viewer_id    text COLLATE "C" NOT NULL,
    process_id   uuid NOT NULL,
    PRIMARY KEY (workspace_id, viewer_type, viewer_id, process_id)
);
CREATE INDEX live_viewers_of_process ON live_viewers (process_id);
