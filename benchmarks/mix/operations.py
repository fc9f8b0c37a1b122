"""What is asked how often: 60 % reads, 25 % searches, 15 % writes. Any contact and any conversation is as likely."""

import random
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple
from urllib.parse import urlencode

import httpx
import msgspec

from benchmarks.dataset import Dataset
from benchmarks.inbox import data as inbox
from benchmarks.inbox import operations as inbox_operations
from benchmarks.measuring import Call
from benchmarks.people import data as people
from benchmarks.people import operations as people_operations

Class = Literal["read", "search", "write"]
CLASSES: tuple[Class, ...] = ("read", "search", "write")


class Part(NamedTuple):
    """One operation of the mix; `weight` is its percentage of all requests."""

    kind: Class
    weight: float
    name: str
    call: Callable[[int], Call]


def mix(dataset: Dataset, api: httpx.Client) -> list[Part]:
    """The mix on a data set. The API is asked for the cursor of a far page."""
    deep = people_operations.deep_page(api, dataset.contacts)
    size = dataset.size
    known = {
        operation.name: operation.call
        for operation in (
            *people_operations.operations(dataset.contacts, deep),
            *inbox_operations.operations(size, dataset.staff, size.newest(1)),
        )
    }
    calls = {**known, **_Calls(dataset).by_name()}
    far = f"list {people_operations.PER_PAGE} contacts, page {deep.number:,}"
    return [Part(kind, weight, name or far, calls[name or far]) for kind, weight, name in _TABLE]


def draw(parts: Sequence[Part], count: int, chance: random.Random) -> list[tuple[int, Call]]:
    """So many calls, each with the place of its part."""
    places = chance.choices(range(len(parts)), [part.weight for part in parts], k=count)
    return [(place, parts[place].call(number)) for number, place in enumerate(places)]


# The far page's name tells which it is.
_FAR_PAGE = ""
_TABLE: tuple[tuple[Class, float, str], ...] = (
    ("read", 15, "get contact"),
    ("read", 18, "get conversation"),
    ("read", 6, "list 20 conversations"),
    ("read", 3, "list 50 contacts, first page"),
    ("read", 1, _FAR_PAGE),
    ("read", 4, "get ticket"),
    ("read", 3, "get company"),
    ("read", 2, "list companies of contact"),
    ("read", 2, "list tags of contact"),
    ("read", 2, "list notes of contact"),
    ("read", 1, "list contacts of company"),
    ("read", 1, "list events of contact"),
    ("read", 2, "identify the admin"),
    ("search", 8, "search contacts by e-mail"),
    ("search", 2, "search contacts by two attributes"),
    ("search", 1, "search contacts by a part of the name"),
    ("search", 1, "search contacts by time of creation"),
    ("search", 4, "search conversations by state, assignee, time"),
    ("search", 4, "search conversations of contact"),
    ("search", 2, "search conversations by a rare word"),
    ("search", 1, "search conversations by a common word"),
    ("search", 2, "search tickets by state, assignee"),
    ("write", 3, "reply to conversation as admin"),
    ("write", 2, "reply to conversation as contact"),
    ("write", 1, "write a note in conversation"),
    ("write", 1.5, "create conversation"),
    ("write", 0.5, "close conversation"),
    ("write", 0.5, "assign conversation"),
    ("write", 0.5, "tag conversation"),
    ("write", 0.5, "mark conversation as read"),
    ("write", 2, "update contact"),
    ("write", 1, "create contact"),
    ("write", 1.5, "submit event of contact"),
    ("write", 0.5, "create ticket"),
    ("write", 0.5, "update ticket"),
)


