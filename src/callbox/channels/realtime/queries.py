"""SQL about who may watch, and who is connected."""

import msgspec

from callbox.platform.database import GlobalCommand, GlobalQuery, Query


class Named(msgspec.Struct):
    """Something of a workspace."""

    workspace_id: str
    id: str


class Connected(msgspec.Struct):
    """A viewer who is connected."""

    viewer_type: str
    viewer_id: str


good_tokens = GlobalQuery(
    "good_tokens_of_streams",
    int,
    """
    SELECT t.id
    FROM access_tokens t
    JOIN admins a ON a.workspace_id = t.workspace_id AND a.id = t.admin_id
    WHERE t.id = ANY ($1::bigint[]) AND t.revoked_at IS NULL AND a.removed_at IS NULL
    """,
)

admins_present = GlobalQuery(
    "admins_of_streams",
    Named,
    """
    SELECT a.workspace_id, a.id::text
    FROM unnest($1::text[], $2::bigint[]) AS v (workspace_id, id)
    JOIN admins a ON a.workspace_id = v.workspace_id AND a.id = v.id
    WHERE a.removed_at IS NULL
    """,
)

contacts_present = GlobalQuery(
    "contacts_of_streams",
    Named,
    """
    SELECT c.workspace_id, c.id
    FROM unnest($1::text[], $2::text[]) AS v (workspace_id, id)
    JOIN contacts c ON c.workspace_id = v.workspace_id AND c.id = v.id
    WHERE c.state = 'live'
    """,
)

note_process = GlobalCommand(
    "note_live_process",
    """
    INSERT INTO live_processes (id, seen_at) VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE SET seen_at = $2
    """,
)

forget_processes = GlobalCommand(
    "forget_live_processes",
    """
    WITH gone AS (DELETE FROM live_processes WHERE seen_at < $1 OR id = $2 RETURNING id)
    DELETE FROM live_viewers v USING gone WHERE v.process_id = gone.id
    """,
)

note_viewers = GlobalCommand(
    "note_live_viewers",
    """
    INSERT INTO live_viewers (workspace_id, viewer_type, viewer_id, process_id)
    SELECT v.workspace_id, v.type, v.id, $1
    FROM unnest($2::text[], $3::text[], $4::text[]) AS v (workspace_id, type, id)
    ON CONFLICT DO NOTHING
    """,
)

forget_viewers = GlobalQuery(
    "forget_live_viewers",
    lambda workspace_id, kind, viewer: (workspace_id, kind, viewer),
    """
    WITH gone AS (
        DELETE FROM live_viewers l
        USING unnest($2::text[], $3::text[], $4::text[]) AS v (workspace_id, type, id)
        WHERE l.workspace_id = v.workspace_id AND l.viewer_type = v.type AND l.viewer_id = v.id AND l.process_id = $1
        RETURNING l.workspace_id, l.viewer_type, l.viewer_id
    )
    SELECT g.workspace_id, g.viewer_type, g.viewer_id
    FROM gone g
    WHERE NOT EXISTS (
        SELECT FROM live_viewers l
        WHERE l.workspace_id = g.workspace_id AND l.viewer_type = g.viewer_type AND l.viewer_id = g.viewer_id
            AND l.process_id <> $1
    )
    """,
)

viewers_online = Query(
    "live_viewers_online",
    Connected,
    """
    SELECT DISTINCT l.viewer_type, l.viewer_id
    FROM live_viewers l
    JOIN live_processes p ON p.id = l.process_id
    WHERE l.workspace_id = $1 AND p.seen_at > $2
    ORDER BY l.viewer_type, l.viewer_id
    LIMIT $3
    """,
)

is_contact_online = Query(
    "is_contact_online",
    bool,
    """
    SELECT EXISTS (
        SELECT FROM live_viewers l
        JOIN live_processes p ON p.id = l.process_id
        WHERE l.workspace_id = $1 AND l.viewer_type = 'contact' AND l.viewer_id = $2 AND p.seen_at > $3
    )
    """,
)
