"""What is asked about contacts."""

import random
import time
from itertools import count
from typing import NamedTuple

import httpx
import msgspec

from benchmarks.measuring import Bound, Call, Operation
from benchmarks.people import data

READ_GOAL = 0.60
WRITE_GOAL = 0.50
DEEP_PAGE_GOAL = 1.2
SEARCH_GOAL = 2.0
PER_PAGE = 50
DEEP_PAGE = 1000
_LARGEST_PER_PAGE = 150
_A_MONTH = 30 * 86_400
_GET = "get contact"
_FIRST_PAGE = f"list {PER_PAGE} contacts, first page"


class DeepPage(NamedTuple):
    """Where a page far from the first begins, for Callbox and for the baseline."""

    number: int
    cursor: str
    last_id: str


def deep_page(api: httpx.Client, contacts: int) -> DeepPage:
    """Walk to the page that is measured."""
    number = min(DEEP_PAGE, contacts // PER_PAGE)
    before = (number - 1) * PER_PAGE
    cursor = ""
    for start in range(0, before, _LARGEST_PER_PAGE):
        size = min(_LARGEST_PER_PAGE, before - start)
        parameters = {"per_page": str(size)} | ({"starting_after": cursor} if cursor else {})
        page = api.get("/contacts", params=parameters).json()
        cursor = page["pages"]["next"]["starting_after"]
    return DeepPage(number, cursor, page["data"][-1]["id"])


def operations(contacts: int, deep: DeepPage) -> list[Operation]:
    """The operations, reads first: writes leave work behind that would disturb them."""
    chance = random.Random(3)
    # Numbers that no earlier run has taken, should it have been on the same data.
    fresh = count(time.time_ns() // 1_000_000)
    moments = count(int(time.time()) - _A_MONTH)

    def some() -> int:
        return chance.randrange(contacts)

    def get(_: int) -> Call:
        contact_id = data.contact_id(some())
        return Call("GET", f"/contacts/{contact_id}", f"/get/{contact_id}")

    def further_page(_: int) -> Call:
        path = f"/contacts?per_page={PER_PAGE}&starting_after={deep.cursor}"
        return Call("GET", path, f"/list_after/{deep.last_id}")

    def by_email(_: int) -> Call:
        query = {"field": "email", "operator": "=", "value": data.email(some())}
        return Call("POST", "/contacts/search", "/search_email/", msgspec.json.encode({"query": query}))

    def by_attributes(_: int) -> Call:
        number = some()
        filters = [
            {"field": "custom_attributes.shop", "operator": "=", "value": data.shop(number)},
            {"field": "custom_attributes.plan", "operator": "=", "value": data.plan(number)},
        ]
        body = msgspec.json.encode({"query": {"operator": "AND", "value": filters}})
        return Call("POST", "/contacts/search", "/search_attributes/", body)

    def create(_: int) -> Call:
        number = contacts + next(fresh)
        contact = {
            "role": "user",
            "external_id": data.external_id(number),
            "email": data.email(number),
            "name": f"New Contact {number % 1000}",
            "custom_attributes": {"plan": data.plan(number), "shop": data.shop(number), "seats": number % 500},
        }
        return Call("POST", "/contacts", "/create/", msgspec.json.encode(contact))

    def update(_: int) -> Call:
        number = some()
        change = {"name": f"Renamed Contact {next(fresh) % 1000}", "custom_attributes": {"seats": number % 500}}
        contact_id = data.contact_id(number)
        return Call("PUT", f"/contacts/{contact_id}", f"/update/{contact_id}", msgspec.json.encode(change))

    def submit_event(_: int) -> Call:
        event = {
            "event_name": "opened-page",
            "created_at": next(moments),
            "user_id": data.external_id(some()),
            "metadata": {"page": "/prices", "seconds": 12},
        }
        return Call("POST", "/events", "/event/", msgspec.json.encode(event))

    search = Bound(_GET, SEARCH_GOAL)
    return [
        Operation(_GET, False, get, READ_GOAL),
        Operation(_FIRST_PAGE, False, lambda _: Call("GET", "/contacts", "/list/"), READ_GOAL),
        Operation(
            f"list {PER_PAGE} contacts, page {deep.number:,}",
            False,
            further_page,
            READ_GOAL,
            Bound(_FIRST_PAGE, DEEP_PAGE_GOAL),
        ),
        Operation("search contacts by e-mail", False, by_email, READ_GOAL, search),
        Operation("search contacts by two attributes", False, by_attributes, READ_GOAL, search),
        Operation("create contact", True, create, WRITE_GOAL),
        Operation("update contact", True, update, WRITE_GOAL),
        Operation("submit event of contact", True, submit_event, WRITE_GOAL),
    ]
