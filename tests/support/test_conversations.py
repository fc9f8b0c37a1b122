"""What is said and done in conversations, over HTTP."""

from typing import Any

import httpx
import pytest

from tests.contract.world import World


@pytest.fixture
def world(api: httpx.Client) -> World:
    """Makes what conversations are between."""
    return World(api)


def _start(api: httpx.Client, contact_id: str, body: str = "My invoice shows two seats") -> dict[str, Any]:
    answer = api.post("/conversations", json={"from": {"type": "user", "id": contact_id}, "body": body})
    assert answer.status_code == 200, answer.text
    message: dict[str, Any] = answer.json()
    return message


def test_a_contact_starts_a_conversation(api: httpx.Client, world: World) -> None:
    contact = world.user()
    message = _start(api, contact["id"])
    assert {key: message[key] for key in ("type", "body", "message_type")} == {
        "type": "user_message",
        "body": "My invoice shows two seats",
        "message_type": "inapp",
    }
    conversation = api.get(f"/conversations/{message['conversation_id']}").json()
    assert conversation["source"]["id"] == message["id"]
    assert conversation["source"]["body"] == "<p>My invoice shows two seats</p>"
    assert conversation["source"]["author"]["id"] == contact["id"]
    assert (conversation["state"], conversation["open"], conversation["read"]) == ("open", True, True)
    assert conversation["waiting_since"] == conversation["created_at"] == message["created_at"]
    assert conversation["statistics"]["count_conversation_parts"] == 1
    assert conversation["conversation_parts"]["conversation_parts"] == []
    assert [each["id"] for each in api.get("/conversations").json()["conversations"]] == [conversation["id"]]


def test_replies_notes_and_closing_are_told_by_parts(api: httpx.Client, world: World) -> None:
    contact = world.user()
    url = f"/conversations/{_start(api, contact['id'])['conversation_id']}"
    me = api.get("/me").json()["id"]
    reply = {"message_type": "comment", "type": "admin", "admin_id": me, "body": "Looking into it"}
    answer = api.post(f"{url}/reply", json=reply)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["waiting_since"], answer.json()["read"]) == (None, False)
    api.post(f"{url}/reply", json={**reply, "message_type": "note", "body": "Seats were counted twice"})
    closed = api.post(f"{url}/parts", json={"message_type": "close", "type": "admin", "admin_id": me, "body": "Bye"})
    assert (closed.json()["state"], closed.json()["open"]) == ("closed", False)
    again = {"message_type": "comment", "type": "user", "intercom_user_id": contact["id"], "body": "One more thing"}
    reopened = api.post(f"{url}/reply", json=again).json()
    parts = reopened["conversation_parts"]["conversation_parts"]
    assert [(part["part_type"], part["body"], part["author"]["type"]) for part in parts] == [
        ("comment", "<p>Looking into it</p>", "admin"),
        ("note", "<p>Seats were counted twice</p>", "admin"),
        ("close", "<p>Bye</p>", "admin"),
        ("open", "<p>One more thing</p>", "user"),
    ]
    assert reopened["statistics"]["count_reopens"] == 1
    assert reopened["teammates"]["admins"] == [{"type": "admin", "id": me}]
