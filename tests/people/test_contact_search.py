"""Contact search over HTTP: every field with every operator against a plain model of the search language."""

import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.conftest import RunningServer, TestWorkspace, new_workspace
from tests.contract.world import World
from tests.people.tools import Json, body_of, error_of, execute, set_clock

ZONE = ZoneInfo("America/Los_Angeles")
DAY = 86_400
NOON = int(datetime(2024, 5, 10, 12, tzinfo=ZONE).timestamp())

# Field of the search, and its column where the API cannot write it.
COLUMNS = {
    "language_override": "language_override",
    "browser": "browser",
    "browser_language": "browser_language",
    "os": "os",
    "location.country": "location_country",
    "location.region": "location_region",
    "location.city": "location_city",
    "ios_app_version": "ios_app_version",
    "ios_device": "ios_device",
    "ios_app_device": "ios_device",
    "ios_os_version": "ios_os_version",
    "ios_app_name": "ios_app_name",
    "ios_sdk_version": "ios_sdk_version",
    "android_app_version": "android_app_version",
    "android_device": "android_device",
    "android_app_name": "android_app_name",
    "andoid_sdk_version": "android_sdk_version",
    "android_sdk_version": "android_sdk_version",
    "android_os_version": "android_os_version",
}
WRITTEN = ["name", "external_id", "avatar"]
DATES = [
    *("created_at", "updated_at", "signed_up_at", "last_seen_at", "last_contacted_at", "last_replied_at"),
    *("last_email_opened_at", "last_email_clicked_at", "ios_last_seen_at", "android_last_seen_at"),
]
ALWAYS_SET = {"created_at", "updated_at"}
FLAGS = ["unsubscribed_from_emails", "marked_email_as_spam", "has_hard_bounced"]
OPERATORS = ["=", "!=", "IN", "NIN", ">", "<", ">=", "<=", "~", "!~", "^", "$"]
OF_TYPE = {
    "string": ["=", "!=", "IN", "NIN", "~", "!~", "^", "$"],
    "integer": ["=", "!=", "IN", "NIN", ">", "<", ">=", "<="],
    "boolean": ["=", "!=", "IN", "NIN"],
    "date": ["=", ">", "<"],
}


class People:
    """A workspace whose contacts have nicknames."""

    def __init__(self, server: RunningServer) -> None:
        self.workspace = new_workspace(server)
        self.api = self.workspace.api
        body_of(self.api.put("/manage/v1/workspace", json={"timezone": ZONE.key}))
        self.world = World(self.api)
        self.ids: dict[str, str] = {}
        self.contacts: dict[str, Json] = {}

    def add(self, nick: str, **values: Any) -> None:
        self.contacts[nick] = self.world.post("/contacts", values)
        self.ids[self.contacts[nick]["id"]] = nick

    def write(self, server: RunningServer, nick: str, changes: list[str]) -> None:
        statement = f"UPDATE contacts SET {', '.join(changes)} WHERE id = $1"
        execute(server.database_url, statement, self.contacts[nick]["id"])

    def search(self, query: Json, **request: Any) -> Json:
        return body_of(self.api.post("/contacts/search", json={"query": query, **request}))

    def find(self, field: str, operator: str, value: Any) -> set[str]:
        return {self.ids[each["id"]] for each in self.search(filter_of(field, operator, value))["data"]}

    def refuse(self, query: Any, **request: Any) -> tuple[int, str, str]:
        answer = self.api.post("/contacts/search", json={"query": query, **request})
        if answer.json()["errors"][0]["code"].startswith("invalid"):
            assert answer.json()["request_id"] is None
        return error_of(answer)


def filter_of(field: str, operator: str, value: Any) -> Json:
    return {"field": field, "operator": operator, "value": value}


