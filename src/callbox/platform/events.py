"""Something happened: each change writes its event into the outbox, in the change's own transaction.

One row serves all readers. The relay of the worker turns rows into work, and live updates read them in passing.
A notification in every transaction would serialise commits, so a process sends one for many after they committed.
And before the commit, an announcement lets higher rooms change their own rows in the same transaction.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from callbox.platform.database import Command, Connection, after_commit
from callbox.platform.database.notifications import notify


class Topic(StrEnum):
    """What happened, in the vocabulary of the reference's webhooks; `internal.` ones never leave the house."""

    ADMIN_ACTIVITY_LOG_EVENT_CREATED = "admin.activity_log_event.created"
    ADMIN_ADDED_TO_WORKSPACE = "admin.added_to_workspace"
    ADMIN_AWAY_MODE_UPDATED = "admin.away_mode_updated"
    ADMIN_REMOVED_FROM_WORKSPACE = "admin.removed_from_workspace"
    ARTICLE_CREATED = "article.created"
    ARTICLE_DELETED = "article.deleted"
    ARTICLE_PUBLISHED = "article.published"
    ARTICLE_UNPUBLISHED = "article.unpublished"
    ARTICLE_UPDATED = "article.updated"
    COMPANY_CONTACT_ATTACHED = "company.contact.attached"
    COMPANY_CONTACT_DETACHED = "company.contact.detached"
    COMPANY_CREATED = "company.created"
    COMPANY_DELETED = "company.deleted"
    COMPANY_UPDATED = "company.updated"
    CONTACT_ARCHIVED = "contact.archived"
    CONTACT_DELETED = "contact.deleted"
    CONTACT_EMAIL_UPDATED = "contact.email.updated"
    CONTACT_LEAD_ADDED_EMAIL = "contact.lead.added_email"
    CONTACT_LEAD_CREATED = "contact.lead.created"
    CONTACT_LEAD_SIGNED_UP = "contact.lead.signed_up"
    CONTACT_LEAD_TAG_CREATED = "contact.lead.tag.created"
    CONTACT_LEAD_TAG_DELETED = "contact.lead.tag.deleted"
    CONTACT_LEAD_UPDATED = "contact.lead.updated"
    CONTACT_MERGED = "contact.merged"
    CONTACT_SUBSCRIBED = "contact.subscribed"
    CONTACT_UNARCHIVE = "contact.unarchive"
    CONTACT_UNSUBSCRIBED = "contact.unsubscribed"
    CONTACT_USER_CREATED = "contact.user.created"
    CONTACT_USER_TAG_CREATED = "contact.user.tag.created"
    CONTACT_USER_TAG_DELETED = "contact.user.tag.deleted"
    CONTACT_USER_UPDATED = "contact.user.updated"
    CONVERSATION_ADMIN_ASSIGNED = "conversation.admin.assigned"
    CONVERSATION_ADMIN_CLOSED = "conversation.admin.closed"
    CONVERSATION_ADMIN_NOTED = "conversation.admin.noted"
    CONVERSATION_ADMIN_OPEN_ASSIGNED = "conversation.admin.open.assigned"
    CONVERSATION_ADMIN_OPENED = "conversation.admin.opened"
    CONVERSATION_ADMIN_REPLIED = "conversation.admin.replied"
    CONVERSATION_ADMIN_SINGLE_CREATED = "conversation.admin.single.created"
    CONVERSATION_ADMIN_SNOOZED = "conversation.admin.snoozed"
    CONVERSATION_ADMIN_UNSNOOZED = "conversation.admin.unsnoozed"
    CONVERSATION_CONTACT_ATTACHED = "conversation.contact.attached"
    CONVERSATION_CONTACT_DETACHED = "conversation.contact.detached"
    CONVERSATION_OPERATOR_REPLIED = "conversation.operator.replied"
    CONVERSATION_PART_REDACTED = "conversation_part.redacted"
    CONVERSATION_PART_TAG_CREATED = "conversation_part.tag.created"
    CONVERSATION_PRIORITY_UPDATED = "conversation.priority.updated"
    CONVERSATION_RATING_ADDED = "conversation.rating.added"
    CONVERSATION_READ = "conversation.read"
    CONVERSATION_USER_CREATED = "conversation.user.created"
    CONVERSATION_USER_REPLIED = "conversation.user.replied"
    EVENT_CREATED = "event.created"
    GRANULAR_SUBSCRIBE = "granular.subscribe"
    GRANULAR_UNSUBSCRIBE = "granular.unsubscribe"
    TICKET_ADMIN_ASSIGNED = "ticket.admin.assigned"
    TICKET_ADMIN_REPLIED = "ticket.admin.replied"
    TICKET_ATTRIBUTE_UPDATED = "ticket.attribute.updated"
    TICKET_CLOSED = "ticket.closed"
    TICKET_CONTACT_ATTACHED = "ticket.contact.attached"
    TICKET_CONTACT_DETACHED = "ticket.contact.detached"
    TICKET_CONTACT_REPLIED = "ticket.contact.replied"
    TICKET_CREATED = "ticket.created"
    TICKET_NOTE_CREATED = "ticket.note.created"
    TICKET_RATING_PROVIDED = "ticket.rating.provided"
    TICKET_STATE_UPDATED = "ticket.state.updated"
    TICKET_TEAM_ASSIGNED = "ticket.team.assigned"
    VISITOR_SIGNED_UP = "visitor.signed_up"
    INTERNAL_MESSAGE_SENT = "internal.message.sent"
    INTERNAL_SEGMENT_CHANGED = "internal.segment.changed"


