"""Subscription types: what contacts want to be sent."""

import re
from typing import Any

import httpx
import pytest

from tests.conftest import Outbox, TestWorkspace
from tests.contract.world import World
from tests.people.tools import error_of

Json = dict[str, Any]

STRANGE_IDS = ["invalid_id", "0", "-1", "1.5", "9" * 18, "9" * 40, "x" * 500, "%F0%9F%99%82", "a'b--"]
TRANSLATION = {"name": "Newsletter", "description": "Once a month", "locale": "en"}
NOT_FOUND = (404, "not_found", "Resource Not Found")
NO_CONTACT = (404, "not_found", "User Not Found")


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def subscribe(api: httpx.Client, contact: Json, kind: Json, consent_type: str) -> Json:
    body = {"id": kind["id"], "consent_type": consent_type}
    answer = api.post(f"/contacts/{contact['id']}/subscriptions", json=body)
    assert answer.status_code == 200, answer.text
    subscribed: Json = answer.json()
    return subscribed


def subscriptions(api: httpx.Client, contact: Json) -> list[Json]:
    answer = api.get(f"/contacts/{contact['id']}/subscriptions").json()
    assert answer["type"] == "list"
    listed: list[Json] = answer["data"]
    return listed


def embedded(api: httpx.Client, contact: Json) -> tuple[list[str], list[str]]:
    """The ids that the contact itself shows: opted out of, opted into."""
    shown = api.get(f"/contacts/{contact['id']}").json()
    out, into = shown["opted_out_subscription_types"], shown["opted_in_subscription_types"]
    for listed in (out, into):
        assert listed["url"] == f"/contacts/{contact['id']}/subscriptions"
        assert listed["total_count"] == len(listed["data"])
    return [item["id"] for item in out["data"]], [item["id"] for item in into["data"]]


# The types


def test_new_workspace_has_one_type_of_each_consent(api: httpx.Client) -> None:
    body = api.get("/subscription_types").json()
    assert list(body) == ["type", "data"]
    assert body["type"] == "list"
    assert [(item["consent_type"], item["content_types"], item["state"]) for item in body["data"]] == [
        ("opt_out", ["email"], "live"),
        ("opt_in", ["sms_message"], "live"),
    ]
    for item in body["data"]:
        assert re.fullmatch(r"[1-9][0-9]*", item["id"])
        assert item["default_translation"]["locale"] == "en"
        assert item["translations"] == [item["default_translation"]]


def test_created_type_is_listed_as_answered(api: httpx.Client) -> None:
    french = {"name": "Lettre", "description": "Une fois par mois", "locale": "fr"}
    body = {
        "consent_type": "opt_in",
        "content_types": ["email", "sms_message"],
        "default_translation": TRANSLATION,
        "translations": [french],
        "state": "draft",
    }
    answer = api.post("/manage/v1/subscription_types", json=body)
    assert answer.status_code == 200
    made = answer.json()
    assert made == {
        "type": "subscription",
        "id": made["id"],
        "state": "draft",
        "consent_type": "opt_in",
        "default_translation": TRANSLATION,
        "translations": [TRANSLATION, french],
        "content_types": ["email", "sms_message"],
    }
    assert api.get("/subscription_types").json()["data"][-1] == made


@pytest.mark.parametrize("state", ["live", "draft", "archived"])
def test_types_are_listed_in_whatever_state_they_are(api: httpx.Client, world: World, state: str) -> None:
    made = world.subscription_type()
    changed = api.put(f"/manage/v1/subscription_types/{made['id']}", json={"state": state}).json()
    assert changed == {**made, "state": state}
    assert changed in api.get("/subscription_types").json()["data"]


