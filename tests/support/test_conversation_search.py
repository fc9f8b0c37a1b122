"""Searching conversations: every documented field, what finds it, what does not, the order and the pages."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from callbox.support.conversations.search import CONVERSATIONS
from tests.conftest import RunningServer, TestWorkspace, new_workspace
from tests.support.conversations import MORNING, Desk, Json, error_of, last_part

A_DAY = 24 * 3600
DOCUMENTED = {
    *("id", "created_at", "updated_at", "waiting_since", "snoozed_until", "open", "read", "state", "priority"),
    *(f"source.{name}" for name in ("type", "id", "delivered_as", "subject", "body", "url")),
    *(f"source.author.{name}" for name in ("id", "type", "name", "email")),
    *("contact_ids", "teammate_ids", "tag_ids", "admin_assignee_id", "team_assignee_id", "channel_initiated"),
    *(f"statistics.time_to_{name}" for name in ("assignment", "admin_reply", "first_close", "last_close")),
    *(f"statistics.first_{name}_at" for name in ("contact_reply", "assignment", "admin_reply", "close")),
    *(f"statistics.last_{name}_at" for name in ("assignment", "assignment_admin_reply", "contact_reply")),
    *("statistics.last_admin_reply_at", "statistics.last_close_at", "statistics.last_closed_by_id"),
    *("statistics.median_time_to_reply", "statistics.count_reopens", "statistics.count_assignments"),
    "statistics.count_conversation_parts",
    *(f"conversation_rating.{name}" for name in ("requested_at", "replied_at", "score", "remark", "contact_id")),
    *("conversation_rating.admin_d", "conversation_rating.admin_id", "ai_agent_participated"),
    *(f"ai_agent.{name}" for name in ("resolution_state", "last_answer_type", "rating", "rating_remark")),
    *("ai_agent.source_type", "ai_agent.source_title"),
}


def test_the_documented_fields_are_those_that_can_be_searched() -> None:
    assert set(CONVERSATIONS.fields) == DOCUMENTED


@pytest.fixture(scope="module")
def rich(server: RunningServer) -> Iterator[tuple[Desk, Json, Json]]:
    """A conversation in which everything happened, beside a plain one, in a workspace of their own."""
    workspace = new_workspace(server)
    with workspace.api:
        desk = Desk(workspace.api)
        yield desk, _rich(desk), desk.start(desk.lead()["id"], "Hello")


def _rich(desk: Desk) -> Json:
    desk.post("/manage/v1/data_attributes", {"name": "Area", "model": "conversation", "data_type": "string"})
    desk.post("/manage/v1/data_attributes", {"name": "Due", "model": "conversation", "data_type": "date"})
    desk.post("/manage/v1/data_attributes", {"name": "Seats", "model": "conversation", "data_type": "integer"})
    user = desk.user(name="Grace Example")
    conversation = desk.start(user["id"], "I need support, don't you?", subject="Two seats", created_at=MORNING)
    desk.assign(conversation, desk.team_of(desk.me), "team")
    desk.assign(conversation, desk.me)
    desk.answer(conversation)
    desk.close(conversation)
    desk.write(conversation)
    desk.answer(conversation)
    desk.close(conversation)
    desk.write(conversation)
    path = f"/conversations/{conversation['id']}"
    desk.post(f"{path}/tags", {"id": desk.tag()["id"], "admin_id": desk.me})
    attributes = {"Area": "Billing", "Due": MORNING, "Seats": 7}
    desk.call("PUT", path, json={"read": False, "custom_attributes": attributes})
    desk.call("POST", f"/manage/v1{path}/rating/request")
    desk.call("PUT", f"/manage/v1{path}/rating", json={"rating": 4, "remark": "Quick and kind"})
    return desk.snooze(conversation, 4_000_000_000)


def _value(conversation: Json, field: str) -> Any:
    """What a conversation shows where a field of the search is."""
    rating = conversation["conversation_rating"]
    special = {
        "contact_ids": conversation["contacts"]["contacts"][0]["id"],
        "teammate_ids": conversation["teammates"]["admins"][0]["id"],
        "tag_ids": (conversation["tags"]["tags"] or [{"id": ""}])[0]["id"],
        "channel_initiated": conversation["source"]["type"],
        "conversation_rating.requested_at": rating["created_at"],
        "conversation_rating.replied_at": last_part(conversation)["created_at"],
        "conversation_rating.score": rating["rating"],
        "conversation_rating.contact_id": rating["contact"]["id"],
        "conversation_rating.admin_d": rating["teammate"]["id"],
        "conversation_rating.admin_id": rating["teammate"]["id"],
    }
    if field in special:
        return special[field]
    value: Any = conversation
    for step in field.split("."):
        value = value[step]
    return value


# The first message, whose words are tested below; one that is not there to compare with; none of an AI agent.
BY_VALUE = sorted(
    field
    for field in DOCUMENTED
    if field not in {"source.body", "source.url", "conversation_rating.replied_at", "ai_agent_participated"}
    and not field.startswith("ai_agent.")
)


@pytest.mark.parametrize("field", BY_VALUE)
def test_a_conversation_is_found_by_what_it_shows(rich: tuple[Desk, Json, Json], field: str) -> None:
    desk, conversation, _ = rich
    value = _value(conversation, field)
    assert value is not None
    assert conversation["id"] in desk.found(field, "=", value)
    assert conversation["id"] in desk.found(field, "IN", [value])
    assert conversation["id"] not in desk.found(field, "!=", value)
    assert conversation["id"] not in desk.found(field, "NIN", [value])
    assert conversation["id"] in desk.found(field, "!=", None)
    as_text = str(value).lower() if isinstance(value, bool) else str(value)
    assert conversation["id"] in desk.found(field, "=", as_text)


@pytest.mark.parametrize(
    "field",
    [
        field
        for field in sorted(DOCUMENTED)
        if field.startswith(("statistics.time", "statistics.last_closed", "conversation_r"))
    ]
    + [
        "snoozed_until",
        "tag_ids",
        "teammate_ids",
        "admin_assignee_id",
        "team_assignee_id",
        "source.url",
        "ai_agent.rating",
    ],
)
def test_what_is_empty_is_found_as_null(rich: tuple[Desk, Json, Json], field: str) -> None:
    desk, _, plain = rich
    assert plain["id"] in desk.found(field, "=", None)
    assert plain["id"] not in desk.found(field, "!=", None)


@pytest.mark.parametrize("nobody", [None, 0, "0"])
def test_nobody_has_many_names(rich: tuple[Desk, Json, Json], nobody: object) -> None:
    desk, conversation, plain = rich
    for field in ("admin_assignee_id", "team_assignee_id"):
        assert desk.found(field, "=", nobody) == desk.found(field, "IN", [nobody]) == {plain["id"]}
        assert desk.found(field, "!=", nobody) == desk.found(field, "NIN", [nobody]) == {conversation["id"]}
        assert desk.found(field, "IN", [nobody, conversation[field]]) == {plain["id"], conversation["id"]}


@pytest.mark.parametrize(
    ("operator", "value", "is_found"),
    [
        ("=", "support", True),
        ("=", "SUPPORT", True),
        ("=", "don't", True),
        ("=", "suppor", False),
        ("=", "need support", False),
        ("~", "support", True),
        ("~", "uppor", True),
        ("~", "need support", False),
        ("~", "need supp", False),
        ("^", "supp", True),
        ("^", "port", False),
        ("$", "port", True),
        ("$", "supp", False),
        ("!=", "support", False),
        ("!=", "invoice", True),
        ("!~", "uppor", False),
        ("!~", "invoice", True),
        ("IN", ["invoice", "need"], True),
        ("IN", ["invoice"], False),
        ("NIN", ["invoice", "need"], False),
        ("=", "", False),
        ("=", "%", False),
        ("~", "_", False),
        ("=", None, False),
        ("!=", None, True),
    ],
)
def test_the_first_message_is_searched_word_by_word(
    rich: tuple[Desk, Json, Json], operator: str, value: object, is_found: bool
) -> None:
    desk, conversation, _ = rich
    assert (conversation["id"] in desk.found("source.body", operator, value)) == is_found


def test_markup_is_no_text(desk: Desk) -> None:
    conversation = desk.start(body="Is 1 < 2 & 2 > 1 for you?")
    assert desk.found("source.body", "=", "you") == {conversation["id"]}
    for word in ("p", "lt", "amp"):
        assert desk.found("source.body", "=", word) == set()


@pytest.mark.parametrize(
    ("field", "operator", "difference", "is_found"),
    [
        ("created_at", ">", 0, True),
        ("created_at", ">", 1, False),
        ("created_at", ">=", 0, True),
        ("created_at", "<", 0, True),
        ("created_at", "<", -1, False),
        ("created_at", "<=", 0, True),
        ("created_at", "=", 1, False),
        ("custom_attributes.Due", "=", 0, True),
        ("custom_attributes.Due", ">", 1, False),
    ],
)
def test_times_are_compared_to_the_second_and_their_own_second_counts(
    rich: tuple[Desk, Json, Json], field: str, operator: str, difference: int, is_found: bool
) -> None:
    desk, conversation, _ = rich
    for value in (MORNING + difference, str(MORNING + difference)):
        assert (conversation["id"] in desk.found(field, operator, value)) == is_found


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("custom_attributes.Area", "=", "billing"),
        ("custom_attributes.Area", "~", "ill"),
        ("custom_attributes.Seats", ">", 6),
        ("custom_attributes.Seats", "IN", [7, 8]),
        ("statistics.count_reopens", ">", 0),
        ("statistics.count_assignments", ">=", "2"),
        ("source.author.name", "~", "GRACE"),
        ("source.author.name", "=", "grace example"),
        ("source.author.name", "^", "Grace"),
        ("source.author.name", "IN", ["Nobody", "Grace Example"]),
        ("source.subject", "^", "two"),
        ("open", "=", "true"),
        ("open", "IN", [True]),
        ("state", "IN", ["snoozed", "closed"]),
        ("contact_ids", "~", "own"),
        ("id", "~", "own"),
        ("ai_agent_participated", "=", False),
    ],
)
def test_more_operators(rich: tuple[Desk, Json, Json], field: str, operator: str, value: object) -> None:
    desk, conversation, plain = rich
    own = {"contact_ids": conversation["contacts"]["contacts"][0]["id"], "id": conversation["id"]}
    found = desk.found(field, operator, own[field] if value == "own" else value)
    assert conversation["id"] in found
    if field not in {"open", "ai_agent_participated"}:
        assert plain["id"] not in found


def test_an_admin_is_found_as_an_author_like_a_contact(api: httpx.Client) -> None:
    desk = Desk(api)
    me, user = desk.call("GET", "/me"), desk.user()
    sender, receiver = {"type": "admin", "id": me["id"]}, {"type": "user", "id": user["id"]}
    message = desk.post("/messages", {"message_type": "inapp", "body": "Hi", "from": sender, "to": receiver})
    by_admin = desk.post(f"/manage/v1/messages/{message['id']}/answer", {"body": "Hello"})
    by_user = desk.start(user["id"])
    for field in ("id", "name", "email"):
        author = by_admin["source"]["author"][field]
        assert desk.found(f"source.author.{field}", "=", author.upper()) == {by_admin["id"]}
        assert desk.found(f"source.author.{field}", "IN", [author]) == {by_admin["id"]}
        assert by_admin["id"] not in desk.found(f"source.author.{field}", "!=", author)
    assert desk.found("source.author.email", "=", user["email"].upper()) == {by_user["id"]}


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        (("created_at", "=", "foobar"), (400, "invalid_value", "foobar is not a valid date")),
        (("open", "=", "perhaps"), (400, "invalid_value", "perhaps is not a valid boolean")),
        (("open", "=", 1), (400, "invalid_value", "1 is not a valid boolean")),
        (("open", "=", []), (400, "invalid_value", "[] is not a valid boolean")),
        (("admin_assignee_id", "=", False), (400, "invalid_value", "false is not a valid integer")),
        (("team_assignee_id", "IN", [{}]), (400, "invalid_value", "{} is not a valid integer")),
        (("admin_assignee_id", "=", "x"), (400, "invalid_value", "x is not a valid integer")),
        (("admin_assignee_id", "~", "1"), (400, "invalid_operator", "admin_assignee_id does not support operator: ~")),
        (("tag_ids", ">", "1"), (400, "invalid_operator", "tag_ids does not support operator: >")),
        (("source.body", ">", "1"), (400, "invalid_operator", "source.body does not support operator: >")),
        (("nothing", "=", "1"), (400, "invalid_field", "nothing is not a valid field")),
        (("custom_attributes.No", "=", "1"), (400, "invalid_field", "custom_attributes.No is not a valid field")),
        (("source.body", "=", 7), (400, "invalid_value", "7 is not a valid string")),
        (("state", "IN", "open"), (400, "invalid_value", "value must be an array")),
    ],
    ids=lambda each: each[0] if isinstance(each[0], str) else "",
)
def test_a_query_that_makes_no_sense_is_refused(
    api: httpx.Client, query: tuple[str, str, object], refusal: tuple[int, str, str]
) -> None:
    sent = {"query": dict(zip(("field", "operator", "value"), query, strict=True))}
    assert error_of(api.post("/conversations/search", json=sent)) == refusal


EVERYTHING = {"field": "created_at", "operator": ">", "value": 0}
# An index leads to the same conversations, which are then found and counted at once.
EVERYTHING_BY_WORD = {"field": "source.body", "operator": "~", "value": "invoice"}


def walked(desk: Desk, query: Json, **values: Any) -> list[str]:
    """Ids of all pages of a search, two a page."""
    found: list[str] = []
    after = None
    while True:
        page = desk.search(query, pagination={"per_page": 2, "starting_after": after}, **values)
        found += [each["id"] for each in page["conversations"]]
        assert page["pages"]["total_pages"] == -(-page["total_count"] // 2)
        if "next" not in page["pages"]:
            return found
        after = page["pages"]["next"]["starting_after"]


SORTABLE = [name for name, field in CONVERSATIONS.fields.items() if field.is_sortable]


@pytest.mark.parametrize("field", SORTABLE)
@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("query", [EVERYTHING, EVERYTHING_BY_WORD])
def test_pages_follow_the_order_and_leave_nothing_out(
    several: tuple[Desk, list[Json]], query: Json, field: str, order: str
) -> None:
    desk, conversations = several
    expected = {each["id"]: _step(each, field) for each in conversations}
    found = walked(desk, query, sort={"field": field, "order": order})
    assert sorted(found) == sorted(expected)
    values = [expected[each] for each in found if expected[each] is not None]
    assert values == sorted(values, reverse=order == "descending")
    assert all(expected[each] is None for each in found[len(values) :])


def _step(conversation: Json, field: str) -> Any:
    value: Any = conversation
    for step in field.split("."):
        value = value[step]
    return int(value) if field == "id" else value


@pytest.fixture(scope="module")
def several(server: RunningServer) -> Iterator[tuple[Desk, list[Json]]]:
    """Five conversations at different stages."""
    workspace = new_workspace(server)
    with workspace.api:
        desk = Desk(workspace.api)
        made = [desk.start(created_at=MORNING + number * A_DAY) for number in range(5)]
        desk.answer(made[3], created_at=MORNING + 4 * A_DAY)
        desk.answer(made[1], created_at=MORNING + 5 * A_DAY)
        desk.assign(made[2], desk.me)
        desk.close(made[1])
        desk.snooze(made[3], 4_000_000_000)
        desk.snooze(made[4], 4_000_000_001)
        yield desk, [desk.get(each["id"]) for each in made]


def test_without_a_wish_the_latest_change_comes_first(several: tuple[Desk, list[Json]]) -> None:
    desk, conversations = several
    latest_first = sorted(conversations, key=lambda each: (each["updated_at"], int(each["id"])), reverse=True)
    assert [each["id"] for each in desk.search(EVERYTHING)["conversations"]] == [each["id"] for each in latest_first]


def test_items_are_those_of_lists_and_the_size_is_echoed_as_sent(several: tuple[Desk, list[Json]]) -> None:
    desk, conversations = several
    found = desk.search(EVERYTHING, pagination={"per_page": 5})
    assert found["pages"] == {"type": "pages", "page": 1, "per_page": 5, "total_pages": 1}
    assert (found["type"], found["total_count"]) == ("conversation.list", 5)
    listed = desk.call("GET", "/conversations", params={"per_page": "5"})
    assert found["conversations"] == listed["conversations"]
    whole = {each["id"]: each for each in conversations}
    for each in found["conversations"]:
        assert "conversation_parts" not in each
        assert each == {key: value for key, value in whole[each["id"]].items() if key != "conversation_parts"}


@pytest.mark.parametrize("per_page", [0, -1, 151, "many"])
def test_a_page_has_1_to_150(api: httpx.Client, per_page: object) -> None:
    sent = {"query": EVERYTHING, "pagination": {"per_page": per_page}}
    assert error_of(api.post("/conversations/search", json=sent))[:2] == (400, "parameter_invalid")


def test_a_cursor_of_another_search_or_workspace_is_refused(
    several: tuple[Desk, list[Json]], other: TestWorkspace
) -> None:
    desk, _ = several
    cursor = desk.search(EVERYTHING, pagination={"per_page": 1})["pages"]["next"]["starting_after"]
    another = {"query": {**EVERYTHING, "value": 1}, "pagination": {"starting_after": cursor}}
    same = {"query": EVERYTHING, "pagination": {"starting_after": cursor}}
    for api, sent in ((desk.api, another), (other.api, same)):
        assert error_of(api.post("/conversations/search", json=sent))[:2] == (400, "client_error")
    assert error_of(desk.api.get("/conversations", params={"starting_after": cursor}))[:2] == (400, "client_error")


def test_tickets_that_began_as_tickets_are_no_conversations(desk: Desk) -> None:
    kind = desk.post("/ticket_types", {"name": "Bug"})
    user = desk.user()
    desk.post("/tickets", {"ticket_type_id": kind["id"], "contacts": [{"id": user["id"]}]})
    conversation = desk.start(user["id"])
    assert desk.found("contact_ids", "=", user["id"]) == {conversation["id"]}
    assert desk.search(EVERYTHING)["total_count"] == 1
