-- Text messages: what was to be sent, and what became of it.

CREATE TABLE text_messages (
    workspace_id text COLLATE "C" NOT NULL,
    id           uuid NOT NULL,
    phone        text NOT NULL,
    contact_id   text COLLATE "C" NOT NULL,
    body         text NOT NULL,
    -- `logged`: there is no provider, so it stays here and is not sent.
    state        text NOT NULL CHECK (state IN ('waiting', 'logged', 'sent', 'delivered', 'failed')),
    -- What the provider calls it.
    provider_id  text,
    attempts     integer NOT NULL DEFAULT 0,
    error        text,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX text_messages_listed ON text_messages (workspace_id, created_at DESC, id DESC);

-- What began on the page that the text message leads to.
ALTER TABLE phone_call_redirects ADD COLUMN conversation_id bigint;
