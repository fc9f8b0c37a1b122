"""Conversations over HTTP: how they begin, are read, listed, answered and managed, and what is refused."""

from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, TestWorkspace
from tests.support.conversations import MORNING, Desk, Json, error_of, last_part, part_types, parts_of, send_while

NOT_FOUND = (404, "not_found", "Resource Not Found")
USER_NOT_FOUND = (404, "not_found", "User Not Found")
UNKNOWN_CONTACT = "667d60998a68186f43bafda1"

KEYS = [
    *("type", "id", "created_at", "updated_at", "waiting_since", "snoozed_until", "source", "contacts"),
    *("first_contact_reply", "admin_assignee_id", "team_assignee_id", "open", "state", "read", "tags", "priority"),
    *("sla_applied", "statistics", "conversation_rating", "teammates", "title", "custom_attributes", "topics"),
    *("ticket", "linked_objects", "ai_agent", "ai_agent_participated"),
]


# Beginning


def test_a_contact_starts_a_conversation(desk: Desk) -> None:
    user = desk.user()
    body = "My invoice shows two seats\n\nWhy?"
    message = desk.post("/conversations", {"from": {"type": "user", "id": user["id"]}, "body": body})
    assert {key: message[key] for key in ("type", "body", "message_type")} == {
        "type": "user_message",
        "body": body,
        "message_type": "inapp",
    }
    assert message["id"] != message["conversation_id"]
    conversation = desk.get(message["conversation_id"])
    assert list(conversation) == [*KEYS, "conversation_parts"]
    began = message["created_at"]
    assert conversation["source"] == {
        "type": "conversation",
        "id": message["id"],
        "delivered_as": "customer_initiated",
        "subject": "",
        "body": "<p>My invoice shows two seats</p><p>Why?</p>",
        "author": {"type": "user", "id": user["id"], "name": user["name"], "email": user["email"]},
        "attachments": [],
        "url": None,
        "redacted": False,
    }
    assert conversation["contacts"]["contacts"] == [
        {"type": "contact", "id": user["id"], "external_id": user["external_id"]}
    ]
    assert conversation["first_contact_reply"] == {"created_at": began, "type": "conversation", "url": None}
    assert (conversation["state"], conversation["open"], conversation["read"]) == ("open", True, True)
    assert conversation["waiting_since"] == conversation["created_at"] == conversation["updated_at"] == began
    assert conversation["conversation_parts"] == {
        "type": "conversation_part.list",
        "conversation_parts": [],
        "total_count": 0,
    }
    for empty in ("sla_applied", "conversation_rating", "teammates", "title", "ticket", "ai_agent"):
        assert conversation[empty] is None
    assert (conversation["custom_attributes"], conversation["priority"]) == ({}, "not_priority")


def test_the_page_from_which_a_contact_first_wrote_is_kept(desk: Desk) -> None:
    page = "https://example.com/invoices"
    conversation = desk.write(desk.start(referer=page))
    assert (conversation["source"]["url"], conversation["first_contact_reply"]["url"]) == (page, page)


@pytest.mark.parametrize("named", ["id", "user_id", "email"])
def test_a_contact_is_named_in_several_ways(desk: Desk, named: str) -> None:
    user = desk.user()
    sender = {"type": "contact", named: user["external_id" if named == "user_id" else named]}
    message = desk.post("/conversations", {"from": sender, "body": "Hello"})
    assert desk.get(message["conversation_id"])["source"]["author"]["id"] == user["id"]


def test_a_lead_without_data_has_no_name_and_an_empty_address(desk: Desk) -> None:
    lead = desk.lead()
    conversation = desk.start(lead["id"])
    assert conversation["source"]["author"] == {"type": "lead", "id": lead["id"], "name": None, "email": ""}
    assert last_part(desk.write(conversation))["author"]["type"] == "lead"


def test_a_visitor_becomes_a_lead_by_starting_a_conversation(desk: Desk) -> None:
    visitor = desk.visitor()
    for sender in ({"type": "user", "user_id": visitor["user_id"]}, {"type": "contact", "id": UNKNOWN_CONTACT}):
        refused = desk.api.post("/conversations", json={"from": sender, "body": "Hello"})
        assert error_of(refused) == USER_NOT_FOUND
    sent = {"from": {"type": "contact", "user_id": visitor["user_id"]}, "body": "Hello"}
    author = desk.get(desk.post("/conversations", sent)["conversation_id"])["source"]["author"]
    assert author["type"] == "lead"
    assert desk.call("GET", f"/contacts/{author['id']}")["role"] == "lead"
    assert desk.api.get("/visitors", params={"user_id": visitor["user_id"]}).status_code == 404


