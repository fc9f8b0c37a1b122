"""Text messages: sent once through a Twilio-like service, failures visible; and the page that Switch leads to."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import asyncpg
import httpx
import pytest

from callbox.channels.sms import providers
from callbox.channels.sms.service import MAX_ATTEMPTS
from callbox.platform.database import connection
from callbox.platform.jobs import HeldJob, held_jobs, retry_job
from callbox.support.phone_switch import PURPOSE, SwitchLink
from callbox.wire.signed import signed
from tests.conftest import RunningServer, TestWorkspace, new_database, new_workspace, serving
from tests.people.tools import execute
from tests.support.conversations import inside

Json = dict[str, Any]
Eventually = Callable[[Callable[[], Any]], Any]
MOBILE = "+353832345678"
ACCOUNT, TOKEN = "AC0001", "a-provider-token"
# In the place of a status: the connection drops at once, or is left open without an answer.
_DROPS, _STALLS = 0, -1


class TwilioLike(ThreadingHTTPServer):
    """Takes messages, and answers the next ones as it is told."""

    def __init__(self) -> None:
        self.taken: list[Json] = []
        self.answers: list[int] = []
        self.goes_on = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The setting that leads here."""
        return f"http://{ACCOUNT}:{TOKEN}@127.0.0.1:{self.server_address[1]}?from=+15551230000"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, TwilioLike)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        status = server.answers.pop(0) if server.answers else 201
        server.taken.append({**form, "path": self.path, "auth": self.headers["Authorization"], "status": status})
        if status == _STALLS:
            server.goes_on.wait(30)
        if status in {_DROPS, _STALLS}:
            self.close_connection = True
            return
        answer = {"sid": f"SM{len(server.taken)}"} if status == 201 else {"code": 21211, "message": "Not a number"}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Nothing."""


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioLike]:
    """The service, on loopback."""
    server = TwilioLike()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def sending(
    twilio: TwilioLike, short_directory: Path, postgres_url: str, migrated_database: str
) -> Iterator[RunningServer]:
    """A server that sends through it."""
    with (
        new_database(postgres_url, migrated_database) as url,
        serving(short_directory / "sms", {"CALLBOX_DATABASE_URL": url, "CALLBOX_SMS_URL": twilio.url}) as running,
    ):
        yield running


@pytest.fixture
def sender(sending: RunningServer, twilio: TwilioLike) -> Iterator[TestWorkspace]:
    """A workspace on it."""
    twilio.taken.clear()
    twilio.answers.clear()
    made = new_workspace(sending)
    yield made
    made.api.close()


def switch(api: httpx.Client, phone: str = MOBILE) -> str:
    answer = api.post("/phone_call_redirects", json={"phone": phone, "custom_attributes": {}})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


def messages(api: httpx.Client) -> list[Json]:
    listed: list[Json] = api.get("/manage/v1/text_messages").json()["data"]
    return listed


def test_without_a_provider_a_message_is_kept_and_says_so(api: httpx.Client, eventually: Eventually) -> None:
    url = switch(api)
    message = eventually(lambda: next((each for each in messages(api) if each["state"] != "waiting"), None))
    assert (message["state"], message["phone"], message["provider_id"]) == ("logged", MOBILE, None)
    assert url in message["body"]


@pytest.mark.parametrize("failures", [[], [503], [_DROPS], [429]])
def test_a_message_is_handed_over_and_attempts_that_fail_are_repeated(
    sender: TestWorkspace, twilio: TwilioLike, eventually: Eventually, failures: list[int]
) -> None:
    twilio.answers[:] = failures
    url = switch(sender.api)
    message = eventually(lambda: next((each for each in messages(sender.api) if each["state"] == "sent"), None))
    assert (message["attempts"], message["error"]) == (len(failures) + 1, None)
    assert [each["status"] for each in twilio.taken] == [*failures, 201]
    taken = twilio.taken[-1]
    assert (taken["To"], taken["From"], taken["path"]) == (
        MOBILE,
        "+15551230000",
        f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
    )
    assert taken["auth"] == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert url in taken["Body"]


def test_what_is_refused_fails_visibly_and_is_not_repeated(
    sender: TestWorkspace, twilio: TwilioLike, eventually: Eventually
) -> None:
    twilio.answers[:] = [400]
    switch(sender.api)
    message = eventually(lambda: next((each for each in messages(sender.api) if each["state"] == "failed"), None))
    assert "21211" in message["error"]
    assert len(twilio.taken) == 1


def test_what_fails_eight_times_is_given_up_visibly_and_can_be_sent_again(
    sender: TestWorkspace, sending: RunningServer, twilio: TwilioLike, eventually: Eventually
) -> None:
    twilio.answers[:] = [503, 503]
    switch(sender.api)
    eventually(lambda: messages(sender.api)[0]["attempts"] == 1)
    # All but the last attempt have failed, and no more time has to pass.
    failures = MAX_ATTEMPTS - 1
    execute(sending.database_url, "UPDATE text_messages SET attempts = $1 WHERE state = 'waiting'", failures)
    hurry = (
        "UPDATE pgqueuer SET attempts = $1, execute_after = now() "
        "WHERE entrypoint = 'sms.send' AND status = 'queued' RETURNING id"
    )
    eventually(lambda: execute(sending.database_url, hurry, failures))
    eventually(lambda: messages(sender.api)[0]["attempts"] == MAX_ATTEMPTS)
    message = messages(sender.api)[0]
    assert (message["state"], message["error"]) == ("failed", "the provider answered 503: 21211 Not a number")

    async def ask_again() -> list[HeldJob]:
        async with connection() as database:
            given_up = await held_jobs(database)
            for each in given_up:
                await retry_job(database, each.id)
        return given_up

    [held] = eventually(lambda: inside(sending.database_url, ask_again))
    assert (held.job, "503" in (held.error or "")) == ("sms.send", True)
    eventually(lambda: messages(sender.api)[0]["state"] == "sent")
    assert [each["status"] for each in twilio.taken] == [503, 503, 201]


async def test_a_provider_that_stalls_is_asked_again_later(twilio: TwilioLike, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "_SECONDS", 0.2)
    twilio.answers[:] = [_STALLS]
    with pytest.raises(providers.NotSentYet, match="no answer within"):
        await providers.Twilio(twilio.url).send(MOBILE, "Hello", "http://127.0.0.1/report")
    twilio.goes_on.set()


def _report(url: str, form: Json, token: str = TOKEN) -> httpx.Response:
    text = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    signature = base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()
    return httpx.post(url, data=form, headers={"X-Twilio-Signature": signature})


def test_reports_of_delivery_are_taken_from_the_provider_alone(
    sender: TestWorkspace, twilio: TwilioLike, eventually: Eventually
) -> None:
    switch(sender.api)
    eventually(lambda: messages(sender.api)[0]["state"] == "sent")
    report_to = twilio.taken[0]["StatusCallback"]
    delivered = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    assert _report(report_to, delivered, "another token").status_code == 403
    assert httpx.post(report_to, data=delivered).status_code == 403
    assert messages(sender.api)[0]["state"] == "sent"
    assert _report(report_to, delivered).status_code == 204
    assert messages(sender.api)[0]["state"] == "delivered"
    assert _report(report_to, {**delivered, "MessageStatus": "sent"}).status_code == 204
    assert messages(sender.api)[0]["state"] == "delivered"


def test_the_link_leads_to_a_page_where_the_contact_writes(api: httpx.Client) -> None:
    url = switch(api)
    page = httpx.get(url)
    assert page.status_code == 200
    assert "<textarea" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    said = "Hello <script>alert(1)</script> & all"
    written = httpx.post(url, data={"message": said})
    assert written.status_code == 303
    listed = api.get("/conversations").json()["conversations"]
    assert [each["source"]["type"] for each in listed] == ["phone_switch"]
    assert "<script" not in listed[0]["source"]["body"]
    reply = {"message_type": "comment", "type": "admin", "body": "<p>We see it</p>"}
    assert api.post(f"/conversations/{listed[0]['id']}/reply", json=reply).status_code == 200
    note = {**reply, "message_type": "note", "body": "<p>A secret</p>"}
    assert api.post(f"/conversations/{listed[0]['id']}/reply", json=note).status_code == 200
    admin = api.post("/manage/v1/admins", json={"name": "Ada", "email": "ada@example.com"}).json()["id"]
    passed_on = {"message_type": "assignment", "type": "admin", "admin_id": api.get("/me").json()["id"]}
    handed = {**passed_on, "assignee_id": admin, "body": "<p>Be careful</p>"}
    assert api.post(f"/conversations/{listed[0]['id']}/parts", json=handed).status_code == 200
    assert httpx.post(url, data={"message": "Thank you"}).status_code == 303
    page = httpx.get(url)
    assert "Hello &lt;script&gt;" in page.text
    for shown in ("We see it", "Thank you"):
        assert shown in page.text
    for hidden in ("<script", "A secret", "Be careful"):
        assert hidden not in page.text
    parts = api.get(f"/conversations/{listed[0]['id']}").json()["conversation_parts"]["conversation_parts"]
    assert parts[-1]["author"]["type"] == "lead"
    assert len(api.get("/conversations").json()["conversations"]) == 1


@pytest.mark.parametrize(("message", "status"), [("", 400), ("  ", 400), ("x" * 10_001, 400), ("\x00", 400)])
def test_what_cannot_be_said_is_refused_and_begins_nothing(api: httpx.Client, message: str, status: int) -> None:
    answer = httpx.post(switch(api), data={"message": message})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert api.get("/conversations").json()["conversations"] == []


def test_a_link_brings_no_more_than_a_person_writes(api: httpx.Client) -> None:
    url = switch(api)
    answers = [httpx.post(url, data={"message": f"{number}"}).status_code for number in range(11)]
    assert answers == [303] * 10 + [429]


def test_forged_changed_and_expired_links_lead_nowhere(
    workspace: TestWorkspace, other: TestWorkspace, server: RunningServer
) -> None:
    url = switch(workspace.api)
    token = url.rpartition("/")[2]
    for bad in ("x", token[:-1], f"{other.id}.{token.partition('.')[2]}", "a.b.%C3%A9"):
        for method in ("GET", "POST"):
            answer = httpx.request(
                method, f"{server.url}/switch/{bad}", data={"message": "x"} if method == "POST" else None
            )
            assert answer.status_code == 404, bad
            assert "leads nowhere" in answer.text
    assert workspace.api.get("/conversations").json()["conversations"] == []


async def test_an_expired_link_says_so(workspace: TestWorkspace, server: RunningServer) -> None:
    switch(workspace.api)
    held = await asyncpg.connect(server.database_url)
    key = await held.fetchval("SELECT link_key FROM workspaces WHERE id = $1", workspace.id)
    redirect_id = await held.fetchval("SELECT id FROM phone_call_redirects WHERE workspace_id = $1", workspace.id)
    await held.close()
    for seconds, shown, written in ((-1, 404, 404), (60, 200, 303)):
        token = signed(key, PURPOSE, workspace.id, SwitchLink(str(redirect_id), int(time.time()) + seconds))
        async with httpx.AsyncClient(base_url=server.url) as browser:
            assert (await browser.get(f"/switch/{token}")).status_code == shown
            assert (await browser.post(f"/switch/{token}", data={"message": "x"})).status_code == written
