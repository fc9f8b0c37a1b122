"""SQL about data attributes, and its row type."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, Query


class DataAttributeRow(msgspec.Struct):
    """A custom attribute."""

    id: int
    model: str
    name: str
    label: str
    description: str | None
    data_type: str
    options: list[str] | None
    messenger_writable: bool
    archived: bool
    admin_id: int
    created_at: datetime
    updated_at: datetime


_COLUMNS = """
    id, model, name, label, description, data_type, options, messenger_writable, archived, admin_id,
    created_at, updated_at"""

custom_attributes = Query(
    "custom_attributes",
    DataAttributeRow,
    f"""
    SELECT {_COLUMNS}
    FROM data_attributes
    WHERE workspace_id = $1 AND model = ANY ($2::text[]) AND (NOT archived OR $3)
    ORDER BY id
    """,
)

attribute_by_name = Query(
    "attribute_by_name",
    DataAttributeRow,
    f"SELECT {_COLUMNS} FROM data_attributes WHERE workspace_id = $1 AND name = $2",
)

attribute_for_update = Query(
    "attribute_for_update",
    DataAttributeRow,
    f"SELECT {_COLUMNS} FROM data_attributes WHERE workspace_id = $1 AND id = $2 FOR UPDATE",
)

# Attributes of a workspace are made one after the other, since their number is limited.
lock_attributes = Query(
    "lock_attributes",
    str,
    "SELECT id FROM workspaces WHERE id = $1 FOR NO KEY UPDATE",
)

live_attribute_count = Query(
    "live_attribute_count",
    int,
    "SELECT count(*) FROM data_attributes WHERE workspace_id = $1 AND NOT archived",
)

insert_attribute = Query(
    "insert_attribute",
    DataAttributeRow,
    f"""
    INSERT INTO data_attributes (
        workspace_id, model, name, label, description, data_type, options, messenger_writable,
        admin_id, created_at, updated_at
    )
    VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $9)
    ON CONFLICT (workspace_id, name) DO NOTHING
    RETURNING {_COLUMNS}
    """,
)

update_attribute = Command(
    "update_attribute",
    """
    UPDATE data_attributes
    SET description = $3, options = $4, messenger_writable = $5, archived = $6, updated_at = $7
    WHERE workspace_id = $1 AND id = $2
    """,
)
