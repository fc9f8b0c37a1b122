"""The inbox of a busy workspace, written by COPY: conversations of eight parts each, and tickets.

What is open is recent: a team that keeps up has no more open conversations after ten years than after one. The
same numbers give the same inbox at every run, however many steps it is loaded in.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Literal, NamedTuple

import httpx
import msgspec

from benchmarks.copying import Table, copy, filling
from benchmarks.inbox import stories
from benchmarks.inbox.stories import PARTS, TICKET_PARTS, Cast, Ending
from benchmarks.inbox.texts import question, ticket_title
from benchmarks.people import data as people
from callbox.platform.database import Connection
from callbox.support.conversations.rows import STATE_COLUMNS
from callbox.support.conversations.transitions import Author, Change, NewPart
from callbox.wire.search import stored_words

_OPEN = 4_000  # the newest conversations, of which most are open
_FIRST_AT = datetime(2025, 10, 1, tzinfo=UTC)
_LASTS = timedelta(minutes=500_000)  # from the first conversation to the last
_ADMINS = 20
_TEAMS = 4
_FIRST_MESSAGE = 1_000_000_000
_STEP = 10_000  # conversations that are in memory at once


class Staff(NamedTuple):
    """Who answers, and what of which type tickets are."""

    admins: list[int]
    teams: list[int]
    ticket_type: int


class Slice(NamedTuple):
    """Which of all conversations and tickets, by their numbers, are meant."""

    conversations: range
    tickets: range


class Size(NamedTuple):
    """How much there is in the end."""

    conversations: int
    tickets: int
    contacts: int

    def newest(self, share: float) -> Slice:
        """The last part of everything."""
        return Slice(
            range(int(self.conversations * (1 - share)), self.conversations),
            range(int(self.tickets * (1 - share)), self.tickets),
        )

    def older(self, share: float) -> Slice:
        """All but the last part of everything."""
        return Slice(
            range(int(self.conversations * (1 - share))),
            range(int(self.tickets * (1 - share))),
        )


def contact_number_of(size: Size, number: int) -> int:
    """Whose conversation, or ticket, it is."""
    return number * 7919 % size.contacts


def contact_of(size: Size, number: int) -> str:
    """Their id."""
    return people.contact_id(contact_number_of(size, number))


def changed_at(size: Size, number: int) -> datetime:
    """When a conversation was last changed, before the measurements change it."""
    return created_at_of(size, number) + PARTS * stories.BETWEEN_PARTS


def created_at_of(size: Size, number: int) -> datetime:
    """When a conversation began, or a ticket of as many."""
    return _FIRST_AT + timedelta(seconds=number * int(_LASTS.total_seconds()) // size.conversations)


def conversation_id(number: int) -> int:
    """The id of a conversation; tickets' numbers go on where those of conversations end."""
    return number + 1


def admin_of(staff: Staff, number: int) -> int:
    """Who answers a conversation. Some do more than others."""
    return staff.admins[min(number * 7 % len(staff.admins), number * 13 % len(staff.admins))]


def define(api: httpx.Client) -> Staff:
    """Admins, teams and a ticket type, through the API."""
    admins = [
        _made(api, "/manage/v1/admins", email=f"admin.{number}@callbox.example", name=f"Admin {number}")
        for number in range(_ADMINS)
    ]
    teams = [_made(api, "/manage/v1/teams", name=f"Team {number}") for number in range(_TEAMS)]
    return Staff(admins, teams, _made(api, "/ticket_types", name="Fault", category="Customer"))


def _made(api: httpx.Client, path: str, **body: Any) -> int:
    answer = api.post(path, json=body)
    answer.raise_for_status()
    return int(answer.json()["id"])


async def load(dsn: str, workspace_id: str, staff: Staff, size: Size, part: Slice) -> None:
    """Write a part of everything."""
    inbox = _Inbox(workspace_id, staff, size)
    async with filling(dsn, _TABLES) as connection:
        for numbers in _steps(part.conversations):
            for table in inbox.conversations(numbers):
                await copy(connection, table)
        for numbers in _steps(part.tickets):
            for table in inbox.tickets(numbers):
                await copy(connection, table)
        await _count(connection, workspace_id, size, part)


