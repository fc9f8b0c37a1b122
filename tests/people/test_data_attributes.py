"""Data attributes: the built-in ones, the workspace's own, and what may be written into them."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World
from tests.people.tools import body_of, error_of, execute, set_clock

Json = dict[str, Any]

STRANGE_IDS = ["invalid_id", "0", "-1", "1.5", "9" * 18, "9" * 40, "x" * 500, "%F0%9F%99%82", "name"]
NOT_FOUND = (404, "field_not_found", "We couldn't find that data attribute to update")
BUILTIN_KEYS = (
    *("type", "name", "full_name", "label", "description", "data_type", "model", "custom", "archived"),
    *("api_writable", "ui_writable", "messenger_writable"),
)
PATHS = {"contact": "/contacts", "company": "/companies"}

# Full name, label, type; in the order of the wire. W: writable through the API, and then by people.
CONTACT_FIRST = """
    role                     | Contact role                  | string  | W |
    name                     | Name                          | string  | W | W
    owner_id                 | Owner                         | integer | W |
    email                    | Email                         | string  | W | W
    phone                    | Phone                         | string  | W | W
    external_id              | User ID                       | string  | W |
    created_at               | First Seen                    | date    |   |
    signed_up_at             | Signed up                     | date    | W |
    last_seen_at             | Last seen                     | date    | W |
    last_contacted_at        | Last contacted                | date    |   |
    last_replied_at          | Last heard from               | date    |   |
    last_email_opened_at     | Last opened email             | date    |   |
    last_email_clicked_at    | Last clicked on link in email | date    |   |
    location.country         | Country                       | string  |   |
    location.region          | Region                        | string  |   |
    location.city            | City                          | string  |   |
    browser_language         | Browser Language              | string  |   |
    language_override        | Language Override             | string  |   |
    browser                  | Browser                       | string  |   |
    browser_version          | Browser Version               | string  |   |
    os                       | OS                            | string  |   |
    unsubscribed_from_emails | Unsubscribed from Emails      | boolean | W |
    marked_email_as_spam     | Marked email as spam          | boolean |   |
    has_hard_bounced         | Has hard bounced              | boolean |   |
"""
CONTACT_LAST = """
    id                       | ID                            | string  |   |
    avatar                   | Avatar image url              | string  | W |
    updated_at               | Updated at                    | date    |   |
    workspace_id             | Workspace ID                  | string  |   |
    android_app_name         | Android App name              | string  |   |
    android_app_version      | Android App version           | string  |   |
    android_device           | Android device                | string  |   |
    android_os_version       | Android OS version            | string  |   |
    android_sdk_version      | Android SDK version           | string  |   |
    android_last_seen_at     | Last seen on Android          | date    |   |
    ios_app_name             | iOS App name                  | string  |   |
    ios_app_version          | iOS App version               | string  |   |
    ios_device               | iOS device                    | string  |   |
    ios_os_version           | iOS OS version                | string  |   |
    ios_sdk_version          | iOS SDK version               | string  |   |
    ios_last_seen_at         | Last seen on iOS              | date    |   |
"""
COMPANY_FIRST = """
    name                     | Company name                  | string  | W |
    company_id               | Company ID                    | string  |   |
    last_request_at          | Company last seen             | date    |   |
    remote_created_at        | Company created at            | date    | W |
    user_count               | People                        | integer |   |
    session_count            | Company web sessions          | integer |   |
    plan.name                | Plan                          | string  |   |
    monthly_spend            | Monthly Spend                 | float   | W |
    size                     | Company size                  | integer | W |
    industry                 | Company industry              | string  | W |
    website                  | Company website               | string  | W |
"""
COMPANY_LAST = """
    id                       | ID                            | string  |   |
    created_at               | Created at                    | date    |   |
    updated_at               | Updated at                    | date    |   |
    plan.id                  | Plan ID                       | string  |   |
    app_id                   | App ID                        | string  |   |
