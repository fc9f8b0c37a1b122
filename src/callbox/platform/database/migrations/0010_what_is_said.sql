-- What is taken back takes its files along; a note that was copied to several conversations shares them.

ALTER TABLE files ADD COLUMN attachment_count integer NOT NULL DEFAULT 1;

-- A service level's clocks stand still from here on; what is due moves by as much when they go on.
ALTER TABLE conversations
    ADD COLUMN sla_resolve_due_at timestamptz,
    ADD COLUMN sla_paused_at timestamptz;
