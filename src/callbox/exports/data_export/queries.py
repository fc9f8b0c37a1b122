"""SQL about the jobs that export, and its row types."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, GlobalQuery, Query


class ExportRow(msgspec.Struct):
    """An export, in the order of `_COLUMNS`."""

    id: str
    state: str
    created_at_after: datetime
    created_at_before: datetime
    file_id: str | None
    filesize: int | None
    attempts: int
    rows_total: int | None
    rows_written: int
    error: str | None
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None


class ExportKey(msgspec.Struct):
    """Which export of which workspace."""

    workspace_id: str
    id: str


_COLUMNS = """
    id, state, created_at_after, created_at_before, file_id::text, filesize, attempts, rows_total, rows_written, error,
    created_at, finished_at, expires_at"""

export_by_id = Query(
    "data_export_by_id", ExportRow, f"SELECT {_COLUMNS} FROM data_exports WHERE workspace_id = $1 AND id = $2"
)

export_for_update = Query(
    "data_export_for_update",
    ExportRow,
    f"SELECT {_COLUMNS} FROM data_exports WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE",
)

exports_page = Query(
    "data_exports_page",
    ExportRow,
    f"""
    SELECT {_COLUMNS}
    FROM data_exports
    WHERE workspace_id = $1
    ORDER BY created_at DESC, id
    LIMIT $2 OFFSET $3
    """,
)

exports_total = Query("data_exports_total", int, "SELECT count(*) FROM data_exports WHERE workspace_id = $1")

insert_export = Query(
    "insert_data_export",
    ExportRow,
    f"""
    INSERT INTO data_exports (workspace_id, id, state, created_at_after, created_at_before, created_at)
    VALUES ($1, $2, 'pending', $3, $4, $5)
    RETURNING {_COLUMNS}
    """,
)

begin_attempt = Command(
    "begin_data_export",
    """
    UPDATE data_exports
    SET state = 'in_progress', file_id = $3::uuid, attempts = attempts + 1, rows_total = NULL, rows_written = 0
    WHERE workspace_id = $1 AND id = $2
    """,
)

# Touches no row when the export was canceled, or another attempt has taken over.
note_progress = Command(
    "note_data_export_progress",
    """
    UPDATE data_exports
    SET rows_total = $4, rows_written = $5
    WHERE workspace_id = $1 AND id = $2 AND file_id = $3::uuid AND state = 'in_progress'
    """,
)

complete_attempt = Command(
    "complete_data_export",
    """
    UPDATE data_exports
    SET state = 'completed', rows_written = $4, filesize = $5, finished_at = $6, expires_at = $7
    WHERE workspace_id = $1 AND id = $2 AND file_id = $3::uuid AND state = 'in_progress'
    """,
)

end_attempt = Command(
    "end_data_export",
    """
    UPDATE data_exports
    SET state = $4, error = $5, finished_at = $6, file_id = NULL
    WHERE workspace_id = $1 AND id = $2 AND file_id = $3::uuid AND state = 'in_progress'
    """,
)

# The file stays named, so that whoever writes it, or takes over, knows what to delete.
cancel_export = Command(
    "cancel_data_export",
    "UPDATE data_exports SET state = 'canceled', finished_at = $3 WHERE workspace_id = $1 AND id = $2",
)

forget_file = Command(
    "forget_data_export_file",
    "UPDATE data_exports SET file_id = NULL WHERE workspace_id = $1 AND id = $2 AND file_id = $3::uuid",
)

exports_to_expire = GlobalQuery(
    "data_exports_to_expire",
    ExportKey,
    """
    SELECT w.id, due.id
    FROM workspaces w
    CROSS JOIN LATERAL (
        SELECT e.id
        FROM data_exports e
        WHERE e.workspace_id = w.id AND e.file_id IS NOT NULL
            AND e.expires_at <= $1::timestamptz + make_interval(secs => w.clock_offset_seconds)
        ORDER BY e.expires_at
        LIMIT $2
    ) due
    """,
)
