"""What is said in tickets, and what they are tagged and linked with."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.conftest import RunningServer, TestWorkspace
from tests.support.conversations import MORNING, error_of, parts_of, send_while
from tests.support.tickets import Json, TicketDesk, ticket_parts_of, told_by


@pytest.fixture
def desk(api: httpx.Client) -> TicketDesk:
    """A workspace with tickets."""
    return TicketDesk(api)


# Replying


def test_a_reply_answers_its_part(desk: TicketDesk) -> None:
    ticket = desk.ticket()
    said = desk.say(ticket, body="It is mended")
    heard = desk.hear(ticket, "Thanks again :)")
    assert ticket_parts_of(desk.read(ticket["id"]))[1:] == [said, heard]
    assert list(said) == [
        "type",
        "id",
        "part_type",
        "body",
        "created_at",
        "updated_at",
        "author",
        "attachments",
        "redacted",
    ]
    assert (said["part_type"], said["body"], said["author"]["id"]) == ("comment", "<p>It is mended</p>", desk.me)
    assert (heard["body"], heard["author"]["type"]) == ("<p>Thanks again :)</p>", "user")


def test_notes_are_tidied_and_quick_replies_have_no_body(desk: TicketDesk) -> None:
    ticket = desk.ticket()
    html = "<html> <body>  <h2>List</h2>  <ul>   <li>Coffee</li>   <li>Tea</li> </ul>   </body> </html>"
    note = desk.say(ticket, "note", body=html)
    assert note["body"] == "<h2>List</h2>\n<ul>\n<li>Coffee</li>\n<li>Tea</li>\n</ul>"
    options = [{"text": "Yes", "uuid": "22d6d1f4-1a19-41d0-94c2-e54031f78aca"}]
    offered = desk.say(ticket, "quick_reply", body=None, reply_options=options)
    assert (offered["part_type"], "body" in offered) == ("quick_reply", False)


@pytest.mark.parametrize("key", ["intercom_user_id", "user_id", "email"])
def test_a_contact_is_named_by_one_of_three_keys(desk: TicketDesk, key: str) -> None:
    user = desk.user()
    ticket = desk.ticket(contacts=[{"id": user["id"]}])
    values = {"intercom_user_id": user["id"], "user_id": user["external_id"], "email": user["email"]}
    body = {"type": "user", "message_type": "comment", "body": "Hello", key: values[key]}
    assert desk.post(f"/tickets/{ticket['id']}/reply", body)["author"]["id"] == user["id"]


def test_files_come_with_a_reply(desk: TicketDesk) -> None:
    file = {"name": "log.txt", "content_type": "text/plain", "data": "YWxsIGlzIHdlbGw="}
    said = desk.say(desk.ticket(), attachment_files=[file])
    assert [(each["name"], each["filesize"]) for each in said["attachments"]] == [("log.txt", 11)]


def test_a_ticket_that_waits_for_its_customer_goes_on_when_they_write(desk: TicketDesk) -> None:
    ticket = desk.ticket()
    desk.update(ticket["id"], state="waiting_on_customer")
    heard = desk.hear(ticket)
    assert heard["part_type"] == "comment"
    after = desk.read(ticket["id"])
    assert after["ticket_state"] == "in_progress"
    assert told_by(after)[-2:] == [("comment", "user"), ("ticket_state_updated_by_user", "user")]
    assert ticket_parts_of(after)[-1]["previous_ticket_state"] == "waiting_on_customer"
    desk.update(ticket["id"], state="waiting_on_customer")
    desk.call(
        "POST",
        f"/conversations/{ticket['id']}/reply",
        json={
            "type": "user",
            "message_type": "comment",
            "intercom_user_id": ticket["contacts"]["contacts"][0]["id"],
            "body": "Through the other door",
        },
    )
    assert desk.read(ticket["id"])["ticket_state"] == "in_progress"


@pytest.mark.parametrize("state", ["in_progress", "resolved"])
def test_other_states_stay_when_the_customer_writes(desk: TicketDesk, state: str) -> None:
    ticket = desk.ticket()
    desk.update(ticket["id"], state=state, open=False)
    heard = desk.hear(ticket)
    after = desk.read(ticket["id"])
    assert (heard["part_type"], after["ticket_state"], after["open"]) == ("open", state, True)


def test_the_customer_ends_a_snooze_and_a_note_of_the_assignee_does_not(desk: TicketDesk) -> None:
    desk.clock(MORNING)
    ticket = desk.ticket()
    desk.update(ticket["id"], snoozed_until=MORNING + 3600, assignment={"assignee_id": desk.me})
    desk.say(ticket, "note")
    assert desk.read(ticket["id"])["snoozed_until"] == MORNING + 3600
    desk.hear(ticket)
    assert "snoozed_until" not in desk.read(ticket["id"])


def test_statistics_count_what_is_said_in_a_ticket(desk: TicketDesk) -> None:
    desk.clock(MORNING)
    ticket = desk.ticket()
    desk.hear(ticket, created_at=MORNING - 300)
    desk.say(ticket, created_at=MORNING - 200)
    statistics = desk.get(ticket["id"])["statistics"]
    assert (statistics["first_contact_reply_at"], statistics["time_to_admin_reply"]) == (MORNING - 300, 100)


@pytest.mark.parametrize(("category", "name"), [("Back-office", "Backoffice"), ("Tracker", "Tracker")])
@pytest.mark.parametrize("door", ["tickets", "conversations"])
def test_what_no_customer_sees_takes_notes_alone(
    api: httpx.Client, desk: TicketDesk, category: str, name: str, door: str
) -> None:
    ticket = desk.ticket(desk.ticket_type(category))
    url, contact_id = f"/{door}/{ticket['id']}/reply", ticket["contacts"]["contacts"][0]["id"]
    by_contact = {"type": "user", "message_type": "comment", "intercom_user_id": contact_id, "body": "Hello"}
    by_admin = {"type": "admin", "message_type": "comment", "admin_id": desk.me, "body": "Hello"}
    mismatch = (400, "parameter_mismatch")
    assert error_of(api.post(url, json=by_contact)) == (*mismatch, f"User replies are not allowed on {name} tickets")
    assert error_of(api.post(url, json=by_admin)) == (*mismatch, f"Comments are not allowed on {name} tickets")
    farewell = {"message_type": "close", "type": "admin", "admin_id": desk.me, "body": "Goodbye"}
    refused = api.post(f"/conversations/{ticket['id']}/parts", json=farewell)
    assert error_of(refused) == (*mismatch, f"Comments are not allowed on {name} tickets")
    assert desk.read(ticket["id"]) == ticket
    assert desk.say(ticket, "note")["part_type"] == "note"


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({"body": ""}, 400, "parameter_invalid", "Body is required"),
        ({"body": None, "message_type": "note"}, 400, "parameter_invalid", "Body is required"),
        ({"message_type": "quick_reply"}, 400, "parameter_not_found", "reply_options is a required parameter"),
        ({"message_type": "close"}, 400, "parameter_invalid", "message_type must be one of comment, note and"),
        ({"message_type": None}, 400, "parameter_invalid", "message_type must be a string, not null"),
        ({"type": "team"}, 400, "parameter_invalid", "type must be either admin or user"),
        ({"type": None}, 400, "parameter_invalid", "type must be either admin or user"),
        ({"admin_id": "123456789"}, 404, "not_found", "Resource Not Found"),
        ({"created_at": 99_999_999_999}, 400, "parameter_invalid", "created_at must not be in the future"),
        ({"type": "user", "message_type": "note"}, 400, "parameter_invalid", "message_type must be comment"),
        ({"type": "user"}, 400, "parameter_not_found", "intercom_user_id, user_id or email is a required parameter"),
        ({"type": "user", "user_id": "nobody"}, 404, "not_found", "User Not Found"),
        ({"cross_post": True}, 400, "parameter_invalid", "cross_post is only possible for notes on Back-office"),
        ({"attachment_urls": ["x"] * 11}, 400, "parameter_invalid", "attachment_urls: expected `array` of length"),
        ({"body": "<b>" * 1000}, 400, "parameter_invalid", "body is nested too deeply"),
    ],
)
def test_a_reply_that_cannot_be_is_refused_and_nothing_is_kept(
    api: httpx.Client, desk: TicketDesk, body: Json, status: int, code: str, message: str
) -> None:
    ticket = desk.ticket()
    good = {"type": "admin", "message_type": "comment", "admin_id": desk.me, "body": "Hello"}
    found_status, found_code, text = error_of(api.post(f"/tickets/{ticket['id']}/reply", json={**good, **body}))
    assert (found_status, found_code) == (status, code)
    assert text.startswith(message)
    assert desk.read(ticket["id"]) == ticket


def test_who_is_no_participant_or_has_no_seat_says_nothing(api: httpx.Client, desk: TicketDesk) -> None:
    ticket = desk.ticket()
    url = f"/tickets/{ticket['id']}/reply"
    stranger = {
        "type": "user",
        "message_type": "comment",
        "intercom_user_id": desk.user()["id"],
        "body": "Hello",
    }
    assert error_of(api.post(url, json=stranger)) == (404, "not_found", "User Not Found")
    seatless = {"type": "admin", "message_type": "note", "admin_id": desk.admin(has_inbox_seat=False), "body": "x"}
    assert error_of(api.post(url, json=seatless))[:2] == (403, "action_forbidden")
    assert desk.read(ticket["id"]) == ticket


@pytest.mark.parametrize("id_", ["123456789", "x"])
def test_unknown_tickets_take_no_reply(api: httpx.Client, desk: TicketDesk, id_: str) -> None:
    body = {"type": "admin", "message_type": "note", "admin_id": desk.me, "body": "x"}
    assert error_of(api.post(f"/tickets/{id_}/reply", json=body)) == (404, "not_found", "Resource Not Found")


def test_replies_at_once_answer_each_their_own_part(desk: TicketDesk) -> None:
    ticket = desk.ticket()

    def speak(number: int) -> tuple[str, str, str]:
        text = f"Reply {number}"
        part = desk.hear(ticket, text) if number % 2 else desk.say(ticket, body=text)
        return part["id"], part["body"], f"<p>{text}</p>"

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(speak, range(50)))
    assert all(body == said for _, body, said in answers)
    assert sorted(int(id_) for id_, _, _ in answers) == [
        int(part["id"]) for part in ticket_parts_of(desk.read(ticket["id"]))[1:]
    ]


# Tags


def test_tags_are_put_on_and_taken_off(desk: TicketDesk) -> None:
    ticket, tag = desk.ticket(), desk.tag()
    url = f"/tickets/{ticket['id']}/tags"
    put = desk.post(url, {"id": tag["id"], "admin_id": desk.me})
    assert {key: put[key] for key in ("type", "id", "name", "applied_by")} == {
        "type": "tag",
        "id": tag["id"],
        "name": tag["name"],
        "applied_by": {"type": "admin", "id": desk.me},
    }
    assert desk.post(url, {"id": tag["id"], "admin_id": desk.me}) == put
    assert [each["id"] for each in desk.get(ticket["id"])["tags"]["tags"]] == [tag["id"]]
    assert desk.call("DELETE", f"{url}/{tag['id']}", json={"admin_id": desk.me}) == put
    assert desk.get(ticket["id"])["tags"]["tags"] == []
    assert told_by(desk.read(ticket["id"]))[1:] == [("conversation_tags_updated", "admin")] * 2


def test_what_is_not_there_is_neither_tagged_nor_taken_off(
    api: httpx.Client, desk: TicketDesk, other: TestWorkspace
) -> None:
    ticket, tag, theirs = desk.ticket(), desk.tag(), TicketDesk(other.api).tag()
    body = {"id": tag["id"], "admin_id": desk.me}
    url = f"/tickets/{ticket['id']}/tags"
    no_ticket, no_tag = (404, "ticket_not_found", "Ticket not found"), (404, "tag_not_found", "Tag not found")
    assert error_of(api.post("/tickets/123456789/tags", json=body)) == no_ticket
    assert error_of(api.post(f"/tickets/{desk.start()['id']}/tags", json=body)) == no_ticket
    assert error_of(api.post(url, json={**body, "id": theirs["id"]})) == no_tag
    by = {"admin_id": desk.me}
    assert error_of(api.request("DELETE", f"/tickets/123456789/tags/{tag['id']}", json=by)) == no_ticket
    assert error_of(api.request("DELETE", f"{url}/{tag['id']}", json=by)) == no_tag
    assert error_of(api.post(url, json={**body, "admin_id": desk.admin(has_inbox_seat=False)}))[0] == 403
    assert desk.read(ticket["id"]) == ticket


# Links


def test_links_are_seen_from_both_ends(desk: TicketDesk) -> None:
    conversation, customer = desk.start(), desk.ticket()
    back_office = desk.ticket(desk.ticket_type("Back-office"))
    desk.link(back_office, conversation["id"])
    linked = desk.link(back_office, customer["id"])
    assert desk.link(back_office, customer["id"]) == linked == desk.read(back_office["id"])
    assert linked["linked_objects"] == {
        "type": "list",
        "data": [
            {"type": "conversation", "id": conversation["id"], "category": None},
            {"type": "ticket", "id": customer["id"], "category": "Customer"},
        ],
        "total_count": 2,
        "has_more": False,
    }
    other_end = [{"type": "ticket", "id": back_office["id"], "category": "Back-office"}]
    assert desk.get(conversation["id"])["linked_objects"]["data"] == other_end
    assert desk.read(customer["id"])["linked_objects"]["data"] == other_end
    url = f"/manage/v1/tickets/{back_office['id']}/links"
    left = desk.call("DELETE", f"{url}/{conversation['id']}")["linked_objects"]["data"]
    assert [each["id"] for each in left] == [customer["id"]]
    assert desk.get(conversation["id"])["linked_objects"]["data"] == []
    assert error_of(desk.api.delete(f"{url}/{conversation['id']}"))[:2] == (404, "not_found")


def test_only_what_teammates_see_is_linked_with_what_customers_see(api: httpx.Client, desk: TicketDesk) -> None:
    customer, conversation = desk.ticket(), desk.start()
    back_office, tracker = (desk.ticket(desk.ticket_type(kind)) for kind in ("Back-office", "Tracker"))
    shared = desk.update(desk.ticket(desk.ticket_type("Back-office"))["id"], is_shared=True)

    def refusal(ticket: Json, linked_id: str) -> tuple[int, str, str]:
        return error_of(api.post(f"/manage/v1/tickets/{ticket['id']}/links", json={"id": linked_id}))

    for ticket, linked_id in (
        (customer, conversation["id"]),
        (back_office, tracker["id"]),
        (back_office, back_office["id"]),
        (shared, customer["id"]),
    ):
        assert refusal(ticket, linked_id)[:2] == (400, "parameter_invalid")
    desk.link(shared, conversation["id"])
    desk.link(tracker, conversation["id"])
    assert refusal(desk.ticket(desk.ticket_type("Tracker")), conversation["id"])[:2] == (409, "conflict")
    assert refusal(tracker, "123456789")[:2] == (404, "not_found")
    assert refusal(conversation, customer["id"])[:2] == (404, "ticket_not_found")


def test_a_cross_posted_note_stands_in_everything_linked(desk: TicketDesk) -> None:
    conversation, customer, unlinked = desk.start(), desk.ticket(), desk.start()
    desk.close(conversation)
    back_office = desk.ticket(desk.ticket_type("Back-office"))
    desk.link(back_office, conversation["id"])
    desk.link(back_office, customer["id"])
    assert desk.say(back_office, "note", body="Not for all")["part_type"] == "note"
    note = desk.say(back_office, "note", body="For all", cross_post=True)
    assert note["body"] == "<p>For all</p>"
    after = desk.get(conversation["id"])
    assert [(part["part_type"], part["body"]) for part in parts_of(after)][1:] == [("note", "<p>For all</p>")]
    assert after["state"] == "closed"
    assert ticket_parts_of(desk.read(customer["id"]))[-1]["body"] == "<p>For all</p>"
    assert parts_of(desk.get(unlinked["id"])) == []


@pytest.mark.parametrize(
    ("category", "kind"), [("Customer", "note"), ("Tracker", "note"), ("Back-office", "quick_reply")]
)
def test_only_notes_of_back_office_tickets_are_cross_posted(
    api: httpx.Client, desk: TicketDesk, category: str, kind: str
) -> None:
    ticket = desk.ticket(desk.ticket_type(category))
    options = [{"text": "Yes", "uuid": "22d6d1f4-1a19-41d0-94c2-e54031f78aca"}]
    body = {
        "type": "admin",
        "message_type": kind,
        "admin_id": desk.me,
        "body": "x",
        "reply_options": options,
        "cross_post": True,
    }
    assert error_of(api.post(f"/tickets/{ticket['id']}/reply", json=body))[:2] == (400, "parameter_invalid")
    assert desk.read(ticket["id"]) == ticket


@pytest.mark.parametrize("way", ["cross-post", "link", "unlink"])
def test_a_merge_and_what_takes_a_ticket_with_its_links_do_not_block_each_other(
    desk: TicketDesk, server: RunningServer, way: str
) -> None:
    conversation, another = desk.start(), desk.start()
    ticket = desk.ticket(desk.ticket_type("Back-office"))
    desk.link(ticket, conversation["id"])
    links = f"/manage/v1/tickets/{ticket['id']}/links"
    note = {"type": "admin", "message_type": "note", "admin_id": desk.me, "body": "Look", "cross_post": True}
    ways: dict[str, tuple[str, str, Json | None]] = {
        "cross-post": ("POST", f"/tickets/{ticket['id']}/reply", note),
        "link": ("POST", links, {"id": another["id"]}),
        "unlink": ("DELETE", f"{links}/{conversation['id']}", None),
    }
    method, url, body = ways[way]
    taken = another if way == "link" else conversation
    hold = "SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE"
    [answer] = send_while(
        server.database_url,
        hold,
        int(taken["id"]),
        lambda: desk.api.request(method, url, json=body),
        then=(hold, int(ticket["id"])),
    )
    assert answer.status_code == 200


def test_notes_cross_posted_at_once_block_nobody(desk: TicketDesk) -> None:
    conversations = [desk.start() for _ in range(3)]
    tickets = [desk.ticket(desk.ticket_type("Back-office")) for _ in range(3)]
    for number, ticket in enumerate(tickets):
        for conversation in (*conversations[number:], *conversations[:number]):
            desk.link(ticket, conversation["id"])
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda number: desk.say(tickets[number % 3], "note", cross_post=True), range(12)))
    assert [len(parts_of(desk.get(each["id"]))) for each in conversations] == [12, 12, 12]
