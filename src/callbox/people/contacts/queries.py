"""SQL about contacts, and its row type."""

from datetime import datetime

import msgspec

from callbox.platform.database import Command, GlobalCommand, Query


class ContactRow(msgspec.Struct):
    """A contact with the ids of what hangs on it, in the order of `CONTACT_COLUMNS`."""

    id: str
    external_id: str | None
    role: str
    email: str | None
    phone: str | None
    formatted_phone: str | None
    name: str | None
    avatar_url: str | None
    owner_id: int | None
    unsubscribed_from_emails: bool
    created_at: datetime
    updated_at: datetime
    signed_up_at: datetime | None
    last_seen_at: datetime | None
    custom_attributes: str = "{}"
    email_identifier: str | None = None
    has_hard_bounced: bool = False
    marked_email_as_spam: bool = False
    last_replied_at: datetime | None = None
    last_contacted_at: datetime | None = None
    last_email_opened_at: datetime | None = None
    last_email_clicked_at: datetime | None = None
    language_override: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    browser_language: str | None = None
    os: str | None = None
    location_country: str | None = None
    location_region: str | None = None
    location_city: str | None = None
    location_country_code: str | None = None
    location_continent_code: str | None = None
    android_app_name: str | None = None
    android_app_version: str | None = None
    android_device: str | None = None
    android_os_version: str | None = None
    android_sdk_version: str | None = None
    android_last_seen_at: datetime | None = None
    ios_app_name: str | None = None
    ios_app_version: str | None = None
    ios_device: str | None = None
    ios_os_version: str | None = None
    ios_sdk_version: str | None = None
    ios_last_seen_at: datetime | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_medium: str | None = None
    utm_source: str | None = None
    utm_term: str | None = None
    referrer: str | None = None
    tag_ids: list[int] = []
    note_count: int = 0
    note_ids: list[int] = []
    company_ids: list[str] = []
    opted_out_ids: list[int] = []
    opted_in_ids: list[int] = []


_FIELDS = ContactRow.__struct_fields__
_STORED_COLUMNS = ", ".join(f"c.{name}" for name in _FIELDS[: _FIELDS.index("tag_ids")])

CONTACT_COLUMNS = f"""
    {_STORED_COLUMNS},
    ARRAY(
        SELECT t.tag_id FROM contact_tags t
        WHERE t.workspace_id = $1 AND t.contact_id = c.id
        ORDER BY t.applied_at DESC, t.tag_id DESC
    ),
    (SELECT count(*) FROM notes n WHERE n.workspace_id = $1 AND n.contact_id = c.id),
    ARRAY(
        SELECT n.id FROM notes n
        WHERE n.workspace_id = $1 AND n.contact_id = c.id
        ORDER BY n.created_at DESC, n.id DESC
        LIMIT 10
    ),
    ARRAY(
        SELECT a.company_id FROM contact_companies a
        JOIN companies p ON p.workspace_id = $1 AND p.id = a.company_id AND p.state = 'live'
        WHERE a.workspace_id = $1 AND a.contact_id = c.id
        ORDER BY a.attached_at, a.company_id
    ),
    ARRAY(
        SELECT s.subscription_type_id FROM contact_subscriptions s
        WHERE s.workspace_id = $1 AND s.contact_id = c.id AND s.consent_type = 'opt_out'
        ORDER BY s.subscription_type_id
    ),
    ARRAY(
        SELECT s.subscription_type_id FROM contact_subscriptions s
        WHERE s.workspace_id = $1 AND s.contact_id = c.id AND s.consent_type = 'opt_in'
        ORDER BY s.subscription_type_id
    )"""


class ContactState(msgspec.Struct):
    """Where a contact stands, whether live or not."""

    id: str
    external_id: str | None
    state: str
    role: str


contact_by_id = Query(
    "contact_by_id",
    ContactRow,
    f"""
    SELECT {CONTACT_COLUMNS}
    FROM contacts c
    WHERE c.workspace_id = $1 AND c.id = $2 AND c.state = 'live'
    """,
)

contacts_by_ids = Query(
    "contacts_by_ids",
    ContactRow,
    f"""
    SELECT {CONTACT_COLUMNS}
    FROM contacts c
    WHERE c.workspace_id = $1 AND c.id = ANY ($2::text[]) AND c.state = 'live'
    ORDER BY c.id
    """,
)

