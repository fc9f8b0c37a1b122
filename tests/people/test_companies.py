"""Companies: created by the customer's key, found by each key, listed, scrolled, deleted, and who is in them."""

import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from callbox.people.companies import service
from callbox.people.companies.jobs import SCHEDULES
from callbox.people.companies.schemas import CompanyRequest
from callbox.platform.database import connection
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import open_workspace
from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World
from tests.people.tools import (
    COMPANY_NOT_FOUND,
    UNKNOWN_ID,
    USER_NOT_FOUND,
    Json,
    body_of,
    error_of,
    execute,
    inside,
    set_clock,
)

# fmt: off
KEYS = [
    "type", "company_id", "id", "app_id", "name", "remote_created_at", "created_at", "updated_at", "last_request_at",
    "monthly_spend", "session_count", "user_count", "size", "website", "industry", "tags", "segments", "plan",
    "custom_attributes",
]
# fmt: on
ABSENT_WHILE_UNSET = {"last_request_at", "size", "website", "industry"}
LARGEST = 2**31 - 1
Eventually = Callable[[Callable[[], Any]], Any]


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def get(api: httpx.Client, company: Json) -> Json:
    return body_of(api.get(f"/companies/{company['id']}"))


def put(api: httpx.Client, company: Json, **changes: Any) -> Json:
    return body_of(api.put(f"/companies/{company['id']}", json=changes))


def attach(api: httpx.Client, contact: Json, company: Json) -> Json:
    return body_of(api.post(f"/contacts/{contact['id']}/companies", json={"id": company["id"]}))


def employ(world: World, number: int) -> list[Json]:
    """Companies with somebody in them: others are in no list."""
    return [world.employee()[1] for _ in range(number)]


def ids_of(page: Json) -> list[str]:
    return [item["id"] for item in page["data"]]


# What a company looks like


def test_new_company_shows_no_more_than_was_said(workspace: TestWorkspace, api: httpx.Client) -> None:
    made = body_of(api.post("/companies", json={"company_id": "c-1", "name": "Example Ltd"}))
    now = made["created_at"]
    assert made == {
        "type": "company",
        "company_id": "c-1",
        "id": made["id"],
        "app_id": workspace.id,
        "name": "Example Ltd",
        "remote_created_at": now,
        "created_at": now,
        "updated_at": now,
        "monthly_spend": 0,
        "session_count": 0,
        "user_count": 0,
        "tags": {"type": "tag.list", "tags": []},
        "segments": {"type": "segment.list", "segments": []},
        "plan": {},
        "custom_attributes": {},
    }
    assert list(made) == [key for key in KEYS if key not in ABSENT_WHILE_UNSET]
    assert re.fullmatch("[0-9a-f]{24}", made["id"])
    assert int(made["id"][:8], 16) == now == pytest.approx(time.time(), abs=30)
    assert get(api, made) == made


def test_every_field_that_can_be_written_is_kept(server: RunningServer, api: httpx.Client, world: World) -> None:
    name = world.attribute(model="company", data_type="integer")["name"]
    first = {
        "company_id": "c-1",
        "name": "Example Ltd",
        "remote_created_at": 1_374_138_000,
        "monthly_spend": 490,
        "size": 38,
        "website": "https://example.com/" + "x" * 500,
        "industry": "Manufacturing",
        "plan": "Growth",
        "custom_attributes": {name: 1},
    }
    second: Json = {
        "name": "Example plc",
        "remote_created_at": 1_374_138_001,
        "monthly_spend": 500,
        "size": 39,
        "website": "not an address",
        "industry": "Software",
        "plan": "Scale",
        "custom_attributes": {name: 2},
    }
    made = body_of(api.post("/companies", json=first))
    changed = put(api, made, **second)
    for answer, sent in ((made, first), (changed, second)):
        plan = {"type": "plan", "id": answer["plan"]["id"], "name": sent["plan"]}
        assert {key: answer[key] for key in sent} == sent | {"plan": plan}
        assert list(answer["plan"]) == ["type", "id", "name"]
        assert answer["plan"]["id"].isdigit()
    assert get(api, made) == changed
    statement = "UPDATE companies SET last_request_at = to_timestamp(7), session_count = 8 WHERE id = $1"
    execute(server.database_url, statement, made["id"])
    visited = get(api, made)
    assert (visited["last_request_at"], visited["session_count"]) == (7, 8)
    assert list(visited) == KEYS
    unchanged = put(api, made)
    assert unchanged == visited | {"updated_at": unchanged["updated_at"]}


