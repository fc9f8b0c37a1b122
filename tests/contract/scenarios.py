"""How each documented answer is provoked: a function of a fresh workspace for every one of them."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.contract.world import Json, World

Scenario = Callable[[World], httpx.Response]
Key = tuple[str, int, str | None]

UNKNOWN = "667d60998a68186f43bafda1"
ONE_RING = "The One Ring"

SCENARIOS: dict[Key, Scenario] = {}


def scenario(operation: str, status: int, name: str | None) -> Callable[[Scenario], Scenario]:
    """Registers a function as the way to a documented answer; one function may lead to several."""

    def register(function: Scenario) -> Scenario:
        SCENARIOS[operation, status, name] = function
        return function

    return register


def refused(operation: str, status: int, name: str, *, path: str = "", **request: Any) -> None:
    """Registers one request that needs nothing before it."""
    method, _, template = operation.partition(" ")

    def provoke(world: World) -> httpx.Response:
        return world.api.request(method, path or template, **request)

    SCENARIOS[operation, status, name] = provoke


# Admins


@scenario("GET /me", 200, "Successful response")
def _(world: World) -> httpx.Response:
    return world.api.get("/me")


@scenario("PUT /admins/{admin_id}/away", 200, "Successful response")
def _(world: World) -> httpx.Response:
    away = {"away_mode_enabled": True, "away_mode_reassign": True}
    return world.api.put(f"/admins/{world.admin_id()}/away", json=away)


refused(
    "PUT /admins/{admin_id}/away",
    404,
    "Admin not found",
    path="/admins/invalid_id/away",
    json={"away_mode_enabled": True, "away_mode_reassign": True},
)


@scenario("GET /admins/activity_logs", 200, "Successful response")
def _(world: World) -> httpx.Response:
    world.call(
        "PUT",
        f"/admins/{world.admin_id()}/away",
        json={"away_mode_enabled": True, "away_mode_reassign": True},
    )
    before = str(int(time.time()) - 3600)
    return world.api.get("/admins/activity_logs", params={"created_at_after": before})


@scenario("GET /admins", 200, "Successful response")
def _(world: World) -> httpx.Response:
    return world.api.get("/admins")


@scenario("GET /admins/{admin_id}", 200, "Admin found")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/admins/{world.admin_id()}")


refused("GET /admins/{admin_id}", 404, "Admin not found", path="/admins/900000000000001")

# Companies


@scenario("POST /companies", 200, "Successful")
def _(world: World) -> httpx.Response:
    return world.api.post("/companies", json={"company_id": "company_remote_id", "name": "my company"})


refused("POST /companies", 400, "Bad Request", json={"test": "invalid"})


@scenario("GET /companies", 200, "Successful")
def _(world: World) -> httpx.Response:
    _, company = world.employee()
    tag = world.post("/tags", {"name": "customers", "companies": [{"id": company["id"]}]})
    return world.api.get("/companies", params={"tag_id": tag["id"]})


refused("GET /companies", 404, "Company Not Found", params={"company_id": "nobody"})


@scenario("GET /companies/{company_id}", 200, "Successful")
def _(world: World) -> httpx.Response:
    company = _company_in_a_segment(world)
    world.post("/tags", {"name": "customers", "companies": [{"id": company["id"]}]})
    return world.api.get(f"/companies/{company['id']}")


def _company_in_a_segment(world: World) -> Json:
    company = world.employee()[1]
    predicate = {"field": "company_id", "operator": "=", "value": company["company_id"]}
    world.wait_for_members(world.segment(predicate, person_type="company")["id"])
    return company


refused("GET /companies/{company_id}", 404, "Company Not Found", path=f"/companies/{UNKNOWN}")


@scenario("PUT /companies/{company_id}", 200, "Successful")
def _(world: World) -> httpx.Response:
    return world.api.put(f"/companies/{world.company()['id']}", json={"name": "my company", "website": "example.com"})


refused("PUT /companies/{company_id}", 404, "Company Not Found", path=f"/companies/{UNKNOWN}", json={"name": "x"})


@scenario("DELETE /companies/{company_id}", 200, "Successful")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/companies/{world.company()['id']}")


refused("DELETE /companies/{company_id}", 404, "Company Not Found", path=f"/companies/{UNKNOWN}")


@scenario("GET /companies/{company_id}/contacts", 200, "Successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/companies/{world.employee()[1]['id']}/contacts")


refused("GET /companies/{company_id}/contacts", 404, "Company Not Found", path=f"/companies/{UNKNOWN}/contacts")


@scenario("GET /companies/{company_id}/segments", 200, "Successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/companies/{_company_in_a_segment(world)['id']}/segments")


refused("GET /companies/{company_id}/segments", 404, "Company Not Found", path=f"/companies/{UNKNOWN}/segments")


@scenario("POST /companies/list", 200, "Successful")
def _(world: World) -> httpx.Response:
    world.employee()
    return world.api.post("/companies/list")


@scenario("GET /companies/scroll", 200, "Successful")
def _(world: World) -> httpx.Response:
    world.employee()
    return world.api.get("/companies/scroll")


@scenario("POST /contacts/{contact_id}/companies", 200, "Successful")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/contacts/{world.user()['id']}/companies", json={"id": world.company()["id"]})


@scenario("POST /contacts/{contact_id}/companies", 400, "Bad Request")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/contacts/{world.user()['id']}/companies", json={})


@scenario("POST /contacts/{contact_id}/companies", 400, "Contact Company Limit Exceeded")
def _(world: World) -> httpx.Response:
    path = f"/contacts/{world.user()['id']}/companies"
    with ThreadPoolExecutor(8) as pool:
        companies = list(pool.map(lambda _: world.company()["id"], range(1001)))
    for company_id in companies[:1000]:
        world.post(path, {"id": company_id})
    return world.api.post(path, json={"id": companies[1000]})


@scenario("POST /contacts/{contact_id}/companies", 404, "Company Not Found")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/contacts/{world.user()['id']}/companies", json={"id": UNKNOWN})


@scenario("GET /contacts/{contact_id}/companies", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/contacts/{world.employee()[0]['id']}/companies")


refused("GET /contacts/{contact_id}/companies", 404, "Contact not found", path=f"/contacts/{UNKNOWN}/companies")


@scenario("DELETE /contacts/{contact_id}/companies/{company_id}", 200, "Successful")
def _(world: World) -> httpx.Response:
    user, company = world.employee()
    return world.api.delete(f"/contacts/{user['id']}/companies/{company['id']}")


@scenario("DELETE /contacts/{contact_id}/companies/{company_id}", 404, "Company Not Found")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/contacts/{world.user()['id']}/companies/{UNKNOWN}")


@scenario("DELETE /contacts/{contact_id}/companies/{company_id}", 404, "Contact Not Found")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/contacts/{UNKNOWN}/companies/{world.company()['id']}")


# Notes


@scenario("GET /contacts/{contact_id}/notes", 200, "Successful response")
def _(world: World) -> httpx.Response:
    user = world.user()
    world.note(user["id"])
    return world.api.get(f"/contacts/{user['id']}/notes")


refused("GET /contacts/{contact_id}/notes", 404, "Contact not found", path=f"/contacts/{UNKNOWN}/notes")


@scenario("POST /contacts/{contact_id}/notes", 200, "Successful response")
def _(world: World) -> httpx.Response:
    user = world.user()
    body = {"contact_id": user["id"], "admin_id": world.admin_id(), "body": "Hello"}
    return world.api.post(f"/contacts/{user['id']}/notes", json=body)


@scenario("POST /contacts/{contact_id}/notes", 404, "Admin not found")
def _(world: World) -> httpx.Response:
    return world.api.post(
        f"/contacts/{world.user()['id']}/notes", json={"admin_id": 900_000_000_000_001, "body": "Hello"}
    )


refused(
    "POST /contacts/{contact_id}/notes",
    404,
    "Contact not found",
    path=f"/contacts/{UNKNOWN}/notes",
    json={"body": "Hello"},
)


@scenario("GET /notes/{note_id}", 200, "Note found")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/notes/{world.note(world.user()['id'])['id']}")


refused("GET /notes/{note_id}", 404, "Note not found", path="/notes/1")

# Segments


@scenario("GET /contacts/{contact_id}/segments", 200, "successful")
def _(world: World) -> httpx.Response:
    user = world.user()
    segment = world.segment_of(user)
    world.wait_for_members(segment["id"])
    return world.api.get(f"/contacts/{user['id']}/segments")


refused("GET /contacts/{contact_id}/segments", 404, "Contact not found", path=f"/contacts/{UNKNOWN}/segments")


@scenario("GET /segments", 200, "Successful response")
def _(world: World) -> httpx.Response:
    world.segment_of(world.user())
    return world.api.get("/segments")


@scenario("GET /segments/{segment_id}", 200, "Successful response")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/segments/{world.segment_of(world.user())['id']}")


refused("GET /segments/{segment_id}", 404, "Segment not found", path=f"/segments/{UNKNOWN}")

# Subscription types


@scenario("GET /contacts/{contact_id}/subscriptions", 200, "Successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/contacts/{world.subscriber()[0]['id']}/subscriptions")


refused("GET /contacts/{contact_id}/subscriptions", 404, "Contact not found", path=f"/contacts/{UNKNOWN}/subscriptions")


@scenario("POST /contacts/{contact_id}/subscriptions", 200, "Successful")
def _(world: World) -> httpx.Response:
    body = {"id": world.subscription_type()["id"], "consent_type": "opt_out"}
    return world.api.post(f"/contacts/{world.user()['id']}/subscriptions", json=body)


@scenario("POST /contacts/{contact_id}/subscriptions", 404, "Contact not found")
def _(world: World) -> httpx.Response:
    body = {"id": world.subscription_type()["id"], "consent_type": "opt_out"}
    return world.api.post(f"/contacts/{UNKNOWN}/subscriptions", json=body)


@scenario("POST /contacts/{contact_id}/subscriptions", 404, "Resource not found")
def _(world: World) -> httpx.Response:
    body = {"id": "invalid_id", "consent_type": "opt_out"}
    return world.api.post(f"/contacts/{world.user()['id']}/subscriptions", json=body)


@scenario("DELETE /contacts/{contact_id}/subscriptions/{subscription_id}", 200, "Successful")
def _(world: World) -> httpx.Response:
    user, kind = world.subscriber()
    return world.api.delete(f"/contacts/{user['id']}/subscriptions/{kind['id']}")


@scenario("DELETE /contacts/{contact_id}/subscriptions/{subscription_id}", 404, "Contact not found")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/contacts/{UNKNOWN}/subscriptions/{world.subscription_type()['id']}")


@scenario("DELETE /contacts/{contact_id}/subscriptions/{subscription_id}", 404, "Resource not found")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/contacts/{world.user()['id']}/subscriptions/invalid_id")


@scenario("GET /subscription_types", 200, "Successful")
def _(world: World) -> httpx.Response:
    world.subscription_type()
    return world.api.get("/subscription_types")


# Tags


@scenario("GET /contacts/{contact_id}/tags", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/contacts/{world.tagged_user()[0]['id']}/tags")


refused("GET /contacts/{contact_id}/tags", 404, "Contact not found", path=f"/contacts/{UNKNOWN}/tags")


@scenario("POST /contacts/{contact_id}/tags", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/contacts/{world.user()['id']}/tags", json={"id": world.tag()["id"]})


@scenario("POST /contacts/{contact_id}/tags", 404, "Contact not found")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/contacts/{UNKNOWN}/tags", json={"id": world.tag()["id"]})


@scenario("POST /contacts/{contact_id}/tags", 404, "Tag not found")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/contacts/{world.user()['id']}/tags", json={"id": "123"})


@scenario("DELETE /contacts/{contact_id}/tags/{tag_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    user, tag = world.tagged_user()
    return world.api.delete(f"/contacts/{user['id']}/tags/{tag['id']}")


@scenario("DELETE /contacts/{contact_id}/tags/{tag_id}", 404, "Contact not found")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/contacts/{UNKNOWN}/tags/{world.tag()['id']}")


@scenario("DELETE /contacts/{contact_id}/tags/{tag_id}", 404, "Tag not found")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/contacts/{world.user()['id']}/tags/123")


@scenario("GET /tags", 200, "successful")
def _(world: World) -> httpx.Response:
    world.tag()
    return world.api.get("/tags")


@scenario("POST /tags", 200, "Action successful")
def _(world: World) -> httpx.Response:
    return world.api.post("/tags", json={"name": "test"})


refused("POST /tags", 400, "Invalid parameters", json={"test": "invalid"})
refused("POST /tags", 404, "Company not found", json={"name": "test", "companies": [{"company_id": "123"}]})
refused("POST /tags", 404, "User  not found", json={"name": "test", "users": [{"id": "123"}]})


@scenario("GET /tags/{tag_id}", 200, "Tag found")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/tags/{world.tag()['id']}")


refused("GET /tags/{tag_id}", 404, "Tag not found", path="/tags/123")


@scenario("DELETE /tags/{tag_id}", 200, None)
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/tags/{world.tag()['id']}")


refused("DELETE /tags/{tag_id}", 404, "Resource not found", path="/tags/123")


@scenario("DELETE /tags/{tag_id}", 400, "Tag has dependent objects")
def _(world: World) -> httpx.Response:
    tag_id = world.tag()["id"]
    world.segment({"field": "tag_id", "operator": "=", "value": tag_id}, name="Seg 1")
    return world.api.delete(f"/tags/{tag_id}")


# Contacts


@scenario("PUT /contacts/{contact_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.put(f"/contacts/{world.user()['id']}", json={"name": "joe bloggs"})


@scenario("GET /contacts/{contact_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/contacts/{world.user()['id']}")


@scenario("DELETE /contacts/{contact_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.delete(f"/contacts/{world.user()['id']}")


@scenario("POST /contacts/merge", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.post("/contacts/merge", json={"from": world.lead()["id"], "into": world.user()["id"]})


@scenario("POST /contacts/search", 200, "successful")
def _(world: World) -> httpx.Response:
    world.user()
    query = {"operator": "AND", "value": [{"field": "created_at", "operator": ">", "value": "1306054154"}]}
    return world.api.post("/contacts/search", json={"query": query, "pagination": {"per_page": 5}})


@scenario("GET /contacts", 200, "successful")
def _(world: World) -> httpx.Response:
    world.user()
    return world.api.get("/contacts")


@scenario("POST /contacts", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.post("/contacts", json={"email": "joebloggs@example.com"})


@scenario("POST /contacts/{contact_id}/archive", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.post(f"/contacts/{world.user()['id']}/archive")


@scenario("POST /contacts/{contact_id}/unarchive", 200, "successful")
def _(world: World) -> httpx.Response:
    user = world.user()
    world.call("POST", f"/contacts/{user['id']}/archive")
    return world.api.post(f"/contacts/{user['id']}/unarchive")


# Data attributes


@scenario("GET /data_attributes", 200, "Successful response")
def _(world: World) -> httpx.Response:
    world.attribute()
    return world.api.get("/data_attributes")


@scenario("POST /data_attributes", 200, "Successful")
def _(world: World) -> httpx.Response:
    body = {"name": "Mithril Shirt", "model": "company", "data_type": "string"}
    return world.api.post("/data_attributes", json=body)


@scenario("POST /data_attributes", 400, "Same name already exists")
def _(world: World) -> httpx.Response:
    world.attribute(name=ONE_RING, model="company")
    return world.api.post("/data_attributes", json={"name": ONE_RING, "model": "contact", "data_type": "integer"})


refused(
    "POST /data_attributes",
    400,
    "Invalid name",
    json={"name": "!nv@l!d n@me", "model": "company", "data_type": "string"},
)


@scenario("POST /data_attributes", 400, "Attribute already exists")
def _(world: World) -> httpx.Response:
    world.attribute(name=ONE_RING, model="company")
    return world.api.post("/data_attributes", json={"name": ONE_RING, "model": "company", "data_type": "string"})


refused(
    "POST /data_attributes",
    400,
    "Invalid Data Type",
    json={"name": "The Second Ring", "model": "company", "data_type": "mithril"},
)
refused(
    "POST /data_attributes",
    400,
    "Too few options for list",
    json={"description": "Just a plain old ring", "options": [{"value": "1-10"}], "archived": False},
)


@scenario("PUT /data_attributes/{data_attribute_id}", 200, "Successful")
def _(world: World) -> httpx.Response:
    attribute = world.attribute(name=ONE_RING, model="company", options=[{"value": "1"}, {"value": "2"}])
    change = {
        "description": "Just a plain old ring",
        "options": [{"value": "1-10"}, {"value": "11-20"}],
        "archived": False,
    }
    return world.api.put(f"/data_attributes/{attribute['id']}", json=change)


@scenario("PUT /data_attributes/{data_attribute_id}", 400, "Too few options in list")
def _(world: World) -> httpx.Response:
    change = {"description": "Too few options", "options": {"value": "1-10"}, "archived": False}
    return world.api.put(f"/data_attributes/{world.attribute()['id']}", json=change)


refused(
    "PUT /data_attributes/{data_attribute_id}",
    404,
    "Attribute Not Found",
    path="/data_attributes/123",
    json={"description": "Just a plain old ring"},
)


@scenario("PUT /data_attributes/{data_attribute_id}", 422, "Has Dependant Object")
def _(world: World) -> httpx.Response:
    attribute = world.attribute()
    world.segment({"field": attribute["full_name"], "operator": "=", "value": "gold"})
    return world.api.put(f"/data_attributes/{attribute['id']}", json={"description": "Gone", "archived": True})


# Data events


@scenario("POST /events", 202, None)
def _(world: World) -> httpx.Response:
    body = {"event_name": "invited-friend", "created_at": int(time.time()), "id": world.user()["id"]}
    return world.api.post("/events", json=body)


@scenario("GET /events", 200, "Successful response")
def _(world: World) -> httpx.Response:
    user = world.user()
    world.event(user)
    return world.api.get("/events", params={"type": "user", "intercom_user_id": user["id"], "summary": "true"})


@scenario("POST /events/summaries", 200, None)
def _(world: World) -> httpx.Response:
    summary = {"event_name": "ordered", "count": 3, "first": 1_700_000_000, "last": 1_700_000_500}
    return world.api.post(
        "/events/summaries", json={"user_id": world.user()["external_id"], "event_summaries": summary}
    )


# Teams


@scenario("GET /teams", 200, "successful")
def _(world: World) -> httpx.Response:
    world.team()
    return world.api.get("/teams")


@scenario("GET /teams/{team_id}", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get(f"/teams/{world.team()['id']}")


refused("GET /teams/{team_id}", 404, "Team not found", path="/teams/invalid_id")

# Visitors


@scenario("PUT /visitors", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.put("/visitors", json={"id": world.visitor()["id"], "name": "Gareth Bale"})


refused("PUT /visitors", 404, "visitor Not Found", json={"user_id": "fail", "name": "Christian Fail"})


@scenario("GET /visitors", 200, "successful")
def _(world: World) -> httpx.Response:
    return world.api.get("/visitors", params={"user_id": world.visitor()["user_id"]})


refused("GET /visitors", 404, "Visitor not found", params={"user_id": "invalid_id"})


@scenario("POST /visitors/convert", 200, "successful")
def _(world: World) -> httpx.Response:
    body = {"type": "user", "visitor": {"user_id": world.visitor()["user_id"]}, "user": {"email": "foo@bar.com"}}
    return world.api.post("/visitors/convert", json=body)
