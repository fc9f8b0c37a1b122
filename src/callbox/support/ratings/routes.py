"""Ratings over HTTP: what only the management API does, for the reference shows ratings and takes none."""

from litestar.types import HTTPScope

from callbox.people.contacts.service import ContactNotFound
from callbox.support.conversations.changing import ConversationNotFound
from callbox.support.conversations.schemas import ConversationWithParts
from callbox.support.ratings import service
from callbox.support.ratings.schemas import RateRequest, RatingSettings, RatingSettingsRequest
from callbox.wire.decode import decode
from callbox.wire.operations import caller_of, operation

_GROUP = "Ratings"


@operation("GET", "/manage/v1/rating_settings", group=_GROUP)
async def get_rating_settings(scope: HTTPScope) -> RatingSettings:
    """Read whom a teammate's closing asks for a rating."""
    return await service.get_rating_settings(caller_of(scope))


@operation(
    "PUT",
    "/manage/v1/rating_settings",
    group=_GROUP,
    request=RatingSettingsRequest,
    example={"asks_users": True, "asks_leads": False, "asks_about_outbound": False, "hours_to_rate": 72},
)
async def set_rating_settings(body: bytes, scope: HTTPScope) -> RatingSettings:
    """Set whom a teammate's closing asks for a rating."""
    return await service.set_rating_settings(caller_of(scope), decode(body, RatingSettingsRequest))


@operation(
    "POST",
    "/manage/v1/conversations/{conversation_id:str}/rating/request",
    group=_GROUP,
    errors=[ConversationNotFound],
)
async def request_rating(conversation_id: str, scope: HTTPScope) -> ConversationWithParts:
    """Ask for a rating, whatever the settings are."""
    return await service.request_rating(caller_of(scope), conversation_id)


@operation(
    "PUT",
    "/manage/v1/conversations/{conversation_id:str}/rating",
    group=_GROUP,
    request=RateRequest,
    errors=[
        ConversationNotFound,
        ContactNotFound,
        service.RatingNotAsked,
        service.RatingIsFinal,
        service.RatingTooLate,
    ],
    example={"rating": 5, "remark": "Quick and kind"},
)
async def rate_conversation(conversation_id: str, body: bytes, scope: HTTPScope) -> ConversationWithParts:
    """Rate a conversation as its contact."""
    return await service.rate(caller_of(scope), conversation_id, decode(body, RateRequest))


MANAGE_ROUTES = [get_rating_settings, set_rating_settings, request_rating, rate_conversation]