def test_tags_and_segments_are_shown(api: httpx.Client, world: World) -> None:
    _, company = world.employee()
    tag = world.post("/tags", {"name": "customer", "companies": [{"id": company["id"]}]})
    predicate = {"field": "name", "operator": "=", "value": company["name"]}
    segment = world.segment(predicate, "Ours", "company")
    body_of(api.post(f"/manage/v1/segments/{segment['id']}/compute"))
    shown = get(api, company)
    assert shown["tags"] == {"type": "tag.list", "tags": [{"type": "tag", "id": tag["id"], "name": "customer"}]}
    [listed] = body_of(api.get(f"/companies/{company['id']}/segments"))["data"]
    assert shown["segments"] == {"type": "segment.list", "segments": [listed]}
    assert list(listed) == ["type", "id", "name", "created_at", "updated_at", "person_type"]
    assert listed == body_of(api.get(f"/segments/{segment['id']}"))
    assert body_of(api.get(f"/companies/{world.company()['id']}/segments")) == {"type": "list", "data": []}


# Creating and updating


def test_company_id_decides_between_creating_and_updating(api: httpx.Client) -> None:
    made = body_of(api.post("/companies", json={"company_id": "c-1", "name": "Example Ltd", "size": 5}))
    set_clock(api, made["created_at"] + 100)
    again = body_of(api.post("/companies", json={"company_id": "c-1", "name": "Example plc"}))
    assert again == made | {"name": "Example plc", "updated_at": again["updated_at"]}
    assert again["updated_at"] == pytest.approx(made["created_at"] + 100, abs=30)
    other = body_of(api.post("/companies", json={"company_id": "C-1"}))
    assert other["id"] != made["id"]
    number = body_of(api.post("/companies", json={"company_id": 7}))
    assert number["company_id"] == "7"
    assert body_of(api.post("/companies", json={"company_id": "7"}))["id"] == number["id"]


def test_company_without_a_name_is_called_by_its_key(api: httpx.Client) -> None:
    made = body_of(api.post("/companies", json={"company_id": "c-1"}))
    assert made["name"] == "c-1"
    assert put(api, made, name="Example Ltd")["name"] == "Example Ltd"
    assert put(api, made, size=1)["name"] == "Example Ltd"
    assert put(api, made, name=None)["name"] == "c-1"
    assert body_of(api.get("/companies", params={"name": "c-1"}))["id"] == made["id"]


@pytest.mark.parametrize("sent", [{}, {"company_id": None}, {"company_id": ""}, {"name": "Example Ltd"}])
def test_company_without_a_key_is_refused(api: httpx.Client, sent: Json) -> None:
    refused = (400, "parameter_not_found", "company_id is a required parameter")
    assert error_of(api.post("/companies", json=sent)) == refused


@pytest.mark.parametrize("key", ["test", "id", "user_count", "tags", "created_at", "session_count", "app_id"])
def test_unknown_key_is_refused(api: httpx.Client, world: World, key: str) -> None:
    company = world.company()
    for answer in (
        api.post("/companies", json={"company_id": company["company_id"], "name": "Other", key: "invalid"}),
        api.put(f"/companies/{company['id']}", json={"name": "Other", key: "invalid"}),
    ):
        assert error_of(answer) == (400, "bad_request", f"bad '{key}' parameter")
        assert answer.json()["request_id"] is None
    assert get(api, company) == company


def test_update_leaves_the_key_and_what_is_not_sent(api: httpx.Client, world: World) -> None:
    company = world.company(size=5, plan="Growth", website="example.com", industry="Software", monthly_spend=7)
    changed = put(api, company, company_id="other", name="Other")
    assert changed == company | {"name": "Other", "updated_at": changed["updated_at"]}
    assert error_of(api.get("/companies", params={"company_id": "other"})) == COMPANY_NOT_FOUND
    assert body_of(api.put(f"/companies/{company['id']}"))["name"] == "Other"


