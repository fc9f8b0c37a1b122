"""Activity logs: what admins did, written in the transaction that did it, and read newest first."""

from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
from litestar.types import HTTPScope
from msgspec import Raw

from callbox.platform.clock import unix
from callbox.platform.database import Command, Connection, Query, connection
from callbox.platform.events import Event, Topic, record
from callbox.wire.authentication import Caller
from callbox.wire.decode import decode_query, moment
from callbox.wire.errors import ParameterNotFound
from callbox.wire.operations import caller_of, operation
from callbox.wire.pagination import UrlPages, numbered_page, url_pages

DEFAULT_PER_PAGE = 20
MAX_PER_PAGE = 150
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)

# Those of the reference's types that something here can cause.
ActivityType = Literal[
    "admin_avatar_change",
    "admin_away_mode_change",
    "admin_deletion",
    "app_admin_join",
    "app_data_deletion",
    "app_data_export",
    "app_identity_verification_change",
    "app_name_change",
    "app_package_installation",
    "app_package_uninstallation",
    "app_team_creation",
    "app_team_deletion",
    "app_team_membership_modification",
    "app_timezone_change",
    "app_webhook_creation",
    "app_webhook_deletion",
    "help_center_settings_change",
    "seat_change",
    "seat_revoke",
]


class ActivityRow(msgspec.Struct):
    """An entry as it is stored."""

    id: UUID
    activity_type: str
    activity_description: str
    metadata: str | None
    admin_id: int
    admin_email: str
    admin_ip: str
    created_at: datetime


class PerformedBy(msgspec.Struct):
    """The admin who acted, as they were then."""

    type: Literal["admin"]
    id: str
    email: str
    ip: str


class ActivityLog(msgspec.Struct):
    """One thing that an admin did."""

    id: str
    performed_by: PerformedBy
    metadata: Raw | None
    created_at: int
    activity_type: str
    activity_description: str


class ActivityLogList(msgspec.Struct):
    """A page of the log."""

    type: Literal["activity_log.list"]
    pages: UrlPages
    activity_logs: list[ActivityLog]


class ActivityLogsQuery(msgspec.Struct):
    """The span of time to read. Both ends are exclusive; Unix seconds, or ISO 8601 as one client sends."""

    created_at_after: str | None = None
    created_at_before: str | None = None
    page: str | None = None
    per_page: str | None = None


insert_activity = Command(
    "insert_activity",
    """
    INSERT INTO activity_logs (
        workspace_id, id, activity_type, activity_description, metadata,
        admin_id, admin_email, admin_ip, created_at
    )
    VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9)
    """,
)

activities_page = Query(
    "activities_page",
    ActivityRow,
    """
    SELECT id, activity_type, activity_description, metadata, admin_id, admin_email, admin_ip, created_at
    FROM activity_logs
    WHERE workspace_id = $1 AND created_at > $2 AND created_at < $3
    ORDER BY created_at DESC, id DESC
    LIMIT $4 OFFSET $5
    """,
)

activities_total = Query(
    "activities_total",
    int,
    "SELECT count(*) FROM activity_logs WHERE workspace_id = $1 AND created_at > $2 AND created_at < $3",
)


async def record_activity(
    held: Connection, caller: Caller, activity_type: ActivityType, description: str, metadata: dict[str, Any]
) -> None:
    """Write down what the caller's admin does. The description is an English sentence that names the admin."""
    row = ActivityRow(
        id=uuid4(),
        activity_type=activity_type,
        activity_description=description,
        metadata=msgspec.json.encode(metadata).decode(),
        admin_id=caller.admin_id,
        admin_email=caller.admin_email,
        admin_ip=caller.ip,
        created_at=caller.now(),
    )
    await insert_activity.run(
        held,
        caller.workspace_id,
        row.id,
        row.activity_type,
        row.activity_description,
        row.metadata,
        row.admin_id,
        row.admin_email,
        row.admin_ip,
        row.created_at,
    )
    item = msgspec.json.encode(_log_from_row(row)).decode()
    event = Event(Topic.ADMIN_ACTIVITY_LOG_EVENT_CREATED, str(row.id), item)
    await record(held, caller.workspace_id, event, row.created_at)


def _log_from_row(row: ActivityRow) -> ActivityLog:
    return ActivityLog(
        id=str(row.id),
        performed_by=PerformedBy("admin", str(row.admin_id), row.admin_email, row.admin_ip),
        metadata=None if row.metadata is None else Raw(row.metadata),
        created_at=unix(row.created_at),
        activity_type=row.activity_type,
        activity_description=row.activity_description,
    )


@operation("GET", "/admins/activity_logs", group="Admins", query=ActivityLogsQuery, errors=[ParameterNotFound])
async def list_activity_logs(scope: HTTPScope) -> ActivityLogList:
    """List what admins did in a span of time, newest first."""
    caller, query = caller_of(scope), decode_query(scope["query_string"], ActivityLogsQuery)
    if not query.created_at_after:
        raise ParameterNotFound("created_at_after is a required parameter")
    page = numbered_page(query.page, query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    # Times are shown to the second, so what happened within the second `after` did not happen after it.
    after = moment(query.created_at_after, "created_at_after").replace(microsecond=999_999)
    before = moment(query.created_at_before, "created_at_before") if query.created_at_before else _END_OF_TIME
    async with connection() as held:
        rows = await activities_page.all(held, caller.workspace_id, after, before, page.per_page, page.offset)
        total = await activities_total.one(held, caller.workspace_id, after, before)
    pages = url_pages(
        scope, page, total, created_at_after=query.created_at_after, created_at_before=query.created_at_before
    )
    return ActivityLogList("activity_log.list", pages, [_log_from_row(row) for row in rows])


ROUTES = [list_activity_logs]
