"""SQL about visitors, and its row type."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, Query


class VisitorRow(msgspec.Struct):
    """A visitor, in the order of `_COLUMNS`."""

    id: str
    user_id: str
    email: str | None
    phone: str | None
    name: str | None
    pseudonym: str | None
    avatar_url: str | None
    owner_id: int | None
    session_count: int
    last_request_at: datetime | None
    remote_created_at: datetime
    signed_up_at: datetime
    created_at: datetime
    updated_at: datetime
    location_country: str | None
    location_region: str | None
    location_city: str | None
    location_country_code: str | None
    location_continent_code: str | None
    unsubscribed_from_emails: bool
    marked_email_as_spam: bool
    has_hard_bounced: bool
    custom_attributes: str
    referrer: str | None
    utm_campaign: str | None
    utm_content: str | None
    utm_medium: str | None
    utm_source: str | None
    utm_term: str | None
    do_not_track: bool | None


_COLUMNS = ", ".join(f"v.{name}" for name in VisitorRow.__struct_fields__)

visitor_by_id = Query(
    "visitor_by_id", VisitorRow, f"SELECT {_COLUMNS} FROM visitors v WHERE v.workspace_id = $1 AND v.id = $2"
)

visitor_by_user_id = Query(
    "visitor_by_user_id", VisitorRow, f"SELECT {_COLUMNS} FROM visitors v WHERE v.workspace_id = $1 AND v.user_id = $2"
)

# `$2`, `$3` and `$4` are an id, a user_id or an e-mail address; all but one are null.
visitor_for_update = Query(
    "visitor_for_update",
    VisitorRow,
    f"""
    SELECT {_COLUMNS}
    FROM visitors v
    WHERE v.workspace_id = $1 AND (v.id = $2 OR v.user_id = $3 OR v.email = $4)
    ORDER BY v.created_at, v.id
    LIMIT 1
    FOR UPDATE
    """,
)

insert_visitor = Command(
    "insert_visitor",
    """
    INSERT INTO visitors (
        workspace_id, id, user_id, email, phone, name, pseudonym, avatar_url, remote_created_at, signed_up_at,
        created_at, updated_at, location_country, location_region, location_city, custom_attributes,
        referrer, utm_campaign, utm_content, utm_medium, utm_source, utm_term
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, $9, $10, $11, $12, $13::jsonb, $14, $15, $16, $17, $18, $19)
    """,
)

update_visitor = Command(
    "update_visitor",
    """
    UPDATE visitors
    SET name = $3, custom_attributes = custom_attributes || $4::jsonb, updated_at = $5
    WHERE workspace_id = $1 AND id = $2
    """,
)

delete_visitor_row = Command("delete_visitor", "DELETE FROM visitors WHERE workspace_id = $1 AND id = $2")
