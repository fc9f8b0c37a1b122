"""What happens in conversations and tickets. Each belongs to a thread, which has a name of its own in the story."""

from datetime import timedelta
from typing import Any, Literal

from callbox.demo.inbox.scripts import TicketOf
from callbox.demo.people import Person
from callbox.demo.year import Moment
from callbox.support.attachments.service import AttachmentFile
from callbox.support.ticket_types.states import TicketState


class ThreadMoment(Moment, frozen=True, kw_only=True):
    """Something that happened in a conversation or a ticket."""

    thread: str


class ContactBegan(ThreadMoment, frozen=True, kw_only=True):
    """A contact wrote first."""

    person: Person
    text: str
    page: str | None


class ContactWrote(ThreadMoment, frozen=True, kw_only=True):
    """A contact wrote again."""

    person: Person
    text: str
    files: tuple[AttachmentFile, ...] = ()


class ContactSaw(ThreadMoment, frozen=True, kw_only=True):
    """A contact read what there was to read."""


class ContactRated(ThreadMoment, frozen=True, kw_only=True):
    """A contact said how it was."""

    person: Person
    rating: int
    remark: str | None


class MessageSent(ThreadMoment, frozen=True, kw_only=True):
    """A teammate wrote first: what waits for the contact, or begins the conversation at once."""

    by: int
    person: Person
    kind: Literal["in_app", "email"]
    subject: str | None
    text: str
    begins: bool


class MessageAnswered(ThreadMoment, frozen=True, kw_only=True):
    """The contact answered what waited for them, which began the conversation."""

    text: str


class TeammateMoment(ThreadMoment, frozen=True, kw_only=True):
    """A teammate did something; where none is named, it is the one whose thread it is."""

    by: int | None = None


class Answered(TeammateMoment, frozen=True, kw_only=True):
    """Wrote to the contact. Where nobody had the conversation, it is theirs from then on."""

    text: str
    files: tuple[AttachmentFile, ...] = ()


class Noted(TeammateMoment, frozen=True, kw_only=True):
    """Wrote for colleagues."""

    text: str


class PassedOn(TeammateMoment, frozen=True, kw_only=True):
    """Gave it to a colleague, or took it."""

    to: int


class HandedOver(TeammateMoment, frozen=True, kw_only=True):
    """Gave it to this colleague with a word; where they have it already, or are away, to another one."""

    to: int
    text: str


class Closed(TeammateMoment, frozen=True, kw_only=True):
    """Closed it, with a farewell or without."""

    text: str | None = None


class Snoozed(TeammateMoment, frozen=True, kw_only=True):
    """Put it aside; the time of waking is counted back from now, and negative while it is still to come."""

    until: timedelta


class Woke(ThreadMoment, frozen=True, kw_only=True):
    """The time of a snooze came."""


class Raised(TeammateMoment, frozen=True, kw_only=True):
    """Made it a priority."""


class Tagged(TeammateMoment, frozen=True, kw_only=True):
    """Put a tag on it."""

    tag: str


class BroughtAlong(TeammateMoment, frozen=True, kw_only=True):
    """Let somebody else take part."""

    person: Person


class Redacted(TeammateMoment, frozen=True, kw_only=True):
    """Took out what a contact should not have written."""


class Described(ThreadMoment, frozen=True, kw_only=True):
    """Attributes of the conversation were set; times in them are counted back from now."""

    attributes: dict[str, Any]


class RulesRan(ThreadMoment, frozen=True, kw_only=True):
    """Rules decided anew who gets it."""


class BecameTicket(ThreadMoment, frozen=True, kw_only=True):
    """The conversation was made a ticket."""

    ticket: TicketOf
    attributes: dict[str, Any]


class TicketMade(ThreadMoment, frozen=True, kw_only=True):
    """A ticket began as one."""

    person: Person
    company: str | None
    type: str
    attributes: dict[str, Any]


class TicketMoved(TeammateMoment, frozen=True, kw_only=True):
    """A ticket went on to another state."""

    state: TicketState


class TicketFilledIn(ThreadMoment, frozen=True, kw_only=True):
    """Attributes of the ticket were set."""

    type: str
    attributes: dict[str, Any]


class TicketShared(ThreadMoment, frozen=True, kw_only=True):
    """The customer may see a ticket that was for colleagues."""


class TicketLinked(ThreadMoment, frozen=True, kw_only=True):
    """A ticket was said to be about another thread."""

    to: str
