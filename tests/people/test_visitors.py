"""Visitors: read and changed while they are anonymous, and what becomes of them when they say who they are."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World
from tests.people.tools import UNKNOWN_ID, USER_NOT_FOUND, Json, body_of, error_of, execute, set_clock

# fmt: off
KEYS = [
    "type", "id", "user_id", "anonymous", "email", "phone", "name", "pseudonym", "avatar", "app_id", "companies",
    "location_data", "last_request_at", "created_at", "remote_created_at", "signed_up_at", "updated_at",
    "session_count", "social_profiles", "owner_id", "unsubscribed_from_emails", "marked_email_as_spam",
    "has_hard_bounced", "tags", "segments", "custom_attributes", "referrer", "utm_campaign", "utm_content",
    "utm_medium", "utm_source", "utm_term", "do_not_track",
]
# fmt: on
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
VISITOR_NOT_FOUND = (404, "not_found", "Visitor Not Found")


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def visitor(api: httpx.Client, **values: Any) -> Json:
    return body_of(api.post("/manage/v1/visitors", json=values))


def get(api: httpx.Client, user_id: str) -> Json:
    return body_of(api.get("/visitors", params={"user_id": user_id}))


def convert(api: httpx.Client, made: Json, kind: str = "user", **user: Any) -> Json:
    sent = {"type": kind, "visitor": {"id": made["id"]}} | ({"user": user} if user else {})
    return body_of(api.post("/visitors/convert", json=sent))


def contact(api: httpx.Client, contact_id: str) -> Json:
    return body_of(api.get(f"/contacts/{contact_id}"))


# Reading


def test_new_visitor_is_anonymous(workspace: TestWorkspace, api: httpx.Client) -> None:
    made = visitor(api)
    now = made["created_at"]
    assert list(made) == KEYS
    assert made == dict.fromkeys(KEYS) | {
        "type": "visitor",
        "id": made["id"],
        "user_id": made["user_id"],
        "anonymous": True,
        "email": "",
        "pseudonym": made["pseudonym"],
        "avatar": {"type": "avatar", "image_url": None},
        "app_id": workspace.id,
        "companies": {"type": "company.list", "companies": []},
        "location_data": {},
        "created_at": now,
        "remote_created_at": now,
        "signed_up_at": now,
        "updated_at": now,
        "session_count": 0,
        "social_profiles": {"type": "social_profile.list", "social_profiles": []},
        "unsubscribed_from_emails": False,
        "marked_email_as_spam": False,
        "has_hard_bounced": False,
        "tags": {"type": "tag.list", "tags": []},
        "segments": {"type": "segment.list", "segments": []},
        "custom_attributes": {},
    }
    assert re.fullmatch("[0-9a-f]{24}", made["id"])
    assert UUID.fullmatch(made["user_id"])
    assert re.fullmatch("[A-Z][a-z]+ [A-Z][a-z]+", made["pseudonym"])
    assert now == pytest.approx(time.time(), abs=30)
    assert get(api, made["user_id"]) == made == body_of(api.get(f"/visitors/{made['id']}"))


def test_what_is_known_of_a_visitor_is_shown(server: RunningServer, api: httpx.Client, world: World) -> None:
    made = visitor(
        api,
        name="Grace",
        email=" Grace@Example.com ",
        phone="+353871234567",
        avatar="https://example.com/grace.png",
        country="Ireland",
        region="Leinster",
        city="Dublin",
        referrer="https://example.com/pricing",
        utm_source="mail",
    )
    changes = "last_request_at = to_timestamp(7), session_count = 3, owner_id = $2, location_country_code = 'IRL'"
    admin_id = world.admin_id()
    execute(server.database_url, f"UPDATE visitors SET {changes} WHERE id = $1", made["id"], int(admin_id))
    shown = get(api, made["user_id"])
    assert (shown["email"], shown["phone"], shown["name"]) == ("grace@example.com", "+353871234567", "Grace")
    assert shown["avatar"] == {"type": "avatar", "image_url": "https://example.com/grace.png"}
    assert shown["location_data"] == {
        "type": "location_data",
        "country_name": "Ireland",
        "region_name": "Leinster",
        "city_name": "Dublin",
        "country_code": "IRL",
    }
    assert (shown["last_request_at"], shown["session_count"], shown["owner_id"]) == (7, 3, admin_id)
    assert (shown["referrer"], shown["utm_source"]) == ("https://example.com/pricing", "mail")


def test_visitors_are_no_contacts(api: httpx.Client) -> None:
    made = visitor(api, email="grace@example.com")
    assert error_of(api.get(f"/contacts/{made['id']}")) == USER_NOT_FOUND
    assert body_of(api.get("/contacts"))["data"] == []
    query = {"field": "email", "operator": "=", "value": "grace@example.com"}
    assert body_of(api.post("/contacts/search", json={"query": query}))["data"] == []
    assert body_of(api.post("/contacts", json={"email": "grace@example.com"}))["role"] == "user"


def test_unknown_visitor_is_not_found(api: httpx.Client) -> None:
    made = visitor(api)
    for user_id in ("nobody", made["id"], UNKNOWN_ID):
        assert error_of(api.get("/visitors", params={"user_id": user_id})) == VISITOR_NOT_FOUND
    for params in ({}, {"user_id": ""}):
        refused = (400, "parameter_not_found", "user_id is a required parameter")
        assert error_of(api.get("/visitors", params=params)) == refused
    for visitor_id in (UNKNOWN_ID, "invalid_id", made["user_id"]):
        for method in ("GET", "DELETE"):
            assert error_of(api.request(method, f"/visitors/{visitor_id}")) == VISITOR_NOT_FOUND


# Changing


def test_visitor_is_changed_by_id_or_user_id(api: httpx.Client, world: World) -> None:
    name = world.attribute(data_type="integer")["name"]
    made, other = visitor(api), visitor(api)
    set_clock(api, made["created_at"] + 100)
    changed = body_of(api.put("/visitors", json={"id": made["id"], "name": "Grace"}))
    assert changed == made | {"name": "Grace", "updated_at": changed["updated_at"]}
    assert changed["updated_at"] == pytest.approx(made["created_at"] + 100, abs=30)
    by_user_id = {"user_id": made["user_id"], "custom_attributes": {name: 7}}
    assert body_of(api.put("/visitors", json=by_user_id))["custom_attributes"] == {name: 7}
    both = {"id": made["id"], "user_id": other["user_id"], "name": "Hopper"}
    assert body_of(api.put("/visitors", json=both))["id"] == made["id"]
    in_query = api.put("/visitors", params={"user_id": made["user_id"]}, json={"custom_attributes": {name: None}})
    assert body_of(in_query)["custom_attributes"] == {name: None}
    assert body_of(api.put("/visitors", json={"id": made["id"], "name": None}))["name"] is None
    assert get(api, other["user_id"]) == other


def test_email_does_not_change(api: httpx.Client) -> None:
    made = visitor(api)
    changed = body_of(api.put("/visitors", json={"id": made["id"], "email": "grace@example.com", "phone": "1"}))
    assert changed == made | {"updated_at": changed["updated_at"]}


def test_refused_changes(api: httpx.Client, world: World) -> None:
    made = visitor(api)
    name = world.attribute(data_type="integer")["name"]
    for key in ({"id": UNKNOWN_ID}, {"user_id": "fail"}, {"id": UNKNOWN_ID, "user_id": made["user_id"]}):
        assert error_of(api.put("/visitors", json={"name": "Grace", **key})) == VISITOR_NOT_FOUND
    for nobody in ({}, {"id": None}, {"id": "", "user_id": ""}):
        refused = (400, "parameter_not_found", "id or user_id of the visitor is a required parameter")
        assert error_of(api.put("/visitors", json={"name": "Grace", **nobody})) == refused
    for attributes, message in (
        ({name: "seven"}, f"{name} must be of type integer"),
        ({"undefined": 1}, "Custom attribute 'undefined' does not exist"),
    ):
        sent = {"id": made["id"], "name": "Grace", "custom_attributes": attributes}
        assert error_of(api.put("/visitors", json=sent)) == (400, "parameter_invalid", message)
    assert error_of(api.put("/visitors", json={"id": made["id"], "name": 7}))[:2] == (400, "parameter_invalid")
    assert get(api, made["user_id"]) == made


def test_visitor_is_deleted(api: httpx.Client) -> None:
    made = visitor(api)
    deleted = body_of(api.delete(f"/visitors/{made['id']}"))
    assert deleted == {"id": made["id"], "type": "visitor", "user_id": made["user_id"]}
    assert error_of(api.get("/visitors", params={"user_id": made["user_id"]})) == VISITOR_NOT_FOUND


@pytest.mark.parametrize(("field", "value"), [("email", "grace"), ("custom_attributes", {"x": 1})])
def test_visitor_has_only_what_a_contact_may_have(api: httpx.Client, field: str, value: Any) -> None:
    status, code, _ = error_of(api.post("/manage/v1/visitors", json={field: value}))
    assert (status, code) == (400, "parameter_invalid")


# Becoming a contact


@pytest.mark.parametrize("named_by", ["id", "user_id", "email"])
@pytest.mark.parametrize(
    ("kind", "user", "expected"),
    [
        ("user", {"email": "Foo@Bar.com"}, {"external_id": None, "email": "foo@bar.com"}),
        ("user", {"user_id": "u-1"}, {"external_id": "u-1", "email": "grace@example.com"}),
        ("user", {"user_id": 7, "email": "foo@bar.com"}, {"external_id": "7", "email": "foo@bar.com"}),
        ("lead", None, {"email": "grace@example.com"}),
        ("lead", {}, {"email": "grace@example.com"}),
        ("lead", {"email": "foo@bar.com"}, {"email": "foo@bar.com"}),
        ("lead", {"user_id": "u-1"}, {"email": "grace@example.com"}),
    ],
)
def test_visitor_becomes_a_contact(
    api: httpx.Client, named_by: str, kind: str, user: Json | None, expected: Json
) -> None:
    made = visitor(api, email="grace@example.com")
    sent = {"type": kind, "visitor": {named_by: made[named_by].upper() if named_by == "email" else made[named_by]}}
    sent |= {} if user is None else {"user": user}
    converted = body_of(api.post("/visitors/convert", json=sent))
    assert (converted["type"], converted["id"], converted["role"]) == ("contact", made["id"], kind)
    assert {key: converted[key] for key in expected} == expected
    assert converted["signed_up_at"] == converted["created_at"]
    if kind == "lead":
        assert UUID.fullmatch(converted["external_id"])
        assert converted["external_id"] != made["user_id"]
    assert contact(api, made["id"]) == converted
    assert body_of(api.get("/contacts"))["total_count"] == 1
    assert error_of(api.get("/visitors", params={"user_id": made["user_id"]})) == VISITOR_NOT_FOUND
    assert error_of(api.post("/visitors/convert", json=sent)) == VISITOR_NOT_FOUND


KNOWN = {
    "name": "Grace",
    "phone": "+353871234567",
    "avatar": "https://example.com/grace.png",
    "country": "Ireland",
    "region": "Leinster",
    "city": "Dublin",
    "referrer": "https://example.com/pricing",
    "utm_campaign": "spring",
    "utm_content": "button",
    "utm_medium": "mail",
    "utm_source": "news",
    "utm_term": "inbox",
}
SHOWN = {
    "name": "Grace",
    "phone": "+353871234567",
    "formatted_phone": "+353871234567",
    "avatar": {"type": "avatar", "image_url": "https://example.com/grace.png"},
    "location": {
        "type": "location",
        "country": "Ireland",
        "region": "Leinster",
        "city": "Dublin",
        "country_code": None,
        "continent_code": None,
    },
    **{key: KNOWN[key] for key in KNOWN if key.startswith("utm_") or key == "referrer"},
    "last_seen_at": 7,
    "unsubscribed_from_emails": True,
}


@pytest.mark.parametrize("target", ["becomes a lead", "becomes a user", "goes into a user"])
def test_what_is_known_of_a_visitor_goes_along(
    server: RunningServer, api: httpx.Client, world: World, target: str
) -> None:
    name = world.attribute()["name"]
    made = visitor(api, **KNOWN, custom_attributes={name: "Red"})
    admin_id = int(world.admin_id())
    changes = "last_request_at = to_timestamp(7), unsubscribed_from_emails = true, owner_id = $2"
    execute(server.database_url, f"UPDATE visitors SET {changes} WHERE id = $1", made["id"], admin_id)
    if target == "becomes a lead":
        converted = convert(api, made, "lead")
    elif target == "becomes a user":
        converted = convert(api, made, user_id="u-1")
    else:
        user = world.post("/contacts", {"external_id": "u-1"})
        converted = convert(api, made, user_id="u-1")
        assert (converted["id"], converted["external_id"]) == (user["id"], "u-1")
    expected = SHOWN | {"owner_id": admin_id, "custom_attributes": {name: "Red"}}
    assert {key: converted[key] for key in expected} == expected
    assert contact(api, converted["id"]) == converted
    query = {"field": f"custom_attributes.{name}", "operator": "=", "value": "red"}
    found = body_of(api.post("/contacts/search", json={"query": query}))["data"]
    assert [each["id"] for each in found] == [converted["id"]]


def test_what_the_user_has_wins(server: RunningServer, api: httpx.Client, world: World) -> None:
    both, only_visitor = (world.attribute()["name"] for _ in range(2))
    user = world.user(
        name="User",
        phone="+14155552671",
        avatar="https://example.com/user.png",
        last_seen_at=9,
        custom_attributes={both: "user"},
    )
    changes = "location_country = 'France', utm_term = 'user'"
    execute(server.database_url, f"UPDATE contacts SET {changes} WHERE id = $1", user["id"])
    before = contact(api, user["id"])
    made = visitor(
        api, **KNOWN, email="other@example.com", custom_attributes={both: "visitor", only_visitor: "visitor"}
    )
    execute(server.database_url, "UPDATE visitors SET last_request_at = to_timestamp(7) WHERE id = $1", made["id"])
    merged = convert(api, made, id=user["id"])
    attributes = {both: "user", only_visitor: "visitor"}
    assert merged == before | {"custom_attributes": attributes, "updated_at": merged["updated_at"]}
    assert contact(api, user["id"]) == merged


# A lead may share a user's e-mail address, so that one names nobody for it.
@pytest.mark.parametrize(
    ("key", "kind"),
    [("id", "user"), ("user_id", "user"), ("email", "user"), ("id", "lead"), ("user_id", "lead")],
)
def test_visitor_goes_into_the_user_it_turned_out_to_be(api: httpx.Client, world: World, key: str, kind: str) -> None:
    user = world.user(email="grace@example.com")
    made = visitor(api, email="visitor@example.com")
    named = {"id": user["id"], "user_id": user["external_id"], "email": " Grace@Example.com"}
    merged = convert(api, made, kind, **{key: named[key]})
    assert (merged["id"], merged["role"], merged["email"]) == (user["id"], "user", "grace@example.com")
    assert error_of(api.get(f"/visitors/{made['id']}")) == VISITOR_NOT_FOUND
    assert error_of(api.get(f"/contacts/{made['id']}")) == USER_NOT_FOUND
    assert body_of(api.get("/contacts"))["total_count"] == 1


@pytest.mark.parametrize("user", [{"user_id": "u-1"}, {"email": "grace@example.com"}])
def test_visitors_who_say_at_once_that_they_are_the_same_new_user_become_one(api: httpx.Client, user: Json) -> None:
    visitors = [visitor(api) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        converted = list(pool.map(lambda made: convert(api, made, **user), visitors))
    [contact_id] = {each["id"] for each in converted}
    assert contact_id in {each["id"] for each in visitors}
    assert body_of(api.get("/contacts"))["total_count"] == 1


def test_the_first_identifier_of_the_user_decides(api: httpx.Client, world: World) -> None:
    first, second = world.user(), world.user()
    by_id = convert(api, visitor(api), id=first["id"], user_id=second["external_id"], email=second["email"])
    assert by_id["id"] == first["id"]
    by_user_id = convert(api, visitor(api), user_id=second["external_id"], email=first["email"])
    assert by_user_id["id"] == second["id"]
    new = convert(api, visitor(api), user_id="u-new", email=first["email"])
    assert (new["external_id"], new["email"]) == ("u-new", first["email"])
    assert new["id"] not in {first["id"], second["id"]}


def test_the_first_identifier_of_the_visitor_decides(api: httpx.Client) -> None:
    older, newer = visitor(api, email="grace@example.com"), visitor(api)
    sent = {"id": newer["id"], "user_id": older["user_id"], "email": older["email"]}
    converted = body_of(api.post("/visitors/convert", json={"type": "lead", "visitor": sent}))
    assert converted["id"] == newer["id"]
    del sent["id"]
    sent["user_id"] = "nobody"
    assert error_of(api.post("/visitors/convert", json={"type": "lead", "visitor": sent})) == VISITOR_NOT_FOUND
    assert get(api, older["user_id"]) == older


@pytest.mark.parametrize("state", ["archived", "deleted"])
@pytest.mark.parametrize("key", ["user_id", "email"])
def test_visitor_does_not_take_the_place_of_who_left(api: httpx.Client, world: World, state: str, key: str) -> None:
    user = world.user()
    named = {"user_id": user["external_id"], "email": user["email"]}[key]
    body_of(
        api.post(f"/contacts/{user['id']}/archive") if state == "archived" else api.delete(f"/contacts/{user['id']}")
    )
    made = visitor(api)
    answer = api.post("/visitors/convert", json={"type": "user", "visitor": {"id": made["id"]}, "user": {key: named}})
    message = f"An archived contact matching those details already exists with id={user['id']}"
    assert error_of(answer) == (409, "conflict", message)
    assert get(api, made["user_id"]) == made


NEEDS_USER = (400, "parameter_not_found", "user.id, user.user_id or user.email is a required parameter")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"type": "contact"}, (400, "parameter_invalid", "type must be either user or lead")),
        ({"type": None}, (400, "parameter_invalid", "type must be either user or lead")),
        ({"user": None}, NEEDS_USER),
        ({"user": {}}, NEEDS_USER),
        ({"user": {"id": None, "user_id": "", "email": " "}}, NEEDS_USER),
        ({"user": {"id": UNKNOWN_ID}}, USER_NOT_FOUND),
        ({"user": {"email": "grace"}}, (400, "parameter_invalid", "email is invalid: grace")),
        ({"visitor": {"id": UNKNOWN_ID}}, VISITOR_NOT_FOUND),
        ({"visitor": {"user_id": "nobody"}}, VISITOR_NOT_FOUND),
        ({"visitor": {"email": "nobody@example.com"}}, VISITOR_NOT_FOUND),
        ({"visitor": {}}, (400, "parameter_not_found", "id or user_id of the visitor is a required parameter")),
        (
            {"visitor": {"id": "", "email": ""}},
            (400, "parameter_not_found", "id or user_id of the visitor is a required parameter"),
        ),
        ({"visitor": None}, (400, "parameter_invalid", "visitor must be an object, not null")),
    ],
)
def test_refused_conversions_change_nothing(api: httpx.Client, change: Json, refusal: tuple[int, str, str]) -> None:
    made = visitor(api)
    sent = {"type": "user", "visitor": {"id": made["id"]}, "user": {"user_id": "u-1"}} | change
    assert error_of(api.post("/visitors/convert", json=sent)) == refusal
    assert get(api, made["user_id"]) == made
    assert body_of(api.get("/contacts"))["total_count"] == 0


def test_visitor_is_required(api: httpx.Client) -> None:
    refused = (400, "parameter_not_found", "visitor is a required parameter")
    assert error_of(api.post("/visitors/convert", json={"type": "lead"})) == refused