def test_a_visitor_who_writes_twice_at_once_becomes_one_lead(desk: Desk, server: RunningServer) -> None:
    visitor = desk.visitor()
    sent = {"from": {"type": "contact", "id": visitor["id"]}, "body": "Hello"}
    hold = "SELECT FROM visitors WHERE id = $1 FOR UPDATE"
    write = [lambda: desk.api.post("/conversations", json=sent)] * 2
    assert [each.status_code for each in send_while(server.database_url, hold, visitor["id"], *write)] == [200, 200]
    begun = desk.call("GET", "/conversations")["conversations"]
    assert [each["source"]["author"]["id"] for each in begun] == [visitor["id"]] * 2


def test_a_conversation_brought_from_elsewhere_keeps_its_times(desk: Desk) -> None:
    conversation = desk.start(created_at=MORNING, subject="Two seats")
    assert (conversation["created_at"], conversation["source"]["subject"]) == (MORNING, "Two seats")
    answered = desk.answer(conversation, created_at=str(MORNING + 60))
    assert last_part(answered)["created_at"] == last_part(answered)["notified_at"] == MORNING + 60
    assert answered["updated_at"] == MORNING + 60
    reply = {"message_type": "comment", "type": "admin", "admin_id": desk.me, "body": "x", "created_at": 4_000_000_000}
    refused = desk.api.post(f"/conversations/{conversation['id']}/reply", json=reply)
    assert error_of(refused)[:2] == (400, "parameter_invalid")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"body": None}, (400, "parameter_invalid", "Body is required")),
        ({"body": "  "}, (400, "parameter_invalid", "Body is required")),
        ({"from": {"type": "user", "id": UNKNOWN_CONTACT}}, USER_NOT_FOUND),
        ({"from": {"type": "admin", "id": "1"}}, (400, "parameter_invalid", None)),
        ({"from": None}, (400, "parameter_invalid", None)),
        ({"attachment_urls": ["https://example.com/a.png"] * 11}, (400, "parameter_invalid", None)),
        ({"created_at": "yesterday"}, (400, "parameter_invalid", None)),
        ({"body": "x" * 500_001}, (400, "parameter_invalid", None)),
        ({"subject": "x" * 1_001}, (400, "parameter_invalid", None)),
        ({"referer": "x" * 10_001}, (400, "parameter_invalid", None)),
    ],
)
def test_what_cannot_begin_is_refused(desk: Desk, body: Json, refusal: tuple[int, str, str | None]) -> None:
    sent = {"from": {"type": "user", "id": desk.user()["id"]}, "body": "Hello", **body}
    status, code, message = error_of(desk.api.post("/conversations", json=sent))
    assert (status, code) == refusal[:2]
    assert refusal[2] in {None, message}
    assert desk.call("GET", "/conversations")["total_count"] == 0


# Reading


def test_texts_without_markup(desk: Desk) -> None:
    conversation = desk.start(body="One\n\nTwo & <three>", subject="Mail from <ada@example.com> &amp; others")
    desk.answer(conversation, body="<p>First</p><ul><li>a</li><li><b>b</b></li></ul>")
    path = f"/conversations/{conversation['id']}"
    for answer in (
        desk.call("GET", path, params={"display_as": "plaintext"}),
        desk.call("PUT", path, params={"display_as": "plaintext"}, json={"read": True}),
    ):
        assert answer["source"]["body"] == "One\nTwo & <three>"
        assert answer["source"]["subject"] == "Mail from <ada@example.com> &amp; others"
        assert last_part(answer)["body"] == "First\na\nb"
    assert last_part(desk.get(conversation["id"]))["body"].startswith("<p>First</p>")


def test_the_newest_500_parts_are_shown_oldest_first(desk: Desk) -> None:
    desk.post("/manage/v1/data_attributes", {"name": "n0", "model": "conversation", "data_type": "integer"})
    for number in range(1, 101):
        attribute = {"name": f"n{number}", "model": "conversation", "data_type": "integer"}
        desk.post("/manage/v1/data_attributes", attribute)
    conversation = desk.start()
    path = f"/conversations/{conversation['id']}"
    for number in range(5):
        desk.call("PUT", path, json={"custom_attributes": {f"n{place}": number for place in range(1, 101)}})
    full = desk.answer(conversation, body="The last one")
    parts = parts_of(full)
    assert (len(parts), full["conversation_parts"]["total_count"]) == (500, 500)
    assert [int(part["id"]) for part in parts] == sorted(int(part["id"]) for part in parts)
    assert last_part(full)["body"] == "<p>The last one</p>"
    assert full["statistics"]["count_conversation_parts"] == 502


