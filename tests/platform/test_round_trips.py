"""How often a hot operation goes to the database: one number each, so that nobody adds a round trip unawares."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from callbox.people.contacts import service as contacts
from callbox.people.contacts.schemas import CreateContactRequest, ListContactsQuery, UpdateContactRequest
from callbox.people.contacts.search import search_contacts
from callbox.people.data_attributes.schemas import CreateDataAttributeRequest
from callbox.people.data_attributes.service import create_data_attribute
from callbox.people.data_events.schemas import CreateDataEventRequest
from callbox.people.data_events.service import submit_event
from callbox.platform.database import close_pool, open_pool
from callbox.reactions import register_reactions
from callbox.support.conversations.replies import reply
from callbox.support.conversations.schemas import (
    CreateConversationRequest,
    From,
    ListConversationsQuery,
    ReplyRequest,
)
from callbox.support.conversations.search import list_conversations, search_conversations
from callbox.support.conversations.service import create_conversation, get_conversation
from callbox.support.ticket_types.schemas import CreateTicketTypeRequest
from callbox.support.ticket_types.service import create_ticket_type
from callbox.support.tickets.schemas import CreateTicketRequest, TicketContact
from callbox.support.tickets.search import search_tickets
from callbox.support.tickets.service import create_ticket
from callbox.wire.authentication import Caller
from callbox.workspace.access_tokens import look_up_token
from callbox.workspace.admins.schemas import CreateAdminRequest
from callbox.workspace.admins.service import create_admin
from callbox.workspace.workspaces import open_workspace, operator_caller


class RoundTrips:
    """What asyncpg sent, by its first word; but for notifications, which no request waits for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._sent: list[str] = []
        for way in ("_execute", "execute"):
            self._watch(monkeypatch, way)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
        original = getattr(asyncpg.Connection, way)

        async def watched(connection: Any, query: str, *arguments: Any, **options: Any) -> Any:
            # With arguments, `execute` goes on to `_execute`.
            if (way == "_execute" or not arguments) and "pg_notify" not in query:
                self._sent.append(query.split(maxsplit=1)[0].rstrip(";"))
            return await original(connection, query, *arguments, **options)

        monkeypatch.setattr(asyncpg.Connection, way, watched)

    def taken(self) -> list[str]:
        """What was sent since the last call."""
        sent, self._sent = self._sent, []
        return sent


@pytest.fixture
async def caller(database_url: str) -> AsyncIterator[Caller]:
    await open_pool(database_url, 1)
    made = await open_workspace("Round trips")
    caller = await operator_caller(made.id)
    attribute = CreateDataAttributeRequest(name="plan", model="contact", data_type="string")
    await create_data_attribute(caller, attribute)
    await contacts.create_contact(caller, grace())  # now the attribute is known, as it is under load
    yield caller
    await close_pool()


