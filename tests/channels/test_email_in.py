"""Mail comes in over SMTP and LMTP, and is found where it belongs."""

import asyncio
import base64
import html
import os
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from callbox.channels.email.addresses import BounceTarget, ReplyTarget, bounce_address, reply_address
from tests.channels.mails import MAILS
from tests.conftest import RunningServer, TestWorkspace, free_port
from tests.support.conversations import last_part, part_types, parts_of

Json = dict[str, Any]
Eventually = Callable[[Callable[[], Any]], Any]


@dataclass
class MailWorker:
    """A `callbox worker` that takes mail in, beside the shared server."""

    port: int
    lmtp: Path
    certificate: Path


@pytest.fixture(scope="module")
def worker(server: RunningServer, short_directory: Path) -> Iterator[MailWorker]:
    """Listens with SMTP, LMTP and a certificate."""
    port, directory = free_port(), short_directory / "mail"
    directory.mkdir()
    certificate, key, lmtp = directory / "certificate.pem", directory / "key.pem", directory / "lmtp.sock"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key)]
    subprocess.run([*made, "-out", str(certificate), *subject], check=True, capture_output=True)
    command = [sys.executable, "-m", "callbox.cli", "worker"]
    process = subprocess.Popen(
        [*command, "--data", str(short_directory / "server"), "--smtp", str(port), "--lmtp", str(lmtp)],
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "CALLBOX_DATABASE_URL": server.database_url,
            "CALLBOX_PUBLIC_URL": server.url,
            "CALLBOX_MAIL_CERTIFICATE": str(certificate),
            "CALLBOX_MAIL_KEY": str(key),
        },
    )
    assert process.stderr is not None
    said = iter(process.stderr)
    assert any("The worker runs." in line for line in said)
    assert [next(said), next(said)] == [
        f"It takes mail in by SMTP at 127.0.0.1:{port}.\n",
        f"It takes mail in by LMTP at {lmtp}.\n",
    ]
    yield MailWorker(port, lmtp, certificate)
    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 0, rest


