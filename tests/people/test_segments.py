"""Segments: what they are, who is in them, and when that changes."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import httpx
import pytest

from callbox.people.segments import membership, service
from callbox.people.segments.schemas import CreateSegmentRequest, ManagedSegment, PersonType
from callbox.platform.database import Command, Query, connection
from callbox.platform.events import Topic
from callbox.wire.authentication import Caller
from tests.conftest import TestWorkspace
from tests.contract.world import World
from tests.people.tools import error_of, inside, set_clock

Json = dict[str, Any]
Eventually = Callable[[Callable[[], Any]], Any]

DAY = 86_400
STRANGE_IDS = ["1", "0" * 24, "x" * 500, "%F0%9F%99%82", "a'b--"]
DEFAULTS = ["Active", "New", "Slipping Away"]


def named(value: str) -> Json:
    return {"field": "name", "operator": "=", "value": value}


def compute(api: httpx.Client, segment_id: str) -> Json:
    answer = api.post(f"/manage/v1/segments/{segment_id}/compute")
    assert answer.status_code == 200, answer.text
    computed: Json = answer.json()
    return computed


def managed(api: httpx.Client, segment_id: str) -> Json:
    listed = api.get("/manage/v1/segments").json()["data"]
    found: Json = next(segment for segment in listed if segment["id"] == segment_id)
    return found


def segments_of(api: httpx.Client, contact: Json) -> set[str]:
    answer = api.get(f"/contacts/{contact['id']}/segments")
    assert answer.status_code == 200, answer.text
    return {segment["name"] for segment in answer.json()["data"]}


def own_segments_of(api: httpx.Client, contact: Json) -> set[str]:
    """Without those that every workspace begins with."""
    return segments_of(api, contact) - set(DEFAULTS)


def company_segments(api: httpx.Client) -> list[Json]:
    listed: list[Json] = api.get("/segments", params={"type": "company"}).json()["segments"]
    return listed


# What segments are


def test_new_workspace_begins_with_three_segments_of_users(api: httpx.Client) -> None:
    answer = api.get("/segments")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["type", "segments", "pages"]
    assert (body["type"], body["pages"]) == ("segment.list", {})
    assert [segment["name"] for segment in body["segments"]] == DEFAULTS
    for segment in body["segments"]:
        assert list(segment) == ["type", "id", "name", "created_at", "updated_at", "person_type"]
        assert (segment["type"], segment["person_type"], len(segment["id"])) == ("segment", "user", 24)
        assert segment["created_at"] == segment["updated_at"] == pytest.approx(time.time(), abs=30)


def test_segment_by_id_is_what_the_list_shows(api: httpx.Client) -> None:
    for segment in api.get("/segments").json()["segments"]:
        assert api.get(f"/segments/{segment['id']}").json() == segment


@pytest.mark.parametrize("segment_id", STRANGE_IDS)
def test_unknown_segment_is_not_found(api: httpx.Client, segment_id: str) -> None:
    requests = [
        api.get(f"/segments/{segment_id}"),
        api.put(f"/manage/v1/segments/{segment_id}", json={"name": "Other"}),
        api.post(f"/manage/v1/segments/{segment_id}/compute"),
        api.delete(f"/manage/v1/segments/{segment_id}"),
    ]
    for answer in requests:
        assert error_of(answer) == (404, "not_found", "Resource Not Found")


@pytest.mark.parametrize("contact_id", STRANGE_IDS)
def test_segments_of_unknown_contact_are_not_found(api: httpx.Client, contact_id: str) -> None:
    assert error_of(api.get(f"/contacts/{contact_id}/segments")) == (404, "not_found", "User Not Found")


def test_count_is_shown_only_when_asked_for(api: httpx.Client, world: World) -> None:
    world.user(name="Ann")
    segment = world.segment(named("Ann"))
    compute(api, segment["id"])
    counted = api.get("/segments", params={"include_count": "true"}).json()["segments"]
    assert [item["count"] for item in counted if item["id"] == segment["id"]] == [1]
    assert all("count" in item for item in counted)
    for params in ({}, {"include_count": "false"}):
        assert not any("count" in item for item in api.get("/segments", params=params).json()["segments"])
    assert "count" not in api.get(f"/segments/{segment['id']}").json()


def test_segments_of_companies_are_listed_apart_from_those_of_people(api: httpx.Client, world: World) -> None:
    company = world.segment(named("Ann"), name="Companies", person_type="company")
    lead = world.segment(named("Ann"), name="Leads", person_type="contact")
    people = api.get("/segments").json()["segments"]
    assert [segment["name"] for segment in people] == [*DEFAULTS, "Leads"]
    assert people[-1]["person_type"] == lead["person_type"] == "contact"
    companies = api.get("/segments", params={"type": "company"}).json()
    assert [segment["id"] for segment in companies["segments"]] == [company["id"]]
    assert companies["type"] == "segment.list"


def test_other_workspace_sees_and_changes_nothing(api: httpx.Client, world: World, other: TestWorkspace) -> None:
    world.user(name="Ann")
    World(other.api).user(name="Ann")
    segment = world.segment(named("Ann"), name="Mine")
    path = f"/manage/v1/segments/{segment['id']}"
    for answer in (
        other.api.get(f"/segments/{segment['id']}"),
        other.api.put(path, json={"name": "Yours"}),
        other.api.post(f"{path}/compute"),
        other.api.delete(path),
    ):
        assert error_of(answer) == (404, "not_found", "Resource Not Found")
    assert [item["name"] for item in other.api.get("/segments").json()["segments"]] == DEFAULTS
    assert compute(api, segment["id"])["count"] == 1


# Defining them


def test_created_segment_is_answered_with_its_predicate(api: httpx.Client) -> None:
    predicate = {
        "operator": "AND",
        "value": [named("Ann"), {"field": "last_seen_at", "operator": ">", "value": {"days_ago": 14}}],
    }
    answer = api.post("/manage/v1/segments", json={"name": "Anns", "person_type": "user", "predicate": predicate})
    assert answer.status_code == 200
    made = answer.json()
    shown = {key: made[key] for key in ("type", "name", "person_type", "predicate", "error")}
    assert shown == {"type": "segment", "name": "Anns", "person_type": "user", "predicate": predicate, "error": None}
    assert (made["count"], made["computed_at"]) == (None, None)
    assert managed(api, made["id"])["predicate"] == predicate


REFUSED = [
    (
        "unknown field",
        {"field": "nickname", "operator": "=", "value": "x"},
        ("invalid_field", "nickname is not a valid field"),
    ),
    (
        "segments within segments",
        {"field": "segment_id", "operator": "=", "value": "x"},
        ("invalid_field", "segment_id is not a valid field"),
    ),
    (
        "unknown attribute",
        {"field": "custom_attributes.nope", "operator": "=", "value": "x"},
        ("invalid_field", "custom_attributes.nope is not a valid field"),
    ),
    (
        "operator of another type",
        {"field": "email", "operator": ">", "value": "x"},
        ("invalid_operator", "email does not support operator: >"),
    ),
    (
        "days on a field that is no date",
        {"field": "owner_id", "operator": "=", "value": {"days_ago": 3}},
        ("invalid_value", '{"days_ago":3} is not a valid integer'),
    ),
    *(
        (
            f"days_ago {days!r}",
            {"field": "created_at", "operator": ">", "value": {"days_ago": days}},
            ("invalid_value", "days_ago must be a whole number from 0 to 36500"),
        )
        for days in (-1, 1.5, "3", True, None, 36_501, 10**30)
    ),
    (
        "another object for a date",
        {"field": "created_at", "operator": ">", "value": {"weeks_ago": 3}},
        ("invalid_value", '{"weeks_ago":3} is not a valid date'),
    ),
    ("empty predicate", {}, ("invalid_query", None)),
    ("empty group", {"operator": "AND", "value": []}, ("invalid_query", None)),
]


@pytest.mark.parametrize(("predicate", "expected"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_predicate_that_cannot_be_computed_is_refused(
    api: httpx.Client, world: World, predicate: Json, expected: tuple[str, str | None]
) -> None:
    kept = world.segment(named("Ann"))
    body = {"name": "Bad", "person_type": "user", "predicate": predicate}
    for answer in (
        api.post("/manage/v1/segments", json=body),
        api.put(f"/manage/v1/segments/{kept['id']}", json={"predicate": predicate}),
    ):
        status, code, message = error_of(answer)
        assert (status, code) == (400, expected[0])
        assert expected[1] in {None, message}
    assert managed(api, kept["id"])["predicate"] == named("Ann")
    assert "Bad" not in [segment["name"] for segment in api.get("/segments").json()["segments"]]


def test_days_ago_stays_out_of_the_search_of_the_api(api: httpx.Client) -> None:
    query = {"field": "created_at", "operator": ">", "value": {"days_ago": 3}}
    answer = api.post("/contacts/search", json={"query": query})
    assert error_of(answer) == (400, "invalid_value", '{"days_ago":3} is not a valid date')


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"name": "x" * 256}, {"person_type": "lead"}, {"predicate": []}, {"name": None}]
)
def test_ill_formed_definition_is_refused_by_name(api: httpx.Client, change: Json) -> None:
    body = {"name": "Anns", "person_type": "user", "predicate": named("Ann"), **change}
    status, code, message = error_of(api.post("/manage/v1/segments", json=body))
    assert (status, code) == (400, "parameter_invalid")
    assert message.startswith(next(iter(change)))


def test_renamed_segment_keeps_its_predicate_and_members(api: httpx.Client, world: World) -> None:
    ann = world.user(name="Ann")
    segment = world.segment(named("Ann"), name="Before")
    compute(api, segment["id"])
    renamed = api.put(f"/manage/v1/segments/{segment['id']}", json={"name": "After"}).json()
    assert (renamed["name"], renamed["predicate"], renamed["count"]) == ("After", named("Ann"), 1)
    assert own_segments_of(api, ann) == {"After"}


def test_segment_defined_anew_has_other_members(api: httpx.Client, world: World) -> None:
    ann, ben = world.user(name="Ann"), world.user(name="Ben")
    segment = world.segment(named("Ann"))
    compute(api, segment["id"])
    answer = api.put(f"/manage/v1/segments/{segment['id']}", json={"predicate": named("Ben")})
    assert answer.json()["predicate"] == named("Ben")
    assert compute(api, segment["id"])["count"] == 1
    assert (own_segments_of(api, ann), own_segments_of(api, ben)) == (set(), {"Segment"})


def test_deleted_segment_is_gone_and_its_members_stay(api: httpx.Client, world: World) -> None:
    ann = world.user(name="Ann")
    segment = world.segment(named("Ann"))
    compute(api, segment["id"])
    answer = api.delete(f"/manage/v1/segments/{segment['id']}")
    assert answer.json() == {"type": "segment", "id": segment["id"], "deleted": True}
    assert api.get(f"/segments/{segment['id']}").status_code == 404
    assert own_segments_of(api, ann) == set()
    assert api.get(f"/contacts/{ann['id']}").status_code == 200


# Who is in them


def test_only_users_are_in_a_segment_of_users_and_only_leads_in_one_of_leads(api: httpx.Client, world: World) -> None:
    user, lead = world.user(name="Ann"), world.lead(name="Ann")
    users = world.segment(named("Ann"), name="Users")
    leads = world.segment(named("Ann"), name="Leads", person_type="contact")
    assert (compute(api, users["id"])["count"], compute(api, leads["id"])["count"]) == (1, 1)
    assert (own_segments_of(api, user), own_segments_of(api, lead)) == ({"Users"}, {"Leads"})
    body = api.get(f"/contacts/{lead['id']}/segments").json()
    assert body == {"type": "list", "data": [api.get(f"/segments/{leads['id']}").json()]}


def test_computing_again_changes_nothing(api: httpx.Client, world: World) -> None:
    for _ in range(3):
        world.user(name="Ann")
    segment = world.segment(named("Ann"))
    first = compute(api, segment["id"])
    again = compute(api, segment["id"])
    assert (first["count"], again["count"]) == (3, 3)
    assert again | {"computed_at": 0} == first | {"computed_at": 0}


def test_computations_at_the_same_time_agree(api: httpx.Client, world: World) -> None:
    for _ in range(5):
        world.user(name="Ann")
    segment = world.segment(named("Ann"))
    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda _: compute(api, segment["id"])["count"], range(16)))
    assert counts == [5] * 16


def test_finding_all_members_may_take_longer_than_a_statement(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callbox.platform.database.pool.STATEMENT_TIMEOUT_SECONDS", 0.3)

    async def promise(caller: Caller) -> None:
        segment = await service.create_segment(caller, CreateSegmentRequest("Anns", "user", named("Ann")))
        other = await asyncpg.connect(database_url)
        held_up = other.transaction()
        try:
            await other.execute(
                "INSERT INTO segment_members VALUES ($1, $2, 'nobody')", caller.workspace_id, segment.id
            )
            await held_up.start()
            await other.execute("SELECT FROM segment_members WHERE segment_id = $1 FOR UPDATE", segment.id)
            computing = asyncio.create_task(membership.compute_segment(caller.workspace_id, segment.id))
            assert (await asyncio.wait({computing}, timeout=0.6))[0] == set()
            await held_up.rollback()
            await computing
            assert await other.fetch("SELECT FROM segment_members WHERE segment_id = $1", segment.id) == []
        finally:
            await other.close()

    inside(database_url, promise)


def test_members_are_found_by_the_search_of_contacts(api: httpx.Client, world: World) -> None:
    ann, ben = world.user(name="Ann"), world.user(name="Ben")
    segment = world.segment(named("Ann"))
    compute(api, segment["id"])
    for operator, found in (("=", ann), ("!=", ben)):
        query = {"field": "segment_id", "operator": operator, "value": segment["id"]}
        answer = api.post("/contacts/search", json={"query": query}).json()
        assert [contact["id"] for contact in answer["data"]] == [found["id"]]


def test_people_are_found_by_group_tag_and_attribute(api: httpx.Client, world: World) -> None:
    attribute = world.attribute(data_type="string")
    tagged, tag = world.tagged_user()
    paying = world.user(custom_attributes={attribute["name"]: "Gold"})
    world.user()
    predicate = {
        "operator": "OR",
        "value": [
            {"field": "tag_id", "operator": "=", "value": tag["id"]},
            {
                "operator": "AND",
                "value": [
                    {"field": attribute["full_name"], "operator": "=", "value": "gold"},
                    {"field": "role", "operator": "=", "value": "user"},
                ],
            },
        ],
    }
    segment = world.segment(predicate)
    assert compute(api, segment["id"])["count"] == 2
    members = [own_segments_of(api, contact) for contact in (api.get(f"/contacts/{tagged['id']}").json(), paying)]
    assert members == [{"Segment"}, {"Segment"}]


def test_who_is_archived_or_deleted_is_counted_no_more(api: httpx.Client, world: World) -> None:
    archived, deleted, _ = (world.user(name="Ann") for _ in range(3))
    segment = world.segment(named("Ann"))
    assert compute(api, segment["id"])["count"] == 3
    api.post(f"/contacts/{archived['id']}/archive")
    assert compute(api, segment["id"])["count"] == 2
    api.delete(f"/contacts/{deleted['id']}")
    assert compute(api, segment["id"])["count"] == 1
    api.post(f"/contacts/{archived['id']}/unarchive")
    assert compute(api, segment["id"])["count"] == 2


COMPANY_PREDICATES: list[tuple[Json, Json]] = [
    ({"field": "plan", "operator": "=", "value": "Gold"}, {"plan": "Gold"}),
    ({"field": "monthly_spend", "operator": ">=", "value": 100}, {"monthly_spend": 100}),
    ({"field": "size", "operator": "<", "value": 10}, {"size": 9}),
    ({"field": "industry", "operator": "~", "value": "IND"}, {"industry": "Windmills"}),
    ({"field": "website", "operator": "$", "value": ".example"}, {"website": "https://mill.example"}),
    ({"field": "company_id", "operator": "^", "value": "mill"}, {"company_id": "mill-1"}),
    ({"field": "user_count", "operator": "=", "value": 0}, {}),
    ({"field": "created_at", "operator": ">", "value": {"days_ago": 1}}, {}),
]


@pytest.mark.parametrize(
    ("predicate", "values"), COMPANY_PREDICATES, ids=[case[0]["field"] for case in COMPANY_PREDICATES]
)
def test_companies_are_found_by_their_fields(api: httpx.Client, world: World, predicate: Json, values: Json) -> None:
    company = world.company(**values)
    segment = world.segment(predicate, name="Found", person_type="company")
    absent = world.segment(
        {"operator": "AND", "value": [predicate, named("nobody")]}, name="Absent", person_type="company"
    )
    assert (compute(api, segment["id"])["count"], compute(api, absent["id"])["count"]) == (1, 0)
    assert api.get(f"/companies/{company['id']}/segments").json() == {
        "type": "list",
        "data": [api.get(f"/segments/{segment['id']}").json()],
    }


def test_companies_are_found_by_tag_and_attribute(api: httpx.Client, world: World) -> None:
    attribute = world.attribute(model="company", data_type="integer")
    company = world.company(custom_attributes={attribute["name"]: 7})
    world.company(custom_attributes={attribute["name"]: 8})
    tag = api.post("/tags", json={"name": "Key", "companies": [{"id": company["id"]}]}).json()
    predicate = {
        "operator": "AND",
        "value": [
            {"field": "tag_id", "operator": "=", "value": tag["id"]},
            {"field": attribute["full_name"], "operator": "=", "value": 7},
        ],
    }
    assert compute(api, world.segment(predicate, person_type="company")["id"])["count"] == 1


# As time passes


def test_who_was_not_seen_for_long_leaves_the_segment_of_the_active(
    api: httpx.Client, world: World, eventually: Eventually
) -> None:
    now = int(time.time())
    user = world.user(last_seen_at=now, signed_up_at=now)
    ids = {segment["name"]: segment["id"] for segment in api.get("/segments").json()["segments"]}

    def segments_after(days: int) -> set[str]:
        set_clock(api, now + days * DAY)
        for segment_id in ids.values():
            compute(api, segment_id)
        return segments_of(api, user)

    eventually(lambda: segments_of(api, user) == {"Active", "New"})
    assert segments_after(6) == {"Active", "New"}
    assert segments_after(8) == {"Active"}
    assert segments_after(29) == {"Active"}
    assert segments_after(31) == {"Slipping Away"}
    assert segments_after(61) == set()
    assert segments_after(1) == {"Active", "New"}


def test_days_count_for_date_attributes_too(api: httpx.Client, world: World) -> None:
    now = int(time.time())
    attribute = world.attribute(data_type="date")
    world.user(custom_attributes={attribute["name"]: now})
    segment = world.segment({"field": attribute["full_name"], "operator": ">", "value": {"days_ago": 10}})
    assert compute(api, segment["id"])["count"] == 1
    set_clock(api, now + 11 * DAY)
    assert compute(api, segment["id"])["count"] == 0


# What the worker does of itself


def test_worker_finds_the_members_of_a_new_segment(api: httpx.Client, world: World, eventually: Eventually) -> None:
    ann = world.user(name="Ann")
    segment = world.segment(named("Ann"))
    eventually(lambda: own_segments_of(api, ann) == {"Segment"})
    assert managed(api, segment["id"])["count"] == 1
    assert managed(api, segment["id"])["computed_at"] == pytest.approx(time.time(), abs=30)


def test_worker_follows_a_contact_in_and_out(api: httpx.Client, world: World, eventually: Eventually) -> None:
    segment = world.segment(named("Ann"))
    user = world.user(name="Ann")
    path = f"/contacts/{user['id']}"

    def count_is(expected: int) -> bool:
        return bool(managed(api, segment["id"])["count"] == expected)

    eventually(lambda: count_is(1))
    assert own_segments_of(api, user) == {"Segment"}
    api.put(path, json={"name": "Ben"})
    eventually(lambda: count_is(0))
    assert own_segments_of(api, user) == set()
    api.put(path, json={"name": "Ann"})
    eventually(lambda: count_is(1))
    api.post(f"{path}/archive")
    eventually(lambda: count_is(0))
    api.post(f"{path}/unarchive")
    eventually(lambda: count_is(1))
    api.delete(path)
    eventually(lambda: count_is(0))


def test_worker_follows_tags(api: httpx.Client, world: World, eventually: Eventually) -> None:
    user, tag = world.user(), world.tag()
    world.segment({"field": "tag_id", "operator": "=", "value": tag["id"]})
    api.post(f"/contacts/{user['id']}/tags", json={"id": tag["id"]})
    eventually(lambda: own_segments_of(api, user) == {"Segment"})
    api.delete(f"/contacts/{user['id']}/tags/{tag['id']}")
    eventually(lambda: own_segments_of(api, user) == set())


def test_worker_moves_a_lead_that_signs_up_or_is_merged(
    api: httpx.Client, world: World, eventually: Eventually
) -> None:
    predicate = {"field": "phone", "operator": "=", "value": "+15550100"}
    users, leads = world.segment(predicate), world.segment(predicate, person_type="contact")
    first, second, user = world.lead(phone="+15550100"), world.lead(phone="+15550100"), world.user()

    def counts() -> tuple[int, int]:
        return managed(api, users["id"])["count"], managed(api, leads["id"])["count"]

    eventually(lambda: counts() == (0, 2))
    api.put(f"/contacts/{first['id']}", json={"role": "user", "email": "ann@example.com"})
    eventually(lambda: counts() == (1, 1))
    api.post("/contacts/merge", json={"from": second["id"], "into": user["id"]})
    eventually(lambda: counts() == (2, 0))


def test_worker_follows_companies(api: httpx.Client, world: World, eventually: Eventually) -> None:
    segment = world.segment({"field": "user_count", "operator": "=", "value": 1}, person_type="company")
    user, company = world.employee()

    def is_in() -> bool:
        listed = api.get(f"/companies/{company['id']}/segments").json()["data"]
        return [item["id"] for item in listed] == [segment["id"]]

    eventually(is_in)
    api.post(f"/contacts/{user['id']}/archive")
    eventually(lambda: not is_in())
    api.post(f"/contacts/{user['id']}/unarchive")
    eventually(is_in)
    api.delete(f"/contacts/{user['id']}/companies/{company['id']}")
    eventually(lambda: not is_in())


def test_worker_follows_what_is_written_about_companies(
    api: httpx.Client, world: World, eventually: Eventually
) -> None:
    attribute = world.attribute(model="company", data_type="boolean")
    company, tag = world.company(), world.tag()
    fields: list[Json] = [
        {"field": "plan", "operator": "=", "value": "Gold"},
        {"field": "tag_id", "operator": "=", "value": tag["id"]},
        {"field": attribute["full_name"], "operator": "=", "value": True},
    ]
    for predicate in fields:
        world.wait_for_members(world.segment(predicate, predicate["field"], "company")["id"])

    def names() -> set[str]:
        return {each["name"] for each in api.get(f"/companies/{company['id']}").json()["segments"]["segments"]}

    path, target = f"/companies/{company['id']}", {"id": company["id"]}
    api.put(path, json={"plan": "Gold"})
    eventually(lambda: names() == {"plan"})
    api.post("/tags", json={"name": tag["name"], "companies": [target]})
    eventually(lambda: names() == {"plan", "tag_id"})
    api.put(path, json={"plan": None, "custom_attributes": {attribute["name"]: True}})
    eventually(lambda: names() == {"tag_id", attribute["full_name"]})
    api.post("/tags", json={"name": tag["name"], "companies": [{**target, "untag": True}]})
    eventually(lambda: names() == {attribute["full_name"]})
    api.delete(path)
    eventually(lambda: all(managed(api, each["id"])["count"] == 0 for each in company_segments(api)))


def test_worker_follows_what_is_written_about_people(api: httpx.Client, world: World, eventually: Eventually) -> None:
    attribute, user, tag = world.attribute(data_type="integer"), world.user(), world.tag()
    path = f"/contacts/{user['id']}"
    predicates: dict[str, Json] = {
        "owner_id": {"field": "owner_id", "operator": "!=", "value": None},
        "unsubscribed": {"field": "unsubscribed_from_emails", "operator": "=", "value": True},
        "tagged": {"field": "tag_id", "operator": "=", "value": tag["id"]},
        "seats": {"field": attribute["full_name"], "operator": ">", "value": 5},
    }
    for name, predicate in predicates.items():
        world.wait_for_members(world.segment(predicate, name)["id"])
    api.put(path, json={"owner_id": world.admin_id(), "unsubscribed_from_emails": True})
    eventually(lambda: own_segments_of(api, user) == {"owner_id", "unsubscribed"})
    api.post("/tags", json={"name": tag["name"], "users": [{"user_id": user["external_id"]}]})
    api.put(path, json={"owner_id": None, "custom_attributes": {attribute["name"]: 6}})
    eventually(lambda: own_segments_of(api, user) == {"unsubscribed", "tagged", "seats"})
    api.put(path, json={"custom_attributes": {attribute["name"]: None}})
    eventually(lambda: own_segments_of(api, user) == {"unsubscribed", "tagged"})


# Inside: what no request can bring about


set_archived = Command("set_archived", "UPDATE data_attributes SET archived = $2 WHERE workspace_id = $1")

insert_gold = Command(
    "insert_gold",
    """
    INSERT INTO contacts (
        workspace_id, id, role, email, created_at, updated_at, custom_attributes, custom_attributes_folded
    )
    VALUES ($1, $2, 'user', $2, $3, $3, '{"plan": "gold"}', '{"plan": "gold"}')
    """,
)

insert_plan = Command(
    "insert_plan",
    """
    INSERT INTO data_attributes (workspace_id, model, name, label, data_type, admin_id, created_at, updated_at)
    VALUES ($1, 'contact', 'plan', 'plan', 'string', $2, $3, $3)
    """,
)

events_of_segments = Query(
    "events_of_segments", str, "SELECT item_id FROM outbox WHERE workspace_id = $1 AND topic = $2 ORDER BY id"
)

empty_outbox = Command("empty_outbox", "DELETE FROM outbox WHERE workspace_id = $1")


async def shown(caller: Caller, segment_id: str) -> ManagedSegment:
    return next(segment for segment in await service.list_managed(caller) if segment.id == segment_id)


def test_segment_that_cannot_be_computed_keeps_its_members_until_it_can(database_url: str) -> None:
    async def promise(caller: Caller) -> None:
        workspace_id = caller.workspace_id
        predicate = {"field": "custom_attributes.plan", "operator": "=", "value": "gold"}
        async with connection() as held:
            await insert_plan.run(held, workspace_id, caller.admin_id, caller.now())
            await insert_gold.run(held, workspace_id, "a", caller.now())
        made = await service.create_segment(caller, CreateSegmentRequest("Gold", "user", predicate))
        await membership.compute_segment(workspace_id, made.id)
        async with connection() as held:
            await set_archived.run(held, workspace_id, True)
            await insert_gold.run(held, workspace_id, "b", caller.now())
            await insert_gold.run(held, workspace_id, "c", caller.now())
        for _ in range(2):
            await membership.compute_segment(workspace_id, made.id)
            await membership.compute_members(workspace_id, ["b"], of_companies=False)
        broken = await shown(caller, made.id)
        assert (broken.error, broken.count) == ("custom_attributes.plan is not a valid field", 1)
        assert [segment.id for segment in await service.segments_of_member(caller, "a")] == [made.id]
        async with connection() as held:
            await set_archived.run(held, workspace_id, False)
        await membership.compute_members(workspace_id, ["b"], of_companies=False)
        whole = await shown(caller, made.id)
        assert (whole.error, whole.count) == (None, 3)

    inside(database_url, promise)


def test_looking_at_some_contacts_leaves_the_others_alone(database_url: str) -> None:
    async def promise(caller: Caller) -> None:
        workspace_id = caller.workspace_id
        made = await service.create_segment(
            caller, CreateSegmentRequest("All", "user", {"field": "id", "operator": "!=", "value": None})
        )
        async with connection() as held:
            await insert_gold.run(held, workspace_id, "a", caller.now())
        await membership.compute_members(workspace_id, ["a"], of_companies=False)
        assert (await shown(caller, made.id)).count is None, "a part of the members is no count"
        await membership.compute_segment(workspace_id, made.id)
        async with connection() as held:
            await insert_gold.run(held, workspace_id, "b", caller.now())
            await insert_gold.run(held, workspace_id, "c", caller.now())
        for _ in range(2):
            await membership.compute_members(workspace_id, ["c", "nobody"], of_companies=False)
            assert (await shown(caller, made.id)).count == 2
        assert await service.segments_of_member(caller, "b") == []
        assert len(await service.segments_of_member(caller, "c")) == 1

    inside(database_url, promise)


def test_schedule_has_the_segments_computed_whose_members_change_without_an_event(database_url: str) -> None:
    quiet = ["last_seen_at", "last_replied_at", "last_contacted_at"]

    async def promise(caller: Caller) -> None:
        topic = Topic.INTERNAL_SEGMENT_CHANGED
        defined: list[tuple[str, PersonType, Json]] = [
            ("Still", "company", {"field": "name", "operator": "=", "value": "Ann"}),
            ("Moving", "company", {"field": "created_at", "operator": ">", "value": {"days_ago": 3}}),
            *((field, "user", {"field": field, "operator": "=", "value": None}) for field in quiet),
            ("last_request_at", "company", {"field": "last_request_at", "operator": ">", "value": 5}),
        ]
        for name, kind, predicate in defined:
            await service.create_segment(caller, CreateSegmentRequest(name, kind, predicate))
        async with connection() as held:
            await empty_outbox.run(held, caller.workspace_id)
        await membership.compute_time_dependent_segments()
        async with connection() as held:
            told = await events_of_segments.all(held, caller.workspace_id, topic)
        names = {segment.id: segment.name for segment in await service.list_managed(caller)}
        assert [names[segment_id] for segment_id in told] == [*DEFAULTS, "Moving", *quiet, "last_request_at"]

    inside(database_url, promise)