class _Calls:
    """What the mix asks for beside the operations that are measured one by one."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._size = dataset.size
        self._chance = random.Random(7)

    def by_name(self) -> dict[str, Callable[[int], Call]]:
        """Each by its name in the mix."""
        return {
            "get ticket": lambda _: _get(f"/tickets/{self._ticket_id()}"),
            "get company": lambda _: _get(f"/companies/{self._company_id()}"),
            "list companies of contact": lambda _: _get(f"/contacts/{self._contact_id()}/companies"),
            "list tags of contact": lambda _: _get(f"/contacts/{self._contact_id()}/tags"),
            "list notes of contact": lambda _: _get(f"/contacts/{self._contact_id()}/notes"),
            "list contacts of company": lambda _: _get(f"/companies/{self._company_id()}/contacts"),
            "list events of contact": self._events,
            "identify the admin": lambda _: _get("/me"),
            "search contacts by a part of the name": self._by_name,
            "search contacts by time of creation": self._created_lately,
            "search conversations of contact": self._of_contact,
            "reply to conversation as contact": self._reply_as_contact,
            "write a note in conversation": self._note,
            "close conversation": lambda _: self._manage("close"),
            "assign conversation": lambda _: self._manage("assignment", assignee_id=str(self._admin_id())),
            "tag conversation": self._tag,
            "mark conversation as read": self._mark_as_read,
            "update ticket": self._update_ticket,
        }

    def _contact_number(self) -> int:
        return self._chance.randrange(self._dataset.contacts)

    def _contact_id(self) -> str:
        return people.contact_id(self._contact_number())

    def _company_id(self) -> str:
        return people.company_id(self._chance.randrange(self._dataset.companies))

    def _conversation(self) -> int:
        return self._chance.randrange(self._size.conversations)

    def _ticket_id(self) -> int:
        return inbox.conversation_id(self._size.conversations + self._chance.randrange(self._size.tickets))

    def _admin_id(self) -> int:
        return self._chance.choice(self._dataset.staff.admins)

    def _events(self, _: int) -> Call:
        return _get(f"/events?{urlencode({'type': 'user', 'user_id': people.external_id(self._contact_number())})}")

    def _by_name(self, _: int) -> Call:
        words = f"{self._chance.choice(people.NOUNS)} {self._chance.randrange(100, 1000)}"
        return _search("contacts", "name", "~", words)

    def _created_lately(self, _: int) -> Call:
        newest = people.created_at(self._dataset.contacts - 1 - self._chance.randrange(100))
        return _search("contacts", "created_at", ">", int(newest.timestamp()))

    def _of_contact(self, _: int) -> Call:
        return _search("conversations", "contact_ids", "=", inbox.contact_of(self._size, self._conversation()))

    def _reply_as_contact(self, _: int) -> Call:
        number = self._conversation()
        contact_id = inbox.contact_of(self._size, number)
        return _post(
            f"/conversations/{inbox.conversation_id(number)}/reply",
            message_type="comment",
            type="user",
            intercom_user_id=contact_id,
            body="Thank you, I will try that.",
        )

    def _note(self, _: int) -> Call:
        return _post(
            f"/conversations/{inbox.conversation_id(self._conversation())}/reply",
            message_type="note",
            type="admin",
            admin_id=str(self._admin_id()),
            body="<p>Asked the warehouse once more.</p>",
        )

    def _manage(self, what: str, **more: str) -> Call:
        path = f"/conversations/{inbox.conversation_id(self._conversation())}/parts"
        return _post(path, message_type=what, type="admin", admin_id=str(self._admin_id()), **more)

    def _tag(self, number: int) -> Call:
        path = f"/conversations/{inbox.conversation_id(self._conversation())}/tags"
        return _post(path, id=str(1 + number % people.TAGS), admin_id=str(self._admin_id()))

    def _mark_as_read(self, _: int) -> Call:
        path = f"/conversations/{inbox.conversation_id(self._conversation())}"
        return Call("PUT", path, "", msgspec.json.encode({"read": True}))

    def _update_ticket(self, number: int) -> Call:
        change = {"ticket_attributes": {"_default_title_": f"Seen by colleague {number}"}, "state": "in_progress"}
        return Call("PUT", f"/tickets/{self._ticket_id()}", "", msgspec.json.encode(change))


def _get(path: str) -> Call:
    return Call("GET", path, "")


def _post(path: str, **body: object) -> Call:
    return Call("POST", path, "", msgspec.json.encode(body))


def _search(what: str, field: str, operator: str, value: object) -> Call:
    return _post(f"/{what}/search", query={"field": field, "operator": operator, "value": value})