@pytest.mark.parametrize(
    ("field", "shown"),
    [("size", None), ("website", None), ("industry", None), ("plan", {}), ("monthly_spend", 0)],
)
def test_null_clears(api: httpx.Client, world: World, field: str, shown: Any) -> None:
    company = world.company(size=5, plan="Growth", website="example.com", industry="Software", monthly_spend=7)
    changed = put(api, company, **{field: None})
    assert changed.get(field) == shown
    assert (field in changed) == (shown is not None)
    assert put(api, company, remote_created_at=None)["remote_created_at"] == company["remote_created_at"]


@pytest.mark.parametrize(
    ("field", "sent", "shown"),
    [
        ("monthly_spend", 155.98, 155),
        ("monthly_spend", -155.98, -155),
        ("monthly_spend", LARGEST, LARGEST),
        ("monthly_spend", LARGEST + 0.9, LARGEST),
        ("size", "100", 100),
        ("size", 100.0, 100),
        ("size", 0, 0),
        ("size", LARGEST, LARGEST),
        ("remote_created_at", "1374138000", 1_374_138_000),
        ("remote_created_at", 1_374_138_000.9, 1_374_138_000),
        ("remote_created_at", "2013-07-18T09:00:00Z", 1_374_138_000),
    ],
)
def test_values_in_other_forms(api: httpx.Client, world: World, field: str, sent: Any, shown: Any) -> None:
    company = world.company(**{field: sent})
    assert company[field] == shown
    assert put(api, company, **{field: sent})[field] == shown


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("monthly_spend", LARGEST + 1),
        ("monthly_spend", 1e300),
        ("monthly_spend", "much"),
        ("monthly_spend", True),
        ("size", "many"),
        ("size", -1),
        ("size", 1.5),
        ("size", 1e300),
        ("size", LARGEST + 1),
        ("size", "9" * 400),
        ("plan", {"name": "Growth"}),
        ("plan", "x" * 256),
        ("name", 7),
        ("name", "x" * 256),
        ("website", 7),
        ("industry", []),
        ("remote_created_at", "once"),
        ("company_id", "x" * 256),
        ("custom_attributes", "none"),
    ],
)
def test_value_that_a_field_cannot_take_is_refused(api: httpx.Client, world: World, field: str, sent: Any) -> None:
    company = world.company()
    for answer in (
        api.post("/companies", json={"company_id": company["company_id"], "name": "Other", field: sent}),
        api.post("/companies", json={"company_id": "new", field: sent}),
        api.put(f"/companies/{company['id']}", json={"name": "Other", field: sent}),
    ):
        status, code, message = error_of(answer)
        assert (status, code) == (400, "parameter_invalid")
        assert field in message
    assert get(api, company) == company
    assert error_of(api.get("/companies", params={"company_id": "new"})) == COMPANY_NOT_FOUND


def test_plans_are_made_by_name_and_used_again(api: httpx.Client, world: World, other: TestWorkspace) -> None:
    plans = [world.company(plan=name)["plan"] for name in ("Growth", "Growth", "growth")]
    assert plans[0] == plans[1] != plans[2]
    assert [plan["name"] for plan in plans] == ["Growth", "Growth", "growth"]
    assert World(other.api).company(plan="Growth")["plan"]["id"] != plans[0]["id"]
    assert world.company(plan="")["plan"] == {}


def test_custom_attributes_are_merged_and_checked(api: httpx.Client, world: World) -> None:
    first, second = (world.attribute(model="company")["name"] for _ in range(2))
    of_contacts = world.attribute()["name"]
    company = world.company(custom_attributes={first: "1", second: "2"})
    assert put(api, company, custom_attributes={first: None})["custom_attributes"] == {first: None, second: "2"}
    assert put(api, company, custom_attributes={first: "3"})["custom_attributes"] == {first: "3", second: "2"}
    before = put(api, company, custom_attributes=None)
    for name in (of_contacts, "undefined"):
        answer = api.put(f"/companies/{company['id']}", json={"custom_attributes": {first: "4", name: "x"}})
        assert error_of(answer) == (400, "parameter_invalid", f"Custom attribute '{name}' does not exist")
    answer = api.put(f"/companies/{company['id']}", json={"custom_attributes": {first: 7}})
    assert error_of(answer) == (400, "parameter_invalid", f"{first} must be of type string")
    assert get(api, company) == before


def test_creations_at_once_make_one_company(api: httpx.Client) -> None:
    key = secrets.token_hex(4)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("/companies", json={"company_id": key, "plan": key}), range(8)))
    assert len({body_of(answer)["id"] for answer in answers}) == 1


