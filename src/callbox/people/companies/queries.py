"""SQL about companies, and its row types."""

from datetime import datetime
from uuid import UUID

import msgspec

from callbox.platform.database import Command, GlobalCommand, Query


class CompanyRow(msgspec.Struct):
    """A company with its plan, tags and segments, in the order of `COMPANY_COLUMNS`."""

    id: str
    company_id: str
    name: str
    monthly_spend: int
    session_count: int
    user_count: int
    size: int | None
    website: str | None
    industry: str | None
    remote_created_at: datetime
    created_at: datetime
    updated_at: datetime
    last_request_at: datetime | None
    custom_attributes: str
    plan_id: int | None = None
    plan_name: str | None = None
    tags: list[tuple[int, str]] = []  # id and name
    segments: list[tuple[str, str, datetime, datetime]] = []  # id, name, when it was made and changed
    state: str = "live"


class Scroll(msgspec.Struct):
    """The open scroll of a workspace."""

    scroll_param: UUID
    last_company_id: str


COMPANY_COLUMNS = """
    p.id, p.company_id, p.name, p.monthly_spend, p.session_count, p.user_count, p.size, p.website, p.industry,
    p.remote_created_at, p.created_at, p.updated_at, p.last_request_at, p.custom_attributes,
    p.plan_id,
    (SELECT l.name FROM plans l WHERE l.workspace_id = $1 AND l.id = p.plan_id),
    ARRAY(
        SELECT ROW(t.id, t.name) FROM company_tags m
        JOIN tags t ON t.workspace_id = $1 AND t.id = m.tag_id
        WHERE m.workspace_id = $1 AND m.company_id = p.id
        ORDER BY t.id
    ),
    ARRAY(
        SELECT ROW(s.id, s.name, s.created_at, s.updated_at) FROM segment_members m
        JOIN segments s ON s.workspace_id = $1 AND s.id = m.segment_id
        WHERE m.workspace_id = $1 AND m.member_id = p.id
        ORDER BY s.id
    ),
    p.state"""

company_by_id = Query(
    "company_by_id",
    CompanyRow,
    f"SELECT {COMPANY_COLUMNS} FROM companies p WHERE p.workspace_id = $1 AND p.id = $2 AND p.state = 'live'",
)

companies_by_ids = Query(
    "companies_by_ids",
    CompanyRow,
    f"""
    SELECT {COMPANY_COLUMNS}
    FROM companies p
    WHERE p.workspace_id = $1 AND p.id = ANY ($2::text[]) AND p.state = 'live'
    ORDER BY p.id
    """,
)

company_by_company_id = Query(
    "company_by_company_id",
    CompanyRow,
    f"SELECT {COMPANY_COLUMNS} FROM companies p WHERE p.workspace_id = $1 AND p.company_id = $2 AND p.state = 'live'",
)

company_by_name = Query(
    "company_by_name",
    CompanyRow,
    f"""
    SELECT {COMPANY_COLUMNS}
    FROM companies p
    WHERE p.workspace_id = $1 AND p.name = $2 AND p.state = 'live'
    ORDER BY p.created_at, p.id
    LIMIT 1
    """,
)

company_for_update = Query(
    "company_for_update",
    CompanyRow,
    f"""
    SELECT {COMPANY_COLUMNS}
    FROM companies p
    WHERE p.workspace_id = $1 AND p.id = $2 AND p.state = 'live'
    FOR NO KEY UPDATE OF p
    """,
)

# Also finds a deleted company: posting its company_id again revives it.
company_of_any_state_for_update = Query(
    "company_of_any_state_for_update",
    CompanyRow,
    f"""
    SELECT {COMPANY_COLUMNS}
    FROM companies p
    WHERE p.workspace_id = $1 AND p.company_id = $2
    FOR NO KEY UPDATE OF p
    """,
)

lock_companies = Query(
    "lock_companies",
    str,
    """
    SELECT id
    FROM companies
    WHERE workspace_id = $1 AND id = ANY ($2::text[]) AND state = 'live'
    ORDER BY id
    FOR NO KEY UPDATE
    """,
)

ids_by_company_ids = Query(
    "company_ids_by_company_ids",
    str,
    "SELECT id FROM companies WHERE workspace_id = $1 AND company_id = ANY ($2::text[]) AND state = 'live'",
)

