"""Data events as they are on the wire."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from callbox.people.data_events.queries import Doer, EventRow, SummaryRow
from callbox.platform.clock import iso_milliseconds, unix
from callbox.wire.decode import UnixTime, WireId

MAX_SUMMARIES = 1000

EventName = Annotated[str, Meta(max_length=255)]


class DataEvent(msgspec.Struct):
    """Something a contact did, as the customer's system told it."""

    type: Literal["event"]
    event_name: str
    created_at: int
    user_id: str | UnsetType
    id: str
    intercom_user_id: str
    email: str | UnsetType
    metadata: Raw | UnsetType


class EventPages(msgspec.Struct):
    """Where older events are, and where to ask for newer ones later."""

    next: str | UnsetType
    since: str | UnsetType = UNSET


class DataEventList(msgspec.Struct):
    """A page of a contact's events, newest first."""

    type: Literal["event.list"]
    events: list[DataEvent]
    pages: EventPages


class EventSummary(msgspec.Struct):
    """How often and when a contact did something."""

    name: str
    first: str
    last: str
    count: int
    description: str | None


class SummaryPages(msgspec.Struct):
    """A summary comes in one answer; the key is there for clients that look for it."""

    next: str | None = None


class DataEventSummary(msgspec.Struct):
    """What a contact did, counted by name."""

    type: Literal["event.summary"]
    events: list[EventSummary]
    pages: SummaryPages
    email: str
    intercom_user_id: str
    user_id: str


class CreateDataEventRequest(msgspec.Struct):
    """Something a contact did; the contact by `id`, `user_id` or `email`."""

    event_name: EventName | None = None
    created_at: UnixTime | None = None
    user_id: WireId | None = None
    id: WireId | None = None
    email: str | None = None
    metadata: dict[str, Any] | None = None


class SummaryRequestItem(msgspec.Struct):
    """A count to set."""

    event_name: EventName
    count: Annotated[int, Meta(ge=0, le=2**62)] = 1
    first: UnixTime | None = None
    last: UnixTime | None = None


class CreateSummariesRequest(msgspec.Struct):
    """Counts of events of a user, set as they are."""

    user_id: WireId | None = None
    event_summaries: SummaryRequestItem | Annotated[list[SummaryRequestItem], Meta(max_length=MAX_SUMMARIES)] | None = (
        None
    )


class ListEventsQuery(msgspec.Struct):
    """Whose events, and which. `before` and `since` are Unix milliseconds, both exclusive."""

    type: str | None = None
    user_id: str | None = None
    email: str | None = None
    intercom_user_id: str | None = None
    per_page: str | None = None
    summary: bool = False
    before: str | None = None
    since: str | None = None
    before_id: str | None = None


def data_event(doer: Doer, row: EventRow) -> DataEvent:
    """The event as lists show it."""
    return DataEvent(
        type="event",
        event_name=row.event_name,
        created_at=unix(row.created_at),
        user_id=UNSET if doer.external_id is None else doer.external_id,
        id=str(row.id),
        intercom_user_id=doer.id,
        email=UNSET if doer.email is None else doer.email,
        metadata=UNSET if row.metadata is None else Raw(row.metadata),
    )


def event_summary(row: SummaryRow) -> EventSummary:
    """The count as the summary shows it."""
    return EventSummary(row.event_name, iso_milliseconds(row.first_at), iso_milliseconds(row.last_at), row.count, None)
