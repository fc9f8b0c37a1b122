"""What is said goes out as mail, to whom it concerns and once: seen in the outbox of a server that cannot send."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from callbox.channels.email import composing_queries
from callbox.channels.email.composing import mail_unseen_replies
from callbox.platform.clock import machine_time
from callbox.platform.database import connection
from tests.channels.correspondence import Eventually, MailDesk
from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World
from tests.support.conversations import MORNING, inside, last_part

Json = dict[str, Any]
MINUTE = 60


class WaitingDesk(MailDesk):
    """Also looks at what waits to be mailed, which the API does not show."""

    database_url = ""

    def ask(self, statement: str) -> Any:
        """One value of this workspace from the database."""

        async def run() -> Any:
            connection = await asyncpg.connect(self.database_url)
            try:
                return await connection.fetchval(statement, self.workspace_id)
            finally:
                await connection.close()

        return asyncio.run(run())

    def parts_waiting(self) -> int:
        """How many replies wait to be mailed."""
        found: int = self.ask(
            "SELECT coalesce(sum(cardinality(part_ids)), 0) FROM unseen_replies WHERE workspace_id = $1"
        )
        return found

    def pass_time(self, now: int) -> None:
        """Let the workspace's clock show this time, and look for what is due by then, as the worker does."""
        self.clock(now)

        async def look() -> None:
            async with connection() as held:
                due = await composing_queries.unseen_replies_due.all(held, machine_time(), 1000)
            for key in due:
                if key.workspace_id == self.workspace_id:
                    await mail_unseen_replies(key)

        inside(self.database_url, look)

    def due_at(self) -> float:
        """When the replies that wait are mailed, in Unix seconds."""
        found: float = self.ask(
            "SELECT extract(epoch FROM max(due_at))::float8 FROM unseen_replies WHERE workspace_id = $1"
        )
        return found or 0


@pytest.fixture
def desk(server: RunningServer, api: httpx.Client, eventually: Eventually) -> WaitingDesk:
    """A workspace of this test's own."""
    made = WaitingDesk(api, eventually)
    made.database_url = server.database_url
    return made


def test_a_message_by_e_mail_is_mailed_at_once(desk: WaitingDesk) -> None:
    contact = desk.user(name="Grace")
    sent = desk.message(contact, body='<p>It is <b>ready</b>: <a href="https://example.com/r">look</a></p>')
    [mail] = desk.mails(contact["id"])
    assert (mail["kind"], mail["subject"], mail["to_address"]) == ("message", "Your new roster", contact["email"])
    assert (mail["from_address"], mail["to_name"]) == (f"{desk.workspace_id}@localhost", "Grace")
    assert mail["from_name"].endswith(" from Test workspace")
    assert "It is <b>ready</b>" in mail["html"]
    assert "It is ready: look (https://example.com/r)" in mail["plain"]
    assert f"/unsubscribe/{desk.workspace_id}/{contact['id']}/" in mail["html"]
    assert f"/unsubscribe/{desk.workspace_id}/{contact['id']}/" in mail["plain"]
    assert (mail["conversation_id"], mail["part_ids"], mail["references"]) == (None, [], [])
    assert desk.call("GET", "/manage/v1/messages")["data"][0]["id"] == sent["id"]


def test_a_personal_message_is_the_text_and_a_signature_alone(desk: WaitingDesk) -> None:
    desk.call("PUT", "/manage/v1/email_settings", json={"signature": "<p>Callers & Co</p><script>x</script>"})
    contact = desk.user()
    desk.message(contact, template="personal")
    [mail] = desk.mails(contact["id"])
    assert mail["plain"] == "It is ready to look at.\n\n-- \nCallers & Co"
    assert "<p>Callers &amp; Co</p>" in mail["html"]
    assert "unsubscribe" not in mail["html"]
    assert "script" not in mail["html"]


def test_an_in_app_message_is_not_mailed(desk: WaitingDesk) -> None:
    contact = desk.user()
    desk.message(contact, message_type="inapp")
    desk.message(contact)
    assert [mail["kind"] for mail in desk.mails(contact["id"])] == ["message"]


