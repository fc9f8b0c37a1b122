"""The demo workspace: what is in it, that it hangs together, and that it is the same at every run."""

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import phonenumbers
import pytest

from tests.cli.commands import Commands
from tests.conftest import RunningServer, TestWorkspace, new_database, new_workspace, serving

Json = dict[str, Any]

# Domains that belong to nobody, whatever is sent there.
RESERVED = ("example", "example.com", "example.net", "example.org")
TIMES_OF_ATTRIBUTES = {"trial_ends_on", "renews_on"}
TIMES_OF_TICKETS = {"First seen", "First pay day", "Needed by"}
DAY = 86_400

PARTS = """
    SELECT p.part_type, p.body, a.name, k.name, p.assigned_to_type, extract(epoch FROM p.created_at - c.created_at)
    FROM conversation_parts p
    JOIN conversations c ON c.workspace_id = $1 AND c.id = p.conversation_id
    LEFT JOIN admins a ON a.workspace_id = $1 AND a.id = p.author_admin_id
    LEFT JOIN contacts k ON k.workspace_id = $1 AND k.id = p.author_contact_id
    WHERE p.workspace_id = $1
    ORDER BY p.id
"""
MESSAGES = """
    SELECT m.message_type, m.subject, m.body, k.name, m.conversation_id IS NOT NULL
    FROM messages m
    JOIN contacts k ON k.workspace_id = $1 AND k.id = m.to_contact_id
    WHERE m.workspace_id = $1
    ORDER BY m.id
"""
REACTIONS = """
    SELECT n.title, k.name, r.reaction
    FROM news_reactions r
    JOIN news_items n ON n.workspace_id = $1 AND n.id = r.news_item_id
    JOIN contacts k ON k.workspace_id = $1 AND k.id = r.contact_id
    WHERE r.workspace_id = $1
    ORDER BY n.id, k.name
"""


ARTICLE_REACTIONS = """
    SELECT c.title, r.reaction, k.name
    FROM article_reactions r
    JOIN article_contents c ON c.workspace_id = $1 AND c.article_id = r.article_id AND c.locale = 'en'
    JOIN contacts k ON k.workspace_id = $1 AND k.id = r.person_id
    WHERE r.workspace_id = $1
    ORDER BY c.title, k.name
"""


