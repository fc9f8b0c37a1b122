"""Contacts: who may be created, what may change, and where they go when they are archived or deleted."""

import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from callbox.people.contacts import leaving, service
from callbox.people.contacts.jobs import SCHEDULES
from callbox.people.contacts.schemas import CreateContactRequest
from callbox.people.contacts.storing import ContactExists
from callbox.platform.database import connection
from callbox.wire.authentication import Caller
from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World
from tests.people.tools import UNKNOWN_ID, USER_NOT_FOUND, Json, body_of, error_of, execute, inside, set_clock

# fmt: off
KEYS = [
    "type", "id", "workspace_id", "external_id", "role", "email", "phone", "name", "avatar", "owner_id",
    "social_profiles", "has_hard_bounced", "marked_email_as_spam", "unsubscribed_from_emails", "created_at",
    "updated_at", "signed_up_at", "last_seen_at", "last_replied_at", "last_contacted_at", "last_email_opened_at",
    "last_email_clicked_at", "language_override", "browser", "browser_version", "browser_language", "os", "location",
    "android_app_name", "android_app_version", "android_device", "android_os_version", "android_sdk_version",
    "android_last_seen_at", "ios_app_name", "ios_app_version", "ios_device", "ios_os_version", "ios_sdk_version",
    "ios_last_seen_at", "custom_attributes", "tags", "notes", "companies", "opted_out_subscription_types",
    "opted_in_subscription_types", "utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "referrer",
]
# fmt: on
# Only in the schema: they may stand anywhere.
SCHEMA_KEYS = ["email_domain", "formatted_phone"]
Eventually = Callable[[Callable[[], Any]], Any]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def get(api: httpx.Client, contact_id: str) -> Json:
    return body_of(api.get(f"/contacts/{contact_id}"))


def put(api: httpx.Client, contact_id: str, **changes: Any) -> Json:
    return body_of(api.put(f"/contacts/{contact_id}", json=changes))


def listed(api: httpx.Client) -> list[str]:
    return [contact["id"] for contact in body_of(api.get("/contacts"))["data"]]


def found(api: httpx.Client, field: str, value: Any) -> list[str]:
    query = {"field": field, "operator": "=", "value": value}
    return [contact["id"] for contact in body_of(api.post("/contacts/search", json={"query": query}))["data"]]


def exists(contact_id: str, article: str = "A") -> tuple[int, str, str]:
    return 409, "conflict", f"{article} contact matching those details already exists with id={contact_id}"


def archived_exists(contact_id: str) -> tuple[int, str, str]:
    return exists(contact_id, "An archived")


# What a contact looks like


def test_answers_have_every_key_in_the_order_of_the_wire(api: httpx.Client) -> None:
    made = body_of(api.post("/contacts", json={"email": "grace@example.com"}))
    shown = {
        "created": made,
        "read": get(api, made["id"]),
        "updated": put(api, made["id"], name="Grace"),
        "listed": body_of(api.get("/contacts"))["data"][0],
    }
    for contact in shown.values():
        assert [key for key in contact if key not in SCHEMA_KEYS] == KEYS
        assert set(SCHEMA_KEYS) < set(contact)


def test_new_contact_shows_what_nobody_said_as_null_false_or_empty(workspace: TestWorkspace, api: httpx.Client) -> None:
    made = body_of(api.post("/contacts", json={"email": "grace@example.com"}))
    known = {
        "type": "contact",
        "id": made["id"],
        "workspace_id": workspace.id,
        "role": "user",
        "email": "grace@example.com",
        "email_domain": "example.com",
        "social_profiles": {"type": "list", "data": []},
        "has_hard_bounced": False,
        "marked_email_as_spam": False,
        "unsubscribed_from_emails": False,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "location": {
            "type": "location",
            "country": None,
            "region": None,
            "city": None,
            "country_code": None,
            "continent_code": None,
        },
        "custom_attributes": {},
    }
    for name in ("tags", "notes", "companies", "opted_out_subscription_types", "opted_in_subscription_types"):
        path = "subscriptions" if name.startswith("opted") else name
        url = f"/contacts/{made['id']}/{path}"
        known[name] = {"type": "list", "data": [], "url": url, "total_count": 0, "has_more": False}
    assert made == dict.fromkeys(made) | known
    assert re.fullmatch("[0-9a-f]{24}", made["id"])
    assert int(made["id"][:8], 16) == made["created_at"] == pytest.approx(time.time(), abs=30)


def test_every_field_that_can_be_written_is_kept(api: httpx.Client, world: World) -> None:
    name = world.attribute(data_type="integer")["name"]
    first = {
        "role": "user",
        "external_id": "u-1",
        "email": "grace@example.com",
        "phone": "+353871234567",
        "name": "Grace",
        "avatar": "https://example.com/grace.png",
        "signed_up_at": 1_571_672_154,
        "last_seen_at": 1_571_672_155,
        "owner_id": int(world.admin_id()),
        "unsubscribed_from_emails": True,
        "custom_attributes": {name: 1},
    }
    second = {
        "external_id": "u-2",
        "email": "hopper@example.org",
        "phone": "+353871234568",
        "name": "Hopper",
        "avatar": "https://example.com/hopper.png",
        "signed_up_at": 1_571_672_156,
        "last_seen_at": 1_571_672_157,
        "owner_id": None,
        "unsubscribed_from_emails": False,
        "custom_attributes": {name: 2},
    }
    made = body_of(api.post("/contacts", json=first))
    changed = put(api, made["id"], **second)
    for answer, sent in ((made, first), (changed, second)):
        avatar = {"type": "avatar", "image_url": sent["avatar"]}
        assert {key: answer[key] for key in sent} == sent | {"avatar": avatar}
    assert get(api, made["id"]) == changed
    assert (changed["email_domain"], changed["formatted_phone"]) == ("example.org", "+353871234568")