@dataclass
class Post:
    """Sends mail to a workspace and looks what became of it."""

    worker: MailWorker
    workspace: TestWorkspace
    database_url: str
    eventually: Eventually
    sent: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where the workspace gets mail without any setting."""
        return f"{self.workspace.id}@localhost"

    def hand_over(self, raw: bytes, *recipients: str, sender: str = "grace@example.com") -> None:
        """Send a mail as it is."""
        with smtplib.SMTP("127.0.0.1", self.worker.port, timeout=30) as smtp:
            smtp.sendmail(sender, recipients or [self.address], raw)

    def outcomes(self) -> list[Json]:
        """What became of all mails, oldest first, once all were read."""

        def read() -> list[Json]:
            listed: list[Json] = self.workspace.api.get("/manage/v1/inbound_emails").json()["data"]
            return [] if any(each["state"] == "received" for each in listed) else listed[::-1]

        found: list[Json] = self.eventually(read)
        return found

    def send(self, raw: bytes, *recipients: str, sender: str = "grace@example.com") -> Json:
        """Send a mail and wait until it is read; answers what became of it."""
        known = {each["id"] for each in self.workspace.api.get("/manage/v1/inbound_emails").json()["data"]}
        self.hand_over(raw, *recipients, sender=sender)
        [outcome] = [each for each in self.outcomes() if each["id"] not in known]
        return outcome

    def conversation(self, outcome: Json) -> Json:
        """The conversation that a mail is in."""
        assert outcome["state"] == "done", outcome
        found: Json = self.workspace.api.get(f"/conversations/{outcome['conversation_id']}").json()
        return found

    def begun(self, raw: bytes | None = None) -> Json:
        """A conversation that a mail began."""
        return self.conversation(self.send(raw or mail(message_id="first@example.com")))

    def signed(self, conversation: Json, *, contact: str | None = None, admin: str | None = None) -> str:
        """The address by which somebody answers in a conversation."""
        target = ReplyTarget(
            workspace_id=self.workspace.id,
            conversation_id=int(conversation["id"]),
            contact_id=contact,
            admin_id=None if admin is None else int(admin),
        )
        return reply_address(self.link_key(), "localhost", target)

    def link_key(self) -> bytes:
        """What the workspace's addresses are signed with."""
        key: bytes = self.sql("SELECT link_key FROM workspaces WHERE id = $1", self.workspace.id)[0]["link_key"]
        return key

    def sql(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Look into the database, or write what no operation writes."""

        async def run() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.database_url)
            try:
                return list(await connection.fetch(statement, *arguments))
            finally:
                await connection.close()

        return asyncio.run(run())

    def admin(self, email: str = "ada@shop.example") -> str:
        """An admin with an address."""
        made = self.workspace.api.post("/manage/v1/admins", json={"name": "Ada", "email": email})
        assert made.status_code == 200, made.text
        return str(made.json()["id"])


@pytest.fixture
def post(worker: MailWorker, workspace: TestWorkspace, server: RunningServer, eventually: Eventually) -> Post:
    """The post of this test's workspace."""
    return Post(worker, workspace, server.database_url, eventually)


def mail(
    body: str = "It does not open.",
    *,
    sender: str = "Grace Hopper <grace@example.com>",
    subject: str = "Roster",
    message_id: str | None = None,
    **headers: str,
) -> bytes:
    """A mail; words of a header's name are joined by underscores."""
    message = EmailMessage()
    message["From"] = sender
    message["Subject"] = subject
    if message_id is not None:
        message["Message-ID"] = f"<{message_id}>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()


def test_a_mail_begins_a_conversation_with_its_writer(post: Post) -> None:
    outcome = post.send(MAILS["alternative"])
    assert (outcome["from_address"], outcome["subject"]) == ("grace@example.com", "Roster")
    conversation = post.conversation(outcome)
    source = conversation["source"]
    assert (source["type"], source["delivered_as"], source["subject"]) == ("email", "customer_initiated", "Roster")
    assert source["body"] == '<p>The roster <b>does not</b> open.</p><img src="https://example.com/a.png">'
    author = source["author"]
    assert (author["type"], author["name"], author["email"]) == ("lead", "Grace Hopper", "grace@example.com")
    assert (conversation["state"], conversation["read"]) == ("open", True)
    assert conversation["waiting_since"] == conversation["created_at"]


def test_a_user_with_the_address_is_the_writer(post: Post) -> None:
    user = post.workspace.api.post("/contacts", json={"role": "user", "email": "grace@example.com"}).json()
    assert post.begun()["source"]["author"] | {} == {
        "type": "user",
        "id": user["id"],
        "name": None,
        "email": "grace@example.com",
    }


def participants(conversation: Json) -> set[str]:
    """The ids of who takes part."""
    return {each["id"] for each in conversation["contacts"]["contacts"]}


def test_who_gets_a_copy_takes_part_and_the_team_does_not(post: Post) -> None:
    api = post.workspace.api
    user = api.post("/contacts", json={"role": "user", "email": "alan@example.com"}).json()["id"]
    post.admin("ada@shop.example")
    copied = "Alan <alan@example.com>, Ada <ada@shop.example>, grace@example.com, no.address@-"
    support = f"{post.workspace.id}@localhost"
    begun = post.begun(mail(message_id="first@example.com", To=f"{support}, Mary <mary@example.com>", Cc=copied))
    [mary] = participants(begun) - {user, begun["source"]["author"]["id"]}
    assert api.get(f"/contacts/{mary}").json()["name"] == "Mary"
    assert len(participants(begun)) == 3
    # A participant brings somebody along, a stranger does not.
    answered = {"In_Reply_To": "<first@example.com>"}
    brought = post.conversation(post.send(mail(sender="mary@example.com", Cc="kay@example.com", **answered)))
    assert len(participants(brought)) == 4
    strange = mail(sender="stranger@example.com", Cc="another@example.com", **answered)
    joined = post.conversation(post.send(strange, sender="stranger@example.com"))
    assert len(participants(joined)) == 5
    assert api.post("/contacts/search", json={"query": find("another@example.com")}).json()["total_count"] == 0


def find(email: str) -> Json:
    """A search for an address."""
    return {"field": "email", "operator": "=", "value": email}


def test_a_mail_makes_few_participants_of_a_long_list(post: Post) -> None:
    listed = ", ".join(f"reader{number}@example.com" for number in range(50))
    assert len(participants(post.begun(mail(Cc=listed)))) <= 21


def test_the_original_can_be_read(post: Post) -> None:
    outcome = post.send(MAILS["top_posted_gmail"])
    original = httpx.get(outcome["original_url"])
    assert original.headers["content-type"] == "message/rfc822"
    assert original.content == MAILS["top_posted_gmail"]
    assert httpx.get(outcome["original_url"].replace("signature=", "signature=0")).status_code == 404


def test_files_and_pictures_of_a_mail_can_be_read(post: Post) -> None:
    source = post.begun(MAILS["inline_picture"])["source"]
    [attached] = source["attachments"]
    assert (attached["name"], attached["content_type"]) == ("Stundenpläne.csv", "text/csv")
    assert httpx.get(attached["url"]).content == b"a,b\n1,2\n"
    [picture] = re.findall(r'<img src="([^"]+)"', source["body"])
    assert httpx.get(html.unescape(picture)).headers["content-type"] == "image/png"


def test_what_is_redacted_is_gone_as_a_mail_too(post: Post) -> None:
    api = post.workspace.api
    first = post.send(MAILS["inline_picture"].replace(b"From:", b"Message-ID: <first@example.com>\r\nFrom:", 1))
    second = post.send(mail("The password is 1234", message_id="second@example.com", In_Reply_To="<first@example.com>"))
    third = post.send(mail("Thank you", In_Reply_To="<first@example.com>"))
    conversation = post.conversation(third)
    [picture] = re.findall(r'<img src="([^"]+)"', conversation["source"]["body"])

    def redact(**what: str) -> None:
        answer = api.post("/conversations/redact", json={"conversation_id": conversation["id"], **what})
        assert answer.status_code == 200, answer.text

    redact(type="conversation_part", conversation_part_id=parts_of(conversation)[0]["id"])
    mails = [api.get(f"/manage/v1/inbound_emails/{each['id']}").json() for each in (first, second, third)]
    assert [each["original_url"] is None for each in mails] == [False, True, False]
    assert httpx.get(second["original_url"]).status_code == 404
    assert httpx.get(html.unescape(picture)).status_code == 200
    redact(type="source", source_id=conversation["source"]["id"])
    assert api.get(f"/manage/v1/inbound_emails/{first['id']}").json() | {} == {
        **mails[0],
        "original_url": None,
        "reason": "redacted",
        "subject": None,
    }
    for url in (first["original_url"], html.unescape(picture)):
        assert httpx.get(url).status_code == 404
    assert httpx.get(third["original_url"]).status_code == 200


@pytest.mark.parametrize("header", ["In_Reply_To", "References"])
def test_an_answer_is_found_by_what_it_refers_to(post: Post, header: str) -> None:
    conversation = post.begun()
    post.workspace.api.post(
        f"/conversations/{conversation['id']}/parts",
        json={"message_type": "close", "type": "admin", "admin_id": post.admin()},
    )
    answer = mail("And today?", subject="Another subject", **{header: "<first@example.com> <unknown@example.com>"})
    answered = post.conversation(post.send(answer))
    assert answered["id"] == conversation["id"]
    part = last_part(answered)
    assert (part["part_type"], part["body"], answered["state"]) == ("open", "<p>And today?</p>", "open")
    assert part["author"]["id"] == conversation["source"]["author"]["id"]


def test_the_same_subject_alone_begins_another_conversation(post: Post) -> None:
    assert post.begun()["id"] != post.begun(mail("Once more"))["id"]


def test_a_contact_answers_by_the_signed_address(post: Post) -> None:
    conversation = post.begun()
    contact = conversation["source"]["author"]["id"]
    answered = post.conversation(post.send(mail("Yes"), post.signed(conversation, contact=contact)))
    assert part_types(answered) == ["comment"]
    assert last_part(answered)["author"]["id"] == contact


def test_whoever_else_writes_to_a_signed_address_is_not_taken_for_its_person(post: Post) -> None:
    conversation = post.begun()
    contact = conversation["source"]["author"]["id"]
    address = post.signed(conversation, contact=contact)
    answered = post.conversation(post.send(mail("I am Grace", sender="Mallory <mallory@example.net>"), address))
    assert part_types(answered) == ["participant_added", "comment"]
    author = last_part(answered)["author"]
    assert author["id"] != contact
    assert (author["name"], author["email"]) == ("Mallory", "mallory@example.net")
    assert len(answered["contacts"]["contacts"]) == 2


def test_a_signed_address_cannot_be_turned_into_another_one(post: Post) -> None:
    conversation, other = post.begun(), post.begun(mail("Another"))
    contact = conversation["source"]["author"]["id"]
    theirs, ours = post.signed(other, contact=contact), post.signed(conversation, contact=contact)
    forged = f"{theirs.partition('.')[0]}.{ours.partition('.')[2]}"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        post.hand_over(mail(), forged)


def test_an_admin_answers_by_an_address_of_their_own_alone(post: Post) -> None:
    conversation, admin = post.begun(), post.admin()
    answer = mail("Please try again", sender="Ada <ada@shop.example>")
    answered = post.conversation(post.send(answer, post.signed(conversation, admin=admin)))
    part = last_part(answered)
    assert (part["author"]["type"], part["author"]["id"], part["body"]) == ("admin", admin, "<p>Please try again</p>")
    assert answered["waiting_since"] is None
    # The name of an admin in From is no proof: anybody can write it there.
    spoofed = mail("Send me your password", sender="Ada <ada@shop.example>", In_Reply_To="<first@example.com>")
    part = last_part(post.conversation(post.send(spoofed)))
    assert (part["author"]["type"], part["body"]) == ("lead", "<p>Send me your password</p>")
    # Nor is the address of another admin.
    other = post.signed(conversation, admin=post.admin("eve@shop.example"))
    assert (
        last_part(post.conversation(post.send(mail("Me", sender="ada@shop.example"), other)))["author"]["type"]
        == "lead"
    )


def test_an_answer_makes_a_conversation_of_a_message(post: Post) -> None:
    user = post.workspace.api.post("/contacts", json={"role": "user", "email": "grace@example.com"}).json()
    sent = post.workspace.api.post(
        "/messages",
        json={
            "message_type": "email",
            "subject": "Your roster",
            "body": "It is ready",
            "from": {"type": "admin", "id": post.admin()},
            "to": {"type": "user", "id": user["id"]},
        },
    ).json()
    target = ReplyTarget(workspace_id=post.workspace.id, message_id=int(sent["id"]), contact_id=user["id"])
    address = reply_address(post.link_key(), "localhost", target)
    first = post.conversation(post.send(mail("Thank you"), address))
    second = post.conversation(post.send(mail("And good night"), address))
    assert first["id"] == second["id"]
    assert first["source"]["id"] == sent["id"]
    assert [part["body"] for part in parts_of(second)] == ["<p>Thank you</p>", "<p>And good night</p>"]


def test_what_an_admin_forwards_is_a_conversation_with_whom_it_is_from(post: Post) -> None:
    post.admin()
    conversation = post.conversation(post.send(MAILS["forwarded"], sender="ada@shop.example"))
    source = conversation["source"]
    assert (source["author"]["email"], source["author"]["name"]) == ("mary@example.org", "Mary Jackson")
    assert (source["subject"], "Forwarded" in source["body"]) == ("My roster is empty", False)
    note = last_part(conversation)
    assert (note["part_type"], note["author"]["type"]) == ("note", "bot")
    assert note["body"] == "<p>Forwarded by ada@shop.example</p><p>Can somebody look at this?</p>"


def test_what_anybody_else_forwards_is_their_own_mail(post: Post) -> None:
    conversation = post.conversation(post.send(MAILS["forwarded"], sender="ada@shop.example"))
    assert conversation["source"]["author"]["email"] == "ada@shop.example"
    assert "Forwarded message" in conversation["source"]["body"]


def test_a_form_in_the_company_s_name_speaks_for_whom_to_answer(post: Post) -> None:
    begun = post.begun(mail(sender=post.address, Reply_To="Grace <grace@example.com>"))
    assert begun["source"]["author"]["email"] == "grace@example.com"
    assert post.send(mail(sender=post.address))["reason"] == "loop"


def test_mail_of_programs_is_kept_out_of_conversations(post: Post) -> None:
    conversation = post.begun()
    away = MAILS["vacation"].replace(b"Precedence", b"In-Reply-To: <first@example.com>\r\nPrecedence")
    outcome = post.send(away)
    assert (outcome["state"], outcome["reason"]) == ("ignored", "automatic")
    assert parts_of(post.workspace.api.get(f"/conversations/{conversation['id']}").json()) == []
    assert post.begun(MAILS["notice"])["source"]["subject"] == "Payment received"


def test_what_was_ignored_can_be_asked_for(post: Post) -> None:
    outcome = post.send(mail(X_Spam_Flag="YES"))
    assert (outcome["state"], outcome["reason"]) == ("ignored", "spam")
    asked = post.workspace.api.post(f"/manage/v1/inbound_emails/{outcome['id']}/retry")
    assert asked.json()["state"] == "received"
    [released] = post.outcomes()
    assert post.conversation(released)["source"]["subject"] == "Roster"
    again = post.workspace.api.post(f"/manage/v1/inbound_emails/{outcome['id']}/retry")
    assert again.status_code == 409


def test_a_mail_that_comes_twice_is_there_once(post: Post) -> None:
    conversation = post.begun()
    outcome = post.send(mail(message_id="first@example.com"))
    assert (outcome["state"], outcome["reason"]) == ("ignored", "duplicate")
    bare = mail("No Message-ID")
    assert [post.send(bare)["state"], post.send(bare)["state"]] == ["done", "ignored"]
    listed = post.workspace.api.get("/conversations").json()
    assert (listed["total_count"], conversation["id"]) == (2, listed["conversations"][1]["id"])


def test_what_cannot_be_understood_is_kept_and_listed(post: Post) -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(3000))
    outcomes = [post.send(raw) for raw in (nested, b"From: nobody\r\n\r\nHello", b"From: a@b c@d\r\n\r\nHello", b"")]
    assert [outcome["state"] for outcome in outcomes] == ["failed"] * 4
    assert all(outcome["reason"] for outcome in outcomes)
    assert httpx.get(outcomes[0]["original_url"]).content == nested
    failed = post.workspace.api.get("/manage/v1/inbound_emails", params={"state": "failed"}).json()["data"]
    assert len(failed) == 4


