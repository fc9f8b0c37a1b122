"""Predicates of every type and operator: a segment has whom the search finds, and companies alike."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, new_workspace
from tests.contract.world import World
from tests.people.tools import body_of, set_clock

Json = dict[str, Any]

DAY = 86_400
NOW = 1_750_000_000 // DAY * DAY + DAY // 2
ATTRIBUTES = {"plan": "string", "seats": "integer", "score": "float", "vip": "boolean", "renewal": "date"}


@pytest.fixture(scope="module")
def populated(server: RunningServer) -> Iterator[World]:
    """People and companies that differ in every kind of field, and one of each without any."""
    workspace = new_workspace(server)
    world = World(workspace.api)
    set_clock(workspace.api, NOW)
    for model in ("contact", "company"):
        for name, kind in ATTRIBUTES.items():
            world.attribute(name=f"{name} {model}", model=model, data_type=kind)
    for number, name in enumerate(("Ann", "Ben", "Cleo", "dan")):
        known: Json = {
            "name": name,
            "signed_up_at": NOW - number * DAY,
            "unsubscribed_from_emails": number % 2 == 0,
            "owner_id": world.admin_id() if number < 2 else None,
        }
        user = world.user(**known, custom_attributes=_attributes("contact", number))
        company = world.company(
            company_id=f"{name}'s",
            name=f"{name} & Co",
            plan=("Gold", "Silver")[number % 2],
            size=number,
            monthly_spend=number * 10,
            remote_created_at=NOW - number * DAY,
            custom_attributes=_attributes("company", number),
        )
        if number < 2:
            world.post("/tags", {"name": "VIP", "users": [{"id": user["id"]}], "companies": [{"id": company["id"]}]})
    world.post("/contacts", {"email": "nobody@example.com"})
    world.lead(name="Ann")
    world.company(company_id="nobody", name=None)
    yield world
    workspace.api.close()


def _attributes(model: str, number: int) -> Json:
    values = ("Pro", "free", "PRO", "Trial")[number], number, number + 0.5, number < 2, NOW - number * DAY
    return {f"{name} {model}": value for name, value in zip(ATTRIBUTES, values, strict=True)}


TEXTS: list[tuple[str, Any]] = [
    *(("=", "ann"), ("=", None), ("!=", "Ann"), ("!=", None), ("IN", ["Ann", "BEN"]), ("NIN", ["Ann", None])),
    *(("~", "N"), ("!~", "n"), ("^", "be"), ("$", "EO")),
]
NUMBERS: list[tuple[str, Any]] = [
    *(("=", 1), ("=", None), ("!=", 1), ("!=", None), ("IN", [1, 2]), ("NIN", [1, 2])),
    *((">", 1), ("<", 2), (">=", 1), ("<=", "2")),
]
BOOLEANS: list[tuple[str, Any]] = [("=", True), ("=", "false"), ("!=", True), ("IN", [True]), ("NIN", [True])]
DAYS: list[tuple[str, Any]] = [("=", NOW - DAY), (">", NOW - 2 * DAY), ("<", str(NOW - DAY)), ("=", None)]
LOOKING_BACK: list[tuple[str, Any]] = [("=", {"days_ago": 1}), (">", {"days_ago": 2}), ("<", {"days_ago": 1})]


def of(field: str, comparisons: list[tuple[str, Any]]) -> list[Json]:
    return [{"field": field, "operator": operator, "value": value} for operator, value in comparisons]


PEOPLE = [
    *of("name", TEXTS),
    *of("email_domain", [("=", "Example.com")]),
    *of("role", [("=", "lead"), ("=", "user")]),
    *of("owner_id", [("=", None), ("!=", None), (">", 0)]),
    *of("unsubscribed_from_emails", BOOLEANS),
    *of("signed_up_at", DAYS),
    *of("custom_attributes.plan contact", [("=", "pro"), ("!=", "Pro"), ("IN", ["pro", None]), ("~", "R")]),
    *of("custom_attributes.seats contact", NUMBERS),
    *of("custom_attributes.score contact", [("=", 1.5), (">", 1.5), ("<=", 1.5)]),
    *of("custom_attributes.vip contact", BOOLEANS),
    *of("custom_attributes.renewal contact", DAYS),
    {
        "operator": "OR",
        "value": [
            {"operator": "AND", "value": of("name", [("~", "n"), ("!=", "Ann")])},
            {"operator": "and", "value": of("owner_id", [("!=", None)])},
        ],
    },
]


def name_of(predicate: Json) -> str:
    return f"{predicate.get('field', 'group')} {predicate['operator']} {predicate['value']}"[:60]


def members_of(api: httpx.Client, segment: Json, path: str, list_of: list[Json]) -> set[str]:
    """Who of the listed is in a segment just computed; it has to count as many."""
    computed = body_of(api.post(f"/manage/v1/segments/{segment['id']}/compute"))
    assert computed["error"] is None
    found = {
        each["id"]
        for each in list_of
        if segment["id"] in [shown["id"] for shown in body_of(api.get(f"{path}/{each['id']}/segments"))["data"]]
    }
    assert computed["count"] == len(found)
    return found


@pytest.mark.parametrize("predicate", PEOPLE, ids=name_of)
def test_segment_has_the_users_whom_the_search_finds(populated: World, predicate: Json) -> None:
    api = populated.api
    everybody = body_of(api.get("/contacts"))["data"]
    found = {
        each["id"]
        for each in body_of(api.post("/contacts/search", json={"query": predicate}))["data"]
        if each["role"] == "user"
    }
    segment = populated.segment(predicate)
    assert members_of(api, segment, "/contacts", everybody) == found
    api.delete(f"/manage/v1/segments/{segment['id']}")


ALL = {"Ann", "Ben", "Cleo", "dan"}
COMPANIES: list[tuple[Json, set[str]]] = [
    *zip(
        of("name", [("=", "ann & co"), ("!=", "Ann & Co"), ("IN", ["ben & co"]), ("~", "N"), ("^", "cl"), ("$", "CO")]),
        ({"Ann"}, {"Ben", "Cleo", "dan", ""}, {"Ben"}, {"Ann", "Ben", "dan", ""}, {"Cleo"}, ALL),
        strict=True,
    ),
    *zip(of("company_id", [("=", "ann's"), ("!~", "'s")]), ({"Ann"}, {""}), strict=True),
    *zip(
        of("plan", [("=", "gold"), ("!=", "Gold"), ("=", None), ("IN", ["Gold", "Silver"])]),
        ({"Ann", "Cleo"}, {"Ben", "dan", ""}, {""}, ALL),
        strict=True,
    ),
    *zip(
        of("size", NUMBERS),
        (
            *({"Ben"}, {""}, {"Ann", "Cleo", "dan", ""}, ALL, {"Ben", "Cleo"}, {"Ann", "dan", ""}),
            *({"Cleo", "dan"}, {"Ann", "Ben"}, {"Ben", "Cleo", "dan"}, {"Ann", "Ben", "Cleo"}),
        ),
        strict=True,
    ),
    *zip(of("monthly_spend", [(">", 10), ("=", 0)]), ({"Cleo", "dan"}, {"Ann", ""}), strict=True),
    *zip(of("user_count", [("=", 0), (">", 0)]), (ALL | {""}, set()), strict=True),
    *zip(
        of("remote_created_at", [*DAYS[:3], *LOOKING_BACK]),
        ({"Ben"}, {"Ann", "Ben", ""}, {"Cleo", "dan"}, {"Ben"}, {"Ann", "Ben", ""}, {"Cleo", "dan"}),
        strict=True,
    ),
    *zip(of("custom_attributes.plan company", [("=", "PRO"), ("=", None)]), ({"Ann", "Cleo"}, {""}), strict=True),
    *zip(of("custom_attributes.seats company", [(">=", 2)]), ({"Cleo", "dan"},), strict=True),
    *zip(of("custom_attributes.vip company", [("=", True)]), ({"Ann", "Ben"},), strict=True),
    *zip(
        of("custom_attributes.renewal company", LOOKING_BACK),
        ({"Ben"}, {"Ann", "Ben"}, {"Cleo", "dan"}),
        strict=True,
    ),
]


@pytest.mark.parametrize(("predicate", "expected"), COMPANIES, ids=[name_of(case[0]) for case in COMPANIES])
def test_segment_has_the_companies_that_meet_its_predicate(
    populated: World, predicate: Json, expected: set[str]
) -> None:
    api = populated.api
    names = {f"{name}'s": name for name in ALL} | {"nobody": ""}
    companies = [body_of(api.get("/companies", params={"company_id": key})) for key in names]
    segment = populated.segment(predicate, person_type="company")
    members = members_of(api, segment, "/companies", companies)
    assert {names[each["company_id"]] for each in companies if each["id"] in members} == expected
    for each in companies:
        shown = body_of(api.get(f"/companies/{each['id']}"))["segments"]
        assert shown["type"] == "segment.list"
        assert (segment["id"] in [item["id"] for item in shown["segments"]]) == (each["id"] in members)
    api.delete(f"/manage/v1/segments/{segment['id']}")


@pytest.mark.parametrize(
    ("person_type", "operator", "expected"),
    [("user", "=", 2), ("user", "!=", 3), ("company", "=", 2), ("company", "!=", 3)],
)
def test_tag_is_among_the_fields_of_both(populated: World, person_type: str, operator: str, expected: int) -> None:
    [tag] = body_of(populated.api.get("/tags"))["data"]
    predicate = {"field": "tag_id", "operator": operator, "value": tag["id"]}
    segment = populated.segment(predicate, person_type=person_type)
    assert body_of(populated.api.post(f"/manage/v1/segments/{segment['id']}/compute"))["count"] == expected
    populated.api.delete(f"/manage/v1/segments/{segment['id']}")