READ_ONLY = {
    "id": UNKNOWN_ID,
    "type": "user",
    "workspace_id": "other",
    "has_hard_bounced": True,
    "marked_email_as_spam": True,
    "created_at": 1,
    "updated_at": 1,
    "last_replied_at": 1,
    "last_contacted_at": 1,
    "last_email_opened_at": 1,
    "last_email_clicked_at": 1,
    "language_override": "de",
    "browser": "Lynx",
    "os": "Plan 9",
    "location": {"type": "location", "country": "Ireland"},
    "ios_device": "Phone",
    "android_last_seen_at": 1,
    "social_profiles": {"type": "list", "data": [{"name": "Twitter", "url": "https://example.com"}]},
    "tags": {"type": "list", "data": [{"id": "1"}]},
    "companies": [{"id": "1"}],
    "utm_source": "mail",
    "referrer": "https://example.com",
    "not_a_field": {"a": [1]},
}


def test_what_cannot_be_written_is_ignored(api: httpx.Client) -> None:
    plain = body_of(api.post("/contacts", json={"external_id": "plain"}))
    made = body_of(api.post("/contacts", json={"external_id": "u-1", **READ_ONLY}))
    changed = put(api, made["id"], **READ_ONLY)
    own = {"id", "external_id", "created_at", "updated_at", "tags", "notes", "companies"}
    own |= {"opted_out_subscription_types", "opted_in_subscription_types"}
    for contact in (made, changed):
        assert {key: contact[key] for key in contact if key not in own} == {
            key: plain[key] for key in plain if key not in own
        }
        assert contact["id"] not in {UNKNOWN_ID, plain["id"]}
        assert contact["created_at"] > 1 < contact["updated_at"]
        assert contact["tags"]["data"] == contact["companies"]["data"] == []


# Creating


@pytest.mark.parametrize(
    ("sent", "role"),
    [
        ({"email": "grace@example.com"}, "user"),
        ({"external_id": "u-1"}, "user"),
        ({"role": "user", "email": "grace@example.com"}, "user"),
        ({"role": "user", "external_id": "u-1"}, "user"),
        ({"role": "lead"}, "lead"),
        ({"role": "lead", "email": "grace@example.com"}, "lead"),
        ({"role": "contact", "email": "grace@example.com"}, "user"),
        ({"role": None, "external_id": "u-1", "name": None, "phone": None, "custom_attributes": None}, "user"),
    ],
)
def test_one_of_email_external_id_and_role_makes_a_contact(api: httpx.Client, sent: Json, role: str) -> None:
    made = body_of(api.post("/contacts", json=sent))
    assert (made["role"], made["email"]) == (role, sent.get("email", ""))
    if role == "user":
        assert made["external_id"] == sent.get("external_id")
    assert made["signed_up_at"] is None
    assert get(api, made["id"]) == made


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "parameter_not_found"),
        ({"name": "Grace", "phone": "+353871234567"}, "parameter_not_found"),
        ({"email": None, "external_id": None, "role": None}, "parameter_not_found"),
        ({"email": "", "external_id": ""}, "parameter_not_found"),
        ({"role": "user"}, "parameter_not_found"),
        ({"role": "user", "email": " ", "external_id": ""}, "parameter_not_found"),
        ({"role": "contact"}, "parameter_invalid"),
    ],
)
def test_contact_without_an_identity_is_refused(api: httpx.Client, sent: Json, code: str) -> None:
    status, given, message = error_of(api.post("/contacts", json=sent))
    assert (status, given) == (400, code)
    assert re.search("email|external_id|role", message)
    assert listed(api) == []


def test_lead_gets_an_external_id_of_its_own(api: httpx.Client, world: World) -> None:
    leads = [world.lead(), world.lead(external_id="mine"), world.lead(external_id="mine")]
    external_ids = {lead["external_id"] for lead in leads}
    assert len(external_ids) == 3
    assert all(UUID.fullmatch(each) for each in external_ids)


STATES = ["live", "archived", "deleted"]