@pytest.mark.parametrize("id_", ["999999999", "abc", "0", "-1", "1e3", "99999999999999999999999"])
def test_what_is_not_there_is_not_found(api: httpx.Client, id_: str) -> None:
    path = f"/conversations/{id_}"
    admin = api.get("/me").json()["id"]
    reply = {"message_type": "note", "type": "admin", "admin_id": admin, "body": "x"}
    for answer in (
        api.get(path),
        api.put(path, json={"read": True}),
        api.post(f"{path}/reply", json=reply),
        api.post(f"{path}/parts", json={"message_type": "open", "admin_id": admin}),
        api.post(f"{path}/run_assignment_rules"),
        api.post(f"{path}/customers", json={"admin_id": admin, "customer": {"email": "a@example.com"}}),
        api.request("DELETE", f"{path}/customers/{UNKNOWN_CONTACT}", json={"admin_id": admin}),
    ):
        assert error_of(answer) == NOT_FOUND


def test_lists_are_by_the_latest_change_in_pages_whose_size_is_echoed_as_text(desk: Desk) -> None:
    made = [desk.start(created_at=MORNING + number) for number in range(5)]
    desk.answer(made[1], created_at=MORNING + 100)
    order = [made[number]["id"] for number in (1, 4, 3, 2, 0)]
    found: list[str] = []
    params: dict[str, Any] = {"per_page": 2}
    for number in (1, 2, 3):
        page = desk.call("GET", "/conversations", params=params)
        assert (page["type"], page["total_count"]) == ("conversation.list", 5)
        pages = {key: value for key, value in page["pages"].items() if key != "next"}
        assert pages == {"type": "pages", "page": number, "per_page": "2", "total_pages": 3}
        found += [each["id"] for each in page["conversations"]]
        assert ("next" in page["pages"]) == (number < 3)
        if number < 3:
            following = page["pages"]["next"]
            assert (following["page"], following["per_page"]) == (number + 1, 2)
            params["starting_after"] = following["starting_after"]
    assert found == order
    assert desk.call("GET", "/conversations")["pages"]["per_page"] == 20
    assert "conversation_parts" not in desk.call("GET", "/conversations")["conversations"][0]


def test_a_new_workspace_lists_nothing(api: httpx.Client) -> None:
    pages = {"type": "pages", "page": 1, "per_page": 20, "total_pages": 0}
    assert api.get("/conversations").json() == {
        "type": "conversation.list",
        "conversations": [],
        "total_count": 0,
        "pages": pages,
    }


@pytest.mark.parametrize("params", [{"per_page": "151"}, {"per_page": "0"}, {"starting_after": "WzEsMiwzXQ=="}])
def test_pages_that_make_no_sense_are_refused(api: httpx.Client, params: Json) -> None:
    assert api.get("/conversations", params=params).status_code == 400


# Answering


def test_replies_notes_and_closing_are_told_by_parts(desk: Desk) -> None:
    conversation = desk.start()
    desk.answer(conversation, body="Looking into it")
    desk.answer(conversation, kind="note", body="Seats were counted twice")
    desk.close(conversation, body="Bye")
    reopened = desk.write(conversation)
    assert [(part["part_type"], part["body"], part["author"]["type"]) for part in parts_of(reopened)] == [
        ("comment", "<p>Looking into it</p>", "admin"),
        ("note", "<p>Seats were counted twice</p>", "admin"),
        ("close", "<p>Bye</p>", "admin"),
        ("open", "<p>One more thing</p>", "user"),
    ]
    assert list(last_part(reopened)) == [
        *("type", "id", "part_type", "body", "created_at", "updated_at", "notified_at", "assigned_to"),
        *("author", "attachments", "external_id", "redacted"),
    ]
    assert reopened["teammates"] == {
        "type": "admin.list",
        "admins": [{"type": "admin", "id": desk.me}],
        "teammates": [{"type": "admin", "id": desk.me}],
    }


