"""SQL about rules and methods of assignment, and its row types."""

from datetime import datetime
from typing import Literal

import msgspec

from callbox.platform.database import Command, GlobalQuery, Query


class RulesRow(msgspec.Struct):
    """Both lists of rules, as JSON."""

    assignment_rules: str = "[]"
    sla_rules: str = "[]"


class SharingTeam(msgspec.Struct):
    """How a team shares out, and where round robin goes on."""

    method: Literal["manual", "round_robin", "balanced"]
    max_open_conversations: int | None
    last_admin_id: int | None


class Candidate(msgspec.Struct):
    """A member who is there and has a seat in the inbox."""

    admin_id: int
    is_secondary: bool
    max_open_conversations: int | None
    last_assigned_at: datetime | None
    open_conversations: int


class TeamKey(msgspec.Struct):
    """Which team of which workspace."""

    workspace_id: str
    team_id: int


rules_of_workspace = Query(
    "rules_of_workspace",
    RulesRow,
    "SELECT assignment_rules, sla_rules FROM conversation_rules WHERE workspace_id = $1",
)

store_assignment_rules = Command(
    "store_assignment_rules",
    """
    INSERT INTO conversation_rules (workspace_id, assignment_rules)
    VALUES ($1, $2)
    ON CONFLICT (workspace_id) DO UPDATE SET assignment_rules = EXCLUDED.assignment_rules
    """,
)

store_sla_rules = Command(
    "store_sla_rules",
    """
    INSERT INTO conversation_rules (workspace_id, sla_rules)
    VALUES ($1, $2)
    ON CONFLICT (workspace_id) DO UPDATE SET sla_rules = EXCLUDED.sla_rules
    """,
)

team_assignment = Query(
    "team_assignment",
    SharingTeam,
    """
    SELECT method, max_open_conversations, last_admin_id
    FROM team_assignment
    WHERE workspace_id = $1 AND team_id = $2
    """,
)

# Held until the conversation that is shared out has its member: so the next one is counted with it.
team_to_share_out = Query(
    "team_to_share_out",
    SharingTeam,
    """
    SELECT method, max_open_conversations, last_admin_id
    FROM team_assignment
    WHERE workspace_id = $1 AND team_id = $2 AND method <> 'manual'
    FOR NO KEY UPDATE
    """,
)

store_team_assignment = Command(
    "store_team_assignment",
    """
    INSERT INTO team_assignment (workspace_id, team_id, method, max_open_conversations)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (workspace_id, team_id) DO UPDATE
    SET method = EXCLUDED.method, max_open_conversations = EXCLUDED.max_open_conversations
    """,
)

candidates = Query(
    "assignment_candidates",
    Candidate,
    """
    SELECT
        a.id,
        coalesce(m.priority = 'secondary', false),
        l.max_open_conversations,
        l.last_assigned_at,
        (
            SELECT count(*)
            FROM conversations c
            WHERE c.workspace_id = $1 AND c.admin_assignee_id = a.id AND c.state = 'open'
        )
    FROM team_members m
    JOIN admins a ON a.workspace_id = $1 AND a.id = m.admin_id
    LEFT JOIN admin_assignment l ON l.workspace_id = $1 AND l.admin_id = a.id
    WHERE m.workspace_id = $1 AND m.team_id = $2
        AND a.removed_at IS NULL AND a.has_inbox_seat AND NOT a.away_mode_enabled
    ORDER BY a.id
    """,
)

note_share = Command(
    "note_share",
    """
    WITH team AS (
        UPDATE team_assignment SET last_admin_id = $3 WHERE workspace_id = $1 AND team_id = $2
    )
    INSERT INTO admin_assignment (workspace_id, admin_id, last_assigned_at)
    VALUES ($1, $3, $4)
    ON CONFLICT (workspace_id, admin_id) DO UPDATE SET last_assigned_at = EXCLUDED.last_assigned_at
    """,
)

admin_limit = Query(
    "admin_assignment_limit",
    lambda limit: limit,
    "SELECT max_open_conversations FROM admin_assignment WHERE workspace_id = $1 AND admin_id = $2",
)

store_admin_limit = Command(
    "store_admin_assignment_limit",
    """
    INSERT INTO admin_assignment (workspace_id, admin_id, max_open_conversations)
    VALUES ($1, $2, $3)
    ON CONFLICT (workspace_id, admin_id) DO UPDATE SET max_open_conversations = EXCLUDED.max_open_conversations
    """,
)

is_available = Query(
    "admin_is_available",
    bool,
    """
    SELECT EXISTS (
        SELECT 1
        FROM admins
        WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL AND has_inbox_seat AND NOT away_mode_enabled
    )
    """,
)

hands_over = Query(
    "admin_hands_over",
    bool,
    """
    SELECT EXISTS (
        SELECT 1
        FROM admins
        WHERE workspace_id = $1 AND id = $2 AND removed_at IS NULL AND away_mode_enabled AND away_mode_reassign
    )
    """,
)

# Asked every few seconds: a join would begin with all open conversations that nobody has, a look for one does not.
teams_with_waiting = GlobalQuery(
    "teams_with_waiting_conversations",
    TeamKey,
    """
    SELECT t.workspace_id, t.team_id
    FROM team_assignment t
    WHERE t.method = 'balanced' AND (
        SELECT true
        FROM conversations c
        WHERE c.workspace_id = t.workspace_id AND c.team_assignee_id = t.team_id AND c.state = 'open'
            AND c.admin_assignee_id IS NULL AND c.ticket_state IS NULL
        LIMIT 1
    )
    """,
)

longest_waiting = Query(
    "longest_waiting_conversation",
    int,
    """
    SELECT id
    FROM conversations
    WHERE workspace_id = $1 AND team_assignee_id = $2 AND state = 'open'
        AND admin_assignee_id IS NULL AND ticket_state IS NULL
    ORDER BY waiting_since, created_at, id
    LIMIT 1
    """,
)

# Rows are taken in one order, so that several removals at once cannot deadlock.
unassign_admin = Command(
    "unassign_admin",
    """
    WITH theirs AS (
        SELECT id
        FROM conversations
        WHERE workspace_id = $1 AND admin_assignee_id = $2
        ORDER BY id
        FOR NO KEY UPDATE
    )
    UPDATE conversations c
    SET admin_assignee_id = NULL
    FROM theirs
    WHERE c.workspace_id = $1 AND c.id = theirs.id
    """,
)

unassign_team = Command(
    "unassign_team",
    """
    WITH theirs AS (
        SELECT id
        FROM conversations
        WHERE workspace_id = $1 AND team_assignee_id = $2
        ORDER BY id
        FOR NO KEY UPDATE
    )
    UPDATE conversations c
    SET team_assignee_id = NULL
    FROM theirs
    WHERE c.workspace_id = $1 AND c.id = theirs.id
    """,
)
