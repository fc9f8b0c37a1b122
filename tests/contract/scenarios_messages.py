"""How the documented answers of messages and Switch are provoked."""

import httpx

from tests.contract.scenarios import refused, scenario
from tests.contract.world import World

# Numbers that no fiction reserves, but that say what they are: an Irish mobile, a Romanian landline.
MOBILE = "+353832345678"
LANDLINE = "+40241100100"


@scenario("POST /messages", 200, "user message created")
def _(world: World) -> httpx.Response:
    message = {"from": {"type": "user", "id": world.user()["id"]}, "body": "heyy", "referer": "https://example.com/bob"}
    return world.api.post("/messages", json=message)


@scenario("POST /messages", 200, "lead message created")
def _(world: World) -> httpx.Response:
    message = {"from": {"type": "lead", "id": world.lead()["id"]}, "body": "heyy", "referer": "https://example.com/bob"}
    return world.api.post("/messages", json=message)


@scenario("POST /messages", 200, "admin message created")
def _(world: World) -> httpx.Response:
    message = {
        "from": {"type": "admin", "id": world.admin_id()},
        "to": {"type": "user", "id": world.user()["id"]},
        "message_type": "conversation",
        "body": "heyy",
    }
    return world.api.post("/messages", json=message)


@scenario("POST /messages", 400, "No body supplied for message")
def _(world: World) -> httpx.Response:
    message = {
        "from": {"type": "admin", "id": world.admin_id()},
        "to": {"type": "user", "id": world.user()["id"]},
        "message_type": "inapp",
        "body": None,
        "subject": "heyy",
    }
    return world.api.post("/messages", json=message)


@scenario("POST /messages", 400, "No body supplied for email message")
def _(world: World) -> httpx.Response:
    message = {
        "from": {"type": "admin", "id": world.admin_id()},
        "to": {"type": "user", "id": world.user()["id"]},
        "message_type": "email",
        "body": None,
        "subject": "heyy",
    }
    return world.api.post("/messages", json=message)


@scenario("POST /messages", 422, "No subject supplied for email message")
def _(world: World) -> httpx.Response:
    message = {
        "from": {"type": "admin", "id": world.admin_id()},
        "to": {"type": "user", "user_id": world.user()["external_id"]},
        "message_type": "email",
        "body": "hey there",
    }
    return world.api.post("/messages", json=message)


@scenario("POST /phone_call_redirects", 200, "successful")
def _(world: World) -> httpx.Response:
    world.attribute(name="issue_type")
    world.attribute(name="priority")
    redirect = {"phone": MOBILE, "custom_attributes": {"issue_type": "Billing", "priority": "High"}}
    return world.api.post("/phone_call_redirects", json=redirect)


refused(
    "POST /phone_call_redirects",
    400,
    "bad request - invalid number",
    json={"phone": "+353", "custom_attributes": {}},
)
refused("POST /phone_call_redirects", 422, "unprocessable entity", json={"phone": LANDLINE})