def test_a_reply_to_a_mail_is_mailed_at_once_and_threads(desk: WaitingDesk) -> None:
    begun = desk.receive("grace@shop.example", "My invoice", Message_ID="<first@shop.example>")
    answered = desk.reply(begun["conversation_id"])
    contact_id = answered["contacts"]["contacts"][0]["id"]
    [first] = desk.mails(contact_id)
    assert (first["kind"], first["subject"]) == ("reply", "Re: My invoice")
    assert first["part_ids"] == [last_part(answered)["id"]]
    assert first["references"] == ["first@shop.example"]
    assert "I will look into it" in first["html"]
    assert first["plain"] == "I will look into it"
    # The answer comes by the address alone; its own Message-ID is what the next mail answers.
    answer = desk.receive(
        "grace@shop.example", "Re: My invoice", to=first["reply_to"], Message_ID="<second@shop.example>"
    )
    assert answer["conversation_id"] == begun["conversation_id"]
    desk.reply(begun["conversation_id"], "Found it")
    second = desk.mails(contact_id, 2)[1]
    assert second["references"] == ["first@shop.example", first["message_id"], "second@shop.example"]
    # And without the address, by what it refers to.
    unsigned = desk.receive("grace@shop.example", "Re: My invoice", In_Reply_To=f"<{second['message_id']}>")
    assert unsigned["conversation_id"] == begun["conversation_id"]


def test_the_answer_to_a_mailed_message_makes_its_conversation(desk: WaitingDesk) -> None:
    contact = desk.user()
    sent = desk.message(contact)
    [mail] = desk.mails(contact["id"])
    answer = desk.receive(contact["email"], "Re: Your new roster", to=mail["reply_to"], Message_ID="<a@shop.example>")
    conversation = desk.get(answer["conversation_id"])
    assert (conversation["source"]["id"], conversation["source"]["type"]) == (sent["id"], "email")
    desk.reply(conversation["id"], "Good")
    reply = desk.mails(contact["id"], 2)[1]
    assert reply["subject"] == "Re: Your new roster"
    assert reply["references"] == [mail["message_id"], "a@shop.example"]


@pytest.mark.parametrize("state", ["open", "closed", "snoozed"])
def test_a_reply_that_also_takes_the_conversation_is_mailed(desk: WaitingDesk, state: str) -> None:
    begun = desk.receive("grace@shop.example")
    conversation = desk.get(begun["conversation_id"])
    if state == "closed":
        desk.close(conversation)
    elif state == "snoozed":
        desk.snooze(conversation, MORNING + 10**8)
    taken = desk.assign(conversation, desk.me, body="<p>I take care of it</p>")
    [mail] = desk.mails(conversation["contacts"]["contacts"][0]["id"])
    assert (mail["plain"], mail["part_ids"]) == ("I take care of it", [last_part(taken)["id"]])
    assert (taken["read"], taken["waiting_since"]) == (False, None)


def test_a_reply_that_takes_a_conversation_of_the_messenger_is_mailed_when_it_was_not_seen(desk: WaitingDesk) -> None:
    desk.clock(MORNING)
    contact = desk.user()
    conversation = desk.start(contact["id"])
    desk.assign(conversation, desk.me, body="<p>I take care of it</p>")
    desk.eventually(lambda: desk.parts_waiting() == 1)
    desk.pass_time(MORNING + 3 * MINUTE)
    assert desk.mails(contact["id"])[0]["plain"] == "I take care of it"


def test_notes_texts_for_colleagues_and_quick_replies_are_never_mailed(desk: WaitingDesk) -> None:
    begun = desk.receive("grace@shop.example")
    conversation = desk.get(begun["conversation_id"])
    admin = desk.admin()
    desk.reply(conversation["id"], "She is angry", message_type="note")
    desk.reply(conversation["id"], message_type="quick_reply", reply_options=[{"text": "Yes", "uuid": "1"}])
    assigned = {"message_type": "assignment", "type": "admin", "admin_id": desk.me, "assignee_id": admin}
    desk.post(f"/conversations/{conversation['id']}/parts", {**assigned, "body": "Be careful with her"})
    farewell = {"message_type": "close", "type": "admin", "admin_id": desk.me, "body": "Good bye"}
    desk.post(f"/conversations/{conversation['id']}/parts", farewell)
    [mail] = desk.mails(conversation["contacts"]["contacts"][0]["id"])
    assert mail["plain"] == "Good bye"