@pytest.fixture(scope="module")
def people(server: RunningServer) -> Iterator[People]:
    """Ann and Bob have a value for everything, Cyd for nothing; who is archived must never be found."""
    made = People(server)
    owner = made.world.admin_id()
    ann = {field: f"Ann 50%_{field}" for field in WRITTEN}
    bob = {field: f"bob {field}" for field in WRITTEN}
    texts = {"string": "Green", "integer": 7, "float": 7.5, "boolean": True, "date": NOON}
    for data_type in texts:
        made.world.attribute(name=f"The {data_type}", data_type=data_type)
    attributes = {f"The {data_type}": value for data_type, value in texts.items()}
    made.add(
        "ann", **ann, email="Ann@Example.com", phone="+353 87 123 4567", owner_id=owner, custom_attributes=attributes
    )
    attributes = {"The string": "red", "The integer": 8, "The float": -1, "The boolean": False, "The date": NOON + DAY}
    made.add("bob", **bob, email="bob@example.org", phone="1-800-FLOWERS", custom_attributes=attributes)
    made.add("cyd", role="lead")
    made.add("old", **{field: f"Ann {field}" for field in WRITTEN}, email="old@example.com")
    for nick, word, number in (("ann", "Ann 50%_", 0), ("bob", "bob ", 1)):
        columns = [f"{column} = '{word}{column}'" for column in set(COLUMNS.values())]
        columns += [f"{date} = to_timestamp({NOON + number * DAY})" for date in DATES]
        columns += [f"{flag} = {number == 0}" for flag in FLAGS]
        made.write(server, nick, columns)
    made.write(server, "cyd", [f"{date} = to_timestamp({NOON - 50 * DAY})" for date in ALWAYS_SET])
    body_of(made.api.post(f"/contacts/{made.contacts['old']['id']}/archive"))
    yield made
    made.api.close()


# A plain model of what each operator means; text compares whatever its case, and empty is unlike everything.
MEANING: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda stored, value: stored == value,
    "!=": lambda stored, value: stored != value,
    "IN": lambda stored, value: stored in value,
    "NIN": lambda stored, value: stored not in value,
    ">": lambda stored, value: stored is not None and stored > value,
    "<": lambda stored, value: stored is not None and stored < value,
    ">=": lambda stored, value: stored is not None and stored >= value,
    "<=": lambda stored, value: stored is not None and stored <= value,
    "~": lambda stored, value: stored is not None and value in stored,
    "!~": lambda stored, value: stored is None or value not in stored,
    "^": lambda stored, value: stored is not None and stored.startswith(value),
    "$": lambda stored, value: stored is not None and stored.endswith(value),
}


def folded(value: Any) -> Any:
    if isinstance(value, list):
        return [folded(item) for item in value]
    return value.lower() if isinstance(value, str) else value


def check(people: People, field: str, operator: str, value: Any, stored: dict[str, Any]) -> None:
    meaning = MEANING[operator]
    expected = {nick for nick, held in stored.items() if meaning(folded(held), folded(value))}
    assert people.find(field, operator, value) == expected, (field, operator, value)


def refuses_other_operators(people: People, field: str, allowed: list[str], value: Any) -> None:
    for operator in set(OPERATORS) - set(allowed):
        sent = [value] if operator in {"IN", "NIN"} else value
        message = f"{field} does not support operator: {operator}"
        assert people.refuse(filter_of(field, operator, sent)) == (400, "invalid_operator", message)


def texts_of(name: str) -> dict[str, Any]:
    return {"ann": f"Ann 50%_{name}", "bob": f"bob {name}", "cyd": None}


TEXTS: dict[str, dict[str, Any]] = {
    **{field: texts_of(field) for field in WRITTEN},
    **{field: texts_of(column) for field, column in COLUMNS.items()},
    "email": {"ann": "ann@example.com", "bob": "bob@example.org", "cyd": None},
    "email_domain": {"ann": "example.com", "bob": "example.org", "cyd": None},
    "phone": {"ann": "+353 87 123 4567", "bob": "1-800-FLOWERS", "cyd": None},
    "formatted_phone": {"ann": "+353871234567", "bob": "+18003569377", "cyd": None},
    "role": {"ann": "user", "bob": "user", "cyd": "lead"},
    "custom_attributes.The string": {"ann": "Green", "bob": "red", "cyd": None},
}


