"""What the bare baseline does about conversations and tickets."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from benchmarks.bare import Answer, Database, encode, json_text
from callbox.people.contacts import queries as contacts
from callbox.platform.events import insert_event
from callbox.support.conversations import queries
from callbox.support.conversations.rows import conversation_row
from callbox.support.conversations.schemas import ConversationList, CreateConversationRequest
from callbox.support.conversations.search import CONVERSATIONS
from callbox.support.conversations.showing import conversation_from_row, conversation_pages, conversation_with_parts
from callbox.support.conversations.transitions import Conversation
from callbox.support.tickets import queries as tickets
from callbox.support.tickets.schemas import TicketList, ticket_from_row
from callbox.support.tickets.search import TICKETS
from callbox.wire.html import paragraphs
from callbox.wire.pagination import CursorPage, CursorPages, cursor_pages
from callbox.wire.search import Filter, Group, Resource, SearchRequest, compile_filter, stored_words

_PER_PAGE = 20

# What a reply changes at least, with the contact who was written to; Callbox writes the whole state.
_REPLY = """
WITH changed AS (
    UPDATE conversations
    SET updated_at = $5, last_admin_reply_at = $5, waiting_since = NULL, is_read = false, part_count = part_count + 1
    WHERE workspace_id = $1 AND id = $2
), contacted AS (
    UPDATE contacts
    SET last_contacted_at = $5
    WHERE workspace_id = $1 AND id IN (
        SELECT contact_id FROM conversation_contacts WHERE workspace_id = $1 AND conversation_id = $2
    )
)
INSERT INTO conversation_parts (
    workspace_id, conversation_id, part_type, body, author_type, author_admin_id, created_at, updated_at
)
VALUES ($1, $2, 'comment', $3, 'admin', $4, $5, $5)
"""


class _Reply(msgspec.Struct):
    body: str
    admin_id: str


class _TicketContact(msgspec.Struct):
    id: str


class _NewTicket(msgspec.Struct):
    ticket_type_id: str
    contacts: list[_TicketContact]
    ticket_attributes: dict[str, Any]


def _compiled(resource: Resource, *filters: Filter) -> str:
    group = Group("AND", filters)
    return compile_filter(resource, group, attribute_types={}, timezone="UTC", first_parameter=2).sql


def _search_sql(target: str, condition: str) -> str:
    """The statement of a search for ids, newest first, and their number."""
    return f"""
    WITH found AS MATERIALIZED (
        SELECT c.id, c.updated_at
        FROM conversations c
        WHERE c.workspace_id = $1 AND {target} AND {condition}
    )
    SELECT id, (SELECT count(*) FROM found)
    FROM found
    ORDER BY updated_at DESC, id DESC
    LIMIT {_PER_PAGE + 1}
    """


_ASSIGNED = (Filter("state", "=", ""), Filter("admin_assignee_id", "=", 0))
_IS_CONVERSATION = "c.source_type IS NOT NULL"
_BY_STATE = _search_sql(_IS_CONVERSATION, _compiled(CONVERSATIONS, *_ASSIGNED, Filter("updated_at", ">", 0)))
_TICKETS_BY_STATE = _search_sql("c.ticket_number IS NOT NULL", _compiled(TICKETS, *_ASSIGNED))
# Written so that one plan is right for all words.
_BY_WORD = _search_sql(
    _IS_CONVERSATION,
    """c.id = ANY (ARRAY(
        SELECT w.conversation_id
        FROM conversation_words w
        WHERE w.workspace_id = $1 AND w.words LIKE ANY ($2::text[])
    ))""",
)

_decode_search = msgspec.json.Decoder(SearchRequest).decode
_decode_reply = msgspec.json.Decoder(_Reply).decode
_decode_conversation = msgspec.json.Decoder(CreateConversationRequest).decode
_decode_ticket = msgspec.json.Decoder(_NewTicket).decode


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


class Inbox:
    """The answers, by the first segment of the path."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.answers: dict[str, Answer] = {
            "get_conversation": self._get,
            "list_conversations": self._list,
            "search_state": self._search_state,
            "search_word": self._search_word,
            "search_tickets": self._search_tickets,
            "reply": self._reply,
            "create_conversation": self._create,
            "create_ticket": self._create_ticket,
        }

    async def _get(self, conversation_id: str, _: bytes) -> bytes:
        [record] = await self._database.fetch(queries.conversation_by_id.sql, int(conversation_id))
        return encode(conversation_with_parts(self._database.caller, conversation_row(*record)))

    async def _list(self, _: str, __: bytes) -> bytes:
        start = (datetime.max.replace(tzinfo=UTC), 0)
        records = await self._database.fetch(queries.conversations_page.sql, *start, _PER_PAGE + 1)
        [[total]] = await self._database.fetch(queries.conversation_count.sql)
        last_id = str(records[_PER_PAGE - 1]["id"]) if len(records) > _PER_PAGE else None
        return self._listed(records[:_PER_PAGE], total, self._pages(total, last_id))

    def _listed(self, records: list[Any], total: int, pages: CursorPages) -> bytes:
        shown = [conversation_from_row(self._database.caller, conversation_row(*record)) for record in records]
        return encode(ConversationList("conversation.list", shown, total, conversation_pages(pages, None)))

    def _pages(self, total: int, last_id: str | None) -> CursorPages:
        return cursor_pages(CursorPage("", _PER_PAGE), total, last_id)

    async def _search_state(self, _: str, body: bytes) -> bytes:
        query: Any = _decode_search(body).query
        state, admin, since = (item["value"] for item in query["value"])
        return await self._found(_BY_STATE, state, admin, datetime.fromtimestamp(since, UTC))

    async def _search_word(self, _: str, body: bytes) -> bytes:
        query: Any = _decode_search(body).query
        return await self._found(_BY_WORD, [f"%{query['value'].lower()}%"])

    async def _found(self, sql: str, *parameters: object) -> bytes:
        ids, total, pages = await self._find(sql, *parameters)
        records = await self._database.fetch(queries.conversations_by_ids.sql, ids)
        by_id = {record["id"]: record for record in records}
        return self._listed([by_id[each] for each in ids], total, pages)

    async def _find(self, sql: str, *parameters: object) -> tuple[list[int], int, CursorPages]:
        found = await self._database.fetch(sql, *parameters)
        ids = [record[0] for record in found[:_PER_PAGE]]
        total = found[0][1] if found else 0
        return ids, total, self._pages(total, str(ids[-1]) if len(found) > _PER_PAGE else None)

    async def _search_tickets(self, _: str, body: bytes) -> bytes:
        query: Any = _decode_search(body).query
        state, admin = (item["value"] for item in query["value"])
        ids, total, pages = await self._find(_TICKETS_BY_STATE, state, int(admin))
        records = await self._database.fetch(tickets.tickets_by_ids.sql, ids)
        by_id = {record["id"]: conversation_row(*record) for record in records}
        shown = [ticket_from_row(self._database.caller, by_id[each]) for each in ids]
        return encode(TicketList("ticket.list", pages, total, shown))

    async def _reply(self, conversation_id: str, body: bytes) -> bytes:
        sent = _decode_reply(body)
        caller, number, now = self._database.caller, int(conversation_id), _now()
        async with self._database.acquire() as held, held.transaction():
            await held.execute(_REPLY, caller.workspace_id, number, sent.body, int(sent.admin_id), now)
            record = await held.fetchrow(queries.conversation_by_id.sql, caller.workspace_id, number)
            assert record is not None
            answer = encode(conversation_with_parts(caller, conversation_row(*record)))
            event = ("conversation.admin.replied", conversation_id, answer.decode(), now)
            await held.execute(insert_event.sql, caller.workspace_id, *event)
        return answer

    async def _create(self, _: str, body: bytes) -> bytes:
        sent = _decode_conversation(body)
        caller, now = self._database.caller, _now()
        state = Conversation(
            state="open", updated_at=now, waiting_since=now, first_contact_reply_at=now, last_contact_reply_at=now
        )
        text = paragraphs(sent.body or "")
        async with self._database.acquire() as held, held.transaction():
            await held.execute(contacts.set_last_replied.sql, caller.workspace_id, sent.sender.id, now)
            ids = await held.fetchrow(queries.next_ids.sql, caller.workspace_id)
            assert ids is not None
            source = (None, "conversation", ids[1], "customer_initiated", "", text, None, "user", None, sent.sender.id)
            await held.execute(
                queries.insert_conversation.sql,
                caller.workspace_id,
                ids[0],
                now,
                *msgspec.structs.astuple(state),
                *source,
                None,
                None,
                [sent.sender.id],
                held.get_server_pid() % 32,
                stored_words(text),
            )
            record = await held.fetchrow(queries.conversation_by_id.sql, caller.workspace_id, ids[0])
            assert record is not None
            item = json_text(conversation_with_parts(caller, conversation_row(*record)))
            event = ("conversation.user.created", str(ids[0]), item, now)
            await held.execute(insert_event.sql, caller.workspace_id, *event)
        return item.encode()

    async def _create_ticket(self, _: str, body: bytes) -> bytes:
        sent = _decode_ticket(body)
        caller, now = self._database.caller, _now()
        state = Conversation(state="open", updated_at=now, ticket_state="submitted", part_count=1)
        folded = {name: value.lower() for name, value in sent.ticket_attributes.items()}
        async with self._database.acquire() as held, held.transaction():
            ticket_id = await held.fetchval(
                tickets.insert_ticket.sql,
                caller.workspace_id,
                now,
                *msgspec.structs.astuple(state),
                int(sent.ticket_type_id),
                True,
                None,
                json_text(sent.ticket_attributes),
                json_text(folded),
                sent.contacts[0].id,
                "ticket_state_updated_by_admin",
            )
            record = await held.fetchrow(queries.conversation_by_id.sql, caller.workspace_id, ticket_id)
            assert record is not None
            row = conversation_row(*record)
            row.ticket_number = await held.fetchval(tickets.number_ticket.sql, caller.workspace_id, ticket_id)
            answer = encode(ticket_from_row(caller, row))
            event = ("ticket.created", str(ticket_id), answer.decode(), now)
            await held.execute(insert_event.sql, caller.workspace_id, *event)
        return answer
