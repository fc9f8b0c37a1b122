"""Many hands in one conversation at once: one order of parts, counters that agree with them, nobody turned away."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.conftest import Outbox
from tests.support.conversations import Desk, Json, part_types, parts_of

AT_ONCE = 50


def test_fifty_replies_assignments_and_closings_at_once(quiet_desk: Desk, outbox: Outbox) -> None:
    desk = quiet_desk
    admins = [desk.me, desk.admin(), desk.admin()]
    team = desk.team_of(*admins)
    conversation = desk.start()
    contact = conversation["contacts"]["contacts"][0]["id"]
    path = f"/conversations/{conversation['id']}"
    tag = desk.tag()["id"]
    outbox.take()

    def act(number: int) -> httpx.Response:
        admin = admins[number % 3]
        replies, parts, tags = f"{path}/reply", f"{path}/parts", f"{path}/tags"
        by_admin = {"type": "admin", "admin_id": admin}
        actions: list[tuple[str, Json]] = [
            (replies, {**by_admin, "message_type": "comment", "body": f"Answer {number}"}),
            (replies, {"type": "user", "message_type": "comment", "intercom_user_id": contact, "body": f"Q {number}"}),
            (replies, {**by_admin, "message_type": "note", "body": f"Note {number}"}),
            (parts, {**by_admin, "message_type": "close"}),
            (parts, {**by_admin, "message_type": "assignment", "assignee_id": admins[(number + 1) % 3]}),
            (parts, {"type": "team", "admin_id": admin, "message_type": "assignment", "assignee_id": team}),
            (parts, {**by_admin, "message_type": "snoozed", "snoozed_until": 4_000_000_000 + number}),
            (parts, {**by_admin, "message_type": "open"}),
            (tags, {"id": tag, "admin_id": admin}),
        ]
        url, body = actions[number % len(actions)]
        return desk.api.post(url, json=body)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(act, range(2 * AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    after = desk.get(conversation["id"])
    parts = parts_of(after)
    tagged = sum(1 for number in range(2 * AT_ONCE) if number % 9 == 8)
    assert len(parts) == 2 * AT_ONCE - tagged + 1
    assert after["statistics"]["count_conversation_parts"] == len(parts) + 1
    ids = [int(part["id"]) for part in parts]
    assert ids == sorted(set(ids))
    times = [part["created_at"] for part in parts]
    assert times == sorted(times)
    _check_every_answer_saw_a_beginning(parts, [answer.json() for answer in answers])
    _check_the_counters_against_the_parts(after, parts)
    told = [
        item["conversation_parts"]["conversation_parts"] for topic, _, item in outbox.take() if "part.tag" not in topic
    ]
    assert sorted({int(part["id"]) for [part] in told}) == [
        int(part["id"]) for part in parts if part["part_type"] != "conversation_tags_updated"
    ]


def _check_every_answer_saw_a_beginning(parts: list[Json], answers: list[Json]) -> None:
    """Each answer shows the parts up to its own: no two disagree on the order."""
    ids = [part["id"] for part in parts]
    lengths = Counter[int]()
    for answer in answers:
        if answer["type"] == "conversation":
            shown = [part["id"] for part in parts_of(answer)]
            assert shown == ids[: len(shown)]
            lengths[len(shown)] += 1
    assert max(lengths.values()) == 1


def _check_the_counters_against_the_parts(after: Json, parts: list[Json]) -> None:
    """What was counted as it came is what counting all parts again gives."""
    state = "open"
    reopens = 0
    for part in parts:
        kind = part["part_type"]
        if state == "closed" and kind in {"open", "assign_and_reopen"}:
            reopens += 1
        if kind == "close":
            state = "closed"
        elif kind == "snoozed":
            state = "snoozed"
        elif kind in {"open", "assign_and_reopen", "assign_and_unsnooze", "note_and_unsnooze"}:
            state = "open"
    seen = after["statistics"]
    assert (after["state"], seen["count_reopens"]) == (state, reopens)
    assigned = [part for part in parts if part["assigned_to"] is not None]
    assert seen["count_assignments"] == len(assigned)
    closes = [part for part in parts if part["part_type"] == "close"]
    assert seen["last_closed_by_id"] == int(closes[-1]["author"]["id"])
    assert (seen["first_close_at"], seen["last_close_at"]) == (closes[0]["created_at"], closes[-1]["created_at"])
    last = assigned[-1]["assigned_to"]
    assert str(after[f"{last['type']}_assignee_id"]) == last["id"]


def test_fifty_conversations_begin_at_once(quiet_desk: Desk) -> None:
    desk, user = quiet_desk, quiet_desk.user()
    sent = {"from": {"type": "user", "id": user["id"]}, "body": "Hello"}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: desk.api.post("/conversations", json=sent), range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    ids = {answer.json()["conversation_id"] for answer in answers}
    listed = desk.call("GET", "/conversations", params={"per_page": 150})
    assert listed["total_count"] == len(ids) == AT_ONCE
    assert {each["id"] for each in listed["conversations"]} == ids


def test_one_of_several_detachments_at_once_leaves_somebody(quiet_desk: Desk) -> None:
    desk = quiet_desk
    conversation = desk.start()
    for _ in range(3):
        customer = {"customer": {"intercom_user_id": desk.user()["id"]}}
        conversation = desk.post(f"/conversations/{conversation['id']}/customers", customer)
    ids = [each["id"] for each in conversation["contacts"]["contacts"]]
    path = f"/conversations/{conversation['id']}/customers"

    def detach(contact_id: str) -> int:
        return desk.api.request("DELETE", f"{path}/{contact_id}", json={"admin_id": desk.me}).status_code

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(detach, ids))
    assert sorted(statuses) == [200, 200, 200, 422]
    after = desk.get(conversation["id"])
    assert len(after["contacts"]["contacts"]) == 1
    assert part_types(after).count("participant_removed") == 3


def test_a_tag_is_deleted_while_it_is_put_on(quiet_desk: Desk) -> None:
    desk = quiet_desk
    conversations, tag = [desk.start() for _ in range(6)], desk.tag()

    def act(number: int) -> int:
        if number == 3:
            return desk.api.delete(f"/tags/{tag['id']}").status_code
        body = {"id": tag["id"], "admin_id": desk.me}
        return desk.api.post(f"/conversations/{conversations[number % 6]['id']}/tags", json=body).status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(act, range(12)))
    assert statuses[3] == 200
    assert set(statuses) <= {200, 404}
    assert all(desk.get(each["id"])["tags"]["tags"] == [] for each in conversations)