def leave(api: httpx.Client, contact_id: str, state: str) -> None:
    if state == "archived":
        body_of(api.post(f"/contacts/{contact_id}/archive"))
    elif state == "deleted":
        body_of(api.delete(f"/contacts/{contact_id}"))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"external_id": "u-1"}, {"external_id": "u-1"}),
        ({"external_id": "u-1", "email": "a@example.com"}, {"external_id": "u-1", "email": "b@example.com"}),
        ({"external_id": "7"}, {"external_id": 7}),
        ({"email": "a@example.com"}, {"email": "a@example.com"}),
        ({"email": "a@example.com"}, {"email": " A@Example.com "}),
        ({"external_id": "u-1", "email": "a@example.com"}, {"email": "a@example.com"}),
    ],
)
def test_user_who_lives_or_lived_is_not_created_again(api: httpx.Client, state: str, first: Json, second: Json) -> None:
    made = body_of(api.post("/contacts", json=first))
    leave(api, made["id"], state)
    expected = exists(made["id"]) if state == "live" else archived_exists(made["id"])
    before = body_of(api.get("/contacts"))
    for _ in range(2):
        answer = api.post("/contacts", json=second)
        assert error_of(answer) == expected
        assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert body_of(api.get("/contacts")) == before


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"external_id": "u-1", "email": "a@example.com"}, {"external_id": "u-2", "email": "a@example.com"}),
        ({"email": "a@example.com"}, {"external_id": "u-2", "email": "a@example.com"}),
        ({"role": "lead", "email": "a@example.com"}, {"role": "lead", "email": "a@example.com"}),
        ({"role": "lead", "email": "a@example.com"}, {"email": "a@example.com"}),
        ({"email": "a@example.com"}, {"role": "lead", "email": "a@example.com"}),
        ({"external_id": "U"}, {"external_id": "u"}),
    ],
)
def test_contacts_that_may_share_what_they_share(api: httpx.Client, first: Json, second: Json) -> None:
    made = [body_of(api.post("/contacts", json=sent)) for sent in (first, second)]
    assert listed(api) == [contact["id"] for contact in made]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  Grace.Hopper@Example.COM ", "grace.hopper@example.com"),
        ("o'brien+tag@mail.example.com", "o'brien+tag@mail.example.com"),
        ("grace@intranet.local", "grace@intranet.local"),
        ("Grün@Exämple.com", "grün@exämple.com"),
    ],
)
def test_email_is_kept_trimmed_and_in_lower_case(api: httpx.Client, sent: str, kept: str) -> None:
    made = body_of(api.post("/contacts", json={"email": sent}))
    assert (made["email"], made["email_domain"]) == (kept, kept.rpartition("@")[2])
    assert found(api, "email", sent.strip().upper()) == [made["id"]]


INVALID = [
    ("email", "grace"),
    ("email", "grace@"),
    ("email", "@example.com"),
    ("email", "a@b@example.com"),
    ("email", "grace@example..com"),
    ("email", "grace hopper@example.com"),
    ("email", "x" * 250 + "@example.com"),
    ("email", 7),
    ("phone", 353871234567),
    ("name", 7),
    ("avatar", {"image_url": "https://example.com/a.png"}),
    ("role", 7),
    ("signed_up_at", "yesterday"),
    ("signed_up_at", ""),
    ("last_seen_at", 10**15),
    ("last_seen_at", {}),
    ("unsubscribed_from_emails", "yes"),
    ("custom_attributes", []),
    ("external_id", "x" * 256),
    ("external_id", True),
]


@pytest.mark.parametrize(("field", "value"), INVALID)
def test_value_that_a_field_cannot_take_is_refused(api: httpx.Client, field: str, value: Any) -> None:
    made = body_of(api.post("/contacts", json={"external_id": "first"}))
    for answer in (
        api.post("/contacts", json={"external_id": "u-1", field: value}),
        api.put(f"/contacts/{made['id']}", json={"name": "Changed", field: value}),
    ):
        status, code, message = error_of(answer)
        assert (status, code) == (400, "parameter_invalid")
        assert field in message
    assert get(api, made["id"]) == made
    assert listed(api) == [made["id"]]


@pytest.mark.parametrize(
    ("sent", "formatted"),
    [
        ("+353 (87) 123-4567", "+353871234567"),
        ("(415) 555-2671", "+14155552671"),
        ("+1 800 FLOWERS", "+18003569377"),
        ("555", "555"),
        ("1", "1"),
        ("call me", "call me"),
        ("", None),
        (None, None),
    ],
)
def test_phone_is_kept_as_sent_beside_its_e164_form(api: httpx.Client, sent: str | None, formatted: str | None) -> None:
    made = body_of(api.post("/contacts", json={"external_id": "u-1", "phone": sent}))
    assert (made["phone"], made["formatted_phone"]) == (sent or None, formatted)
    if sent:
        assert found(api, "phone", sent) == [made["id"]]
        assert put(api, made["id"], phone=None)["formatted_phone"] is None


def test_owner_is_an_admin_of_the_workspace(api: httpx.Client, world: World, other: TestWorkspace) -> None:
    admin_id = world.admin_id()
    for sent in (int(admin_id), admin_id):
        assert world.user(owner_id=sent)["owner_id"] == int(admin_id)
    user = world.user(owner_id=admin_id)
    unknown = (400, "parameter_invalid", "The owner specified is not a member of the workspace")
    for sent in (World(other.api).admin_id(), 0, -1, "", "abc", 10**18):
        assert error_of(api.post("/contacts", json={"external_id": "u-1", "owner_id": sent})) == unknown
        assert error_of(api.put(f"/contacts/{user['id']}", json={"owner_id": sent})) == unknown
    assert get(api, user["id"]) == user
    assert put(api, user["id"], owner_id=None)["owner_id"] is None


def without_owner(api: httpx.Client, contact_id: str) -> Json | None:
    contact = get(api, contact_id)
    return contact if contact["owner_id"] is None else None


