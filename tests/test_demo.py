"""The demo workspace: what is in it, that it hangs together, and that it is the same at every run."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import phonenumbers
import pytest

from tests.cli.conftest import Commands
from tests.conftest import RunningServer, TestWorkspace, new_workspace

Json = dict[str, Any]

# Domains that belong to nobody, whatever is sent there.
RESERVED = ("example", "example.com", "example.net", "example.org")
TIMES_OF_ATTRIBUTES = {"trial_ends_on", "renews_on"}


class World:
    """Everything of a workspace that the API shows, with names in the place of ids."""

    def __init__(self, workspace: TestWorkspace) -> None:
        self.workspace = workspace
        self.api = workspace.api
        self.admins = self.get("/admins")["admins"]
        self.teams = self.get("/teams")["teams"]
        self.tags = self.get("/tags")["data"]
        self.subscription_types = self.get("/subscription_types")["data"]
        self.attributes = self.get("/data_attributes")["data"]
        self.segments = self.get("/segments?include_count=true")["segments"]
        self.company_segments = self.get("/segments?include_count=true&type=company")["segments"]
        self.companies = self.get("/companies?per_page=60")["data"]
        self.contacts = list(self._contacts())

    def get(self, path: str) -> Json:
        """What GET answers."""
        answer = self.api.get(path)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def search(self, *filters: Json) -> list[Json]:
        """Contacts that meet all filters."""
        query = {"query": {"operator": "AND", "value": filters}, "pagination": {"per_page": 150}}
        answer = self.api.post("/contacts/search", json=query).json()
        found: list[Json] = answer["data"]
        assert answer["total_count"] == len(found)
        return found

    def _contacts(self) -> Iterator[Json]:
        path = "/contacts?per_page=150"
        while path:
            page = self.get(path)
            yield from page["data"]
            following = page["pages"].get("next")
            path = f"/contacts?per_page=150&starting_after={following['starting_after']}" if following else ""

    def told(self) -> Json:
        """All of it without ids and times, which are other ones at every run."""
        return {
            "admins": [(a["name"], a["email"], a["job_title"], a["has_inbox_seat"], _away(a)) for a in self.admins],
            "teams": [(t["name"], [self._admin(admin_id) for admin_id in t["admin_ids"]]) for t in self.teams],
            "tags": [tag["name"] for tag in self.tags],
            "subscription types": [_without(each, "id") for each in self.subscription_types],
            "attributes": [(a["model"], a["name"], a["data_type"], a.get("options")) for a in self.attributes],
            "segments": [(s["name"], s["count"]) for s in [*self.segments, *self.company_segments]],
            "companies": [self._company(company) for company in self.companies],
            "contacts": [self._contact(contact) for contact in self.contacts],
        }

    def _admin(self, admin_id: int) -> str:
        names: dict[str, str] = {admin["id"]: admin["name"] for admin in self.admins}
        return names[str(admin_id)]

    def _company(self, company: Json) -> Json:
        told = _without(company, "id", "app_id", "remote_created_at", "created_at", "updated_at", "last_request_at")
        people = self.get(f"/companies/{company['id']}/contacts?per_page=50")["data"]
        return told | {
            "custom_attributes": _without(company["custom_attributes"], *TIMES_OF_ATTRIBUTES),
            "plan": company["plan"]["name"],
            "tags": [tag["name"] for tag in company["tags"]["tags"]],
            "segments": sorted(segment["name"] for segment in company["segments"]["segments"]),
            "people": [person["name"] for person in people],
        }

    def _contact(self, contact: Json) -> Json:
        told = {name: value for name, value in contact.items() if not name.endswith("_at") and name != "id"}
        here = f"/contacts/{contact['id']}"
        return _without(told, "workspace_id") | {
            "external_id": contact["external_id"] if contact["role"] == "user" else None,
            "owner_id": contact["owner_id"] and self._admin(contact["owner_id"]),
            "custom_attributes": _without(contact["custom_attributes"], *TIMES_OF_ATTRIBUTES),
            "tags": self._named(self.tags, contact["tags"]),
            "companies": self._named(self.companies, contact["companies"]),
            "opted_out_subscription_types": contact["opted_out_subscription_types"]["total_count"],
            "opted_in_subscription_types": contact["opted_in_subscription_types"]["total_count"],
            "notes": [(note["body"], note["author"]["name"]) for note in self.get(f"{here}/notes")["data"]],
            "events": self.events(contact),
        }

    def _named(self, things: list[Json], listed: Json) -> list[str]:
        names = {thing["id"]: thing["name"] for thing in things}
        return [names[item["id"]] for item in listed["data"]]

    def events(self, contact: Json) -> Json:
        """How often the contact did what."""
        summary = self.get(f"/events?type=user&summary=true&intercom_user_id={contact['id']}")
        return {event["name"]: event["count"] for event in summary["events"]}


def _away(admin: Json) -> tuple[bool, bool]:
    return admin["away_mode_enabled"], admin["away_mode_reassign"]


def _without(shown: Json, *names: str) -> Json:
    return {name: value for name, value in shown.items() if name not in names}


@pytest.fixture(scope="module")
def fill(server: RunningServer) -> Iterator[Any]:
    """Fills a new workspace as an operator would, beside the running server."""
    callbox = Commands({"CALLBOX_DATABASE_URL": server.database_url})
    made: list[TestWorkspace] = []

    def filled() -> World:
        made.append(new_workspace(server))
        answer = callbox("demo", "--workspace", made[-1].id)
        assert answer.out == ""
        assert "148 users and 52 leads" in answer.messages
        return World(made[-1])

    yield filled
    for workspace in made:
        workspace.api.close()


@pytest.fixture(scope="module")
def world(fill: Any) -> World:
    """A filled workspace."""
    filled: World = fill()
    return filled


def test_two_runs_give_the_same_data(world: World, fill: Any) -> None:
    first, second = world.told(), fill().told()
    for part, told in first.items():
        assert second[part] == told


def test_there_is_as_much_as_was_promised(world: World) -> None:
    assert len(world.admins) == 5
    assert sum(admin["has_inbox_seat"] for admin in world.admins) >= 3
    assert len(world.teams) == 3
    assert all(team["admin_ids"] for team in world.teams)
    assert Counter(contact["role"] for contact in world.contacts) == {"user": 148, "lead": 52}
    assert len(world.companies) == 25
    assert all(company["user_count"] for company in world.companies)
    assert {each["consent_type"] for each in world.subscription_types} == {"opt_in", "opt_out"}


def test_the_operator_is_one_of_the_firm(world: World) -> None:
    me = world.get("/me")
    assert me["id"] == world.admins[0]["id"]
    assert me["email"].endswith("@dawnshift.example")


def test_visitors_have_come_and_gone(world: World, server: RunningServer) -> None:
    async def visitors() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(server.database_url)
        try:
            statement = "SELECT user_id, session_count, last_request_at FROM visitors WHERE workspace_id = $1"
            rows: list[asyncpg.Record] = await connection.fetch(statement, world.workspace.id)
            return rows
        finally:
            await connection.close()

    rows = asyncio.run(visitors())
    assert len(rows) == 10
    assert all(row["session_count"] and row["last_request_at"] for row in rows)
    assert world.get(f"/visitors?user_id={rows[0]['user_id']}")["location_data"]["city_name"]


def test_nobody_real_can_be_reached(world: World) -> None:
    addresses = [contact["email"] for contact in world.contacts if contact["email"]]
    assert len(addresses) == len(set(addresses)) > 180
    for address in [*addresses, *(admin["email"] for admin in world.admins)]:
        domain = address.partition("@")[2]
        assert domain in RESERVED or domain.endswith(".example")
    phones = [contact["phone"] for contact in world.contacts if contact["phone"]]
    assert len(phones) == len(set(phones)) > 40
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)


def test_names_are_written_in_several_scripts(world: World) -> None:
    first_letters = {ord(contact["name"][0]) for contact in world.contacts if contact["name"]}
    latin, cyrillic, cjk = range(0x250), range(0x400, 0x530), range(0x4E00, 0xA000)
    for script in (latin, cyrillic, cjk):
        assert first_letters & set(script)


def test_times_follow_one_another(world: World) -> None:
    now = max(contact["created_at"] for contact in world.contacts) + 15 * 86_400
    for contact in world.contacts:
        assert contact["created_at"] == contact["signed_up_at"] <= contact["last_seen_at"] < now
        assert contact["created_at"] <= contact["updated_at"] < now
        notes = world.get(f"/contacts/{contact['id']}/notes")["data"]
        assert all(contact["created_at"] <= note["created_at"] <= contact["updated_at"] for note in notes)
    spread = now - min(contact["created_at"] for contact in world.contacts)
    assert 300 * 86_400 < spread < 400 * 86_400


def test_people_are_attached_to_their_companies_and_some_to_several(world: World) -> None:
    attached = Counter(contact["companies"]["total_count"] for contact in world.contacts)
    assert attached[1] > 100
    assert sum(number for companies, number in attached.items() if companies > 1) == 3
    assert sum(company["user_count"] for company in world.companies) == sum(n * many for n, many in attached.items())


def test_custom_attributes_are_defined_with_every_type_and_found_by_search(world: World) -> None:
    defined = {each["name"]: each for each in world.attributes if each["custom"]}
    assert {each["data_type"] for each in defined.values()} == {"string", "integer", "float", "boolean", "date"}
    assert defined["job_role"]["options"] == ["Owner", "Manager", "Planner", "Employee"]
    found = world.search(
        {"field": "custom_attributes.job_role", "operator": "=", "value": "Planner"},
        {"field": "custom_attributes.rosters_published", "operator": ">", "value": 10},
        {"field": "custom_attributes.mobile_app", "operator": "=", "value": True},
    )
    meant = [
        contact["id"]
        for contact in world.contacts
        if contact["custom_attributes"].get("job_role") == "Planner"
        and contact["custom_attributes"]["rosters_published"] > 10
        and contact["custom_attributes"]["mobile_app"]
    ]
    assert meant
    assert {contact["id"] for contact in found} == set(meant)


def test_segments_have_the_members_that_their_predicates_mean(world: World) -> None:
    assert len(world.segments) + len(world.company_segments) == 12
    for segment in world.segments:
        members = world.search({"field": "segment_id", "operator": "=", "value": segment["id"]})
        assert len(members) == segment["count"] > 0, segment["name"]
    for segment in world.company_segments:
        listed = world.get(f"/companies?segment_id={segment['id']}&per_page=60")
        assert listed["total_count"] == segment["count"] > 0, segment["name"]
    counts = {segment["name"]: segment["count"] for segment in [*world.segments, *world.company_segments]}
    german = [c for c in world.contacts if c["location"]["country_code"] in {"DE", "AT", "CH"} and c["role"] == "user"]
    assert counts["German-speaking countries"] == len(german)
    assert counts["Large accounts"] == sum(company["monthly_spend"] >= 400 for company in world.companies)


def test_every_tag_stands_on_something(world: World) -> None:
    on_contacts = {tag["id"] for contact in world.contacts for tag in contact["tags"]["data"]}
    on_companies = {tag["id"] for company in world.companies for tag in company["tags"]["tags"]}
    assert on_contacts | on_companies == {tag["id"] for tag in world.tags}
    assert on_contacts & on_companies


def test_people_have_notes_by_several_admins_and_have_said_what_they_want_to_read(world: World) -> None:
    noted = [contact for contact in world.contacts if contact["notes"]["total_count"]]
    notes = [note for contact in noted for note in world.get(f"/contacts/{contact['id']}/notes")["data"]]
    assert len(notes) == 62
    assert len({note["author"]["id"] for note in notes}) == 5
    out = sum(contact["opted_out_subscription_types"]["total_count"] for contact in world.contacts)
    chosen = sum(contact["opted_in_subscription_types"]["total_count"] for contact in world.contacts)
    assert out == 14
    assert chosen > 30


def test_events_carry_metadata_and_are_spread_over_time(world: World) -> None:
    assert sum(sum(world.events(contact).values()) for contact in world.contacts) > 500
    payers = [contact for contact in world.contacts if "paid-invoice" in world.events(contact)]
    listed = [
        event
        for contact in payers
        for event in world.get(f"/events?type=user&per_page=50&intercom_user_id={contact['id']}")["events"]
    ]
    prices = [event["metadata"]["price"] for event in listed if event["event_name"] == "paid-invoice"]
    assert prices
    assert all(price["currency"] == "eur" and price["amount"] > 0 for price in prices)
    assert max(event["created_at"] for event in listed) - min(event["created_at"] for event in listed) > 30 * 86_400


def test_what_admins_did_over_the_year_is_in_the_log(world: World) -> None:
    log = world.get("/admins/activity_logs?created_at_after=0&per_page=100")["activity_logs"]
    kinds = Counter(entry["activity_type"] for entry in log)
    assert kinds["app_admin_join"] == 4
    assert kinds["app_team_creation"] == 3
    assert kinds["admin_away_mode_change"] == 1


def test_a_workspace_that_has_contacts_stays_as_it_is(world: World, server: RunningServer) -> None:
    callbox = Commands({"CALLBOX_DATABASE_URL": server.database_url})
    assert "has contacts already" in callbox.refusal("demo", "--workspace", world.workspace.id)
    assert len(world.get("/admins")["admins"]) == 5


def test_a_team_that_is_there_stays(server: RunningServer) -> None:
    workspace = new_workspace(server)
    callbox = Commands({"CALLBOX_DATABASE_URL": server.database_url})
    with workspace.api as api:
        api.post("/manage/v1/admins", json={"email": "ada@example.com", "name": "Ada Example"})
        callbox("demo", "--workspace", workspace.id)
        admins = [admin["name"] for admin in api.get("/admins").json()["admins"]]
    assert admins[:2] == ["Workspace Admin", "Ada Example"]
    assert len(admins) == 7


def test_what_cannot_be_done_whole_is_not_begun(server: RunningServer) -> None:
    workspace = new_workspace(server)
    callbox = Commands({"CALLBOX_DATABASE_URL": server.database_url})
    with workspace.api as api:
        attribute = {"name": "payroll", "model": "company", "data_type": "integer"}
        assert api.post("/data_attributes", json=attribute).status_code == 200
        answer = callbox.run("demo", "--workspace", workspace.id)
        assert answer.code == 1
        assert "You already have 'payroll' in your company data" in answer.messages
        assert api.get("/contacts").json()["total_count"] == 0
        assert len(api.get("/admins").json()["admins"]) == 1


def test_contacts_of_a_company_domain_are_found(world: World) -> None:
    found = world.search({"field": "email_domain", "operator": "=", "value": "meena-textiles.example"})
    (company,) = [each for each in world.companies if each["name"] == "Meena Textiles"]
    assert len(found) == company["user_count"] == 9
    answer: httpx.Response = world.api.get(f"/companies/{company['id']}/contacts")
    assert {contact["id"] for contact in answer.json()["data"]} == {contact["id"] for contact in found}
