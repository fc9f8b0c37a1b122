"""Mails reach a real mail server once each, signed and in one thread, whatever the server does on the way."""

import asyncio
import base64
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import dkim  # type: ignore[import-untyped]
import pytest

from callbox.channels.email.sending import MOST_ATTEMPTS
from tests.channels import mail_server
from tests.channels.correspondence import Eventually, MailDesk
from tests.cli.commands import Commands
from tests.conftest import RunningServer, new_database, new_workspace, serving
from tests.support.conversations import part_types, parts_of
from tests.survival.harness import children_of
from tests.waiting import wait_for

Json = dict[str, Any]


@dataclass
class Installation:
    """A server that sends, and the mail server that it sends through."""

    server: RunningServer
    mails: mail_server.MailServer
    data: Path

    def fetch(self, statement: str, *arguments: object) -> Any:
        """One value from its database."""

        async def run() -> Any:
            connection = await asyncpg.connect(self.server.database_url)
            try:
                return await connection.fetchval(statement, *arguments)
            finally:
                await connection.close()

        return asyncio.run(run())

    def hurry(self) -> None:
        """What waits to be tried again is due now."""
        self.fetch("UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = 'email.deliver' AND status = 'queued'")


@pytest.fixture(scope="module")
def installation(postgres_url: str, migrated_database: str, short_directory: Path) -> Iterator[Installation]:
    """Shared by the tests of this module, each with a workspace and addresses of its own."""
    data = short_directory / "sending"
    with new_database(postgres_url, migrated_database) as url, mail_server.mail_server() as mails:
        environment = {
            "CALLBOX_DATABASE_URL": url,
            "CALLBOX_EMAIL_DOMAIN": "mail.callbox.internal",
            "CALLBOX_PUBLIC_URL": "https://support.callbox.internal",
            "CALLBOX_SMTP_URL": f"smtp://127.0.0.1:{mails.port}?starttls=optional",
        }
        with serving(data, environment) as running:
            yield Installation(running, mails, data)


@pytest.fixture
def desk(installation: Installation, eventually: Eventually) -> Iterator[MailDesk]:
    """A workspace of this test's own."""
    workspace = new_workspace(installation.server)
    yield MailDesk(workspace.api, eventually)
    workspace.api.close()


