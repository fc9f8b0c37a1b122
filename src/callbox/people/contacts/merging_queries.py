"""The statements of merging: `$2` is the lead, `$3` the user."""

from callbox.people.contacts.queries import CAMPAIGN_COLUMNS, LOCATION_COLUMNS
from callbox.platform.database import Command

merge_tags = Command(
    "merge_contact_tags",
    """
    INSERT INTO contact_tags (workspace_id, contact_id, tag_id, applied_at, applied_by_admin_id)
    SELECT workspace_id, $3, tag_id, applied_at, applied_by_admin_id
    FROM contact_tags
    WHERE workspace_id = $1 AND contact_id = $2
    ON CONFLICT DO NOTHING
    """,
)

merge_companies = Command(
    "merge_contact_companies",
    """
    INSERT INTO contact_companies (workspace_id, contact_id, company_id, attached_at)
    SELECT workspace_id, $3, company_id, attached_at
    FROM contact_companies
    WHERE workspace_id = $1 AND contact_id = $2
    ON CONFLICT DO NOTHING
    """,
)

merge_opt_outs = Command(
    "merge_contact_opt_outs",
    """
    INSERT INTO contact_subscriptions (workspace_id, contact_id, subscription_type_id, consent_type, created_at)
    SELECT workspace_id, $3, subscription_type_id, consent_type, created_at
    FROM contact_subscriptions
    WHERE workspace_id = $1 AND contact_id = $2 AND consent_type = 'opt_out'
    ON CONFLICT DO NOTHING
    """,
)

merge_notes = Command(
    "merge_contact_notes",
    "UPDATE notes SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2",
)

merge_events = Command(
    "merge_contact_events",
    """
    INSERT INTO data_events (workspace_id, contact_id, event_name, created_at, id, metadata)
    SELECT workspace_id, $3, event_name, created_at, id, metadata
    FROM data_events
    WHERE workspace_id = $1 AND contact_id = $2
    ON CONFLICT DO NOTHING
    """,
)

merge_event_summaries = Command(
    "merge_contact_event_summaries",
    """
    INSERT INTO data_event_summaries AS s (workspace_id, contact_id, event_name, count, first_at, last_at)
    SELECT workspace_id, $3, event_name, count, first_at, last_at
    FROM data_event_summaries
    WHERE workspace_id = $1 AND contact_id = $2
    ON CONFLICT (workspace_id, contact_id, event_name) DO UPDATE
    SET count = s.count + EXCLUDED.count,
        first_at = least(s.first_at, EXCLUDED.first_at),
        last_at = greatest(s.last_at, EXCLUDED.last_at)
    """,
)

_DEVICE_FIELDS = ("app_name", "app_version", "device", "os_version", "sdk_version", "last_seen_at")

# What belongs together goes over together: a city of the one is not put into a country of the other.
_ADOPTED_GROUPS = (
    ("email",),
    ("phone", "formatted_phone"),
    ("name",),
    ("avatar_url",),
    ("owner_id",),
    ("signed_up_at",),
    ("language_override",),
    ("browser", "browser_version", "browser_language", "os"),
    LOCATION_COLUMNS,
    tuple(f"android_{field}" for field in _DEVICE_FIELDS),
    tuple(f"ios_{field}" for field in _DEVICE_FIELDS),
    CAMPAIGN_COLUMNS,
)


def _adopted(columns: tuple[str, ...]) -> str:
    lacks = f"num_nonnulls({', '.join(f'u.{column}' for column in columns)}) = 0"
    return ", ".join(f"{column} = CASE WHEN {lacks} THEN l.{column} ELSE u.{column} END" for column in columns)


# What the user lacks is copied from the lead; what it has wins.
merge_attributes = Command(
    "merge_contact_attributes",
    f"""
    UPDATE contacts u
    SET {", ".join(_adopted(columns) for columns in _ADOPTED_GROUPS)},
        has_hard_bounced = CASE WHEN u.email IS NULL THEN l.has_hard_bounced ELSE u.has_hard_bounced END,
        marked_email_as_spam = CASE WHEN u.email IS NULL THEN l.marked_email_as_spam ELSE u.marked_email_as_spam END,
        unsubscribed_from_emails = u.unsubscribed_from_emails OR l.unsubscribed_from_emails,
        last_seen_at = greatest(u.last_seen_at, l.last_seen_at),
        last_replied_at = greatest(u.last_replied_at, l.last_replied_at),
        last_contacted_at = greatest(u.last_contacted_at, l.last_contacted_at),
        last_email_opened_at = greatest(u.last_email_opened_at, l.last_email_opened_at),
        last_email_clicked_at = greatest(u.last_email_clicked_at, l.last_email_clicked_at),
        custom_attributes =
            u.custom_attributes
            || jsonb_strip_nulls(l.custom_attributes)
            || jsonb_strip_nulls(u.custom_attributes),
        custom_attributes_folded =
            u.custom_attributes_folded
            || jsonb_strip_nulls(l.custom_attributes_folded)
            || jsonb_strip_nulls(u.custom_attributes_folded),
        updated_at = $4
    FROM contacts l
    WHERE u.workspace_id = $1 AND u.id = $3 AND l.workspace_id = $1 AND l.id = $2
    """,
)

mark_merged = Command(
    "mark_contact_merged",
    """
    UPDATE contacts
    SET state = 'merged', state_changed_at = $4, merged_into_id = $3, external_id = NULL
    WHERE workspace_id = $1 AND id = $2
    """,
)

detach_from_companies = Command(
    "detach_contact_from_companies",
    "DELETE FROM contact_companies WHERE workspace_id = $1 AND contact_id = $2",
)

detach_tags = Command(
    "detach_contact_tags",
    "DELETE FROM contact_tags WHERE workspace_id = $1 AND contact_id = $2",
)
