"""SQL about whom an identifier leads to."""

import msgspec

from callbox.people.contacts.queries import CONTACT_COLUMNS, ContactRow
from callbox.platform.database import Command, Query


class Identified(msgspec.Struct):
    """A contact that an identifier leads to."""

    id: str
    state: str


user_by_external_id = Query(
    "user_by_external_id",
    Identified,
    "SELECT id, state FROM contacts WHERE workspace_id = $1 AND external_id = $2",
)

users_by_email = Query(
    "users_by_email",
    Identified,
    """
    SELECT id, state
    FROM contacts
    WHERE workspace_id = $1 AND email = $2 AND role = 'user' AND state <> 'merged'
    ORDER BY state <> 'live', created_at, id
    LIMIT 2
    """,
)

release_external_id = Command(
    "release_external_id",
    """
    UPDATE contacts
    SET external_id = NULL
    WHERE workspace_id = $1 AND external_id = $2 AND state <> 'live'
    """,
)

contact_by_external_id = Query(
    "contact_by_external_id",
    ContactRow,
    f"""
    SELECT {CONTACT_COLUMNS}
    FROM contacts c
    WHERE c.workspace_id = $1 AND c.external_id = $2 AND c.state = 'live'
    """,
)

contact_by_email = Query(
    "contact_by_email",
    ContactRow,
    f"""
    SELECT {CONTACT_COLUMNS}
    FROM contacts c
    WHERE c.workspace_id = $1 AND c.email = $2 AND c.state = 'live'
    ORDER BY c.role DESC, c.created_at, c.id
    LIMIT 1
    """,
)

contact_by_phone = Query(
    "contact_by_phone",
    ContactRow,
    f"""
    SELECT {CONTACT_COLUMNS}
    FROM contacts c
    WHERE c.workspace_id = $1 AND lower(c.formatted_phone) = $2 AND c.state = 'live'
    ORDER BY c.role DESC, c.created_at, c.id
    LIMIT 1
    """,
)

lock_identifier = Query(
    "lock_identifier",
    str,
    "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0))",
)