def test_lists_go_on_page_by_page(post: Post) -> None:
    for number in range(3):
        post.send(mail(f"Number {number}"))
    url = "/manage/v1/inbound_emails"
    first = post.workspace.api.get(url, params={"per_page": 2}).json()
    second = post.workspace.api.get(url, params={"per_page": 2, "before": first["next"]}).json()
    assert [len(first["data"]), len(second["data"]), second["next"]] == [2, 1, None]
    assert len({each["id"] for each in first["data"] + second["data"]}) == 3


def test_a_bounced_mail_is_told_in_its_conversation_and_of_its_contact(post: Post) -> None:
    conversation = post.begun()
    contact = conversation["source"]["author"]["id"]
    [row] = post.sql(
        """
        INSERT INTO emails (
            workspace_id, kind, origin_id, contact_id, conversation_id, state, message_id, from_name, from_address,
            reply_to, to_address, subject, html, plain, created_at
        )
        VALUES ($1, 'reply', 1, $2, $3, 'sent', 'ours@shop.example', '', '', '', 'grace@example.com', '', '', '', now())
        RETURNING id
        """,
        post.workspace.id,
        contact,
        int(conversation["id"]),
    )
    address = bounce_address(post.link_key(), "localhost", BounceTarget(post.workspace.id, row["id"]))
    outcome = post.send(MAILS["delivery_report"], address, sender="")
    assert (outcome["state"], outcome["reason"]) == ("done", "delivery report")
    note = last_part(post.workspace.api.get(f"/conversations/{conversation['id']}").json())
    assert (note["part_type"], "550 5.1.1 No such user" in note["body"]) == ("note", True)
    assert post.workspace.api.get(f"/contacts/{contact}").json()["has_hard_bounced"] is True


