"""How the documented answers of tickets, their types and their types' attributes are provoked."""

from typing import Any

import httpx

from tests.contract.scenarios import scenario
from tests.contract.world import World

Json = dict[str, Any]

_FIELD = {"name": "Attribute Title", "description": "Attribute Description", "data_type": "string"}


def _type(world: World, category: str = "Customer") -> Json:
    return world.post("/ticket_types", {"name": "Bug Report", "description": "Template", "category": category})


def _ticket(world: World, category: str = "Back-office") -> Json:
    attributes = {"_default_title_": "attribute_value"}
    body = {"ticket_type_id": _type(world, category)["id"], "ticket_attributes": attributes}
    return world.post("/tickets", {**body, "contacts": [{"id": world.user()["id"]}]})


def _conversation(world: World) -> str:
    message = {"from": {"type": "user", "id": world.user()["id"]}, "body": "Comment for message"}
    return str(world.post("/conversations", message)["conversation_id"])


# Ticket types


@scenario("GET /ticket_types", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get("/ticket_types")


@scenario("POST /ticket_types", 200, "Ticket type created")
def _(world: World) -> httpx.Response:
    body = {"name": "Customer Issue", "description": "Customer Report Template", "icon": "🎟️", "category": "Customer"}
    return world.api.post("/ticket_types", json=body)


@scenario("GET /ticket_types/{ticket_type_id}", 200, "Ticket type found")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/ticket_types/{_type(world)['id']}")


@scenario("PUT /ticket_types/{ticket_type_id}", 200, "Ticket type updated")
def _(world: World) -> httpx.Response:
    return world.api.put(f"/ticket_types/{_type(world)['id']}", json={"name": "Bug Report 2"})


@scenario("POST /ticket_types/{ticket_type_id}/attributes", 200, "Ticket Type Attribute created")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/ticket_types/{_type(world)['id']}/attributes", json=_FIELD)


@scenario("PUT /ticket_types/{ticket_type_id}/attributes/{attribute_id}", 200, "Ticket Type Attribute updated")
def _(world: World) -> httpx.Response:
    url = f"/ticket_types/{_type(world)['id']}/attributes"
    made = world.post(url, _FIELD)
    return world.api.put(f"{url}/{made['id']}", json={"description": "New Attribute Description"})


# Tickets


@scenario("POST /tickets", 200, "Successful response")
def _(world: World) -> httpx.Response:
    body = {
        "ticket_type_id": int(_type(world)["id"]),
        "contacts": [{"id": world.user()["id"]}],
        "ticket_attributes": {"_default_title_": "example", "_default_description_": "there is a problem"},
    }
    return world.api.post("/tickets", json=body)


@scenario("GET /tickets/{ticket_id}", 200, "Ticket found")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/tickets/{_ticket(world)['id']}")


_CHANGES: Json = {
    "ticket_attributes": {"_default_title_": "example", "_default_description_": "there is a problem"},
    "state": "in_progress",
}


@scenario("PUT /tickets/{ticket_id}", 200, "Successful response")
def _(world: World) -> httpx.Response:
    me = world.admin_id()
    body = {**_CHANGES, "assignment": {"admin_id": me, "assignee_id": me}, "open": True, "snoozed_until": 1673609604}
    return world.api.put(f"/tickets/{_ticket(world)['id']}", json=body)


@scenario("PUT /tickets/{ticket_id}", 404, "Admin not found")
def _(world: World) -> httpx.Response:
    body = {**_CHANGES, "assignment": {"admin_id": "123", "assignee_id": world.admin_id()}}
    return world.api.put(f"/tickets/{_ticket(world)['id']}", json=body)


@scenario("PUT /tickets/{ticket_id}", 404, "Assignee not found")
def _(world: World) -> httpx.Response:
    body = {**_CHANGES, "assignment": {"admin_id": world.admin_id(), "assignee_id": "456"}}
    return world.api.put(f"/tickets/{_ticket(world)['id']}", json=body)


@scenario("POST /tickets/search", 200, "successful")
def _(world: World) -> httpx.Response:
    _ticket(world)
    query = {"operator": "AND", "value": [{"field": "created_at", "operator": ">", "value": "1306054154"}]}
    return world.api.post("/tickets/search", json={"query": query, "pagination": {"per_page": 5}})


@scenario("POST /tickets/{ticket_id}/reply", 400, "User reply")
def _(world: World) -> httpx.Response:
    ticket = _ticket(world)
    contact_id = ticket["contacts"]["contacts"][0]["id"]
    body = {"message_type": "comment", "type": "user", "intercom_user_id": contact_id, "body": "Thanks again :)"}
    return world.api.post(f"/tickets/{ticket['id']}/reply", json=body)


@scenario("POST /tickets/{ticket_id}/reply", 200, "Admin note reply")
def _(world: World) -> httpx.Response:
    html = "<html> <body>  <h2>An Unordered HTML List</h2>  <ul>   <li>Coffee</li> </ul>   </body> </html>"
    body = {"message_type": "note", "type": "admin", "admin_id": int(world.admin_id()), "body": html}
    return world.api.post(f"/tickets/{_ticket(world)['id']}/reply", json=body)


@scenario("POST /tickets/{ticket_id}/reply", 200, "Admin quick_reply reply")
def _(world: World) -> httpx.Response:
    options = [{"text": "Yes", "uuid": "22d6d1f4-1a19-41d0-94c2-e54031f78aca"}]
    body = {"message_type": "quick_reply", "type": "admin", "admin_id": world.admin_id(), "reply_options": options}
    return world.api.post(f"/tickets/{_ticket(world)['id']}/reply", json=body)


@scenario("POST /tickets/{ticket_id}/reply", 404, "Not found")
def _(world: World) -> httpx.Response:
    body = {"message_type": "comment", "type": "user", "intercom_user_id": world.user()["id"], "body": "Thanks again"}
    return world.api.post("/tickets/123456789/reply", json=body)


@scenario("POST /tickets/{ticket_id}/tags", 200, "successful")
def _(world: World) -> httpx.Response:
    body = {"id": int(world.tag()["id"]), "admin_id": int(world.admin_id())}
    return world.api.post(f"/tickets/{_ticket(world)['id']}/tags", json=body)


@scenario("POST /tickets/{ticket_id}/tags", 404, "Ticket not found")
def _(world: World) -> httpx.Response:
    return world.api.post("/tickets/123456789/tags", json={"id": world.tag()["id"], "admin_id": world.admin_id()})


@scenario("DELETE /tickets/{ticket_id}/tags/{tag_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    url, tag_id, by = f"/tickets/{_ticket(world)['id']}/tags", world.tag()["id"], {"admin_id": world.admin_id()}
    world.post(url, {"id": tag_id, **by})
    return world.api.request("DELETE", f"{url}/{tag_id}", json=by)


@scenario("DELETE /tickets/{ticket_id}/tags/{tag_id}", 404, "Ticket not found")
def _(world: World) -> httpx.Response:
    url = f"/tickets/123456789/tags/{world.tag()['id']}"
    return world.api.request("DELETE", url, json={"admin_id": world.admin_id()})


@scenario("DELETE /tickets/{ticket_id}/tags/{tag_id}", 404, "Tag not found")
def _(world: World) -> httpx.Response:
    url = f"/tickets/{_ticket(world)['id']}/tags/123456789"
    return world.api.request("DELETE", url, json={"admin_id": world.admin_id()})


# Converting


@scenario("POST /conversations/{conversation_id}/convert", 200, "successful")
def _(world: World) -> httpx.Response:
    body = {"ticket_type_id": _type(world)["id"]}
    return world.api.post(f"/conversations/{_conversation(world)}/convert", json=body)


@scenario("POST /conversations/{conversation_id}/convert", 400, "Bad request")
def _(world: World) -> httpx.Response:
    body = {"ticket_type_id": _type(world, "Back-office")["id"]}
    return world.api.post(f"/conversations/{_conversation(world)}/convert", json=body)
