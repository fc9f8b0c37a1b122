"""The rules of data events: taken in one statement, listed for 90 days, counted for ever."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from litestar.types import HTTPScope
from msgspec import UNSET

from callbox.people.contacts.service import AmbiguousEmail, ContactNotFound
from callbox.people.data_events import queries
from callbox.people.data_events.queries import Doer, EventRow
from callbox.people.data_events.schemas import (
    CreateDataEventRequest,
    CreateSummariesRequest,
    DataEventList,
    DataEventSummary,
    EventPages,
    ListEventsQuery,
    SummaryPages,
    SummaryRequestItem,
    data_event,
    event_summary,
)
from callbox.platform import clock
from callbox.platform.database import Connection, connection, transaction
from callbox.wire.authentication import Caller
from callbox.wire.decode import moment, moment_or_none
from callbox.wire.errors import ParameterInvalid, ParameterNotFound
from callbox.wire.operations import caller_of
from callbox.wire.pagination import page_url, per_page_of

DEFAULT_PER_PAGE = 15
MAX_PER_PAGE = 150
LISTED_FOR = timedelta(days=90)
MAX_METADATA_KEYS = 10
_DELETE_BATCH = 5000
_LAST_ID = UUID(int=2**128 - 1)
_LATEST_MILLISECONDS = 253_402_300_799_000
_WEB_ADDRESS = re.compile("https?://", re.IGNORECASE)


class EventTypeUnsupported(ParameterInvalid):
    """Events are listed for users; leads count among them here."""

    status = 422
    message = "unsupported type [lead]"


async def submit_event(caller: Caller, request: CreateDataEventRequest) -> None:
    """Take an event. The same name for the same contact in the same second is the same event."""
    if request.event_name is None or not request.event_name.strip():
        raise ParameterNotFound("event_name is required")
    if request.created_at is None:
        raise ParameterNotFound("created_at is required")
    if request.id not in {None, ""}:
        submit, identifier = queries.submit_by_id, str(request.id)
    elif request.user_id not in {None, ""}:
        submit, identifier = queries.submit_by_external_id, str(request.user_id)
    elif request.email:
        submit, identifier = queries.submit_by_email, request.email.strip().lower()
    else:
        raise ParameterNotFound("id, user_id or email is required")
    metadata = _metadata(request.metadata)
    async with connection() as held:
        found = await submit.one(
            held,
            caller.workspace_id,
            identifier,
            request.event_name.strip(),
            moment(request.created_at, "created_at"),
            uuid4(),
            None if metadata is None else msgspec.json.encode(metadata).decode(),
            caller.now(),
        )
    if found > 1:
        raise AmbiguousEmail
    if not found:
        raise ContactNotFound


def _metadata(sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """The first ten keys in the order sent, without values of shapes that are unknown."""
    if not sent:
        return None
    kept = dict(list(sent.items())[:MAX_METADATA_KEYS])
    return {key: value for key, value in kept.items() if _is_metadata(value)} or None


def _is_metadata(value: object) -> bool:
    """Text, numbers and booleans; rich links; amounts of money, in cents."""
    match value:
        case str() | bool() | int() | float():
            return True
        case {"url": str(url), "value": str() | int() | float(), **rest} if not rest:
            return _WEB_ADDRESS.match(url) is not None
        case {"amount": int(amount), "currency": str(), **rest} if not rest:
            return amount > 0 and amount is not True
        case _:
            return False


async def list_events(scope: HTTPScope, query: ListEventsQuery) -> DataEventList:
    """A page of a contact's events of the last 90 days, newest first."""
    caller = caller_of(scope)
    per_page = per_page_of(query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    now = caller.now()
    after = max(now - LISTED_FOR, _milliseconds(query.since, "since") if query.since else now - LISTED_FOR)
    if query.before:
        before, before_id = _milliseconds(query.before, "before"), _before_id(query.before_id)
    else:
        before, before_id = datetime.max.replace(tzinfo=UTC), _LAST_ID
    async with connection() as held:
        doer = await _doer(held, caller, query)
        rows = await queries.events_page.all(held, caller.workspace_id, doer.id, after, before, before_id, per_page + 1)
    shown = rows[:per_page]
    pages = EventPages(_next_url(scope, query, shown) if len(rows) > per_page else UNSET)
    if not query.before:
        newest = str(unix_milliseconds(shown[0])) if shown else query.since
        pages.since = _url(scope, query, since=newest) if newest else UNSET
    return DataEventList("event.list", [data_event(doer, row) for row in shown], pages)


def _next_url(scope: HTTPScope, query: ListEventsQuery, shown: list[EventRow]) -> str:
    """Older events; the id tells where the page ended among events of the same moment."""
    return _url(scope, query, since=query.since, before=str(unix_milliseconds(shown[-1])), before_id=str(shown[-1].id))


def _url(scope: HTTPScope, query: ListEventsQuery, **further: str | None) -> str:
    return page_url(
        scope,
        type="user",
        user_id=query.user_id,
        email=query.email,
        intercom_user_id=query.intercom_user_id,
        per_page=query.per_page,
        **further,
    )


def unix_milliseconds(row: EventRow) -> int:
    """When it happened, as paging over events counts."""
    return clock.unix(row.created_at) * 1000


def _milliseconds(sent: str, field: str) -> datetime:
    is_number = sent.isascii() and sent.isdigit() and len(sent) <= len(str(_LATEST_MILLISECONDS))
    if not is_number or int(sent) > _LATEST_MILLISECONDS:
        raise ParameterInvalid(f"{field} must be a Unix timestamp in milliseconds")
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(sent))


