"""Changing a conversation: held from the first look to the commit, so that parts keep one order.

Whoever changes one asks for it with `hold`, lets actions of `transitions` happen to it, and ends with `store`,
which writes the conversation, its parts and the events that tell of them.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from callbox.platform.database import Connection
from callbox.platform.events import Event, Topic, announce, record, record_many
from callbox.support.conversations import queries
from callbox.support.conversations.rows import STATE_COLUMNS
from callbox.support.conversations.schemas import ConversationPart, ConversationParts, ConversationWithParts
from callbox.support.conversations.showing import conversation_with_parts
from callbox.support.conversations.transitions import CONTACT_ROLES, Author, Change, NewPart, is_for_contacts
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, WireId, decimal_id, moment
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.workspace.admins import service as admins


class ConversationNotFound(NotFound):
    """The workspace has no such conversation."""

    message = "Resource Not Found"


class Held(Change, kw_only=True):
    """A conversation held for a change."""

    id: int
    at: datetime


class Announcement(msgspec.Struct, frozen=True):
    """What happens to a conversation at this moment, so that other rooms take part in the change."""

    caller: Caller
    change: Held


class ConversationBegun(Announcement, frozen=True):
    """It began, whoever began it: rules decide who gets what contacts begin."""


class ContactWrote(Announcement, frozen=True):
    """A contact wrote in one that was there already."""


class ClosedByTeammate(Announcement, frozen=True):
    """An admin closed it: its contact may be asked for a rating."""


class GivenToTeam(Announcement, frozen=True):
    """Somebody gave it to a team by hand."""


class TicketChanged(Announcement, frozen=True):
    """It is a ticket, and has changed: of tickets, their own room tells."""


async def hold(held: Connection, caller: Caller, conversation_id: WireId, created_at: UnixTime | None = None) -> Held:
    """Take a conversation for a change at the given time, or now. Raises ConversationNotFound."""
    number = decimal_id(conversation_id)
    state = await queries.conversation_for_update.first(held, caller.workspace_id, number)
    if state is None or number is None:
        raise ConversationNotFound
    return Held(conversation=state, id=number, at=time_of_action(caller, created_at))


async def lock_in_order(held: Connection, caller: Caller, conversation_ids: Sequence[WireId]) -> None:
    """Keep several conversations from changing, before any of them is taken: as a merge of contacts does it."""
    numbers = [decimal_id(each) for each in conversation_ids]
    await queries.lock_conversations.all(held, caller.workspace_id, [each for each in numbers if each is not None])


def time_of_action(caller: Caller, created_at: UnixTime | None) -> datetime:
    """When it happened: what was brought from elsewhere says so itself. Raises ParameterInvalid."""
    now = caller.now().replace(microsecond=0)
    if created_at is None:
        return now
    at = moment(created_at, "created_at")
    if at > now:
        raise ParameterInvalid("created_at must not be in the future")
    return at


async def acting_admin(held: Connection, caller: Caller, admin_id: WireId | None) -> Author:
    """The admin who acts: the one that is named, else the token's. Raises NotFound and NoInboxSeat."""
    row = await admins.find_author(held, caller, admin_id)
    if row is None:
        raise ConversationNotFound
    if not row.has_inbox_seat:
        raise admins.NoInboxSeat
    return Author("admin", admin_id=row.id)


async def store(held: Connection, caller: Caller, change: Held) -> ConversationWithParts:
    """Write the change, record its events, and answer the conversation as GET shows it."""
    part_ids = await write(held, caller, change)
    row = await queries.conversation_by_id.one(held, caller.workspace_id, change.id)
    conversation = conversation_with_parts(caller, row)
    if change.conversation.ticket_state is None:
        await record_many(held, caller.workspace_id, _events(conversation, change.parts, part_ids), caller.now())
    else:
        await announce(held, caller.workspace_id, TicketChanged(caller, change))
    return conversation


async def write(held: Connection, caller: Caller, change: Held) -> list[int]:
    """Write the conversation and its parts; answers the parts' ids. Of what it means, nothing is told yet."""
    parts = change.parts
    return await queries.write_change.all(
        held,
        caller.workspace_id,
        change.id,
        *msgspec.structs.astuple(change.conversation)[: len(STATE_COLUMNS)],
        [part.part_type for part in parts],
        [part.body for part in parts],
        [part.author.type for part in parts],
        [part.author.admin_id for part in parts],
        [part.author.contact_id for part in parts],
        [part.assigned_to.type if part.assigned_to else None for part in parts],
        [part.assigned_to.id if part.assigned_to else None for part in parts],
        [part.attachments for part in parts],
        [part.at for part in parts],
        [part.reply_options for part in parts],
        [part.ticket_state for part in parts],
        [part.previous_ticket_state for part in parts],
    )