contact_for_update = Query(
    "contact_for_update",
    ContactRow,
    f"""
    SELECT {CONTACT_COLUMNS}
    FROM contacts c
    WHERE c.workspace_id = $1 AND c.id = $2 AND c.state = 'live'
    FOR NO KEY UPDATE OF c
    """,
)

contact_state_for_update = Query(
    "contact_state_for_update",
    ContactState,
    """
    SELECT id, external_id, state, role
    FROM contacts
    WHERE workspace_id = $1 AND id = $2
    FOR NO KEY UPDATE
    """,
)

is_live = Query(
    "contact_is_live",
    bool,
    "SELECT EXISTS (SELECT 1 FROM contacts WHERE workspace_id = $1 AND id = $2 AND state = 'live')",
)

lock_contacts = Query(
    "lock_contacts",
    str,
    """
    SELECT id
    FROM contacts
    WHERE workspace_id = $1 AND id = ANY ($2::text[]) AND state = 'live'
    ORDER BY id
    FOR NO KEY UPDATE
    """,
)

contacts_page = Query(
    "contacts_page",
    ContactRow,
    f"""
    SELECT {CONTACT_COLUMNS}
    FROM contacts c
    WHERE c.workspace_id = $1 AND c.state = 'live' AND c.id > $2
    ORDER BY c.id
    LIMIT $3
    """,
)

# What is shown of contacts is read of those on the page alone, not of those before it.
contacts_of_company = Query(
    "contacts_of_company",
    ContactRow,
    f"""
    WITH listed AS (
        SELECT m.contact_id
        FROM contact_companies m
        JOIN contacts l ON l.workspace_id = $1 AND l.id = m.contact_id AND l.state = 'live'
        WHERE m.workspace_id = $1 AND m.company_id = $2 AND m.contact_id > $3
        ORDER BY m.contact_id
        LIMIT $4 OFFSET $5
    )
    SELECT {CONTACT_COLUMNS}
    FROM listed
    JOIN contacts c ON c.workspace_id = $1 AND c.id = listed.contact_id
    ORDER BY c.id
    """,
)

contact_count = Query(
    "contact_count",
    int,
    "SELECT coalesce(sum(n), 0)::bigint FROM counts WHERE workspace_id = $1 AND kind = 'contacts'",
)

# One statement creates a contact with its event and its count: one round trip, one commit.
# It creates nothing where a user with the e-mail address $9 exists.
insert_contact = Query(
    "insert_contact",
    str,
    """
    WITH inserted AS (
        INSERT INTO contacts (
            workspace_id, id, role, external_id, email, phone, formatted_phone, name, email_identifier,
            avatar_url, owner_id, unsubscribed_from_emails, created_at, updated_at, signed_up_at, last_seen_at,
            custom_attributes, custom_attributes_folded
        )
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15, $16::jsonb, $17::jsonb
        WHERE $9::text IS NULL OR NOT EXISTS (
            SELECT 1 FROM contacts u
            WHERE u.workspace_id = $1 AND u.email = $9 AND u.role = 'user' AND u.state <> 'merged'
        )
        RETURNING id
    ), counted AS (
        INSERT INTO counts AS n (workspace_id, kind, shard, n)
        SELECT $1, 'contacts', $18::smallint, 1 FROM inserted
        ON CONFLICT (workspace_id, kind, shard) DO UPDATE SET n = n.n + 1
    ), recorded AS (
        INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
        SELECT $1, $19, $2, $20, $13 FROM inserted
    )
    SELECT id FROM inserted
    """,
)

# The change and its events in one round trip.
update_contact = Command(
    "update_contact",
    """
    WITH recorded AS (
        INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
        SELECT $1, e.topic, $2, $19, $13
        FROM unnest($18::text[]) WITH ORDINALITY AS e (topic, place)
        ORDER BY e.place
    )
    UPDATE contacts
    SET role = $3, external_id = $4, email = $5, phone = $6, formatted_phone = $7, name = $8,
        email_identifier = $9, avatar_url = $10, owner_id = $11, unsubscribed_from_emails = $12,
        updated_at = $13, signed_up_at = $14, last_seen_at = $15,
        custom_attributes = custom_attributes || $16::jsonb,
        custom_attributes_folded = custom_attributes_folded || $17::jsonb,
        has_hard_bounced = has_hard_bounced AND email IS NOT DISTINCT FROM $5
    WHERE workspace_id = $1 AND id = $2
    """,
)