@pytest.mark.parametrize("field", TEXTS)
def test_text_fields(people: People, field: str) -> None:
    stored = TEXTS[field]
    if field == "external_id":  # a lead has one that was made for it
        stored = stored | {"cyd": people.contacts["cyd"]["external_id"]}
    ann = stored["ann"]
    texts = [ann.upper(), ann[1:-1], ""]
    if field in {"name", "email", "phone", "custom_attributes.The string"}:
        texts += [ann, ann[:3], ann[-3:].upper(), "no such text", "%", "_", "\\"]
    for text in texts:
        for operator in ("=", "!=", "~", "!~", "^", "$"):
            check(people, field, operator, text, stored)
    for several in ([ann.upper(), "no such text"], [ann, stored["bob"]], [ann, None], []):
        for operator in ("IN", "NIN"):
            check(people, field, operator, several, stored)
    for operator in ("=", "!="):
        check(people, field, operator, None, stored)
    refuses_other_operators(people, field, OF_TYPE["string"], ann)
    for value in (7, True, ["a"], {"a": 1}):
        assert people.refuse(filter_of(field, "=", value))[:2] == (400, "invalid_value")
    assert people.refuse(filter_of(field, "=", 123)) == (400, "invalid_value", "123 is not a valid string")
    assert people.refuse(filter_of(field, "IN", ann)) == (400, "invalid_value", "value must be an array")


def test_id_field(people: People) -> None:
    stored = {nick: contact["id"] for nick, contact in people.contacts.items() if nick != "old"}
    bob = stored["bob"]
    for operator in ("=", "!=", "~", "!~", "^", "$", ">", "<", ">=", "<="):
        for value in (bob, bob.upper(), bob[:6], bob[-6:]):
            check(people, "id", operator, value, stored)
    for operator in ("IN", "NIN"):
        check(people, "id", operator, [bob, "x"], stored)


@pytest.mark.parametrize("operator", ["AND", "OR"])
def test_everything_as_a_connector_asks_for_it(people: People, operator: str) -> None:
    query = {"operator": operator, "value": [filter_of("id", ">", ""), filter_of("id", "=", "")]}
    assert people.search(query)["total_count"] == (3 if operator == "OR" else 0)


NUMBERS: dict[str, dict[str, Any]] = {
    "custom_attributes.The integer": {"ann": 7, "bob": 8, "cyd": None},
    "custom_attributes.The float": {"ann": 7.5, "bob": -1, "cyd": None},
}


@pytest.mark.parametrize("field", ["owner_id", *NUMBERS])
def test_number_fields(people: People, field: str) -> None:
    stored = NUMBERS.get(field) or {"ann": int(people.world.admin_id()), "bob": None, "cyd": None}
    numbers = [number for number in stored.values() if number is not None]
    for number in {*numbers, *(number + 1 for number in numbers), 0, 2**31}:
        for operator in ("=", "!=", ">", "<", ">=", "<="):
            check(people, field, operator, number, stored)
            assert people.find(field, operator, str(number)) == people.find(field, operator, number)
        for operator in ("IN", "NIN"):
            check(people, field, operator, [number, numbers[0], None], stored)
    for operator in ("=", "!="):
        check(people, field, operator, None, stored)
    assert people.find(field, "=", float(numbers[0])) == people.find(field, "=", numbers[0])
    refuses_other_operators(people, field, OF_TYPE["integer"], numbers[0])
    kind = "float" if "float" in field else "integer"
    for value in ("seven", True, "", [7], 10**400 if kind == "integer" else "1e999"):
        assert people.refuse(filter_of(field, "=", value))[:2] == (400, "invalid_value")
    assert people.refuse(filter_of(field, ">", "seven")) == (400, "invalid_value", f"seven is not a valid {kind}")