def _events(conversation: ConversationWithParts, parts: list[NewPart], part_ids: list[int]) -> list[Event]:
    """An event for each thing a part tells, whose item shows that part alone."""
    shown = {part.id: part for part in conversation.conversation_parts.conversation_parts}
    events = []
    for part, part_id in zip(parts, part_ids, strict=True):
        item = msgspec.json.encode(showing(conversation, [shown[str(part_id)]])).decode()
        topics = topics_of(part, is_open=conversation.state == "open")
        events += [Event(topic, conversation.id, item) for topic in topics]
    return events


def showing(conversation: ConversationWithParts, parts: list[ConversationPart]) -> ConversationWithParts:
    """The conversation with some of its parts: those that an event tells of."""
    listed = ConversationParts("conversation_part.list", parts, len(parts))
    return msgspec.structs.replace(conversation, conversation_parts=listed)


async def tell_read(held: Connection, caller: Caller, conversation: ConversationWithParts, at: datetime) -> None:
    """Tell that the contact has seen what was said to them; the item shows what that is."""
    seen: list[ConversationPart] = []
    for part in conversation.conversation_parts.conversation_parts:
        if part.author.type in CONTACT_ROLES:
            seen = []
        elif part.body and is_part_for_contacts(part):
            seen.append(part)
    item = msgspec.json.encode(showing(conversation, seen)).decode()
    await record(held, caller.workspace_id, Event(Topic.CONVERSATION_READ, conversation.id, item), at)


def is_part_for_contacts(part: ConversationPart) -> bool:
    """Whether a contact may read what a part says."""
    assigned_to = (part.assigned_to.type, part.assigned_to.id) if part.assigned_to else None
    return is_for_contacts(part.part_type, (part.author.type, part.author.id), assigned_to)


_TOPICS = {
    "open": [Topic.CONVERSATION_ADMIN_OPENED],
    "snoozed": [Topic.CONVERSATION_ADMIN_SNOOZED],
    "timer_unsnooze": [Topic.CONVERSATION_ADMIN_UNSNOOZED],
    "close": [Topic.CONVERSATION_ADMIN_CLOSED],
    "note": [Topic.CONVERSATION_ADMIN_NOTED],
    "note_and_unsnooze": [Topic.CONVERSATION_ADMIN_NOTED, Topic.CONVERSATION_ADMIN_UNSNOOZED],
    "assignment": [Topic.CONVERSATION_ADMIN_ASSIGNED],
    "assign_and_reopen": [Topic.CONVERSATION_ADMIN_ASSIGNED, Topic.CONVERSATION_ADMIN_OPENED],
    "assign_and_unsnooze": [Topic.CONVERSATION_ADMIN_ASSIGNED, Topic.CONVERSATION_ADMIN_UNSNOOZED],
    "default_assignment": [Topic.CONVERSATION_ADMIN_ASSIGNED],
    "message_strategy_assignment": [Topic.CONVERSATION_ADMIN_ASSIGNED],
    "away_mode_assignment": [Topic.CONVERSATION_ADMIN_ASSIGNED],
    "priority_changed": [Topic.CONVERSATION_PRIORITY_UPDATED],
    "conversation_rating_changed": [Topic.CONVERSATION_RATING_ADDED],
    "conversation_rating_remark_added": [Topic.CONVERSATION_RATING_ADDED],
}
# They leave the state as it is; what they do to an open conversation is told once more.
_ASSIGNED_AS_IT_IS = frozenset(
    {"assignment", "default_assignment", "message_strategy_assignment", "away_mode_assignment"}
)


def topics_of(part: NewPart, *, is_open: bool) -> list[Topic]:
    """What a part means to those who listen. A contact's text is told as that alone, whatever it opens."""
    if part.author.is_contact and part.body is not None:
        return [Topic.CONVERSATION_USER_REPLIED]
    topics = list(_TOPICS.get(part.part_type, []))
    if is_open and part.part_type in _ASSIGNED_AS_IT_IS:
        topics.append(Topic.CONVERSATION_ADMIN_OPEN_ASSIGNED)
    if part.body is not None and part.is_for_contacts:
        by_bot = part.author.type == "bot"
        topics.append(Topic.CONVERSATION_OPERATOR_REPLIED if by_bot else Topic.CONVERSATION_ADMIN_REPLIED)
    return topics