def test_unseen_replies_of_the_messenger_are_mailed_together_after_two_quiet_minutes(desk: WaitingDesk) -> None:
    desk.clock(MORNING)
    contact = desk.user()
    conversation = desk.start(contact["id"])
    colleague = desk.admin()
    desk.reply(conversation["id"], "First")
    desk.eventually(lambda: desk.parts_waiting() == 1)
    desk.clock(MORNING + 90)
    desk.reply(conversation["id"], "Second", admin_id=colleague)
    desk.eventually(lambda: desk.parts_waiting() == 2)
    assert desk.due_at() >= MORNING + 90 + 2 * MINUTE
    desk.clock(MORNING + 90 + 2 * MINUTE + 5)
    [mail] = desk.mails(contact["id"])
    assert mail["subject"] == "Re: Your conversation with Test workspace"
    assert mail["from_name"] == "Test workspace"
    assert len(mail["part_ids"]) == 2
    assert mail["plain"].index("First") < mail["plain"].index("Second")
    # What comes later is mailed alone.
    desk.reply(conversation["id"], "Third")
    desk.eventually(lambda: desk.parts_waiting() == 1)
    desk.pass_time(MORNING + 20 * MINUTE)
    third = desk.mails(contact["id"], 2)[1]
    assert third["plain"] == "Third"
    assert third["references"] == [mail["message_id"]]


@pytest.mark.parametrize("seen", ["read", "answered"])
def test_what_was_seen_in_the_messenger_is_not_mailed(desk: WaitingDesk, seen: str) -> None:
    desk.clock(MORNING)
    contact = desk.user()
    conversation = desk.start(contact["id"])
    desk.reply(conversation["id"])
    desk.eventually(lambda: desk.parts_waiting() == 1)
    if seen == "read":
        desk.call("PUT", f"/conversations/{conversation['id']}", json={"read": True})
    else:
        answer = {"type": "user", "message_type": "comment", "intercom_user_id": contact["id"], "body": "Thanks"}
        desk.post(f"/conversations/{conversation['id']}/reply", answer)
    desk.pass_time(MORNING + 3 * MINUTE)
    assert desk.parts_waiting() == 0
    assert desk.outbox(contact["id"]) == []


def test_what_was_answered_is_not_mailed_with_what_came_after(desk: WaitingDesk) -> None:
    desk.clock(MORNING)
    contact = desk.user()
    conversation = desk.start(contact["id"])
    desk.reply(conversation["id"], "Before")
    answer = {"type": "user", "message_type": "comment", "intercom_user_id": contact["id"], "body": "Thanks"}
    desk.post(f"/conversations/{conversation['id']}/reply", answer)
    desk.reply(conversation["id"], "After")
    desk.eventually(lambda: desk.parts_waiting() == 2)
    desk.pass_time(MORNING + 3 * MINUTE)
    assert desk.mails(contact["id"])[0]["plain"] == "After"


def test_who_is_online_is_mailed_when_they_left_without_reading(desk: WaitingDesk) -> None:
    desk.clock(MORNING)
    contact = desk.user()
    conversation = desk.start(contact["id"])
    desk.reply(conversation["id"])
    desk.eventually(lambda: desk.parts_waiting() == 1)
    desk.call("PUT", f"/contacts/{contact['id']}", json={"last_seen_at": MORNING + 100})
    desk.pass_time(MORNING + 2 * MINUTE + 5)
    assert desk.due_at() > MORNING + 3 * MINUTE
    assert desk.outbox(contact["id"]) == []
    desk.pass_time(MORNING + 5 * MINUTE)
    assert len(desk.mails(contact["id"])) == 1