def test_change_replaces_what_is_sent_and_keeps_the_rest(api: httpx.Client, world: World) -> None:
    made = world.subscription_type()
    path = f"/manage/v1/subscription_types/{made['id']}"
    other = {"name": "Letter", "description": "Twice a month", "locale": "en"}
    german = {"name": "Brief", "description": "Monatlich", "locale": "de"}
    assert api.put(path, json={"translations": [german]}).json()["translations"] == [TRANSLATION, german]
    renamed = api.put(path, json={"default_translation": other}).json()
    assert renamed == {**made, "default_translation": other, "translations": [other, german]}
    moved = api.put(path, json={"default_translation": german, "content_types": ["sms_message"]}).json()
    assert (moved["default_translation"], moved["translations"]) == (german, [german, other])
    assert moved["content_types"] == ["sms_message"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"consent_type": "maybe"}, "consent_type"),
        ({"content_types": ["fax"]}, "content_types"),
        ({"content_types": []}, "content_types"),
        ({"state": "dead"}, "state"),
        ({"default_translation": {**TRANSLATION, "name": ""}}, "default_translation.name"),
        ({"default_translation": "Newsletter"}, "default_translation"),
        ({"translations": [{**TRANSLATION, "locale": "fr"}] * 2}, "translations must have each locale once"),
    ],
)
def test_ill_formed_type_is_refused_by_name(api: httpx.Client, change: Json, named: str) -> None:
    body = {"consent_type": "opt_out", "content_types": ["email"], "default_translation": TRANSLATION, **change}
    before = api.get("/subscription_types").json()
    status, code, message = error_of(api.post("/manage/v1/subscription_types", json=body))
    assert (status, code) == (400, "parameter_invalid")
    assert message.startswith(named)
    assert api.get("/subscription_types").json() == before


def test_consent_type_of_a_type_stays(api: httpx.Client, world: World) -> None:
    made = world.subscription_type("opt_out")
    api.put(f"/manage/v1/subscription_types/{made['id']}", json={"consent_type": "opt_in"})
    assert made in api.get("/subscription_types").json()["data"]


# What contacts said


@pytest.mark.parametrize("consent_type", ["opt_out", "opt_in"])
def test_saying_the_type_is_listed_and_shown_on_the_contact(api: httpx.Client, world: World, consent_type: str) -> None:
    user, kind = world.user(), world.subscription_type(consent_type)
    assert (subscriptions(api, user), embedded(api, user)) == ([], ([], []))
    for _ in range(2):
        assert subscribe(api, user, kind, consent_type) == kind
        assert subscriptions(api, user) == [kind]
        shown = ([kind["id"]], []) if consent_type == "opt_out" else ([], [kind["id"]])
        assert embedded(api, user) == shown


@pytest.mark.parametrize(("consent_type", "contrary"), [("opt_out", "opt_in"), ("opt_in", "opt_out")])
def test_saying_the_contrary_goes_back_to_the_default(
    api: httpx.Client, world: World, consent_type: str, contrary: str
) -> None:
    user, kind = world.user(), world.subscription_type(consent_type)
    assert subscribe(api, user, kind, contrary) == kind
    assert subscriptions(api, user) == []
    subscribe(api, user, kind, consent_type)
    assert subscribe(api, user, kind, contrary) == kind
    assert (subscriptions(api, user), embedded(api, user)) == ([], ([], []))


@pytest.mark.parametrize("consent_type", ["opt_out", "opt_in"])
def test_detaching_goes_back_to_the_default_and_may_be_repeated(
    api: httpx.Client, world: World, consent_type: str
) -> None:
    user, kind, kept = world.user(), world.subscription_type(consent_type), world.subscription_type(consent_type)
    subscribe(api, user, kind, consent_type)
    subscribe(api, user, kept, consent_type)
    for _ in range(2):
        answer = api.delete(f"/contacts/{user['id']}/subscriptions/{kind['id']}")
        assert (answer.status_code, answer.json()) == (200, kind)
        assert subscriptions(api, user) == [kept]


def test_both_kinds_are_listed_together(api: httpx.Client, world: World) -> None:
    lead, out, into = world.lead(), world.subscription_type("opt_out"), world.subscription_type("opt_in")
    subscribe(api, lead, into, "opt_in")
    subscribe(api, lead, out, "opt_out")
    assert subscriptions(api, lead) == [out, into]
    assert embedded(api, lead) == ([out["id"]], [into["id"]])


