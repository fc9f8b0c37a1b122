"""Data events: taken at once, listed for 90 days, counted for ever."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest

from callbox.people.data_events.service import delete_old_events
from callbox.platform.database import close_pool, open_pool
from tests.conftest import Outbox, RunningServer, TestWorkspace
from tests.contract.world import World
from tests.people.tools import UNKNOWN_ID, USER_NOT_FOUND, body_of, error_of, execute, set_clock

Json = dict[str, Any]

DAY = 86_400
NOW = int(time.time())
AMBIGUOUS = (
    409,
    "conflict",
    "Multiple existing users match this email address - must be more specific using user_id",
)
STRANGE_IDS = ["nobody", UNKNOWN_ID, "x" * 500, "🙂", "a'b--"]


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def submit(api: httpx.Client, contact: Json | None = None, name: str = "ordered", at: Any = NOW, **values: Any) -> None:
    """Submit an event that has to be taken."""
    named = {"id": contact["id"]} if contact else {}
    answer = api.post("/events", json={"event_name": name, "created_at": at, **named, **values})
    assert (answer.status_code, answer.content) == (202, b""), answer.text
    assert answer.headers["content-length"] == "0"


def read(api: httpx.Client, contact: Json, **params: Any) -> Json:
    query = {"type": "user", "intercom_user_id": contact["id"], **params}
    return body_of(api.get("/events", params=query))


def events(api: httpx.Client, contact: Json, **params: Any) -> list[Json]:
    body = read(api, contact, **params)
    assert body["type"] == "event.list"
    listed: list[Json] = body["events"]
    return listed


def counts(api: httpx.Client, contact: Json) -> dict[str, tuple[int, str, str]]:
    body = read(api, contact, summary="true")
    return {each["name"]: (each["count"], each["first"], each["last"]) for each in body["events"]}


def summarise(api: httpx.Client, contact: Json, summaries: Any) -> httpx.Response:
    return api.post("/events/summaries", json={"user_id": contact["external_id"], "event_summaries": summaries})


# Submitting


def test_event_is_listed_with_whose_it_is(api: httpx.Client, world: World) -> None:
    user = world.user()
    submit(api, user, "invited-friend", metadata={"invite_code": "ADDAFRIEND"})
    [event] = events(api, user)
    assert event == {
        "type": "event",
        "event_name": "invited-friend",
        "created_at": NOW,
        "user_id": user["external_id"],
        "id": event["id"],
        "intercom_user_id": user["id"],
        "email": user["email"],
        "metadata": {"invite_code": "ADDAFRIEND"},
    }
    assert str(UUID(event["id"])) == event["id"]


def test_what_is_not_known_is_left_out(api: httpx.Client, world: World) -> None:
    lead, user = world.lead(), api.post("/contacts", json={"email": "ann@example.com"}).json()
    for contact, absent in ((lead, {"email"}), (user, {"user_id"})):
        metadata: Json | None
        for metadata in ({}, None):
            submit(api, contact, at=NOW - (metadata is None), metadata=metadata)
        for event in events(api, contact):
            assert {"user_id", "email", "metadata"} - set(event) == {"metadata", *absent}


@pytest.mark.parametrize("role", ["user", "lead"])
def test_contacts_of_both_roles_are_named_by_their_id(api: httpx.Client, world: World, role: str) -> None:
    contact = world.user() if role == "user" else world.lead()
    submit(api, contact)
    assert len(events(api, contact)) == 1


@pytest.mark.parametrize(
    "named",
    [
        lambda user: {"id": user["id"]},
        lambda user: {"user_id": user["external_id"]},
        lambda user: {"user_id": int(user["external_id"])},
        lambda user: {"email": user["email"]},
        lambda user: {"email": f"  {user['email'].upper()} "},
        lambda user: {"id": user["id"], "user_id": "nobody", "email": "nobody@example.com"},
        lambda user: {"user_id": user["external_id"], "email": "nobody@example.com"},
        lambda user: {"id": None, "user_id": "", "email": user["email"]},
    ],
    ids=["id", "user_id", "number", "email", "other case", "id before others", "user_id before email", "empty"],
)
def test_user_is_named_by_any_identifier(api: httpx.Client, world: World, named: Callable[[Json], Json]) -> None:
    user, bystander = world.user(external_id="1042"), world.user()
    submit(api, **named(user))
    assert (len(events(api, user)), events(api, bystander)) == (1, [])


@pytest.mark.parametrize("key", ["id", "user_id", "email"])
@pytest.mark.parametrize("value", STRANGE_IDS)
def test_unknown_contact_is_not_found(api: httpx.Client, key: str, value: str) -> None:
    answer = api.post("/events", json={"event_name": "ordered", "created_at": NOW, key: value})
    assert error_of(answer) == USER_NOT_FOUND


def test_archived_contact_does_nothing(api: httpx.Client, world: World) -> None:
    user = world.user()
    api.post(f"/contacts/{user['id']}/archive")
    for named in ({"id": user["id"]}, {"user_id": user["external_id"]}, {"email": user["email"]}):
        answer = api.post("/events", json={"event_name": "ordered", "created_at": NOW, **named})
        assert error_of(answer) == USER_NOT_FOUND
    assert error_of(api.get("/events", params={"type": "user", "intercom_user_id": user["id"]})) == USER_NOT_FOUND
    api.post(f"/contacts/{user['id']}/unarchive")
    assert events(api, user) == []


def test_email_address_of_several_users_names_none(api: httpx.Client, world: World) -> None:
    twins = [world.user(email="twin@example.com") for _ in range(2)]
    world.lead(email="twin@example.com")
    body = {"event_name": "ordered", "created_at": NOW, "email": "twin@example.com"}
    assert error_of(api.post("/events", json=body)) == AMBIGUOUS
    assert error_of(api.get("/events", params={"type": "user", "email": "twin@example.com"})) == AMBIGUOUS
    api.post(f"/contacts/{twins[0]['id']}/archive")
    submit(api, email="twin@example.com")
    assert len(events(api, twins[1])) == 1
    assert len(body_of(api.get("/events", params={"type": "user", "email": "Twin@example.com"}))["events"]) == 1


def test_leads_are_not_named_by_their_email_address(api: httpx.Client, world: World) -> None:
    world.lead(email="lead@example.com")
    body = {"event_name": "ordered", "created_at": NOW, "email": "lead@example.com"}
    assert error_of(api.post("/events", json=body)) == USER_NOT_FOUND


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"event_name": None}, ("parameter_not_found", "event_name is required")),
        ({"event_name": "  "}, ("parameter_not_found", "event_name is required")),
        ({"created_at": None}, ("parameter_not_found", "created_at is required")),
        ({"id": None}, ("parameter_not_found", "id, user_id or email is required")),
        ({"id": ""}, ("parameter_not_found", "id, user_id or email is required")),
        ({"event_name": "x" * 256}, ("parameter_invalid", "event_name: expected `str` of length <= 255")),
        ({"event_name": 7}, ("parameter_invalid", "event_name must be a string or null, not an integer")),
        ({"created_at": "yesterday"}, ("parameter_invalid", "created_at must be a Unix timestamp in seconds")),
        ({"created_at": 10**30}, ("parameter_invalid", "created_at must be a Unix timestamp in seconds")),
        ({"metadata": "x"}, ("parameter_invalid", "metadata must be an object or null, not a string")),
        ({"metadata": {"a": "\0"}}, ("parameter_invalid", "metadata.a must not contain the NUL character")),
    ],
)
def test_ill_formed_event_is_refused_by_name(
    api: httpx.Client, world: World, wrong: Json, expected: tuple[str, str]
) -> None:
    user = world.user()
    body = {"event_name": "ordered", "created_at": NOW, "id": user["id"], **wrong}
    assert error_of(api.post("/events", json=body)) == (400, *expected)
    assert (events(api, user), counts(api, user)) == ([], {})


@pytest.mark.parametrize("at", [NOW, float(NOW), NOW + 0.9, str(NOW), f"{NOW}.5"], ids=lambda at: type(at).__name__)
def test_time_is_taken_to_the_second(api: httpx.Client, world: World, at: Any) -> None:
    user = world.user()
    submit(api, user, at=at)
    assert [event["created_at"] for event in events(api, user)] == [NOW]


def test_same_event_of_the_same_second_is_one(api: httpx.Client, world: World) -> None:
    user, other = world.user(), world.user()
    for at, metadata in ((NOW, {"a": 1}), (NOW, {"a": 2}), (NOW + 0.4, None)):
        submit(api, user, at=at, metadata=metadata)
    assert [event["metadata"] for event in events(api, user)] == [{"a": 1}]
    assert counts(api, user)["ordered"][0] == 1
    submit(api, user, "paid")
    submit(api, user, at=NOW - 1)
    submit(api, other)
    assert (len(events(api, user)), len(events(api, other))) == (3, 1)


def test_event_sent_many_times_at_once_is_one(workspace: TestWorkspace) -> None:
    user = World(workspace.api).user()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: submit(workspace.api, user, at=NOW - number % 2), range(24)))
    assert len(events(workspace.api, user)) == 2
    assert counts(workspace.api, user)["ordered"][0] == 2


def test_event_is_no_update_of_the_contact(api: httpx.Client, world: World) -> None:
    user = world.user()
    set_clock(api, NOW + DAY)
    submit(api, user)
    assert body_of(api.get(f"/contacts/{user['id']}")) == user


# Metadata

KEPT = [
    "desktop",
    "",
    "🙂 مرحبا",
    3.67,
    -7,
    0,
    True,
    "https://example.org/ab1de.html",
    {"url": "https://example.org/ab1de.html", "value": "the dude abides"},
    {"value": 7, "url": "HTTP://example.org"},
    {"amount": 34_999, "currency": "eur"},
]
DROPPED = [
    None,
    [],
    ["a"],
    {},
    {"a": "b"},
    {"url": "https://example.org"},
    {"url": "javascript:alert(1)", "value": "x"},
    {"url": "http://[", "value": {"deep": 1}},
    {"url": "https://example.org", "value": "x", "more": 1},
    {"url": 7, "value": "x"},
    {"amount": 0, "currency": "eur"},
    {"amount": -5, "currency": "eur"},
    {"amount": 3.5, "currency": "eur"},
    {"amount": True, "currency": "eur"},
    {"amount": "34999", "currency": "eur"},
    {"amount": 34_999, "currency": 978},
]


def test_metadata_of_every_known_form_is_kept(api: httpx.Client, world: World) -> None:
    for number, value in enumerate(KEPT):
        user = world.user()
        submit(api, user, metadata={f"key {number}": value, "contact_date": 1_392_036_272, "stripe_invoice": "inv_1"})
        expected = {f"key {number}": value, "contact_date": 1_392_036_272, "stripe_invoice": "inv_1"}
        assert [event["metadata"] for event in events(api, user)] == [expected]


def test_metadata_of_other_forms_is_dropped_alone(api: httpx.Client, world: World) -> None:
    for value in DROPPED:
        user = world.user()
        submit(api, user, metadata={"bad": value, "good": 1})
        submit(api, user, "only bad", metadata={"bad": value})
        found = {event["event_name"]: event.get("metadata") for event in events(api, user)}
        assert found == {"ordered": {"good": 1}, "only bad": None}


def test_first_ten_keys_in_the_order_sent_are_kept(api: httpx.Client, world: World) -> None:
    user = world.user()
    sent = {f"key {number}": number for number in (12, 3, 7, 1, 9, 4, 8, 2, 10, 6, 5, 11)}
    submit(api, user, metadata=sent)
    [event] = events(api, user)
    assert event["metadata"] == dict(list(sent.items())[:10])


# The list


def test_events_are_listed_newest_first_through_their_links(api: httpx.Client, world: World) -> None:
    user = world.user()
    for number in range(7):
        submit(api, user, f"event {number}", NOW - number // 3)
    pages = [read(api, user, per_page=2)]
    while (url := pages[-1]["pages"].get("next")) is not None:
        sent = parse_qs(urlsplit(url).query)
        last = pages[-1]["events"][-1]
        assert {key: sent[key] for key in ("type", "intercom_user_id", "per_page", "before")} == {
            "type": ["user"],
            "intercom_user_id": [user["id"]],
            "per_page": ["2"],
            "before": [f"{last['created_at']}000"],
        }
        assert url.startswith(f"{api.base_url}".rstrip("/") + "/events?")
        pages.append(body_of(api.get(url)))
    assert [len(page["events"]) for page in pages] == [2, 2, 2, 1]
    found = [event for page in pages for event in page["events"]]
    assert {event["event_name"] for event in found} == {f"event {number}" for number in range(7)}
    times = [event["created_at"] for event in found]
    assert times == sorted(times, reverse=True)
    assert all("type" not in page["pages"] for page in pages)


def test_page_has_15_events_unless_another_size_is_asked_for(api: httpx.Client, world: World) -> None:
    user = world.user()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: submit(api, user, at=NOW - number), range(16)))
    assert (len(events(api, user)), len(events(api, user, per_page=150))) == (15, 16)
    assert "next" in read(api, user)["pages"]
    assert "next" not in read(api, user, per_page=16)["pages"]
    for per_page, message in (
        (151, "Per Page is too big"),
        (0, "per_page must be a whole number of 1 or more"),
        ("many", "per_page must be a whole number of 1 or more"),
    ):
        query = {"type": "user", "intercom_user_id": user["id"], "per_page": per_page}
        assert error_of(api.get("/events", params=query)) == (400, "parameter_invalid", message)


def test_both_bounds_are_exclusive_milliseconds(api: httpx.Client, world: World) -> None:
    user = world.user()
    for number in range(3):
        submit(api, user, at=NOW - number)

    def ages(**params: int) -> list[int]:
        return [NOW - event["created_at"] for event in events(api, user, **params)]

    middle = (NOW - 1) * 1000
    assert ages(since=middle) == [0]
    assert ages(since=middle - 1) == [0, 1]
    assert ages(before=middle) == [2]
    assert ages(before=middle + 1) == [1, 2]
    assert ages(since=middle - 1000, before=middle + 1000) == [1]


@pytest.mark.parametrize("name", ["before", "since"])
@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "²", "9" * 18, "9" * 5000])
def test_bound_that_is_no_time_is_refused_by_name(api: httpx.Client, world: World, name: str, value: str) -> None:
    query = {"type": "user", "intercom_user_id": world.user()["id"], name: value}
    message = f"{name} must be a Unix timestamp in milliseconds"
    assert error_of(api.get("/events", params=query)) == (400, "parameter_invalid", message)


def test_newer_events_are_polled_for_by_a_link(api: httpx.Client, world: World) -> None:
    user = world.user()
    assert read(api, user)["pages"] == {}
    submit(api, user, at=NOW - 10)
    link = read(api, user)["pages"]["since"]
    assert parse_qs(urlsplit(link).query)["since"] == [f"{NOW - 10}000"]
    for _ in range(2):
        quiet = body_of(api.get(link))
        assert (quiet["events"], quiet["pages"]) == ([], {"since": link})
    for number in range(3):
        submit(api, user, at=NOW - number)
    page = body_of(api.get(f"{link}&per_page=2"))
    assert [event["created_at"] for event in page["events"]] == [NOW, NOW - 1]
    older = body_of(api.get(page["pages"]["next"]))
    assert [event["created_at"] for event in older["events"]] == [NOW - 2]
    assert body_of(api.get(page["pages"]["since"]))["events"] == []


@pytest.mark.parametrize("summary", [None, "true"])
def test_contact_is_asked_for_by_any_identifier(api: httpx.Client, world: World, summary: str | None) -> None:
    user, params = world.user(), {"summary": summary} if summary else {}
    submit(api, user)
    expected = read(api, user, **params)["events"]
    assert expected != []
    for key, value in (("user_id", user["external_id"]), ("email", user["email"]), ("email", user["email"].upper())):
        found = body_of(api.get("/events", params={"type": "user", key: value, **params}))
        assert found["events"] == expected


@pytest.mark.parametrize("summary", [{}, {"summary": "true"}])
def test_whose_events_has_to_be_said(api: httpx.Client, summary: Json) -> None:
    def refusal(**params: str) -> tuple[int, str, str]:
        return error_of(api.get("/events", params={**params, **summary}))

    missing = (400, "parameter_not_found", "user_id, email or intercom_user_id is a required parameter")
    assert refusal(type="user") == missing
    assert refusal(type="user", user_id="", email="") == missing
    for kind in ("lead", "company", "User", ""):
        assert refusal(type=kind, user_id="1") == (422, "parameter_invalid", f"unsupported type [{kind}]")
    assert refusal(user_id="1") == (422, "parameter_invalid", "unsupported type []")
    for key in ("user_id", "email", "intercom_user_id"):
        for value in STRANGE_IDS:
            assert refusal(type="user", **{key: value}) == USER_NOT_FOUND


def test_events_are_listed_for_90_days_and_counted_for_ever(api: httpx.Client, world: World) -> None:
    user = world.user()
    submit(api, user, "young", NOW - 90 * DAY + 3600)
    submit(api, user, "old", NOW - 90 * DAY - 3600)
    assert [event["event_name"] for event in events(api, user)] == ["young"]
    assert events(api, user, since=1, before=(NOW - 90 * DAY) * 1000) == []
    assert {name: count for name, (count, _, _) in counts(api, user).items()} == {"young": 1, "old": 1}
    set_clock(api, NOW + 7200)
    assert events(api, user) == []
    assert set(counts(api, user)) == {"young", "old"}


# Counts


def test_summary_counts_by_name(api: httpx.Client, world: World) -> None:
    user = world.user()
    for at in (1_700_000_300, 1_700_000_000, 1_700_000_600):
        submit(api, user, "placed-order", at)
    submit(api, user, "invited-friend", 1_458_295_515)
    assert read(api, user, summary="true") == {
        "type": "event.summary",
        "events": [
            {
                "name": "invited-friend",
                "first": "2016-03-18T10:05:15.000Z",
                "last": "2016-03-18T10:05:15.000Z",
                "count": 1,
                "description": None,
            },
            {
                "name": "placed-order",
                "first": "2023-11-14T22:13:20.000Z",
                "last": "2023-11-14T22:23:20.000Z",
                "count": 3,
                "description": None,
            },
        ],
        "pages": {"next": None},
        "email": user["email"],
        "intercom_user_id": user["id"],
        "user_id": user["external_id"],
    }
    assert read(api, user, summary="false")["type"] == "event.list"


def test_summary_of_somebody_who_did_nothing_is_empty(api: httpx.Client, world: World) -> None:
    lead = world.lead()
    body = read(api, lead, summary="true")
    assert (body["events"], body["email"], body["user_id"]) == ([], "", lead["external_id"])


@pytest.mark.parametrize("as_list", [False, True])
def test_counts_are_set_without_events_and_go_on_from_there(api: httpx.Client, world: World, as_list: bool) -> None:
    user = world.user()
    summary = {"event_name": "ordered", "count": 7, "first": 1_735_689_600, "last": 1_767_225_600}
    for _ in range(2):
        answer = summarise(api, user, [summary] if as_list else summary)
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")
        assert counts(api, user) == {"ordered": (7, "2025-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z")}
    assert events(api, user) == []
    submit(api, user, at=1_767_225_700)
    submit(api, user, at=1_735_689_500)
    assert counts(api, user) == {"ordered": (9, "2024-12-31T23:58:20.000Z", "2026-01-01T00:01:40.000Z")}


def test_several_counts_are_set_at_once(api: httpx.Client, world: World) -> None:
    user = world.user()
    first, last = "2025-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"
    answer = summarise(
        api,
        user,
        [
            {"event_name": "both", "count": 2, "first": 1_735_689_600, "last": "1767225600"},
            {"event_name": " first ", "first": 1_735_689_600},
            {"event_name": "last", "count": 0, "last": 1_767_225_600},
        ],
    )
    assert answer.status_code == 200
    assert counts(api, user) == {"both": (2, first, last), "first": (1, first, first), "last": (0, last, last)}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"user_id": None}, (400, "parameter_not_found", "user_id is a required parameter")),
        ({"event_summaries": None}, (400, "parameter_not_found", "event_summaries is a required parameter")),
        ({"user_id": "nobody"}, USER_NOT_FOUND),
        (
            {"event_summaries": {"count": 1}},
            (400, "parameter_not_found", "event_summaries.event_name is a required parameter"),
        ),
        (
            {"event_summaries": {"event_name": " "}},
            (400, "parameter_not_found", "event_summaries.event_name is a required parameter"),
        ),
        (
            {"event_summaries": {"event_name": "ordered", "count": -1}},
            (400, "parameter_invalid", "event_summaries.count: expected `int` >= 0"),
        ),
        (
            {"event_summaries": {"event_name": "ordered", "first": "soon"}},
            (400, "parameter_invalid", "event_summaries.first must be a Unix timestamp in seconds"),
        ),
        (
            {"event_summaries": {"event_name": "ordered", "first": 2, "last": 1}},
            (400, "parameter_invalid", "event_summaries.last must not be before event_summaries.first"),
        ),
        (
            {"event_summaries": [{"event_name": "ordered"}] * 1001},
            (400, "parameter_invalid", "event_summaries: expected `array` of length <= 1000"),
        ),
    ],
)
def test_ill_formed_counts_are_refused_and_none_is_set(
    api: httpx.Client, world: World, wrong: Json, expected: tuple[int, str, str]
) -> None:
    user = world.user()
    body = {"user_id": user["external_id"], "event_summaries": {"event_name": "ordered"}, **wrong}
    assert error_of(api.post("/events/summaries", json=body)) == expected
    if isinstance(wrong.get("event_summaries"), dict):
        several = [{"event_name": "good"}, wrong["event_summaries"]]
        assert summarise(api, user, several).status_code == 400
    assert counts(api, user) == {}


# What is told, who sees it, when it goes


@pytest.mark.parametrize("role", ["user", "lead"])
def test_event_is_told_as_it_is_listed_and_once(quiet: TestWorkspace, outbox: Outbox, role: str) -> None:
    world = World(quiet.api)
    contact = world.user() if role == "user" else world.lead()
    outbox.take()
    metadata = {"a": None, "b": 1.50, "price": {"amount": 34_999, "currency": "eur"}, "ü": "🙂"}
    for _ in range(2):
        submit(quiet.api, contact, metadata=metadata)
    [event] = events(quiet.api, contact)
    assert outbox.take() == [("event.created", contact["id"], event)]
    submit(quiet.api, contact, "plain")
    [plain, _] = sorted(events(quiet.api, contact), key=lambda each: "metadata" in each)
    assert outbox.take() == [("event.created", contact["id"], plain)]


def test_refused_event_is_not_told(quiet: TestWorkspace, outbox: Outbox) -> None:
    quiet.api.post("/events", json={"event_name": "ordered", "created_at": NOW, "user_id": "nobody"})
    quiet.api.post("/events", json={"event_name": "ordered", "user_id": "nobody"})
    assert outbox.take() == []


def test_other_workspace_submits_and_reads_nothing(api: httpx.Client, world: World, other: TestWorkspace) -> None:
    user = world.user()
    submit(api, user)
    for named in ({"id": user["id"]}, {"user_id": user["external_id"]}, {"email": user["email"]}):
        answer = other.api.post("/events", json={"event_name": "ordered", "created_at": NOW - 5, **named})
        assert error_of(answer) == USER_NOT_FOUND
        query = {"intercom_user_id" if key == "id" else key: value for key, value in named.items()}
        assert error_of(other.api.get("/events", params={"type": "user", **query})) == USER_NOT_FOUND
    assert error_of(summarise(other.api, user, {"event_name": "ordered", "count": 9})) == USER_NOT_FOUND
    twin = World(other.api).user(external_id=user["external_id"], email=user["email"])
    submit(other.api, twin, at=NOW - 7)
    assert [event["created_at"] for event in events(api, user)] == [NOW]
    assert counts(api, user)["ordered"][0] == 1


def test_old_events_are_removed_by_the_clock_of_their_workspace(
    workspace: TestWorkspace, other: TestWorkspace, server: RunningServer
) -> None:
    users = [World(each.api).user() for each in (workspace, other)]
    for each, user in zip((workspace, other), users, strict=True):
        for name, days in (("young", 10), ("old", 100)):
            submit(each.api, user, name, NOW - days * DAY)

    def swept() -> tuple[set[str], set[str]]:
        _with_pool(server.database_url, delete_old_events)
        return kept(workspace), kept(other)

    def kept(of: TestWorkspace) -> set[str]:
        rows = execute(server.database_url, "SELECT event_name FROM data_events WHERE workspace_id = $1", of.id)
        return {row["event_name"] for row in rows}

    assert swept() == ({"young"}, {"young"})
    set_clock(workspace.api, NOW + 81 * DAY)
    assert swept() == (set(), {"young"})
    assert set(counts(workspace.api, users[0])) == {"young", "old"}


def _with_pool(database_url: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await open_pool(database_url, 1)
        try:
            await work()
        finally:
            await close_pool()

    asyncio.run(run())