def _before_id(sent: str | None) -> UUID:
    """Without an id the bound is exclusive: nothing of that moment."""
    try:
        return UUID(sent) if sent else UUID(int=0)
    except ValueError:
        raise ParameterInvalid("before_id must be the id of an event") from None


async def summarise_events(caller: Caller, query: ListEventsQuery) -> DataEventSummary:
    """All that a contact ever did, counted by name."""
    async with connection() as held:
        doer = await _doer(held, caller, query)
        rows = await queries.summaries.all(held, caller.workspace_id, doer.id)
    return DataEventSummary(
        type="event.summary",
        events=[event_summary(row) for row in rows],
        pages=SummaryPages(),
        email=doer.email or "",
        intercom_user_id=doer.id,
        user_id=doer.external_id or "",
    )


async def _doer(held: Connection, caller: Caller, query: ListEventsQuery) -> Doer:
    if query.type != "user":
        raise EventTypeUnsupported(f"unsupported type [{query.type or ''}]")
    if query.intercom_user_id:
        found = await queries.doer_by_id.all(held, caller.workspace_id, query.intercom_user_id)
    elif query.user_id:
        found = await queries.doer_by_external_id.all(held, caller.workspace_id, query.user_id)
    elif query.email:
        found = await queries.doers_by_email.all(held, caller.workspace_id, query.email.strip().lower())
    else:
        raise ParameterNotFound("user_id, email or intercom_user_id is a required parameter")
    if not found:
        raise ContactNotFound
    if len(found) > 1:
        raise AmbiguousEmail
    return found[0]


async def set_summaries(caller: Caller, request: CreateSummariesRequest) -> None:
    """Set counts of a user's events, without listing any event."""
    if request.user_id is None:
        raise ParameterNotFound("user_id is a required parameter")
    if request.event_summaries is None:
        raise ParameterNotFound("event_summaries is a required parameter")
    items = request.event_summaries if isinstance(request.event_summaries, list) else [request.event_summaries]
    async with transaction() as held:
        found = await queries.doer_by_external_id.first(held, caller.workspace_id, str(request.user_id))
        if found is None:
            raise ContactNotFound
        for item in items:
            name = item.event_name.strip()
            if not name:
                raise ParameterNotFound("event_summaries.event_name is a required parameter")
            first, last = _span(caller, item)
            await queries.set_summary.run(held, caller.workspace_id, found.id, name, item.count, first, last)


def _span(caller: Caller, item: SummaryRequestItem) -> tuple[datetime, datetime]:
    """When it happened first and last. Where one is missing it is the other; where both are, now."""
    first = moment_or_none(item.first, "event_summaries.first")
    last = moment_or_none(item.last, "event_summaries.last")
    first = first or last or caller.now()
    last = last or first
    if last < first:
        raise ParameterInvalid("event_summaries.last must not be before event_summaries.first")
    return first, last


async def delete_old_events() -> None:
    """Scheduled: remove events that are not listed any more, in batches."""
    deleted = _DELETE_BATCH
    while deleted == _DELETE_BATCH:
        async with connection() as held:
            deleted = await queries.delete_old_events.run(held, clock.machine_time() - LISTED_FOR, _DELETE_BATCH)
