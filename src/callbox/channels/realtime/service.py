"""Who may watch what: the viewer of a request, tokens that open streams, and who writes at the moment."""

from datetime import timedelta

import msgspec

from callbox.channels.realtime import presence, queries
from callbox.channels.realtime.schemas import (
    LiveToken,
    LiveTokenRequest,
    Typing,
    TypingRequest,
    Viewer,
    ViewerType,
    WhoIsOnline,
)
from callbox.people.contacts import service as contacts
from callbox.platform.clock import machine_time, unix
from callbox.platform.database import connection
from callbox.platform.database.notifications import notify
from callbox.support.conversations.changing import ConversationNotFound
from callbox.support.conversations.service import participants_of
from callbox.wire.authentication import Caller
from callbox.wire.decode import decimal_id
from callbox.wire.errors import ParameterInvalid, RateLimitExceeded, Unauthorized
from callbox.wire.rate_limits import PersonalLimit
from callbox.wire.signed import signed, verified, workspace_of
from callbox.workspace.admins.service import is_admin
from callbox.workspace.workspaces import link_key_of

TOKEN_LIFETIME = timedelta(minutes=10)
_PURPOSE = "live"
_MOST_PARTICIPANTS = 50
# Clients tell it every few seconds while somebody writes.
_typing = PersonalLimit(20, 10)


class TypingTooOften(RateLimitExceeded):
    """Nobody writes in so many conversations."""

    message = "Typing can be told 20 times in 10 seconds"


class _Permission(msgspec.Struct, array_like=True):
    """What a token says: for whom it is, which access token asked for it, and until when it opens streams."""

    type: ViewerType
    id: str
    token_id: int
    expires_at: int


class Watching(msgspec.Struct, frozen=True):
    """A viewer, and the access token that they go back to: when it is revoked, they watch no longer."""

    viewer: Viewer
    token_id: int


def watching_admin(caller: Caller) -> Watching:
    """Whoever comes with an access token watches as its admin."""
    return Watching(Viewer(caller.workspace_id, "admin", str(caller.admin_id)), caller.token_id)


async def watching_with(token: str) -> Watching:
    """Whom a token is for. Raises Unauthorized."""
    workspace_id = workspace_of(token)
    async with connection() as held:
        key = await link_key_of(held, workspace_id)
        said = key and verified(key, _PURPOSE, token, _Permission)
        if not said or said.expires_at < unix(machine_time()):
            raise Unauthorized
        if not await queries.good_tokens.all(held, [said.token_id]):
            raise Unauthorized
    return Watching(Viewer(workspace_id, said.type, said.id), said.token_id)


async def make_token(caller: Caller, request: LiveTokenRequest) -> LiveToken:
    """A token for one contact, or for an admin. Raises ContactNotFound, ParameterInvalid."""
    expires_at = unix(machine_time() + TOKEN_LIFETIME)
    viewer_type, viewer_id = await _meant(caller, request)
    permission = _Permission(viewer_type, viewer_id, caller.token_id, expires_at)
    return LiveToken("live_token", signed(caller.link_key, _PURPOSE, caller.workspace_id, permission), expires_at)


async def _meant(caller: Caller, request: LiveTokenRequest) -> tuple[ViewerType, str]:
    if request.contact_id is not None and request.admin_id is not None:
        raise ParameterInvalid("contact_id and admin_id must not both be given")
    async with connection() as held:
        if request.contact_id is not None:
            await contacts.require_live_contact(held, caller, request.contact_id)
            return "contact", request.contact_id
        if request.admin_id is None:
            return "admin", str(caller.admin_id)
        number = decimal_id(request.admin_id)
        if number is None or not await is_admin(held, caller.workspace_id, number):
            raise ParameterInvalid(f"admin_id: {request.admin_id} is not an admin of the workspace")
        return "admin", str(number)


async def tell_typing(viewer: Viewer, request: TypingRequest) -> None:
    """Show the others in a conversation that somebody writes. Raises ConversationNotFound, TypingTooOften."""
    if not _typing.allows(viewer):
        raise TypingTooOften
    number = decimal_id(request.conversation_id)
    async with connection() as held:
        participants = await participants_of(held, viewer.workspace_id, number)
    if participants is None or (viewer.type == "contact" and viewer.id not in participants):
        raise ConversationNotFound
    typing = Typing(viewer, str(number), tuple(participants[:_MOST_PARTICIPANTS]))
    notify(msgspec.json.encode(typing).decode())


async def who_is_online(caller: Caller) -> WhoIsOnline:
    """Who is connected to the workspace."""
    found = await presence.online(caller.workspace_id)
    admins = [each.viewer_id for each in found if each.viewer_type == "admin"]
    return WhoIsOnline("presence", admins, [each.viewer_id for each in found if each.viewer_type == "contact"])
