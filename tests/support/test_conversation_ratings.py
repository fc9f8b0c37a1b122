"""Ratings of conversations: who is asked when, and what may be answered."""

import pytest

from tests.support.conversations import MORNING, Desk, Json, error_of, last_part, part_types

LONG = "The invoice for January shows two seats, though there is but one of us. " * 4


def settings(desk: Desk, **values: object) -> Json:
    answer: Json = desk.call("PUT", "/manage/v1/rating_settings", json=values)
    return answer


def rate(desk: Desk, conversation: Json, **values: object) -> Json:
    answer: Json = desk.call("PUT", f"/manage/v1/conversations/{conversation['id']}/rating", json=values)
    return answer


def request(desk: Desk, conversation: Json) -> Json:
    answer: Json = desk.call("POST", f"/manage/v1/conversations/{conversation['id']}/rating/request")
    return answer


def test_nobody_is_asked_until_the_workspace_wants_it(desk: Desk) -> None:
    off = {"type": "rating_settings", "asks_users": False, "asks_leads": False, "asks_about_outbound": False}
    assert desk.call("GET", "/manage/v1/rating_settings") == {**off, "hours_to_rate": None}
    conversation = desk.start(body=LONG)
    desk.answer(conversation)
    assert desk.close(conversation)["conversation_rating"] is None
    settings(desk, asks_users=True, hours_to_rate=72)
    assert desk.call("GET", "/manage/v1/rating_settings") == {**off, "asks_users": True, "hours_to_rate": 72}


def test_closing_asks_and_the_contact_answers_until_a_remark_ends_it(desk: Desk) -> None:
    settings(desk, asks_users=True)
    conversation = desk.start(body=LONG)
    desk.answer(conversation, desk.admin())
    desk.answer(conversation)
    asked = desk.close(conversation)
    contact = conversation["contacts"]["contacts"][0]
    assert asked["conversation_rating"] == {
        "rating": None,
        "remark": None,
        "created_at": last_part(asked)["created_at"],
        "contact": contact,
        "teammate": {"type": "admin", "id": desk.me},
    }
    assert rate(desk, conversation, rating=3)["conversation_rating"]["rating"] == 3
    assert rate(desk, conversation, rating=3)["conversation_rating"]["rating"] == 3
    final = rate(desk, conversation, rating=5, remark="Quick and kind")
    assert final["conversation_rating"] == {
        **asked["conversation_rating"],
        "rating": 5,
        "remark": "Quick and kind",
    }
    assert part_types(final)[-3:] == [
        "conversation_rating_changed",
        "conversation_rating_changed",
        "conversation_rating_remark_added",
    ]
    assert (last_part(final)["author"]["id"], last_part(final)["body"]) == (contact["id"], None)
    assert final["state"] == "closed"
    path = f"/manage/v1/conversations/{conversation['id']}/rating"
    assert error_of(desk.api.put(path, json={"rating": 1}))[:2] == (400, "client_error")
    assert desk.get(conversation["id"]) == final


def test_the_last_who_said_something_to_the_contact_is_rated(desk: Desk) -> None:
    settings(desk, asks_users=True)
    ada, grace = desk.admin(), desk.admin()

    def closed(**values: object) -> Json:
        conversation = desk.start(body=LONG)
        desk.answer(conversation, ada)
        desk.assign(conversation, grace, body="Please see to it that they are content")
        rated: Json = desk.close(conversation, **values)["conversation_rating"]["teammate"]
        return rated

    assert closed() == {"type": "admin", "id": ada}
    assert closed(body="Goodbye") == {"type": "admin", "id": desk.me}