def test_teammates_are_those_who_wrote_in_the_order_of_their_first_part(desk: Desk) -> None:
    conversation, other = desk.start(), desk.admin()
    desk.leave_note(conversation, other)
    desk.answer(conversation)
    answered = desk.answer(conversation, other)
    assert [each["id"] for each in answered["teammates"]["admins"]] == [other, desk.me]


@pytest.mark.parametrize("named", ["intercom_user_id", "user_id", "email"])
def test_a_contact_replies_under_any_of_their_names(desk: Desk, named: str) -> None:
    user = desk.user()
    conversation = desk.start(user["id"])
    value = {"intercom_user_id": user["id"], "user_id": user["external_id"], "email": user["email"].upper()}[named]
    sent = {"type": "user", "message_type": "comment", named: value, "body": "Thanks again :)"}
    part = last_part(desk.post(f"/conversations/{conversation['id']}/reply", sent))
    assert part["body"] == "<p>Thanks again :)</p>"
    assert part["author"] == {"type": "user", "id": user["id"], "name": user["name"], "email": user["email"]}


def test_the_last_conversation_is_the_contacts_or_the_workspaces(desk: Desk) -> None:
    grace, ada = desk.user(), desk.user()
    of_grace = desk.start(grace["id"])
    of_ada = desk.start(ada["id"])
    contact = {"type": "user", "message_type": "comment", "intercom_user_id": grace["id"], "body": "Me again"}
    assert desk.post("/conversations/last/reply", contact)["id"] == of_grace["id"]
    desk.write(of_ada)
    admin = {"type": "admin", "message_type": "note", "admin_id": desk.me, "body": "Look"}
    assert desk.post("/conversations/last/reply", admin)["id"] in {of_ada["id"], of_grace["id"]}
    nobody = {**contact, "intercom_user_id": desk.user()["id"]}
    assert error_of(desk.api.post("/conversations/last/reply", json=nobody)) == NOT_FOUND


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.parametrize("message_type", ["close", "open", "snoozed", "assignment"])
def test_older_clients_manage_by_replies(desk: Desk, message_type: str, is_last: bool) -> None:
    conversation = desk.start()
    more: dict[str, Json] = {
        "snoozed": {"snooze_until": 4_000_000_000},
        "assignment": {"type": "admin", "assignee_id": desk.me},
    }
    sent = {"message_type": message_type, "type": "admin", "admin_id": desk.me, **more.get(message_type, {})}
    answer = desk.post(f"/conversations/{'last' if is_last else conversation['id']}/reply", sent)
    assert (answer["id"], part_types(answer)) == (conversation["id"], [message_type])


def test_a_farewell_is_said_to_the_contact(desk: Desk) -> None:
    user = desk.user()
    desk.close(desk.start(user["id"]))
    assert desk.call("GET", f"/contacts/{user['id']}")["last_contacted_at"] is None
    farewell = last_part(desk.close(desk.start(user["id"]), body="Goodbye"))
    assert desk.call("GET", f"/contacts/{user['id']}")["last_contacted_at"] == farewell["created_at"]


def test_ids_may_be_numbers(desk: Desk) -> None:
    desk.user(external_id="25")
    desk.post("/conversations", {"from": {"type": "user", "user_id": 25}, "body": "Hello"})
    conversation = desk.start()
    sent = {"message_type": "assignment", "type": "admin", "admin_id": int(desk.me), "assignee_id": int(desk.me)}
    assert desk.post(f"/conversations/{conversation['id']}/parts", sent)["admin_assignee_id"] == int(desk.me)


