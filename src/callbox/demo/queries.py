"""SQL for what only the messenger and the customer's pages would leave behind over a year."""

from callbox.platform.database import Command, GlobalCommand, Query

CONTACT_TRACES = (
    *("browser", "browser_version", "browser_language", "os"),
    *("android_app_name", "android_app_version", "android_device", "android_os_version"),
    *("ios_app_name", "ios_app_version", "ios_device", "ios_os_version"),
)

# Who writes is there.
LAST_SEEN = "greatest(c.last_seen_at, c.last_replied_at)"

leave_contact_traces = Command(
    "leave_demo_contact_traces",
    f"""
    UPDATE contacts c
    SET {", ".join(f"{name} = t.{name}" for name in CONTACT_TRACES)},
        last_seen_at = {LAST_SEEN},
        android_last_seen_at = CASE WHEN t.android_device IS NOT NULL THEN {LAST_SEEN} END,
        ios_last_seen_at = CASE WHEN t.ios_device IS NOT NULL THEN {LAST_SEEN} END
    FROM jsonb_to_recordset($2::jsonb) AS t (id text, {", ".join(f"{name} text" for name in CONTACT_TRACES)})
    WHERE c.workspace_id = $1 AND c.id = t.id
    """,
)

leave_visitor_traces = Command(
    "leave_demo_visitor_traces",
    """
    UPDATE visitors v
    SET session_count = t.sessions, last_request_at = t.last_request_at, location_country_code = t.country_code,
        location_continent_code = t.continent_code
    FROM jsonb_to_recordset($2::jsonb) AS t (
        id text, sessions integer, last_request_at timestamptz, country_code text, continent_code text
    )
    WHERE v.workspace_id = $1 AND v.id = t.id
    """,
)

# A company was last seen when the last of its people was; each of them came a few times.
leave_company_traces = Command(
    "leave_demo_company_traces",
    """
    UPDATE companies p
    SET last_request_at = seen.at, session_count = seen.people * 7
    FROM (
        SELECT m.company_id, max(c.last_seen_at) AS at, count(*) AS people
        FROM contact_companies m
        JOIN contacts c ON c.workspace_id = $1 AND c.id = m.contact_id
        WHERE m.workspace_id = $1
        GROUP BY m.company_id
    ) AS seen
    WHERE p.workspace_id = $1 AND p.id = seen.company_id
    """,
)

leave_article_views = Command(
    "leave_demo_article_views",
    """
    UPDATE articles a
    SET views = t.views
    FROM jsonb_to_recordset($2::jsonb) AS t (article_id bigint, views bigint)
    WHERE a.workspace_id = $1 AND a.id = t.article_id
    """,
)

leave_article_reactions = Command(
    "leave_demo_article_reactions",
    """
    INSERT INTO article_reactions (workspace_id, article_id, person_id, reaction, reacted_at)
    SELECT $1, t.article_id, t.person_id, t.reaction, $3
    FROM jsonb_to_recordset($2::jsonb) AS t (article_id bigint, person_id text, reaction text)
    """,
)

leave_article_conversations = Command(
    "leave_demo_article_conversations",
    """
    INSERT INTO article_conversations (workspace_id, article_id, conversation_id)
    SELECT $1, t.article_id, t.conversation_id
    FROM jsonb_to_recordset($2::jsonb) AS t (article_id bigint, conversation_id bigint)
    """,
)

assignees = Query(
    "assignees_of_demo_conversation",
    lambda admin_id, team_id: (admin_id, team_id),
    "SELECT admin_assignee_id, team_assignee_id FROM conversations WHERE workspace_id = $1 AND id = $2",
)

# Statements were planned when the tables were empty, and nobody else sees what is in them before the commit.
learn_sizes = GlobalCommand(
    "learn_sizes_for_demo",
    """
    ANALYZE contacts, companies, contact_companies, conversations, conversation_contacts, conversation_parts,
        conversation_tags, conversation_words, ticket_links, messages, files
    """,
)