def test_a_mail_carries_what_mail_programs_need(desk: MailDesk, installation: Installation) -> None:
    contact = desk.user(email="grace.1@shop.internal", name='Grace "G" Hopper, Käthe')
    sent = desk.message(contact, subject="Ihr Plan, schön!")
    [stored] = desk.mails(contact["id"], state="sent")
    [mail] = installation.mails.mails_to("grace.1@shop.internal")
    assert (mail["Subject"], mail["To"].addresses[0].display_name) == ("Ihr Plan, schön!", 'Grace "G" Hopper, Käthe')
    assert mail["Message-ID"] == f"<{stored['message_id']}>"
    assert mail["Reply-To"] == stored["reply_to"]
    assert mail["From"].addresses[0].addr_spec == f"{desk.workspace_id}@mail.callbox.internal"
    assert mail["Date"].datetime.timestamp() == stored["created_at"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith(f"<https://support.callbox.internal/unsubscribe/{desk.workspace_id}/")
    assert (mail["Auto-Submitted"], mail["In-Reply-To"]) == (None, None)
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "It is ready to look at." in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "<p>It is ready to look at.</p>" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    [(_, envelope)] = [each for each in installation.mails.handler.taken if each[1].rcpt_tos == [contact["email"]]]
    assert envelope.mail_from is not None
    assert envelope.mail_from.startswith(f"bounce+{desk.workspace_id}-")
    [message] = desk.call("GET", "/manage/v1/messages")["data"]
    assert (message["id"], message["delivered_at"]) == (sent["id"], stored["sent_at"])


def test_replies_refer_to_the_mails_before_them_and_bring_their_files(
    desk: MailDesk, installation: Installation
) -> None:
    begun = desk.receive(
        "thread.1@shop.internal", to=f"{desk.workspace_id}@mail.callbox.internal", Message_ID="<a@shop.internal>"
    )
    file = {"content_type": "application/pdf", "data": base64.b64encode(b"%PDF-1.4 x").decode(), "name": "Rechnüng.pdf"}
    answered = desk.reply(begun["conversation_id"], attachment_files=[file])
    contact_id = answered["contacts"]["contacts"][0]["id"]
    [first] = desk.mails(contact_id, state="sent")
    desk.reply(begun["conversation_id"], "And one more thing")
    desk.mails(contact_id, 2, state="sent")
    one, two = installation.mails.mails_to("thread.1@shop.internal")
    assert (one["In-Reply-To"], one["References"]) == ("<a@shop.internal>", "<a@shop.internal>")
    assert two["In-Reply-To"] == one["Message-ID"] == f"<{first['message_id']}>"
    assert two["References"].split() == ["<a@shop.internal>", one["Message-ID"]]
    assert one["Subject"] == two["Subject"] == "Re: My invoice"
    assert one["List-Unsubscribe"] is None
    [attached] = one.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("Rechnüng.pdf", b"%PDF-1.4 x")


def test_word_of_a_ticket_says_that_no_person_wrote_it(desk: MailDesk, installation: Installation) -> None:
    contact = desk.user(email="ticket.1@shop.internal")
    desk.ticket(contacts=[{"id": contact["id"]}])
    desk.mails(contact["id"], state="sent")
    assert installation.mails.mails_to("ticket.1@shop.internal")[0]["Auto-Submitted"] == "auto-generated"


def test_mail_is_signed_with_the_key_whose_record_the_command_prints(
    desk: MailDesk, installation: Installation
) -> None:
    callbox = Commands({"CALLBOX_DATABASE_URL": installation.server.database_url, "CALLBOX_DATA": "unused"})
    made = callbox("email", "dkim", "lumen.internal", "--workspace", desk.workspace_id)
    name, _, text = made.out.partition(" IN TXT ")
    assert name == "callbox._domainkey.lumen.internal."
    record = "".join(text.strip("()\n ").split('"')[1::2]).encode()
    desk.call("PUT", "/manage/v1/email_settings", json={"sender_address": "help@lumen.internal"})
    contact = desk.user(email="signed.1@shop.internal")
    desk.message(contact, body="<p>.</p><p>" + "Long lines and Ümläuts " * 100 + "</p>")
    desk.mails(contact["id"], state="sent")
    raw = installation.mails.raw_to("signed.1@shop.internal")
    assert dkim.verify(raw, dnsfunc=lambda asked, **_: record if asked == name.encode() else None)
    assert not dkim.verify(raw.replace(b"Your new", b"Your old"), dnsfunc=lambda *_, **__: record)
    assert "private" not in str(desk.call("GET", "/manage/v1/email_settings"))


def test_without_openssl_no_key_is_made_and_the_message_says_what_to_do(installation: Installation) -> None:
    callbox = Commands({"CALLBOX_DATABASE_URL": installation.server.database_url, "CALLBOX_DATA": "unused"})
    told = callbox.refusal("email", "dkim", "lumen.internal", PATH="")
    assert "apt-get install openssl" in told
    assert "CALLBOX_DATABASE_URL" in told


@pytest.mark.parametrize("why", ["busy", "drops"])
def test_what_fails_for_now_is_sent_once_later(desk: MailDesk, installation: Installation, why: str) -> None:
    address = f"{why}.{desk.workspace_id}@shop.internal"
    contact = desk.user(email=address)
    desk.message(contact)
    desk.eventually(lambda: desk.outbox(contact["id"]) and desk.outbox(contact["id"])[0]["attempts"] == 1)
    [waiting] = desk.outbox(contact["id"])
    assert waiting["state"] == "queued"
    assert waiting["reason"]
    installation.hurry()
    [mail] = desk.mails(contact["id"], state="sent")
    assert (mail["attempts"], mail["reason"]) == (2, None)
    assert len(installation.mails.mails_to(address)) == 1


def test_a_mail_that_waits_for_a_lead_is_sent_when_the_lead_was_merged_meanwhile(
    desk: MailDesk, installation: Installation
) -> None:
    lead, user = desk.lead(email=f"busy.lead.{desk.workspace_id}@shop.internal"), desk.user()
    desk.message(lead)
    desk.eventually(lambda: desk.outbox(lead["id"]) and desk.outbox(lead["id"])[0]["attempts"] == 1)
    desk.post("/contacts/merge", {"from": lead["id"], "into": user["id"]})
    installation.hurry()
    [mail] = desk.mails(user["id"], state="sent")
    assert mail["to_address"] == lead["email"]
    assert desk.outbox(lead["id"]) == []


def test_an_address_where_nobody_is_bounces_and_is_not_written_to_again(
    desk: MailDesk, installation: Installation
) -> None:
    address = f"nobody.{desk.workspace_id}@shop.internal"
    begun = desk.receive(address, to=f"{desk.workspace_id}@mail.callbox.internal")
    answered = desk.reply(begun["conversation_id"])
    contact_id = answered["contacts"]["contacts"][0]["id"]
    [mail] = desk.mails(contact_id, state="bounced")
    assert "Nobody lives here" in mail["reason"]
    assert desk.call("GET", f"/contacts/{contact_id}")["has_hard_bounced"] is True
    conversation = desk.get(begun["conversation_id"])
    assert part_types(conversation)[-1] == "note"
    assert "Nobody lives here" in parts_of(conversation)[-1]["body"]
    desk.reply(begun["conversation_id"])
    desk.eventually(lambda: len(desk.outbox(contact_id)) == 2)
    assert desk.outbox(contact_id)[1]["reason"] == "user_bounced"
    assert installation.mails.handler.tried.count(address) == 1
    # Another address is another matter.
    changed = desk.call("PUT", f"/contacts/{contact_id}", json={"email": f"found.{desk.workspace_id}@shop.internal"})
    assert changed["has_hard_bounced"] is False
    desk.reply(begun["conversation_id"])
    desk.eventually(lambda: [each["state"] for each in desk.outbox(contact_id)][2:] == ["sent"])


@pytest.mark.parametrize("why", ["policy", "content"])
def test_a_mail_that_is_refused_has_failed_and_says_nothing_of_the_address(desk: MailDesk, why: str) -> None:
    contact = desk.user(email=f"{why}.{desk.workspace_id}@shop.internal")
    desk.message(contact)
    [mail] = desk.mails(contact["id"], state="failed")
    assert mail["reason"].startswith("55")
    assert desk.call("GET", f"/contacts/{contact['id']}")["has_hard_bounced"] is False


@pytest.mark.parametrize(("status", "state", "column"), [("5.1.1", "bounced", "hard"), ("4.2.2", "failed", "soft")])
def test_a_report_to_the_bounce_address_bounces_the_mail_and_exports_tell_when(
    desk: MailDesk, installation: Installation, status: str, state: str, column: str
) -> None:
    contact = desk.user(email=f"later.{column}.{desk.workspace_id}@shop.internal")
    sent = desk.message(contact)
    [mail] = desk.mails(contact["id"], state="sent")
    [(_, envelope)] = [each for each in installation.mails.handler.taken if each[1].rcpt_tos == [contact["email"]]]
    assert envelope.mail_from is not None
    report = (
        "From: <mailer-daemon@shop.internal>\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\nContent-Type: text/plain\r\n\r\nSorry\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; shop.internal\r\n\r\nFinal-Recipient: rfc822; {contact['email']}\r\nAction: failed\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; 550 Moved away\r\n\r\n--x--\r\n"
    )
    data = base64.b64encode(report.encode()).decode()
    came_in = desk.post("/manage/v1/inbound_emails", {"sender": "", "recipients": [envelope.mail_from], "data": data})
    desk.eventually(lambda: desk.call("GET", f"/manage/v1/inbound_emails/{came_in['id']}")["state"] == "done")
    [told] = desk.mails(contact["id"], state=state)
    assert (told["id"], told["reason"]) == (mail["id"], "550 Moved away")
    assert desk.call("GET", f"/contacts/{contact['id']}")["has_hard_bounced"] is (column == "hard")
    [receipt] = desk.receipts()
    noted = {each for each in ("hard", "soft") if receipt[f"first_{each}_bounce"]}
    assert (receipt["receipt_id"], noted) == (sent["id"], {column})
    assert 0 <= int(time.time()) - int(receipt[f"first_{column}_bounce"]) < 600


def test_addresses_that_are_examples_get_no_mail(desk: MailDesk) -> None:
    contact = desk.user(email="ada@mail.example.com")
    desk.message(contact)
    assert desk.mails(contact["id"], state="dropped")[0]["reason"] == "email_address_ignored"


@pytest.mark.parametrize(
    ("address", "tried"),
    [
        ("käthe.1@bücher.internal", "käthe.1@xn--bcher-kva.internal"),
        ("kate.1@bücher.internal", "kate.1@xn--bcher-kva.internal"),
    ],
)
def test_an_address_beyond_ascii_is_written_to(
    desk: MailDesk, installation: Installation, address: str, tried: str
) -> None:
    contact = desk.user(email=address)
    desk.message(contact)
    desk.mails(contact["id"], state="sent")
    assert installation.mails.handler.tried.count(tried) == 1


def test_what_fails_for_days_has_failed(desk: MailDesk, installation: Installation) -> None:
    contact = desk.user(email=f"busy.last.{desk.workspace_id}@shop.internal")
    desk.message(contact, body="<p>Later</p>")
    desk.eventually(lambda: desk.outbox(contact["id"]) and desk.outbox(contact["id"])[0]["attempts"] == 1)
    installation.fetch("UPDATE emails SET attempts = $2 WHERE workspace_id = $1", desk.workspace_id, MOST_ATTEMPTS - 1)
    installation.mails.handler.tried.remove(contact["email"])
    installation.hurry()
    [mail] = desk.mails(contact["id"], state="failed")
    assert mail["reason"].startswith("451")
    assert installation.mails.mails_to(contact["email"]) == []


def test_a_killed_worker_neither_loses_a_mail_nor_sends_one_twice(desk: MailDesk, installation: Installation) -> None:
    contacts = [desk.user(email=f"kill{number}.{desk.workspace_id}@shop.internal") for number in range(20)]
    for contact in contacts:
        desk.message(contact)
    children = children_of(installation.server.process.pid)
    [worker] = [process for process, command in children.items() if "worker" in command]
    os.kill(worker, signal.SIGKILL)
    # Jobs of a killed worker run again once it has not been heard of for a while.
    wait_for(lambda: len(desk.call("GET", "/manage/v1/outbox", params={"state": "sent"})["data"]) == len(contacts))
    sent = [len(installation.mails.mails_to(contact["email"])) for contact in contacts]
    # The one whose delivery was cut off before it was noted may come a second time.
    assert min(sent) == 1
    assert max(sent) <= 2