REPLY = {"message_type": "comment", "type": "admin", "body": "Hello"}
OPTION = {"text": "Yes", "uuid": "22d6d1f4-1a19-41d0-94c2-e54031f78aca"}
CONTACT_REPLY = {"message_type": "comment", "type": "user", "body": "Hello"}


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({**REPLY, "body": None}, (400, "parameter_invalid", "Body is required")),
        ({**REPLY, "body": " "}, (400, "parameter_invalid", "Body is required")),
        ({**REPLY, "admin_id": "900000000"}, NOT_FOUND),
        ({**REPLY, "message_type": "shout"}, (400, "parameter_invalid", None)),
        ({**REPLY, "type": "robot"}, (400, "parameter_invalid", None)),
        ({**REPLY, "message_type": "quick_reply"}, (400, "parameter_not_found", None)),
        ({**REPLY, "message_type": "quick_reply", "reply_options": [OPTION] * 51}, (400, "parameter_invalid", None)),
        ({**REPLY, "body": ["x"]}, (400, "parameter_invalid", None)),
        ({"type": "admin", "body": "x"}, (400, "parameter_not_found", "message_type is a required parameter")),
        ({**REPLY, "attachment_urls": ["https://example.com/a.png"] * 11}, (400, "parameter_invalid", None)),
        ({**REPLY, "created_at": "soon"}, (400, "parameter_invalid", None)),
        (CONTACT_REPLY, (400, "parameter_not_found", None)),
        ({**CONTACT_REPLY, "intercom_user_id": UNKNOWN_CONTACT}, USER_NOT_FOUND),
        ({**CONTACT_REPLY, "email": "nobody@example.com"}, USER_NOT_FOUND),
        ({**CONTACT_REPLY, "user_id": "nobody", "message_type": "note"}, (400, "parameter_invalid", None)),
    ],
)
def test_a_reply_that_cannot_be_is_refused(desk: Desk, sent: Json, refusal: tuple[int, str, str | None]) -> None:
    conversation = desk.start()
    status, code, message = error_of(desk.api.post(f"/conversations/{conversation['id']}/reply", json=sent))
    assert (status, code) == refusal[:2]
    assert refusal[2] in {None, message}
    assert desk.get(conversation["id"]) == conversation


def test_a_contact_who_takes_no_part_cannot_reply(desk: Desk) -> None:
    conversation, stranger = desk.start(), desk.user()
    sent = {**CONTACT_REPLY, "intercom_user_id": stranger["id"]}
    assert error_of(desk.api.post(f"/conversations/{conversation['id']}/reply", json=sent)) == USER_NOT_FOUND


def test_only_admins_with_a_seat_act_and_are_given_conversations(desk: Desk) -> None:
    conversation, guest = desk.start(), desk.admin(has_inbox_seat=False)
    path = f"/conversations/{conversation['id']}"
    no_seat = (403, "action_forbidden", "This admin does not have Inbox access permissions")
    for sent in (
        {"message_type": "close", "type": "admin", "admin_id": guest},
        {"message_type": "assignment", "type": "admin", "admin_id": desk.me, "assignee_id": guest},
    ):
        assert error_of(desk.api.post(f"{path}/parts", json=sent)) == no_seat
    assert error_of(desk.api.post(f"{path}/reply", json={**REPLY, "admin_id": guest})) == no_seat
    assert desk.get(conversation["id"]) == conversation


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({"message_type": "close", "admin_id": None}, (400, "parameter_not_found", "admin_id is a required parameter")),
        ({"message_type": "close", "admin_id": "900000000"}, NOT_FOUND),
        ({"message_type": "shout"}, (400, "parameter_invalid", None)),
        ({"message_type": "snoozed"}, (400, "parameter_not_found", "snoozed_until is a required parameter")),
        ({"message_type": "snoozed", "snoozed_until": "later"}, (400, "parameter_invalid", None)),
        ({"message_type": "snoozed", "snoozed_until": 10**30}, (400, "parameter_invalid", None)),
        ({"message_type": "assignment"}, (400, "parameter_invalid", "type must be either admin or team")),
        ({"message_type": "assignment", "type": "admin"}, (400, "parameter_not_found", None)),
        (
            {"message_type": "assignment", "type": "admin", "assignee_id": "900000000"},
            (404, "admin_not_found", "Admin not found"),
        ),
        (
            {"message_type": "assignment", "type": "team", "assignee_id": "900000000"},
            (404, "team_not_found", "Team not found"),
        ),
    ],
)
def test_management_that_cannot_be_is_refused(desk: Desk, sent: Json, refusal: tuple[int, str, str | None]) -> None:
    conversation = desk.start()
    body = {"admin_id": desk.me, **sent}
    status, code, message = error_of(desk.api.post(f"/conversations/{conversation['id']}/parts", json=body))
    assert (status, code) == refusal[:2]
    assert refusal[2] in {None, message}
    assert desk.get(conversation["id"]) == conversation


