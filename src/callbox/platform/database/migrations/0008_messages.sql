-- Messages that admins send, and phone calls that are turned into conversations.

CREATE TABLE messages (
    workspace_id    text COLLATE "C" NOT NULL,
    id              bigint NOT NULL DEFAULT nextval('message_ids'),
    message_type    text NOT NULL CHECK (message_type IN ('inapp', 'email', 'sms')),
    subject         text,
    body            text NOT NULL,
    template        text CHECK (template IN ('plain', 'personal')),
    from_admin_id   bigint NOT NULL,
    to_contact_id   text COLLATE "C" NOT NULL,
    -- What began with it: at once if the sender wants so, else when the contact answers.
    conversation_id bigint,
    created_at      timestamptz NOT NULL,
    -- When a channel handed it over; until then it waits.
    delivered_at    timestamptz,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, from_admin_id) REFERENCES admins (workspace_id, id)
);
CREATE INDEX messages_to_contact ON messages (workspace_id, to_contact_id, id DESC);
CREATE INDEX messages_from_admin ON messages (workspace_id, from_admin_id);

CREATE TABLE phone_call_redirects (
    workspace_id      text COLLATE "C" NOT NULL,
    id                uuid NOT NULL,
    phone             text NOT NULL,
    contact_id        text COLLATE "C" NOT NULL,
    custom_attributes jsonb NOT NULL,
    created_at        timestamptz NOT NULL,
    -- When a channel sent the text message; until then it waits.
    sent_at           timestamptz,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX phone_call_redirects_of_contact ON phone_call_redirects (workspace_id, contact_id);