def test_admin_who_left_owns_nobody(api: httpx.Client, world: World, eventually: Eventually) -> None:
    admin = world.post("/manage/v1/admins", {"name": "Leaving", "email": "leaving@example.com"})
    others = world.user(owner_id=world.admin_id())
    owned = [world.user(owner_id=admin["id"]), world.lead(owner_id=admin["id"]), world.user(owner_id=admin["id"])]
    leave(api, owned[2]["id"], "archived")
    set_clock(api, others["created_at"] + 500)
    body_of(api.delete(f"/manage/v1/admins/{admin['id']}"))
    for contact in owned[:2]:
        released = eventually(partial(without_owner, api, contact["id"]))
        assert released == contact | {"owner_id": None, "updated_at": released["updated_at"]}
        assert released["updated_at"] == pytest.approx(others["created_at"] + 500, abs=60)
    body_of(api.post(f"/contacts/{owned[2]['id']}/unarchive"))
    assert get(api, owned[2]["id"])["owner_id"] is None
    assert get(api, others["id"]) == others


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (1_571_672_154, 1_571_672_154),
        (1_571_672_154.9, 1_571_672_154),
        ("1571672154", 1_571_672_154),
        ("1571672154.9", 1_571_672_154),
        ("2019-10-21T15:35:54Z", 1_571_672_154),
        (0, 0),
        (None, None),
    ],
)
@pytest.mark.parametrize("field", ["signed_up_at", "last_seen_at"])
def test_times_are_shown_in_whole_unix_seconds(api: httpx.Client, field: str, sent: Any, shown: int | None) -> None:
    made = body_of(api.post("/contacts", json={"external_id": "u-1", field: sent}))
    assert made[field] == shown
    put(api, made["id"], **{field: 5})
    assert put(api, made["id"], **{field: sent})[field] == shown


# Custom attributes


ATTRIBUTE_VALUES = [
    ("string", "Text", "Text"),
    ("string", "", ""),
    ("string", "é" * 300, "é" * 255),
    ("integer", 7, 7),
    ("integer", 7.0, 7),
    ("integer", -(2**53), -(2**53)),
    ("float", 155.5, 155.5),
    ("float", 7, 7),
    ("boolean", True, True),
    ("boolean", False, False),
    ("date", 1_571_672_154, 1_571_672_154),
    ("date", 1_571_672_154.7, 1_571_672_154),
    ("date", "1571672154", 1_571_672_154),
    ("date", "2019-10-21T15:35:54Z", 1_571_672_154),
]


@pytest.mark.parametrize(("data_type", "sent", "shown"), ATTRIBUTE_VALUES)
def test_custom_attribute_takes_values_of_its_type(
    api: httpx.Client, world: World, data_type: str, sent: Any, shown: Any
) -> None:
    name = world.attribute(data_type=data_type)["name"]
    user = world.user(custom_attributes={name: sent})
    assert user["custom_attributes"] == {name: shown}
    assert type(user["custom_attributes"][name]) is type(shown)
    assert put(api, user["id"], custom_attributes={name: None})["custom_attributes"] == {name: None}
    assert put(api, user["id"], custom_attributes={name: sent})["custom_attributes"] == {name: shown}
    assert get(api, user["id"])["custom_attributes"] == {name: shown}


WRONG_VALUES: dict[str, list[Any]] = {
    "string": [7, True, ["a"], {"a": 1}],
    "integer": ["7", 7.5, True, 2**53 + 1, [7], {}],
    "float": ["7.5", False, [7.5], 1e300],
    "boolean": ["true", 1, 0, [True]],
    "date": ["soon", True, {}, 10**15],
}


@pytest.mark.parametrize(
    ("data_type", "value"),
    [(data_type, value) for data_type, values in WRONG_VALUES.items() for value in values],
)
def test_custom_attribute_refuses_values_of_another_type(
    api: httpx.Client, world: World, data_type: str, value: Any
) -> None:
    name = world.attribute(data_type=data_type)["name"]
    user = world.user(custom_attributes={name: None})
    refusal = (400, "parameter_invalid", f"{name} must be of type {data_type}")
    assert error_of(api.post("/contacts", json={"external_id": "u-1", "custom_attributes": {name: value}})) == refusal
    assert error_of(api.put(f"/contacts/{user['id']}", json={"custom_attributes": {name: value}})) == refusal
    assert get(api, user["id"]) == user


def test_list_attribute_takes_one_of_its_options(api: httpx.Client, world: World) -> None:
    name = world.attribute(options=[{"value": "red"}, {"value": "blue"}])["name"]
    user = world.user(custom_attributes={name: "red"})
    assert put(api, user["id"], custom_attributes={name: "blue"})["custom_attributes"] == {name: "blue"}
    for value in ("green", "Red", ["red"], 7):
        answer = api.put(f"/contacts/{user['id']}", json={"custom_attributes": {name: value}})
        assert error_of(answer) == (400, "parameter_invalid", f"{name} must be one of: red, blue")


def test_only_defined_attributes_of_contacts_can_be_written(api: httpx.Client, world: World) -> None:
    user = world.user()
    lower = world.attribute(name="colour")["name"]
    of_companies = world.attribute(model="company")["name"]
    gone = world.attribute()
    body_of(api.put(f"/data_attributes/{gone['id']}", json={"archived": True}))
    for name in ("undefined", "Colour", of_companies, gone["name"], "a.b", "$set", ""):
        answer = api.put(f"/contacts/{user['id']}", json={"custom_attributes": {lower: "red", name: "x"}})
        assert error_of(answer) == (400, "parameter_invalid", f"Custom attribute '{name}' does not exist")
    assert get(api, user["id"]) == user


