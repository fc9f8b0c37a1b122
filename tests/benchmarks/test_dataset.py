"""The data set of the benchmarks is a workspace like any other: what the API says of it fits together."""

from typing import Any

import httpx
from benchmarks.dataset import Dataset
from benchmarks.inbox import data as inbox
from benchmarks.inbox import texts
from benchmarks.people import data as people

from tests.benchmarks.conftest import CONTACTS, CONVERSATIONS, get, search


def test_totals_are_those_of_lists_and_searches(dataset: Dataset, api: httpx.Client) -> None:
    for path, key, expected in (
        ("contacts", "data", CONTACTS),
        ("conversations", "conversations", CONVERSATIONS),
        ("tickets", "tickets", dataset.size.tickets),
    ):
        found = search(api, path, ("created_at", ">", 0))
        assert (found["total_count"], len(found[key])) == (expected, expected)
        if path != "tickets":
            assert get(api, f"/{path}")["total_count"] == expected
    assert get(api, "/companies?per_page=1")["total_count"] == dataset.companies


def test_every_conversation_has_eight_parts_and_the_statistics_they_make(api: httpx.Client) -> None:
    for number in range(CONVERSATIONS):
        conversation = get(api, f"/conversations/{inbox.conversation_id(number)}")
        parts = conversation["conversation_parts"]["conversation_parts"]
        statistics = conversation["statistics"]
        assert len(parts) == conversation["conversation_parts"]["total_count"] == 8
        assert statistics["count_conversation_parts"] == 9
        assert conversation["updated_at"] == max(part["created_at"] for part in parts)
        replies = [each["created_at"] for each in parts if _is_by(each, "admin") and each["part_type"] == "comment"]
        assert (statistics["first_admin_reply_at"], statistics["last_admin_reply_at"]) == (min(replies), max(replies))
        assert statistics["time_to_admin_reply"] == min(replies) - conversation["created_at"]
        written = [each["created_at"] for each in parts if _is_by(each, "user", "lead") and each["body"]]
        assert statistics["last_contact_reply_at"] == max(written)
        closed = [each["created_at"] for each in parts if each["part_type"] == "close"]
        assert (statistics["last_close_at"], conversation["state"] == "closed") == (
            max(closed, default=None),
            bool(closed),
        )
        authors = {each["author"]["id"] for each in parts if _is_by(each, "admin")}
        assert {each["id"] for each in conversation["teammates"]["teammates"]} == authors


def _is_by(part: dict[str, Any], *types: str) -> bool:
    return part["author"]["type"] in types


def test_searches_find_what_conversations_say(dataset: Dataset, api: httpx.Client) -> None:
    everything = search(api, "conversations", ("created_at", ">", 0))["conversations"]
    product = texts.product(7)
    tag = str(1 + 3 % people.TAGS)
    contact = inbox.contact_of(dataset.size, 7)
    for asked, holds in (
        (("source.body", "~", product), lambda each: product in each["source"]["body"].lower()),
        (("state", "=", "open"), lambda each: each["state"] == "open"),
        (("tag_ids", "=", tag), lambda each: tag in {one["id"] for one in each["tags"]["tags"]}),
        (("contact_ids", "=", contact), lambda each: contact in {one["id"] for one in each["contacts"]["contacts"]}),
    ):
        found = search(api, "conversations", asked)
        expected = {each["id"] for each in everything if holds(each)}
        assert expected
        assert {each["id"] for each in found["conversations"]} == expected
        assert found["total_count"] == len(expected)


def test_tickets_are_numbered_in_order_and_stand_where_their_last_part_left_them(
    dataset: Dataset, api: httpx.Client
) -> None:
    for number in range(dataset.size.tickets):
        ticket = get(api, f"/tickets/{inbox.conversation_id(CONVERSATIONS + number)}")
        parts = ticket["ticket_parts"]["ticket_parts"]
        assert ticket["ticket_id"] == str(number + 1)
        assert len(parts) == ticket["ticket_parts"]["total_count"] == 3
        assert ticket["ticket_state"] == parts[-1]["ticket_state"]


def test_people_have_what_hangs_on_them(dataset: Dataset, api: httpx.Client) -> None:
    members = 0
    for number in range(dataset.companies):
        company = get(api, f"/companies/{people.company_id(number)}")
        listed = get(api, f"/companies/{people.company_id(number)}/contacts?per_page=50")
        assert company["user_count"] == listed["total_count"] == len(listed["data"])
        members += listed["total_count"]
    assert members == CONTACTS
    contact = get(api, f"/contacts/{people.contact_id(10)}")
    assert (contact["tags"]["total_count"], contact["notes"]["total_count"]) == (2, 1)
    user = people.external_id(11)
    assert len(get(api, f"/events?type=user&user_id={user}")["events"]) == 1
    assert get(api, f"/events?type=user&user_id={user}&summary=true")["events"][0]["count"] == 1