# Finding


def test_company_is_found_by_each_key(api: httpx.Client, world: World) -> None:
    company = world.company(name="Example Ltd")
    namesake = world.company(name="Example Ltd")
    world.company(name="example ltd")
    for params in ({"company_id": company["company_id"]}, {"name": "Example Ltd"}):
        assert body_of(api.get("/companies", params=params)) == company
    body_of(api.delete(f"/companies/{company['id']}"))
    assert body_of(api.get("/companies", params={"name": "Example Ltd"})) == namesake


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/companies?company_id=nobody"),
        ("GET", "/companies?name=nobody"),
        ("GET", "/companies/{id}"),
        ("PUT", "/companies/{id}"),
        ("DELETE", "/companies/{id}"),
        ("GET", "/companies/{id}/contacts"),
        ("GET", "/companies/{id}/segments"),
    ],
)
def test_unknown_company_is_not_found(api: httpx.Client, world: World, method: str, path: str) -> None:
    for company_id in (UNKNOWN_ID, "invalid_id", world.company()["company_id"]):
        assert error_of(api.request(method, path.format(id=company_id))) == COMPANY_NOT_FOUND


def test_companies_by_tag_and_segment(api: httpx.Client, world: World) -> None:
    tagged, untagged = employ(world, 2)
    empty = world.company()
    targets = [{"id": tagged["id"]}, {"id": empty["id"]}]
    tag = world.post("/tags", {"name": "customer", "companies": targets})
    predicate = {"field": "name", "operator": "=", "value": untagged["name"]}
    segment = world.segment(predicate, "Ours", "company")
    body_of(api.post(f"/manage/v1/segments/{segment['id']}/compute"))

    def find(**params: str) -> list[str]:
        page = body_of(api.get("/companies", params=params))
        assert page["total_count"] == len(page["data"])
        return ids_of(page)

    assert (find(tag_id=tag["id"]), find(segment_id=segment["id"])) == ([tagged["id"]], [untagged["id"]])
    assert set(find()) == {tagged["id"], untagged["id"]}
    assert find(tag_id="123456789") == find(tag_id="no tag") == find(segment_id="none") == []
    assert find(tag_id=tag["id"], segment_id=segment["id"]) == []


# Lists


def seed_visits(server: RunningServer, visits: dict[str, int]) -> None:
    for company_id, seconds in visits.items():
        statement = f"UPDATE companies SET last_request_at = to_timestamp({seconds}) WHERE id = $1"
        execute(server.database_url, statement, company_id)


LISTS = [("POST", "/companies/list"), ("GET", "/companies")]


@pytest.mark.parametrize(("method", "path"), LISTS)
def test_list_follows_the_last_request_and_leaves_out_the_empty(
    server: RunningServer, api: httpx.Client, world: World, method: str, path: str
) -> None:
    made = [company["id"] for company in employ(world, 5)]
    world.company()
    visited = [made[3], made[0], made[2]]
    seed_visits(server, {company_id: 1000 - place for place, company_id in enumerate(visited)})
    page = body_of(api.request(method, path))
    assert list(page) == ["type", "data", "pages", "total_count"]
    assert (ids_of(page), page["total_count"]) == ([*visited, made[4], made[1]], 5)
    assert page["pages"] == {"type": "pages", "next": None, "page": 1, "per_page": 15, "total_pages": 1}
    assert page["data"][0] == body_of(api.get(f"/companies/{visited[0]}"))


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_next_url_is_followed_as_it_is(server: RunningServer, api: httpx.Client, world: World, order: str) -> None:
    made = [company["id"] for company in employ(world, 5)]
    seed_visits(server, {company_id: place + 1 for place, company_id in enumerate(made)})
    url: str | None = f"/companies/list?per_page=2&order={order}"
    seen, pages = [], []
    while url:
        page = body_of(api.post(url))
        assert page["total_count"] == 5
        seen += ids_of(page)
        url = page["pages"]["next"]
        pages.append((page["pages"]["page"], page["pages"]["total_pages"]))
        if url:
            assert url.startswith(f"{server.url}/companies/list?")
            query = {"order": [order], "per_page": ["2"], "page": [str(len(pages) + 1)]}
            assert parse_qs(urlsplit(url).query) == query
    assert pages == [(1, 3), (2, 3), (3, 3)]
    assert seen == (made if order == "asc" else made[::-1])


