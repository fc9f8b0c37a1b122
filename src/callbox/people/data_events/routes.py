"""Data events over HTTP, in the order of the reference."""

from litestar.types import HTTPScope

from callbox.people.contacts.service import AmbiguousEmail, ContactNotFound
from callbox.people.data_events import service
from callbox.people.data_events.schemas import (
    CreateDataEventRequest,
    CreateSummariesRequest,
    DataEventList,
    DataEventSummary,
    ListEventsQuery,
)
from callbox.wire.decode import decode, decode_query
from callbox.wire.operations import caller_of, operation

GROUP = "Data Events"


@operation(
    "POST",
    "/events",
    group=GROUP,
    request=CreateDataEventRequest,
    status=202,
    errors=[ContactNotFound, AmbiguousEmail],
    example={
        "event_name": "placed-order",
        "created_at": 1_767_225_600,
        "user_id": "u-1042",
        "metadata": {"order_number": "A-17", "price": {"amount": 4900, "currency": "eur"}},
    },
)
async def submit_event(body: bytes, scope: HTTPScope) -> None:
    """Tell that a contact did something."""
    await service.submit_event(caller_of(scope), decode(body, CreateDataEventRequest))


@operation(
    "GET",
    "/events",
    group=GROUP,
    query=ListEventsQuery,
    errors=[service.EventTypeUnsupported, ContactNotFound, AmbiguousEmail],
)
async def list_events(scope: HTTPScope) -> DataEventList | DataEventSummary:
    """List a contact's events of the last 90 days, or with `summary=true` count them all."""
    query = decode_query(scope["query_string"], ListEventsQuery)
    if query.summary:
        return await service.summarise_events(caller_of(scope), query)
    return await service.list_events(scope, query)


@operation(
    "POST",
    "/events/summaries",
    group=GROUP,
    request=CreateSummariesRequest,
    errors=[ContactNotFound],
    example={
        "user_id": "u-1042",
        "event_summaries": {"event_name": "placed-order", "count": 7, "first": 1_735_689_600, "last": 1_767_225_600},
    },
)
async def set_summaries(body: bytes, scope: HTTPScope) -> None:
    """Set counts of a user's events."""
    await service.set_summaries(caller_of(scope), decode(body, CreateSummariesRequest))


ROUTES = [submit_event, list_events, set_summaries]