# Where a contact is and what brought it here, which only the messenger knows.
LOCATION_COLUMNS = (
    "location_country",
    "location_region",
    "location_city",
    "location_country_code",
    "location_continent_code",
)
CAMPAIGN_COLUMNS = ("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "referrer")
ORIGIN_COLUMNS = LOCATION_COLUMNS + CAMPAIGN_COLUMNS

set_origin = Command(
    "set_contact_origin",
    f"""
    UPDATE contacts
    SET {", ".join(f"{name} = ${place}" for place, name in enumerate(ORIGIN_COLUMNS, start=3))}
    WHERE workspace_id = $1 AND id = $2
    """,
)

touch_contacts = Command(
    "touch_contacts",
    "UPDATE contacts SET updated_at = $3 WHERE workspace_id = $1 AND id = ANY ($2::text[])",
)

change_state = Command(
    "change_contact_state",
    """
    UPDATE contacts
    SET state = $3, state_changed_at = $4, updated_at = $4
    WHERE workspace_id = $1 AND id = $2
    """,
)

count_contacts = Command(
    "count_contacts",
    """
    INSERT INTO counts AS c (workspace_id, kind, shard, n)
    VALUES ($1, 'contacts', $2::smallint, $3)
    ON CONFLICT (workspace_id, kind, shard) DO UPDATE SET n = c.n + EXCLUDED.n
    """,
)

# Companies are locked in the order of their ids, so that contacts that share several cannot deadlock.
# Deleted ones count nobody any more, also while their contacts wait to be detached.
count_in_companies = Command(
    "count_in_companies",
    """
    WITH affected AS (
        SELECT p.id
        FROM companies p
        WHERE p.workspace_id = $1 AND p.state = 'live' AND p.id IN (
            SELECT m.company_id FROM contact_companies m WHERE m.workspace_id = $1 AND m.contact_id = ANY ($2::text[])
        )
        ORDER BY p.id
        FOR NO KEY UPDATE OF p
    )
    UPDATE companies p
    SET user_count = p.user_count + $3 * (
        SELECT count(*) FROM contact_companies m
        WHERE m.workspace_id = $1 AND m.company_id = p.id AND m.contact_id = ANY ($2::text[])
    )
    FROM affected
    WHERE p.workspace_id = $1 AND p.id = affected.id
    """,
)

release_owned = Query(
    "release_owned_contacts",
    str,
    """
    UPDATE contacts
    SET owner_id = NULL, updated_at = $3
    WHERE workspace_id = $1 AND id IN (
        SELECT id FROM contacts
        WHERE workspace_id = $1 AND owner_id = $2
        ORDER BY id
        LIMIT 500
        FOR NO KEY UPDATE
    )
    RETURNING id
    """,
)

purge_deleted = Command(
    "purge_deleted_contacts",
    """
    DELETE FROM contacts
    WHERE workspace_id = $1 AND id IN (
        SELECT id FROM contacts
        WHERE workspace_id = $1 AND state IN ('deleted', 'merged') AND state_changed_at < $2
        LIMIT 1000
    )
    """,
)

set_last_replied = Command(
    "set_last_replied",
    """
    UPDATE contacts
    SET last_replied_at = greatest(last_replied_at, $3)
    WHERE workspace_id = $1 AND id = $2 AND state = 'live'
    """,
)

set_hard_bounced = Command(
    "set_hard_bounced",
    """
    UPDATE contacts
    SET has_hard_bounced = true, updated_at = $3
    WHERE workspace_id = $1 AND id = $2 AND email = lower($4) AND state = 'live' AND NOT has_hard_bounced
    """,
)

set_last_contacted = Command(
    "set_last_contacted",
    """
    UPDATE contacts
    SET last_contacted_at = greatest(last_contacted_at, $3)
    WHERE workspace_id = $1 AND id = ANY ($2::text[])
    """,
)

set_last_seen = GlobalCommand(
    "set_last_seen",
    """
    UPDATE contacts c
    SET last_seen_at = greatest(c.last_seen_at, $3::timestamptz + make_interval(secs => w.clock_offset_seconds))
    FROM unnest($1::text[], $2::text[]) AS s (workspace_id, id)
    JOIN workspaces w ON w.id = s.workspace_id
    WHERE c.workspace_id = s.workspace_id AND c.id = s.id AND c.state = 'live'
    """,
)
