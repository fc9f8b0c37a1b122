"""SQL about admins."""

from callbox.platform.database import Command, Query

admin_exists = Query(
    "admin_exists",
    bool,
    "SELECT EXISTS (SELECT 1 FROM admins WHERE workspace_id = $1 AND id = $2)",
)

insert_first_admin = Command(
    "insert_first_admin",
    """
    INSERT INTO admins (workspace_id, email, name, job_title, created_at)
    VALUES ($1, 'admin@callbox.example', 'Workspace Admin', 'Administrator', $2)
    """,
)