@pytest.fixture
def round_trips(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> RoundTrips:
    assert caller
    return RoundTrips(monkeypatch)


def grace(number: int = 0) -> CreateContactRequest:
    return CreateContactRequest(
        role="user", external_id=f"u-{number}", email="grace@example.com", custom_attributes={"plan": "pro"}
    )


async def test_each_statement_is_seen_once(caller: Caller, round_trips: RoundTrips) -> None:
    await operator_caller(caller.workspace_id)
    assert round_trips.taken() == ["SELECT", "SELECT"]


async def test_get(caller: Caller, round_trips: RoundTrips) -> None:
    made = await contacts.create_contact(caller, grace(1))
    round_trips.taken()
    await contacts.get_contact(caller, made.id)
    assert round_trips.taken() == ["SELECT"]


async def test_list_asks_for_the_total_on_its_first_page_alone(caller: Caller, round_trips: RoundTrips) -> None:
    await contacts.create_contact(caller, grace(1))
    round_trips.taken()
    page = await contacts.list_contacts(caller, ListContactsQuery(per_page="1"))
    assert round_trips.taken() == ["SELECT", "SELECT"]
    assert isinstance(page.pages.next, msgspec.Struct)
    await contacts.list_contacts(caller, ListContactsQuery(per_page="1", starting_after=page.pages.next.starting_after))
    assert round_trips.taken() == ["SELECT"]


async def test_a_search_that_an_index_serves_counts_while_it_looks(caller: Caller, round_trips: RoundTrips) -> None:
    await contacts.create_contact(caller, grace(1))
    round_trips.taken()
    for field, value in (("email", "grace@example.com"), ("custom_attributes.plan", "pro")):
        query = {"field": field, "operator": "=", "value": value}
        found = await search_contacts(caller, msgspec.json.encode({"query": query, "pagination": {"per_page": 1}}))
        assert (len(found.data), found.total_count, round_trips.taken()) == (1, 2, ["WITH", "SELECT"])


async def test_other_searches_find_who_and_then_their_rows(caller: Caller, round_trips: RoundTrips) -> None:
    await contacts.create_contact(caller, grace(1))
    round_trips.taken()
    query = {"field": "role", "operator": "=", "value": "user"}
    found = await search_contacts(caller, msgspec.json.encode({"query": query}))
    assert (found.total_count, round_trips.taken()) == (2, ["SELECT", "SELECT"])
    found = await search_contacts(caller, msgspec.json.encode({"query": query, "pagination": {"per_page": 1}}))
    assert (found.total_count, round_trips.taken()) == (2, ["SELECT", "SELECT", "SELECT"])
    assert isinstance(found.pages.next, msgspec.Struct)
    pagination = {"per_page": 1, "starting_after": found.pages.next.starting_after}
    found = await search_contacts(caller, msgspec.json.encode({"query": query, "pagination": pagination}))
    assert (len(found.data), found.total_count, round_trips.taken()) == (1, 2, ["SELECT", "SELECT"])


async def test_create_is_one_statement_with_its_event_and_count(caller: Caller, round_trips: RoundTrips) -> None:
    await contacts.create_contact(caller, grace(1))
    assert round_trips.taken() == ["WITH"]


async def test_update_reads_what_it_changes_and_writes_it_with_its_event(
    caller: Caller, round_trips: RoundTrips
) -> None:
    made = await contacts.create_contact(caller, grace(1))
    round_trips.taken()
    await contacts.update_contact(
        caller, made.id, UpdateContactRequest(name="Grace", custom_attributes={"plan": "free"})
    )
    assert round_trips.taken() == ["BEGIN", "SELECT", "WITH", "COMMIT"]


async def started(caller: Caller) -> str:
    """The id of a conversation that a contact began."""
    made = await create_conversation(caller, CreateConversationRequest(From("user", user_id="u-0"), body="My order"))
    return made.conversation_id


async def test_get_conversation_with_its_parts_is_one_statement(caller: Caller, round_trips: RoundTrips) -> None:
    conversation_id = await started(caller)
    round_trips.taken()
    await get_conversation(caller, conversation_id)
    assert round_trips.taken() == ["SELECT"]


async def test_a_conversation_is_begun_in_one_transaction(caller: Caller, round_trips: RoundTrips) -> None:
    """Its contact, who wrote; its ids, itself, what it looks like, its event; whether there are rules about it."""
    register_reactions()
    await started(caller)
    assert round_trips.taken() == [
        *("BEGIN", "SELECT", "UPDATE", "SELECT", "WITH", "SELECT", "INSERT", "SELECT", "COMMIT")
    ]


async def test_a_reply_is_written_in_one_transaction(caller: Caller, round_trips: RoundTrips) -> None:
    """Who writes, in what, to whom, who are told so; itself, what the conversation looks like then, its event."""
    conversation_id = await started(caller)
    author = await create_admin(caller, CreateAdminRequest(email="ada@example.com", name="Ada Example"))
    round_trips.taken()
    await reply(caller, conversation_id, ReplyRequest("comment", type="admin", admin_id=author.id, body="Here it is"))
    assert round_trips.taken() == [
        *("BEGIN", "SELECT", "SELECT", "SELECT", "UPDATE", "WITH", "SELECT", "INSERT", "COMMIT")
    ]


async def test_conversations_are_listed_in_one_statement_and_counted_on_the_first_page(
    caller: Caller, round_trips: RoundTrips
) -> None:
    for _ in range(2):
        await started(caller)
    round_trips.taken()
    page = await list_conversations(caller, ListConversationsQuery(per_page="1"))
    assert round_trips.taken() == ["SELECT", "SELECT"]
    assert isinstance(page.pages.next, msgspec.Struct)
    await list_conversations(caller, ListConversationsQuery("1", page.pages.next.starting_after))
    assert round_trips.taken() == ["SELECT"]


async def test_conversations_that_an_index_leads_to_are_counted_while_they_are_found(
    caller: Caller, round_trips: RoundTrips
) -> None:
    for _ in range(2):
        await started(caller)
    round_trips.taken()
    for query, sent in (
        ({"field": "source.body", "operator": "~", "value": "order"}, ["WITH", "SELECT"]),
        ({"field": "state", "operator": "=", "value": "open"}, ["SELECT", "SELECT", "SELECT"]),
    ):
        body = msgspec.json.encode({"query": query, "pagination": {"per_page": 1}})
        found = await search_conversations(caller, body)
        assert (len(found.conversations), found.total_count, round_trips.taken()) == (1, 2, sent)


async def test_a_ticket_is_made_in_one_transaction(caller: Caller, round_trips: RoundTrips) -> None:
    """Its type, its contact, who is held, itself, what it looks like; its number and its event come last."""
    kind = await create_ticket_type(caller, CreateTicketTypeRequest("Fault"))
    round_trips.taken()
    contact = TicketContact(external_id="u-0")
    await create_ticket(caller, CreateTicketRequest(kind.id, [contact], {"_default_title_": "Broken"}))
    assert round_trips.taken() == [
        *("BEGIN", "SELECT", "SELECT", "SELECT", "WITH", "SELECT", "WITH", "INSERT", "COMMIT")
    ]
    query = {"field": "admin_assignee_id", "operator": "=", "value": "0"}
    found = await search_tickets(caller, msgspec.json.encode({"query": query}))
    assert (found.total_count, len(round_trips.taken())) == (1, 2)


async def test_submitting_an_event_is_one_statement(caller: Caller, round_trips: RoundTrips) -> None:
    await submit_event(caller, CreateDataEventRequest(event_name="order", created_at=1_767_225_600, user_id="u-0"))
    assert round_trips.taken() == ["WITH"]


async def test_a_token_is_looked_up_by_one_statement(round_trips: RoundTrips) -> None:
    await look_up_token(b"", "127.0.0.1")
    assert round_trips.taken() == ["SELECT"]
