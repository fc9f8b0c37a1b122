"""Callbox as one of those that are measured."""

import random
from collections.abc import Sequence

from benchmarks.dataset import Dataset
from benchmarks.inbox import data as inbox
from benchmarks.inbox import texts
from benchmarks.measuring import Call
from benchmarks.peers.works import CREATE, LIST, PER_PAGE, READ, READ_CONTACT, REPLY, SEARCH, Way, get, post
from benchmarks.people import data as people


def ways(dataset: Dataset) -> Sequence[Way]:
    """How Callbox does the works on a data set."""
    chance = random.Random(17)
    size, staff = dataset.size, dataset.staff

    def some() -> int:
        return chance.randrange(dataset.conversations)

    def create(number: int) -> Call:
        attributes = {"_default_title_": texts.ticket_title(number), "_default_description_": texts.question(number)}
        contact = {"id": inbox.contact_of(size, some())}
        return post("/tickets", ticket_type_id=str(staff.ticket_type), contacts=[contact], ticket_attributes=attributes)

    def reply(number: int) -> Call:
        return post(
            f"/conversations/{inbox.conversation_id(some())}/reply",
            message_type="comment",
            type="admin",
            admin_id=str(chance.choice(staff.admins)),
            body=texts.said(texts.ANSWERS, number),
        )

    return [
        Way(READ, lambda _: get(f"/conversations/{inbox.conversation_id(some())}"), "GET /conversations/{id}"),
        Way(READ_CONTACT, lambda _: get(f"/contacts/{people.contact_id(some())}"), "GET /contacts/{id}"),
        Way(LIST, lambda _: get(f"/conversations?per_page={PER_PAGE}"), "GET /conversations"),
        Way(SEARCH, lambda number: search(texts.product(number)), "POST /conversations/search"),
        Way(REPLY, reply, "POST /conversations/{id}/reply"),
        Way(CREATE, create, "POST /tickets"),
    ]


def search(word: str) -> Call:
    """Conversations that begin with a text that has this word."""
    query = {"operator": "AND", "value": [{"field": "source.body", "operator": "~", "value": word}]}
    return post("/conversations/search", query=query, pagination={"per_page": PER_PAGE})