@pytest.mark.parametrize("field", [*FLAGS, "custom_attributes.The boolean"])
def test_boolean_fields(people: People, field: str) -> None:
    stored = {"ann": True, "bob": False, "cyd": None if "." in field else False}
    for value in (True, False, None):
        for operator in ("=", "!="):
            check(people, field, operator, value, stored)
        for operator in ("IN", "NIN"):
            check(people, field, operator, [value], stored)
    assert people.find(field, "=", "true") == {"ann"}
    refuses_other_operators(people, field, OF_TYPE["boolean"], True)
    for wrong in (1, "yes", [True]):
        assert people.refuse(filter_of(field, "=", wrong))[:2] == (400, "invalid_value")
    assert people.refuse(filter_of(field, "=", "yes")) == (400, "invalid_value", "yes is not a valid boolean")


@pytest.mark.parametrize("field", [*DATES, "custom_attributes.The date"])
def test_date_fields_compare_by_days_of_the_workspace(people: People, field: str) -> None:
    stored = {"ann": NOON // DAY, "bob": NOON // DAY + 1, "cyd": None}
    if field in ALWAYS_SET:
        stored["cyd"] = NOON // DAY - 50
    midnight = NOON - DAY // 2
    for day in (-1, 0, 1, 2):
        for second in (0, DAY // 2, DAY - 1):
            for operator in ("=", ">", "<"):
                meaning = MEANING[operator]
                expected = {nick for nick, held in stored.items() if meaning(held, NOON // DAY + day)}
                assert people.find(field, operator, midnight + day * DAY + second) == expected, (operator, day, second)
    for sent in (str(NOON), float(NOON), f"{NOON}.5"):
        assert people.find(field, "=", sent) == {"ann"}
    assert people.find(field, "=", None) == {nick for nick, held in stored.items() if held is None}
    refuses_other_operators(people, field, OF_TYPE["date"], NOON)
    for value in ("foobar", True, [NOON], "", 10**20):
        assert people.refuse(filter_of(field, "=", value))[:2] == (400, "invalid_value")
    assert people.refuse(filter_of(field, ">", "foobar")) == (400, "invalid_value", "foobar is not a valid date")


def test_incremental_readers_see_the_whole_day(people: People) -> None:
    query = {"operator": "OR", "value": [filter_of("updated_at", operator, NOON + 3600.0) for operator in (">", "=")]}
    assert {people.ids[each["id"]] for each in people.search(query)["data"]} == {"ann", "bob"}


def test_list_attribute_is_text(api: httpx.Client) -> None:
    world = World(api)
    name = world.attribute(options=[{"value": "Red"}, {"value": "Blue"}])["name"]
    user = world.user(custom_attributes={name: "Red"})
    for operator, value in (("=", "red"), ("~", "ED"), ("IN", ["red"]), ("NIN", ["blue"]), ("!=", "green")):
        query = filter_of(f"custom_attributes.{name}", operator, value)
        found = body_of(api.post("/contacts/search", json={"query": query}))["data"]
        assert [each["id"] for each in found] == [user["id"]]


def test_attribute_that_is_archived_or_of_companies_is_no_field(api: httpx.Client) -> None:
    world = World(api)
    archived, of_companies = world.attribute(), world.attribute(model="company")
    body_of(api.put(f"/data_attributes/{archived['id']}", json={"archived": True}))
    for name in (archived["name"], of_companies["name"], "undefined", ""):
        field = f"custom_attributes.{name}"
        answer = api.post("/contacts/search", json={"query": filter_of(field, "=", "a")})
        assert error_of(answer) == (400, "invalid_field", f"{field} is not a valid field")


# Tags and segments


@pytest.mark.parametrize("as_number", [False, True])
def test_tag_field(api: httpx.Client, as_number: bool) -> None:
    world = World(api)
    (tagged, applied), plain, other = world.tagged_user(), world.lead(), world.tag()
    ids = {tagged["id"]: "tagged", plain["id"]: "plain"}

    def find(operator: str, value: Any) -> set[str]:
        query = filter_of("tag_id", operator, value)
        return {ids[each["id"]] for each in body_of(api.post("/contacts/search", json={"query": query}))["data"]}

    tag_id, other_id = (int(tag["id"]) if as_number else tag["id"] for tag in (applied, other))
    assert (find("=", tag_id), find("!=", tag_id)) == ({"tagged"}, {"plain"})
    assert (find("=", other_id), find("!=", other_id)) == (set(), {"tagged", "plain"})
    assert (find("=", None), find("!=", None)) == ({"plain"}, {"tagged"})
    assert (find("=", "no tag"), find("!=", "no tag")) == (set(), {"tagged", "plain"})
    for operator in set(OPERATORS) - {"=", "!="}:
        answer = api.post("/contacts/search", json={"query": filter_of("tag_id", operator, [tag_id])})
        assert error_of(answer) == (400, "invalid_operator", f"tag_id does not support operator: {operator}")


def test_segment_field(api: httpx.Client) -> None:
    world = World(api)
    inside, outside = world.user(name="Inside"), world.user(name="Outside")
    segment, empty = world.segment(filter_of("name", "=", "Inside")), world.segment(filter_of("name", "=", "Nobody"))
    for each in (segment, empty):
        body_of(api.post(f"/manage/v1/segments/{each['id']}/compute"))
    ids = {inside["id"]: "inside", outside["id"]: "outside"}

    def find(operator: str, value: Any) -> set[str]:
        query = {"operator": "AND", "value": [filter_of("segment_id", operator, value)]}
        return {ids[each["id"]] for each in body_of(api.post("/contacts/search", json={"query": query}))["data"]}

    everybody = {"inside", "outside"}
    assert (find("=", segment["id"]), find("!=", segment["id"])) == ({"inside"}, {"outside"})
    assert (find("=", empty["id"]), find("!=", empty["id"])) == (set(), everybody)
    both = [segment["id"], empty["id"]]
    assert (find("IN", both), find("NIN", both)) == ({"inside"}, {"outside"})
    assert (find("IN", [empty["id"], "none"]), find("NIN", [empty["id"]])) == (set(), everybody)
    refused = api.post("/contacts/search", json={"query": filter_of("segment_id", ">", segment["id"])})
    assert error_of(refused) == (400, "invalid_operator", "segment_id does not support operator: >")


# Groups and refusals

ANN = filter_of("email", "=", "ann@example.com")
BOB = filter_of("email", "=", "bob@example.org")
USER = filter_of("role", "=", "user")
LEAD = filter_of("role", "=", "lead")


def group(operator: str, *items: Any) -> Json:
    return {"operator": operator, "value": list(items)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (group("AND", ANN), {"ann"}),
        (group("OR", ANN), {"ann"}),
        (group("AND", ANN, BOB), set()),
        (group("OR", ANN, BOB), {"ann", "bob"}),
        (group("or", ANN, BOB), {"ann", "bob"}),
        (group("AND", group("OR", ANN, LEAD), group("OR", USER, BOB)), {"ann"}),
        (group("OR", group("AND", USER, ANN), LEAD), {"ann", "cyd"}),
        (group("OR", *[ANN] * 14, LEAD), {"ann", "cyd"}),
        (ANN | {"extra": 1, "sort": {}}, {"ann"}),
        ({"field": "email", "operator": "="}, {"cyd"}),
    ],
)
def test_groups(people: People, query: Json, expected: set[str]) -> None:
    found = people.search(query)
    assert {people.ids[each["id"]] for each in found["data"]} == expected
    assert found["total_count"] == len(expected)


INVALID_QUERY = (
    "Invalid query. Ensure 'field', 'operator', 'value' are present for field queries. "
    "Ensure 'operator' and 'value' for composite queries."
)
TOO_MANY = "Number of elements in composite query is greater than 15, please try again with a smaller list"


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("email = 'a'", "invalid_query", INVALID_QUERY),
        (None, "invalid_query", INVALID_QUERY),
        ([], "invalid_query", INVALID_QUERY),
        ({}, "invalid_query", INVALID_QUERY),
        ({"field": "email", "value": "a"}, "invalid_query", INVALID_QUERY),
        ({"operator": "=", "value": "a"}, "invalid_query", INVALID_QUERY),
        ({"operator": "AND"}, "invalid_query", INVALID_QUERY),
        (group("AND"), "invalid_query", INVALID_QUERY),
        (group("AND", "email"), "invalid_query", INVALID_QUERY),
        (group("XOR", ANN), "invalid_operator", "Composite operators must be of type AND or OR "),
        (filter_of("email", "AND", [ANN]), "invalid_operator", "email does not support operator: AND"),
        (filter_of("email", "==", "a"), "invalid_operator", "email does not support operator: =="),
        (filter_of("not_a_field", "=", "a"), "invalid_field", "not_a_field is not a valid field"),
        (filter_of("browser_version", "=", "a"), "invalid_field", "browser_version is not a valid field"),
        (filter_of("company_id", "=", "a"), "invalid_field", "company_id is not a valid field"),
        (filter_of("custom_attributes", "=", "a"), "invalid_field", "custom_attributes is not a valid field"),
        (group("OR", *[ANN] * 16), "invalid_value", TOO_MANY),
        (group("OR", group("OR", group("OR", ANN))), "invalid_values", "Value depth exceeds 10 items"),
    ],
)
def test_refused_queries(people: People, query: Any, code: str, message: str) -> None:
    assert people.refuse(query) == (400, code, message)
    if code != "invalid_values" and isinstance(query, dict):
        assert people.refuse(group("AND", ANN, query))[:2] == (400, code)


def test_unknown_keys_of_the_body_are_refused(people: People) -> None:
    answer = people.api.post("/contacts/search", json={"query": ANN, "random_param": 1})
    assert answer.json() == {
        "type": "error.list",
        "request_id": None,
        "errors": [{"code": "bad_request", "message": "bad 'random_param' parameter"}],
    }
    assert error_of(people.api.post("/contacts/search"))[:2] == (400, "invalid_query")


# Results


def test_results_are_contacts_in_full(people: People) -> None:
    for nick in ("ann", "bob", "cyd"):
        contact = people.contacts[nick]
        [found] = people.search(filter_of("id", "=", contact["id"]))["data"]
        shown = body_of(people.api.get(f"/contacts/{contact['id']}"))
        assert list(found) == list(shown)
        assert found == shown | {"email": shown["email"] or None}


def test_no_result(people: People) -> None:
    pages = {"type": "pages", "page": 1, "per_page": 50, "total_pages": 0}
    found = people.search(filter_of("email", "=", "nobody@example.com"))
    assert found == {"type": "list", "data": [], "total_count": 0, "pages": pages}


@pytest.fixture(scope="module")
def sorted_people(server: RunningServer) -> Iterator[People]:
    """Seven contacts, two of them without the values that are sorted by, two with the same."""
    made = People(server)
    owner = made.world.admin_id()
    start = NOON + 5 * DAY
    for number, letter in enumerate("cabddee"):
        set_clock(made.api, start + number * 100)
        values: Json = {"role": "lead"}
        if letter != "e":
            email = f"{letter}{number}@example.com"
            values = {"external_id": f"{letter}{number}", "name": letter, "email": email, "owner_id": owner}
            values |= {
                "last_seen_at": NOON + ord(letter),
                "signed_up_at": NOON - ord(letter),
                "phone": f"+35387123450{number}",
            }
        made.add(f"{letter}{number}", **values)
    yield made
    made.api.close()


SORTABLE = [
    *("created_at", "updated_at", "name", "email", "last_seen_at", "signed_up_at", "owner_id", "id", "role", "phone"),
    *("formatted_phone", "external_id"),
]


@pytest.mark.parametrize("order", ["ascending", "descending", "asc", "desc", None])
@pytest.mark.parametrize("field", SORTABLE)
def test_pages_follow_the_sort_with_the_empty_last(sorted_people: People, field: str, order: str | None) -> None:
    sort = {"field": field} | ({"order": order} if order else {})
    everybody = filter_of("id", "!=", None)
    pagination: Json = {"per_page": 3}
    seen: list[Json] = []
    for page in (1, 2, 3):
        found = sorted_people.search(everybody, sort=sort, pagination=pagination)
        assert (found["total_count"], found["pages"]["total_pages"], found["pages"]["page"]) == (7, 3, page)
        seen += found["data"]
        assert ("next" in found["pages"]) == (page < 3)
        pagination = found["pages"].get("next", {})
    assert len({contact["id"] for contact in seen}) == 7
    keys = [(contact[field], contact["id"]) for contact in seen]
    is_descending = order in {"descending", "desc", None}
    filled = sorted((key for key in keys if key[0] is not None), reverse=is_descending)
    empty = sorted((key for key in keys if key[0] is None), key=lambda key: key[1], reverse=is_descending)
    assert keys == filled + empty


def test_without_a_sort_the_last_update_comes_first(sorted_people: People) -> None:
    found = sorted_people.search(filter_of("id", "!=", None))["data"]
    times = [contact["updated_at"] for contact in found]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 7


def test_older_spelling_of_the_sort(sorted_people: People) -> None:
    found = sorted_people.search(filter_of("name", "!=", None), sort_field="name", sort_order="ascending")
    names = [contact["name"] for contact in found["data"]]
    assert names == ["a", "b", "c", "d", "d"]


def test_refused_sorts(people: People) -> None:
    order = "Invalid sort order 'sideways'. Must be one of: ascending, descending"
    assert people.refuse(ANN, sort={"field": "name", "order": "sideways"}) == (400, "invalid_sort_order", order)
    for field in ("not_a_field", "tag_id", "custom_attributes.The string"):
        assert people.refuse(ANN, sort={"field": field}) == (400, "invalid_field", f"{field} is not a valid field")


def test_size_of_a_page_of_results(people: People) -> None:
    for sent in (150, "150"):
        assert people.search(ANN, pagination={"per_page": sent})["pages"]["per_page"] == 150
    assert people.refuse(ANN, pagination={"per_page": 151}) == (400, "parameter_invalid", "Per Page is too big")
    wrongs: list[Any] = [0, -1, "many", [], True]
    for wrong in wrongs:
        assert people.refuse(ANN, pagination={"per_page": wrong})[:2] == (400, "parameter_invalid")


def test_cursor_belongs_to_its_search(sorted_people: People) -> None:
    query = filter_of("id", "!=", None)
    following = sorted_people.search(query, pagination={"per_page": 2})["pages"]["next"]
    assert set(following) == {"page", "per_page", "starting_after"}
    message = "Invalid starting_after param. Please try again using a starting_after value from a paginated response"
    refused = (400, "client_error", message)
    for other in (
        {"query": ANN, "pagination": following},
        {"query": query, "pagination": following, "sort": {"field": "name"}},
        {"query": query, "pagination": {"starting_after": "abc"}},
        {"query": query, "pagination": {"starting_after": secrets.token_hex(30)}},
    ):
        assert error_of(sorted_people.api.post("/contacts/search", json=other)) == refused
    listed = sorted_people.api.get("/contacts", params={"starting_after": following["starting_after"]})
    assert error_of(listed) == refused
    assert sorted_people.search(query, pagination={"starting_after": "", "per_page": 2})["pages"]["page"] == 1
    assert sorted_people.search(query, pagination={"starting_after": None})["pages"]["page"] == 1


def test_a_change_is_found_at_once(api: httpx.Client) -> None:
    world = World(api)
    user = world.user(name="Before")
    for change, field, value in (
        ({"name": "After"}, "name", "after"),
        ({"email": "after@example.com"}, "email", "AFTER@example.com"),
        ({"phone": "+353871234567"}, "phone", "+353871234567"),
    ):
        body_of(api.put(f"/contacts/{user['id']}", json=change))
        found = body_of(api.post("/contacts/search", json={"query": filter_of(field, "=", value)}))["data"]
        assert [each["id"] for each in found] == [user["id"]]


def test_no_result_is_of_another_workspace(people: People, other: TestWorkspace) -> None:
    answer = other.api.post("/contacts/search", json={"query": filter_of("id", ">", "")})
    assert (body_of(answer)["data"], body_of(answer)["total_count"]) == ([], 0)
