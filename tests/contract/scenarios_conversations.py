"""How the documented answers of conversations are provoked."""

from typing import Any

import httpx

from tests.contract.scenarios import UNKNOWN, refused, scenario
from tests.contract.world import World

Json = dict[str, Any]

_NOTHING = "/conversations/123"
_BY = "admin_id"


def _admin_initiated(world: World) -> str:
    """A conversation as the description's tests had them: a message of an admin, about which nobody wrote yet."""
    message = {
        "message_type": "inapp",
        "body": "this is the message body",
        "from": {"type": "admin", "id": world.admin_id()},
        "to": {"type": "user", "id": world.user()["id"]},
        "create_conversation_without_contact_reply": True,
    }
    return str(world.post("/messages", message)["conversation_id"])


def _in_a_group(world: World) -> tuple[str, str]:
    conversation_id, user = _admin_initiated(world), world.user()
    customer = {_BY: world.admin_id(), "customer": {"intercom_user_id": user["id"]}}
    world.post(f"/conversations/{conversation_id}/customers", customer)
    return conversation_id, str(user["id"])


def _contact_of(world: World, conversation_id: str) -> str:
    found = world.call("GET", f"/conversations/{conversation_id}")["contacts"]["contacts"]
    return str(found[0]["id"])


def _thanks(world: World, conversation_id: str) -> Json:
    contact_id = _contact_of(world, conversation_id)
    return {"message_type": "comment", "type": "user", "intercom_user_id": contact_id, "body": "Thanks again :)"}


@scenario("GET /conversations", 200, "successful")
def _(world: World) -> httpx.Response:
    _admin_initiated(world)
    return world.api.get("/conversations")


@scenario("POST /conversations", 200, "conversation created")
def _(world: World) -> httpx.Response:
    body = {"from": {"type": "user", "id": world.user()["id"]}, "body": "Hello there"}
    return world.api.post("/conversations", json=body)


refused(
    "POST /conversations",
    404,
    "Contact Not Found",
    json={"from": {"type": "user", "id": UNKNOWN}, "body": "Hello there"},
)


@scenario("GET /conversations/{conversation_id}", 200, "conversation found")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/conversations/{_admin_initiated(world)}")


refused("GET /conversations/{conversation_id}", 404, "Not found", path=_NOTHING)

_ATTRIBUTES = {"read": True, "custom_attributes": {"issue_type": "Billing", "priority": "High"}}


@scenario("PUT /conversations/{conversation_id}", 200, "conversation found")
def _(world: World) -> httpx.Response:
    for name in _ATTRIBUTES["custom_attributes"]:  # type: ignore[attr-defined]  # a dictionary in one of booleans
        attribute = {"name": name, "model": "conversation", "data_type": "string"}
        world.post("/manage/v1/data_attributes", attribute)
    return world.api.put(f"/conversations/{_admin_initiated(world)}", json=_ATTRIBUTES)


refused("PUT /conversations/{conversation_id}", 404, "Not found", path=_NOTHING, json=_ATTRIBUTES)


@scenario("POST /conversations/search", 200, "successful")
def _(world: World) -> httpx.Response:
    _admin_initiated(world)
    created = {"field": "created_at", "operator": ">", "value": "1306054154"}
    body = {"query": {"operator": "AND", "value": [created]}, "pagination": {"per_page": 5}}
    return world.api.post("/conversations/search", json=body)


@scenario("POST /conversations/{conversation_id}/reply", 200, "User reply")
def _(world: World) -> httpx.Response:
    conversation_id = _admin_initiated(world)
    return world.api.post(f"/conversations/{conversation_id}/reply", json=_thanks(world, conversation_id))


@scenario("POST /conversations/{conversation_id}/reply", 200, "Admin note reply")
def _(world: World) -> httpx.Response:
    note = (
        "<html> <body>  <h2>An Unordered HTML List</h2>  <ul>   <li>Coffee</li>   <li>Tea</li> </ul>  </body> </html>"
    )
    body = {"message_type": "note", "type": "admin", _BY: world.admin_id(), "body": note}
    return world.api.post(f"/conversations/{_admin_initiated(world)}/reply", json=body)


@scenario("POST /conversations/{conversation_id}/reply", 200, "User last conversation reply")
def _(world: World) -> httpx.Response:
    return world.api.post("/conversations/last/reply", json=_thanks(world, _admin_initiated(world)))


refused(
    "POST /conversations/{conversation_id}/reply",
    404,
    "Not found",
    path=f"{_NOTHING}/reply",
    json={"message_type": "comment", "type": "user", "intercom_user_id": UNKNOWN, "body": "Thanks again :)"},
)

_MANAGING: dict[str, Json] = {
    "Close a conversation": {"message_type": "close", "type": "admin", "body": "Goodbye :)"},
    "Snooze a conversation": {"message_type": "snoozed", "snoozed_until": 4_000_000_000},
    "Open a conversation": {"message_type": "open"},
}


def _managed(name: str, sent: Json) -> None:
    @scenario("POST /conversations/{conversation_id}/parts", 200, name)
    def _(world: World) -> httpx.Response:
        path = f"/conversations/{_admin_initiated(world)}/parts"
        return world.api.post(path, json={**sent, _BY: world.admin_id()})


