"""SQL about tags and taggings, and its row types."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, Query


class TagRow(msgspec.Struct):
    """A tag."""

    id: int
    name: str


class TaggingRow(msgspec.Struct):
    """A tag on something, with who put it there and when."""

    id: int
    name: str
    applied_at: datetime
    applied_by_admin_id: int


class TaggedContact(msgspec.Struct):
    """A contact whose tags change."""

    id: str
    role: str


all_tags = Query("all_tags", TagRow, "SELECT id, name FROM tags WHERE workspace_id = $1 ORDER BY lower(name), id")

tag_by_id = Query("tag_by_id", TagRow, "SELECT id, name FROM tags WHERE workspace_id = $1 AND id = $2")

# Whoever puts a tag somewhere keeps it from being deleted meanwhile. The tag is held before what it is put on.
tag_to_apply = Query(
    "tag_to_apply",
    TagRow,
    "SELECT id, name FROM tags WHERE workspace_id = $1 AND id = $2 FOR KEY SHARE",
)

tag_to_apply_by_name = Query(
    "tag_to_apply_by_name",
    TagRow,
    "SELECT id, name FROM tags WHERE workspace_id = $1 AND lower(name) = lower($2) FOR KEY SHARE",
)

# Answers the tag that another request made meanwhile, if so.
insert_tag = Query(
    "insert_tag",
    TagRow,
    """
    INSERT INTO tags (workspace_id, name, created_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (workspace_id, lower(name)) DO UPDATE SET name = tags.name
    RETURNING id, name
    """,
)

rename_tag = Query(
    "rename_tag",
    TagRow,
    "UPDATE tags SET name = $3 WHERE workspace_id = $1 AND id = $2 RETURNING id, name",
)

delete_tag_row = Command("delete_tag", "DELETE FROM tags WHERE workspace_id = $1 AND id = $2")

lock_tag = Query("lock_tag", TagRow, "SELECT id, name FROM tags WHERE workspace_id = $1 AND id = $2 FOR UPDATE")

tags_of_contact = Query(
    "tags_of_contact",
    TaggingRow,
    """
    SELECT t.id, t.name, m.applied_at, m.applied_by_admin_id
    FROM contact_tags m
    JOIN tags t ON t.workspace_id = $1 AND t.id = m.tag_id
    WHERE m.workspace_id = $1 AND m.contact_id = $2
    ORDER BY m.applied_at, t.id
    """,
)

contact_tagging = Query(
    "contact_tagging",
    TaggingRow,
    """
    SELECT t.id, t.name, m.applied_at, m.applied_by_admin_id
    FROM contact_tags m
    JOIN tags t ON t.workspace_id = $1 AND t.id = m.tag_id
    WHERE m.workspace_id = $1 AND m.contact_id = $2 AND m.tag_id = $3
    """,
)

# Both answer the contacts whose tags really changed.
tag_contacts = Query(
    "tag_contacts",
    TaggedContact,
    """
    WITH tagged AS (
        INSERT INTO contact_tags (workspace_id, contact_id, tag_id, applied_at, applied_by_admin_id)
        SELECT $1, unnest($2::text[]), $3, $4, $5
        ON CONFLICT DO NOTHING
        RETURNING contact_id
    )
    SELECT c.id, c.role
    FROM contacts c
    JOIN tagged ON tagged.contact_id = c.id
    WHERE c.workspace_id = $1
    """,
)

untag_contacts = Query(
    "untag_contacts",
    TaggedContact,
    """
    WITH untagged AS (
        DELETE FROM contact_tags
        WHERE workspace_id = $1 AND contact_id = ANY ($2::text[]) AND tag_id = $3
        RETURNING contact_id
    )
    SELECT c.id, c.role
    FROM contacts c
    JOIN untagged ON untagged.contact_id = c.id
    WHERE c.workspace_id = $1
    """,
)

# Both answer the companies whose tags really changed.
tag_companies = Query(
    "tag_companies",
    str,
    """
    INSERT INTO company_tags (workspace_id, company_id, tag_id, applied_at, applied_by_admin_id)
    SELECT $1, unnest($2::text[]), $3, $4, $5
    ON CONFLICT DO NOTHING
    RETURNING company_id
    """,
)

untag_companies = Query(
    "untag_companies",
    str,
    """
    DELETE FROM company_tags
    WHERE workspace_id = $1 AND company_id = ANY ($2::text[]) AND tag_id = $3
    RETURNING company_id
    """,
)