def test_custom_attributes_are_merged_and_stay_listed_when_cleared(api: httpx.Client, world: World) -> None:
    first, second, never = (world.attribute()["name"] for _ in range(3))
    user = world.user(custom_attributes={first: "1", second: "2"})
    assert put(api, user["id"], custom_attributes={first: None})["custom_attributes"] == {first: None, second: "2"}
    nothings: list[Json | None] = [{}, None]
    for nothing in nothings:
        changed = put(api, user["id"], custom_attributes=nothing)
        assert changed["custom_attributes"] == {first: None, second: "2"}
    assert never not in get(api, user["id"])["custom_attributes"]


# Updating


def test_only_what_is_sent_changes(api: httpx.Client, world: World) -> None:
    user = world.user(phone="+353871234567", avatar="https://example.com/a.png", signed_up_at=5, last_seen_at=6)
    set_clock(api, user["created_at"] + 100)
    changed = put(api, user["id"], name="Other")
    assert changed == user | {"name": "Other", "updated_at": changed["updated_at"]}
    assert changed["updated_at"] == pytest.approx(user["created_at"] + 100, abs=30)
    for nothing in ({}, {"unknown": 1}):
        again = put(api, user["id"], **nothing)
        assert again == changed | {"updated_at": again["updated_at"]}
    assert body_of(api.put(f"/contacts/{user['id']}"))["name"] == "Other"


@pytest.mark.parametrize("role", ["user", "lead"])
@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", None, None),
        ("phone", None, None),
        ("phone", "", None),
        ("avatar", None, None),
        ("avatar", "", None),
        ("email", None, ""),
        ("email", "", ""),
        ("owner_id", None, None),
        ("signed_up_at", None, None),
        ("last_seen_at", None, None),
        ("unsubscribed_from_emails", None, False),
    ],
)
def test_null_clears(api: httpx.Client, world: World, role: str, field: str, value: Any, shown: Any) -> None:
    contact = world.user(
        role=role,
        phone="+353871234567",
        avatar="https://example.com/a.png",
        owner_id=world.admin_id(),
        signed_up_at=5,
        last_seen_at=6,
        unsubscribed_from_emails=True,
    )
    assert put(api, contact["id"], **{field: value})[field] == shown
    assert get(api, contact["id"])[field] == shown


def test_cleared_email_is_null_in_search_results(api: httpx.Client, world: World) -> None:
    user = world.user(email=None)
    assert found(api, "email", None) == [user["id"]]
    query = {"field": "external_id", "operator": "=", "value": user["external_id"]}
    [result] = body_of(api.post("/contacts/search", json={"query": query}))["data"]
    assert result == user | {"email": None}
    assert user["email"] == ""


@pytest.mark.parametrize("role", ["user", "lead"])
@pytest.mark.parametrize("sent", [None, ""])
def test_external_id_is_not_cleared(api: httpx.Client, world: World, role: str, sent: str | None) -> None:
    contact = world.user(role=role)
    assert put(api, contact["id"], external_id=sent)["external_id"] == contact["external_id"]


def test_external_id_of_a_lead_changes_only_as_it_becomes_a_user(api: httpx.Client, world: World) -> None:
    lead = world.lead()
    for sent in ({"external_id": "u-1"}, {"external_id": "u-1", "role": "lead"}, {"external_id": "u-1", "role": None}):
        assert put(api, lead["id"], **sent)["external_id"] == lead["external_id"]
    converted = put(api, lead["id"], role="user", external_id="u-1")
    assert (converted["id"], converted["role"], converted["external_id"]) == (lead["id"], "user", "u-1")
    assert put(api, lead["id"], external_id="u-2", role="user")["external_id"] == "u-2"


def test_lead_that_becomes_a_user_without_an_external_id_keeps_its_own(api: httpx.Client, world: World) -> None:
    lead = world.lead(email="grace@example.com")
    converted = put(api, lead["id"], role="user")
    assert (converted["role"], converted["external_id"]) == ("user", lead["external_id"])
    assert error_of(api.post("/contacts", json={"email": "grace@example.com"})) == exists(lead["id"])


def test_user_never_becomes_a_lead(api: httpx.Client, world: World) -> None:
    user = world.user()
    answer = api.put(f"/contacts/{user['id']}", json={"role": "lead", "name": "Other"})
    assert error_of(answer) == (400, "client_error", "Contact with user role can't be converted to a lead")
    assert error_of(api.put(f"/contacts/{user['id']}", json={"role": "contact"}))[:2] == (400, "parameter_invalid")
    assert get(api, user["id"]) == user


def test_lead_does_not_become_a_second_user(api: httpx.Client, world: World) -> None:
    user = world.user(external_id="u-1", email="grace@example.com")
    same_email, other = world.lead(email="grace@example.com"), world.lead()
    for lead, sent in (
        (same_email, {"role": "user"}),
        (same_email, {"role": "user", "external_id": "u-2"}),
        (other, {"role": "user", "email": "Grace@example.com"}),
        (other, {"role": "user", "external_id": "u-1"}),
    ):
        assert error_of(api.put(f"/contacts/{lead['id']}", json=sent)) == exists(user["id"])
        assert get(api, lead["id"])["role"] == "lead"