async def _count(connection: Connection, workspace_id: str, size: Size, part: Slice) -> None:
    """As creating them one by one would have. New ids and tickets' numbers go on after all that is ever loaded."""
    await connection.executemany(
        "SELECT setval($1::text::regclass, greatest(nextval($1::text::regclass), $2))",
        [
            ("conversations_id_seq", size.conversations + size.tickets),
            ("conversation_parts_id_seq", size.conversations * PARTS + size.tickets * TICKET_PARTS),
            ("message_ids", _FIRST_MESSAGE + size.conversations),
        ],
    )
    await connection.executemany(
        """
        INSERT INTO counts AS c (workspace_id, kind, shard, n)
        VALUES ($1, $2, 0, $3)
        ON CONFLICT (workspace_id, kind, shard) DO UPDATE SET n = c.n + $4
        """,
        [
            (workspace_id, "conversations", len(part.conversations), len(part.conversations)),
            (workspace_id, "tickets", size.tickets, 0),
        ],
    )


def _steps(numbers: range) -> Iterator[range]:
    return (numbers[start : start + _STEP] for start in range(0, len(numbers), _STEP))


class _Inbox:
    """The rows of each table."""

    def __init__(self, workspace_id: str, staff: Staff, size: Size) -> None:
        self._workspace_id = workspace_id
        self._staff = staff
        self._size = size

    def conversations(self, numbers: range) -> Iterator[Table]:
        """All that is written about some conversations."""
        told = [(number, self._conversation_story(number)) for number in numbers]
        yield Table("conversations", _CONVERSATION_COLUMNS, (self._conversation(*each) for each in told))
        parts = (self._parts(number, number * PARTS, change.parts) for number, change in told)
        yield Table("conversation_parts", _PART_COLUMNS, chain.from_iterable(parts))
        yield Table("conversation_words", _WORDS_COLUMNS, map(self._words, numbers))
        yield Table("conversation_contacts", _CONTACT_COLUMNS, map(self._participant, numbers))
        tagged = (number for number in numbers if number % 3 == 0)
        yield Table("conversation_tags", _TAG_COLUMNS, map(self._tag, tagged))

    def tickets(self, numbers: range) -> Iterator[Table]:
        """All that is written about some tickets."""
        told = [(number, self._ticket_story(number)) for number in numbers]
        yield Table("conversations", _TICKET_COLUMNS, (self._ticket(*each) for each in told))
        first, before = self._size.conversations, self._size.conversations * PARTS
        parts = (self._parts(first + number, before + number * TICKET_PARTS, change.parts) for number, change in told)
        yield Table("conversation_parts", _PART_COLUMNS, chain.from_iterable(parts))
        yield Table("conversation_contacts", _CONTACT_COLUMNS, map(self._ticket_contact, numbers))

    def _cast(self, number: int) -> Cast:
        contact = contact_of(self._size, number)
        role: Literal["lead", "user"] = "lead" if people.is_lead(contact_number_of(self._size, number)) else "user"
        return Cast(
            Author(role, contact_id=contact),
            Author("admin", admin_id=admin_of(self._staff, number)),
            self._staff.teams[number % len(self._staff.teams)],
        )

    def _conversation_story(self, number: int) -> Change:
        is_recent = number >= self._size.conversations - _OPEN
        ending: Ending = _ENDINGS[number * 31 % len(_ENDINGS)] if is_recent else "closed"
        return stories.conversation(number, created_at_of(self._size, number), self._cast(number), ending)

    def _conversation(self, number: int, change: Change) -> tuple[Any, ...]:
        contact = self._cast(number).contact
        attributes = f'{{"channel_tag": "tag {number % 50}"}}'
        return (
            self._workspace_id,
            conversation_id(number),
            created_at_of(self._size, number),
            *msgspec.structs.astuple(change.conversation),
            "conversation",
            _FIRST_MESSAGE + number,
            "customer_initiated",
            "",
            f"<p>{question(number)}</p>",
            contact.type,
            contact.contact_id,
            attributes,
            attributes,
        )

    def _parts(self, place: int, before: int, parts: list[NewPart]) -> Iterator[tuple[Any, ...]]:
        """Of the conversation or ticket at a place; so many parts were written before."""
        for number, part in enumerate(parts, start=before + 1):
            yield (
                self._workspace_id,
                conversation_id(place),
                number,
                part.part_type,
                part.body,
                part.author.type,
                part.author.admin_id,
                part.author.contact_id,
                part.assigned_to.type if part.assigned_to else None,
                part.assigned_to.id if part.assigned_to else None,
                part.at,
                part.at,
                part.ticket_state,
                part.previous_ticket_state,
            )

    def _words(self, number: int) -> tuple[Any, ...]:
        return self._workspace_id, conversation_id(number), stored_words(question(number))

    def _tag(self, number: int) -> tuple[Any, ...]:
        at = created_at_of(self._size, number)
        return self._workspace_id, conversation_id(number), 1 + number % people.TAGS, at, admin_of(self._staff, number)

    def _participant(self, number: int) -> tuple[Any, ...]:
        at = created_at_of(self._size, number)
        return self._workspace_id, conversation_id(number), contact_of(self._size, number), at

    def _ticket_contact(self, number: int) -> tuple[Any, ...]:
        ticket_id = conversation_id(self._size.conversations + number)
        return self._workspace_id, ticket_id, contact_of(self._size, number), self._submitted_at(number)

    def _submitted_at(self, number: int) -> datetime:
        return created_at_of(self._size, number * self._size.conversations // self._size.tickets)

    def _ticket_story(self, number: int) -> Change:
        is_done = number < self._size.tickets - _OPEN // 4
        return stories.ticket(number, self._submitted_at(number), self._cast(number), is_done=is_done)

    def _ticket(self, number: int, change: Change) -> tuple[Any, ...]:
        attributes = {"_default_title_": ticket_title(number), "_default_description_": question(number)}
        return (
            self._workspace_id,
            conversation_id(self._size.conversations + number),
            self._submitted_at(number),
            *msgspec.structs.astuple(change.conversation),
            number + 1,
            self._staff.ticket_type,
            True,
            msgspec.json.encode(attributes).decode(),
            msgspec.json.encode({name: value.lower() for name, value in attributes.items()}).decode(),
        )


_ENDINGS: tuple[Ending, ...] = ("open",) * 7 + ("snoozed",) + ("closed",) * 2
_TABLES = (
    "conversations",
    "conversation_parts",
    "conversation_words",
    "conversation_contacts",
    "conversation_tags",
)
_CONVERSATION_COLUMNS = (
    "workspace_id",
    "id",
    "created_at",
    *STATE_COLUMNS,
    "source_type",
    "source_id",
    "source_delivered_as",
    "source_subject",
    "source_body",
    "source_author_type",
    "source_author_contact_id",
    "custom_attributes",
    "custom_attributes_folded",
)
_TICKET_COLUMNS = (
    "workspace_id",
    "id",
    "created_at",
    *STATE_COLUMNS,
    "ticket_number",
    "ticket_type_id",
    "ticket_is_shared",
    "ticket_attributes",
    "ticket_attributes_folded",
)
_PART_COLUMNS = (
    "workspace_id",
    "conversation_id",
    "id",
    "part_type",
    "body",
    "author_type",
    "author_admin_id",
    "author_contact_id",
    "assigned_to_type",
    "assigned_to_id",
    "created_at",
    "updated_at",
    "ticket_state",
    "previous_ticket_state",
)
_WORDS_COLUMNS = ("workspace_id", "conversation_id", "words")
_CONTACT_COLUMNS = ("workspace_id", "conversation_id", "contact_id", "added_at")
_TAG_COLUMNS = ("workspace_id", "conversation_id", "tag_id", "applied_at", "applied_by_admin_id")
