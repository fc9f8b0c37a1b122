"""What is asked about conversations and tickets."""

import random

import msgspec

from benchmarks.inbox import data, texts
from benchmarks.inbox.data import Size, Slice, Staff
from benchmarks.measuring import Bound, Call, Operation

READ_GOAL = 0.50
WRITE_GOAL = 0.40
SEARCH_GOAL = 3.0
_GET = "get conversation"
# Of the newest conversations, those that a search for recent ones finds.
_RECENT = 3_000


def operations(size: Size, staff: Staff, among: Slice) -> list[Operation]:
    """The operations on what is loaded, reads first: writes leave work behind that would disturb them."""
    chance = random.Random(5)

    def some() -> int:
        return chance.choice(among.conversations)

    def get(_: int) -> Call:
        conversation_id = data.conversation_id(some())
        return Call("GET", f"/conversations/{conversation_id}", f"/get_conversation/{conversation_id}")

    def by_state(_: int) -> Call:
        since = data.changed_at(size, size.conversations - _RECENT)
        query = _all_of(
            ("state", "=", "open"),
            ("admin_assignee_id", "=", data.admin_of(staff, some())),
            ("updated_at", ">", int(since.timestamp())),
        )
        return Call("POST", "/conversations/search", "/search_state/", query)

    def by_order(_: int) -> Call:
        return _by_word(texts.order(some()))

    def by_product(_: int) -> Call:
        return _by_word(texts.product(some()))

    def of_teammate(_: int) -> Call:
        query = _all_of(("state", "=", "in_progress"), ("admin_assignee_id", "=", str(data.admin_of(staff, some()))))
        return Call("POST", "/tickets/search", "/search_tickets/", query)

    def reply(number: int) -> Call:
        conversation_id = data.conversation_id(some())
        body = {
            "message_type": "comment",
            "type": "admin",
            "admin_id": str(chance.choice(staff.admins)),
            "body": f"<p>Thank you for writing. Your number is {number}.</p>",
        }
        path = f"/conversations/{conversation_id}/reply"
        return Call("POST", path, f"/reply/{conversation_id}", msgspec.json.encode(body))

    def create(_: int) -> Call:
        number = some()
        body = {"from": {"type": "user", "id": data.contact_of(size, number)}, "body": texts.question(number)}
        return Call("POST", "/conversations", "/create_conversation/", msgspec.json.encode(body))

    def create_ticket(_: int) -> Call:
        number = some()
        body = {
            "ticket_type_id": str(staff.ticket_type),
            "contacts": [{"id": data.contact_of(size, number)}],
            "ticket_attributes": {
                "_default_title_": texts.ticket_title(number),
                "_default_description_": texts.question(number),
            },
        }
        return Call("POST", "/tickets", "/create_ticket/", msgspec.json.encode(body))

    search = Bound(_GET, SEARCH_GOAL)
    return [
        Operation(_GET, False, get, READ_GOAL),
        Operation("list 20 conversations", False, _list, READ_GOAL),
        Operation("search conversations by state, assignee, time", False, by_state, READ_GOAL, search),
        Operation("search conversations by a rare word", False, by_order, READ_GOAL, search),
        Operation("search conversations by a common word", False, by_product, READ_GOAL, search),
        Operation("search tickets by state, assignee", False, of_teammate, READ_GOAL, search),
        Operation("reply to conversation as admin", True, reply, WRITE_GOAL),
        Operation("create conversation", True, create, WRITE_GOAL),
        Operation("create ticket", True, create_ticket, WRITE_GOAL),
    ]


def _list(_: int) -> Call:
    return Call("GET", "/conversations", "/list_conversations/")


def _all_of(*filters: tuple[str, str, object]) -> bytes:
    items = [{"field": field, "operator": operator, "value": value} for field, operator, value in filters]
    return msgspec.json.encode({"query": {"operator": "AND", "value": items}})


def _by_word(word: str) -> Call:
    query = {"field": "source.body", "operator": "~", "value": word}
    return Call("POST", "/conversations/search", "/search_word/", msgspec.json.encode({"query": query}))