def test_mail_can_be_taken_in_over_http(post: Post) -> None:
    data = base64.b64encode(mail()).decode()
    request = {"sender": "grace@example.com", "recipients": [post.address], "data": data}
    assert post.workspace.api.post("/manage/v1/inbound_emails", json=request).status_code == 200
    assert post.conversation(post.outcomes()[0])["source"]["type"] == "email"
    wrongs: list[Json] = [{"data": "%"}, {"data": ""}, {"recipients": ["somebody@example.com"]}, {"recipients": []}]
    for wrong in wrongs:
        answer = post.workspace.api.post("/manage/v1/inbound_emails", json={**request, **wrong})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "parameter_invalid")


# The listener


def test_mail_for_nobody_here_is_refused(post: Post, other: TestWorkspace) -> None:
    with smtplib.SMTP("127.0.0.1", post.worker.port) as smtp:
        smtp.ehlo("client.example")
        assert smtp.mail("grace@example.com")[0] == 250
        for address in (
            "somebody@example.com",
            f"{post.workspace.id}@example.com",
            "nobody@localhost",
            "reply+x@localhost",
        ):
            assert smtp.rcpt(address)[0] == 550
        assert smtp.rcpt(post.address.upper())[0] == 250
        assert smtp.data(mail("For one alone"))[0] == 250
    assert len(post.outcomes()) == 1
    assert other.api.get("/manage/v1/inbound_emails").json()["data"] == []