class World:
    """Everything of a workspace that the API shows, with names in the place of ids."""

    def __init__(self, workspace: TestWorkspace, database_url: str) -> None:
        self.workspace = workspace
        self.api = workspace.api
        self._database_url = database_url
        self.admins = self.get("/admins")["admins"]
        self.teams = self.get("/teams")["teams"]
        self.tags = self.get("/tags")["data"]
        self.subscription_types = self.get("/subscription_types")["data"]
        self.attributes = self.get("/data_attributes")["data"]
        self.segments = self.get("/segments?include_count=true")["segments"]
        self.company_segments = self.get("/segments?include_count=true&type=company")["segments"]
        self.companies = self.get("/companies?per_page=60")["data"]
        self.contacts = list(self._pages("/contacts", "data"))
        self.conversations = list(self._pages("/conversations", "conversations"))
        self.tickets = self.find_tickets()

    @cached_property
    def news(self) -> list[Json]:
        """Every news item."""
        found: list[Json] = self.get("/news/news_items")["data"]
        return found

    @cached_property
    def articles(self) -> list[Json]:
        """Every article with its statistics."""
        listed = self.get("/articles?per_page=250")["data"]
        return [self.get(f"/articles/{article['id']}") for article in listed]

    @cached_property
    def collections(self) -> list[Json]:
        """Every collection."""
        found: list[Json] = self.get("/help_center/collections")["data"]
        return found

    @cached_property
    def talks(self) -> list[Json]:
        """Every conversation with its parts."""
        return [self.get(f"/conversations/{conversation['id']}") for conversation in self.conversations]

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

    def find(self, *filters: Json) -> set[str]:
        """The ids of conversations that meet all filters."""
        query = {"query": {"operator": "AND", "value": filters}, "pagination": {"per_page": 150}}
        answer = self.api.post("/conversations/search", json=query)
        assert answer.status_code == 200, answer.text
        found = {conversation["id"] for conversation in answer.json()["conversations"]}
        assert answer.json()["total_count"] == len(found)
        return found

    def find_tickets(self, *filters: Json) -> list[Json]:
        """Tickets that meet all filters, in the order of their making."""
        everything = {"field": "id", "operator": ">", "value": 0}
        query = {
            "query": {"operator": "AND", "value": filters or [everything]},
            "sort": {"field": "created_at", "order": "ascending"},
            "pagination": {"per_page": 150},
        }
        answer = self.api.post("/tickets/search", json=query)
        assert answer.status_code == 200, answer.text
        found: list[Json] = answer.json()["tickets"]
        return found

    def _pages(self, path: str, key: str) -> Iterator[Json]:
        after: str | None = ""
        while after is not None:
            page = self.get(f"{path}?per_page=150{after and f'&starting_after={after}'}")
            yield from page[key]
            after = page["pages"].get("next", {}).get("starting_after")

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the database answers about this workspace, for what the API does not list."""

        async def fetch() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self._database_url)
            try:
                rows: list[asyncpg.Record] = await connection.fetch(statement, self.workspace.id)
                return rows
            finally:
                await connection.close()

        return [tuple(row) for row in asyncio.run(fetch())]

    def told(self) -> Json:
        """All of it without ids and times, which are other ones at every run."""
        return {
            "admins": [(a["name"], a["email"], a["job_title"], a["has_inbox_seat"], _away(a)) for a in self.admins],
            "teams": [(t["name"], [self._admin(admin_id) for admin_id in t["admin_ids"]]) for t in self.teams],
            "tags": [tag["name"] for tag in self.tags],
            "subscription types": [_without(each, "id") for each in self.subscription_types],
            "attributes": [(a["model"], a["name"], a["data_type"], a.get("options")) for a in self.attributes],
            "segments": sorted((s["name"], s["count"]) for s in [*self.segments, *self.company_segments]),
            "companies": [self._company(company) for company in self.companies],
            "contacts": [self._contact(contact) for contact in self.contacts],
            "conversations": [self._conversation(conversation) for conversation in self.conversations],
            "tickets": [self._ticket(ticket) for ticket in self.tickets],
            "parts": self.rows(PARTS),
            "messages": self.rows(MESSAGES),
            "news": [(n["title"], n["body"], n["labels"], n["state"]) for n in self.news],
            "reactions": self.rows(REACTIONS),
            "collections": [(c["name"], c["order"], c["icon"], c["translated_content"]) for c in self.collections],
            "articles": [self._article(article) for article in self.articles],
            "reactions to articles": self.rows(ARTICLE_REACTIONS),
        }

    def _article(self, article: Json) -> Json:
        told = {name: article[name] for name in ("title", "description", "body", "state", "statistics")}
        german = article["translated_content"]["de"]
        told["german"] = [german[name] for name in ("title", "description", "body", "state")]
        told["author"] = self._admin(article["author_id"])
        return told

    def _conversation(self, conversation: Json) -> Json:
        """With times since its beginning in the place of times."""
        began = conversation["created_at"]
        statistics = conversation["statistics"] or {}
        return {
            "title": conversation["title"],
            "source": _without(conversation["source"], "id", "author", "attachments"),
            "author": conversation["source"]["author"]["name"],
            "has": conversation["admin_assignee_id"] and self._admin(conversation["admin_assignee_id"]),
            "team": conversation["team_assignee_id"] and self._team(conversation["team_assignee_id"]),
            "tags": [tag["name"] for tag in conversation["tags"]["tags"]],
            "statistics": {
                name: value - began if name.endswith("_at") and value else value
                for name, value in _without(statistics, "last_closed_by_id").items()
            },
            "attributes": _without(conversation["custom_attributes"], "Promised for"),
            "snoozed for": conversation["snoozed_until"] and conversation["snoozed_until"] - began,
            **{name: conversation[name] for name in ("state", "priority", "read", "sla_applied")},
        }

    def _ticket(self, ticket: Json) -> Json:
        attributes = {
            name: "files" if isinstance(value, list) else value
            for name, value in ticket["ticket_attributes"].items()
            if name not in TIMES_OF_TICKETS
        }
        parts = [part["part_type"] for part in ticket["ticket_parts"]["ticket_parts"]]
        told = {name: ticket[name] for name in ("ticket_id", "ticket_state", "open", "category", "is_shared")}
        return told | {"attributes": attributes, "type": ticket["ticket_type"]["name"], "parts": parts}

    def _team(self, team_id: int) -> str:
        names: dict[str, str] = {team["id"]: team["name"] for team in self.teams}
        return names[str(team_id)]

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
def callbox(server: RunningServer, short_directory: Path) -> Commands:
    """Commands beside the running server, which keep files where it does."""
    data = str(short_directory / "server")
    return Commands({"CALLBOX_DATABASE_URL": server.database_url, "CALLBOX_DATA": data})


@pytest.fixture(scope="module")
def world(server: RunningServer, callbox: Commands) -> Iterator[World]:
    """A workspace that an operator has filled. It stays as it was filled."""
    workspace = new_workspace(server)
    answer = callbox("demo", "--workspace", workspace.id)
    assert answer.out == ""
    assert "148 users and 52 leads" in answer.messages
    assert "300 conversations, 60 tickets, 34 messages" in answer.messages
    yield World(workspace, server.database_url)
    workspace.api.close()


@pytest.fixture(scope="module")
def second(postgres_url: str, short_directory: Path) -> Iterator[World]:
    """Another one, with which a server began."""
    with (
        new_database(postgres_url) as url,
        serving(short_directory / "demo", {"CALLBOX_DATABASE_URL": url}, "--demo") as running,
    ):
        workspace = re.search(r"^Workspace: +([a-z0-9]{8}), Dawnshift$", running.printed, re.MULTILINE)
        assert workspace
        assert re.search(r"^Demo data: .* 148 users and 52 leads, 25 companies", running.printed, re.MULTILINE)
        headers = {"Authorization": f"Bearer {running.first_token}"}
        with httpx.Client(base_url=running.url, headers=headers, timeout=30) as api:
            yield World(TestWorkspace(workspace[1], running.first_token, api), url)


def test_two_runs_give_the_same_data(world: World, second: World) -> None:
    first, again = world.told(), second.told()
    for part, told in first.items():
        assert again[part] == told


def test_there_is_as_much_as_was_promised(world: World) -> None:
    assert len(world.admins) == 5
    assert sum(admin["has_inbox_seat"] for admin in world.admins) >= 3
    assert len(world.teams) == 3
    assert all(team["admin_ids"] for team in world.teams)
    assert Counter(contact["role"] for contact in world.contacts) == {"user": 148, "lead": 52}
    assert len(world.companies) == 25
    assert all(company["user_count"] for company in world.companies)
    assert {each["consent_type"] for each in world.subscription_types} == {"opt_in", "opt_out"}


def test_five_news_items_are_read_and_one_is_to_come(world: World) -> None:
    [feed] = world.get("/news/newsfeeds")["data"]
    shown = world.get(f"/news/newsfeeds/{feed['id']}/items")["data"]
    published = [item["newsfeed_assignments"][0]["published_at"] for item in shown]
    assert published == sorted(published, reverse=True)
    assert len(set(published)) == 5
    [scheduled] = [item for item in world.news if item["state"] == "draft"]
    assert world.get(f"/manage/v1/news_items/{scheduled['id']}")["publish_at"] > time.time()
    for item in shown:
        counts = world.get(f"/manage/v1/news_items/{item['id']}")["reaction_counts"]
        assert 4 <= sum(each["count"] for each in counts) <= 18


def test_the_help_center_is_open_in_two_languages(world: World) -> None:
    [center] = world.get("/help_center/help_centers")["data"]
    assert center["website_turned_on"]
    assert center["created_at"] <= center["updated_at"]
    assert sorted(collection["order"] for collection in world.collections) == [1, 2, 3]
    assert len(world.articles) == 20
    assert {article["parent_id"] for article in world.articles} == {int(each["id"]) for each in world.collections}
    for article in world.articles:
        languages = {locale: each for locale, each in article["translated_content"].items() if locale != "type"}
        assert set(languages) == {"en", "de"}
        assert {each["state"] for each in languages.values()} == {"published"}
        assert all(each["url"] and len(each["body"]) > 300 for each in languages.values())
        assert article["statistics"]["views"] >= article["statistics"]["reactions"] > 0
    bodies = " ".join(article["body"] for article in world.articles)
    for tag in ("<table>", "<img src=", "<pre><code>", "intercom-interblocks-callout", "<details>"):
        assert tag in bodies
    assert sum(article["statistics"]["conversations"] for article in world.articles) > 0


@pytest.mark.parametrize(
    ("phrase", "title"),
    [
        ("swap shift", "Swap or offer? Giving a shift to a colleague"),
        ("Personalnummer", "Importing people from a spreadsheet"),
        ("refnud", "Invoices, cards and refunds"),
        ("ruhezeit", "Rest times and other rules"),
    ],
)
def test_the_help_center_answers(world: World, phrase: str, title: str) -> None:
    found = world.get(f"/articles/search?state=published&phrase={quote(phrase)}")["data"]["articles"]
    assert found[0]["title"] == title


def test_the_operator_is_one_of_the_firm(world: World) -> None:
    me = world.get("/me")
    assert me["id"] == world.admins[0]["id"]
    assert me["email"].endswith("@dawnshift.example")


def test_visitors_have_come_and_gone(world: World) -> None:
    rows = world.rows("SELECT user_id, session_count, last_request_at FROM visitors WHERE workspace_id = $1")
    assert len(rows) == 10
    assert all(sessions and last_request_at for _, sessions, last_request_at in rows)
    assert world.get(f"/visitors?user_id={rows[0][0]}")["location_data"]["city_name"]


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


def test_a_server_that_begins_with_the_demo_has_a_workspace_as_old_as_its_story(second: World) -> None:
    founded = second.get("/me")["app"]["created_at"]
    assert founded <= min(contact["created_at"] for contact in second.contacts)
    [center] = second.get("/help_center/help_centers")["data"]
    first_collection = min(each["created_at"] for each in second.collections)
    assert founded <= center["created_at"] <= center["updated_at"] <= first_collection
    [feed] = second.get("/news/newsfeeds")["data"]
    assert founded <= feed["created_at"] <= min(item["created_at"] for item in second.get("/news/news_items")["data"])


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
    on_talks = {tag["id"] for conversation in world.conversations for tag in conversation["tags"]["tags"]}
    assert on_contacts | on_companies | on_talks == {tag["id"] for tag in world.tags}
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


def test_a_workspace_that_has_contacts_stays_as_it_is(world: World, callbox: Commands) -> None:
    assert "has contacts already" in callbox.refusal("demo", "--workspace", world.workspace.id)
    assert len(world.get("/admins")["admins"]) == 5


def test_a_team_that_is_there_stays(server: RunningServer, callbox: Commands) -> None:
    workspace = new_workspace(server)
    with workspace.api as api:
        api.post("/manage/v1/admins", json={"email": "ada@example.com", "name": "Ada Example"})
        callbox("demo", "--workspace", workspace.id)
        admins = [admin["name"] for admin in api.get("/admins").json()["admins"]]
    assert admins[:2] == ["Workspace Admin", "Ada Example"]
    assert len(admins) == 7


def test_what_cannot_be_done_whole_is_not_begun(server: RunningServer, callbox: Commands) -> None:
    workspace = new_workspace(server)
    with workspace.api as api:
        attribute = {"name": "payroll", "model": "company", "data_type": "integer"}
        assert api.post("/data_attributes", json=attribute).status_code == 200
        answer = callbox.run("demo", "--workspace", workspace.id)
        assert answer.code == 1
        assert "You already have 'payroll' in your company data" in answer.messages
        assert api.get("/contacts").json()["total_count"] == 0
        assert len(api.get("/admins").json()["admins"]) == 1


def test_where_no_files_can_be_kept_nothing_is_begun(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no directory")
    callbox = Commands({"CALLBOX_DATABASE_URL": server.database_url, "CALLBOX_DATA": str(tmp_path / "data")})
    workspace = new_workspace(server)
    with workspace.api as api:
        assert "Files cannot be kept in" in callbox.refusal("demo", "--workspace", workspace.id)
        assert api.get("/contacts").json()["total_count"] == 0


def test_contacts_of_a_company_domain_are_found(world: World) -> None:
    found = world.search({"field": "email_domain", "operator": "=", "value": "meena-textiles.example"})
    (company,) = [each for each in world.companies if each["name"] == "Meena Textiles"]
    assert len(found) == company["user_count"] == 9
    answer: httpx.Response = world.api.get(f"/companies/{company['id']}/contacts")
    assert {contact["id"] for contact in answer.json()["data"]} == {contact["id"] for contact in found}


# What was said


def test_conversations_are_in_every_state(world: World) -> None:
    now = time.time()
    assert len(world.conversations) == 300
    states = Counter(conversation["state"] for conversation in world.conversations)
    assert set(states) == {"open", "closed", "snoozed"}
    assert states["open"] > 20
    assert 5 < states["snoozed"] < 20
    snoozed = [conversation for conversation in world.conversations if conversation["state"] == "snoozed"]
    assert all(conversation["snoozed_until"] > now for conversation in snoozed)
    waiting = [conversation for conversation in world.conversations if conversation["waiting_since"]]
    assert len(waiting) > 8
    assert {conversation["state"] for conversation in waiting} == {"open"}
    assert any(conversation["statistics"]["first_admin_reply_at"] for conversation in waiting)
    assert any(conversation["statistics"]["first_admin_reply_at"] is None for conversation in waiting)
    assert Counter(conversation["priority"] for conversation in world.conversations)["priority"] > 10
    assert {conversation["read"] for conversation in world.conversations} == {True, False}
    ages = [(now - conversation["created_at"]) / DAY for conversation in world.conversations]
    assert min(ages) < 1
    assert 80 < max(ages) < 91


def test_what_contacts_write_first_is_never_the_same_and_nothing_is_left_to_fill_in(world: World) -> None:
    first = Counter(
        talk["source"]["body"] for talk in world.talks if talk["source"]["delivered_as"] == "customer_initiated"
    )
    assert len(first) == first.total() == 284
    said = [part["body"] for talk in world.talks for part in _parts(talk) if part["body"]]
    assert len(said) > 1000
    assert not [text for text in [*first, *said] if re.search(r"[{}]|<p>\s*</p>|\bNone\b", text)]
    assert len({text for text in said if len(text) > 100}) > 350


def test_nobody_real_is_linked_to(world: World) -> None:
    bodies = [part["body"] or "" for talk in world.talks for part in [talk["source"], *_parts(talk)]]
    pages = [talk["source"]["url"] for talk in world.talks if talk["source"]["url"]]
    assert len(pages) > 100
    hosts = {host for text in [*bodies, *pages] for host in re.findall(r"https?://([^/\s\"<]+)", text)}
    assert {host.split(".")[-1] for host in hosts} == {"example"}


def test_people_write_in_several_languages(world: World) -> None:
    bodies = " ".join(talk["source"]["body"] for talk in world.talks)
    for greeting in ("Guten Tag", "Bonjour", "Hola", "Hello"):
        assert greeting in bodies


def test_statistics_are_there_where_something_happened(world: World) -> None:
    for talk in world.talks:
        parts, statistics = _parts(talk), talk["statistics"]
        by_contacts = [part for part in [talk["source"], *parts] if part["author"]["type"] in {"user", "lead"}]
        if not by_contacts:
            assert statistics is None
            continue
        assert statistics["count_conversation_parts"] == len(parts) + 1
        answers = [part for part in parts if part["author"]["type"] == "admin" and part["part_type"] == "comment"]
        closings = [part for part in parts if part["part_type"] == "close"]
        assert (statistics["first_close_at"] is not None) == bool(closings)
        assert (statistics["last_closed_by_id"] is not None) == bool(closings)
        if answers:
            first = statistics["first_contact_reply_at"] + statistics["time_to_admin_reply"]
            assert statistics["first_admin_reply_at"] == first
            assert 0 < statistics["median_time_to_reply"] <= 5 * DAY
            assert statistics["last_admin_reply_at"] >= statistics["first_admin_reply_at"]


def test_times_to_answer_are_those_of_a_team_that_sleeps(world: World) -> None:
    times = sorted(
        talk["statistics"]["time_to_admin_reply"]
        for talk in world.talks
        if talk["statistics"] and talk["statistics"]["time_to_admin_reply"]
    )
    assert 30 < times[0] < 600
    assert 20 * 60 < times[len(times) // 2] < 6 * 3600
    assert DAY < times[-1] < 5 * DAY


def test_parts_of_all_kinds_follow_one_another(world: World) -> None:
    kinds = Counter(part["part_type"] for talk in world.talks for part in _parts(talk))
    for kind in (
        *("comment", "note", "assignment", "default_assignment", "message_strategy_assignment", "close", "open"),
        *("snoozed", "timer_unsnooze", "away_mode_assignment", "participant_added", "priority_changed"),
        *("conversation_rating_changed", "conversation_rating_remark_added", "conversation_tags_updated"),
        *("conversation_attribute_updated_by_admin", "conversation_sla_applied_by_rule"),
        *("conversation_sla_target_missed", "ticket_state_updated_by_admin"),
    ):
        assert kinds[kind], kind
    for talk in world.talks:
        times = [talk["created_at"], *(part["created_at"] for part in _parts(talk))]
        assert times == sorted(times)
        assert times[-1] <= talk["updated_at"] <= time.time()
    assert any(part["redacted"] for talk in world.talks for part in _parts(talk))


def test_contacts_rate_with_and_without_remarks(world: World) -> None:
    ratings = [talk["conversation_rating"] for talk in world.talks if talk["conversation_rating"]]
    given = Counter(rating["rating"] for rating in ratings)
    assert set(given) == {None, 1, 2, 3, 4, 5}
    assert given[5] > given[4] > given[3] > given[1]
    remarks = [rating["remark"] for rating in ratings if rating["remark"]]
    assert len(remarks) > 40
    assert any(rating["rating"] and not rating["remark"] for rating in ratings)
    assert all(rating["teammate"]["id"] for rating in ratings)


def test_rules_gave_conversations_to_teams_and_their_members(world: World) -> None:
    teams = {int(team["id"]): team["name"] for team in world.teams}
    shares: dict[str, Counter[int | None]] = defaultdict(Counter)
    for talk in world.talks:
        if talk["team_assignee_id"]:
            shares[teams[talk["team_assignee_id"]]][talk["admin_assignee_id"]] += 1
    assert set(shares) == set(teams.values())
    # Three take turns in the support team, two share onboarding; nobody there is left out.
    assert min(count for admin, count in shares["Support"].items() if admin) > 10
    assert len(shares["Onboarding"]) > 1
    assert None not in shares["Onboarding"]
    leads = [talk for talk in world.talks if talk["source"]["author"]["type"] == "lead"]
    assert Counter(teams.get(talk["team_assignee_id"]) for talk in leads)["Onboarding"] > 25
    kept = Counter(talk["sla_applied"]["sla_status"] for talk in world.talks if talk["sla_applied"])
    assert set(kept) >= {"hit", "missed"}


def test_attached_files_are_pictures_and_lists_that_can_be_had(world: World) -> None:
    files = [file for talk in world.talks for part in _parts(talk) for file in part["attachments"]]
    kinds = {file["content_type"]: file for file in files}
    assert set(kinds) == {"image/png", "text/plain"}
    assert len(files) > 20
    assert all(file["filesize"] for file in files)
    picture = kinds["image/png"]
    assert picture["width"] == 260
    assert picture["height"] % 26 == 0
    assert httpx.get(picture["url"]).content.startswith(b"\x89PNG")
    assert httpx.get(kinds["text/plain"]["url"]).text.startswith("staff number;day;")


def test_admins_wrote_first_and_some_were_answered(world: World) -> None:
    messages = world.get("/manage/v1/messages?per_page=150")["data"]
    fates = Counter((message["message_type"], message["conversation_id"] is not None) for message in messages)
    assert fates == {("inapp", True): 8, ("inapp", False): 8, ("email", True): 8, ("email", False): 10}
    begun = [talk for talk in world.talks if talk["source"]["delivered_as"] == "admin_initiated"]
    assert {talk["id"] for talk in begun} == {m["conversation_id"] for m in messages if m["conversation_id"]}
    assert Counter(talk["statistics"] is None for talk in begun) == {False: 12, True: 4}


# Tickets


def test_tickets_of_every_category_are_in_every_state(world: World) -> None:
    assert sorted(int(ticket["ticket_id"]) for ticket in world.tickets) == list(range(1, 61))
    states = {"submitted", "in_progress", "waiting_on_customer", "resolved"}
    by_category: dict[str, set[str]] = defaultdict(set)
    for ticket in world.tickets:
        by_category[ticket["category"]].add(ticket["ticket_state"])
    assert by_category["Customer"] == states
    assert by_category["Back-office"] >= {"in_progress", "resolved"}
    assert by_category["Tracker"] >= {"in_progress", "resolved"}
    assert {ticket["open"] for ticket in world.tickets} == {True, False}
    assert any(ticket.get("snoozed_until", 0) > time.time() for ticket in world.tickets)
    assert {ticket["is_shared"] for ticket in world.tickets if ticket["category"] == "Back-office"} == {True, False}
    assert {ticket["admin_assignee_id"] == "0" for ticket in world.tickets} == {True, False}


def test_tickets_that_begin_as_such_are_numbered_as_they_come(world: World) -> None:
    began = {conversation["id"] for conversation in world.conversations}
    numbers = [int(ticket["ticket_id"]) for ticket in world.tickets if ticket["id"] not in began]
    assert len(numbers) == 42
    assert numbers == sorted(numbers)


def test_some_conversations_became_tickets(world: World) -> None:
    converted = [talk for talk in world.talks if talk["ticket"]]
    assert len(converted) == 18
    tickets = {ticket["id"]: ticket for ticket in world.tickets}
    for talk in converted:
        parts = tickets[talk["id"]]["ticket_parts"]["ticket_parts"]
        assert parts[0]["body"] == talk["source"]["body"]
        assert tickets[talk["id"]]["category"] == "Customer"


def test_ticket_types_of_the_firm_have_attributes_of_every_kind_which_tickets_fill(world: World) -> None:
    types = {each["name"]: each for each in world.get("/ticket_types")["data"]}
    assert len(types) == 7
    attributes = [each for kind in types.values() for each in kind["ticket_type_attributes"]["data"]]
    kinds = {"string", "list", "integer", "decimal", "boolean", "datetime", "files"}
    assert {attribute["data_type"] for attribute in attributes} == kinds
    used = Counter(ticket["ticket_type"]["name"] for ticket in world.tickets)
    assert set(used) == set(types)
    filled = {name for ticket in world.tickets for name, value in ticket["ticket_attributes"].items() if value}
    assert filled == {attribute["name"] for attribute in attributes}


def test_each_incident_is_linked_with_what_customers_wrote_of_it(world: World) -> None:
    talks = {talk["id"]: talk for talk in world.talks}
    trackers = [ticket for ticket in world.tickets if ticket["category"] == "Tracker"]
    assert len(trackers) == 7
    linked = [link["id"] for tracker in trackers for link in tracker["linked_objects"]["data"]]
    assert len(linked) == len(set(linked)) > 14
    assert all(tracker["linked_objects"]["total_count"] for tracker in trackers)
    for talk in map(talks.__getitem__, linked):
        assert [link["category"] for link in talk["linked_objects"]["data"]] == ["Tracker"]


def test_contacts_and_admins_talk_in_tickets(world: World) -> None:
    parts = [part for ticket in world.tickets for part in ticket["ticket_parts"]["ticket_parts"]]
    kinds = Counter((part["part_type"], part["author"]["type"]) for part in parts)
    for kind in (("comment", "user"), ("comment", "admin"), ("note", "admin"), ("assignment", "admin")):
        assert kinds[kind] > 10, kind
    assert kinds["ticket_state_updated_by_user", "user"]
    assert kinds["ticket_attribute_updated_by_admin", "bot"]


# Search


def test_search_finds_the_conversations_that_are_meant(world: World) -> None:
    billing = next(team["id"] for team in world.teams if team["name"] == "Billing")
    tag = next(tag["id"] for tag in world.tags if tag["name"] == "Feature request")
    cases: tuple[tuple[Callable[[Json], Any], *tuple[tuple[str, str, Any], ...]], ...] = (
        (lambda c: "invoice" in re.findall(r"\w+", c["source"]["body"].lower()), ("source.body", "=", "invoice")),
        (lambda c: c["state"] == "snoozed", ("state", "=", "snoozed")),
        (
            lambda c: c["open"] and c["priority"] == "priority",
            ("open", "=", True),
            ("priority", "=", "priority"),
        ),
        (lambda c: c["team_assignee_id"] == int(billing), ("team_assignee_id", "=", int(billing))),
        (lambda c: tag in [each["id"] for each in c["tags"]["tags"]], ("tag_ids", "=", tag)),
        (lambda c: c["custom_attributes"].get("Area") == "Payroll", ("custom_attributes.Area", "=", "Payroll")),
        (
            lambda c: ((c["statistics"] or {}).get("time_to_admin_reply") or 0) >= DAY,
            ("statistics.time_to_admin_reply", ">=", DAY),
        ),
        (
            lambda c: (c["conversation_rating"] or {"rating": 0})["rating"] in {1, 2},
            ("conversation_rating.score", "IN", [1, 2]),
        ),
    )
    for meant, *filters in cases:
        expected = {conversation["id"] for conversation in world.conversations if meant(conversation)}
        assert expected, filters
        found = world.find(*({"field": name, "operator": sign, "value": value} for name, sign, value in filters))
        assert found == expected, filters


def test_search_finds_the_tickets_that_are_meant(world: World) -> None:
    for name, meant in (("state", "ticket_state"), ("category", "category")):
        for value in {ticket[meant] for ticket in world.tickets}:
            expected = [ticket["id"] for ticket in world.tickets if ticket[meant] == value]
            found = world.find_tickets({"field": name, "operator": "=", "value": value})
            assert [ticket["id"] for ticket in found] == expected


def test_rules_assign_what_comes_in_from_now_on(second: World) -> None:
    teams = {team["name"]: int(team["id"]) for team in second.teams}
    people = {
        role: next(contact["id"] for contact in second.contacts if contact["role"] == role) for role in ("user", "lead")
    }
    for role, text, team in (
        ("user", "Where is my invoice?", "Billing"),
        ("user", "Where is my roster?", "Support"),
        ("lead", "Where do I begin?", "Onboarding"),
    ):
        message = {"from": {"type": role, "id": people[role]}, "body": text}
        begun = second.api.post("/conversations", json=message).json()["conversation_id"]
        assert second.get(f"/conversations/{begun}")["team_assignee_id"] == teams[team]
        again = second.api.post(f"/conversations/{begun}/run_assignment_rules").json()
        assert [part["part_type"] for part in _parts(again)].count("default_assignment") == 2


def _parts(talk: Json) -> list[Json]:
    parts: list[Json] = talk["conversation_parts"]["conversation_parts"]
    return parts