def test_an_admin_and_a_team_are_not_taken_for_one_another_nor_those_of_others(
    desk: Desk, other: TestWorkspace
) -> None:
    conversation, team = desk.start(), desk.team_of(desk.me)
    theirs = Desk(other.api)
    for kind, id_ in (
        ("admin", team),
        ("team", desk.me),
        ("team", theirs.team_of(theirs.me)),
        ("admin", theirs.admin()),
    ):
        sent = {"message_type": "assignment", "type": kind, "admin_id": desk.me, "assignee_id": id_}
        answer = desk.api.post(f"/conversations/{conversation['id']}/parts", json=sent)
        assert error_of(answer)[:2] == (404, f"{kind}_not_found")
    sent = {"message_type": "close", "type": "admin", "admin_id": team}
    assert error_of(desk.api.post(f"/conversations/{conversation['id']}/parts", json=sent)) == NOT_FOUND


# Texts


DANGEROUS = [
    ("<p>Hi</p><script>alert(1)</script>", "<p>Hi</p>"),
    ("<p>Hi</p><style>p{display:none}</style>", "<p>Hi</p>"),
    ('<p style="position:fixed" onclick="alert(1)">Hi</p>', "<p>Hi</p>"),
    ('<img src="x" onerror="alert(1)">', None),
    ('<p><a href="javascript:alert(1)">Hi</a></p>', '<p><a rel="nofollow noopener noreferrer">Hi</a></p>'),
    ('<p><a href="data:text/html,<script>alert(1)</script>">Hi</a></p>', None),
    ("<p><svg><animate onbegin=alert(1) attributeName=x></svg>Hi</p>", None),
]


@pytest.mark.parametrize(("sent", "stored"), DANGEROUS)
def test_html_is_made_safe(desk: Desk, sent: str, stored: str | None) -> None:
    body = last_part(desk.answer(desk.start(), body=sent))["body"]
    assert stored in {None, body}
    for danger in ("script", "javascript:", "data:", "onclick", "onerror", "onbegin", "style"):
        assert danger not in body


@pytest.mark.parametrize("body", ["<script>alert(1)</script>", "<p></p>", "<p>&nbsp;</p><br>", " \n "])
def test_markup_without_anything_to_see_is_no_text(desk: Desk, body: str) -> None:
    conversation = desk.start()
    sent = {**REPLY, "admin_id": desk.me, "body": body}
    refused = desk.api.post(f"/conversations/{conversation['id']}/reply", json=sent)
    assert error_of(refused) == (400, "parameter_invalid", "Body is required")
    assert last_part(desk.close(conversation, body=body))["body"] is None


def test_what_contacts_write_is_plain_text(desk: Desk) -> None:
    body = desk.start(body="<b>Hi</b> & <script>")["source"]["body"]
    assert body == "<p>&lt;b&gt;Hi&lt;/b&gt; &amp; &lt;script&gt;</p>"


@pytest.mark.parametrize("body", ["<div>" * 5000 + "x" + "</div>" * 5000, "<p>" + "x" * 1_000_000 + "</p>"])
def test_texts_that_are_too_deep_or_too_long_are_refused(desk: Desk, body: str) -> None:
    conversation = desk.start()
    sent = {**REPLY, "admin_id": desk.me, "body": body}
    status, code, message = error_of(desk.api.post(f"/conversations/{conversation['id']}/reply", json=sent))
    assert (status, code) == (400, "parameter_invalid")
    assert message.startswith("body")


def test_notes_are_kept_tidy(desk: Desk) -> None:
    sent = (
        "<html> <body>  <h2>A List</h2>  <ul>   <li>Coffee</li>   <li>Tea</li> </ul>    <h2>More</h2>  </body> </html>"
    )
    kept = "<h2>A List</h2>\n<ul>\n<li>Coffee</li>\n<li>Tea</li>\n</ul>\n<h2>More</h2>"
    conversation = desk.start()
    assert last_part(desk.answer(conversation, kind="note", body=sent))["body"] == kept


# Setting


def test_attributes_are_set_each_told_by_a_part_of_the_bot(desk: Desk) -> None:
    for name in ("issue_type", "priority"):
        desk.post("/manage/v1/data_attributes", {"name": name, "model": "conversation", "data_type": "string"})
    conversation = desk.start()
    path = f"/conversations/{conversation['id']}"
    sent = {"read": True, "custom_attributes": {"issue_type": "Billing", "priority": "High"}}
    changed = desk.call("PUT", path, json=sent)
    assert changed["custom_attributes"] == sent["custom_attributes"]
    assert part_types(changed) == ["conversation_attribute_updated_by_admin"] * 2
    bot = f"operator+{desk.call('GET', '/me')['app']['id_code']}@intercom.io"
    for part in parts_of(changed):
        assert (part["body"], part["author"]["type"], part["author"]["email"]) == (None, "bot", bot)
    again = desk.call("PUT", path, json={"custom_attributes": {"issue_type": "Billing", "priority": None}})
    assert part_types(again) == ["conversation_attribute_updated_by_admin"] * 3
    assert again["custom_attributes"] == {"issue_type": "Billing", "priority": None}