def test_a_support_address_leads_to_its_workspace(post: Post, other: TestWorkspace) -> None:
    post.sql(
        "INSERT INTO support_addresses VALUES ($1, $2)", post.workspace.id, f"help-{post.workspace.id}@shop.example"
    )
    with smtplib.SMTP("127.0.0.1", post.worker.port) as smtp:
        smtp.sendmail("g@example.com", [f"Help-{post.workspace.id}@shop.example", f"{other.id}@localhost"], mail())
    assert len(post.outcomes()) == 1
    assert len(other.api.get("/manage/v1/inbound_emails").json()["data"]) == 1


def test_nobody_gets_what_is_for_the_id_of_another_workspace(post: Post, other: TestWorkspace) -> None:
    for setting in (
        {"support_addresses": [other_address := f"{other.id}@localhost"]},
        {"sender_address": other_address},
    ):
        refused = post.workspace.api.put("/manage/v1/email_settings", json=setting)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "conflict")
    post.sql("INSERT INTO support_addresses VALUES ($1, $2)", post.workspace.id, other_address)
    post.hand_over(mail(), other_address)
    assert len(other.api.get("/manage/v1/inbound_emails").json()["data"]) == 1


def test_mail_that_is_too_large_is_refused(post: Post) -> None:
    with smtplib.SMTP("127.0.0.1", post.worker.port) as smtp:
        smtp.ehlo("client.example")
        limit = int(smtp.esmtp_features["size"])
        assert limit == 20 * 1024 * 1024
        assert smtp.mail("grace@example.com", [f"size={limit + 1}"])[0] == 552
        assert smtp.mail("grace@example.com")[0] == 250
        assert smtp.rcpt(post.address)[0] == 250
        assert smtp.data(b"Subject: x\r\n\r\n" + b"x" * 998 + b"\r\n" + (b"y" * 998 + b"\r\n") * 21_000)[0] == 552
    with smtplib.SMTP("127.0.0.1", post.worker.port) as smtp:
        smtp.sendmail("grace@example.com", [post.address], mail("x" * 50_000))
    [outcome] = post.outcomes()
    assert "x" * 50_000 in post.conversation(outcome)["source"]["body"]


