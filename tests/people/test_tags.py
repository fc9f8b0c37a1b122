"""Tags: one name each, on contacts and companies, singly and by the hundred."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import Outbox, TestWorkspace
from tests.contract.world import World
from tests.people.tools import COMPANY_NOT_FOUND, UNKNOWN_ID, USER_NOT_FOUND, body_of, error_of, set_clock

Json = dict[str, Any]

STRANGE_IDS = ["invalid_id", "0", "-1", "1.5", "9" * 18, "9" * 40, "x" * 500, "%F0%9F%99%82", "a'b--"]
NOT_FOUND = (404, "not_found", "Resource Not Found")
INVALID = (400, "parameter_invalid", "invalid tag parameters")


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def save(api: httpx.Client, **body: Any) -> Json:
    return body_of(api.post("/tags", json=body))


def names(api: httpx.Client) -> list[str]:
    return [tag["name"] for tag in body_of(api.get("/tags"))["data"]]


def tags_of(api: httpx.Client, contact: Json) -> list[str]:
    body = body_of(api.get(f"/contacts/{contact['id']}/tags"))
    assert list(body) == ["type", "data"]
    return [tag["name"] for tag in body["data"]]


def tags_of_company(api: httpx.Client, company: Json) -> list[str]:
    return [tag["name"] for tag in body_of(api.get(f"/companies/{company['id']}"))["tags"]["tags"]]


# The tags themselves


def test_workspace_begins_without_tags(api: httpx.Client) -> None:
    assert body_of(api.get("/tags")) == {"type": "list", "data": []}


def test_tag_by_itself_has_three_keys(api: httpx.Client) -> None:
    made = save(api, name="Independent")
    assert made == {"type": "tag", "id": made["id"], "name": "Independent"}
    assert made["id"].isdigit()
    assert body_of(api.get(f"/tags/{made['id']}")) == made
    assert body_of(api.get("/tags")) == {"type": "list", "data": [made]}


def test_tags_are_listed_by_name_whatever_its_case(api: httpx.Client) -> None:
    for name in ("pear", "Apple", "banana", "Zebra"):
        save(api, name=name)
    assert names(api) == ["Apple", "banana", "pear", "Zebra"]


@pytest.mark.parametrize(
    ("first", "again"),
    [("Beta", "Beta"), ("Beta", "bETA"), ("Beta", "  beta "), ("Ärger", "ärger"), ("Čaj", "ČAJ")],
)
def test_existing_name_answers_the_existing_tag(api: httpx.Client, first: str, again: str) -> None:
    made = save(api, name=first)
    assert save(api, name=again) == made
    assert names(api) == [first]


def test_name_made_many_times_at_once_is_one_tag(workspace: TestWorkspace) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: save(workspace.api, name="Beta" if number % 2 else "BETA"), range(16)))
    assert len({tag["id"] for tag in made}) == 1


@pytest.mark.parametrize("name", ["x" * 191, "🙂 مرحبا", "a'b;--", "<b>bold</b>", "tab\tbed"])
def test_any_text_may_be_a_name(api: httpx.Client, name: str) -> None:
    assert save(api, name=name)["name"] == name == names(api)[0]


def test_rename_keeps_the_tag_where_it_is(api: httpx.Client, world: World) -> None:
    user, tag = world.tagged_user()
    for name in ("Renamed", "renamed", "RENAMED"):
        assert save(api, id=tag["id"], name=name) == {"type": "tag", "id": tag["id"], "name": name}
        assert tags_of(api, user) == [name] == names(api)
    assert save(api, id=int(tag["id"]), name="By number")["name"] == "By number"


def test_rename_to_the_name_of_another_tag_is_refused(api: httpx.Client) -> None:
    first, second = save(api, name="First"), save(api, name="Second")
    answer = api.post("/tags", json={"id": second["id"], "name": "FIRST"})
    assert error_of(answer) == (400, "parameter_invalid", "A tag with this name already exists")
    assert body_of(api.get("/tags"))["data"] == [first, second]


@pytest.mark.parametrize("tag_id", STRANGE_IDS)
def test_unknown_tag_is_not_found(api: httpx.Client, world: World, tag_id: str) -> None:
    path = f"/contacts/{world.user()['id']}/tags"
    assert error_of(api.get(f"/tags/{tag_id}")) == NOT_FOUND
    assert error_of(api.delete(f"/tags/{tag_id}")) == NOT_FOUND
    assert error_of(api.post("/tags", json={"id": tag_id, "name": "Renamed"})) == NOT_FOUND
    assert error_of(api.post("/tags", json={"id": tag_id, "users": []})) == NOT_FOUND
    assert error_of(api.post(path, json={"id": tag_id})) == NOT_FOUND
    assert error_of(api.delete(f"{path}/{tag_id}")) == NOT_FOUND
    assert names(api) == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"test": "invalid"}, INVALID),
        ({}, INVALID),
        ({"name": None}, INVALID),
        ({"name": "   "}, INVALID),
        ({"id": "1"}, INVALID),
        ({"users": [{"id": UNKNOWN_ID}]}, INVALID),
        ({"name": "Beta", "users": [{}]}, INVALID),
        ({"name": "Beta", "users": [{"untag": True}]}, INVALID),
        ({"name": "Beta", "companies": [{"name": "Bakery"}]}, INVALID),
        (
            {"name": "x" * 192},
            (400, "parameter_invalid", "name must be at most 191 characters long"),
        ),
        ({"name": 7}, (400, "parameter_invalid", "name must be a string or null, not an integer")),
        (
            {"name": "Beta", "users": {"id": UNKNOWN_ID}},
            (400, "parameter_invalid", "users must be an array or null, not an object"),
        ),
        (
            {"name": "Beta", "companies": [{"id": UNKNOWN_ID, "untag": "yes"}]},
            (400, "parameter_invalid", "companies[0].untag must be a boolean, not a string"),
        ),
        (
            {"name": "Beta", "users": [{"id": UNKNOWN_ID}] * 1001},
            (400, "parameter_invalid", "users: expected `array` of length <= 1000"),
        ),
    ],
)
def test_ill_formed_request_is_refused_and_makes_no_tag(
    api: httpx.Client, body: Json, expected: tuple[int, str, str]
) -> None:
    assert error_of(api.post("/tags", json=body)) == expected
    assert names(api) == []


def test_unknown_keys_are_ignored(api: httpx.Client, world: World) -> None:
    user = world.user()
    save(api, name="Beta", tag_or_untag="tag", users=[{"id": user["id"], "name": "Ann"}])
    assert tags_of(api, user) == ["Beta"]


# On one contact


def test_applied_tag_tells_when_and_by_whom(api: httpx.Client, world: World) -> None:
    user, tag = world.user(), world.tag("Beta")
    set_clock(api, 1_750_000_000)
    applied = body_of(api.post(f"/contacts/{user['id']}/tags", json={"id": tag["id"]}))
    assert applied == {
        **tag,
        "applied_at": pytest.approx(1_750_000_000, abs=30),
        "applied_by": {"type": "admin", "id": world.admin_id()},
    }
    assert body_of(api.get(f"/contacts/{user['id']}/tags"))["data"] == [applied]
    assert body_of(api.get(f"/tags/{tag['id']}")) == tag


@pytest.mark.parametrize("role", ["user", "lead"])
def test_tag_is_put_on_and_taken_off(api: httpx.Client, world: World, role: str) -> None:
    contact = world.user() if role == "user" else world.lead()
    tag, path = world.tag(), f"/contacts/{contact['id']}/tags"
    applied = body_of(api.post(path, json={"id": int(tag["id"])}))
    assert body_of(api.delete(f"{path}/{tag['id']}")) == applied
    assert tags_of(api, contact) == []
    assert error_of(api.delete(f"{path}/{tag['id']}")) == NOT_FOUND


def test_tagging_again_keeps_the_first_application(api: httpx.Client, world: World) -> None:
    user, applied = world.tagged_user()
    set_clock(api, 2_000_000_000)
    assert body_of(api.post(f"/contacts/{user['id']}/tags", json={"id": applied["id"]})) == applied
    save(api, name=applied["name"], users=[{"id": user["id"]}])
    assert body_of(api.get(f"/contacts/{user['id']}/tags"))["data"] == [applied]
    assert body_of(api.get(f"/contacts/{user['id']}"))["updated_at"] < 1_999_999_000


def test_tags_of_a_contact_stand_in_the_order_of_application(api: httpx.Client, world: World) -> None:
    user, tags = world.user(), [world.tag(name) for name in ("Pear", "Apple", "Fig")]
    for tag in tags:
        api.post(f"/contacts/{user['id']}/tags", json={"id": tag["id"]})
    assert tags_of(api, user) == ["Pear", "Apple", "Fig"]


def test_contact_shows_ten_tags_and_how_many_there_are(api: httpx.Client, world: World) -> None:
    user = world.user()
    path = f"/contacts/{user['id']}"
    tags = [world.tag(f"Tag {number}") for number in range(11)]
    for place, tag in enumerate(tags, start=1):
        api.post(f"{path}/tags", json={"id": tag["id"]})
        shown = body_of(api.get(path))["tags"]
        assert (shown["total_count"], shown["has_more"], len(shown["data"])) == (place, place > 10, min(place, 10))
    assert (shown["type"], shown["url"]) == ("list", f"{path}/tags")
    by_id = {tag["id"]: {"id": tag["id"], "type": "tag", "url": f"/tags/{tag['id']}"} for tag in tags}
    assert all(item == by_id[item["id"]] for item in shown["data"])
    assert len(body_of(api.get(shown["url"], params={"per_page": 60, "display_as": "plaintext"}))["data"]) == 11


def test_tagging_counts_as_an_update_of_the_contact(api: httpx.Client, world: World) -> None:
    user, tag = world.user(), world.tag()
    path = f"/contacts/{user['id']}"
    for moment, method, url, body in (
        (1_750_000_000, "POST", f"{path}/tags", {"id": tag["id"]}),
        (1_760_000_000, "DELETE", f"{path}/tags/{tag['id']}", None),
    ):
        set_clock(api, moment)
        body_of(api.request(method, url, json=body))
        assert body_of(api.get(path))["updated_at"] == pytest.approx(moment, abs=30)


@pytest.mark.parametrize("contact_id", [*STRANGE_IDS, UNKNOWN_ID])
def test_unknown_contact_is_not_found_even_if_the_tag_is_unknown_too(
    api: httpx.Client, world: World, contact_id: str
) -> None:
    path = f"/contacts/{contact_id}/tags"
    assert error_of(api.get(path)) == USER_NOT_FOUND
    for tag_id in (world.tag()["id"], "900000000000001"):
        assert error_of(api.post(path, json={"id": tag_id})) == USER_NOT_FOUND
        assert error_of(api.delete(f"{path}/{tag_id}")) == USER_NOT_FOUND


def test_archived_contact_keeps_its_tags_out_of_sight(api: httpx.Client, world: World) -> None:
    user, tag = world.tagged_user()
    path = f"/contacts/{user['id']}"
    api.post(f"{path}/archive")
    assert error_of(api.get(f"{path}/tags")) == USER_NOT_FOUND
    assert error_of(api.post(f"{path}/tags", json={"id": tag["id"]})) == USER_NOT_FOUND
    api.post(f"{path}/unarchive")
    assert tags_of(api, user) == [tag["name"]]


def test_tag_to_put_on_a_contact_is_required(api: httpx.Client, world: World) -> None:
    path = f"/contacts/{world.user()['id']}/tags"
    assert error_of(api.post(path, json={})) == (400, "parameter_not_found", "id is a required parameter")
    expected = (400, "parameter_invalid", "id must be an integer or a string, not null")
    assert error_of(api.post(path, json={"id": None})) == expected


# On many contacts


@pytest.mark.parametrize("key", ["id", "user_id", "email"])
def test_users_are_named_by_any_of_their_identifiers(api: httpx.Client, world: World, key: str) -> None:
    user, bystander = world.user(), world.user()
    value = {"id": user["id"], "user_id": user["external_id"], "email": f" {user['email'].upper()} "}[key]
    tag = save(api, name="Beta", users=[{key: value}])
    assert list(tag) == ["type", "id", "name"]
    assert (tags_of(api, user), tags_of(api, bystander)) == (["Beta"], [])
    assert save(api, name="Beta", users=[{key: value, "untag": True}]) == tag
    assert tags_of(api, user) == []
    assert names(api) == ["Beta"]


def test_many_are_tagged_and_untagged_in_one_request(api: httpx.Client, world: World) -> None:
    stays, comes, lead = world.user(), world.user(), world.lead()
    leaves, tag = world.tagged_user()
    targets = [
        {"id": stays["id"], "untag": True},
        {"user_id": comes["external_id"]},
        {"id": comes["id"]},
        {"id": lead["id"]},
        {"email": leaves["email"], "untag": True},
    ]
    save(api, name=tag["name"].upper(), users=targets)
    tagged = [tags_of(api, contact) for contact in (stays, comes, lead, leaves)]
    assert tagged == [[], [tag["name"]], [tag["name"]], []]


def test_tag_of_many_may_be_named_by_its_id(api: httpx.Client, world: World) -> None:
    user, company, tag = world.user(), world.company(), world.tag("Beta")
    assert save(api, id=tag["id"], users=[{"id": user["id"]}], companies=[{"id": company["id"]}]) == tag
    assert (tags_of(api, user), tags_of_company(api, company)) == (["Beta"], ["Beta"])
    untagged = save(api, id=tag["id"], name="Gamma", companies=[{"id": company["id"], "untag": True}])
    assert untagged == {**tag, "name": "Gamma"}
    assert (tags_of(api, user), tags_of_company(api, company)) == (["Gamma"], [])


@pytest.mark.parametrize(
    "missing",
    [{"id": UNKNOWN_ID}, {"id": "123"}, {"user_id": "nobody"}, {"email": "nobody@example.com"}, {"email": ""}],
)
def test_one_missing_user_leaves_all_as_they_were(api: httpx.Client, world: World, missing: Json) -> None:
    user, company = world.user(), world.company()
    leaves, tag = world.tagged_user()
    for name in (tag["name"], "New"):
        body = {
            "name": name,
            "users": [{"id": user["id"]}, {"id": leaves["id"], "untag": True}, missing],
            "companies": [{"id": company["id"]}],
        }
        assert error_of(api.post("/tags", json=body)) == USER_NOT_FOUND
    assert (tags_of(api, user), tags_of(api, leaves), tags_of_company(api, company)) == ([], [tag["name"]], [])
    assert names(api) == [tag["name"]]


def test_email_address_of_several_users_names_none(api: httpx.Client, world: World) -> None:
    twins = [world.user(email="twin@example.com") for _ in range(2)]
    message = "Multiple existing users match this email address - must be more specific using user_id"
    body = {"name": "Beta", "users": [{"email": "twin@example.com"}]}
    assert error_of(api.post("/tags", json=body)) == (409, "conflict", message)
    api.post(f"/contacts/{twins[0]['id']}/archive")
    save(api, **body)
    assert tags_of(api, twins[1]) == ["Beta"]


# On companies


@pytest.mark.parametrize("key", ["id", "company_id"])
def test_companies_are_named_by_either_key(api: httpx.Client, world: World, key: str) -> None:
    company, bystander = world.company(company_id="7"), world.company()
    value = company["id"] if key == "id" else 7
    tag = save(api, name="Beta", companies=[{key: value}])
    assert body_of(api.get(f"/companies/{company['id']}"))["tags"] == {"type": "tag.list", "tags": [tag]}
    assert tags_of_company(api, bystander) == []
    assert save(api, name="beta", companies=[{key: value, "untag": True}]) == tag
    assert tags_of_company(api, company) == []


@pytest.mark.parametrize("missing", [{"id": UNKNOWN_ID}, {"company_id": "123"}, {"id": "123", "company_id": "7"}])
def test_one_missing_company_leaves_all_as_they_were(api: httpx.Client, world: World, missing: Json) -> None:
    user, company = world.user(), world.company(company_id="7")
    body = {"name": "New", "companies": [{"id": company["id"]}, missing], "users": [{"id": user["id"]}]}
    assert error_of(api.post("/tags", json=body)) == COMPANY_NOT_FOUND
    assert (tags_of(api, user), tags_of_company(api, company), names(api)) == ([], [], [])


def test_tag_narrows_the_list_of_companies(api: httpx.Client, world: World) -> None:
    (_, company), _ = world.employee(), world.employee()
    tag = save(api, name="Beta", companies=[{"id": company["id"]}])
    found = body_of(api.get("/companies", params={"tag_id": tag["id"]}))
    assert ([each["id"] for each in found["data"]], found["total_count"]) == ([company["id"]], 1)


# Deleting


def test_deleted_tag_is_gone_from_everything(api: httpx.Client, world: World) -> None:
    user, tag = world.tagged_user()
    company = world.company()
    save(api, name=tag["name"], companies=[{"id": company["id"]}])
    answer = api.delete(f"/tags/{tag['id']}")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
    assert (names(api), tags_of(api, user), tags_of_company(api, company)) == ([], [], [])
    assert body_of(api.get(f"/contacts/{user['id']}"))["tags"]["total_count"] == 0
    query = {"field": "tag_id", "operator": "=", "value": tag["id"]}
    assert body_of(api.post("/contacts/search", json={"query": query}))["total_count"] == 0
    assert error_of(api.delete(f"/tags/{tag['id']}")) == NOT_FOUND


@pytest.mark.parametrize("value", [str, int])
@pytest.mark.parametrize("person_type", ["user", "contact", "company"])
def test_tag_that_segments_ask_for_is_not_deleted(
    api: httpx.Client, world: World, person_type: str, value: type[str | int]
) -> None:
    tag, other = world.tag(), world.tag()
    asks = {"field": "tag_id", "operator": "!=", "value": value(tag["id"])}
    group = {"operator": "OR", "value": [{"operator": "AND", "value": [asks]}]}
    first = world.segment(asks, "Seg 1", person_type)
    second = world.segment(group, "Seg 2", person_type)
    message = "Unable to delete Tag with dependent objects. Segments: {}."
    refusals = [(first, "Seg 1, Seg 2"), (second, "Seg 2")]
    for segment, segments in refusals:
        answer = api.delete(f"/tags/{tag['id']}")
        assert error_of(answer) == (400, "tag_has_dependent_objects", message.format(segments))
        api.delete(f"/manage/v1/segments/{segment['id']}")
    for each in (tag, other):
        assert api.delete(f"/tags/{each['id']}").status_code == 200


def test_deleting_while_others_tag_breaks_neither(api: httpx.Client, world: World) -> None:
    users = [world.user() for _ in range(4)]

    def tag_by_name(user: Json) -> int:
        return api.post("/tags", json={"name": "Fleeting", "users": [{"id": user["id"]}]}).status_code

    def tag_by_id(user: Json) -> int:
        tag = api.post("/tags", json={"name": "Fleeting"}).json()
        return api.post(f"/contacts/{user['id']}/tags", json={"id": tag["id"]}).status_code

    def delete(_: Json) -> int:
        tag = api.post("/tags", json={"name": "Fleeting"}).json()
        return api.delete(f"/tags/{tag['id']}").status_code

    with ThreadPoolExecutor(8) as pool:
        work = [(each, user) for _ in range(8) for user in users for each in (tag_by_name, delete, tag_by_id)]
        statuses = list(pool.map(lambda pair: pair[0](pair[1]), work))
    assert set(statuses) <= {200, 404}


# What is told


@pytest.mark.parametrize("role", ["user", "lead"])
def test_tagging_is_told_with_the_tag_and_the_contact(quiet: TestWorkspace, outbox: Outbox, role: str) -> None:
    world = World(quiet.api)
    contact, tag = (world.user() if role == "user" else world.lead()), world.tag("Beta")
    path = f"/contacts/{contact['id']}"
    outbox.take()
    requests: list[tuple[str | None, str, str, Json | None]] = [
        ("created", "POST", f"{path}/tags", {"id": tag["id"]}),
        (None, "POST", "/tags", {"name": "Beta", "users": [{"id": contact["id"]}]}),
        ("deleted", "DELETE", f"{path}/tags/{tag['id']}", None),
        (None, "POST", "/tags", {"name": "Beta", "users": [{"id": contact["id"], "untag": True}]}),
    ]
    for topic, method, url, body in requests:
        body_of(quiet.api.request(method, url, json=body))
        shown = body_of(quiet.api.get(path))
        told = outbox.take()
        if topic is None:
            assert told == []
            continue
        item = {"type": "contact_tag", "created_at": shown["updated_at"], "tag": tag, "contact": shown}
        assert told == [(f"contact.{role}.tag.{topic}", contact["id"], item)]


def test_only_companies_whose_tags_changed_are_told_of(quiet: TestWorkspace, outbox: Outbox) -> None:
    world = World(quiet.api)
    tagged, plain = world.company(), world.company()
    save(quiet.api, name="Beta", companies=[{"id": tagged["id"]}])
    outbox.take()
    save(quiet.api, name="Beta", companies=[{"id": tagged["id"]}, {"id": plain["id"]}])
    shown = body_of(quiet.api.get(f"/companies/{plain['id']}"))
    assert outbox.take() == [("company.updated", plain["id"], shown)]
    save(quiet.api, name="Beta", companies=[{"id": tagged["id"], "untag": True}, {"id": plain["id"]}])
    shown = body_of(quiet.api.get(f"/companies/{tagged['id']}"))
    assert outbox.take() == [("company.updated", tagged["id"], shown)]
    save(quiet.api, name="Beta", companies=[{"id": tagged["id"], "untag": True}])
    assert outbox.take() == []


def test_other_workspace_sees_and_uses_no_tag(api: httpx.Client, world: World, other: TestWorkspace) -> None:
    user, tag = world.tagged_user()
    stranger = World(other.api).user()
    assert error_of(other.api.get(f"/tags/{tag['id']}")) == NOT_FOUND
    assert error_of(other.api.delete(f"/tags/{tag['id']}")) == NOT_FOUND
    assert error_of(other.api.post("/tags", json={"id": tag["id"], "name": "Mine"})) == NOT_FOUND
    assert error_of(other.api.post(f"/contacts/{stranger['id']}/tags", json={"id": tag["id"]})) == NOT_FOUND
    assert error_of(other.api.post("/tags", json={"name": "Mine", "users": [{"id": user["id"]}]})) == USER_NOT_FOUND
    assert save(other.api, name=tag["name"])["id"] != tag["id"]
    assert tags_of(api, user) == [tag["name"]]