# Without a name of its own, a company is called by the customer's key.
insert_company = Query(
    "insert_company",
    str,
    """
    INSERT INTO companies (workspace_id, id, company_id, name, remote_created_at, created_at, updated_at)
    VALUES ($1, $2, $3, $3, $4, $4, $4)
    ON CONFLICT (workspace_id, company_id) DO NOTHING
    RETURNING id
    """,
)

update_company = Command(
    "update_company",
    """
    UPDATE companies
    SET state = 'live', state_changed_at = NULL, name = $3, monthly_spend = $4, size = $5, website = $6,
        industry = $7, remote_created_at = $8, updated_at = $9, plan_id = $10,
        custom_attributes = custom_attributes || $11::jsonb,
        custom_attributes_folded = custom_attributes_folded || $12::jsonb
    WHERE workspace_id = $1 AND id = $2
    """,
)

insert_plan = Command(
    "insert_plan",
    "INSERT INTO plans (workspace_id, name) VALUES ($1, $2) ON CONFLICT (workspace_id, name) DO NOTHING",
)

plan_by_name = Query("plan_by_name", int, "SELECT id FROM plans WHERE workspace_id = $1 AND name = $2")

mark_deleted = Command(
    "mark_company_deleted",
    """
    UPDATE companies
    SET state = 'deleted', state_changed_at = $3, user_count = 0
    WHERE workspace_id = $1 AND id = $2 AND state = 'live'
    """,
)

# Companies without any contact are left out of every list. What narrows one has its value at the place `{}`.
_LISTED = "p.workspace_id = $1 AND p.state = 'live' AND p.user_count > 0"
_TAGGED = "p.id IN (SELECT m.company_id FROM company_tags m WHERE m.workspace_id = $1 AND m.tag_id = {})"
_IN_SEGMENT = "p.id IN (SELECT m.member_id FROM segment_members m WHERE m.workspace_id = $1 AND m.segment_id = {})"

_LAST_SEEN_FIRST = "p.last_request_at DESC NULLS LAST, p.id DESC"
_LAST_SEEN_LAST = "p.last_request_at ASC NULLS LAST, p.id ASC"


def _condition(filters: tuple[str, ...]) -> str:
    places = enumerate(filters, start=2)
    return " AND ".join([_LISTED, *(narrowing.format(f"${place}") for place, narrowing in places)])


def _page(name: str, *filters: str, order: str = _LAST_SEEN_FIRST) -> Query[CompanyRow]:
    """The values of the filters, the limit and the offset are its parameters.

    What is shown of companies is read of those on the page alone, not of those before it.
    """
    limit = len(filters) + 2
    return Query(
        name,
        CompanyRow,
        f"""
        WITH listed AS (
            SELECT p.id FROM companies p WHERE {_condition(filters)} ORDER BY {order} LIMIT ${limit} OFFSET ${limit + 1}
        )
        SELECT {COMPANY_COLUMNS}
        FROM listed
        JOIN companies p ON p.workspace_id = $1 AND p.id = listed.id
        ORDER BY {order}
        """,
    )


def _total(name: str, *filters: str) -> Query[int]:
    """The values of the filters are its parameters."""
    return Query(name, int, f"SELECT count(*) FROM companies p WHERE {_condition(filters)}")


companies_descending = _page("companies_descending")
companies_ascending = _page("companies_ascending", order=_LAST_SEEN_LAST)
companies_total = _total("companies_total")

companies_of_tag = _page("companies_of_tag", _TAGGED)
companies_of_tag_total = _total("companies_of_tag_total", _TAGGED)

companies_of_segment = _page("companies_of_segment", _IN_SEGMENT)
companies_of_segment_total = _total("companies_of_segment_total", _IN_SEGMENT)

companies_of_tag_and_segment = _page("companies_of_tag_and_segment", _TAGGED, _IN_SEGMENT)
companies_of_tag_and_segment_total = _total("companies_of_tag_and_segment_total", _TAGGED, _IN_SEGMENT)

companies_after = Query(
    "companies_after",
    CompanyRow,
    f"""
    SELECT {COMPANY_COLUMNS}
    FROM companies p
    WHERE p.workspace_id = $1 AND p.state = 'live' AND p.user_count > 0 AND p.id > $2
    ORDER BY p.id
    LIMIT $3
    """,
)

