"""The inbox of a busy workspace, written by COPY: conversations of eight parts each, and tickets.

What is open is recent: a team that keeps up has no more open conversations after ten years than after one. The
same numbers give the same inbox at every run, however many steps it is loaded in.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

import asyncpg
import httpx
import msgspec

from benchmarks.copying import Table, copy
from benchmarks.inbox.texts import ANSWERS, NOTES, THANKS, question, said, ticket_title
from benchmarks.people import data as people
from callbox.wire.search import stored_words

PARTS = 8
TICKET_PARTS = 3
_OPEN = 4_000  # the newest conversations, of which most are open
_FIRST_AT = datetime(2025, 10, 1, tzinfo=UTC)
_BETWEEN = timedelta(minutes=5)
_ADMINS = 20
_TEAMS = 4
_TAGS = 20
_FIRST_MESSAGE = 1_000_000_000


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


def contact_of(size: Size, number: int) -> str:
    """Whose conversation, or ticket, it is."""
    return people.contact_id(number * 7919 % size.contacts)


def changed_at(size: Size, number: int) -> datetime:
    """When a conversation was last changed, before the measurements change it."""
    return created_at_of(size, number) + PARTS * timedelta(minutes=50)


def created_at_of(size: Size, number: int) -> datetime:
    """When a conversation began, or a ticket of as many."""
    return _FIRST_AT + number * _BETWEEN * (100_000 / size.conversations)


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
    """Write a part of everything, then let PostgreSQL learn what is in its tables."""
    connection = await asyncpg.connect(dsn)
    try:
        # All that rows refer to is written here too; to look each up takes longer than to write them.
        await connection.execute("SET session_replication_role = replica")
        for table in _Inbox(workspace_id, staff, size).tables(part):
            await copy(connection, table)
        await connection.executemany(
            """
            SELECT setval(sequence, greatest(nextval(sequence), $2))
            FROM CAST(pg_get_serial_sequence($1, 'id') AS regclass) AS sequence
            """,
            [
                ("conversations", size.conversations + size.tickets),
                ("conversation_parts", size.conversations * PARTS + size.tickets * TICKET_PARTS),
            ],
        )
        # As creating them one by one would have counted. Numbers of new tickets go on after those of all loaded ones.
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
        await connection.execute("VACUUM (ANALYZE)", timeout=600)
        await connection.execute("CHECKPOINT", timeout=600)
    finally:
        await connection.close()


class _Inbox:
    """The rows of each table."""

    def __init__(self, workspace_id: str, staff: Staff, size: Size) -> None:
        self._workspace_id = workspace_id
        self._staff = staff
        self._size = size

    def tables(self, part: Slice) -> Iterator[Table]:
        yield Table("conversations", _CONVERSATION_COLUMNS, map(self._conversation, part.conversations))
        yield Table("conversations", _TICKET_COLUMNS, map(self._ticket, part.tickets))
        parts = (self._parts(number) for number in part.conversations)
        yield Table("conversation_parts", _PART_COLUMNS, chain.from_iterable(parts))
        parts = (self._ticket_parts(number) for number in part.tickets)
        yield Table("conversation_parts", _PART_COLUMNS, chain.from_iterable(parts))
        yield Table("conversation_words", _WORDS_COLUMNS, map(self._words, part.conversations))
        yield Table("conversation_contacts", _CONTACT_COLUMNS, self._participants(part))
        yield Table("conversation_tags", _TAG_COLUMNS, map(self._tag, part.conversations[::3]))

    def _state(self, number: int) -> str:
        if number < self._size.conversations - _OPEN:
            return "closed"
        return _STATES[number * 31 % len(_STATES)]

    def _team(self, number: int) -> int:
        return self._staff.teams[number % len(self._staff.teams)]

    def _conversation(self, number: int) -> tuple[Any, ...]:
        created_at, changed = created_at_of(self._size, number), changed_at(self._size, number)
        state, admin = self._state(number), admin_of(self._staff, number)
        return (
            self._workspace_id,
            conversation_id(number),
            created_at,
            changed,
            state,
            created_at + timedelta(days=700) if state == "snoozed" else None,
            None if state == "closed" else changed,
            number % 3 == 0,
            number % 17 == 0,
            None if state == "open" and number % 10 == 0 else admin,
            self._team(number),
            [admin],
            "conversation",
            _FIRST_MESSAGE + number,
            "customer_initiated",
            "",
            f"<p>{question(number)}</p>",
            "user",
            contact_of(self._size, number),
            created_at,
            created_at + timedelta(minutes=1),
            60,
            created_at + timedelta(minutes=30),
            1800,
            changed if state == "closed" else None,
            changed,
            [1800, 900 + number % 1800],
            1350,
            1,
            PARTS,
            f'{{"channel_tag": "tag {number % 50}"}}',
            f'{{"channel_tag": "tag {number % 50}"}}',
        )

    def _parts(self, number: int) -> Iterator[tuple[Any, ...]]:
        """Assigned, answered three times, closed or still waiting for an answer."""
        admin, contact = admin_of(self._staff, number), contact_of(self._size, number)
        last = (
            ("close", None, "admin") if self._state(number) == "closed" else ("comment", said(THANKS, number), "user")
        )
        told = (
            ("default_assignment", None, "bot"),
            ("comment", said(ANSWERS, number), "admin"),
            ("comment", said(THANKS, number), "user"),
            ("note", said(NOTES, number), "admin"),
            ("comment", said(ANSWERS, number + 1), "admin"),
            ("comment", said(THANKS, number + 1), "user"),
            ("comment", said(ANSWERS, number + 2), "admin"),
            last,
        )
        at = created_at_of(self._size, number)
        for place, (part_type, body, author) in enumerate(told):
            at += timedelta(minutes=50)
            yield (
                self._workspace_id,
                conversation_id(number),
                number * PARTS + place + 1,
                part_type,
                body,
                author,
                admin if author == "admin" else None,
                contact if author == "user" else None,
                "admin" if place == 0 else None,
                admin if place == 0 else None,
                at,
                at,
                None,
                None,
            )

    def _words(self, number: int) -> tuple[Any, ...]:
        return self._workspace_id, conversation_id(number), stored_words(question(number))

    def _tag(self, number: int) -> tuple[Any, ...]:
        at = created_at_of(self._size, number)
        return self._workspace_id, conversation_id(number), 1 + number % _TAGS, at, admin_of(self._staff, number)

    def _participants(self, part: Slice) -> Iterator[tuple[Any, ...]]:
        numbers = chain(part.conversations, (self._size.conversations + number for number in part.tickets))
        for number in numbers:
            at = created_at_of(self._size, number)
            yield self._workspace_id, conversation_id(number), contact_of(self._size, number), at

    def _ticket(self, number: int) -> tuple[Any, ...]:
        created_at = created_at_of(self._size, number * self._size.conversations // self._size.tickets)
        is_done = number < self._size.tickets - _OPEN // 4
        attributes = {"_default_title_": ticket_title(number), "_default_description_": question(number)}
        return (
            self._workspace_id,
            conversation_id(self._size.conversations + number),
            created_at,
            created_at + TICKET_PARTS * timedelta(hours=2),
            "closed" if is_done else "open",
            True,
            admin_of(self._staff, number),
            self._team(number),
            [admin_of(self._staff, number)],
            TICKET_PARTS,
            number + 1,
            self._staff.ticket_type,
            "resolved" if is_done else _TICKET_STATES[number % len(_TICKET_STATES)],
            True,
            msgspec.json.encode(attributes).decode(),
            msgspec.json.encode({name: value.lower() for name, value in attributes.items()}).decode(),
        )

    def _ticket_parts(self, number: int) -> Iterator[tuple[Any, ...]]:
        admin = admin_of(self._staff, number)
        told = (
            ("ticket_state_updated_by_admin", None, "bot", "submitted", "submitted"),
            ("comment", said(ANSWERS, number), "admin", None, None),
            ("ticket_state_updated_by_admin", None, "admin", "in_progress", "submitted"),
        )
        first_part = self._size.conversations * PARTS + number * TICKET_PARTS + 1
        at = created_at_of(self._size, number * self._size.conversations // self._size.tickets)
        for place, (part_type, body, author, state, before) in enumerate(told):
            at += timedelta(hours=2)
            yield (
                self._workspace_id,
                conversation_id(self._size.conversations + number),
                first_part + place,
                part_type,
                body,
                author,
                admin if author == "admin" else None,
                None,
                None,
                None,
                at,
                at,
                state,
                before,
            )


_STATES = ("open",) * 7 + ("snoozed",) + ("closed",) * 2
_TICKET_STATES = ("submitted", "in_progress", "waiting_on_customer")
_CONVERSATION_COLUMNS = (
    "workspace_id",
    "id",
    "created_at",
    "updated_at",
    "state",
    "snoozed_until",
    "waiting_since",
    "is_read",
    "is_priority",
    "admin_assignee_id",
    "team_assignee_id",
    "teammate_ids",
    "source_type",
    "source_id",
    "source_delivered_as",
    "source_subject",
    "source_body",
    "source_author_type",
    "source_author_contact_id",
    "first_contact_reply_at",
    "first_assignment_at",
    "time_to_assignment",
    "first_admin_reply_at",
    "time_to_admin_reply",
    "last_close_at",
    "last_contact_reply_at",
    "reply_times",
    "median_time_to_reply",
    "count_assignments",
    "part_count",
    "custom_attributes",
    "custom_attributes_folded",
)
_TICKET_COLUMNS = (
    "workspace_id",
    "id",
    "created_at",
    "updated_at",
    "state",
    "is_read",
    "admin_assignee_id",
    "team_assignee_id",
    "teammate_ids",
    "part_count",
    "ticket_number",
    "ticket_type_id",
    "ticket_state",
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