@pytest.mark.parametrize(
    ("data_type", "good", "bad"),
    [
        ("string", "Billing", 7),
        ("integer", 7, "seven"),
        ("float", 7.5, True),
        ("boolean", True, "yes"),
        ("date", MORNING, "later"),
        ("options", "Billing", "Other"),
    ],
)
def test_attributes_have_types_and_options(desk: Desk, data_type: str, good: object, bad: object) -> None:
    options = [{"value": "Billing"}, {"value": "Delivery"}] if data_type == "options" else None
    made = desk.post(
        "/manage/v1/data_attributes",
        {"name": "Area", "model": "conversation", "data_type": data_type, "options": options},
    )
    assert (made["model"], made["full_name"]) == ("conversation", "custom_attributes.Area")
    listed = desk.call("GET", "/data_attributes", params={"model": "conversation"})["data"]
    assert listed == [made]
    path = f"/conversations/{desk.start()['id']}"
    changed = desk.call("PUT", path, json={"custom_attributes": {"Area": good}})
    assert changed["custom_attributes"] == {"Area": good}
    refused = desk.api.put(path, json={"custom_attributes": {"Area": bad}})
    assert error_of(refused)[:2] == (400, "parameter_invalid")
    assert desk.call("GET", path) == changed


def test_an_attribute_of_something_else_is_none_of_a_conversation(desk: Desk) -> None:
    desk.post("/data_attributes", {"name": "Plan", "model": "contact", "data_type": "string"})
    archived = desk.post("/manage/v1/data_attributes", {"name": "Old", "model": "conversation", "data_type": "string"})
    desk.call("PUT", f"/data_attributes/{archived['id']}", json={"archived": True})
    conversation = desk.start()
    for name in ("Plan", "Old", "Nothing"):
        refused = desk.api.put(f"/conversations/{conversation['id']}", json={"custom_attributes": {name: "x"}})
        assert error_of(refused) == (
            404,
            "conversation_attribute_not_found",
            f"Custom attribute '{name}' does not exist",
        )
    assert desk.get(conversation["id"]) == conversation


def test_attributes_of_conversations_come_to_be_by_the_management_api_alone(desk: Desk) -> None:
    sent = {"name": "Area", "model": "conversation", "data_type": "string"}
    message = "The Data Attribute model field must be either contact or company"
    assert error_of(desk.api.post("/data_attributes", json=sent)) == (400, "parameter_invalid", message)
    refused = desk.api.post("/manage/v1/data_attributes", json={**sent, "model": "ticket"})
    assert error_of(refused)[:2] == (400, "parameter_invalid")
    desk.post("/manage/v1/data_attributes", sent)
    assert error_of(desk.api.post("/manage/v1/data_attributes", json={**sent, "model": "contact"}))[1] == (
        "parameter_invalid"
    )


def test_a_title_is_set_and_told_once(desk: Desk) -> None:
    path = f"/conversations/{desk.start()['id']}"
    assert desk.call("PUT", path, json={"title": "Seats"})["title"] == "Seats"
    again = desk.call("PUT", path, json={"title": "Seats"})
    assert part_types(again) == ["title_changed"]
    assert desk.call("PUT", path, json={"title": ""})["title"] is None


def test_state_and_assignment_are_not_set_here(desk: Desk) -> None:
    conversation = desk.start()
    sent = {"state": "closed", "admin_assignee_id": int(desk.me), "priority": "priority"}
    assert desk.call("PUT", f"/conversations/{conversation['id']}", json=sent) == conversation


@pytest.mark.parametrize(
    "sent", [{"read": "yes"}, {"custom_attributes": "x"}, {"custom_attributes": [1]}, {"title": 7}]
)
def test_settings_of_a_wrong_type_are_refused(desk: Desk, sent: Json) -> None:
    conversation = desk.start()
    refused = desk.api.put(f"/conversations/{conversation['id']}", json=sent)
    assert error_of(refused)[:2] == (400, "parameter_invalid")
