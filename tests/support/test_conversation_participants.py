"""Who takes part in a conversation: attached, detached, merged, archived, gone."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import RunningServer
from tests.support.conversations import MERGE, Desk, Json, error_of, last_part, part_types, send_while

NOT_FOUND = (404, "not_found", "Resource Not Found")
USER_NOT_FOUND = (404, "not_found", "User Not Found")
LAST_ONE = (422, "parameter_invalid", "Removing the last customer is not allowed")
UNKNOWN = "667d60998a68186f43bafda1"


def attach(desk: Desk, conversation: Json, customer: Json, **values: object) -> Json:
    body = {"admin_id": desk.me, "customer": customer, **values}
    return desk.post(f"/conversations/{conversation['id']}/customers", body)


def detach(desk: Desk, conversation: Json, contact_id: str) -> Json:
    answer: Json = desk.call(
        "DELETE", f"/conversations/{conversation['id']}/customers/{contact_id}", json={"admin_id": desk.me}
    )
    return answer


def ids_in(conversation: Json) -> list[str]:
    return [each["id"] for each in conversation["contacts"]["contacts"]]


@pytest.mark.parametrize("named", ["intercom_user_id", "user_id", "email"])
def test_a_contact_is_attached_under_any_name(desk: Desk, named: str) -> None:
    conversation, user = desk.start(), desk.user()
    first = ids_in(conversation)[0]
    value = {"intercom_user_id": user["id"], "user_id": user["external_id"], "email": user["email"]}[named]
    answer = attach(desk, conversation, {named: value})
    assert answer["customers"] == [{"type": "user", "id": first}, {"type": "user", "id": user["id"]}]
    part = last_part(answer)
    assert (part["part_type"], part["body"], part["author"]["id"]) == ("participant_added", None, desk.me)
    assert {key: value for key, value in answer.items() if key != "customers"} == desk.get(conversation["id"])


def test_an_address_that_nobody_has_becomes_a_lead_once(desk: Desk) -> None:
    conversations = [desk.start() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda each: attach(desk, each, {"email": "New@Example.com"}), conversations))
    [lead] = {ids_in(answer)[-1] for answer in answers}
    contact = desk.call("GET", f"/contacts/{lead}")
    assert (contact["role"], contact["email"]) == ("lead", "new@example.com")


def test_who_takes_part_already_is_attached_without_a_word(desk: Desk) -> None:
    conversation = desk.start()
    answer = attach(desk, conversation, {"intercom_user_id": ids_in(conversation)[0]})
    assert (ids_in(answer), part_types(answer)) == (ids_in(conversation), [])


def test_a_participant_brings_somebody_along(desk: Desk) -> None:
    conversation, friend = desk.start(), desk.user()
    host = {"intercom_user_id": ids_in(conversation)[0]}
    body = {"customer": {"intercom_user_id": friend["id"], "customer": host}}
    answer = desk.post(f"/conversations/{conversation['id']}/customers", body)
    assert last_part(answer)["author"]["id"] == host["intercom_user_id"]
    stranger = {"customer": {"intercom_user_id": friend["id"], "customer": {"intercom_user_id": desk.user()["id"]}}}
    refused = desk.api.post(f"/conversations/{conversation['id']}/customers", json=stranger)
    assert error_of(refused) == USER_NOT_FOUND


def test_everybody_who_takes_part_may_write_and_nobody_else(desk: Desk) -> None:
    conversation, friend = desk.start(), desk.user()
    attach(desk, conversation, {"intercom_user_id": friend["id"]})
    written = desk.write(conversation, intercom_user_id=friend["id"])
    assert last_part(written)["author"]["id"] == friend["id"]
    detach(desk, conversation, friend["id"])
    sent = {"type": "user", "message_type": "comment", "intercom_user_id": friend["id"], "body": "Still here?"}
    assert error_of(desk.api.post(f"/conversations/{conversation['id']}/reply", json=sent)) == USER_NOT_FOUND


def test_a_contact_is_detached_but_never_the_last(desk: Desk) -> None:
    conversation, friend = desk.start(), desk.user()
    first = ids_in(conversation)[0]
    attach(desk, conversation, {"intercom_user_id": friend["id"]})
    answer = detach(desk, conversation, first)
    assert answer["customers"] == [{"type": "user", "id": friend["id"]}]
    assert last_part(answer)["part_type"] == "participant_removed"
    path = f"/conversations/{conversation['id']}/customers"
    for contact_id, refusal in ((friend["id"], LAST_ONE), (first, USER_NOT_FOUND), (UNKNOWN, USER_NOT_FOUND)):
        refused = desk.api.request("DELETE", f"{path}/{contact_id}", json={"admin_id": desk.me})
        assert error_of(refused) == refusal
    assert desk.found("contact_ids", "=", first) == set()
    assert desk.found("contact_ids", "=", friend["id"]) == {conversation["id"]}


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({"customer": {"intercom_user_id": UNKNOWN}}, USER_NOT_FOUND),
        ({"customer": {"user_id": "nobody"}}, USER_NOT_FOUND),
        ({"customer": {"email": "no address"}}, (400, "parameter_invalid", None)),
        ({"customer": {}}, (400, "parameter_not_found", None)),
        ({}, (400, "parameter_not_found", "customer is a required parameter")),
        ({"customer": "x"}, (400, "parameter_invalid", None)),
        ({"admin_id": "900000000", "customer": {"email": "a@example.com"}}, NOT_FOUND),
    ],
)
def test_what_cannot_be_attached_is_refused(desk: Desk, sent: Json, refusal: tuple[int, str, str | None]) -> None:
    conversation = desk.start()
    body = {"admin_id": desk.me, **sent}
    status, code, message = error_of(desk.api.post(f"/conversations/{conversation['id']}/customers", json=body))
    assert (status, code) == refusal[:2]
    assert refusal[2] in {None, message}
    assert desk.get(conversation["id"]) == conversation


def test_detaching_names_the_admin(desk: Desk) -> None:
    conversation = desk.start()
    path = f"/conversations/{conversation['id']}/customers/{ids_in(conversation)[0]}"
    message = "admin_id is a required parameter"
    assert error_of(desk.api.request("DELETE", path, json={})) == (400, "parameter_not_found", message)


# Merged, archived, gone


def test_a_merged_leads_conversations_are_the_users(desk: Desk) -> None:
    lead, user = desk.lead(email="lead@example.com"), desk.user()
    begun, joined, shared = desk.start(lead["id"]), desk.start(), desk.start(user["id"])
    for conversation in (joined, shared):
        attach(desk, conversation, {"intercom_user_id": lead["id"]})
        desk.write(conversation, intercom_user_id=lead["id"])
    desk.call("POST", f"/manage/v1/conversations/{begun['id']}/rating/request")
    desk.call("PUT", f"/manage/v1/conversations/{begun['id']}/rating", json={"rating": 5})
    left = desk.start()
    attach(desk, left, {"intercom_user_id": lead["id"]})
    desk.write(left, intercom_user_id=lead["id"], body="And I am off")
    detach(desk, left, lead["id"])
    before = {each["id"]: desk.get(each["id"]) for each in (begun, joined, shared, left)}
    desk.post("/contacts/merge", {"from": lead["id"], "into": user["id"]})
    after = {id_: desk.get(id_) for id_ in before}
    assert lead["id"] not in str(after)
    author = {"type": "user", "id": user["id"], "name": user["name"], "email": user["email"]}
    assert after[begun["id"]]["source"]["author"] == author
    assert after[begun["id"]]["conversation_rating"]["contact"]["id"] == user["id"]
    assert ids_in(after[joined["id"]]) == [ids_in(joined)[0], user["id"]]
    assert ids_in(after[shared["id"]]) == [user["id"]]
    for id_, conversation in after.items():
        assert part_types(conversation) == part_types(before[id_])
        assert conversation["statistics"] == before[id_]["statistics"]
    assert desk.found("contact_ids", "=", user["id"]) == {begun["id"], joined["id"], shared["id"]}
    assert last_part(desk.write(after[begun["id"]]))["author"] == author


def test_conversations_that_change_while_their_lead_is_merged_lose_nothing(desk: Desk) -> None:
    lead, user = desk.lead(), desk.user()
    conversations = [desk.start(lead["id"]) for _ in range(4)]

    def act(number: int) -> int:
        conversation = conversations[number % 4]
        if number == 6:
            return desk.api.post("/contacts/merge", json={"from": lead["id"], "into": user["id"]}).status_code
        if number % 2:
            return desk.api.post(
                "/conversations", json={"from": {"type": "lead", "id": lead["id"]}, "body": "x"}
            ).status_code
        sent = {"type": "user", "message_type": "comment", "intercom_user_id": lead["id"], "body": "Hello"}
        return desk.api.post(f"/conversations/{conversation['id']}/reply", json=sent).status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(act, range(24)))
    assert set(statuses) <= {200, 404}
    assert statuses[6] == 200
    every = desk.call("GET", "/conversations", params={"per_page": 150})["conversations"]
    assert len(every) == 4 + sum(1 for number in range(1, 24, 2) if statuses[number] == 200)
    assert {ids_in(each)[0] for each in every} == {user["id"]}
    assert {each["source"]["author"]["id"] for each in every} == {user["id"]}


def test_nobody_takes_part_as_a_lead_who_is_merged_at_that_moment(desk: Desk, server: RunningServer) -> None:
    conversation, lead = desk.start(), desk.lead()
    sent = {"admin_id": desk.me, "customer": {"intercom_user_id": lead["id"]}}
    path = f"/conversations/{conversation['id']}/customers"
    [answer] = send_while(server.database_url, MERGE, lead["id"], lambda: desk.api.post(path, json=sent))
    assert error_of(answer) == USER_NOT_FOUND
    assert desk.get(conversation["id"]) == conversation


@pytest.mark.parametrize("leave", ["archive", "delete"])
def test_a_conversation_stays_when_its_contact_leaves(desk: Desk, leave: str) -> None:
    user = desk.user()
    conversation = desk.start(user["id"])
    if leave == "archive":
        desk.call("POST", f"/contacts/{user['id']}/archive")
    else:
        desk.call("DELETE", f"/contacts/{user['id']}")
    assert ids_in(desk.get(conversation["id"])) == [user["id"]]
    assert desk.found("contact_ids", "=", user["id"]) == {conversation["id"]}
    sent = {"type": "user", "message_type": "comment", "intercom_user_id": user["id"], "body": "Hello?"}
    assert error_of(desk.api.post(f"/conversations/{conversation['id']}/reply", json=sent)) == USER_NOT_FOUND
    start = {"from": {"type": "user", "id": user["id"]}, "body": "Hello?"}
    assert error_of(desk.api.post("/conversations", json=start)) == USER_NOT_FOUND
    assert part_types(desk.close(desk.answer(conversation))) == ["comment", "close"]