def test_external_id_of_a_live_user_is_taken(api: httpx.Client, world: World) -> None:
    first, second = world.user(), world.user()
    answer = api.put(f"/contacts/{second['id']}", json={"external_id": first["external_id"]})
    assert error_of(answer) == exists(first["id"])
    assert put(api, second["id"], external_id=second["external_id"])["external_id"] == second["external_id"]


@pytest.mark.parametrize("state", ["archived", "deleted"])
def test_external_id_of_a_user_who_left_is_taken_over(api: httpx.Client, world: World, state: str) -> None:
    gone, user, lead = world.user(external_id="u-1"), world.user(), world.lead()
    leave(api, gone["id"], state)
    assert put(api, user["id"], external_id="u-1")["external_id"] == "u-1"
    if state == "archived":
        assert body_of(api.post(f"/contacts/{gone['id']}/unarchive"))["external_id"] is None
    leave(api, user["id"], state)
    assert put(api, lead["id"], role="user", external_id="u-1")["external_id"] == "u-1"


def test_users_may_come_to_share_an_email(api: httpx.Client, world: World) -> None:
    first, second = world.user(), world.user()
    assert put(api, second["id"], email=first["email"])["email"] == first["email"]
    assert set(found(api, "email", first["email"])) == {first["id"], second["id"]}


# Not there


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/archive"),
        ("POST", "/unarchive"),
        ("GET", "/tags"),
        ("GET", "/notes"),
        ("GET", "/segments"),
        ("GET", "/companies"),
        ("GET", "/subscriptions"),
    ],
)
def test_unknown_contact_is_a_user_not_found(api: httpx.Client, method: str, path: str) -> None:
    for contact_id in (UNKNOWN_ID, "123", "invalid_id"):
        answer = api.request(method, f"/contacts/{contact_id}{path}", json={} if method != "GET" else None)
        assert error_of(answer) == USER_NOT_FOUND


# Archiving and deleting


def gone(api: httpx.Client, contact: Json) -> bool:
    """Out of reach everywhere."""
    contact_id = contact["id"]
    answers = [
        api.get(f"/contacts/{contact_id}"),
        api.put(f"/contacts/{contact_id}", json={"name": "Other"}),
        api.get(f"/contacts/{contact_id}/tags"),
        api.post(f"/contacts/{contact_id}/notes", json={"body": "Hello"}),
    ]
    assert [error_of(answer) for answer in answers] == [USER_NOT_FOUND] * 4
    return contact_id not in listed(api) and found(api, "id", contact_id) == []


@pytest.mark.parametrize("request_body", [None, {}])
def test_archived_contact_is_hidden_until_it_comes_back_whole(
    api: httpx.Client, world: World, request_body: Json | None
) -> None:
    user, company = world.employee()
    world.note(user["id"])
    world.post(f"/contacts/{user['id']}/tags", {"id": world.tag()["id"]})
    before = get(api, user["id"])
    done = {"id": user["id"], "external_id": user["external_id"], "type": "contact", "archived": True}
    for _ in range(2):
        answer = body_of(api.post(f"/contacts/{user['id']}/archive", json=request_body))
        assert list(answer.items()) == list(done.items())
        assert gone(api, user)
        assert body_of(api.get("/contacts"))["total_count"] == 0
        assert body_of(api.get(f"/companies/{company['id']}"))["user_count"] == 0
    for _ in range(2):
        answer = body_of(api.post(f"/contacts/{user['id']}/unarchive", json=request_body))
        assert list(answer.items()) == list((done | {"archived": False}).items())
        after = get(api, user["id"])
        assert after == before | {"updated_at": after["updated_at"]}
        assert listed(api) == found(api, "id", user["id"]) == [user["id"]]
        assert body_of(api.get("/contacts"))["total_count"] == 1
        assert body_of(api.get(f"/companies/{company['id']}"))["user_count"] == 1


@pytest.mark.parametrize("state", ["live", "archived"])
def test_deleted_contact_does_not_come_back(api: httpx.Client, world: World, state: str) -> None:
    user, company = world.employee()
    leave(api, user["id"], state)
    answer = body_of(api.delete(f"/contacts/{user['id']}"))
    done = {"id": user["id"], "external_id": user["external_id"], "type": "contact", "deleted": True}
    assert list(answer.items()) == list(done.items())
    assert gone(api, user)
    assert body_of(api.get("/contacts"))["total_count"] == 0
    assert body_of(api.get(f"/companies/{company['id']}"))["user_count"] == 0
    refused = api.post(f"/contacts/{user['id']}/unarchive")
    message = "User has been marked for permanent deletion and is not restorable."
    assert error_of(refused) == (400, "bad_request", message)
    for answer_again in (api.delete(f"/contacts/{user['id']}"), api.post(f"/contacts/{user['id']}/archive")):
        assert error_of(answer_again) == USER_NOT_FOUND


def test_leads_that_left_leave_room_for_others(api: httpx.Client, world: World) -> None:
    lead = world.lead(email="grace@example.com")
    leave(api, lead["id"], "archived")
    assert world.lead(email="grace@example.com")["id"] != lead["id"]
    assert world.post("/contacts", {"email": "grace@example.com"})["role"] == "user"