def test_replies_that_were_brought_from_elsewhere_are_not_mailed(desk: WaitingDesk) -> None:
    begun = desk.receive("grace@shop.example")
    conversation = desk.get(begun["conversation_id"])
    desk.reply(conversation["id"], "Long ago", created_at=1_600_000_000)
    desk.reply(conversation["id"], "Just now")
    assert [mail["plain"] for mail in desk.mails(conversation["contacts"]["contacts"][0]["id"])] == ["Just now"]


@pytest.mark.parametrize("why", ["archived", "no address"])
def test_who_cannot_be_reached_is_not_mailed(desk: WaitingDesk, why: str) -> None:
    begun = desk.receive("grace@shop.example")
    contact_id = desk.get(begun["conversation_id"])["contacts"]["contacts"][0]["id"]
    if why == "archived":
        desk.call("POST", f"/contacts/{contact_id}/archive")
    else:
        desk.call("PUT", f"/contacts/{contact_id}", json={"email": None})
    desk.reply(begun["conversation_id"])
    [mail] = desk.mails(contact_id, state="dropped")
    assert mail["reason"] == "user_not_contactable"


def test_who_unsubscribed_gets_the_answer_to_their_own_mail_and_nothing_else(desk: WaitingDesk) -> None:
    begun = desk.receive("grace@shop.example")
    contact_id = desk.get(begun["conversation_id"])["contacts"]["contacts"][0]["id"]
    participant = desk.user()
    attached = {"admin_id": desk.me, "customer": {"intercom_user_id": participant["id"]}}
    desk.post(f"/conversations/{begun['conversation_id']}/customers", attached)
    for each in (contact_id, participant["id"]):
        desk.call("PUT", f"/contacts/{each}", json={"unsubscribed_from_emails": True})
    desk.reply(begun["conversation_id"], "Two seats it is")
    [answer] = desk.mails(contact_id)
    assert answer["plain"] == "Two seats it is"
    # Who has written nothing by mail there asked for no answer by mail.
    [unasked] = desk.mails(participant["id"], state="dropped")
    assert unasked["reason"] == "user_not_contactable"
    # Nor is a conversation of the messenger one by mail.
    desk.clock(MORNING)
    chat = desk.start(contact_id)
    desk.reply(chat["id"])
    desk.eventually(lambda: desk.parts_waiting() == 1)
    desk.pass_time(MORNING + 3 * MINUTE)
    assert [each["state"] for each in desk.outbox(contact_id)] == ["stored", "dropped"]


def test_a_shared_ticket_is_acknowledged_and_its_replies_are_mailed(desk: WaitingDesk) -> None:
    contact = desk.user()
    ticket = desk.ticket(contacts=[{"id": contact["id"]}], ticket_attributes={"_default_title_": "Broken lock"})
    [word] = desk.mails(contact["id"])
    assert (word["kind"], word["subject"]) == ("ticket", f"[#{ticket['ticket_id']}] Broken lock")
    assert f"#{ticket['ticket_id']}" in word["plain"]
    desk.say(ticket, body="We send somebody")
    reply = desk.mails(contact["id"], 2)[1]
    assert (reply["plain"], reply["subject"]) == ("We send somebody", word["subject"])
    assert reply["references"] == [word["message_id"]]


def test_a_ticket_that_is_not_shared_is_not_mailed(desk: WaitingDesk) -> None:
    contact = desk.user()
    desk.ticket(desk.ticket_type("Back-office"), contacts=[{"id": contact["id"]}])
    desk.ticket(contacts=[{"id": contact["id"]}])
    assert len(desk.mails(contact["id"])) == 1


def test_all_participants_get_a_mail_of_their_own(desk: WaitingDesk) -> None:
    begun = desk.receive("grace@shop.example")
    second = desk.user()
    desk.post(
        f"/conversations/{begun['conversation_id']}/customers",
        {"admin_id": desk.me, "customer": {"intercom_user_id": second["id"]}},
    )
    answered = desk.reply(begun["conversation_id"])
    mails = [desk.mails(each["id"])[0] for each in answered["contacts"]["contacts"]]
    assert len({mail["reply_to"] for mail in mails}) == len({mail["message_id"] for mail in mails}) == 2