"""


def rows(table: str) -> list[tuple[str, str, str, bool, bool]]:
    lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [(name, label, kind, api == "W", ui == "W") for name, label, kind, api, ui in lines]


def shown(attribute: Json) -> tuple[str, str, str, bool, bool]:
    keys = ("full_name", "label", "data_type", "api_writable", "ui_writable")
    full_name, label, data_type, api, ui = (attribute[key] for key in keys)
    return full_name, label, data_type, api, ui


@pytest.fixture
def world(api: httpx.Client) -> World:
    return World(api)


def create(api: httpx.Client, name: str = "Ring", **values: Any) -> Json:
    body = {"name": name, "model": "contact", "data_type": "string", **values}
    return body_of(api.post("/data_attributes", json=body))


def change(api: httpx.Client, attribute: Json, **values: Any) -> httpx.Response:
    return api.put(f"/data_attributes/{attribute['id']}", json=values)


def listed(api: httpx.Client, **params: Any) -> list[Json]:
    body = body_of(api.get("/data_attributes", params=params))
    assert list(body) == ["type", "data"]
    assert body["type"] == "list"
    data: list[Json] = body["data"]
    return data


def customs(api: httpx.Client, **params: Any) -> list[Json]:
    return [attribute for attribute in listed(api, **params) if attribute["custom"]]


# The built-in ones


@pytest.mark.parametrize(
    ("model", "first", "last"),
    [("contact", CONTACT_FIRST, CONTACT_LAST), ("company", COMPANY_FIRST, COMPANY_LAST), ("conversation", "", "")],
)
def test_builtin_attributes_stand_in_the_order_of_the_wire(
    api: httpx.Client, model: str, first: str, last: str
) -> None:
    assert [shown(attribute) for attribute in listed(api, model=model)] == [*rows(first), *rows(last)]


@pytest.mark.parametrize("model", ["contact", "company"])
def test_builtin_attribute_has_what_is_recorded_and_nothing_more(api: httpx.Client, model: str) -> None:
    for attribute in listed(api, model=model):
        assert set(attribute) == set(BUILTIN_KEYS)
        fixed = {key: attribute[key] for key in ("type", "custom", "archived", "messenger_writable", "model")}
        assert fixed == {
            "type": "data_attribute",
            "custom": False,
            "archived": False,
            "messenger_writable": True,
            "model": model,
        }
        assert attribute["name"] == attribute["full_name"].split(".")[-1]
        assert attribute["description"]


@pytest.mark.parametrize("model", ["contact", "company"])
def test_custom_attributes_stand_among_the_builtin_ones_by_id(api: httpx.Client, model: str) -> None:
    made = [create(api, name, model=model)["full_name"] for name in ("Zebra", "Apple")]
    first, last = {"contact": (CONTACT_FIRST, CONTACT_LAST), "company": (COMPANY_FIRST, COMPANY_LAST)}[model]
    expected = [*(row[0] for row in rows(first)), *made, *(row[0] for row in rows(last))]
    assert [attribute["full_name"] for attribute in listed(api, model=model)] == expected


def test_without_a_model_all_models_are_listed(api: httpx.Client) -> None:
    for model in ("company", "contact"):
        create(api, f"Ring of {model}", model=model)
    expected = [attribute for model in ("contact", "company") for attribute in listed(api, model=model)]
    assert listed(api) == expected


@pytest.mark.parametrize("model", ["user", "", "Contact", "x" * 500])
def test_unknown_model_is_not_listed(api: httpx.Client, model: str) -> None:
    answer = api.get("/data_attributes", params={"model": model})
    assert error_of(answer) == (400, "parameter_invalid", "model must be contact, company or conversation")


# Making one


@pytest.mark.parametrize("model", ["contact", "company"])
def test_new_attribute_has_its_defaults(api: httpx.Client, world: World, model: str) -> None:
    set_clock(api, 1_750_000_000)
    made = create(api, "Mithril Shirt", model=model)
    assert made == {
        "type": "data_attribute",
        "id": made["id"],
        "name": "Mithril Shirt",
        "full_name": "custom_attributes.Mithril Shirt",
        "label": "Mithril Shirt",
        "data_type": "string",
        "api_writable": True,
        "ui_writable": False,
        "messenger_writable": False,
        "custom": True,
        "archived": False,
        "admin_id": world.admin_id(),
        "created_at": pytest.approx(1_750_000_000, abs=30),
        "updated_at": made["created_at"],
        "model": model,
    }
    assert isinstance(made["id"], int)
    assert customs(api) == [made]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [(kind, kind) for kind in ("string", "integer", "float", "boolean", "date")] + [("datetime", "date")],
)
def test_types_are_kept_in_the_words_of_the_answers(api: httpx.Client, sent: str, answered: str) -> None:
    assert create(api, data_type=sent)["data_type"] == answered


@pytest.mark.parametrize("options", [["1-10", "11-20"], [{"value": "1-10"}, {"value": "11-20"}, {"value": "1-10"}]])
@pytest.mark.parametrize("data_type", ["string", "options"])
def test_options_are_answered_as_strings_in_their_order(api: httpx.Client, options: list[Any], data_type: str) -> None:
    made = create(api, options=options, data_type=data_type)
    assert (made["data_type"], made["options"]) == ("string", ["1-10", "11-20"])


def test_description_is_there_once_it_was_given(api: httpx.Client) -> None:
    made = create(api, description="", messenger_writable=True)
    assert (made["description"], made["messenger_writable"]) == ("", True)
    assert "description" not in create(api, "Other")


@pytest.mark.parametrize(
    "name", ["With spaces", "under_score", "hyphen-ated", "50€", "£₹₿", "Größe", "年齢", "x" * 190]
)
def test_name_may_have_letters_digits_and_currency_signs(api: httpx.Client, name: str) -> None:
    assert create(api, f" {name} ")["name"] == name


BAD_NAME = "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens"
TOO_FEW = "You must have at least two options on a list type data attribute"
ILL_FORMED: list[tuple[Json, tuple[str, str]]] = [
    *(({"name": name}, ("parameter_invalid", BAD_NAME)) for name in ("!nv@l!d n@me", "a.b", "a/b", "tab\tbed", "🙂")),
    *(({"name": name}, ("parameter_not_found", "Name is a required parameter.")) for name in (None, "", "  ")),
    ({"name": "x" * 191}, ("parameter_invalid", "name must be at most 190 characters long")),
    ({"name": 7}, ("parameter_invalid", "name must be a string or null, not an integer")),
    *(
        ({"model": model}, ("parameter_invalid", "The Data Attribute model field must be either contact or company"))
        for model in (None, "user", "conversation", "")
    ),
    *(
        ({"data_type": kind}, ("parameter_invalid", "Data Type isn't an option"))
        for kind in (None, "mithril", "", "String")
    ),
    *(
        ({"options": options}, ("parameter_invalid", "Options isn't an array"))
        for options in ("1-10", 7, {"value": "1-10"})
    ),
    *(
        ({"options": options}, ("parameter_invalid", TOO_FEW))
        for options in ([], ["1-10"], ["1-10", "1-10"], [{"value": "1-10"}])
    ),
    *(
        ({"options": options}, ("parameter_invalid", "options must be strings of 1 to 255 characters"))
        for options in ([1, 2], ["a", None], ["a", ""], ["a", "x" * 256], [{"value": "a"}, {"name": "b"}])
    ),
    ({"options": [str(n) for n in range(251)]}, ("parameter_invalid", "options must be at most 250")),
    (
        {"options": ["1", "2"], "data_type": "integer"},
        ("parameter_invalid", "options are only for data attributes of the type string"),
    ),
    ({"data_type": "options"}, ("parameter_invalid", TOO_FEW)),
    ({"messenger_writable": "yes"}, ("parameter_invalid", "messenger_writable must be a boolean, not a string")),
]


@pytest.mark.parametrize(("wrong", "expected"), ILL_FORMED)
def test_ill_formed_attribute_is_refused_in_the_words_of_the_reference(
    api: httpx.Client, wrong: Json, expected: tuple[str, str]
) -> None:
    body = {"name": "Ring", "model": "contact", "data_type": "string", **wrong}
    assert error_of(api.post("/data_attributes", json=body)) == (400, *expected)
    assert customs(api) == []


def test_model_is_looked_at_before_everything_else(api: httpx.Client) -> None:
    answer = api.post("/data_attributes", json={"options": [{"value": "1-10"}], "archived": False})
    message = "The Data Attribute model field must be either contact or company"
    assert error_of(answer) == (400, "parameter_invalid", message)


@pytest.mark.parametrize(
    ("owner", "asked", "message"),
    [
        ("company", "contact", "your company data. To save this as new people data"),
        ("company", "company", "your company data. To save this as new company data"),
        ("contact", "contact", "your people data. To save this as new people data"),
        ("contact", "company", "your people data. To save this as new company data"),
    ],
)
def test_names_are_unique_across_models_also_of_archived_attributes(
    api: httpx.Client, owner: str, asked: str, message: str
) -> None:
    made = create(api, "The One Ring", model=owner)
    body = {"name": "The One Ring", "model": asked, "data_type": "integer"}
    expected = (400, "parameter_invalid", f"You already have 'The One Ring' in {message}, use a different name.")
    assert error_of(api.post("/data_attributes", json=body)) == expected
    body_of(change(api, made, archived=True))
    assert error_of(api.post("/data_attributes", json=body)) == expected
    assert create(api, "the one ring", model=asked)["id"] != made["id"]


@pytest.mark.parametrize(
    ("name", "model", "noun"),
    [("Name", "contact", "people"), ("email", "contact", "people"), ("Company size", "company", "company")],
)
def test_standard_names_are_taken(api: httpx.Client, name: str, model: str, noun: str) -> None:
    answer = api.post("/data_attributes", json={"name": name, "model": model, "data_type": "string"})
    message = (
        f"'{name}' is one of our standard attributes for your {noun} data. "
        f"To save this as new {noun} data, use a different name."
    )
    assert error_of(answer) == (400, "parameter_invalid", message)


def test_workspace_has_at_most_250_attributes_that_are_not_archived(
    workspace: TestWorkspace, server: RunningServer
) -> None:
    api = workspace.api
    made = create(api, "Last")
    execute(
        server.database_url,
        """
        INSERT INTO data_attributes (
            workspace_id, model, name, label, data_type, archived, admin_id, created_at, updated_at
        )
        SELECT workspace_id, CASE WHEN n % 2 = 0 THEN 'company' ELSE 'contact' END, 'Attribute ' || n, '', 'string',
               n > 245, admin_id, created_at, updated_at
        FROM data_attributes, generate_series(1, 300) n
        WHERE workspace_id = $1
        """,
        workspace.id,
    )
    full = (400, "parameter_invalid", "You can have at most 250 custom data attributes")

    def attempt(number: int) -> int:
        body = {"name": f"Further {number}", "model": "company", "data_type": "string"}
        return api.post("/data_attributes", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(attempt, range(12))) == [200] * 4 + [400] * 8
    assert len(customs(api)) == 250
    body = {"name": "One too many", "model": "contact", "data_type": "string"}
    assert error_of(api.post("/data_attributes", json=body)) == full
    [archived] = [each for each in customs(api, include_archived=True) if each["name"] == "Attribute 300"]
    assert error_of(change(api, archived, archived=False)) == full
    body_of(change(api, made, archived=True))
    body_of(change(api, archived, archived=False))


# Changing one


def test_change_replaces_what_is_sent_and_keeps_the_rest(api: httpx.Client) -> None:
    made = create(api, model="company", description="Plain")
    set_clock(api, 2_000_000_000)
    changed = body_of(change(api, made, options=[{"value": "1-10"}, {"value": "11-20"}], archived=False))
    later = {"updated_at": pytest.approx(2_000_000_000, abs=30)}
    assert changed == {**made, **later, "options": ["1-10", "11-20"]}
    changed = body_of(change(api, made, description="Old", messenger_writable=True))
    assert changed == {**made, **later, "options": ["1-10", "11-20"], "description": "Old", "messenger_writable": True}
    assert customs(api) == [changed]


def test_name_type_and_model_stay(api: httpx.Client) -> None:
    made = create(api)
    changed = body_of(change(api, made, name="Other", data_type="integer", model="company", api_writable=False))
    assert changed == {**made, "updated_at": changed["updated_at"]}


@pytest.mark.parametrize("attribute_id", STRANGE_IDS)
def test_unknown_attribute_is_not_found(api: httpx.Client, attribute_id: str) -> None:
    answer = api.put(f"/data_attributes/{attribute_id}", json={"description": "Just a plain old ring"})
    assert error_of(answer) == NOT_FOUND


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("string", {"options": {"value": "1-10"}}, "Options isn't an array"),
        ("string", {"options": ["1-10"]}, TOO_FEW),
        ("integer", {"options": ["1", "2"]}, "options are only for data attributes of the type string"),
        ("string", {"archived": "yes"}, "archived must be a boolean, not a string"),
        ("string", {"description": 7}, "description must be a string or null, not an integer"),
    ],
)
def test_ill_formed_change_is_refused(api: httpx.Client, kind: str, wrong: Json, message: str) -> None:
    made = create(api, data_type=kind)
    answer = change(api, made, **{"description": "Changed", **wrong})
    assert error_of(answer) == (400, "parameter_invalid", message)
    assert customs(api) == [made]


def test_archived_attribute_is_listed_only_on_demand(api: httpx.Client) -> None:
    made, kept = create(api), create(api, "Kept", model="company")
    archived = body_of(change(api, made, archived=True))
    assert archived == {**made, "archived": True, "updated_at": archived["updated_at"]}
    assert customs(api) == customs(api, include_archived="false") == [kept]
    assert customs(api, include_archived="true") == [archived, kept]
    assert customs(api, include_archived="true", model="contact") == [archived]
    body_of(change(api, made, archived=False))
    assert [each["id"] for each in customs(api)] == [made["id"], kept["id"]]


@pytest.mark.parametrize("model", ["contact", "company"])
def test_attribute_that_segments_ask_for_is_not_archived(api: httpx.Client, world: World, model: str) -> None:
    made, other = create(api, "The One Ring", model=model), create(api, "Other", model=model)
    asks = {"field": "custom_attributes.The One Ring", "operator": "=", "value": "gold"}
    group = {"operator": "AND", "value": [asks, {"field": "name", "operator": "=", "value": "Ann"}]}
    segment = world.segment(group, person_type="user" if model == "contact" else "company")
    message = "The Data Attribute you are trying to archive has a dependant object"
    answer = change(api, made, archived=True, description="Gone")
    assert error_of(answer) == (422, "data_invalid", message)
    assert customs(api) == [made, other]
    body_of(change(api, other, archived=True))
    api.delete(f"/manage/v1/segments/{segment['id']}")
    body_of(change(api, made, archived=True))


def test_other_workspace_sees_and_changes_no_attribute(api: httpx.Client, other: TestWorkspace) -> None:
    made = create(api)
    assert customs(other.api, include_archived=True) == []
    assert error_of(change(other.api, made, archived=True)) == NOT_FOUND
    assert create(other.api)["id"] != made["id"]
    assert customs(api) == [made]


# What may be written into them

VALUES: list[tuple[str, Any, Any]] = [
    ("string", "Gold", "Gold"),
    ("string", "", ""),
    ("string", "🙂 مرحبا", "🙂 مرحبا"),
    ("string", "x" * 300, "x" * 255),
    ("integer", 7, 7),
    ("integer", -7.0, -7),
    ("integer", 2**53, 2**53),
    ("float", 2.5, 2.5),
    ("float", 7, 7),
    ("boolean", False, False),
    ("date", 1_750_000_000, 1_750_000_000),
    ("date", 1_750_000_000.9, 1_750_000_000),
    ("date", "1750000000", 1_750_000_000),
    ("date", "2025-06-15T15:06:40Z", 1_750_000_000),
    ("date", "2025-06-15", 1_749_945_600),
    ("date", 0, 0),
]
REFUSED: list[tuple[str, Any]] = [
    ("string", 7),
    ("string", True),
    ("string", ["a"]),
    ("string", {"a": 1}),
    ("integer", "7"),
    ("integer", 7.5),
    ("integer", True),
    ("integer", 2**54),
    ("integer", 10**400),
    ("float", "2.5"),
    ("float", True),
    ("float", 10**400),
    ("boolean", "true"),
    ("boolean", 1),
    ("date", "tomorrow"),
    ("date", True),
    ("date", 10**400),
    ("date", []),
]


@pytest.mark.parametrize("model", ["contact", "company"])
@pytest.mark.parametrize(("kind", "sent", "kept"), VALUES, ids=lambda value: repr(value)[:20])
def test_value_of_its_type_is_kept(
    api: httpx.Client, world: World, model: str, kind: str, sent: Any, kept: Any
) -> None:
    create(api, "Ring", model=model, data_type=kind)
    make = world.user if model == "contact" else world.company
    made = make(custom_attributes={"Ring": sent})
    assert made["custom_attributes"] == {"Ring": kept}
    assert type(made["custom_attributes"]["Ring"]) is type(kept)
    assert body_of(api.get(f"{PATHS[model]}/{made['id']}"))["custom_attributes"] == {"Ring": kept}


@pytest.mark.parametrize("model", ["contact", "company"])
@pytest.mark.parametrize(("kind", "sent"), REFUSED, ids=lambda value: repr(value)[:20])
def test_value_of_another_type_is_refused_and_nothing_is_written(
    api: httpx.Client, world: World, model: str, kind: str, sent: Any
) -> None:
    create(api, "Ring", model=model, data_type=kind)
    made = (world.user if model == "contact" else world.company)(name="Ann")
    path = f"{PATHS[model]}/{made['id']}"
    expected = (400, "parameter_invalid", f"Ring must be of type {kind}")
    change = {"name": "Ben", "custom_attributes": {"Ring": sent}}
    assert error_of(api.put(path, json=change)) == expected
    assert (
        error_of(api.post(PATHS[model], json={"external_id" if model == "contact" else "company_id": "n", **change}))
        == expected
    )
    shown = body_of(api.get(path))
    assert (shown["name"], shown["custom_attributes"]) == ("Ann", {})


@pytest.mark.parametrize("model", ["contact", "company"])
def test_list_takes_one_of_its_options(api: httpx.Client, world: World, model: str) -> None:
    create(api, "Ring", model=model, options=["gold", "iron"])
    make = world.user if model == "contact" else world.company
    made = make(custom_attributes={"Ring": "gold"})
    path = f"{PATHS[model]}/{made['id']}"
    for wrong in ("Gold", "brass", "", 7, ["gold"], {"value": "gold"}, True):
        answer = api.put(path, json={"custom_attributes": {"Ring": wrong}})
        assert error_of(answer) == (400, "parameter_invalid", "Ring must be one of: gold, iron")
    assert body_of(api.get(path))["custom_attributes"] == {"Ring": "gold"}
    assert body_of(api.put(path, json={"custom_attributes": {"Ring": "iron"}}))["custom_attributes"] == {"Ring": "iron"}


@pytest.mark.parametrize("model", ["contact", "company"])
def test_attribute_once_set_stays_listed_and_null_clears_it(api: httpx.Client, world: World, model: str) -> None:
    for name in ("Ring", "Sword"):
        create(api, name, model=model)
    make = world.user if model == "contact" else world.company
    made = make(custom_attributes={"Ring": "gold"})
    path = f"{PATHS[model]}/{made['id']}"
    for sent, kept in (
        ({"Sword": "Sting"}, {"Ring": "gold", "Sword": "Sting"}),
        ({"Ring": None}, {"Ring": None, "Sword": "Sting"}),
        ({}, {"Ring": None, "Sword": "Sting"}),
        (None, {"Ring": None, "Sword": "Sting"}),
    ):
        assert body_of(api.put(path, json={"custom_attributes": sent}))["custom_attributes"] == kept


@pytest.mark.parametrize("model", ["contact", "company"])
def test_only_defined_attributes_of_the_model_that_are_not_archived_are_written(
    api: httpx.Client, world: World, model: str
) -> None:
    create(api, "Theirs", model="company" if model == "contact" else "contact")
    archived = create(api, "Archived", model=model)
    create(api, "Ring", model=model)
    make = world.user if model == "contact" else world.company
    made = make(custom_attributes={"Archived": "before"})
    path = f"{PATHS[model]}/{made['id']}"
    body_of(change(api, archived, archived=True))
    for name in ("Theirs", "Archived", "Nobody's", "ring", "custom_attributes.Ring", ""):
        answer = api.put(path, json={"custom_attributes": {"Ring": "gold", name: "x"}})
        assert error_of(answer) == (400, "parameter_invalid", f"Custom attribute '{name}' does not exist")
        assert "Ring" not in body_of(api.get(path))["custom_attributes"]
    body_of(change(api, archived, archived=False))
    kept = body_of(api.put(path, json={"custom_attributes": {"Archived": "after"}}))["custom_attributes"]
    assert kept == {"Archived": "after"}


@pytest.mark.parametrize(
    ("name", "sent"),
    [("size", "9" * 5000), ("size", 10**400), ("monthly_spend", 10**400)],
    ids=["digits", "size", "monthly_spend"],
)
def test_builtin_number_that_is_too_large_is_refused_by_name(api: httpx.Client, name: str, sent: Any) -> None:
    status, code, message = error_of(api.post("/companies", json={"company_id": "7", name: sent}))
    assert (status, code, message.split()[0]) == (400, "parameter_invalid", name)