def test_identifiers_of_the_deleted_are_free_after_the_grace_period(database_url: str) -> None:
    async def promise(caller: Caller) -> None:
        [purge] = SCHEDULES
        request = CreateContactRequest(external_id="u-1", email="grace@example.com")
        made = await service.create_contact(caller, request)
        await leaving.delete_contact(caller, made.id)
        await purge.handler()
        with pytest.raises(ContactExists):
            await service.create_contact(caller, request)
        async with connection() as held:
            await held.execute("UPDATE contacts SET state_changed_at = state_changed_at - interval '9 days'")
        await purge.handler()
        again = await service.create_contact(caller, request)
        assert again.id != made.id

    inside(database_url, promise)


def test_purge_removes_all_that_is_due_and_nothing_else(database_url: str) -> None:
    async def promise(caller: Caller) -> None:
        [purge] = SCHEDULES
        async with connection() as held:
            await held.execute(
                """
                INSERT INTO contacts (workspace_id, id, role, state, state_changed_at, created_at, updated_at)
                SELECT $1, state || ' ' || days || ' ' || n, 'lead', state,
                    $2::timestamptz - make_interval(days => days), $2, $2
                FROM unnest(ARRAY['live', 'archived', 'deleted', 'merged']) state, unnest(ARRAY[6, 8]) days,
                    generate_series(1, CASE WHEN state = 'deleted' THEN 2100 ELSE 1 END) n
                """,
                caller.workspace_id,
                caller.now(),
            )
            await purge.handler()
            rows = await held.fetch("SELECT id FROM contacts WHERE id LIKE '% 1' ORDER BY id")
            assert await held.fetchval("SELECT count(*) FROM contacts WHERE id LIKE 'deleted 8 %'") == 0
        kept = ["archived 6 1", "archived 8 1", "deleted 6 1", "live 6 1", "live 8 1", "merged 6 1"]
        assert [row["id"] for row in rows] == kept

    inside(database_url, promise)


# Lists


def test_list_goes_through_all_in_the_order_of_creation(api: httpx.Client, world: World) -> None:
    made = [(world.user if number % 2 else world.lead)()["id"] for number in range(7)]
    body_of(api.post(f"/contacts/{made.pop(3)}/archive"))
    seen, pages, params = [], [], {"per_page": 2}
    while True:
        page = body_of(api.get("/contacts", params=params))
        assert list(page) == ["type", "data", "total_count", "pages"]
        assert (page["type"], page["total_count"]) == ("list", 6)
        seen += [contact["id"] for contact in page["data"]]
        pages.append({key: value for key, value in page["pages"].items() if key != "next"})
        if "next" not in page["pages"]:
            break
        following = page["pages"]["next"]
        assert (following["page"], following["per_page"]) == (len(pages) + 1, 2)
        params = following
    assert seen == made
    assert pages == [{"type": "pages", "page": number, "per_page": 2, "total_pages": 3} for number in (1, 2, 3)]


def test_empty_list(api: httpx.Client) -> None:
    pages = {"type": "pages", "page": 1, "per_page": 50, "total_pages": 0}
    assert api.get("/contacts").json() == {"type": "list", "data": [], "total_count": 0, "pages": pages}


def test_page_number_alone_does_not_move_the_list(api: httpx.Client, world: World) -> None:
    first = world.user()["id"]
    world.user()
    page = body_of(api.get("/contacts", params={"per_page": 1, "page": 2, "display_as": "plaintext"}))
    assert ([contact["id"] for contact in page["data"]], page["pages"]["page"]) == ([first], 1)


def test_size_of_a_page_of_contacts(api: httpx.Client) -> None:
    assert body_of(api.get("/contacts", params={"per_page": 150}))["pages"]["per_page"] == 150
    too_big = (400, "parameter_invalid", "Per Page is too big")
    assert error_of(api.get("/contacts", params={"per_page": 151})) == too_big
    for sent in ("0", "-1", "many"):
        status, code, message = error_of(api.get("/contacts", params={"per_page": sent}))
        assert (status, code) == (400, "parameter_invalid")
        assert "per_page" in message


def test_contacts_created_during_the_walk_are_not_missed(api: httpx.Client, world: World) -> None:
    made = [world.user()["id"] for _ in range(3)]
    page = body_of(api.get("/contacts", params={"per_page": 2}))
    late = world.user()["id"]
    body_of(api.delete(f"/contacts/{made[0]}"))
    rest = body_of(api.get("/contacts", params=page["pages"]["next"]))
    assert [contact["id"] for contact in rest["data"]] == [made[2], late]


# What hangs on a contact


def hang_tags(world: World, contact_id: str) -> list[str]:
    ids = [world.tag()["id"] for _ in range(11)]
    for tag_id in ids:
        world.post(f"/contacts/{contact_id}/tags", {"id": tag_id})
    return ids[::-1]


def hang_notes(world: World, contact_id: str) -> list[str]:
    return [world.note(contact_id)["id"] for _ in range(11)][::-1]


def hang_companies(world: World, contact_id: str) -> list[str]:
    ids = [world.company()["id"] for _ in range(11)]
    for company_id in ids:
        world.post(f"/contacts/{contact_id}/companies", {"id": company_id})
    return ids