def test_each_condition_of_asking(desk: Desk) -> None:
    settings(desk, asks_users=True)

    def is_asked(conversation: Json, *, answered: bool = True) -> bool:
        if answered:
            desk.answer(conversation)
        return desk.close(conversation)["conversation_rating"] is not None

    assert is_asked(desk.start(body=LONG))
    assert not is_asked(desk.start(body="Short"))
    assert not is_asked(desk.start(body=LONG), answered=False)
    assert not is_asked(desk.start(desk.lead()["id"], body=LONG))
    group = desk.start(body=LONG)
    desk.post(f"/conversations/{group['id']}/customers", {"customer": {"intercom_user_id": desk.user()["id"]}})
    assert not is_asked(group)
    old = desk.start(body=LONG, created_at=MORNING)
    desk.answer(old, created_at=MORNING + 60)
    assert not is_asked(old, answered=False)
    settings(desk, asks_leads=True)
    assert is_asked(desk.start(desk.lead()["id"], body=LONG))
    assert not is_asked(desk.start(body=LONG))


@pytest.mark.parametrize("about_outbound", [True, False])
def test_what_the_team_began_is_rated_if_the_workspace_says_so(desk: Desk, about_outbound: bool) -> None:
    settings(desk, asks_users=True, asks_about_outbound=about_outbound)
    message = {
        "message_type": "inapp",
        "body": LONG,
        "from": {"type": "admin", "id": desk.me},
        "to": {"type": "user", "id": desk.user()["id"]},
        "create_conversation_without_contact_reply": True,
    }
    conversation = desk.get(desk.post("/messages", message)["conversation_id"])
    desk.write(conversation)
    desk.answer(conversation)
    assert (desk.close(conversation)["conversation_rating"] is not None) == about_outbound


def test_nobody_is_asked_twice_but_by_hand(desk: Desk) -> None:
    settings(desk, asks_users=True)
    conversation = desk.start(body=LONG)
    desk.answer(conversation)
    asked = desk.close(conversation)["conversation_rating"]
    rate(desk, conversation, rating=2)
    desk.write(conversation)
    desk.answer(conversation)
    assert desk.close(conversation)["conversation_rating"] == {**asked, "rating": 2}
    assert request(desk, conversation)["conversation_rating"]["rating"] is None


def test_ratings_are_taken_for_some_hours(desk: Desk) -> None:
    settings(desk, hours_to_rate=2)
    desk.clock(MORNING)
    conversation = desk.start()
    desk.close(conversation)
    request(desk, conversation)
    desk.clock(MORNING + 7000)
    rate(desk, conversation, rating=4)
    desk.clock(MORNING + 7300)
    path = f"/manage/v1/conversations/{conversation['id']}/rating"
    assert error_of(desk.api.put(path, json={"rating": 5}))[:2] == (400, "client_error")


def test_of_several_participants_the_one_who_rates_is_named(desk: Desk) -> None:
    conversation, friend = desk.start(), desk.user()
    customer = {"customer": {"intercom_user_id": friend["id"]}}
    desk.post(f"/conversations/{conversation['id']}/customers", customer)
    request(desk, conversation)
    path = f"/manage/v1/conversations/{conversation['id']}/rating"
    assert error_of(desk.api.put(path, json={"rating": 5}))[:2] == (400, "parameter_not_found")
    stranger = {"rating": 5, "contact_id": desk.user()["id"]}
    assert error_of(desk.api.put(path, json=stranger))[:2] == (404, "not_found")
    rated = rate(desk, conversation, rating=5, contact_id=friend["id"])
    assert rated["conversation_rating"]["contact"]["id"] == friend["id"]


@pytest.mark.parametrize("rating", [0, 6, "good", 4.5, None])
def test_a_rating_is_a_whole_number_from_1_to_5(desk: Desk, rating: object) -> None:
    conversation = desk.start()
    request(desk, conversation)
    path = f"/manage/v1/conversations/{conversation['id']}/rating"
    assert error_of(desk.api.put(path, json={"rating": rating}))[:2] == (400, "parameter_invalid")


def test_nothing_is_rated_that_nobody_asked_about(desk: Desk) -> None:
    path = f"/manage/v1/conversations/{desk.start()['id']}/rating"
    assert error_of(desk.api.put(path, json={"rating": 5}))[:2] == (400, "client_error")
    for method, url in (("PUT", "/rating"), ("POST", "/rating/request")):
        answer = desk.api.request(method, f"/manage/v1/conversations/999999999{url}", json={"rating": 5})
        assert error_of(answer) == (404, "not_found", "Resource Not Found")
