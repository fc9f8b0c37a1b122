"""SQL about ticket types and their attributes, and its row types."""

from functools import lru_cache
from typing import Literal

import msgspec

from callbox.platform.database import Command, Query

Category = Literal["Customer", "Back-office", "Tracker"]
DataType = Literal["string", "list", "integer", "decimal", "boolean", "datetime", "files"]

TITLE = "_default_title_"
DESCRIPTION = "_default_description_"

# Each of a page's tickets brings its type along, and most are of the same few.
REMEMBERED_TYPES = 256


class ListOptionRow(msgspec.Struct, omit_defaults=True):
    """A choice of a list attribute. One that was taken out stays known to the tickets that hold it."""

    id: str
    label: str
    is_retired: bool = False


class InputOptionsRow(msgspec.Struct, omit_defaults=True):
    """How an attribute is filled in; each key belongs to one data type."""

    multiline: bool | None = None
    allow_multiple_values: bool | None = None
    list_options: list[ListOptionRow] | None = None


class AttributeRow(msgspec.Struct, array_like=True):
    """An attribute, as `TICKET_TYPE` builds it. Times are Unix seconds."""

    id: int
    name: str
    description: str
    data_type: DataType
    input_options: InputOptionsRow | None
    position: int
    required_to_create: bool
    required_to_create_for_contacts: bool
    visible_on_create: bool
    visible_to_contacts: bool
    is_default: bool
    archived: bool
    created_at: int
    updated_at: int

    @property
    def key(self) -> str:
        """What its values are kept under: every type has the default ones, so those have one key for all types."""
        return self.name if self.is_default else str(self.id)

    @property
    def options(self) -> list[ListOptionRow]:
        """The choices of a list, retired ones too."""
        return [] if self.input_options is None else self.input_options.list_options or []


class TicketTypeRow(msgspec.Struct, array_like=True):
    """A ticket type with its attributes in their order, as `TICKET_TYPE` builds it. Times are Unix seconds."""

    id: int
    name: str
    description: str
    icon: str
    category: Category
    is_internal: bool
    archived: bool
    created_at: int
    updated_at: int
    attributes: list[AttributeRow]


# One column: the type `t` as JSON.
TICKET_TYPE = """
    json_build_array(
        t.id, t.name, t.description, t.icon, t.category, t.is_internal, t.archived,
        extract(epoch FROM t.created_at)::bigint, extract(epoch FROM t.updated_at)::bigint,
        (
            SELECT coalesce(json_agg(json_build_array(
                a.id, a.name, a.description, a.data_type, a.input_options, a.position,
                a.required_to_create, a.required_to_create_for_contacts, a.visible_on_create, a.visible_to_contacts,
                a.is_default, a.archived,
                extract(epoch FROM a.created_at)::bigint, extract(epoch FROM a.updated_at)::bigint
            ) ORDER BY a.position, a.id), '[]')
            FROM ticket_type_attributes a
            WHERE a.workspace_id = $1 AND a.ticket_type_id = t.id
        )
    )::text"""

_decode = msgspec.json.Decoder(TicketTypeRow).decode


@lru_cache(REMEMBERED_TYPES)
def ticket_type_row(column: str) -> TicketTypeRow:
    """The row that a `TICKET_TYPE` column holds; whoever asks shares it, so nobody changes it."""
    return _decode(column)


all_ticket_types = Query(
    "all_ticket_types",
    ticket_type_row,
    f"SELECT {TICKET_TYPE} FROM ticket_types t WHERE t.workspace_id = $1 ORDER BY t.id",
)

ticket_type_by_id = Query(
    "ticket_type_by_id",
    ticket_type_row,
    f"SELECT {TICKET_TYPE} FROM ticket_types t WHERE t.workspace_id = $1 AND t.id = $2",
)

lock_ticket_type = Query(
    "lock_ticket_type",
    int,
    "SELECT id FROM ticket_types WHERE workspace_id = $1 AND id = $2 FOR NO KEY UPDATE",
)

# Every type begins with the two default attributes.
insert_ticket_type = Query(
    "insert_ticket_type",
    int,
    f"""
    WITH inserted AS (
        INSERT INTO ticket_types (
            workspace_id, name, description, icon, category, is_internal, created_at, updated_at
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
        RETURNING id
    )
    INSERT INTO ticket_type_attributes (
        workspace_id, ticket_type_id, name, description, data_type, input_options, position,
        required_to_create, required_to_create_for_contacts, visible_on_create, visible_to_contacts, is_default,
        created_at, updated_at
    )
    SELECT $1, inserted.id, d.name, '', 'string', d.input_options, d.position,
           false, false, true, true, true, $7, $7
    FROM inserted, (
        VALUES ('{TITLE}', '{{"multiline": false}}'::jsonb, 0), ('{DESCRIPTION}', '{{"multiline": true}}'::jsonb, 1)
    ) AS d (name, input_options, position)
    RETURNING ticket_type_id
    """,
)

update_ticket_type = Command(
    "update_ticket_type",
    """
    UPDATE ticket_types
    SET name = $3, description = $4, icon = $5, category = $6, is_internal = $7, archived = $8, updated_at = $9
    WHERE workspace_id = $1 AND id = $2
    """,
)

# A new attribute comes after those that are there.
insert_attribute = Query(
    "insert_ticket_type_attribute",
    int,
    """
    INSERT INTO ticket_type_attributes (
        workspace_id, ticket_type_id, name, description, data_type, input_options,
        required_to_create, required_to_create_for_contacts, visible_on_create, visible_to_contacts,
        is_default, created_at, updated_at, position
    )
    SELECT $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, $10, false, $11, $11, coalesce(max(position) + 1, 0)
    FROM ticket_type_attributes
    WHERE workspace_id = $1 AND ticket_type_id = $2
    RETURNING id
    """,
)

update_attribute = Command(
    "update_ticket_type_attribute",
    """
    UPDATE ticket_type_attributes
    SET name = $4, description = $5, input_options = $6::jsonb, required_to_create = $7,
        required_to_create_for_contacts = $8, visible_on_create = $9, visible_to_contacts = $10, archived = $11,
        updated_at = $12
    WHERE workspace_id = $1 AND ticket_type_id = $2 AND id = $3
    """,
)