def test_next_url_repeats_the_filter(api: httpx.Client, world: World) -> None:
    companies = employ(world, 3)
    tag = world.post("/tags", {"name": "customer", "companies": [{"id": each["id"]} for each in companies]})
    employ(world, 1)
    first = body_of(api.get("/companies", params={"tag_id": tag["id"], "per_page": 2}))
    second = body_of(api.get(first["pages"]["next"]))
    assert sorted(ids_of(first) + ids_of(second)) == sorted(each["id"] for each in companies)
    assert second["pages"]["next"] is None


@pytest.mark.parametrize(("method", "path"), LISTS)
def test_sizes_and_numbers_of_pages(api: httpx.Client, world: World, method: str, path: str) -> None:
    employ(world, 1)
    assert body_of(api.request(method, path, params={"per_page": 60}))["pages"]["per_page"] == 60
    beyond = body_of(api.request(method, path, params={"page": 9, "per_page": 5}))
    assert (beyond["data"], beyond["total_count"], beyond["pages"]["next"]) == ([], 1, None)
    too_big = (400, "parameter_invalid", "Per Page is too big")
    assert error_of(api.request(method, path, params={"per_page": 61})) == too_big
    for params in ({"per_page": "0"}, {"per_page": "x"}, {"page": "0"}, {"page": "-1"}, {"page": "x"}):
        status, code, message = error_of(api.request(method, path, params=params))
        assert (status, code) == (400, "parameter_invalid")
        assert next(iter(params)) in message
    if method == "POST":
        assert error_of(api.post(path, params={"order": "up"}))[:2] == (400, "parameter_invalid")


def test_no_more_than_ten_thousand_by_pages(api: httpx.Client) -> None:
    limit = (400, "bad_request", "page limit reached, please use scroll API")
    for last, refused in (("page=667", "page=668"), ("page=200&per_page=50", "page=201&per_page=50")):
        assert body_of(api.post(f"/companies/list?{last}"))["data"] == []
        answer = api.post(f"/companies/list?{refused}")
        assert error_of(answer) == limit
        assert answer.json()["request_id"]


# Scrolling


def scroll(api: httpx.Client, param: str | None = None) -> httpx.Response:
    return api.get("/companies/scroll", params={} if param is None else {"scroll_param": param})


SCROLL_EXISTS = (400, "scroll_exists", "scroll already exists for this workspace")
SCROLL_NOT_FOUND = (404, "not_found", "scroll parameter not found")


def test_scroll_reads_every_company_once(
    server: RunningServer, workspace: TestWorkspace, api: httpx.Client, world: World
) -> None:
    [company] = employ(world, 1)
    copied = "workspace_id, company_id || n, name, user_count, remote_created_at, created_at, updated_at"
    columns = "workspace_id, company_id, name, user_count, remote_created_at, created_at, updated_at, id"
    copy = f"INSERT INTO companies ({columns}) SELECT {copied}, id || n FROM companies, generate_series(1, 249) n"
    execute(server.database_url, f"{copy} WHERE id = $1", company["id"])
    world.company()
    first = body_of(scroll(api))
    assert list(first) == ["type", "data", "pages", "total_count", "scroll_param"]
    assert (first["type"], first["pages"], first["total_count"]) == ("list", None, None)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first["scroll_param"])
    seen, page, sizes = [], first, []
    while page["data"]:
        assert page["scroll_param"] == first["scroll_param"]
        sizes.append(len(page["data"]))
        seen += ids_of(page)
        page = body_of(scroll(api, page["scroll_param"]))
    assert sizes == [100, 100, 50]
    assert len(set(seen)) == 250
    assert get(api, company) in first["data"]
    assert page == {"type": "list", "data": [], "pages": None, "total_count": None}
    assert error_of(scroll(api, first["scroll_param"])) == SCROLL_NOT_FOUND
    assert body_of(scroll(api, ""))["scroll_param"] != first["scroll_param"]
    assert workspace.id == first["data"][0]["app_id"]


def test_one_scroll_at_a_time_and_workspace(api: httpx.Client, world: World, other: TestWorkspace) -> None:
    employ(world, 1)
    param = body_of(scroll(api))["scroll_param"]
    for again in (None, ""):
        assert error_of(scroll(api, again)) == SCROLL_EXISTS
    assert body_of(scroll(other.api))["data"] == []
    assert error_of(scroll(other.api, param)) == SCROLL_NOT_FOUND
    assert body_of(scroll(api, param))["data"] == []


