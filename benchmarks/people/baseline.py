"""What the bare baseline does about contacts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec

from benchmarks.bare import Answer, Database, encode, json_text
from callbox.people.contacts import queries as contacts
from callbox.people.contacts.queries import CONTACT_COLUMNS, ContactRow
from callbox.people.contacts.schemas import Contact, ContactList, CreateContactRequest, contact_from_row
from callbox.people.contacts.search import CONTACTS
from callbox.people.data_events import queries as data_events
from callbox.people.data_events.schemas import CreateDataEventRequest
from callbox.platform import ids
from callbox.platform.events import insert_event
from callbox.wire.pagination import CursorPage, cursor_pages
from callbox.wire.search import Filter, Group, SearchRequest, compile_filter

PAGE = 50
_CONTACT_FIELDS = len(ContactRow.__struct_fields__)

# What an update needs at least: the new row for the answer and the event, without reading the old one first.
_UPDATE = f"""
UPDATE contacts c
SET name = $3, updated_at = $4, custom_attributes = custom_attributes || $5::jsonb,
    custom_attributes_folded = custom_attributes_folded || $6::jsonb
WHERE c.workspace_id = $1 AND c.id = $2 AND c.state = 'live'
RETURNING {CONTACT_COLUMNS}
"""


class _Update(msgspec.Struct):
    name: str
    custom_attributes: dict[str, Any]


def _search_sql(*fields: str) -> str:
    """The statement of a search for contacts that equal a value in each field, newest first, and their number."""
    filters = tuple(Filter(field, "=", "") for field in fields)
    types = {field.partition(".")[2]: "string" for field in fields}
    condition = compile_filter(
        CONTACTS, Group("AND", filters), attribute_types=types, timezone="UTC", first_parameter=2
    )
    return f"""
    WITH found AS MATERIALIZED (
        SELECT c.id, c.updated_at
        FROM contacts c
        WHERE c.workspace_id = $1 AND c.state = 'live' AND {condition.sql}
    ), page AS (
        SELECT id FROM found ORDER BY updated_at DESC, id DESC LIMIT {PAGE + 1}
    )
    SELECT {CONTACT_COLUMNS}, (SELECT count(*) FROM found)
    FROM page
    JOIN contacts c ON c.workspace_id = $1 AND c.id = page.id
    ORDER BY c.updated_at DESC, c.id DESC
    """


_BY_EMAIL = _search_sql("email")
_BY_ATTRIBUTES = _search_sql("custom_attributes.shop", "custom_attributes.plan")

_decode_create = msgspec.json.Decoder(CreateContactRequest).decode
_decode_update = msgspec.json.Decoder(_Update).decode
_decode_event = msgspec.json.Decoder(CreateDataEventRequest).decode
_decode_search = msgspec.json.Decoder(SearchRequest).decode


def _folded(attributes: dict[str, Any]) -> str:
    return json_text({name: value.lower() if isinstance(value, str) else value for name, value in attributes.items()})


class People:
    """The answers, by the first segment of the path."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.answers: dict[str, Answer] = {
            "get": self._get,
            "list": self._list,
            "list_after": self._list_after,
            "search_email": self._search_email,
            "search_attributes": self._search_attributes,
            "create": self._create,
            "update": self._update,
            "event": self._event,
        }

    def _contact(self, record: Any) -> Contact:
        return contact_from_row(self._database.caller, ContactRow(*record))

    def _page(self, records: Sequence[Any], total: int) -> bytes:
        last_id = records[PAGE - 1][0] if len(records) > PAGE else None
        pages = cursor_pages(CursorPage("", PAGE), total, last_id)
        return encode(ContactList("list", [self._contact(record) for record in records[:PAGE]], total, pages))

    async def _get(self, contact_id: str, _: bytes) -> bytes:
        return encode(self._contact((await self._database.fetch(contacts.contact_by_id.sql, contact_id))[0]))

    async def _list(self, _: str, __: bytes) -> bytes:
        records = await self._database.fetch(contacts.contacts_page.sql, "", PAGE + 1)
        total = (await self._database.fetch(contacts.contact_count.sql))[0][0]
        return self._page(records, total)

    async def _list_after(self, last_id: str, _: bytes) -> bytes:
        return self._page(await self._database.fetch(contacts.contacts_page.sql, last_id, PAGE + 1), 0)

    async def _search_email(self, _: str, body: bytes) -> bytes:
        query: Any = _decode_search(body).query
        return self._found(await self._database.fetch(_BY_EMAIL, query["value"].lower()))

    async def _search_attributes(self, _: str, body: bytes) -> bytes:
        query: Any = _decode_search(body).query
        wanted = [
            json_text({item["field"].partition(".")[2]: item["value"].lower()})  # as the index holds it
            for item in query["value"]
        ]
        return self._found(await self._database.fetch(_BY_ATTRIBUTES, *wanted))

    def _found(self, records: list[Any]) -> bytes:
        return self._page([record[:_CONTACT_FIELDS] for record in records], records[0][-1] if records else 0)

    async def _create(self, _: str, body: bytes) -> bytes:
        sent = _decode_create(body)
        attributes = sent.custom_attributes or {}
        now = datetime.now(UTC).replace(microsecond=0)
        row = ContactRow(
            ids.object_id(now),
            str(sent.external_id),
            "user",
            sent.email,
            sent.phone,
            sent.phone,
            sent.name,
            None,
            None,
            unsubscribed_from_emails=False,
            created_at=now,
            updated_at=now,
            signed_up_at=None,
            last_seen_at=None,
            custom_attributes=json_text(attributes),
        )
        answer = encode(contact_from_row(self._database.caller, row))
        async with self._database.acquire() as held:
            await held.fetchrow(
                contacts.insert_contact.sql,
                self._database.caller.workspace_id,
                row.id,
                row.role,
                row.external_id,
                row.email,
                row.phone,
                row.formatted_phone,
                row.name,
                None,
                None,
                None,
                False,
                now,
                None,
                None,
                row.custom_attributes,
                _folded(attributes),
                held.get_server_pid() % 32,
                "contact.user.created",
                answer.decode(),
            )
        return answer

    async def _update(self, contact_id: str, body: bytes) -> bytes:
        sent = _decode_update(body)
        now = datetime.now(UTC).replace(microsecond=0)
        async with self._database.acquire() as held, held.transaction():
            changed = (sent.name, now, json_text(sent.custom_attributes), _folded(sent.custom_attributes))
            record = await held.fetchrow(_UPDATE, self._database.caller.workspace_id, contact_id, *changed)
            assert record is not None
            answer = encode(self._contact(record))
            event = ("contact.user.updated", contact_id, answer.decode(), now)
            await held.execute(insert_event.sql, self._database.caller.workspace_id, *event)
        return answer

    async def _event(self, _: str, body: bytes) -> bytes:
        sent = _decode_event(body)
        happened_at = datetime.fromtimestamp(float(sent.created_at or 0), UTC)
        event = (str(sent.user_id), sent.event_name, happened_at, uuid4(), json_text(sent.metadata), datetime.now(UTC))
        await self._database.fetch(data_events.submit_by_external_id.sql, *event)
        return b""
