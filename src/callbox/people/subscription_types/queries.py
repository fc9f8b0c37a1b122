"""SQL about subscription types, and its row type."""

import msgspec

from callbox.platform.database import Command, Query


class SubscriptionTypeRow(msgspec.Struct):
    """A subscription type; `translations` is JSON."""

    id: int
    state: str
    consent_type: str
    default_locale: str
    translations: str
    content_types: list[str]


_COLUMNS = "s.id, s.state, s.consent_type, s.default_locale, s.translations, s.content_types"

subscription_types = Query(
    "subscription_types",
    SubscriptionTypeRow,
    f"SELECT {_COLUMNS} FROM subscription_types s WHERE s.workspace_id = $1 ORDER BY s.id",
)

subscription_type_by_id = Query(
    "subscription_type_by_id",
    SubscriptionTypeRow,
    f"SELECT {_COLUMNS} FROM subscription_types s WHERE s.workspace_id = $1 AND s.id = $2",
)

subscription_type_for_update = Query(
    "subscription_type_for_update",
    SubscriptionTypeRow,
    f"SELECT {_COLUMNS} FROM subscription_types s WHERE s.workspace_id = $1 AND s.id = $2 FOR NO KEY UPDATE",
)

subscription_types_of_contact = Query(
    "subscription_types_of_contact",
    SubscriptionTypeRow,
    f"""
    SELECT {_COLUMNS}
    FROM contact_subscriptions p
    JOIN subscription_types s ON s.workspace_id = $1 AND s.id = p.subscription_type_id
    WHERE p.workspace_id = $1 AND p.contact_id = $2
    ORDER BY s.id
    """,
)

insert_subscription_type = Query(
    "insert_subscription_type",
    int,
    """
    INSERT INTO subscription_types (
        workspace_id, state, consent_type, default_locale, translations, content_types, created_at
    )
    VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7)
    RETURNING id
    """,
)

update_subscription_type = Command(
    "update_subscription_type",
    """
    UPDATE subscription_types
    SET state = $3, default_locale = $4, translations = $5::jsonb, content_types = $6
    WHERE workspace_id = $1 AND id = $2
    """,
)

state_preference = Command(
    "state_preference",
    """
    INSERT INTO contact_subscriptions (workspace_id, contact_id, subscription_type_id, consent_type, created_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
    """,
)

clear_preference = Command(
    "clear_preference",
    """
    DELETE FROM contact_subscriptions
    WHERE workspace_id = $1 AND contact_id = $2 AND subscription_type_id = $3
    """,
)