for _name, _sent in _MANAGING.items():
    _managed(_name, _sent)


@scenario("POST /conversations/{conversation_id}/parts", 200, "Assign a conversation")
def _(world: World) -> httpx.Response:
    me = int(world.admin_id())
    body = {"message_type": "assignment", "type": "admin", _BY: me, "assignee_id": me}
    return world.api.post(f"/conversations/{_admin_initiated(world)}/parts", json=body)


@scenario("POST /conversations/{conversation_id}/parts", 404, "Not found")
def _(world: World) -> httpx.Response:
    body = {**_MANAGING["Close a conversation"], _BY: world.admin_id()}
    return world.api.post(f"{_NOTHING}/parts", json=body)


@scenario(
    "POST /conversations/{conversation_id}/run_assignment_rules", 200, "Assign a conversation using assignment rules"
)
def _(world: World) -> httpx.Response:
    return world.api.post(f"/conversations/{_admin_initiated(world)}/run_assignment_rules")


refused(
    "POST /conversations/{conversation_id}/run_assignment_rules",
    404,
    "Not found",
    path=f"{_NOTHING}/run_assignment_rules",
)


@scenario("POST /conversations/{conversation_id}/customers", 200, "Attach a contact to a conversation")
def _(world: World) -> httpx.Response:
    customer = {_BY: world.admin_id(), "customer": {"intercom_user_id": world.user()["id"]}}
    return world.api.post(f"/conversations/{_admin_initiated(world)}/customers", json=customer)


@scenario("POST /conversations/{conversation_id}/customers", 404, "Not found")
def _(world: World) -> httpx.Response:
    customer = {_BY: world.admin_id(), "customer": {"intercom_user_id": world.user()["id"]}}
    return world.api.post(f"{_NOTHING}/customers", json=customer)


def _detached(world: World, conversation_id: str, contact_id: str) -> httpx.Response:
    path = f"/conversations/{conversation_id}/customers/{contact_id}"
    return world.api.request("DELETE", path, json={_BY: world.admin_id()})


_DETACH = "DELETE /conversations/{conversation_id}/customers/{contact_id}"


@scenario(_DETACH, 200, "Detach a contact from a group conversation")
def _(world: World) -> httpx.Response:
    return _detached(world, *_in_a_group(world))


@scenario(_DETACH, 404, "Conversation not found")
def _(world: World) -> httpx.Response:
    return _detached(world, "123", world.user()["id"])


@scenario(_DETACH, 404, "Contact not found")
def _(world: World) -> httpx.Response:
    return _detached(world, _in_a_group(world)[0], UNKNOWN)


@scenario(_DETACH, 422, "Last customer")
def _(world: World) -> httpx.Response:
    conversation_id = _admin_initiated(world)
    return _detached(world, conversation_id, _contact_of(world, conversation_id))


@scenario("POST /conversations/redact", 200, "Redact a conversation part")
def _(world: World) -> httpx.Response:
    conversation_id = _admin_initiated(world)
    said = world.post(f"/conversations/{conversation_id}/reply", _thanks(world, conversation_id))
    part = said["conversation_parts"]["conversation_parts"][-1]
    body = {"type": "conversation_part", "conversation_id": conversation_id, "conversation_part_id": part["id"]}
    return world.api.post("/conversations/redact", json=body)


_REALLY = "really_123_doesnt_exist"
refused(
    "POST /conversations/redact",
    404,
    "Not found",
    json={"type": "conversation_part", "conversation_id": _REALLY, "conversation_part_id": _REALLY},
)


@scenario("POST /conversations/{conversation_id}/tags", 200, "successful")
def _(world: World) -> httpx.Response:
    body = {"id": world.tag()["id"], _BY: world.admin_id()}
    return world.api.post(f"/conversations/{_admin_initiated(world)}/tags", json=body)


@scenario("POST /conversations/{conversation_id}/tags", 404, "Conversation not found")
def _(world: World) -> httpx.Response:
    body = {"id": world.tag()["id"], _BY: world.admin_id()}
    return world.api.post(f"{_NOTHING}/tags", json=body)


def _untagged(world: World, conversation_id: str, tag_id: str) -> httpx.Response:
    path = f"/conversations/{conversation_id}/tags/{tag_id}"
    return world.api.request("DELETE", path, json={_BY: world.admin_id()})


_UNTAG = "DELETE /conversations/{conversation_id}/tags/{tag_id}"


@scenario(_UNTAG, 200, "successful")
def _(world: World) -> httpx.Response:
    conversation_id, tag_id = _admin_initiated(world), world.tag()["id"]
    world.post(f"/conversations/{conversation_id}/tags", {"id": tag_id, _BY: world.admin_id()})
    return _untagged(world, conversation_id, tag_id)


@scenario(_UNTAG, 404, "Conversation not found")
def _(world: World) -> httpx.Response:
    return _untagged(world, "123", world.tag()["id"])


@scenario(_UNTAG, 404, "Tag not found")
def _(world: World) -> httpx.Response:
    return _untagged(world, _admin_initiated(world), "123")