def test_scroll_of_nothing_ends_at_once(api: httpx.Client) -> None:
    for _ in range(2):
        assert body_of(scroll(api)) == {"type": "list", "data": [], "pages": None, "total_count": None}


@pytest.mark.parametrize("param", ["x", UNKNOWN_ID, "12d403b5-dc79-47b5-8ea1-01a5ac8cb6cc"])
def test_unknown_scroll(api: httpx.Client, world: World, param: str) -> None:
    employ(world, 1)
    body_of(scroll(api))
    assert error_of(scroll(api, param)) == SCROLL_NOT_FOUND


def test_idle_scroll_expires_after_a_minute(api: httpx.Client, world: World) -> None:
    employ(world, 1)
    now = int(time.time())
    param = body_of(scroll(api))["scroll_param"]
    set_clock(api, now + 50)
    assert error_of(scroll(api)) == SCROLL_EXISTS
    set_clock(api, now + 75)
    assert error_of(scroll(api, param)) == SCROLL_NOT_FOUND
    assert body_of(scroll(api))["scroll_param"] != param


def test_scroll_in_use_lives_longer(
    server: RunningServer, workspace: TestWorkspace, api: httpx.Client, world: World
) -> None:
    employ(world, 1)
    now = int(time.time())
    param = body_of(scroll(api))["scroll_param"]
    rewind = "UPDATE company_scrolls SET last_company_id = '' WHERE workspace_id = $1"
    for seconds in (45, 90, 135):
        set_clock(api, now + seconds)
        execute(server.database_url, rewind, workspace.id)
        assert body_of(scroll(api, param))["scroll_param"] == param


# Deleting


def test_deleted_company_is_gone_and_its_contacts_stay(
    server: RunningServer, api: httpx.Client, world: World, eventually: Eventually
) -> None:
    user, company = world.employee()
    answer = body_of(api.delete(f"/companies/{company['id']}"))
    assert list(answer.items()) == [("id", company["id"]), ("object", "company"), ("deleted", True)]
    for params in ({"company_id": company["company_id"]}, {"name": company["name"]}):
        assert error_of(api.get("/companies", params=params)) == COMPANY_NOT_FOUND
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/contacts"), ("GET", "/segments")):
        assert error_of(api.request(method, f"/companies/{company['id']}{path}")) == COMPANY_NOT_FOUND
    assert body_of(api.post("/companies/list"))["total_count"] == 0
    assert body_of(scroll(api))["data"] == []
    contact = body_of(api.get(f"/contacts/{user['id']}"))
    assert (contact["companies"]["data"], contact["companies"]["total_count"]) == ([], 0)
    assert body_of(api.get(f"/contacts/{user['id']}/companies"))["data"] == []
    attached = "SELECT 1 FROM contact_companies WHERE company_id = $1"
    eventually(lambda: execute(server.database_url, attached, company["id"]) == [])


@pytest.mark.parametrize("leaves_meanwhile", [False, True])
def test_key_of_a_deleted_company_revives_it_empty(quiet: TestWorkspace, leaves_meanwhile: bool) -> None:
    """Without a worker: its contacts are not detached yet."""
    world = World(quiet.api)
    user, company = world.employee()
    body_of(quiet.api.delete(f"/companies/{company['id']}"))
    if leaves_meanwhile:
        body_of(quiet.api.post(f"/contacts/{user['id']}/archive"))
    revived = body_of(quiet.api.post("/companies", json={"company_id": company["company_id"], "name": "Again"}))
    assert (revived["id"], revived["name"], revived["user_count"]) == (company["id"], "Again", 0)
    assert get(quiet.api, company) == revived
    assert body_of(quiet.api.get(f"/companies/{company['id']}/contacts"))["data"] == []
    if leaves_meanwhile:
        body_of(quiet.api.post(f"/contacts/{user['id']}/unarchive"))
    assert get(quiet.api, company)["user_count"] == 0
    assert attach(quiet.api, user, company)["user_count"] == 1


