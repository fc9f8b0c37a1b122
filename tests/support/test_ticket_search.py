"""Searching tickets: every field, by pages, and what is refused."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, TestWorkspace, new_workspace
from tests.support.conversations import MORNING, error_of
from tests.support.tickets import DESCRIPTION, TITLE, Json, TicketDesk


@pytest.fixture
def desk(api: httpx.Client) -> TicketDesk:
    """A workspace with tickets."""
    return TicketDesk(api)


def _filter(field: str, operator: str, value: Any) -> Json:
    return {"field": field, "operator": operator, "value": value}


def _search(desk: TicketDesk, query: Json, **values: Any) -> Json:
    return desk.post("/tickets/search", {"query": query, **values})


def _found(desk: TicketDesk, field: str, operator: str, value: Any) -> set[str]:
    return {each["id"] for each in _search(desk, _filter(field, operator, value))["tickets"]}


@pytest.fixture(scope="module")
def library(server: RunningServer) -> Iterator[TicketDesk]:
    """A workspace that tests only read."""
    workspace = new_workspace(server)
    with workspace.api:
        yield TicketDesk(workspace.api)


@pytest.fixture(scope="module")
def tickets(library: TicketDesk) -> dict[str, Json]:
    """Two tickets that differ in everything that can be searched, and a conversation that is none."""
    desk = library
    desk.clock(MORNING)
    one = desk.ticket(
        desk.ticket_type("Customer"),
        created_at=MORNING - 7200,
        ticket_attributes={TITLE: "Two Seats", DESCRIPTION: "The invoice shows 100% more"},
    )
    two = desk.ticket(desk.ticket_type("Tracker"), ticket_attributes={TITLE: "Outage"})
    team = desk.team_of(desk.me)
    desk.update(one["id"], state="in_progress", open=False)
    desk.update(two["id"], assignment={"admin_id": desk.me, "assignee_id": team})
    two = desk.update(two["id"], assignment={"admin_id": desk.me, "assignee_id": desk.me}, snoozed_until=MORNING + 3600)
    desk.start()
    return {"one": desk.read(one["id"]), "two": two}


@pytest.mark.parametrize(
    ("field", "operator", "value", "found"),
    [
        ("id", "=", "{one[id]}", "one"),
        ("id", "IN", ["{one[id]}", "{two[id]}", "x"], "one two"),
        ("id", ">", "", "one two"),
        ("title", "=", "two seats", "one"),
        ("title", "~", "SEAT", "one"),
        ("title", "!~", "seat", "two"),
        ("title", "^", "out", "two"),
        ("title", "$", "age", "two"),
        (TITLE, "=", "two seats", "one"),
        ("description", "~", "100%", "one"),
        ("description", "=", None, "two"),
        ("description", "!=", None, "one"),
        ("category", "=", "Tracker", "two"),
        ("category", "IN", ["Customer", "Back-office"], "one"),
        ("category", "!=", "Customer", "two"),
        ("ticket_type_id", "=", "{one[ticket_type][id]}", "one"),
        ("ticket_type_id", "NIN", ["{one[ticket_type][id]}"], "two"),
        ("contact_ids", "=", "{one[contacts][contacts][0][id]}", "one"),
        ("contact_ids", "NIN", ["{one[contacts][contacts][0][id]}"], "two"),
        ("teammate_ids", "=", "{two[admin_assignee_id]}", "two"),
        ("admin_assignee_id", "=", "{two[admin_assignee_id]}", "two"),
        ("admin_assignee_id", "=", "0", "one"),
        ("admin_assignee_id", "=", 0, "one"),
        ("admin_assignee_id", "=", None, "one"),
        ("admin_assignee_id", "!=", "0", "two"),
        ("admin_assignee_id", "IN", ["0", "{two[admin_assignee_id]}"], "one two"),
        ("team_assignee_id", "=", "{two[team_assignee_id]}", "two"),
        ("team_assignee_id", "NIN", ["0"], "two"),
        ("created_at", "<", MORNING - 7200, "one"),
        ("created_at", "<=", str(MORNING - 7200), "one"),
        ("created_at", ">", MORNING - 7199, "two"),
        ("created_at", ">=", MORNING - 7200, "one two"),
        ("updated_at", ">", MORNING - 60, "one two"),
        ("updated_at", "<", MORNING - 60, ""),
        ("snoozed_until", "=", MORNING + 3600, "two"),
        ("snoozed_until", "=", None, "one"),
        ("open", "=", True, "two"),
        ("open", "=", "false", "one"),
        ("open", "!=", True, "one"),
        ("state", "=", "in_progress", "one"),
        ("state", "IN", ["submitted", "resolved"], "two"),
        ("state", "!=", "submitted", "one"),
    ],
)
def test_a_field_finds(
    library: TicketDesk, tickets: dict[str, Json], field: str, operator: str, value: Any, found: str
) -> None:
    def filled(item: Any) -> Any:
        if isinstance(item, list):
            return [filled(each) for each in item]
        return item.format(**tickets) if isinstance(item, str) else item

    expected = {tickets[name]["id"] for name in found.split()}
    assert _found(library, field, operator, filled(value)) == expected


def test_what_is_found_is_what_is_read(library: TicketDesk, tickets: dict[str, Json]) -> None:
    found = _search(library, _filter("id", "=", tickets["two"]["id"]), pagination={"per_page": 5})
    assert found == {
        "type": "ticket.list",
        "pages": {"type": "pages", "page": 1, "per_page": 5, "total_pages": 1},
        "total_count": 1,
        "tickets": [tickets["two"]],
    }


@pytest.mark.parametrize(
    ("data_type", "low", "high", "operator", "value"),
    [
        ("string", "Blue", "Red", "=", "red"),
        ("string", "Blue", "Red", "~", "ED"),
        ("integer", 7, 8, ">=", 8),
        ("integer", 7, 8, "=", "8"),
        ("decimal", 7.25, 7.5, ">", 7.3),
        ("boolean", False, True, "=", "true"),
        ("datetime", MORNING, MORNING + 60, ">", MORNING + 1),
        ("datetime", MORNING, MORNING + 60, "=", str(MORNING + 60)),
        ("list", "Low", "High", "=", "High"),
        ("list", "Low", "High", "IN", ["High"]),
        ("list", "Low", "High", "=", "hIGH"),
        ("list", "Low", "High", "IN", ["high", "middling"]),
        ("list", "Low", "High", "~", "IG"),
        ("list", "Low", "High", "^", "hi"),
        ("list", "Low", "High", "$", "gh"),
    ],
)
def test_an_attribute_is_searched_by_its_id(
    desk: TicketDesk, data_type: str, low: Any, high: Any, operator: str, value: Any
) -> None:
    type_id = desk.ticket_type()
    options = {"list_items": "Low,High"} if data_type == "list" else {}
    field = desk.field(type_id, "Field", data_type=data_type, **options)
    ids = {each["label"]: each["id"] for each in (field["input_options"] or {}).get("list_options", ())}
    first, second = (
        desk.ticket(type_id, ticket_attributes={"Field": ids.get(sent, sent)})["id"] for sent in (low, high)
    )
    empty = desk.ticket(type_id)["id"]
    name = f"ticket_attribute.{field['id']}"
    assert _found(desk, name, operator, value) == {second}
    if ids:
        assert _found(desk, name, "=", ids["Low"]) == {first}
        assert _found(desk, name, "!=", "low") == {second, empty}
        assert _found(desk, name, "!~", "ow") == {second, empty}
        assert _found(desk, name, "NIN", ["LOW", None]) == {second}
        assert _found(desk, name, "!=", None) == {first, second}
        assert _found(desk, name, "=", "middling") == set()
        for unknown, wrong in ((">", "Low"), ("=", 7), ("IN", "Low"), ("=", ["Low"])):
            answer = desk.api.post("/tickets/search", json={"query": _filter(name, unknown, wrong)})
            assert answer.status_code == 400
    assert _found(desk, name, "=", None) == {empty}


def test_a_default_attribute_is_searched_by_its_id_too(desk: TicketDesk) -> None:
    ticket = desk.ticket(ticket_attributes={TITLE: "Invoice"})
    title = ticket["ticket_type"]["ticket_type_attributes"]["data"][0]
    assert _found(desk, f"ticket_attribute.{title['id']}", "=", "invoice") == {ticket["id"]}


def test_pages_go_through_all_in_both_directions(desk: TicketDesk) -> None:
    type_id, contacts = desk.ticket_type(), [{"id": desk.user()["id"]}]
    made = [desk.ticket(type_id, contacts, created_at=MORNING + number // 2)["id"] for number in range(5)]
    for order, expected in (("ascending", made), ("descending", made[::-1])):
        found: list[str] = []
        pagination: Json = {"per_page": 2}
        while pagination:
            page = _search(
                desk, _filter("id", ">", ""), sort={"field": "created_at", "order": order}, pagination=pagination
            )
            assert (page["total_count"], page["pages"]["total_pages"]) == (5, 3)
            found += [each["id"] for each in page["tickets"]]
            pagination = page["pages"].get("next")
        assert found == expected


def test_groups_combine_filters(library: TicketDesk, tickets: dict[str, Json]) -> None:
    either = [_filter("state", "=", "in_progress"), _filter("title", "=", "outage")]
    query = {
        "operator": "AND",
        "value": [{"operator": "OR", "value": either}, _filter("category", "=", "Tracker")],
    }
    assert [each["id"] for each in _search(library, query)["tickets"]] == [tickets["two"]["id"]]


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (_filter("ticket_id", "=", "1"), "invalid_field", "ticket_id is not a valid field"),
        (_filter("ticket_attribute.1234567", "=", "1"), "invalid_field", "ticket_attribute.1234567 is not a valid"),
        (_filter("ticket_attribute.x", "=", "1"), "invalid_field", "ticket_attribute.x is not a valid field"),
        (_filter("custom_attributes.x", "=", "1"), "invalid_field", "custom_attributes.x is not a valid field"),
        (_filter("created_at", "=", "foobar"), "invalid_value", "foobar is not a valid date"),
        (_filter("open", "=", "maybe"), "invalid_value", "maybe is not a valid boolean"),
        (_filter("state", ">", "a"), "invalid_operator", "state does not support operator: >"),
        (_filter("category", "~", "Cust"), "invalid_operator", "category does not support operator: ~"),
        (_filter("admin_assignee_id", "=", {}), "invalid_value", "{} is not a valid string"),
        (_filter("admin_assignee_id", "IN", 0), "invalid_value", "value must be an array"),
        (_filter("snoozed_until", ">", 10**30), "invalid_value", ""),
        ({"field": "id"}, "invalid_query", "Invalid query."),
    ],
)
def test_a_search_that_cannot_be_is_refused(library: TicketDesk, query: Json, code: str, message: str) -> None:
    status, found, text = error_of(library.api.post("/tickets/search", json={"query": query}))
    assert (status, found) == (400, code)
    assert text.startswith(message)


def test_files_cannot_be_searched(api: httpx.Client, desk: TicketDesk) -> None:
    field = desk.field(desk.ticket_type(), "Screenshot", data_type="files")
    query = _filter(f"ticket_attribute.{field['id']}", "=", "x")
    assert error_of(api.post("/tickets/search", json={"query": query}))[1] == "invalid_field"


def test_tickets_and_attributes_of_another_workspace_are_not_found(desk: TicketDesk, other: TestWorkspace) -> None:
    theirs = TicketDesk(other.api)
    made = theirs.ticket(ticket_attributes={TITLE: "Invoice"})
    title = made["ticket_type"]["ticket_type_attributes"]["data"][0]["id"]
    assert _search(desk, _filter("id", ">", ""))["tickets"] == []
    assert _found(desk, "id", "=", made["id"]) == set()
    refused = desk.api.post("/tickets/search", json={"query": _filter(f"ticket_attribute.{title}", "=", "x")})
    assert error_of(refused)[1] == "invalid_field"
