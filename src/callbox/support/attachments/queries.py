"""SQL about attached files, and its row types."""

import msgspec

from callbox.platform.database import Command, Query


class AttachmentRow(msgspec.Struct, array_like=True):
    """A file as what it is attached to shows it."""

    id: str
    name: str
    content_type: str
    filesize: int
    width: int | None
    height: int | None
    state: str
    source_url: str | None


class LinkedFile(msgspec.Struct):
    """A file that a link leads to, with what its link must be signed with."""

    name: str
    content_type: str
    filesize: int
    state: str
    link_key: bytes


class FetchedFile(msgspec.Struct):
    """A file that was given by its URL, and whether it still has to be fetched."""

    source_url: str
    is_awaited: bool


def attachments_sql(ids: str) -> str:
    """The attachments of an expression that holds a JSON array of file ids, as JSON, in the array's order."""
    return f"""
        CASE WHEN {ids} IS NOT NULL THEN (
            SELECT json_agg(
                json_build_array(
                    f.id, f.name, f.content_type, f.filesize, f.width, f.height, f.state, f.source_url
                )
                ORDER BY each.place
            )
            FROM jsonb_array_elements_text({ids}) WITH ORDINALITY AS each (id, place)
            JOIN files f ON f.workspace_id = $1 AND f.id = each.id::uuid
        ) END"""


insert_files = Command(
    "insert_files",
    """
    INSERT INTO files (workspace_id, id, name, content_type, filesize, width, height, state, source_url, created_at)
    SELECT $1, n.id, n.name, n.content_type, n.filesize, n.width, n.height, n.state, n.source_url, $2
    FROM unnest($3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::integer[], $8::integer[], $9::text[], $10::text[])
        AS n (id, name, content_type, filesize, width, height, state, source_url)
    """,
)

count_attachment = Command(
    "count_attachment",
    """
    UPDATE files
    SET attachment_count = attachment_count + $3
    WHERE workspace_id = $1 AND id IN (
        SELECT id FROM files WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
    )
    """,
)

delete_unattached_files = Query(
    "delete_unattached_files",
    str,
    """
    DELETE FROM files
    WHERE workspace_id = $1 AND id = ANY ($2::uuid[]) AND attachment_count <= 0
    RETURNING id::text
    """,
)

linked_file = Query(
    "linked_file",
    LinkedFile,
    """
    SELECT f.name, f.content_type, f.filesize, f.state, w.link_key
    FROM files f
    JOIN workspaces w ON w.id = $1
    WHERE f.workspace_id = $1 AND f.id = $2
    """,
)

file_to_fetch = Query(
    "file_to_fetch",
    FetchedFile,
    "SELECT source_url, state = 'awaited' FROM files WHERE workspace_id = $1 AND id = $2",
)

mark_stored = Command(
    "mark_file_stored",
    """
    UPDATE files
    SET state = 'stored', content_type = $3, filesize = $4, width = $5, height = $6
    WHERE workspace_id = $1 AND id = $2 AND state = 'awaited'
    """,
)

mark_failed = Command(
    "mark_file_failed",
    "UPDATE files SET state = 'failed' WHERE workspace_id = $1 AND id = $2 AND state = 'awaited'",
)
