-- Mail that came in, from the moment it was accepted; the mail itself is a file of the same id.

CREATE TABLE inbound_emails (
    workspace_id    text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id              uuid NOT NULL,
    state           text NOT NULL CHECK (state IN ('received', 'done', 'ignored', 'failed')),
    -- Why it was ignored or failed.
    reason          text,
    -- Somebody asked for it although it was ignored: it is not judged again.
    is_wanted       boolean NOT NULL DEFAULT false,
    -- Of the envelope; empty where it names no sender.
    sender          text NOT NULL,
    recipients      text[] NOT NULL,
    remote_address  text,
    size            bigint NOT NULL,
    received_at     timestamptz NOT NULL,
    -- What reading it brought. The identity is the same when one mail arrives twice.
    identity        text,
    from_address    text,
    subject         text,
    conversation_id bigint,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX inbound_emails_by_time ON inbound_emails (workspace_id, received_at DESC, id DESC);
CREATE INDEX inbound_emails_of_conversation ON inbound_emails (workspace_id, conversation_id)
    WHERE conversation_id IS NOT NULL;
CREATE UNIQUE INDEX inbound_emails_once ON inbound_emails (workspace_id, identity) WHERE state = 'done';
