-- Who gets a conversation, how soon it is to be answered, and whether its contact is asked for a rating.

-- Both are lists in the order in which they are tried.
CREATE TABLE conversation_rules (
    workspace_id     text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    assignment_rules jsonb NOT NULL DEFAULT '[]',
    sla_rules        jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (workspace_id)
);

-- How a team shares out what comes to it. A team without a row does so by hand.
CREATE TABLE team_assignment (
    workspace_id           text COLLATE "C" NOT NULL,
    team_id                bigint NOT NULL,
    method                 text NOT NULL CHECK (method IN ('manual', 'round_robin', 'balanced')),
    -- Of each member, in balanced assignment; null: no limit but their own.
    max_open_conversations integer,
    -- Where round robin goes on.
    last_admin_id          bigint,
    PRIMARY KEY (workspace_id, team_id),
    FOREIGN KEY (workspace_id, team_id) REFERENCES teams (workspace_id, id) ON DELETE CASCADE
);

CREATE TABLE admin_assignment (
    workspace_id           text COLLATE "C" NOT NULL,
    admin_id               bigint NOT NULL,
    max_open_conversations integer,
    -- By a rule or a team's method.
    last_assigned_at       timestamptz,
    PRIMARY KEY (workspace_id, admin_id),
    FOREIGN KEY (workspace_id, admin_id) REFERENCES admins (workspace_id, id) ON DELETE CASCADE
);

-- Whom teammates' closing asks for a rating. A workspace without a row asks nobody.
CREATE TABLE rating_settings (
    workspace_id        text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    asks_users          boolean NOT NULL,
    asks_leads          boolean NOT NULL,
    -- Conversations that the team began.
    asks_about_outbound boolean NOT NULL,
    -- How long after the closing a rating is taken; null: without end.
    hours_to_rate       integer,
    PRIMARY KEY (workspace_id)
);