def test_purge_removes_all_that_is_due_and_nothing_else(database_url: str) -> None:
    async def promise(caller: Caller) -> None:
        purge = next(schedule for schedule in SCHEDULES if schedule.name == "companies.purge")
        live = await service.create_or_update_company(caller, CompanyRequest(company_id="live"))
        statement = """
            INSERT INTO companies
                (workspace_id, id, company_id, state, state_changed_at, remote_created_at, created_at, updated_at)
            SELECT $1, 'd ' || days || ' ' || n, days || ' ' || n, 'deleted',
                $2::timestamptz - make_interval(days => days), $2, $2, $2
            FROM unnest(ARRAY[6, 8]) days, generate_series(1, 2100) n
        """
        async with connection() as held:
            await held.execute(statement, caller.workspace_id, caller.now())
            await purge.handler()
            assert await held.fetchval("SELECT count(*) FROM companies WHERE id LIKE 'd 6 %'") == 2100
            assert await held.fetchval("SELECT count(*) FROM companies") == 2101
        assert await service.get_company(caller, live.id) == live

    inside(database_url, promise)


def test_idle_scrolls_are_forgotten(database_url: str) -> None:
    async def promise(caller: Caller) -> None:
        forget = next(schedule for schedule in SCHEDULES if schedule.name == "companies.forget_idle_scrolls")
        busy = await open_workspace("Busy")
        statement = "INSERT INTO company_scrolls VALUES ($1, gen_random_uuid(), '', $2)"
        async with connection() as held:
            for workspace_id, seconds in ((caller.workspace_id, 61), (busy.id, 50)):
                await held.execute(statement, workspace_id, caller.now() - timedelta(seconds=seconds))
            await forget.handler()
            [row] = await held.fetch("SELECT workspace_id FROM company_scrolls")
        assert row["workspace_id"] == busy.id

    inside(database_url, promise)


# Who is in a company


def test_attaching_and_detaching_answer_the_company_with_its_count(api: httpx.Client, world: World) -> None:
    first, second, company = world.user(), world.lead(), world.company()
    counts = [attach(api, contact, company) for contact in (first, second, first)]
    assert counts == [company | {"user_count": count} for count in (1, 2, 2)]
    assert get(api, company)["user_count"] == 2
    for contact, count in ((first, 1), (second, 0)):
        path = f"/contacts/{contact['id']}/companies/{company['id']}"
        assert body_of(api.delete(path)) == company | {"user_count": count}
        assert error_of(api.delete(path)) == COMPANY_NOT_FOUND
    assert get(api, company) == company


def test_refused_attachments(api: httpx.Client, world: World) -> None:
    user, company = world.user(), world.company()
    path = f"/contacts/{user['id']}/companies"
    not_specified = (400, "parameter_not_found", "company not specified")
    for body in (b"", b"{}", b"null", b'{"id": null}', b'{"id": ""}'):
        assert error_of(api.post(path, content=body)) == not_specified
    for unknown in ("123", 123, UNKNOWN_ID, company["company_id"]):
        assert error_of(api.post(path, json={"id": unknown})) == COMPANY_NOT_FOUND
    assert error_of(api.post(path, json={"id": ["x"]}))[:2] == (400, "parameter_invalid")
    for method, url in (
        ("POST", f"/contacts/{UNKNOWN_ID}/companies"),
        ("DELETE", f"/contacts/{UNKNOWN_ID}/companies/{company['id']}"),
    ):
        sent = {"id": company["id"]} if method == "POST" else None
        assert error_of(api.request(method, url, json=sent)) == USER_NOT_FOUND
    assert error_of(api.delete(f"{path}/{UNKNOWN_ID}")) == COMPANY_NOT_FOUND
    assert body_of(api.get(path))["total_count"] == 0


def test_contact_is_in_a_thousand_companies_at_the_most(
    server: RunningServer, workspace: TestWorkspace, api: httpx.Client, world: World
) -> None:
    user, first, last, beyond = world.user(), world.company(), world.company(), world.company()
    copied = "workspace_id, company_id || n, remote_created_at, created_at, updated_at, id || n"
    columns = "workspace_id, company_id, remote_created_at, created_at, updated_at, id"
    copy = f"INSERT INTO companies ({columns}) SELECT {copied} FROM companies, generate_series(1, 999) n WHERE id = $1"
    execute(server.database_url, copy, first["id"])
    attached = "INSERT INTO contact_companies SELECT workspace_id, $1, id, created_at FROM companies WHERE id LIKE $2"
    execute(server.database_url, attached, user["id"], f"{first['id']}_%")
    assert attach(api, user, last)["user_count"] == 1
    answer = api.post(f"/contacts/{user['id']}/companies", json={"id": beyond["id"]})
    message = "Contact has reached the maximum of 1000 company associations"
    assert error_of(answer) == (400, "contact_company_limit_exceeded", message)
    assert attach(api, user, last)["user_count"] == 1
    assert get(api, beyond)["user_count"] == 0
    assert body_of(api.get(f"/contacts/{user['id']}"))["companies"]["total_count"] == 1000
    assert workspace.id == beyond["app_id"]


