"""The state machine of a conversation: what each action does in each state, and which parts tell of it.

Nothing here reads or writes a database. An action takes the conversation as it stands, changes it, and adds
the parts that tell what happened; `statistics` counts each part as it is added. Source of the rules: the
reference's part types and recorded answers.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from callbox.support.conversations import sla, statistics
from callbox.support.ticket_types.states import TicketState

_MORNING = time(9)

State = Literal["open", "closed", "snoozed"]


# What an author is called who is a contact.
CONTACT_ROLES = frozenset({"user", "lead"})


class Author(msgspec.Struct, frozen=True):
    """Who acts: an admin, a contact in their role, or the bot that stands for rules, timers and the API."""

    type: Literal["admin", "user", "lead", "bot"]
    admin_id: int | None = None
    contact_id: str | None = None

    @property
    def is_contact(self) -> bool:
        """Whether a user or a lead acts."""
        return self.type in CONTACT_ROLES


BOT = Author("bot")


class Assignee(msgspec.Struct, frozen=True):
    """Whom a conversation is given to."""

    type: Literal["admin", "team", "nobody_admin"]
    id: int | None = None


NOBODY = Assignee("nobody_admin")


# What teammates write to one another: nobody else sees it.
NOTES = frozenset({"note", "note_and_unsnooze"})
# Parts of somebody's decision whom to give it to. With a text, if that is wanted.
ASSIGNMENTS = frozenset({"assignment", "assign_and_reopen", "assign_and_unsnooze"})


def is_for_contacts(part_type: str, author: tuple[str, object], assigned_to: tuple[str, object] | None) -> bool:
    """Whether a contact may read a part's text; people are given by type and id.

    A text that goes with an assignment is for the colleague who is to go on. Who takes the conversation has nobody
    but the contact to say it to: such a text is the reply.
    """
    return part_type not in NOTES and (part_type not in ASSIGNMENTS or author == assigned_to)


class NewPart(msgspec.Struct):
    """A part that is about to be written."""

    part_type: str
    author: Author
    at: datetime
    body: str | None = None
    assigned_to: Assignee | None = None
    reopens: bool = False
    # Of a close: the admin who is behind it, who need not be the author.
    closed_by_id: int | None = None
    attachments: str | None = None
    reply_options: str | None = None
    ticket_state: TicketState | None = None
    previous_ticket_state: TicketState | None = None

    @property
    def is_for_contacts(self) -> bool:
        """Whether a contact may read its text."""
        author, to = self.author, self.assigned_to
        by = author.type, author.admin_id or author.contact_id
        return is_for_contacts(self.part_type, by, None if to is None else (to.type, to.id))


def is_reply_of_assignee(part: NewPart) -> bool:
    """Whether an admin takes the conversation, and says something to its contact with that."""
    return part.body is not None and part.assigned_to == Assignee("admin", part.author.admin_id)


class Conversation(sla.ServiceLevel, kw_only=True):
    """What actions may change of a conversation."""

    state: State
    updated_at: datetime
    snoozed_until: datetime | None = None
    is_read: bool = True
    is_priority: bool = False
    admin_assignee_id: int | None = None
    team_assignee_id: int | None = None
    teammate_ids: list[int] = msgspec.field(default_factory=list)
    # None for a conversation that is no ticket.
    ticket_state: TicketState | None = None


class Change(msgspec.Struct):
    """A conversation in the course of one request, and the parts written so far."""

    conversation: Conversation
    parts: list[NewPart] = []

    def add(self, part: NewPart) -> NewPart:
        """Write a part: it counts, and moves the conversation to the top of lists."""
        conversation = self.conversation
        self.parts.append(part)
        _pause_or_go_on(conversation, part.at)
        statistics.count(conversation, part, conversation.waiting_since)
        if sla.count(conversation, part):
            self.add(NewPart("conversation_sla_target_missed", BOT, part.at))
        conversation.updated_at = max(conversation.updated_at, part.at)
        admin_id = part.author.admin_id
        if admin_id is not None and admin_id not in conversation.teammate_ids:
            conversation.teammate_ids = [*conversation.teammate_ids, admin_id]
        return part


def contact_comments(change: Change, author: Author, body: str | None, at: datetime) -> NewPart:
    """A contact writes. In a conversation that is not open, the reply itself is what opens it.

    A ticket that waited for its customer is in progress again.
    """
    conversation = change.conversation
    was_open = conversation.state == "open"
    part = NewPart("comment" if was_open else "open", author, at, body, reopens=conversation.state == "closed")
    _open(conversation)
    change.add(part)
    if conversation.waiting_since is None:
        conversation.waiting_since = at
    conversation.is_read = True
    if conversation.ticket_state == "waiting_on_customer":
        move_ticket(change, author, "in_progress", at)
    return part


def admin_comments(change: Change, author: Author, body: str | None, at: datetime) -> NewPart:
    """An admin writes to the contact. The assignee may do so without waking a snoozed conversation."""
    conversation = change.conversation
    stays = conversation.state == "open" or _is_snoozed_for(conversation, author)
    part = NewPart("comment" if stays else "open", author, at, body, reopens=conversation.state == "closed")
    if not stays:
        _open(conversation)
    change.add(part)
    _answered(conversation)
    return part


def admin_notes(change: Change, author: Author, body: str | None, at: datetime) -> NewPart:
    """An admin writes for colleagues. A note never opens what is closed; a colleague's note ends a snooze."""
    conversation = change.conversation
    wakes = conversation.state == "snoozed" and not _is_snoozed_for(conversation, author)
    if wakes:
        _open(conversation)
    return change.add(NewPart("note_and_unsnooze" if wakes else "note", author, at, body))


