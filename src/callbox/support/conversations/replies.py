"""What admins and contacts say and do in a conversation: replies and management."""

from typing import Literal

import msgspec

from callbox.people.contacts import service as contacts
from callbox.platform.database import Connection, transaction
from callbox.platform.events import announce
from callbox.support.attachments.service import take_in
from callbox.support.conversations import queries, transitions
from callbox.support.conversations.changing import (
    ClosedByTeammate,
    ContactWrote,
    GivenToTeam,
    Held,
    acting_admin,
    hold,
    store,
)
from callbox.support.conversations.schemas import (
    NOBODY_ID,
    ConversationWithParts,
    ManageRequest,
    ReplyRequest,
    SpeakRequest,
)
from callbox.support.conversations.transitions import Assignee, Author, NewPart
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, WireId, decimal_id, moment
from callbox.wire.errors import NotFound, ParameterInvalid, ParameterNotFound, WireError
from callbox.wire.html import is_blank, sanitise, tidy
from callbox.workspace import teams
from callbox.workspace.admins import service as admins

LAST = "last"
_ASSIGNEE_KINDS: dict[str, Literal["admin", "team"]] = {"admin": "admin", "team": "team"}
_MANAGEMENT = {"close", "open", "assignment", "snoozed"}

Management = ManageRequest | ReplyRequest


class AssigneeAdminNotFound(NotFound):
    """Nobody has this id to give the conversation to."""

    code = "admin_not_found"
    message = "Admin not found"


class AssigneeTeamNotFound(NotFound):
    """No team has this id to give the conversation to."""

    code = "team_not_found"
    message = "Team not found"


class NotForCustomers(WireError):
    """Whoever the ticket is about does not see it, so there is nothing to say to or by them."""

    code = "parameter_mismatch"
    message = "User replies are not allowed on Backoffice tickets"


async def reply(caller: Caller, conversation_id: str, request: ReplyRequest) -> ConversationWithParts:
    """Say something as an admin or a contact. Older clients also close, open, assign and snooze in this way."""
    if request.message_type in _MANAGEMENT:
        return await manage(caller, conversation_id, request)
    if request.type == "admin":
        return await _reply_as_admin(caller, conversation_id, request)
    if request.type in {"user", "lead", "contact"}:
        return await _reply_as_contact(caller, conversation_id, request)
    raise ParameterInvalid("type must be either admin or user")


async def _reply_as_admin(caller: Caller, conversation_id: str, request: ReplyRequest) -> ConversationWithParts:
    async with transaction() as held:
        author = await acting_admin(held, caller, request.admin_id)
        change = await _hold(held, caller, conversation_id, request.created_at)
        await speak_as_admin(held, caller, change, author, request)
        return await store(held, caller, change)


async def _hold(held: Connection, caller: Caller, conversation_id: str, created_at: UnixTime | None = None) -> Held:
    """The conversation that an admin means: by `last`, the one that changed last. Raises ConversationNotFound."""
    if conversation_id == LAST:
        conversation_id = str(await queries.latest_conversation.first(held, caller.workspace_id))
    return await hold(held, caller, conversation_id, created_at)


async def speak_as_admin(
    held: Connection, caller: Caller, change: Held, author: Author, request: SpeakRequest
) -> NewPart:
    """Let an admin say what the request says, in a conversation or a ticket that is held."""
    match request.message_type:
        case "comment":
            part = await admin_says(held, caller, change, author, _body(request))
        case "note":
            part = transitions.admin_notes(change, author, tidy(_body(request)), change.at)
        case "quick_reply":
            part = transitions.offer_quick_replies(change, author, _options(request), change.at)
        case _:
            raise ParameterInvalid("message_type must be one of comment, note and quick_reply")
    return await _with_files(held, caller, part, request)


async def _with_files(held: Connection, caller: Caller, part: NewPart, request: SpeakRequest) -> NewPart:
    """The part with what the request attaches; last, since what is refused must not leave files behind."""
    part.attachments = await take_in(held, caller, request.attachment_urls, request.attachment_files)
    return part


async def admin_says(
    held: Connection, caller: Caller, change: Held, author: Author, body: str, attachments: str | None = None
) -> NewPart:
    """Let an admin comment, by whichever channel. The body was made safe; attachments are ids of kept files."""
    await _require_reader(held, caller, change, "Comments")
    part = transitions.admin_comments(change, author, body, change.at)
    part.attachments = attachments
    await _note_contacted(held, caller, change)
    return part


async def _note_contacted(held: Connection, caller: Caller, change: Held) -> None:
    participants = await queries.participant_ids.all(held, caller.workspace_id, change.id)
    await contacts.note_contacted(held, caller, participants, change.at)


async def _reply_as_contact(caller: Caller, conversation_id: str, request: ReplyRequest) -> ConversationWithParts:
    async with transaction() as held:
        if conversation_id == LAST:
            latest = await queries.latest_conversation_of.first(held, caller.workspace_id, *_identity(request))
            conversation_id = str(latest)
        change = await hold(held, caller, conversation_id, request.created_at)
        await speak_as_contact(held, caller, change, request)
        return await store(held, caller, change)