def test_companies_of_a_contact_in_the_order_of_attachment(api: httpx.Client, world: World) -> None:
    user, companies = world.user(), [world.company() for _ in range(5)]
    order = [companies[place] for place in (2, 0, 4, 1, 3)]
    for place, company in enumerate(order):
        set_clock(api, user["created_at"] + place * 100)
        attach(api, user, company)
    path = f"/contacts/{user['id']}/companies"
    whole = body_of(api.get(path))
    assert set(whole) == {"type", "data", "companies", "pages", "total_count"}
    assert whole["data"] == whole["companies"] == [get(api, company) for company in order]
    assert (whole["type"], whole["total_count"]) == ("list", 5)
    assert whole["pages"] == {"type": "pages", "next": None, "page": 1, "per_page": 50, "total_pages": 1}
    first = body_of(api.get(path, params={"per_page": 3}))
    second = body_of(api.get(first["pages"]["next"]))
    assert ids_of(first) + ids_of(second) == [company["id"] for company in order]
    assert second["pages"]["next"] is None
    assert body_of(api.get(path, params={"page": 3, "per_page": 3}))["data"] == []
    assert error_of(api.get(path, params={"per_page": 61})) == (400, "parameter_invalid", "Per Page is too big")


@pytest.mark.parametrize("style", ["page", "cursor", "both"])
def test_contacts_of_a_company_go_on_by_page_and_by_cursor(api: httpx.Client, world: World, style: str) -> None:
    company = world.company()
    contacts = [(world.user if number % 2 else world.lead)() for number in range(5)]
    for contact in contacts[::-1]:
        attach(api, contact, company)
    gone = world.user()
    attach(api, gone, company)
    body_of(api.post(f"/contacts/{gone['id']}/archive"))
    path = f"/companies/{company['id']}/contacts"
    seen, params, numbers = [], {"per_page": 2}, []
    while params:
        page = body_of(api.get(path, params=params))
        assert list(page) == ["type", "data", "total_count", "pages"]
        assert (page["type"], page["total_count"]) == ("list", 5)
        seen += page["data"]
        numbers.append((page["pages"]["page"], page["pages"]["total_pages"]))
        following = page["pages"].get("next", {})
        chosen = {"page": ["page"], "cursor": ["starting_after"], "both": ["page", "starting_after"]}[style]
        params = {key: following[key] for key in (*chosen, "per_page")} if following else {}
    assert numbers == [(1, 3), (2, 3), (3, 3)]
    assert seen == [body_of(api.get(f"/contacts/{contact['id']}")) for contact in contacts]


def test_pages_of_the_contacts_of_a_company(api: httpx.Client, world: World) -> None:
    company = world.company()
    path = f"/companies/{company['id']}/contacts"
    pages = {"type": "pages", "page": 1, "per_page": 50, "total_pages": 0}
    assert body_of(api.get(path)) == {"type": "list", "data": [], "total_count": 0, "pages": pages}
    contacts = [world.user() for _ in range(2)]
    for contact in contacts:
        attach(api, contact, company)
    beyond = body_of(api.get(path, params={"page": 9}))
    assert (beyond["data"], beyond["total_count"], "next" in beyond["pages"]) == ([], 2, False)
    assert error_of(api.get(path, params={"per_page": 61})) == (400, "parameter_invalid", "Per Page is too big")
    cursor = body_of(api.get(path, params={"per_page": 1}))["pages"]["next"]["starting_after"]
    elsewhere = f"/companies/{world.company()['id']}/contacts"
    for answer in (
        api.get(elsewhere, params={"starting_after": cursor}),
        api.get(path, params={"starting_after": "x"}),
    ):
        assert error_of(answer)[:2] == (400, "client_error")