def test_no_line_end_but_the_right_one_ends_a_mail(post: Post) -> None:
    inner = b"MAIL FROM:<eve@example.net>\r\nRCPT TO:<%b>\r\nDATA\r\nFrom: eve@example.net\r\n\r\nSmuggled\r\n"
    hidden = inner % post.address.encode()
    with socket.create_connection(("127.0.0.1", post.worker.port)) as connection:
        stream = connection.makefile("rwb")

        def say(line: bytes) -> bytes:
            stream.write(line)
            stream.flush()
            return stream.readline()

        stream.readline()
        say(b"HELO client.example\r\n")
        say(b"MAIL FROM:<grace@example.com>\r\n")
        say(b"RCPT TO:<%b>\r\n" % post.address.encode())
        assert say(b"DATA\r\n").startswith(b"354")
        ends = [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r"]
        content = b"From: grace@example.com\r\n\r\nOne mail" + b"".join(end + hidden for end in ends)
        assert say(content + b"\r\n.\r\n").startswith(b"250")
        say(b"QUIT\r\n")
    [outcome] = post.outcomes()
    assert outcome["from_address"] == "grace@example.com"


def test_connections_can_be_encrypted(post: Post) -> None:
    context = ssl.create_default_context(cafile=str(post.worker.certificate))
    with smtplib.SMTP("localhost", post.worker.port) as smtp:
        smtp.starttls(context=context)
        smtp.sendmail("grace@example.com", [post.address], mail())
    assert [outcome["state"] for outcome in post.outcomes()] == ["done"]


def test_lmtp_answers_for_each_recipient(post: Post, other: TestWorkspace) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(post.worker.lmtp))
        stream = connection.makefile("rwb")

        def say(line: bytes) -> bytes:
            stream.write(line)
            stream.flush()
            answer = stream.readline()
            while answer[3:4] == b"-":
                answer = stream.readline()
            return answer

        stream.readline()
        say(b"LHLO postfix.example\r\n")
        say(b"MAIL FROM:<grace@example.com>\r\n")
        for workspace in (post.workspace, other):
            assert say(b"RCPT TO:<%b@localhost>\r\n" % workspace.id.encode()).startswith(b"250")
        assert say(b"DATA\r\n").startswith(b"354")
        assert say(mail().replace(b"\n", b"\r\n") + b"\r\n.\r\n").startswith(b"250")
        assert stream.readline().startswith(b"250")
    assert len(post.outcomes()) == 1
