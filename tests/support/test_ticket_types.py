"""Ticket types and their attributes over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from callbox.support.ticket_types import service
from callbox.support.ticket_types.schemas import CreateAttributeRequest, UpdateAttributeRequest
from callbox.workspace.workspaces import operator_caller
from tests.conftest import RunningServer, TestWorkspace
from tests.support.conversations import Desk, error_of, inside
from tests.support.tickets import TicketDesk

Json = dict[str, Any]


@pytest.fixture
def desk(api: httpx.Client) -> TicketDesk:
    """Makes ticket types and tickets."""
    return TicketDesk(api)


def _made(desk: TicketDesk, **values: Any) -> Json:
    made: Json = desk.call("GET", f"/ticket_types/{desk.ticket_type(**values)}")
    return made


def _attributes(ticket_type: Json) -> list[Json]:
    return list(ticket_type["ticket_type_attributes"]["data"])


# Types


def test_a_new_workspace_has_a_type_of_each_category(api: httpx.Client) -> None:
    answer = api.get("/ticket_types").json()
    assert answer["type"] == "list"
    assert sorted(each["category"] for each in answer["data"]) == ["Back-office", "Customer", "Tracker"]


def test_a_type_has_defaults_and_begins_with_title_and_description(desk: TicketDesk, workspace: TestWorkspace) -> None:
    made = desk.post("/ticket_types", {"name": "Bug"})
    title, description = _attributes(made)
    shown = {key: made[key] for key in ("type", "name", "description", "icon", "category", "is_internal", "archived")}
    assert shown == {
        "type": "ticket_type",
        "name": "Bug",
        "description": "",
        "icon": "🎟️",
        "category": "Customer",
        "is_internal": False,
        "archived": False,
    }
    assert made["workspace_id"] == workspace.id
    assert made["created_at"] == made["updated_at"]
    assert {key: value for key, value in title.items() if key not in {"id", "created_at", "updated_at"}} == {
        "type": "ticket_type_attribute",
        "workspace_id": workspace.id,
        "name": "_default_title_",
        "description": "",
        "data_type": "string",
        "input_options": {"multiline": False},
        "order": 0,
        "required_to_create": False,
        "required_to_create_for_contacts": False,
        "visible_on_create": True,
        "visible_to_contacts": True,
        "default": True,
        "ticket_type_id": int(made["id"]),
        "archived": False,
    }
    assert (description["name"], description["input_options"], description["order"]) == (
        "_default_description_",
        {"multiline": True},
        1,
    )
    assert desk.call("GET", f"/ticket_types/{made['id']}") == made


def test_what_is_sent_of_a_type_changes_and_the_rest_stays(desk: TicketDesk) -> None:
    made = _made(desk, category="Tracker", description="Old")
    sent = {"name": "New", "icon": "🐞", "archived": True, "is_internal": True}
    changed = desk.call("PUT", f"/ticket_types/{made['id']}", json=sent)
    assert changed == {**made, **sent, "updated_at": changed["updated_at"]}
    assert changed in desk.call("GET", "/ticket_types")["data"]
    assert desk.call("PUT", f"/ticket_types/{made['id']}", json={"category": "Customer"})["category"] == "Customer"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({}, "parameter_not_found", "name is a required parameter"),
        ({"name": " "}, "parameter_invalid", "name must not be blank"),
        ({"name": 7}, "parameter_invalid", "name must be a string, not an integer"),
        ({"name": "x", "category": "customer"}, "parameter_invalid", "category: invalid enum value 'customer'"),
        ({"name": "x", "is_internal": "yes"}, "parameter_invalid", "is_internal must be a boolean, not a string"),
        ({"name": "x", "icon": ""}, "parameter_invalid", "icon must not be blank"),
    ],
)
def test_a_type_that_cannot_be_is_refused_by_field(api: httpx.Client, body: Json, code: str, message: str) -> None:
    assert error_of(api.post("/ticket_types", json=body)) == (400, code, message)


@pytest.mark.parametrize("id_", ["123456789", "x", "-1", "9" * 40])
def test_unknown_types_and_attributes_are_not_found(api: httpx.Client, desk: TicketDesk, id_: str) -> None:
    not_found = (404, "not_found", "Resource Not Found")
    attribute = {"name": "x", "description": "x", "data_type": "string"}
    assert error_of(api.get(f"/ticket_types/{id_}")) == not_found
    assert error_of(api.put(f"/ticket_types/{id_}", json={"name": "x"})) == not_found
    assert error_of(api.post(f"/ticket_types/{id_}/attributes", json=attribute)) == not_found
    known = desk.ticket_type()
    assert error_of(api.put(f"/ticket_types/{known}/attributes/{id_}", json={})) == not_found


def test_a_type_of_another_workspace_is_not_found(api: httpx.Client, other: TestWorkspace) -> None:
    theirs = _made(TicketDesk(other.api))
    title = _attributes(theirs)[0]
    assert api.get(f"/ticket_types/{theirs['id']}").status_code == 404
    assert api.put(f"/ticket_types/{theirs['id']}/attributes/{title['id']}", json={}).status_code == 404
    assert theirs["id"] not in [each["id"] for each in api.get("/ticket_types").json()["data"]]


# Attributes


@pytest.mark.parametrize(
    ("body", "input_options"),
    [
        ({"data_type": "string"}, {"multiline": False}),
        ({"data_type": "string", "multiline": True}, {"multiline": True}),
        ({"data_type": "integer", "multiline": True}, None),
        ({"data_type": "decimal"}, None),
        ({"data_type": "boolean"}, None),
        ({"data_type": "datetime"}, None),
        ({"data_type": "files"}, {"allow_multiple_values": False}),
        ({"data_type": "files", "allow_multiple_values": True}, {"allow_multiple_values": True}),
    ],
)
def test_an_attribute_has_the_input_options_of_its_data_type(
    desk: TicketDesk, body: Json, input_options: Json | None
) -> None:
    made = desk.field(desk.ticket_type(), "Field", **body)
    assert made["input_options"] == input_options


def test_attributes_come_in_the_order_in_which_they_were_made(desk: TicketDesk) -> None:
    type_id = desk.ticket_type()
    made = [desk.field(type_id, name) for name in ("First", "Second")]
    assert [each["order"] for each in made] == [2, 3]
    assert _attributes(desk.call("GET", f"/ticket_types/{type_id}"))[2:] == made
    flags = ("required_to_create", "required_to_create_for_contacts", "visible_on_create", "visible_to_contacts")
    assert [made[0][flag] for flag in flags] == [False, False, True, True]
    assert (made[0]["default"], made[0]["ticket_type_id"]) == (False, int(type_id))


def test_list_items_keep_their_ids_while_they_stay(desk: TicketDesk) -> None:
    type_id = desk.ticket_type()
    made = desk.field(type_id, "Priority", data_type="list", list_items="Low, Medium ,High,")
    before = {each["label"]: each["id"] for each in made["input_options"]["list_options"]}
    assert list(before) == ["Low", "Medium", "High"]
    url = f"/ticket_types/{type_id}/attributes/{made['id']}"
    changed = desk.call("PUT", url, json={"list_items": "Urgent,Low"})["input_options"]["list_options"]
    assert [each["label"] for each in changed] == ["Urgent", "Low"]
    assert changed[1]["id"] == before["Low"]
    again = desk.call("PUT", url, json={"list_items": "High"})["input_options"]["list_options"]
    assert again == [{"id": before["High"], "label": "High"}]
    assert desk.call("PUT", url, json={"description": "x"})["input_options"]["list_options"] == again


def test_what_is_sent_of_an_attribute_changes_and_the_rest_stays(desk: TicketDesk) -> None:
    type_id = desk.ticket_type()
    made = desk.field(type_id, "Field", description="Old", multiline=True)
    sent = {"name": "Other", "required_to_create": True, "visible_to_contacts": False, "archived": True}
    changed = desk.call("PUT", f"/ticket_types/{type_id}/attributes/{made['id']}", json=sent)
    assert changed == {**made, **sent, "updated_at": changed["updated_at"]}


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"name": None}, "parameter_invalid", "name must be a string, not null"),
        ({"data_type": "date"}, "parameter_invalid", "data_type: invalid enum value 'date'"),
        ({"data_type": "list"}, "parameter_not_found", "list_items is a required parameter"),
        ({"data_type": "list", "list_items": " , "}, "parameter_invalid", "list_items must name 1 to 500 items"),
        ({"data_type": "list", "list_items": "a,b,a"}, "parameter_invalid", "list_items must name each item once"),
        ({"data_type": "list", "list_items": "a" * 256}, "parameter_invalid", "list_items must be at most 255"),
        ({"name": "_default_title_"}, "parameter_invalid", "name is taken by another attribute of this ticket type"),
        ({"required_to_create": 1}, "parameter_invalid", "required_to_create must be a boolean, not an integer"),
    ],
)
def test_an_attribute_that_cannot_be_is_refused_by_field(
    api: httpx.Client, desk: TicketDesk, body: Json, code: str, message: str
) -> None:
    sent = {"name": "Field", "description": "x", "data_type": "string", **body}
    status, found, text = error_of(api.post(f"/ticket_types/{desk.ticket_type()}/attributes", json=sent))
    assert (status, found) == (400, code)
    assert text.startswith(message)


def test_a_name_is_free_again_once_its_attribute_is_archived(api: httpx.Client, desk: TicketDesk) -> None:
    url = f"/ticket_types/{desk.ticket_type()}/attributes"
    first = desk.post(url, {"name": "Field", "description": "", "data_type": "string"})
    again = {"name": "Field", "description": "", "data_type": "integer"}
    assert error_of(api.post(url, json=again))[1] == "parameter_invalid"
    desk.call("PUT", f"{url}/{first['id']}", json={"archived": True})
    desk.post(url, again)
    refused = api.put(f"{url}/{first['id']}", json={"archived": False})
    assert error_of(refused) == (400, "parameter_invalid", "name is taken by another attribute of this ticket type")


@pytest.mark.parametrize("body", [{"name": "Subject"}, {"archived": True}])
def test_default_attributes_stay(api: httpx.Client, desk: TicketDesk, body: Json) -> None:
    made = _made(desk)
    url = f"/ticket_types/{made['id']}/attributes/{_attributes(made)[0]['id']}"
    assert error_of(api.put(url, json=body))[:2] == (400, "parameter_invalid")
    assert desk.call("PUT", url, json={"required_to_create": True, "archived": False})["required_to_create"] is True


def test_a_type_has_only_so_many_live_attributes(
    quiet_desk: Desk, quiet: TestWorkspace, quiet_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_ATTRIBUTES", 4)
    type_id = TicketDesk(quiet_desk.api).ticket_type()

    async def make(number: int) -> str:
        caller = await operator_caller(quiet.id)
        return (
            await service.create_attribute(caller, type_id, CreateAttributeRequest(f"Field {number}", "", "string"))
        ).id

    async def archive(attribute_id: str, *, archived: bool) -> None:
        caller = await operator_caller(quiet.id)
        await service.update_attribute(caller, type_id, attribute_id, UpdateAttributeRequest(archived=archived))

    async def fill() -> None:
        first, _ = await make(1), await make(2)
        with pytest.raises(service.TooManyAttributes):
            await make(3)
        await archive(first, archived=True)
        await make(4)
        with pytest.raises(service.TooManyAttributes):
            await archive(first, archived=False)

    inside(quiet_server.database_url, fill)


def test_attributes_made_at_once_have_an_order_each_and_a_name_once(api: httpx.Client, desk: TicketDesk) -> None:
    url = f"/ticket_types/{desk.ticket_type()}/attributes"

    def make(number: int) -> httpx.Response:
        return api.post(url, json={"name": f"Field {number % 8}", "description": "", "data_type": "string"})

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(make, range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 8 + [400] * 8
    assert sorted(answer.json()["order"] for answer in answers if answer.is_success) == list(range(2, 10))
