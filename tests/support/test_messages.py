"""Messages of admins: who gets them, what waits, and the conversation that an answer makes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World
from tests.support.conversations import MERGE, Desk, part_types, send_while


@pytest.fixture
def world(api: httpx.Client) -> World:
    """Makes whom messages are for."""
    return World(api)


def _message(world: World, contact: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "from": {"type": "admin", "id": world.admin_id()},
        "to": {"type": "user", "id": contact["id"]},
        "body": "Your roster is ready",
        **values,
    }


def _send(world: World, message: dict[str, Any]) -> Any:
    return world.call("POST", "/messages", json=message)


def _managed(world: World, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.call("GET", "/manage/v1/messages", params=query)["data"]
    return found


@pytest.mark.parametrize("spelling", ["inapp", "in_app", "conversation"])
def test_an_in_app_message_waits_for_its_contact(world: World, spelling: str) -> None:
    contact = world.user()
    sent = _send(world, _message(world, contact, message_type=spelling))
    assert (sent["type"], sent["message_type"], sent["body"]) == ("admin_message", "inapp", "Your roster is ready")
    assert sent["owner"]["id"] == world.admin_id()
    assert "conversation_id" not in sent
    assert world.call("GET", "/conversations")["conversations"] == []
    (waiting,) = _managed(world, contact_id=contact["id"])
    assert (waiting["id"], waiting["conversation_id"], waiting["delivered_at"]) == (sent["id"], None, None)
    assert world.call("GET", f"/contacts/{contact['id']}")["last_contacted_at"] == sent["created_at"]


def test_an_answer_makes_a_conversation_of_a_message(world: World) -> None:
    contact = world.user()
    sent = _send(world, _message(world, contact))
    url = f"/manage/v1/messages/{sent['id']}/answer"
    conversation = world.call("POST", url, json={"body": "Thank you"})
    assert conversation["source"]["id"] == sent["id"]
    assert conversation["source"]["delivered_as"] == "admin_initiated"
    assert conversation["source"]["author"]["type"] == "admin"
    (part,) = conversation["conversation_parts"]["conversation_parts"]
    assert (part["part_type"], part["body"], part["author"]["id"]) == ("comment", "<p>Thank you</p>", contact["id"])
    assert conversation["state"] == "open"
    assert conversation["statistics"]["first_contact_reply_at"] == conversation["waiting_since"] == part["created_at"]
    assert _managed(world)[0]["conversation_id"] == conversation["id"]
    assert world.api.post(url, json={"body": "Again"}).status_code == 409


def test_the_conversation_is_the_senders_whatever_rules_say(desk: Desk) -> None:
    sender, other = desk.admin(has_inbox_seat=True), desk.admin(has_inbox_seat=True)
    desk.rules({"name": "All", "assign_to": {"type": "admin", "id": other}})
    contact = desk.user()
    message = _message(desk, contact, **{"from": {"type": "admin", "id": sender}})
    at_once = _send(desk, {**message, "create_conversation_without_contact_reply": True})
    assert desk.get(at_once["conversation_id"])["admin_assignee_id"] == int(sender)
    answered = desk.post(f"/manage/v1/messages/{_send(desk, message)['id']}/answer", {"body": "Thank you"})
    assert (answered["admin_assignee_id"], part_types(answered)) == (int(sender), ["comment"])
    assert desk.found("admin_assignee_id", "=", int(sender)) == {at_once["conversation_id"], answered["id"]}
    # Away, the sender hands over as any assignee does; gone, nobody has it.
    desk.go_away(sender, reassign=True)
    answered = desk.post(f"/manage/v1/messages/{_send(desk, message)['id']}/answer", {"body": "Thank you"})
    assert (answered["admin_assignee_id"], part_types(answered)) == (int(other), ["comment", "away_mode_assignment"])
    late = _send(desk, message)
    desk.call("DELETE", f"/manage/v1/admins/{sender}")
    answered = desk.post(f"/manage/v1/messages/{late['id']}/answer", {"body": "Thank you"})
    assert (answered["admin_assignee_id"], part_types(answered)) == (None, ["comment"])


def test_a_conversation_may_be_made_at_once(world: World) -> None:
    message = _message(world, world.user(), create_conversation_without_contact_reply=True)
    sent = _send(world, message)
    conversation = world.call("GET", f"/conversations/{sent['conversation_id']}")
    assert conversation["source"]["id"] == sent["id"]
    assert (conversation["statistics"], conversation["first_contact_reply"]) == (None, None)
    assert (conversation["read"], conversation["waiting_since"]) == (False, None)


def test_an_email_shows_its_subject_and_template(world: World) -> None:
    message = _message(world, world.user(), message_type="email", subject="News", template="personal")
    sent = _send(world, message)
    assert (sent["message_type"], sent["subject"], sent["template"]) == ("email", "News", "personal")


def test_an_unsubscribed_contact_gets_no_email(world: World) -> None:
    contact = world.user(unsubscribed_from_emails=True)
    answer = world.api.post("/messages", json=_message(world, contact, message_type="email", subject="News"))
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == "action_forbidden"
    assert _managed(world) == []


@pytest.mark.parametrize("key", ["user_id", "email"])
def test_a_contact_is_found_by_each_key(world: World, key: str) -> None:
    contact = world.user(email="grace@example.com")
    wanted = contact["external_id"] if key == "user_id" else "Grace@Example.com"
    sent = _send(world, _message(world, contact, to={"type": "user", key: wanted}))
    assert _managed(world)[0]["contact_id"] == contact["id"]
    assert _managed(world)[0]["id"] == sent["id"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"to": {"type": "user", "id": "6a12f0c31d3b9e5f2c8a4d10"}}, 404, "not_found"),
        ({"to": None}, 400, "parameter_not_found"),
        ({"from": {"type": "admin", "id": "999"}}, 404, "admin_not_found"),
        ({"from": {"type": "robot", "id": "1"}}, 400, "parameter_invalid"),
        ({"message_type": "pigeon"}, 400, "parameter_invalid"),
        ({"template": "golden", "message_type": "email", "subject": "x"}, 400, "parameter_invalid"),
        ({"body": "   "}, 400, "parameter_invalid"),
        ({"body": "<p></p>"}, 400, "parameter_invalid"),
        ({"message_type": "email", "subject": " "}, 422, "parameter_not_found"),
        ({"created_at": 99_999_999_999}, 400, "parameter_invalid"),
    ],
)
def test_what_cannot_be_sent_is_refused(world: World, change: dict[str, Any], status: int, code: str) -> None:
    answer = world.api.post("/messages", json={**_message(world, world.user()), **change})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code), answer.text
    assert _managed(world) == []


def test_a_message_to_a_merged_lead_waits_for_the_user(world: World) -> None:
    lead, user = world.lead(), world.user()
    sent = _send(world, _message(world, lead))
    world.call("POST", "/contacts/merge", json={"from": lead["id"], "into": user["id"]})
    conversation = world.call("POST", f"/manage/v1/messages/{sent['id']}/answer", json={"body": "Hello"})
    assert [contact["id"] for contact in conversation["contacts"]["contacts"]] == [user["id"]]


def test_no_message_waits_for_a_lead_who_is_merged_at_that_moment(world: World, server: RunningServer) -> None:
    lead = world.lead()
    message = _message(world, lead)
    [answer] = send_while(server.database_url, MERGE, lead["id"], lambda: world.api.post("/messages", json=message))
    assert answer.status_code == 404
    assert _managed(world) == []


def test_markup_in_a_message_is_made_safe(world: World) -> None:
    contact = world.user()
    sent = _send(world, _message(world, contact, body='<p onclick="x()">Hi<script>alert(1)</script></p>'))
    conversation = world.call("POST", f"/manage/v1/messages/{sent['id']}/answer", json={"body": "Hello"})
    assert conversation["source"]["body"] == "<p>Hi</p>"


# Switch


@pytest.mark.parametrize("written", ["+353832345678", "+353 (83) 234-5678", "+353 (0)83 234-5678"])
def test_a_redirect_is_noted_on_the_owner_of_the_number(world: World, written: str) -> None:
    world.attribute(name="Area", model="contact", data_type="string")
    contact = world.user(phone=written)
    redirect = {"phone": "+353 83 234 5678", "custom_attributes": {"Area": "Billing"}}
    answer = world.call("POST", "/phone_call_redirects", json=redirect)
    assert (answer["type"], answer["phone"]) == ("phone_call_redirect", "+353832345678")
    assert answer["url"].startswith("http")
    assert world.call("GET", f"/contacts/{contact['id']}")["custom_attributes"] == {"Area": "Billing"}


def test_a_number_that_nobody_has_becomes_one_lead_however_many_ask(world: World) -> None:
    def ask(_: int) -> None:
        world.call("POST", "/phone_call_redirects", json={"phone": "+353832345678"})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    ask(9)
    (lead,) = world.call("GET", "/contacts")["data"]
    assert (lead["role"], lead["phone"]) == ("lead", "+353832345678")


@pytest.mark.parametrize(
    ("phone", "status", "key"),
    [
        ("12345", 400, "invalid_phone_number"),
        ("", 400, "invalid_phone_number"),
        ("+1", 400, "invalid_phone_number"),
        ("call me", 400, "invalid_phone_number"),
        ("+40241100100", 422, "landline_phone"),
    ],
)
def test_a_number_that_takes_no_text_message_is_refused(world: World, phone: str, status: int, key: str) -> None:
    answer = world.api.post("/phone_call_redirects", json={"phone": phone})
    assert (answer.status_code, answer.json()["error_key"]) == (status, key)
    assert world.call("GET", "/contacts")["data"] == []


def test_messages_of_another_workspace_are_not_there(world: World, other: TestWorkspace) -> None:
    sent = _send(world, _message(world, world.user()))
    assert other.api.get("/manage/v1/messages").json()["data"] == []
    answer = other.api.post(f"/manage/v1/messages/{sent['id']}/answer", json={"body": "Hello"})
    assert answer.status_code == 404