def offer_quick_replies(change: Change, author: Author, options: str, at: datetime) -> NewPart:
    """An admin or the bot offers answers to choose from; the state stays as it is."""
    part = change.add(NewPart("quick_reply", author, at, reply_options=options))
    change.conversation.is_read = False
    return part


def close(
    change: Change, author: Author, body: str | None, at: datetime, *, closed_by_id: int | None = None
) -> NewPart:
    """Close, with or without a farewell. Closing again is told again. Without a closer named, it is the author."""
    conversation = change.conversation
    part = change.add(NewPart("close", author, at, body, closed_by_id=closed_by_id or author.admin_id))
    conversation.state = "closed"
    conversation.snoozed_until = None
    _pause_or_go_on(conversation, at)
    conversation.waiting_since = None
    if body:
        conversation.is_read = False
    return part


def snooze(change: Change, author: Author, until: datetime, at: datetime) -> NewPart:
    """Put aside until a time; a new time replaces the one before."""
    conversation = change.conversation
    part = change.add(NewPart("snoozed", author, at))
    conversation.state = "snoozed"
    conversation.snoozed_until = until
    _pause_or_go_on(conversation, at)
    return part


def time_to_wake(asked: datetime, now: datetime, timezone: str) -> datetime:
    """A time to come is kept; one that is past reads as nine in the morning of the next day, as recorded."""
    if asked > now:
        return asked
    next_day = now.astimezone(ZoneInfo(timezone)).date() + timedelta(days=1)
    return datetime.combine(next_day, _MORNING, ZoneInfo(timezone)).astimezone(UTC)


def reopen(change: Change, author: Author, at: datetime) -> NewPart:
    """Open what is closed or snoozed; what is open already is told to be so again."""
    was = change.conversation.state
    _open(change.conversation)
    return change.add(NewPart("open", author, at, reopens=was == "closed"))


def wake(change: Change, at: datetime) -> NewPart:
    """The time of a snooze has come."""
    _open(change.conversation)
    return change.add(NewPart("timer_unsnooze", BOT, at))


_ASSIGNMENT_PARTS: dict[State, str] = {
    "open": "assignment",
    "closed": "assign_and_reopen",
    "snoozed": "assign_and_unsnooze",
}


def assign(change: Change, author: Author, assignee: Assignee, body: str | None, at: datetime) -> NewPart:
    """Give to an admin or a team, which opens it. The text of an admin who takes it is a reply."""
    conversation = change.conversation
    part = NewPart(
        _ASSIGNMENT_PARTS[conversation.state], author, at, body, assignee, reopens=conversation.state == "closed"
    )
    _open(conversation)
    _set_assignee(conversation, assignee)
    change.add(part)
    if is_reply_of_assignee(part):
        _answered(conversation)
    return part


def unassign(change: Change, author: Author, kind: Literal["admin", "team"], body: str | None, at: datetime) -> NewPart:
    """Take away from the admin, or from the team and with it from the admin."""
    conversation = change.conversation
    part = NewPart(
        _ASSIGNMENT_PARTS[conversation.state], author, at, body, NOBODY, reopens=conversation.state == "closed"
    )
    _open(conversation)
    conversation.admin_assignee_id = None
    if kind == "team":
        conversation.team_assignee_id = None
    return change.add(part)


