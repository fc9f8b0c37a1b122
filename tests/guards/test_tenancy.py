"""Workspaces cannot see, change, search, merge or guess one another's data: operation by operation.

What another workspace has is answered exactly like what nobody has. An operation without a request in
`requests.py` fails here, so that a new one cannot be forgotten.
"""

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from callbox.wire.operations import FILE_MEDIA_TYPE
from tests.conftest import RunningServer, new_workspace
from tests.guards.conftest import Database
from tests.guards.requests import OPERATIONS, REQUESTS, Place, Request
from tests.guards.tenants import AN_HOUR_AGO, Tenant

Json = dict[str, Any]
# Where ids are decimal numbers, another object may have the same one: they are compared by kind.
_KINDS = {
    "admin": "admins",
    "data_attribute": "data_attributes",
    "note": "notes",
    "subscription": "subscription_types",
    "tag": "tags",
    "team": "teams",
    "conversation": "conversations",
    "article": "articles",
    "collection": "collections",
    "help_center": "help_centers",
    "news-item": "news_items",
    "newsfeed": "newsfeeds",
    "ticket": "conversations",
    "ticket_part": "conversation_parts",
    "ticket_type": "ticket_types",
    "ticket_type_attribute": "ticket_type_attributes",
    "access_token": "access_tokens",
}
_KEYS = {
    "admin_id": "admin",
    "admin_ids": "admin",
    "owner_id": "admin",
    "team_ids": "team",
    "author_id": "admin",
    "parent_id": "collection",
    "parent_ids": "collection",
    "help_center_id": "help_center",
    "sender_id": "admin",
    "newsfeed_id": "newsfeed",
    "performed_by": "admin",
    "admin_assignee_id": "admin",
    "team_assignee_id": "team",
}


@dataclass
class Neighbours:
    """Two workspaces: `theirs` has one of everything, `ours` too, and asks for what is theirs."""

    theirs: Tenant
    ours: Tenant
    database: Database
    decimal_ids: dict[str, set[str]]

    def marks(self) -> set[str]:
        """What must never be read outside of their workspace: every text, every id that is long enough."""
        ids = self.database.ids_of(self.theirs.workspace_id)
        return {self.theirs.mark, self.theirs.workspace_id, *ids}


@contextmanager
def _two_tenants(server: RunningServer) -> Iterator[tuple[Tenant, Tenant]]:
    first, second = new_workspace(server), new_workspace(server)
    with first.api, second.api:
        yield Tenant(first), Tenant(second)


@pytest.fixture(scope="module")
def neighbours(guarded: RunningServer, database: Database) -> Iterator[Neighbours]:
    """Both furnished; nothing is ever removed from their workspace."""
    with _two_tenants(guarded) as (theirs, ours):
        theirs.furnish()
        ours.furnish()
        yield Neighbours(theirs, ours, database, _decimal_ids(theirs, database))


def _decimal_ids(theirs: Tenant, database: Database) -> dict[str, set[str]]:
    return {
        kind: {
            str(row["id"])
            for row in database.fetch(f"SELECT id FROM {table} WHERE workspace_id = $1", theirs.workspace_id)
        }
        for kind, table in _KINDS.items()
    }


def test_every_operation_has_a_request() -> None:
    assert set(REQUESTS) == set(OPERATIONS)


def test_every_kind_of_thing_with_decimal_ids_is_in_their_workspace(neighbours: Neighbours) -> None:
    assert {kind for kind, ids in neighbours.decimal_ids.items() if not ids} == set()


@pytest.mark.parametrize("key", OPERATIONS)
def test_nothing_of_another_workspace_is_seen_or_changed(key: str, neighbours: Neighbours) -> None:
    assert key in REQUESTS, "no request shows how this operation is used"
    their_requests, our_requests = REQUESTS[key](neighbours.theirs), REQUESTS[key](neighbours.ours)
    before = neighbours.database.state_of(neighbours.theirs.workspace_id)
    marks = neighbours.marks()
    for their, our in zip(their_requests, our_requests, strict=True):
        for place, value in _references(their, our):
            _check_guess(key, our, place, value, neighbours, marks)
        answer = our.send(key, neighbours.ours.api)
        assert answer.is_success, f"the request itself is wrong: {answer.text}"
        _check_answer(our, answer, neighbours, marks)
        if their != our:
            _check_answer(their, their.send(key, neighbours.ours.api), neighbours, marks)
    assert neighbours.database.state_of(neighbours.theirs.workspace_id) == before


def _references(their: Request, our: Request) -> Iterator[tuple[Place, Any]]:
    """Where their request names something, and what."""
    ours = dict(our.places())
    for place, value in their.places():
        if ours[place] != value:
            yield place, value


def _check_guess(key: str, our: Request, place: Place, value: Any, neighbours: Neighbours, marks: set[str]) -> None:
    """One thing of theirs in our request: refused, or nothing found, as if nobody had it."""
    tried, unknown = our.with_value(place, value), our.with_value(place, _unknown_like(value))
    answer = tried.send(key, neighbours.ours.api)
    assert answer.status_code < 500
    assert answer.status_code >= 400 or _is_empty(answer.json()), f"{place} {value}: {answer.text}"
    if place[0] == "path":
        assert answer.status_code == 404, answer.text
    _check_answer(tried, answer, neighbours, marks)
    nobody = unknown.send(key, neighbours.ours.api)
    assert nobody.status_code == answer.status_code
    assert _without(nobody, _unknown_like(value)) == _without(answer, value)