def test_attached_files_go_along_and_those_still_elsewhere_are_linked(desk: WaitingDesk) -> None:
    begun = desk.receive("grace@shop.example")
    file = {"content_type": "text/plain", "data": "aGVsbG8=", "name": "hello.txt"}
    answered = desk.reply(
        begun["conversation_id"], attachment_files=[file], attachment_urls=["http://127.0.0.1:1/later.pdf"]
    )
    [mail] = desk.mails(answered["contacts"]["contacts"][0]["id"])
    assert len(mail["attachment_ids"]) == 1
    assert "later.pdf: http://127.0.0.1:1/later.pdf" in mail["plain"]
    assert 'href="http://127.0.0.1:1/later.pdf"' in mail["html"]


def test_one_click_unsubscribes_and_looking_does_not(desk: WaitingDesk) -> None:
    contact = desk.user()
    desk.message(contact)
    [mail] = desk.mails(contact["id"])
    link = mail["plain"].split("Unsubscribe: ")[1]
    page = httpx.get(link)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<button>" in page.text
    assert desk.call("GET", f"/contacts/{contact['id']}")["unsubscribed_from_emails"] is False
    click = httpx.post(link, data={"List-Unsubscribe": "One-Click"})
    assert click.status_code == 200
    assert desk.call("GET", f"/contacts/{contact['id']}")["unsubscribed_from_emails"] is True
    refused = desk.api.post(
        "/messages",
        json={
            "from": {"type": "admin", "id": desk.me},
            "body": "x",
            "subject": "x",
            "to": {"type": "contact", "id": contact["id"]},
            "message_type": "email",
        },
    )
    assert refused.status_code == 403


@pytest.mark.parametrize("part", ["workspace", "contact", "signature"])
def test_nobody_is_unsubscribed_by_a_link_that_was_made_up(
    desk: WaitingDesk, server_url: str, other: TestWorkspace, part: str
) -> None:
    contact, somebody = desk.user(), desk.user()
    desk.message(contact)
    [mail] = desk.mails(contact["id"])
    *_, workspace_id, contact_id, signature = mail["plain"].split("Unsubscribe: ")[1].split("/")
    changed = {
        "workspace": (other.id, contact_id, signature),
        "contact": (workspace_id, somebody["id"], signature),
        "signature": (workspace_id, contact_id, "é" * 64),
    }[part]
    for method in ("GET", "POST"):
        answer = httpx.request(method, f"{server_url}/unsubscribe/{'/'.join(changed)}")
        assert (answer.status_code, answer.json()["type"]) == (404, "error.list")
    assert desk.call("GET", f"/contacts/{somebody['id']}")["unsubscribed_from_emails"] is False


def test_the_sender_is_the_workspaces_own(desk: WaitingDesk) -> None:
    settings = {
        "sender_name": "Lumen Help",
        "sender_address": "Help@lumen.internal",
        "inbound_domain": "mail.lumen.internal",
        "support_addresses": ["sales@lumen.internal"],
    }
    stored = desk.call("PUT", "/manage/v1/email_settings", json=settings)
    assert stored["support_addresses"] == ["help@lumen.internal", "sales@lumen.internal"]
    assert (stored["sends_as"], stored["receives_at"]) == ("help@lumen.internal", "mail.lumen.internal")
    assert desk.call("PUT", "/manage/v1/email_settings", json={}) == stored
    contact = desk.user()
    desk.message(contact)
    [mail] = desk.mails(contact["id"])
    assert mail["from_name"].endswith(" from Lumen Help")
    assert mail["from_address"] == "help@lumen.internal"
    assert mail["reply_to"].startswith("reply+")
    assert mail["reply_to"].endswith("@mail.lumen.internal")
    assert mail["message_id"].endswith("@lumen.internal")


