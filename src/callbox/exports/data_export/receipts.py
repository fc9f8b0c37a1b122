"""The rows of an export: one receipt for each message that was sent, in the columns that warehouse loaders expect.

Columns about what Callbox does not send, or does not hear of, are there and empty.
"""

from callbox.platform.database import Copy, Query

COLUMNS = (
    *("user_id", "user_external_id", "company_id", "company_external_id", "email", "name"),
    *("ruleset_id", "content_id", "content_type", "content_title", "created_via", "device", "ruleset_version_id"),
    *("receipt_id", "received_at", "conversation_id", "series_id", "series_title", "node_id"),
    *("first_reply", "first_completion"),
    *("first_series_completion", "first_series_disengagement", "first_series_exit"),
    *("first_goal_success", "first_tour_step_failure", "first_tour_step_view", "first_reaction"),
    *("first_open", "first_click", "first_dismissal", "first_collected_email", "first_unsubscribe"),
    *("first_hard_bounce", "first_soft_bounce", "first_spam_complaint", "first_permission_grant"),
    *("first_button_tap", "first_screen_view", "first_webhook_failure", "first_sms_failure"),
    *("first_whatsapp_failure", "first_push_failure", "first_answer", "first_keyword_reply"),
    *("first_people_reached_receipt", "first_checklist_step_receipt", "first_checklist_step_open"),
    *("first_checklist_step_click", "first_checklist_step_completion", "first_fin_helpful_answer"),
)


def _safe(value: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe stands before what could begin one.

    One also stands before such a text that has apostrophes already, so that to take one off brings all texts back.
    """
    return rf"CASE WHEN {value} ~ '^''*[=+@\t\r-]' THEN '''' || {value} ELSE {value} END"


def _within(moment: str) -> str:
    """When something happened first, if within the range: nothing happens to a message before it is sent."""
    return f"""
        CASE WHEN {moment} < $3::timestamptz + interval '1 second'
            THEN floor(extract(epoch FROM {moment}))::bigint
        END"""


_VALUES = {
    "user_id": "m.to_contact_id",
    "user_external_id": _safe("c.external_id"),
    "company_id": "coalesce(company.id, '-1')",
    "company_external_id": _safe("company.company_id"),
    "email": _safe("c.email"),
    "name": _safe("c.name"),
    "ruleset_id": "m.id",
    "content_id": "m.id",
    "content_type": "CASE m.message_type WHEN 'email' THEN 'Email' WHEN 'sms' THEN 'Sms' ELSE 'Chat' END",
    "content_title": _safe("m.subject"),
    "created_via": "'api'",
    "ruleset_version_id": "m.id",
    "receipt_id": "m.id",
    "received_at": "floor(extract(epoch FROM m.created_at))::bigint",
    "conversation_id": "m.conversation_id",
    "series_id": "'-1'",
    "first_reply": _within("v.first_contact_reply_at"),
    "first_hard_bounce": _within("e.hard_bounced_at"),
    "first_soft_bounce": _within("e.soft_bounced_at"),
}
_SELECTED = ", ".join(f"{_VALUES.get(column, 'NULL')} AS {column}" for column in COLUMNS)

# `$2` and `$3` are the first and the last second. Mails are looked up for messages by mail alone.
receipts_total = Query(
    "receipts_total",
    int,
    """
    SELECT count(*)
    FROM messages
    WHERE workspace_id = $1 AND created_at >= $2 AND created_at < $3::timestamptz + interval '1 second'
    """,
)

receipts = Copy(
    "receipts",
    f"""
    SELECT {_SELECTED}
    FROM messages m
    LEFT JOIN contacts c ON c.workspace_id = $1 AND c.id = m.to_contact_id
    LEFT JOIN LATERAL (
        SELECT o.id, o.company_id
        FROM contact_companies a
        JOIN companies o ON o.workspace_id = $1 AND o.id = a.company_id AND o.state = 'live'
        WHERE a.workspace_id = $1 AND a.contact_id = m.to_contact_id
        ORDER BY a.attached_at, a.company_id
        LIMIT 1
    ) AS company ON true
    LEFT JOIN conversations v ON v.workspace_id = $1 AND v.id = m.conversation_id
    LEFT JOIN emails e
        ON e.workspace_id = $1 AND e.contact_id = m.to_contact_id AND e.kind = 'message'
        AND e.origin_id = CASE WHEN m.message_type = 'email' THEN m.id END
    WHERE m.workspace_id = $1 AND m.created_at >= $2 AND m.created_at < $3::timestamptz + interval '1 second'
    ORDER BY m.created_at, m.id
    """,
)