_INTERNAL = "internal."


def is_internal(topic: str) -> bool:
    """Whether events of this topic never leave the house."""
    return topic.startswith(_INTERNAL)


PUBLIC_TOPICS = sorted(topic for topic in Topic if not is_internal(topic))


class Event(msgspec.Struct):
    """One thing that happened. The item is the JSON that GET answers for the object."""

    topic: Topic
    item_id: str
    item: str


# What processes are notified of: that there is something to read.
EVENTS_WRITTEN = ""

insert_event = Command(
    "insert_event",
    """
    INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
    VALUES ($1, $2, $3, $4, $5)
    """,
)

insert_events = Command(
    "insert_events",
    """
    INSERT INTO outbox (workspace_id, topic, item_id, item, created_at)
    SELECT $1, e.topic, e.item_id, e.item, e.created_at
    FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[])
        WITH ORDINALITY AS e (topic, item_id, item, created_at, place)
    ORDER BY e.place
    """,
)


_Recorded = tuple[Event, datetime]
_GATHERED_AT_ONCE = 500
_gathered: ContextVar[list[_Recorded] | None] = ContextVar("gathered events", default=None)


async def record(held: Connection, workspace_id: str, event: Event, at: datetime) -> None:
    """Write one event; it is passed on if and only if the transaction commits."""
    gathered = _gathered.get()
    if gathered is not None:
        gathered.append((event, at))
        return
    await insert_event.run(held, workspace_id, event.topic, event.item_id, event.item, at)
    after_commit(held, _tell_readers)


async def record_many(held: Connection, workspace_id: str, events: Sequence[Event], at: datetime) -> None:
    """Write several events in their order, in one statement."""
    gathered = _gathered.get()
    if gathered is not None:
        gathered += [(event, at) for event in events]
    elif len(events) == 1:
        await record(held, workspace_id, events[0], at)
    elif events:
        await _insert(held, workspace_id, [(event, at) for event in events])


async def _insert(held: Connection, workspace_id: str, events: Sequence[_Recorded]) -> None:
    await insert_events.run(
        held,
        workspace_id,
        [str(event.topic) for event, _ in events],
        [event.item_id for event, _ in events],
        [event.item for event, _ in events],
        [at for _, at in events],
    )
    after_commit(held, _tell_readers)


@asynccontextmanager
async def gathered_events(held: Connection, workspace_id: str) -> AsyncIterator[None]:
    """The block's events are written at its end, in their order, many at once. All are of this workspace."""
    events: list[_Recorded] = []
    token = _gathered.set(events)
    try:
        yield
    finally:
        _gathered.reset(token)
    for start in range(0, len(events), _GATHERED_AT_ONCE):
        await _insert(held, workspace_id, events[start : start + _GATHERED_AT_ONCE])


def _tell_readers() -> None:
    notify(EVENTS_WRITTEN)


Announced = TypeVar("Announced")
Reaction = Callable[[Connection, str, Announced], Awaitable[None]]

_reactions: dict[type, list[Reaction[Any]]] = {}


def react_to(announcement: type[Announced], reaction: Reaction[Announced]) -> None:
    """Let a higher room take part in a lower room's transaction. All reactions are listed in `reactions.py`."""
    reactions = _reactions.setdefault(announcement, [])
    if reaction not in reactions:
        reactions.append(reaction)


async def announce(held: Connection, workspace_id: str, announcement: object) -> None:
    """Run the reactions to an announcement on the announcing transaction's connection, in order."""
    for reaction in _reactions.get(type(announcement), []):
        await reaction(held, workspace_id, announcement)