def test_id_of_a_type_may_be_sent_as_a_number(api: httpx.Client, world: World) -> None:
    user, kind = world.user(), world.subscription_type()
    body = {"id": int(kind["id"]), "consent_type": "opt_out"}
    assert api.post(f"/contacts/{user['id']}/subscriptions", json=body).json() == kind


def test_only_a_change_counts_as_an_update_of_the_contact(api: httpx.Client, world: World) -> None:
    user, kind = world.user(), world.subscription_type()
    start = user["updated_at"]

    def updated_after(seconds: int, consent_type: str) -> int:
        api.put("/manage/v1/clock", json={"now": start + seconds})
        subscribe(api, user, kind, consent_type)
        updated_at: int = api.get(f"/contacts/{user['id']}").json()["updated_at"]
        return updated_at - int(start)

    assert updated_after(1000, "opt_in") < 1000
    assert updated_after(2000, "opt_out") == pytest.approx(2000, abs=30)
    assert updated_after(3000, "opt_out") == pytest.approx(2000, abs=30)
    assert updated_after(4000, "opt_in") == pytest.approx(4000, abs=30)


def test_opting_out_of_a_type_is_not_leaving_all_mail(api: httpx.Client, world: World) -> None:
    user, kind = world.user(), world.subscription_type()
    subscribe(api, user, kind, "opt_out")
    assert api.get(f"/contacts/{user['id']}").json()["unsubscribed_from_emails"] is False


def test_leaving_all_mail_is_no_word_about_any_type(api: httpx.Client, world: World) -> None:
    user, kind = world.subscriber()
    path = f"/contacts/{user['id']}"
    for flag in (True, False):
        shown = api.put(path, json={"unsubscribed_from_emails": flag}).json()
        assert shown["unsubscribed_from_emails"] is flag
        assert (subscriptions(api, user), embedded(api, user)) == ([kind], ([kind["id"]], []))


@pytest.mark.parametrize("state", ["draft", "archived"])
def test_preference_is_kept_whatever_becomes_of_the_type(api: httpx.Client, world: World, state: str) -> None:
    user, kind = world.subscriber()
    changed = api.put(f"/manage/v1/subscription_types/{kind['id']}", json={"state": state}).json()
    assert subscriptions(api, user) == [changed]
    assert subscribe(api, world.lead(), kind, "opt_out") == changed


def test_contact_shows_ten_types_and_how_many_there_are(api: httpx.Client, world: World) -> None:
    user, kinds = world.user(), [world.subscription_type() for _ in range(11)]
    for kind in kinds:
        subscribe(api, user, kind, "opt_out")
    shown = api.get(f"/contacts/{user['id']}").json()["opted_out_subscription_types"]
    assert shown == {
        "type": "list",
        "data": [
            {"id": kind["id"], "type": "subscription", "url": f"/subscription_types/{kind['id']}"}
            for kind in kinds[:10]
        ],
        "url": f"/contacts/{user['id']}/subscriptions",
        "total_count": 11,
        "has_more": True,
    }
    assert subscriptions(api, user) == kinds


# What is told


@pytest.mark.parametrize(
    ("kind_of", "said", "contrary"), [("opt_out", "opt_out", "opt_in"), ("opt_in", "opt_in", "opt_out")]
)
def test_only_a_change_of_preference_is_told(
    quiet: TestWorkspace, outbox: Outbox, kind_of: str, said: str, contrary: str
) -> None:
    api, world = quiet.api, World(quiet.api)
    user, kind = world.user(), world.subscription_type(kind_of)
    outbox.take()

    def told() -> list[str]:
        events = outbox.take()
        shown = api.get(f"/contacts/{user['id']}").json()
        item = {"type": "subscription", "contact": shown, "subscription_type": kind}
        assert [event[1:] for event in events] == [(user["id"], item)] * len(events)
        return [topic for topic, _, _ in events]

    out = ["contact.unsubscribed", "granular.unsubscribe"]
    into = ["contact.subscribed", "granular.subscribe"]
    stated, cleared = (out, into) if kind_of == "opt_out" else (into, out)
    for consent_type, expected in ((contrary, []), (said, stated), (said, []), (contrary, cleared), (said, stated)):
        subscribe(api, user, kind, consent_type)
        assert told() == expected
    for expected in (cleared, []):
        api.delete(f"/contacts/{user['id']}/subscriptions/{kind['id']}")
        assert told() == expected