def test_an_address_belongs_to_one_workspace(desk: WaitingDesk, other: TestWorkspace) -> None:
    address = f"help@{desk.workspace_id}.internal"
    desk.call("PUT", "/manage/v1/email_settings", json={"support_addresses": [address]})
    taken = other.api.put("/manage/v1/email_settings", json={"sender_name": "Me", "sender_address": address})
    assert taken.status_code == 409
    assert other.api.get("/manage/v1/email_settings").json()["sender_name"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sender_address", "nobody"),
        ("sender_address", "grüße@example.com"),
        ("inbound_domain", "mail example"),
        ("inbound_domain", "a" * 300),
        ("support_addresses", ["nobody"]),
        ("sender_name", " "),
    ],
)
def test_settings_that_cannot_be_used_are_refused(api: httpx.Client, name: str, value: object) -> None:
    refused = api.put("/manage/v1/email_settings", json={name: value})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "parameter_invalid")


def test_the_outbox_is_listed_in_pages_and_by_state(desk: WaitingDesk) -> None:
    contacts = [desk.user() for _ in range(3)]
    for contact in contacts:
        desk.message(contact)
        desk.mails(contact["id"])
    first = desk.call("GET", "/manage/v1/outbox", params={"per_page": "2"})
    rest = desk.call("GET", "/manage/v1/outbox", params={"per_page": "2", "before": first["next_before"]})
    listed = [mail["contact_id"] for mail in [*first["data"], *rest["data"]]]
    assert listed == [contact["id"] for contact in reversed(contacts)]
    assert rest["next_before"] is None
    assert desk.call("GET", "/manage/v1/outbox", params={"state": "sent"})["data"] == []
    assert len(desk.call("GET", "/manage/v1/outbox", params={"state": "stored"})["data"]) == 3
    assert desk.outbox(contacts[0]["id"], state="sent") == []


def test_a_workspace_sees_no_other_ones_mail(desk: WaitingDesk, other: TestWorkspace) -> None:
    contact = desk.user()
    desk.message(contact)
    [mail] = desk.mails(contact["id"])
    assert other.api.get(f"/manage/v1/outbox/{mail['id']}").status_code == 404
    assert other.api.get("/manage/v1/outbox").json()["data"] == []


def test_threads_of_a_lead_go_on_with_the_user_it_is_merged_into(desk: WaitingDesk) -> None:
    begun = desk.receive("grace@shop.example", Message_ID="<first@shop.example>")
    lead_id = desk.get(begun["conversation_id"])["contacts"]["contacts"][0]["id"]
    user = World(desk.api).user()
    desk.post("/contacts/merge", {"from": lead_id, "into": user["id"]})
    desk.reply(begun["conversation_id"])
    assert desk.mails(user["id"])[0]["references"] == ["first@shop.example"]


def test_mails_to_a_lead_are_those_of_the_user_it_is_merged_into(desk: WaitingDesk) -> None:
    lead = desk.post("/contacts", {"role": "lead", "email": "grace@shop.example"})
    desk.message(lead)
    [mail] = desk.mails(lead["id"])
    user = World(desk.api).user()
    desk.post("/contacts/merge", {"from": lead["id"], "into": user["id"]})
    assert [each["id"] for each in desk.outbox(user["id"])] == [mail["id"]]
    link = mail["plain"].rpartition("Unsubscribe: ")[2].strip()
    assert httpx.post(link).status_code == 200
    assert desk.call("GET", f"/contacts/{user['id']}")["unsubscribed_from_emails"] is True


def test_what_is_redacted_is_in_no_mail_any_more(desk: WaitingDesk) -> None:
    begun = desk.receive("grace@shop.example")
    answered = desk.reply(begun["conversation_id"], "The password is 1234")
    contact_id = answered["contacts"]["contacts"][0]["id"]
    [mail] = desk.mails(contact_id)
    assert "1234" in mail["html"]
    redacted = {
        "type": "conversation_part",
        "conversation_id": begun["conversation_id"],
        "conversation_part_id": last_part(answered)["id"],
    }
    desk.post("/conversations/redact", redacted)
    [mail] = desk.mails(contact_id)
    assert (mail["html"], mail["plain"]) == ("<p><i>This message was deleted</i></p>", "This message was deleted")
