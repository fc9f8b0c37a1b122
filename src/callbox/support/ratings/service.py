"""What contacts think of a conversation: whom closing asks, and what they answer."""

from datetime import timedelta

import msgspec

from callbox.people.contacts.service import ContactNotFound
from callbox.platform.database import Connection, connection, transaction
from callbox.support.conversations import transitions
from callbox.support.conversations.changing import ClosedByTeammate, Held, hold, store
from callbox.support.conversations.queries import participant, participant_ids
from callbox.support.conversations.schemas import ConversationWithParts
from callbox.support.conversations.statistics import is_admin_reply
from callbox.support.conversations.transitions import Author
from callbox.support.ratings import queries
from callbox.support.ratings.queries import ClosedConversation, GivenRating, RatingSettingsRow
from callbox.support.ratings.schemas import RateRequest, RatingSettings, RatingSettingsRequest
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId
from callbox.wire.errors import ClientError, ParameterNotFound

_LONG_ENOUGH = 250
_STILL_FRESH = timedelta(days=7)


class RatingNotAsked(ClientError):
    """Nobody asked for a rating."""

    message = "No rating was asked for in this conversation"


class RatingIsFinal(ClientError):
    """A remark ends it."""

    message = "The rating is final since its remark was left"


class RatingTooLate(ClientError):
    """The workspace takes ratings for some hours after the closing."""

    message = "The time for a rating is over"


async def get_rating_settings(caller: Caller) -> RatingSettings:
    """Whom closing asks for a rating."""
    async with connection() as held:
        row = await queries.rating_settings.first(held, caller.workspace_id)
    return RatingSettings("rating_settings", *msgspec.structs.astuple(row or RatingSettingsRow()))


async def set_rating_settings(caller: Caller, request: RatingSettingsRequest) -> RatingSettings:
    """Change whom closing asks for a rating."""
    values = msgspec.structs.astuple(request)
    async with connection() as held:
        await queries.store_rating_settings.run(held, caller.workspace_id, *values)
    return RatingSettings("rating_settings", *values)


async def on_closed(held: Connection, _: str, closing: ClosedByTeammate) -> None:
    """Ask the contact of a conversation that a teammate closes, where it is worth a rating."""
    caller, change = closing.caller, closing.change
    conversation = change.conversation
    answered_at = conversation.last_admin_reply_at
    if answered_at is None or conversation.ticket_state is not None:
        return
    settings = await queries.rating_settings.first(held, caller.workspace_id)
    if settings is None:
        return
    closed = await queries.closed_conversation.first(held, caller.workspace_id, change.id)
    spoke_at = max(answered_at, conversation.last_contact_reply_at or answered_at)
    if closed is not None and change.at - spoke_at <= _STILL_FRESH and _is_to_be_rated(settings, closed):
        await _ask(held, caller, change)


def _is_to_be_rated(settings: RatingSettingsRow, closed: ClosedConversation) -> bool:
    asked_roles = [role for role, asks in (("user", settings.asks_users), ("lead", settings.asks_leads)) if asks]
    return (
        not closed.was_asked
        and len(closed.participant_roles) == 1
        and closed.participant_roles[0] in asked_roles
        and (settings.asks_about_outbound or not closed.is_outbound)
        and closed.transcript_length > _LONG_ENOUGH
    )


async def request_rating(caller: Caller, conversation_id: WireId) -> ConversationWithParts:
    """Ask by hand, whatever the settings are. The latest request is the one that counts."""
    async with transaction() as held:
        change = await hold(held, caller, conversation_id)
        await _ask(held, caller, change)
        return await store(held, caller, change)


async def _ask(held: Connection, caller: Caller, change: Held) -> None:
    admin_id = await _rated_admin(held, caller, change)
    await queries.ask_for_rating.run(held, caller.workspace_id, change.id, change.at, admin_id)


async def _rated_admin(held: Connection, caller: Caller, change: Held) -> int | None:
    """The last teammate who answered, now or before; where nobody did, whose conversation it is."""
    answering = [part.author.admin_id for part in change.parts if is_admin_reply(part)]
    if answering:
        return answering[-1]
    answered = await queries.last_answering_admin.first(held, caller.workspace_id, change.id)
    return answered or change.conversation.admin_assignee_id


async def rate(caller: Caller, conversation_id: WireId, request: RateRequest) -> ConversationWithParts:
    """Take a contact's rating, or another one instead, until a remark makes it final."""
    async with transaction() as held:
        change = await hold(held, caller, conversation_id)
        author = await _rater(held, caller, change, request)
        given = await queries.given_rating.one(held, caller.workspace_id, change.id)
        await _check(held, caller, change, given)
        await queries.rate.run(
            held,
            caller.workspace_id,
            change.id,
            request.rating,
            request.remark or None,
            author.contact_id,
            await _rated_admin(held, caller, change),
            change.at,
        )
        if request.rating != given.rating:
            transitions.tell(change, "conversation_rating_changed", author, change.at)
        if request.remark:
            transitions.tell(change, "conversation_rating_remark_added", author, change.at)
        return await store(held, caller, change)


async def _check(held: Connection, caller: Caller, change: Held, given: GivenRating) -> None:
    if not given.was_asked:
        raise RatingNotAsked
    if given.remark is not None:
        raise RatingIsFinal
    settings = await queries.rating_settings.first(held, caller.workspace_id) or RatingSettingsRow()
    closed_at = change.conversation.last_close_at
    if settings.hours_to_rate is None or closed_at is None:
        return
    if change.at > closed_at + timedelta(hours=settings.hours_to_rate):
        raise RatingTooLate


async def _rater(held: Connection, caller: Caller, change: Held, request: RateRequest) -> Author:
    contact_id = request.contact_id
    if contact_id is None:
        participants = await participant_ids.all(held, caller.workspace_id, change.id)
        if len(participants) != 1:
            raise ParameterNotFound("contact_id is a required parameter, since several contacts take part")
        contact_id = participants[0]
    found = await participant.first(held, caller.workspace_id, change.id, contact_id, None, None)
    if found is None:
        raise ContactNotFound
    return Author(found.role, contact_id=found.id)