def _unknown_like(value: Any) -> Any:
    """A value of the same form that nobody has."""
    if isinstance(value, int):
        return 900_000_000_000_001
    for form, unknown in (
        (r"\d+", "900000000000001"),
        (r"[0-9a-f]{24}", "667d60998a68186f43bafda1"),
        (r"[0-9a-f-]{36}", "00000000-0000-4000-8000-000000000000"),
        (r".*@.*", "nobody@example.com"),
        (r"custom_attributes\..*", "custom_attributes.nothing"),
    ):
        if re.fullmatch(form, value):
            return unknown
    return "nobody"


def _without(answer: httpx.Response, value: Any) -> Json:
    """An answer without what is different in each: its id, and the value where a text repeats it."""
    return {key: _masked(item, str(value)) for key, item in answer.json().items() if key != "request_id"}


def _masked(item: Any, value: str) -> Any:
    if isinstance(item, dict):
        return {key: _masked(each, value) for key, each in item.items()}
    if isinstance(item, list):
        return [_masked(each, value) for each in item]
    return item.replace(value, "…") if isinstance(item, str) else item


def _is_empty(body: Any) -> bool:
    """A list or search without a result."""
    values = {**body, **body["data"]} if isinstance(body.get("data"), dict) else body
    lists = [value for value in values.values() if isinstance(value, list)]
    return bool(lists) and not any(lists) and not body.get("total_count")


def _check_answer(sent: Request, answer: httpx.Response, neighbours: Neighbours, marks: set[str]) -> None:
    """Nothing of theirs is in it but what was sent."""
    known = json.dumps([sent.path, sent.query, sent.body])
    is_file = answer.headers["content-type"] == FILE_MEDIA_TYPE
    text = gzip.decompress(answer.content).decode() if is_file else answer.text
    assert [mark for mark in marks if mark in text and mark not in known] == []
    if not answer.is_success or not answer.content or is_file:
        return
    sent_values = {str(value) for _, value in sent.places()}
    for kind, id_ in _typed_ids(answer.json()):
        assert id_ in sent_values or id_ not in neighbours.decimal_ids.get(kind, ()), f"their {kind} {id_}"


def _typed_ids(value: Any) -> Iterator[tuple[str, str]]:
    """Every id in an answer, with the kind of thing that it is of."""
    if isinstance(value, list):
        for item in value:
            yield from _typed_ids(item)
    if isinstance(value, dict):
        if "type" in value and "id" in value:
            yield str(value["type"]), str(value["id"])
        for key, item in value.items():
            for id_ in item if isinstance(item, list) else [item]:
                if key in _KEYS and isinstance(id_, str | int):
                    yield _KEYS[key], str(id_)
            yield from _typed_ids(item)


# The same keys of two customers


def _with_the_customers_keys(tenant: Tenant) -> dict[str, str]:
    """Things whose keys the customer chooses; answers their ids."""
    body = {"external_id": "same-key", "email": "same@example.com"}
    user = tenant.post("/contacts", {"role": "user", **body})
    by_email_alone = tenant.post("/contacts", {"email": "only@example.com"})
    company = tenant.post("/companies", {"company_id": "same-key", "name": "Same", "plan": "Same"})
    attribute = tenant.post("/data_attributes", {"name": "same key", "model": "contact", "data_type": "string"})
    tenant.post("/events", {"event_name": "same", "created_at": AN_HOUR_AGO, "user_id": "same-key"})
    tenant.post("/manage/v1/teams", {"name": "Same"})
    tenant.post("/manage/v1/segments", {"name": "Same", "person_type": "user", "predicate": _BY_KEY})
    return {
        "user": user["id"],
        "by_email_alone": by_email_alone["id"],
        "company": company["id"],
        "attribute": str(attribute["id"]),
        "tag": tenant.tag("same")["id"],
        "admin": tenant.post("/manage/v1/admins", {"name": "Same", "email": "same@example.com"})["id"],
    }


_BY_KEY = {"field": "external_id", "operator": "=", "value": "same-key"}


def test_the_same_keys_of_two_customers_do_not_collide(guarded: RunningServer, database: Database) -> None:
    with _two_tenants(guarded) as (first, second):
        ids = _with_the_customers_keys(first)
        before = database.state_of(first.workspace_id)
        ours = _with_the_customers_keys(second)
        assert [kind for kind, id_ in ids.items() if ours[kind] == id_] == []
        found = second.post("/contacts/search", {"query": _BY_KEY})
        assert [each["id"] for each in found["data"]] == [ours["user"]]
        assert second.call("GET", "/companies", params={"company_id": "same-key"})["id"] == ours["company"]
        conflict = second.api.post("/contacts", json={"email": "only@example.com"})
        assert conflict.status_code == 409
        assert conflict.json()["errors"][0]["message"].endswith(f"id={ours['by_email_alone']}")
        assert database.state_of(first.workspace_id) == before


def test_keys_of_repeated_requests_are_each_workspaces_own(neighbours: Neighbours) -> None:
    headers = {"Idempotency-Key": "the same in both"}
    made = [
        tenant.call("POST", "/contacts", json={"role": "lead"}, headers=headers)["id"]
        for tenant in (neighbours.theirs, neighbours.ours, neighbours.theirs)
    ]
    assert made[0] == made[2]
    assert made[1] != made[0]


def test_what_names_anothers_tag_finds_nobody_and_keeps_nothing(neighbours: Neighbours) -> None:
    """A predicate may name any tag; one of another workspace is a tag that nobody has."""
    theirs, ours = neighbours.theirs, neighbours.ours
    tag_id = theirs.tagged_user()[1]["id"]
    segment = ours.segment({"field": "tag_id", "operator": "=", "value": tag_id})
    assert ours.post(f"/manage/v1/segments/{segment['id']}/compute", {})["count"] == 0
    assert theirs.call("DELETE", f"/tags/{tag_id}") is None
