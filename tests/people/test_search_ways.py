"""Searches that an index serves and others go to the database in two ways; nobody may see which."""

import secrets
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import RunningServer, new_workspace
from tests.people.tools import Json, body_of

PEOPLE: list[Json] = [
    {"name": "Ada", "last_seen_at": 1_700_000_000},
    {"name": "Bea", "last_seen_at": 1_600_000_000},
    {"name": None, "last_seen_at": 1_650_000_000},
    {"name": "Cleo"},
    {"name": "Ada", "last_seen_at": 1_690_000_000},
]
# The same five contacts: by an index, by one under AND, by indexes under OR, and without one.
IN_GROUP: Json = {"field": "custom_attributes.group", "operator": "=", "value": "Chosen"}
QUERIES: dict[str, Json] = {
    "indexed": IN_GROUP,
    "indexed and more": {
        "operator": "AND",
        "value": [{"field": "role", "operator": "=", "value": "user"}, IN_GROUP],
    },
    "indexed either": {
        "operator": "OR",
        "value": [IN_GROUP, {"field": "email", "operator": "=", "value": "nobody@example.com"}],
    },
    "not indexed": {"field": "custom_attributes.group", "operator": "^", "value": "chos"},
    "indexed or not": {
        "operator": "OR",
        "value": [IN_GROUP, {"field": "name", "operator": "=", "value": "Nobody"}],
    },
}


@pytest.fixture(scope="module")
def api(server: RunningServer) -> Iterator[httpx.Client]:
    """A workspace with five contacts of one group, and one of another."""
    workspace = new_workspace(server)
    with workspace.api as api:
        body_of(api.post("/data_attributes", json={"name": "group", "model": "contact", "data_type": "string"}))
        for person in PEOPLE:
            body_of(
                api.post(
                    "/contacts",
                    json={
                        **person,
                        "role": "user",
                        "external_id": secrets.token_hex(8),
                        "custom_attributes": {"group": "Chosen"},
                    },
                )
            )
        other = {"role": "user", "external_id": "other", "name": "Other", "custom_attributes": {"group": "other"}}
        body_of(api.post("/contacts", json=other))
        yield api


def pages(api: httpx.Client, query: Json, sort: Json, per_page: int) -> list[Json]:
    found = []
    pagination: Json = {"per_page": per_page}
    while True:
        page = body_of(api.post("/contacts/search", json={"query": query, "sort": sort, "pagination": pagination}))
        found.append(page)
        if "next" not in page["pages"]:
            return found
        pagination = page["pages"]["next"]


@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("field", ["name", "last_seen_at", "updated_at", "id", "email"])
@pytest.mark.parametrize("name", QUERIES)
def test_pages_are_parts_of_one_order(api: httpx.Client, name: str, field: str, order: str) -> None:
    sort = {"field": field, "order": order}
    whole = pages(api, QUERIES[name], sort, 50)
    parts = pages(api, QUERIES[name], sort, 2)
    assert [len(page["data"]) for page in parts] == [2, 2, 1]
    assert {page["total_count"] for page in [*whole, *parts]} == {5}
    assert [contact for page in parts for contact in page["data"]] == whole[0]["data"]
    known = [contact[field] for contact in whole[0]["data"] if contact[field] is not None]
    assert known == sorted(known, reverse=order == "descending")


def test_both_ways_find_the_same(api: httpx.Client) -> None:
    sort = {"field": "name", "order": "ascending"}
    first, *others = [pages(api, query, sort, 50) for query in QUERIES.values()]
    for other in others:
        assert other[0]["data"] == first[0]["data"]


def test_nothing_found_is_an_empty_page(api: httpx.Client) -> None:
    nobody = {"field": "custom_attributes.group", "operator": "=", "value": "nobody"}
    [page] = pages(api, nobody, {"field": "name", "order": "ascending"}, 50)
    assert (page["data"], page["total_count"], page["pages"]["total_pages"]) == ([], 0, 0)