def hang_subscriptions(world: World, contact_id: str, consent_type: str) -> list[str]:
    ids = [world.subscription_type(consent_type)["id"] for _ in range(11)]
    for type_id in ids:
        world.post(f"/contacts/{contact_id}/subscriptions", {"id": type_id, "consent_type": consent_type})
    return ids


HANGING = [
    ("tags", "tag", "tags", "tags", hang_tags),
    ("notes", "note", "notes", "notes", hang_notes),
    ("companies", "company", "companies", "companies", hang_companies),
    (
        "opted_out_subscription_types",
        "subscription",
        "subscriptions",
        "subscription_types",
        lambda world, contact_id: hang_subscriptions(world, contact_id, "opt_out"),
    ),
    (
        "opted_in_subscription_types",
        "subscription",
        "subscriptions",
        "subscription_types",
        lambda world, contact_id: hang_subscriptions(world, contact_id, "opt_in"),
    ),
]


@pytest.mark.parametrize(("key", "kind", "path", "home", "hang"), HANGING, ids=[each[0] for each in HANGING])
def test_contact_shows_the_first_ten_of_what_hangs_on_it(
    api: httpx.Client, world: World, key: str, kind: str, path: str, home: str, hang: Any
) -> None:
    user = world.user()
    ids = hang(world, user["id"])
    set_clock(api, int(time.time()) + 100)
    shown = get(api, user["id"])[key]
    assert list(shown) == ["type", "data", "url", "total_count", "has_more"]
    assert shown == {
        "type": "list",
        "data": [{"id": each, "type": kind, "url": f"/{home}/{each}"} for each in ids[:10]],
        "url": f"/contacts/{user['id']}/{path}",
        "total_count": 11,
        "has_more": True,
    }
    whole = body_of(api.get(shown["url"], params={"per_page": 60, "display_as": "plaintext"}))["data"]
    assert sorted(item["id"] for item in whole) == sorted(ids)


def test_ten_are_not_more_than_ten(api: httpx.Client, world: World) -> None:
    user = world.user()
    for _ in range(10):
        world.note(user["id"])
    shown = get(api, user["id"])["notes"]
    assert (len(shown["data"]), shown["total_count"], shown["has_more"]) == (10, 10, False)


def test_what_is_hung_on_a_contact_updates_it(api: httpx.Client, world: World) -> None:
    user, company, tag, kind = world.user(), world.company(), world.tag(), world.subscription_type()
    path = f"/contacts/{user['id']}"
    changes = [
        ("POST", f"{path}/tags", {"id": tag["id"]}),
        ("DELETE", f"{path}/tags/{tag['id']}", None),
        ("POST", f"{path}/notes", {"body": "Hello"}),
        ("POST", f"{path}/companies", {"id": company["id"]}),
        ("DELETE", f"{path}/companies/{company['id']}", None),
        ("POST", f"{path}/subscriptions", {"id": kind["id"], "consent_type": "opt_out"}),
        ("DELETE", f"{path}/subscriptions/{kind['id']}", None),
    ]
    for number, (method, url, body) in enumerate(changes, start=1):
        set_clock(api, user["created_at"] + number * 1000)
        body_of(api.request(method, url, json=body))
        assert get(api, user["id"])["updated_at"] == pytest.approx(user["created_at"] + number * 1000, abs=60)


def test_what_only_the_messenger_and_mail_know_is_shown(
    server: RunningServer, workspace: TestWorkspace, api: httpx.Client, world: World
) -> None:
    lead = world.lead()
    texts = {key: f"a {key}" for key in KEYS if key.startswith(("android_", "ios_", "utm_", "browser"))}
    texts = {key: value for key, value in texts.items() if not key.endswith("_at")}
    texts |= {key: f"a {key}" for key in ("os", "language_override", "referrer")}
    times = [key for key in KEYS if key.endswith("_at") and key not in {"created_at", "updated_at"}]
    places = ["country", "region", "city", "country_code", "continent_code"]
    values: Json = dict(texts)
    values |= {f"location_{place}": f"a {place}" for place in places}
    flags = ["has_hard_bounced", "marked_email_as_spam"]
    columns = [f"{column} = ${place}" for place, column in enumerate(values, start=3)]
    columns += [f"{column} = to_timestamp({number})" for number, column in enumerate(times, start=1000)]
    columns += [f"{column} = true" for column in flags]
    statement = f"UPDATE contacts SET {', '.join(columns)} WHERE workspace_id = $1 AND id = $2"
    execute(server.database_url, statement, workspace.id, lead["id"], *values.values())
    expected: Json = dict(texts)
    expected |= {column: number for number, column in enumerate(times, start=1000)}
    expected |= dict.fromkeys(flags, True)
    expected["location"] = {"type": "location", **{place: f"a {place}" for place in places}}
    assert get(api, lead["id"]) == lead | expected
    changed = put(api, lead["id"], name="Grace")
    assert changed == lead | expected | {"name": "Grace", "updated_at": changed["updated_at"]}


def test_two_creations_at_once_make_one_user(api: httpx.Client) -> None:
    for sent in ({"email": f"{secrets.token_hex(4)}@example.com"}, {"external_id": secrets.token_hex(4)}):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, sent=sent: api.post("/contacts", json=sent), range(8)))
        statuses = sorted(answer.status_code for answer in answers)
        assert statuses == [200] + [409] * 7
