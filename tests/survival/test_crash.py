"""Killed in the middle of a thousand concurrent creates: what was answered is there, whole, and no work is lost."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from tests.contract.world import World
from tests.survival.harness import Installation, Json
from tests.survival.wire_client import Connection

CREATES = 1000
CONNECTIONS = 200
KILLED_AFTER = 400
COMPANIES_TO_DELETE = 5


@dataclass
class Round:
    """What clients asked for between one start and one kill, and what they were answered."""

    number: int
    company_id: str
    tag_id: str
    admin_id: str
    doomed: list[tuple[str, str]]
    contacts: dict[str, Json] = field(default_factory=dict)
    tagged: set[str] = field(default_factory=set)
    employed: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    ordered: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    kept: int = 0

    def request(self, seat: int) -> Json:
        """A contact that says by itself which it is."""
        name = f"r{self.number}-{seat}"
        return {
            "role": "user",
            "external_id": name,
            "email": f"{name}@example.com",
            "name": f"Ünïcode {name}",
            "custom_attributes": {"round": self.number, "seat": seat},
        }


def test_nothing_that_was_answered_is_lost_and_a_killed_server_starts_again_at_once(installation: Installation) -> None:
    temporary = installation.data.with_name("temporary")
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    installation.serve(environment=environment)
    with installation.client() as api:
        world = World(api)
        for name in ("round", "seat"):
            world.post("/data_attributes", {"name": name, "model": "contact", "data_type": "integer"})
    plans = []
    for number, (with_postgres, arguments) in enumerate([(False, ()), (True, ()), (True, ("--workers", "2"))]):
        with installation.client() as api:
            plans.append(prepare(World(api), number))
        asyncio.run(create_until_killed(installation, plans[-1], with_postgres=with_postgres))
        installation.serve(*arguments, environment=environment)
        with installation.client() as api:
            for plan in plans:
                check_answers(World(api), plan)
    check_work(installation, plans)
    assert installation.stop() == 0
    assert not any(temporary.iterdir()), "what killed servers left is removed"


def prepare(world: World, number: int) -> Round:
    """A company and a tag for some, a segment that all will be in, and companies that will be deleted."""
    segment = world.segment({"field": "custom_attributes.round", "operator": "=", "value": number}, f"Round {number}")
    world.wait_for_members(segment["id"])
    doomed = []
    for _ in range(COMPANIES_TO_DELETE):
        user, company = world.employee()
        doomed.append((user["id"], company["id"]))
    return Round(number, world.company()["id"], world.tag()["id"], world.admin_id(), doomed)


async def create_until_killed(installation: Installation, plan: Round, *, with_postgres: bool) -> None:
    """Ask for all at once, and kill when some are answered."""
    enough = asyncio.Event()
    turn = asyncio.Semaphore(CONNECTIONS)

    async def make(seat: int) -> None:
        async with turn, Connection(installation.port, installation.token) as connection:
            contact = await connection.call("POST", "/contacts", plan.request(seat))
            contact_id = contact["id"]
            plan.contacts[contact_id] = contact
            if len(plan.contacts) >= KILLED_AFTER:
                enough.set()
            match seat % 5:
                case 0:
                    await connection.call("POST", f"/contacts/{contact_id}/tags", {"id": plan.tag_id})
                    plan.tagged.add(contact_id)
                case 1:
                    await connection.call("POST", f"/contacts/{contact_id}/companies", {"id": plan.company_id})
                    plan.employed.add(contact_id)
                case 2:
                    note = {"body": "Called", "admin_id": plan.admin_id}
                    await connection.call("POST", f"/contacts/{contact_id}/notes", note)
                    plan.noted.add(contact_id)
                case 3:
                    event = {"event_name": "ordered", "created_at": int(time.time()), "id": contact_id}
                    await connection.call("POST", "/events", event)
                    plan.ordered.add(contact_id)

    async def delete(company_id: str) -> None:
        async with turn, Connection(installation.port, installation.token) as connection:
            await connection.call("DELETE", f"/companies/{company_id}")
            plan.deleted.add(company_id)

    requests = [make(seat) for seat in range(CREATES)]
    requests[KILLED_AFTER // 2 : 0] = [delete(company_id) for _, company_id in plan.doomed]
    await installation.kill_amid(requests, enough, with_postgres=with_postgres)
    assert len(plan.contacts) < CREATES, "the kill came too late to tell anything"


def check_answers(world: World, plan: Round) -> None:
    """Everything answered is there and whole, what was not answered is whole or absent."""
    found, total = all_contacts(world)
    assert len(found) == total
    ours = {contact["id"]: contact for contact in found if contact["custom_attributes"].get("round") == plan.number}
    assert plan.contacts.keys() <= ours.keys()
    for contact_id, contact in ours.items():
        asked = plan.request(contact["custom_attributes"]["seat"])
        assert {key: contact[key] for key in asked} == asked
        assert contact["tags"]["total_count"] >= (contact_id in plan.tagged)
        assert contact["companies"]["total_count"] >= (contact_id in plan.employed)
        assert contact["notes"]["total_count"] >= (contact_id in plan.noted)
    assert len({contact["external_id"] for contact in ours.values()}) == len(ours)
    plan.kept = len(ours)
    for contact_id in plan.ordered:
        events = world.call("GET", "/events", params={"type": "user", "intercom_user_id": contact_id})["events"]
        assert [event["event_name"] for event in events] == ["ordered"]


def check_work(installation: Installation, plans: list[Round]) -> None:
    """What follows from each change has happened, once, and nothing waits or failed."""
    installation.wait_until_idle()
    with installation.client() as api:
        world = World(api)
        segments = world.call("GET", "/segments", params={"include_count": True})["segments"]
        members = {segment["name"]: segment["count"] for segment in segments}
        for plan in plans:
            assert members[f"Round {plan.number}"] == plan.kept
            assert plan.deleted
            for user_id, company_id in plan.doomed:
                kept = {company["id"] for company in world.call("GET", f"/contacts/{user_id}/companies")["data"]}
                gone = api.get(f"/companies/{company_id}").status_code == 404
                assert kept == (set() if gone else {company_id})
                assert gone >= (company_id in plan.deleted)
    assert (
        installation.sql("SELECT id FROM failed_events UNION ALL SELECT id FROM pgqueuer WHERE status = 'failed'") == []
    )


def all_contacts(world: World) -> tuple[list[Json], int]:
    """Every contact, and how many the list says there are."""
    found: list[Json] = []
    params: dict[str, Any] = {"per_page": 150}
    while True:
        page = world.call("GET", "/contacts", params=params)
        found += page["data"]
        if "next" not in page["pages"]:
            return found, page["total_count"]
        params["starting_after"] = page["pages"]["next"]["starting_after"]