# Refused


@pytest.mark.parametrize("subscription_id", STRANGE_IDS)
def test_unknown_type_is_not_found(api: httpx.Client, world: World, subscription_id: str) -> None:
    path = f"/contacts/{world.user()['id']}/subscriptions"
    sent = {"id": subscription_id, "consent_type": "opt_out"}
    assert error_of(api.post(path, json=sent)) == NOT_FOUND
    assert error_of(api.delete(f"{path}/{subscription_id}")) == NOT_FOUND
    answer = api.put(f"/manage/v1/subscription_types/{subscription_id}", json={"state": "archived"})
    assert error_of(answer) == NOT_FOUND


@pytest.mark.parametrize("contact_id", STRANGE_IDS)
def test_unknown_contact_is_not_found(api: httpx.Client, world: World, contact_id: str) -> None:
    kind = world.subscription_type()
    path = f"/contacts/{contact_id}/subscriptions"
    assert error_of(api.get(path)) == NO_CONTACT
    assert error_of(api.post(path, json={"id": kind["id"], "consent_type": "opt_out"})) == NO_CONTACT
    assert error_of(api.delete(f"{path}/{kind['id']}")) == NO_CONTACT


def test_archived_contact_says_nothing(api: httpx.Client, world: World) -> None:
    user, kind = world.subscriber()
    path = f"/contacts/{user['id']}"
    api.post(f"{path}/archive")
    assert error_of(api.get(f"{path}/subscriptions")) == NO_CONTACT
    assert error_of(api.delete(f"{path}/subscriptions/{kind['id']}")) == NO_CONTACT
    api.post(f"{path}/unarchive")
    assert subscriptions(api, user) == [kind]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"consent_type": "opt_out"}, ("parameter_not_found", "id is a required parameter")),
        ({"id": "1"}, ("parameter_not_found", "consent_type is a required parameter")),
        ({}, ("parameter_not_found", "id is a required parameter")),
    ],
)
def test_both_keys_are_required(api: httpx.Client, world: World, body: Json, expected: tuple[str, str]) -> None:
    answer = api.post(f"/contacts/{world.user()['id']}/subscriptions", json=body)
    assert error_of(answer) == (400, *expected)


def test_consent_type_must_be_one_of_the_two(api: httpx.Client, world: World) -> None:
    body = {"id": world.subscription_type()["id"], "consent_type": "sometimes"}
    status, code, message = error_of(api.post(f"/contacts/{world.user()['id']}/subscriptions", json=body))
    assert (status, code) == (400, "parameter_invalid")
    assert message.startswith("consent_type")


def test_types_of_another_workspace_do_not_exist(api: httpx.Client, world: World, other: TestWorkspace) -> None:
    user, kind = world.subscriber()
    stranger = World(other.api).user()
    path = f"/contacts/{stranger['id']}/subscriptions"
    assert error_of(other.api.post(path, json={"id": kind["id"], "consent_type": "opt_out"})) == NOT_FOUND
    assert error_of(other.api.delete(f"{path}/{kind['id']}")) == NOT_FOUND
    changed = other.api.put(f"/manage/v1/subscription_types/{kind['id']}", json={"state": "archived"})
    assert error_of(changed) == NOT_FOUND
    assert error_of(other.api.get(f"/contacts/{user['id']}/subscriptions")) == NO_CONTACT
    assert kind["id"] not in [item["id"] for item in other.api.get("/subscription_types").json()["data"]]
    assert subscriptions(api, user) == [kind]
