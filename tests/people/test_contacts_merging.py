"""Merging a lead into a user: who may be merged, what goes over, what wins, and that nothing of the lead remains."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer
from tests.contract.world import World
from tests.people.tools import UNKNOWN_ID, USER_NOT_FOUND, Json, body_of, error_of, execute, set_clock

INVALID_MERGE = (400, "invalid_merge", "Merging can only be performed on a lead into a user")


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def merge(api: httpx.Client, lead: Json, user: Json) -> Json:
    return body_of(api.post("/contacts/merge", json={"from": lead["id"], "into": user["id"]}))


def get(api: httpx.Client, contact: Json) -> Json:
    return body_of(api.get(f"/contacts/{contact['id']}"))


def ids_under(api: httpx.Client, contact: Json, path: str) -> set[str]:
    return {item["id"] for item in body_of(api.get(f"/contacts/{contact['id']}/{path}"))["data"]}


# Who


@pytest.mark.parametrize(
    ("source", "target"),
    [("user", "other user"), ("lead", "other lead"), ("user", "lead"), ("lead",) * 2, ("user",) * 2],
)
def test_only_a_lead_is_merged_and_only_into_a_user(api: httpx.Client, world: World, source: str, target: str) -> None:
    contacts = {"user": world.user(), "other user": world.user(), "lead": world.lead(), "other lead": world.lead()}
    sent = {"from": contacts[source]["id"], "into": contacts[target]["id"]}
    assert error_of(api.post("/contacts/merge", json=sent)) == INVALID_MERGE
    assert [get(api, contact) for contact in contacts.values()] == list(contacts.values())


@pytest.mark.parametrize("missing", ["from", "into"])
def test_both_are_named_and_live(api: httpx.Client, world: World, missing: str) -> None:
    sent = {"from": world.lead()["id"], "into": world.user()["id"]}
    for unknown in (UNKNOWN_ID, "invalid_id", "", 7):
        assert error_of(api.post("/contacts/merge", json=sent | {missing: unknown})) == USER_NOT_FOUND
    without = {key: value for key, value in sent.items() if key != missing}
    answer = error_of(api.post("/contacts/merge", json=without))
    assert answer == (400, "parameter_not_found", f"{missing} is a required parameter")
    assert error_of(api.post("/contacts/merge", json=sent | {missing: None}))[:2] == (400, "parameter_invalid")
    for method, path in (("POST", "/archive"), ("DELETE", "")):
        body_of(api.request(method, f"/contacts/{sent[missing]}{path}"))
        assert error_of(api.post("/contacts/merge", json=sent)) == USER_NOT_FOUND


# What the lead leaves behind


def test_nothing_of_the_lead_remains(api: httpx.Client, world: World) -> None:
    lead, user = world.lead(email="grace@example.com"), world.user()
    merged = merge(api, lead, user)
    assert (merged["id"], merged["external_id"], merged["role"]) == (user["id"], user["external_id"], "user")
    assert merged["created_at"] == user["created_at"]
    assert merged == get(api, user)
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/archive"), ("POST", "/unarchive")):
        answer = api.request(method, f"/contacts/{lead['id']}{path}", json={} if method == "PUT" else None)
        assert error_of(answer) == USER_NOT_FOUND
    page = body_of(api.get("/contacts"))
    assert ([contact["id"] for contact in page["data"]], page["total_count"]) == ([user["id"]], 1)
    for field in ("id", "external_id", "email"):
        query = {"field": field, "operator": "=", "value": lead[field]}
        assert body_of(api.post("/contacts/search", json={"query": query}))["data"] == []
    assert error_of(api.post("/contacts/merge", json={"from": lead["id"], "into": user["id"]})) == USER_NOT_FOUND


def test_identifiers_of_the_merged_lead_are_free(api: httpx.Client, world: World) -> None:
    lead, user = world.lead(), world.user()
    merge(api, lead, user)
    other = world.user(external_id=lead["external_id"])
    assert other["external_id"] == lead["external_id"]
    another = world.lead()
    merge(api, another, user)
    changed = body_of(api.put(f"/contacts/{user['id']}", json={"external_id": another["external_id"]}))
    assert changed["external_id"] == another["external_id"]


# What goes over


FIELDS = {
    "email": ("lead@example.com", "user@example.org"),
    "phone": ("+353871234567", "+14155552671"),
    "name": ("Lead", "User"),
    "avatar": ("https://example.com/lead.png", "https://example.com/user.png"),
    "signed_up_at": (5, 6),
}
DERIVED = {"email": "email_domain", "phone": "formatted_phone"}


@pytest.mark.parametrize("field", FIELDS)
def test_user_keeps_what_it_has_and_takes_what_it_lacks(api: httpx.Client, world: World, field: str) -> None:
    of_lead, of_user = FIELDS[field]
    lead, other_lead = (world.lead(**{field: of_lead}) for _ in range(2))
    having, lacking = world.user(**{field: of_user}), world.user(**{field: None})
    kept, taken = merge(api, lead, having), merge(api, other_lead, lacking)
    for key in (field, DERIVED.get(field, field)):
        assert (kept[key], taken[key]) == (having[key], lead[key])
        assert having[key] != lead[key]


def test_owner_goes_over(api: httpx.Client, world: World) -> None:
    admin_id = int(world.admin_id())
    assert merge(api, world.lead(owner_id=admin_id), world.user())["owner_id"] == admin_id
    assert merge(api, world.lead(), world.user(owner_id=admin_id))["owner_id"] == admin_id


@pytest.mark.parametrize(("of_lead", "of_user"), [(True, False), (False, True), (False, False)])
def test_who_opted_out_of_mail_stays_out(api: httpx.Client, world: World, of_lead: bool, of_user: bool) -> None:
    lead, user = world.lead(unsubscribed_from_emails=of_lead), world.user(unsubscribed_from_emails=of_user)
    assert merge(api, lead, user)["unsubscribed_from_emails"] is (of_lead or of_user)


@pytest.mark.parametrize(("of_lead", "of_user", "kept"), [(5, 6, 6), (6, 5, 6), (5, None, 5), (None, 5, 5)])
def test_the_later_visit_counts(
    api: httpx.Client, world: World, of_lead: int | None, of_user: int | None, kept: int
) -> None:
    lead, user = world.lead(last_seen_at=of_lead), world.user(last_seen_at=of_user)
    assert merge(api, lead, user)["last_seen_at"] == kept


def test_custom_attributes_are_united_and_the_users_win(api: httpx.Client, world: World) -> None:
    both, only_lead, only_user, cleared, none = (world.attribute()["name"] for _ in range(5))
    lead = world.lead(custom_attributes={both: "lead", only_lead: "lead", cleared: "lead", none: None})
    user = world.user(custom_attributes={both: "user", only_user: "user", cleared: None})
    merged = merge(api, lead, user)
    assert merged["custom_attributes"] == {both: "user", only_lead: "lead", only_user: "user", cleared: "lead"}
    query = {"field": f"custom_attributes.{only_lead}", "operator": "=", "value": "LEAD"}
    assert body_of(api.post("/contacts/search", json={"query": query}))["data"] == [merged]


DEVICES = ["app_name", "app_version", "device", "os_version", "sdk_version", "last_seen_at"]
# The columns of each group, with the wire's name of each.
GROUPS: dict[str, dict[str, str]] = {
    "browser": {name: name for name in ("browser", "browser_version", "browser_language", "os")},
    "language": {"language_override": "language_override"},
    "android": {f"android_{name}": f"android_{name}" for name in DEVICES},
    "ios": {f"ios_{name}": f"ios_{name}" for name in DEVICES},
    "campaign": {
        name: name for name in ("utm_campaign", "utm_content", "utm_medium", "utm_source", "utm_term", "referrer")
    },
    "location": {f"location_{name}": name for name in ("country", "region", "city", "country_code", "continent_code")},
}


def write(server: RunningServer, contact: Json, columns: dict[str, Any]) -> None:
    changes = ", ".join(f"{column} = {value}" for column, value in columns.items())
    execute(server.database_url, f"UPDATE contacts SET {changes} WHERE id = $1", contact["id"])


def group_of(contact: Json, group: str) -> list[Any]:
    shown = contact["location"] if group == "location" else contact
    return [shown[name] for name in GROUPS[group].values()]


@pytest.mark.parametrize("group", GROUPS)
def test_what_belongs_together_goes_over_together(
    server: RunningServer, api: httpx.Client, world: World, group: str
) -> None:
    def full(word: str, number: int) -> dict[str, str]:
        return {
            column: f"to_timestamp({number})" if column.endswith("_at") else f"'{word} {column}'"
            for column in GROUPS[group]
        }

    leads = [world.lead() for _ in range(3)]
    for lead in leads:
        write(server, lead, full("lead", 5))
    lacking, having, having_one = world.user(), world.user(), world.user()
    write(server, having, full("user", 6))
    first = next(iter(GROUPS[group]))
    write(server, having_one, {first: "'user'"})
    expected = [group_of(get(api, contact), group) for contact in (leads[0], having, having_one)]
    merged = [merge(api, lead, user) for lead, user in zip(leads, (lacking, having, having_one), strict=True)]
    assert [group_of(contact, group) for contact in merged] == expected


def test_times_of_contact_and_mail_are_the_later_ones(server: RunningServer, api: httpx.Client, world: World) -> None:
    names = ["last_replied_at", "last_contacted_at", "last_email_opened_at", "last_email_clicked_at"]
    lead, user, lacking = world.lead(), world.user(), world.user()
    other = world.lead()
    for contact in (lead, other):
        write(server, contact, {name: f"to_timestamp({number})" for number, name in enumerate(names, start=10)})
    write(server, user, dict.fromkeys(names, "to_timestamp(12)"))
    merged, filled = merge(api, lead, user), merge(api, other, lacking)
    assert [merged[name] for name in names] == [12, 12, 12, 13]
    assert [filled[name] for name in names] == [10, 11, 12, 13]


def test_bounces_go_with_the_address(server: RunningServer, api: httpx.Client, world: World) -> None:
    flags = ["has_hard_bounced", "marked_email_as_spam"]
    leads = [world.lead(email="lead@example.com") for _ in range(2)]
    for lead in leads:
        write(server, lead, dict.fromkeys(flags, "true"))
    with_address, without = world.user(), world.user(email=None)
    kept, taken = merge(api, leads[0], with_address), merge(api, leads[1], without)
    assert [kept[flag] for flag in flags] == [False, False]
    assert [taken[flag] for flag in flags] == [True, True]


def test_what_hangs_on_the_lead_goes_over(api: httpx.Client, world: World) -> None:
    lead, (user, shared) = world.lead(), world.employee()
    own = world.company()
    for company in (shared, own):
        world.post(f"/contacts/{lead['id']}/companies", {"id": company["id"]})
    tags = [world.tag()["id"] for _ in range(3)]
    for contact, tag_ids in ((lead, tags[:2]), (user, tags[1:])):
        for tag_id in tag_ids:
            world.post(f"/contacts/{contact['id']}/tags", {"id": tag_id})
    notes = [world.note(contact["id"])["id"] for contact in (lead, user)]
    before = body_of(api.get(f"/contacts/{user['id']}/tags"))["data"]
    set_clock(api, user["created_at"] + 500)
    merged = merge(api, lead, user)
    assert merged["updated_at"] == pytest.approx(user["created_at"] + 500, abs=60)
    for key, expected in (("companies", {shared["id"], own["id"]}), ("tags", set(tags)), ("notes", set(notes))):
        assert ids_under(api, user, key) == expected
        assert (merged[key]["total_count"], {item["id"] for item in merged[key]["data"]}) == (len(expected), expected)
    after = {tag["id"]: tag for tag in body_of(api.get(f"/contacts/{user['id']}/tags"))["data"]}
    assert [after[tag["id"]] for tag in before] == before
    for company in (shared, own):
        assert body_of(api.get(f"/companies/{company['id']}"))["user_count"] == 1
        [employee] = body_of(api.get(f"/companies/{company['id']}/contacts"))["data"]
        assert employee["id"] == user["id"]
    for note_id in notes:
        assert body_of(api.get(f"/notes/{note_id}"))["contact"]["id"] == user["id"]


def test_events_go_over_with_their_counts(api: httpx.Client, world: World) -> None:
    lead, user = world.lead(), world.user()
    for contact, times in ((lead, (5, 6, 7)), (user, (7, 8))):
        for seconds in times:
            world.event(contact, created_at=lead["created_at"] + seconds)
    merge(api, lead, user)
    params = {"type": "user", "intercom_user_id": user["id"]}
    events = body_of(api.get("/events", params=params))["events"]
    assert [event["created_at"] - lead["created_at"] for event in events] == [8, 7, 6, 5]
    assert {event["intercom_user_id"] for event in events} == {user["id"]}
    [summary] = body_of(api.get("/events", params=params | {"summary": "true"}))["events"]
    assert summary["count"] == 5


def test_opt_outs_are_united_and_opt_ins_are_the_users_own(api: httpx.Client, world: World) -> None:
    lead, user = world.lead(), world.user()
    out_of_lead, out_of_user = world.subscription_type("opt_out"), world.subscription_type("opt_out")
    into_lead, into_user = world.subscription_type("opt_in"), world.subscription_type("opt_in")
    for contact, kinds in ((lead, (out_of_lead, into_lead)), (user, (out_of_user, into_user))):
        for kind in kinds:
            world.post(
                f"/contacts/{contact['id']}/subscriptions", {"id": kind["id"], "consent_type": kind["consent_type"]}
            )
    merge(api, lead, user)
    assert ids_under(api, user, "subscriptions") == {out_of_lead["id"], out_of_user["id"], into_user["id"]}


def test_merges_at_once_do_not_stand_in_each_others_way(api: httpx.Client, world: World) -> None:
    """Each has a company that the other's contacts are in too, the other way round."""
    companies = [world.company() for _ in range(2)]
    pairs = []
    for number in range(16):
        pair = world.lead(), world.user()
        for contact, company in zip(pair, companies if number % 2 else companies[::-1], strict=True):
            world.post(f"/contacts/{contact['id']}/companies", {"id": company["id"]})
        pairs.append(pair)
    with ThreadPoolExecutor(8) as pool:
        merged = list(pool.map(lambda pair: merge(api, *pair), pairs))
    assert {contact["companies"]["total_count"] for contact in merged} == {2}
    for company in companies:
        assert body_of(api.get(f"/companies/{company['id']}"))["user_count"] == 16