def assign_by_rules(change: Change, assignees: list[Assignee], at: datetime) -> NewPart:
    """What assignment rules decided, possibly a team and one of its members. The state stays as it is."""
    for assignee in assignees:
        _set_assignee(change.conversation, assignee)
    return change.add(NewPart("default_assignment", BOT, at, assigned_to=assignees[-1] if assignees else NOBODY))


def share_out(change: Change, admin_id: int, at: datetime) -> NewPart:
    """A team's round robin gave to the next member what came back to the team."""
    assignee = Assignee("admin", admin_id)
    _set_assignee(change.conversation, assignee)
    return change.add(NewPart("assignment", BOT, at, assigned_to=assignee))


def assign_in_team(change: Change, admin_id: int, at: datetime) -> NewPart:
    """A team's balanced assignment chose a member."""
    assignee = Assignee("admin", admin_id)
    _set_assignee(change.conversation, assignee)
    return change.add(NewPart("message_strategy_assignment", BOT, at, assigned_to=assignee))


def assign_away(change: Change, away: Author, assignee: Assignee, at: datetime) -> NewPart:
    """An assignee who is away hands over."""
    _set_assignee(change.conversation, assignee)
    return change.add(NewPart("away_mode_assignment", away, at, assigned_to=assignee))


def set_priority(change: Change, author: Author, at: datetime, *, is_priority: bool) -> NewPart | None:
    """Raise or lower; no part where nothing changes."""
    if change.conversation.is_priority == is_priority:
        return None
    change.conversation.is_priority = is_priority
    return change.add(NewPart("priority_changed", author, at))


def become_ticket(change: Change, at: datetime) -> NewPart:
    """A conversation is a ticket from now on."""
    change.conversation.ticket_state = "submitted"
    return change.add(
        NewPart("ticket_state_updated_by_admin", BOT, at, ticket_state="submitted", previous_ticket_state="submitted")
    )


def move_ticket(change: Change, author: Author, state: TicketState, at: datetime) -> NewPart | None:
    """A ticket goes on to another state; no part where nothing changes. Open and closed are a matter of their own."""
    previous = change.conversation.ticket_state
    if previous == state:
        return None
    change.conversation.ticket_state = state
    by = "user" if author.is_contact else "admin"
    part = NewPart(f"ticket_state_updated_by_{by}", author, at, ticket_state=state, previous_ticket_state=previous)
    return change.add(part)


def apply_sla(change: Change, name: str, terms: sla.Terms, at: datetime) -> NewPart:
    """A rule puts the conversation under a service level."""
    sla.apply(change.conversation, name, terms, at)
    return change.add(NewPart("conversation_sla_applied_by_rule", BOT, at))


def take_off_sla(change: Change, author: Author, at: datetime) -> NewPart:
    """An admin frees the conversation of its service level."""
    sla.take_off(change.conversation)
    return change.add(NewPart("conversation_sla_removed", author, at))


def tell(change: Change, part_type: str, author: Author, at: datetime) -> NewPart:
    """A part that changes neither state nor assignment: attributes, tags, participants, ratings."""
    return change.add(NewPart(part_type, author, at))


def _pause_or_go_on(conversation: Conversation, at: datetime) -> None:
    sla.pause_or_go_on(
        conversation,
        at,
        snoozed=conversation.state == "snoozed",
        waiting_on_customer=conversation.ticket_state == "waiting_on_customer",
    )


def _open(conversation: Conversation) -> None:
    conversation.state = "open"
    conversation.snoozed_until = None


def _answered(conversation: Conversation) -> None:
    conversation.waiting_since = None
    conversation.is_read = False


def _is_snoozed_for(conversation: Conversation, author: Author) -> bool:
    return conversation.state == "snoozed" and conversation.admin_assignee_id == author.admin_id


def _set_assignee(conversation: Conversation, assignee: Assignee) -> None:
    """A team takes the place of the admin, nobody of both; an admin stays in the conversation's team."""
    conversation.admin_assignee_id = assignee.id if assignee.type == "admin" else None
    if assignee.type != "admin":
        conversation.team_assignee_id = assignee.id
