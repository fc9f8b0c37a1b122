"""What changes of contacts, companies and visitors tell: topics, and items that are what GET answers then."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from callbox.people.contacts import service
from callbox.people.contacts.schemas import CreateContactRequest
from callbox.platform.database import connection
from callbox.wire.authentication import Caller
from tests.conftest import Outbox, TestWorkspace
from tests.contract.world import World
from tests.people.tools import Json, body_of, inside

Event = tuple[str, str, Any]


@pytest.fixture
def api(quiet: TestWorkspace) -> httpx.Client:
    return quiet.api


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def told(outbox: Outbox) -> list[Event]:
    """Events since the last time, but for those about admins."""
    return [event for event in outbox.take() if not event[0].startswith("admin.")]


def contact(api: httpx.Client, contact_id: str) -> Json:
    return body_of(api.get(f"/contacts/{contact_id}"))


def company(api: httpx.Client, company_id: str) -> Json:
    return body_of(api.get(f"/companies/{company_id}"))


# Contacts


@pytest.mark.parametrize(
    ("sent", "topic"),
    [
        ({"email": "grace@example.com", "phone": "+353871234567"}, "contact.user.created"),
        ({"role": "lead", "name": "Grace", "signed_up_at": 5}, "contact.lead.created"),
    ],
)
def test_creating(api: httpx.Client, world: World, outbox: Outbox, sent: Json, topic: str) -> None:
    name = world.attribute(data_type="float")["name"]
    outbox.take()
    made = body_of(api.post("/contacts", json=sent | {"custom_attributes": {name: 155.5}}))
    assert told(outbox) == [(topic, made["id"], contact(api, made["id"]))]


ADDRESSED = "contact.email.updated"


@pytest.mark.parametrize(
    ("role", "email", "changes", "topics"),
    [
        ("user", "a@example.com", {"name": "Grace"}, ["contact.user.updated"]),
        ("user", "a@example.com", {}, ["contact.user.updated"]),
        ("user", "a@example.com", {"email": "A@example.com"}, ["contact.user.updated"]),
        ("user", "a@example.com", {"email": "b@example.com"}, ["contact.user.updated", ADDRESSED]),
        ("user", "a@example.com", {"email": None}, ["contact.user.updated", ADDRESSED]),
        ("lead", None, {"name": "Grace"}, ["contact.lead.updated"]),
        ("lead", None, {"email": "a@example.com"}, ["contact.lead.updated", "contact.lead.added_email"]),
        ("lead", "a@example.com", {"email": "b@example.com"}, ["contact.lead.updated", ADDRESSED]),
        ("lead", None, {"role": "user"}, ["contact.lead.signed_up"]),
        ("lead", None, {"role": "user", "email": "a@example.com"}, ["contact.lead.signed_up"]),
    ],
)
def test_updating(
    api: httpx.Client, world: World, outbox: Outbox, role: str, email: str | None, changes: Json, topics: list[str]
) -> None:
    attributes = {world.attribute()["name"]: "Before", world.attribute()["name"]: "Kept"}
    made = world.user(role=role, email=email, custom_attributes=attributes)
    changed = {"custom_attributes": {next(iter(attributes)): "After"}} | changes
    outbox.take()
    body_of(api.put(f"/contacts/{made['id']}", json=changed))
    shown = contact(api, made["id"])
    assert told(outbox) == [(topic, made["id"], shown) for topic in topics]


def test_archiving_and_its_undoing(api: httpx.Client, world: World, outbox: Outbox) -> None:
    user, _ = world.employee()
    before = contact(api, user["id"])
    outbox.take()
    for _ in range(2):
        body_of(api.post(f"/contacts/{user['id']}/archive"))
    assert told(outbox) == [("contact.archived", user["id"], before)]
    for _ in range(2):
        body_of(api.post(f"/contacts/{user['id']}/unarchive"))
    assert told(outbox) == [("contact.unarchive", user["id"], contact(api, user["id"]))]


@pytest.mark.parametrize("is_archived", [False, True])
def test_deleting(api: httpx.Client, world: World, outbox: Outbox, is_archived: bool) -> None:
    user = world.user()
    if is_archived:
        body_of(api.post(f"/contacts/{user['id']}/archive"))
    outbox.take()
    answer = body_of(api.delete(f"/contacts/{user['id']}"))
    assert told(outbox) == [("contact.deleted", user["id"], answer)]


def test_merging(api: httpx.Client, world: World, outbox: Outbox) -> None:
    lead, user = world.lead(name="Grace", email="grace@example.com"), world.user(name=None)
    world.note(lead["id"])
    outbox.take()
    body_of(api.post("/contacts/merge", json={"from": lead["id"], "into": user["id"]}))
    item = contact(api, user["id"]) | {"merged_from": {"type": "contact", "id": lead["id"]}}
    assert told(outbox) == [("contact.merged", user["id"], item)]


def test_losing_the_owner(database_url: str) -> None:
    async def promise(caller: Caller) -> None:
        made = await service.create_contact(caller, CreateContactRequest(role="lead", owner_id=caller.admin_id))
        async with connection() as held:
            await held.execute("DELETE FROM outbox")
            assert await service.release_owned_contacts(caller, caller.admin_id) == 1
            [row] = await held.fetch("SELECT topic, item_id, item FROM outbox")
        shown = msgspec.json.encode(await service.get_contact(caller, made.id)).decode()
        assert tuple(row) == ("contact.lead.updated", made.id, shown)
        assert await service.release_owned_contacts(caller, caller.admin_id) == 0

    inside(database_url, promise)


# Companies


def test_company_from_its_creation_to_its_end(api: httpx.Client, outbox: Outbox) -> None:
    sent = {"company_id": "c-1", "name": "Example Ltd", "plan": "Growth", "size": 5}
    made = body_of(api.post("/companies", json=sent))
    created = company(api, made["id"])
    assert told(outbox) == [("company.created", made["id"], created)]
    body_of(api.post("/companies", json={"company_id": "c-1", "plan": "Scale"}))
    assert told(outbox) == [("company.updated", made["id"], company(api, made["id"]))]
    body_of(api.put(f"/companies/{made['id']}", json={"industry": "Software"}))
    assert told(outbox) == [("company.updated", made["id"], company(api, made["id"]))]
    answer = body_of(api.delete(f"/companies/{made['id']}"))
    assert told(outbox) == [("company.deleted", made["id"], answer)]
    body_of(api.post("/companies", json=sent))
    assert told(outbox) == [("company.created", made["id"], company(api, made["id"]))]


def test_who_comes_into_a_company_and_who_leaves(api: httpx.Client, world: World, outbox: Outbox) -> None:
    user, place = world.user(), world.company()
    path = f"/contacts/{user['id']}/companies"
    outbox.take()
    for _ in range(2):
        body_of(api.post(path, json={"id": place["id"]}))
    both = {"company": company(api, place["id"]), "contact": contact(api, user["id"])}
    assert told(outbox) == [("company.contact.attached", place["id"], both)]
    body_of(api.delete(f"{path}/{place['id']}"))
    both = {"company": company(api, place["id"]), "contact": contact(api, user["id"])}
    assert told(outbox) == [("company.contact.detached", place["id"], both)]


# Visitors


def test_visitor_that_becomes_a_contact(api: httpx.Client, outbox: Outbox) -> None:
    for kind, user in (("user", {"email": "grace@example.com"}), ("lead", {})):
        values = {"name": "Grace", "phone": "+353871234567", "country": "Ireland", "utm_term": "inbox"}
        visitor = body_of(api.post("/manage/v1/visitors", json=values))
        body_of(api.put("/visitors", json={"id": visitor["id"], "name": "Grace"}))
        visitor = body_of(api.get(f"/visitors/{visitor['id']}"))
        assert told(outbox) == []
        sent = {"type": kind, "visitor": {"id": visitor["id"]}, "user": user}
        body_of(api.post("/visitors/convert", json=sent))
        assert told(outbox) == [
            ("visitor.signed_up", visitor["id"], visitor),
            (f"contact.{kind}.created", visitor["id"], contact(api, visitor["id"])),
        ]


def test_visitor_that_goes_into_a_user(api: httpx.Client, world: World, outbox: Outbox) -> None:
    user = world.user(name=None)
    visitor = body_of(api.post("/manage/v1/visitors", json={"name": "Grace", "country": "Ireland"}))
    outbox.take()
    sent = {"type": "user", "visitor": {"id": visitor["id"]}, "user": {"id": user["id"]}}
    body_of(api.post("/visitors/convert", json=sent))
    assert told(outbox) == [
        ("visitor.signed_up", visitor["id"], visitor),
        ("contact.user.updated", user["id"], contact(api, user["id"])),
    ]


# Refusals


def refused_requests(world: World) -> list[Callable[[], httpx.Response]]:
    api, user, other = world.api, world.user(), world.user()
    place, visitor = world.company(), world.visitor()
    return [
        lambda: api.post("/contacts", json={"external_id": user["external_id"]}),
        lambda: api.put(f"/contacts/{user['id']}", json={"name": "Other", "external_id": other["external_id"]}),
        lambda: api.put(f"/contacts/{user['id']}", json={"name": "Other", "role": "lead"}),
        lambda: api.post("/contacts/merge", json={"from": user["id"], "into": other["id"]}),
        lambda: api.post("/companies", json={"company_id": "new", "size": "many"}),
        lambda: api.put(f"/companies/{place['id']}", json={"name": "Other", "custom_attributes": {"undefined": 1}}),
        lambda: api.delete(f"/contacts/{user['id']}/companies/{place['id']}"),
        lambda: api.post(
            "/visitors/convert",
            json={"type": "user", "visitor": {"id": visitor["id"]}, "user": {"email": user["email"] + "@"}},
        ),
    ]


def test_refused_changes_tell_nothing(world: World, outbox: Outbox) -> None:
    requests = refused_requests(world)
    outbox.take()
    for request in requests:
        assert 400 <= request().status_code < 500
        assert told(outbox) == []
