"""SQL about help centers and their collections, and its row types."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, Query


class HelpCenterRow(msgspec.Struct):
    """A help center, in the order of `_HELP_CENTER`."""

    id: int
    identifier: str
    display_name: str
    custom_domain: str | None
    website_turned_on: bool
    default_locale: str
    locales: list[str]
    created_at: datetime
    updated_at: datetime


class Translation(msgspec.Struct):
    """A collection in one language, as it is stored."""

    name: str
    description: str


class CollectionRow(msgspec.Struct):
    """A collection with what its address and its languages depend on, in the order of `_COLLECTION`."""

    id: int
    help_center_id: int
    parent_id: int | None
    default_locale: str
    translations: dict[str, Translation]
    icon: str
    position: int
    created_at: datetime
    updated_at: datetime
    identifier: str
    custom_domain: str | None
    locales: list[str]


class TreeRow(msgspec.Struct):
    """Where a collection is in its help center."""

    id: int
    parent_id: int | None


_translations = msgspec.json.Decoder(dict[str, Translation]).decode


def _collection_row(*columns: object) -> CollectionRow:
    row = CollectionRow(*columns)  # type: ignore[arg-type]
    row.translations = _translations(row.translations)  # type: ignore[arg-type]
    return row


_HELP_CENTER = """
    id, identifier, display_name, custom_domain, website_turned_on, default_locale, locales, created_at, updated_at"""

_COLLECTION = """
    k.id, k.help_center_id, k.parent_id, k.default_locale, k.translations::text, k.icon, k.position,
    k.created_at, k.updated_at, h.identifier, h.custom_domain, h.locales"""

_COLLECTIONS = """
    collections k
    JOIN help_centers h ON h.workspace_id = $1 AND h.id = k.help_center_id"""

insert_default_help_center = Command(
    "insert_default_help_center",
    """
    INSERT INTO help_centers (workspace_id, identifier, display_name, default_locale, locales, created_at, updated_at)
    SELECT $1, $1, w.name, $3, ARRAY[$3], $2, $2
    FROM workspaces w
    WHERE w.id = $1
    """,
)

insert_help_center = Query(
    "insert_help_center",
    HelpCenterRow,
    f"""
    INSERT INTO help_centers (
        workspace_id, identifier, display_name, custom_domain, website_turned_on, default_locale, locales,
        created_at, updated_at
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
    RETURNING {_HELP_CENTER}
    """,
)

update_help_center = Query(
    "update_help_center",
    HelpCenterRow,
    f"""
    UPDATE help_centers
    SET identifier = $3, display_name = $4, custom_domain = $5, website_turned_on = $6, default_locale = $7,
        locales = $8, updated_at = $9
    WHERE workspace_id = $1 AND id = $2
    RETURNING {_HELP_CENTER}
    """,
)

# Those that are not told in the new language keep the old one.
turn_collections = Command(
    "turn_collections_to_default_locale",
    """
    UPDATE collections
    SET default_locale = $3
    WHERE workspace_id = $1 AND help_center_id = $2 AND translations ? $3
    """,
)

help_centers_total = Query("help_centers_total", int, "SELECT count(*) FROM help_centers WHERE workspace_id = $1")

help_centers_page = Query(
    "help_centers_page",
    HelpCenterRow,
    f"SELECT {_HELP_CENTER} FROM help_centers WHERE workspace_id = $1 ORDER BY id LIMIT $2 OFFSET $3",
)

help_center_by_id = Query(
    "help_center_by_id",
    HelpCenterRow,
    f"SELECT {_HELP_CENTER} FROM help_centers WHERE workspace_id = $1 AND id = $2",
)

help_center_for_update = Query(
    "help_center_for_update",
    HelpCenterRow,
    f"SELECT {_HELP_CENTER} FROM help_centers WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE",
)

default_help_center = Query(
    "default_help_center",
    HelpCenterRow,
    f"SELECT {_HELP_CENTER} FROM help_centers WHERE workspace_id = $1 ORDER BY id LIMIT 1",
)

collection_by_id = Query(
    "collection_by_id",
    _collection_row,
    f"SELECT {_COLLECTION} FROM {_COLLECTIONS} WHERE k.workspace_id = $1 AND k.id = $2",
)

collections_page = Query(
    "collections_page",
    _collection_row,
    f"""
    SELECT {_COLLECTION}
    FROM {_COLLECTIONS}
    WHERE k.workspace_id = $1
    ORDER BY k.updated_at DESC, k.id
    LIMIT $2 OFFSET $3
    """,
)

collections_total = Query("collections_total", int, "SELECT count(*) FROM collections WHERE workspace_id = $1")

# Whoever puts something into a collection keeps it from being deleted meanwhile.
collection_to_fill = Query(
    "collection_to_fill",
    _collection_row,
    f"SELECT {_COLLECTION} FROM {_COLLECTIONS} WHERE k.workspace_id = $1 AND k.id = $2 FOR KEY SHARE OF k",
)

# The tree of a help center changes under a lock on the help center alone.
lock_help_center_of = Query(
    "lock_help_center_of_collection",
    int,
    """
    SELECT h.id
    FROM help_centers h
    WHERE h.workspace_id = $1 AND h.id = (
        SELECT k.help_center_id FROM collections k WHERE k.workspace_id = $1 AND k.id = $2
    )
    FOR NO KEY UPDATE
    """,
)

tree = Query(
    "collections_tree",
    TreeRow,
    """
    SELECT id, parent_id
    FROM collections
    WHERE workspace_id = $1 AND help_center_id = $2
    ORDER BY position, id
    """,
)

insert_collection = Query(
    "insert_collection",
    int,
    """
    INSERT INTO collections (
        workspace_id, help_center_id, parent_id, default_locale, translations, icon, position, created_at, updated_at
    )
    SELECT $1, $2, $3, $4, $5::jsonb, $6, coalesce(max(s.position), 0) + 1, $7, $7
    FROM collections s
    WHERE s.workspace_id = $1 AND s.help_center_id = $2 AND s.parent_id IS NOT DISTINCT FROM $3
    RETURNING id
    """,
)

update_collection = Command(
    "update_collection",
    """
    UPDATE collections
    SET translations = $3::jsonb, icon = $4, updated_at = $5
    WHERE workspace_id = $1 AND id = $2
    """,
)

# To the end of its new siblings.
move_collection = Command(
    "move_collection",
    """
    UPDATE collections
    SET parent_id = $4, position = (
        SELECT coalesce(max(s.position), 0) + 1
        FROM collections s
        WHERE s.workspace_id = $1 AND s.help_center_id = $3 AND s.parent_id IS NOT DISTINCT FROM $4
    )
    WHERE workspace_id = $1 AND id = $2
    """,
)

order_collections = Command(
    "order_collections",
    """
    UPDATE collections k
    SET position = sent.place
    FROM unnest($2::bigint[]) WITH ORDINALITY AS sent (id, place)
    WHERE k.workspace_id = $1 AND k.id = sent.id
    """,
)

# Waits for those who are putting something in, so that it is seen.
lock_collections = Query(
    "lock_collections",
    int,
    """
    SELECT id FROM collections WHERE workspace_id = $1 AND id = ANY ($2::bigint[]) ORDER BY id FOR UPDATE
    """,
)

delete_collections = Command(
    "delete_collections",
    "DELETE FROM collections WHERE workspace_id = $1 AND id = ANY ($2::bigint[])",
)