# A scroll that was not used for a while makes place for a new one.
open_scroll = Query(
    "open_scroll",
    str,
    """
    INSERT INTO company_scrolls AS s (workspace_id, scroll_param, last_company_id, last_used_at)
    VALUES ($1, $2, '', $3)
    ON CONFLICT (workspace_id) DO UPDATE
    SET scroll_param = EXCLUDED.scroll_param, last_company_id = '', last_used_at = EXCLUDED.last_used_at
    WHERE s.last_used_at <= $4
    RETURNING scroll_param::text
    """,
)

scroll_for_update = Query(
    "scroll_for_update",
    Scroll,
    """
    SELECT scroll_param, last_company_id
    FROM company_scrolls
    WHERE workspace_id = $1 AND scroll_param = $2 AND last_used_at > $3
    FOR UPDATE
    """,
)

move_scroll = Command(
    "move_scroll",
    "UPDATE company_scrolls SET last_company_id = $2, last_used_at = $3 WHERE workspace_id = $1",
)

close_scroll = Command("close_scroll", "DELETE FROM company_scrolls WHERE workspace_id = $1")

close_idle_scroll = Command(
    "close_idle_scroll", "DELETE FROM company_scrolls WHERE workspace_id = $1 AND last_used_at <= $2"
)

companies_of_contact = Query(
    "companies_of_contact",
    CompanyRow,
    f"""
    SELECT {COMPANY_COLUMNS}
    FROM contact_companies a
    JOIN companies p ON p.workspace_id = $1 AND p.id = a.company_id AND p.state = 'live'
    WHERE a.workspace_id = $1 AND a.contact_id = $2
    ORDER BY a.attached_at, a.company_id
    LIMIT $3 OFFSET $4
    """,
)

companies_of_contact_total = Query(
    "companies_of_contact_total",
    int,
    """
    SELECT count(*)
    FROM contact_companies a
    JOIN companies p ON p.workspace_id = $1 AND p.id = a.company_id AND p.state = 'live'
    WHERE a.workspace_id = $1 AND a.contact_id = $2
    """,
)

attach_contact = Command(
    "attach_contact",
    """
    INSERT INTO contact_companies (workspace_id, contact_id, company_id, attached_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT DO NOTHING
    """,
)

detach_contact = Command(
    "detach_contact",
    "DELETE FROM contact_companies WHERE workspace_id = $1 AND contact_id = $2 AND company_id = $3",
)

detach_some = Command(
    "detach_some_contacts",
    """
    DELETE FROM contact_companies
    WHERE workspace_id = $1 AND company_id = $2 AND contact_id IN (
        SELECT contact_id FROM contact_companies WHERE workspace_id = $1 AND company_id = $2 LIMIT $3
    )
    """,
)

add_to_user_count = Command(
    "add_to_user_count",
    "UPDATE companies SET user_count = user_count + $3 WHERE workspace_id = $1 AND id = $2",
)

touch_companies = Command(
    "touch_companies",
    "UPDATE companies SET updated_at = $3 WHERE workspace_id = $1 AND id = ANY ($2::text[])",
)

# Locked in the order of their ids, as where contacts come and go.
set_last_request = GlobalCommand(
    "set_last_request",
    """
    WITH visited AS (
        SELECT p.workspace_id, p.id
        FROM companies p
        WHERE p.state = 'live' AND (p.workspace_id, p.id) IN (
            SELECT m.workspace_id, m.company_id
            FROM unnest($1::text[], $2::text[]) AS s (workspace_id, contact_id)
            JOIN contact_companies m ON m.workspace_id = s.workspace_id AND m.contact_id = s.contact_id
        )
        ORDER BY p.workspace_id, p.id
        FOR NO KEY UPDATE OF p
    )
    UPDATE companies p
    SET last_request_at = greatest(
        p.last_request_at, $3::timestamptz + make_interval(secs => w.clock_offset_seconds)
    )
    FROM visited v
    JOIN workspaces w ON w.id = v.workspace_id
    WHERE p.workspace_id = v.workspace_id AND p.id = v.id
    """,
)

is_deleted = Query(
    "company_is_deleted",
    bool,
    "SELECT EXISTS (SELECT 1 FROM companies WHERE workspace_id = $1 AND id = $2 AND state = 'deleted')",
)

# The state is asked for twice: a company that is revived meanwhile stays.
purge_deleted = Command(
    "purge_deleted_companies",
    """
    DELETE FROM companies
    WHERE workspace_id = $1 AND state = 'deleted' AND id IN (
        SELECT id FROM companies
        WHERE workspace_id = $1 AND state = 'deleted' AND state_changed_at < $2
        LIMIT 1000
    )
    """,
)