async def speak_as_contact(held: Connection, caller: Caller, change: Held, request: SpeakRequest) -> NewPart:
    """Let a participant say what the request says, in a conversation or a ticket that is held."""
    if request.message_type != "comment":
        raise ParameterInvalid("message_type must be comment")
    participant = await queries.participant.first(held, caller.workspace_id, change.id, *_identity(request))
    if participant is None:
        raise contacts.ContactNotFound
    author = Author(participant.role, contact_id=participant.id)
    part = await contact_says(held, caller, change, author, _body(request))
    return await _with_files(held, caller, part, request)


async def contact_says(
    held: Connection, caller: Caller, change: Held, author: Author, body: str, attachments: str | None = None
) -> NewPart:
    """Let a participant comment, by whichever channel. The body was made safe; attachments are ids of kept files."""
    await _require_reader(held, caller, change, "User replies")
    part = transitions.contact_comments(change, author, body, change.at)
    part.attachments = attachments
    await contacts.note_reply(held, caller, author.contact_id or "", change.at)
    await announce(held, caller.workspace_id, ContactWrote(caller, change))
    return part


async def _require_reader(held: Connection, caller: Caller, change: Held, said: str) -> None:
    """Raise NotForCustomers in a ticket that is the team's alone."""
    if change.conversation.ticket_state is None:
        return
    category = await queries.ticket_category.one(held, caller.workspace_id, change.id)
    if category != "Customer":
        raise NotForCustomers(f"{said} are not allowed on {category.replace('-o', 'o')} tickets")


def _identity(request: SpeakRequest) -> tuple[str | None, str | None, str | None]:
    """By what the contact is named: Callbox's id, else the customer's, else an address. Raises ParameterNotFound."""
    if request.intercom_user_id:
        return request.intercom_user_id, None, None
    if request.user_id not in {None, ""}:
        return None, str(request.user_id), None
    if request.email:
        return None, None, request.email.strip().lower()
    raise ParameterNotFound("intercom_user_id, user_id or email is a required parameter")


def _body(request: SpeakRequest) -> str:
    """The text as it is stored. Raises ParameterInvalid."""
    body = _text(request)
    if body is None:
        raise ParameterInvalid("Body is required")
    return body


def _text(request: SpeakRequest | ManageRequest) -> str | None:
    """The text as it is stored, or None where there is nothing to see."""
    body = sanitise(request.body or "")
    return None if is_blank(body) else body


def _options(request: SpeakRequest) -> str:
    if not request.reply_options:
        raise ParameterNotFound("reply_options is a required parameter")
    return msgspec.json.encode(request.reply_options).decode()


async def manage(caller: Caller, conversation_id: str, request: Management) -> ConversationWithParts:
    """Close, open, snooze or assign."""
    async with transaction() as held:
        author = await acting_admin(held, caller, _required(request.admin_id, "admin_id"))
        change = await _hold(held, caller, conversation_id)
        match request.message_type:
            case "close":
                await _close(held, caller, change, author, _text(request))
                await announce(held, caller.workspace_id, ClosedByTeammate(caller, change))
            case "open":
                transitions.reopen(change, author, change.at)
            case "snoozed":
                _snooze(caller, change, author, request)
            case "assignment":
                await _assign(held, caller, change, author, request)
            case _:
                raise ParameterInvalid("message_type must be one of close, open, snoozed and assignment")
        return await store(held, caller, change)


def _required(value: WireId | None, name: str) -> WireId:
    if value is None:
        raise ParameterNotFound(f"{name} is a required parameter")
    return value


async def _close(held: Connection, caller: Caller, change: Held, author: Author, farewell: str | None) -> None:
    """Close; a farewell is said to the contact."""
    if farewell is not None:
        await _require_reader(held, caller, change, "Comments")
        await _note_contacted(held, caller, change)
    transitions.close(change, author, farewell, change.at)


def _snooze(caller: Caller, change: Held, author: Author, request: Management) -> None:
    until = request.snoozed_until if request.snoozed_until is not None else request.snooze_until
    if until is None:
        raise ParameterNotFound("snoozed_until is a required parameter")
    asked = moment(until, "snoozed_until")
    transitions.snooze(change, author, transitions.time_to_wake(asked, change.at, caller.timezone), change.at)


async def _assign(held: Connection, caller: Caller, change: Held, author: Author, request: Management) -> None:
    kind = _ASSIGNEE_KINDS.get(request.type or "")
    if kind is None:
        raise ParameterInvalid("type must be either admin or team")
    body = _text(request)
    assignee_id = _required(request.assignee_id, "assignee_id")
    if str(assignee_id) == NOBODY_ID:
        transitions.unassign(change, author, kind, body, change.at)
        return
    assignee = await find_assignee(held, caller, kind, assignee_id)
    part = transitions.assign(change, author, assignee, body, change.at)
    if transitions.is_reply_of_assignee(part):
        await _note_contacted(held, caller, change)
    if kind == "team":
        await announce(held, caller.workspace_id, GivenToTeam(caller, change))


async def find_assignee(held: Connection, caller: Caller, kind: str, assignee_id: WireId) -> Assignee:
    """Somebody who can have a conversation. Raises AssigneeAdminNotFound, AssigneeTeamNotFound, NoInboxSeat."""
    number = decimal_id(assignee_id)
    if kind == "team":
        if number is None or not await teams.is_team(held, caller.workspace_id, number):
            raise AssigneeTeamNotFound
        return Assignee("team", number)
    admin = await admins.find_author(held, caller, assignee_id)
    if admin is None:
        raise AssigneeAdminNotFound
    if not admin.has_inbox_seat:
        raise admins.NoInboxSeat
    return Assignee("admin", admin.id)
