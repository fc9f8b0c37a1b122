"""Live updates: who watches hears of what they may see, once and in order, from whichever process it came."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from callbox.platform.recent_events import forget_events
from tests.channels.live import LiveClient, watching
from tests.conftest import RunningServer, TestWorkspace, start_server, stop_server

Json = dict[str, Any]
Eventually = Callable[[Callable[[], Any]], Any]


def make_contact(api: httpx.Client, number: int = 1) -> Json:
    answer = api.post(
        "/contacts", json={"role": "user", "external_id": f"u-{number}", "email": f"u{number}@example.com"}
    )
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


def begin(api: httpx.Client, contact: Json, body: str = "Hello") -> str:
    answer = api.post("/conversations", json={"from": {"type": "user", "id": contact["id"]}, "body": body})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["conversation_id"])


def reply(api: httpx.Client, conversation_id: str, body: str, message_type: str = "comment") -> None:
    said = {"message_type": message_type, "type": "admin", "body": body}
    answer = api.post(f"/conversations/{conversation_id}/reply", json=said)
    assert answer.status_code == 200, answer.text


def live_token(api: httpx.Client, **whom: str) -> str:
    answer = api.post("/manage/v1/live/tokens", json=whom)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def bodies(live: LiveClient) -> list[str]:
    """What was said, of each event that shows a part."""
    parts = [each.data["item"]["conversation_parts"]["conversation_parts"] for each in live.told]
    return [part["body"] for shown in parts for part in shown]


@pytest.fixture
def contact(api: httpx.Client) -> Json:
    return make_contact(api)


def test_an_admin_hears_of_changes_in_the_documented_form(workspace: TestWorkspace, server_url: str) -> None:
    with watching(server_url, workspace.token) as live:
        contact = make_contact(workspace.api)
        conversation_id = begin(workspace.api, contact)
        live.wait(lambda each: "conversation.user.created" in each.topics())
        told = next(each for each in live.told if each.topic == "conversation.user.created")
        assert set(told.data) == {"topic", "item_id", "item", "created_at"}
        assert (told.data["topic"], told.data["item_id"]) == (told.topic, conversation_id)
        shown = workspace.api.get(f"/conversations/{conversation_id}").json()
        assert told.data["item"]["source"] == shown["source"]
        assert told.data["item"].keys() == shown.keys()
        assert live.response.headers["content-type"].startswith("text/event-stream")
        assert all(each.id for each in live.told)


def test_a_workspace_hears_nothing_of_another(
    workspace: TestWorkspace, other: TestWorkspace, server_url: str, contact: Json
) -> None:
    with watching(server_url, other.token) as stranger, watching(server_url, workspace.token) as live:
        begin(workspace.api, contact)
        live.wait(lambda each: "conversation.user.created" in each.topics())
        make_contact(other.api)
        stranger.wait(lambda each: each.told)
        assert [each.data["item"]["external_id"] for each in stranger.told if "item" in each.data] == ["u-1"]
        assert "conversation.user.created" not in stranger.topics()


def test_topics_choose_what_is_heard(workspace: TestWorkspace, server_url: str, contact: Json) -> None:
    with watching(server_url, workspace.token, topics="conversation.admin.replied") as live:
        conversation_id = begin(workspace.api, contact)
        reply(workspace.api, conversation_id, "<p>One</p>")
        live.wait(lambda each: each.told)
        assert live.topics() == ["conversation.admin.replied"]


def test_a_contact_hears_what_is_said_to_it_and_nothing_else(
    workspace: TestWorkspace, server_url: str, contact: Json
) -> None:
    api = workspace.api
    somebody_else = make_contact(api, 2)
    token = live_token(api, contact_id=contact["id"])
    with watching(server_url, token=token) as live:
        other_conversation = begin(api, somebody_else, "Not yours")
        reply(api, other_conversation, "<p>Not yours either</p>")
        conversation_id = begin(api, contact)
        reply(api, conversation_id, "<p>A secret</p>", "note")
        me = api.get("/me").json()["id"]
        colleague = api.post("/manage/v1/admins", json={"name": "Ada", "email": "ada@example.com"}).json()["id"]
        passed_on = {"message_type": "assignment", "type": "admin", "admin_id": me, "assignee_id": colleague}
        api.post(f"/conversations/{conversation_id}/parts", json={**passed_on, "body": "<p>Careful</p>"})
        reply(api, conversation_id, "<p>For you</p>")
        live.wait(lambda each: "conversation.admin.replied" in each.topics())
        assert live.topics() == ["conversation.user.created", "conversation.admin.replied"]
        item = live.told[-1].data["item"]
        assert bodies(live) == ["<p>For you</p>"]
        assert set(item["conversation_parts"]["conversation_parts"][0]["author"]) == {"type", "id", "name"}
        for hidden in ("statistics", "tags", "admin_assignee_id", "custom_attributes", "contacts", "teammates"):
            assert hidden not in item
        assert live.response.headers["access-control-allow-origin"] == "*"


def test_a_redacted_note_stays_unknown_to_the_contact(workspace: TestWorkspace, server_url: str, contact: Json) -> None:
    api = workspace.api
    conversation_id = begin(api, contact)
    reply(api, conversation_id, "<p>A secret</p>", "note")
    part = api.get(f"/conversations/{conversation_id}").json()["conversation_parts"]["conversation_parts"][-1]
    with watching(server_url, token=live_token(api, contact_id=contact["id"])) as live:
        redacted = {"type": "conversation_part", "conversation_id": conversation_id, "conversation_part_id": part["id"]}
        assert api.post("/conversations/redact", json=redacted).status_code == 200
        reply(api, conversation_id, "<p>For you</p>")
        live.wait(lambda each: each.told)
        assert live.topics() == ["conversation.admin.replied"]


@pytest.mark.parametrize(("category", "expected"), [("Customer", ["ticket.created"]), ("Back-office", [])])
def test_a_contact_hears_of_its_tickets_but_not_of_the_teams(
    workspace: TestWorkspace, server_url: str, contact: Json, category: str, expected: list[str]
) -> None:
    api = workspace.api
    made = api.post("/ticket_types", json={"name": "Fault", "category": category}).json()
    with watching(server_url, token=live_token(api, contact_id=contact["id"])) as live:
        ticket = {"ticket_type_id": made["id"], "contacts": [{"id": contact["id"]}]}
        assert api.post("/tickets", json=ticket).status_code == 200
        begin(api, contact)
        live.wait(lambda each: "conversation.user.created" in each.topics())
        assert live.topics() == [*expected, "conversation.user.created"]


def test_a_stream_goes_on_exactly_where_it_was_left(workspace: TestWorkspace, server_url: str, contact: Json) -> None:
    api = workspace.api
    conversation_id = begin(api, contact)
    with watching(server_url, workspace.token, topics="conversation.admin.replied") as live:
        for number in range(8):
            reply(api, conversation_id, f"<p>{number}</p>")
        live.wait(lambda each: len(each.told) == 8)
        told = live.told
    for left_at in (0, 3, 7):
        with watching(server_url, workspace.token, told[left_at].id, topics="conversation.admin.replied") as live:
            reply(api, conversation_id, "<p>now</p>")
            live.wait(lambda each: "<p>now</p>" in bodies(each))
            missed = [f"<p>{number}</p>" for number in range(left_at + 1, 8)]
            assert bodies(live)[: len(missed)] == missed
            assert "reset" not in live.topics()


def test_concurrent_writers_lose_nothing_on_any_process_and_keep_the_order_of_a_conversation(
    workspace: TestWorkspace, server_url: str, several_processes: RunningServer
) -> None:
    api = workspace.api
    talks = [begin(api, make_contact(api, number)) for number in range(8)]
    topic = "conversation.admin.replied"
    with (
        watching(server_url, workspace.token, topics=topic) as here,
        watching(several_processes.url, workspace.token, topics=topic) as there,
        watching(several_processes.url, workspace.token, topics=topic) as elsewhere,
    ):

        def talk(conversation_id: str) -> None:
            for number in range(10):
                reply(api, conversation_id, f"<p>{number}</p>")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(talk, talks))
        for live in (here, there, elsewhere):
            live.wait(lambda each: len(each.told) >= 80)
            for conversation_id in talks:
                parts = [
                    each.data["item"]["conversation_parts"]["conversation_parts"][0]["body"]
                    for each in live.told
                    if each.data["item_id"] == conversation_id
                ]
                assert parts == [f"<p>{number}</p>" for number in range(10)]


async def _insert(held: "asyncpg.Connection[asyncpg.Record]", workspace_id: str, item_id: str) -> None:
    await held.execute(
        "INSERT INTO outbox (workspace_id, topic, item_id, item, created_at) "
        "VALUES ($1, 'contact.user.updated', $2, '{}', now())",
        workspace_id,
        item_id,
    )


async def test_an_event_that_commits_late_is_told_after_later_ones(
    server: RunningServer, workspace: TestWorkspace
) -> None:
    late, quick = await asyncpg.connect(server.database_url), await asyncpg.connect(server.database_url)
    topic = "contact.user.updated"
    with watching(server.url, workspace.token, topics=topic) as live:
        transaction = late.transaction()
        await transaction.start()
        await _insert(late, workspace.id, "late")
        await _insert(quick, workspace.id, "quick")
        await asyncio.to_thread(live.wait, lambda each: each.told)
        between = live.told[-1].id
        await transaction.commit()
        await asyncio.to_thread(live.wait, lambda each: len(each.told) == 2)
        assert [each.data["item_id"] for each in live.told] == ["quick", "late"]
    with watching(server.url, workspace.token, between, topics=topic) as live:
        await asyncio.to_thread(live.wait, lambda each: each.told)
        assert [each.data["item_id"] for each in live.told] == ["late"]
    await late.close()
    await quick.close()


@pytest.mark.parametrize("lost", ["nonsense", "1:1:", "99999999999:99999999999:", "5:3:", "1:2:~1:5:~7"])
def test_a_position_that_is_not_known_any_more_resets(workspace: TestWorkspace, server_url: str, lost: str) -> None:
    with watching(server_url, workspace.token, lost) as live:
        live.wait(lambda each: each.topics() == ["reset"])
        make_contact(workspace.api)
        live.wait(lambda each: "contact.user.created" in each.topics())


def test_what_is_older_than_the_retention_resets_and_streams_end_with_the_server(
    short_directory: Path, database_url: str
) -> None:
    running = start_server(short_directory / "live-old", {"CALLBOX_DATABASE_URL": database_url})
    api = httpx.Client(base_url=running.url, headers={"Authorization": f"Bearer {running.first_token}"})
    with watching(running.url, running.first_token) as live:
        make_contact(api)
        live.wait(lambda each: each.told)
        first = live.told[0].id

    async def forget() -> None:
        held = await asyncpg.connect(database_url)
        while await held.fetchval("SELECT count(*) FROM outbox"):  # noqa: ASYNC110  # it is in another process
            await asyncio.sleep(0.05)
        await held.execute("UPDATE recent_events SET kept_at = kept_at - interval '1 hour'")
        await held.execute(forget_events.sql.replace("$1", "now()"))
        await held.close()

    asyncio.run(forget())
    with watching(running.url, running.first_token, first) as live:
        live.wait(lambda each: each.topics() == ["reset"])
    stopped: list[float] = []
    with watching(running.url, running.first_token) as live:
        began = time.monotonic()
        stopper = threading.Thread(target=lambda: stopped.append(stop_server(running)))
        stopper.start()
        live.wait(lambda each: each.has_ended)
        stopper.join(60)
    assert stopped == [0]
    assert time.monotonic() - began < 25  # the grace time is 30 seconds: the stream did not use it up
    api.close()


def test_a_revoked_token_ends_its_streams(workspace: TestWorkspace, server_url: str, contact: Json) -> None:
    made = workspace.api.post("/manage/v1/access_tokens", json={"name": "Inbox", "scopes": ["api", "manage"]}).json()
    with httpx.Client(base_url=server_url, headers={"Authorization": f"Bearer {made['access_token']}"}) as api:
        token = live_token(api, contact_id=contact["id"])
    with watching(server_url, made["access_token"]) as admin, watching(server_url, token=token) as watcher:
        workspace.api.delete(f"/manage/v1/access_tokens/{made['id']}")
        admin.wait(lambda each: each.has_ended)
        watcher.wait(lambda each: each.has_ended)
    assert httpx.get(f"{server_url}/live", params={"token": token}).status_code == 401


def test_a_deleted_contacts_streams_end(workspace: TestWorkspace, server_url: str, contact: Json) -> None:
    with watching(server_url, token=live_token(workspace.api, contact_id=contact["id"])) as live:
        workspace.api.delete(f"/contacts/{contact['id']}")
        live.wait(lambda each: each.has_ended)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.b.é", "%00.x.y"])
def test_forged_tokens_open_nothing(server_url: str, token: str) -> None:
    for answer in (
        httpx.get(f"{server_url}/live", params={"token": token}),
        httpx.post(f"{server_url}/manage/v1/live/typing", params={"token": token}, json={"conversation_id": "1"}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (401, "error.list")


def test_a_token_is_good_for_its_workspace_alone(
    workspace: TestWorkspace, other: TestWorkspace, server_url: str, contact: Json
) -> None:
    token = live_token(workspace.api, contact_id=contact["id"])
    moved = f"{other.id}.{token.partition('.')[2]}"
    assert httpx.get(f"{server_url}/live", params={"token": moved}).status_code == 401
    assert other.api.post("/manage/v1/live/tokens", json={"contact_id": contact["id"]}).status_code == 404
    for path in ("/me", "/manage/v1/access_tokens", "/manage/v1/live/presence"):
        assert httpx.get(server_url + path, params={"token": token}).status_code == 401


@pytest.mark.parametrize(
    ("query", "status"), [({"topics": "conversation.whatever"}, 400), ({"xtoken": "1"}, 401), ({}, 401)]
)
def test_what_cannot_be_opened_is_refused(
    workspace: TestWorkspace, server_url: str, query: dict[str, str], status: int
) -> None:
    headers = {} if status == 401 else {"Authorization": f"Bearer {workspace.token}"}
    answer = httpx.get(f"{server_url}/live", params=query, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, "error.list")


def test_who_asks_for_the_head_alone_is_not_left_with_a_stream(workspace: TestWorkspace, server_url: str) -> None:
    one = httpx.Limits(max_connections=1)
    with httpx.Client(base_url=server_url, headers=workspace.api.headers, limits=one) as client:
        head = client.head("/live")
        assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert client.get("/healthz").status_code == 200
        assert client.head("/live", headers={"Authorization": ""}).status_code == 401


def test_typing_is_told_to_the_others_and_to_nobody_else(
    workspace: TestWorkspace, server_url: str, several_processes: RunningServer, contact: Json
) -> None:
    api = workspace.api
    conversation_id = begin(api, contact)
    stranger = make_contact(api, 2)
    token, strange = live_token(api, contact_id=contact["id"]), live_token(api, contact_id=stranger["id"])
    body = {"conversation_id": conversation_id}
    with (
        watching(server_url, workspace.token, topics="typing") as admin,
        watching(several_processes.url, token=token) as writer,
        watching(server_url, token=strange) as nobody,
    ):
        assert api.post("/manage/v1/live/typing", json=body).status_code == 202
        writer.wait(lambda each: each.told)
        view = {"conversation_id": conversation_id, "type": "admin", "id": api.get("/me").json()["id"]}
        assert [each.data for each in writer.told] == [view]
        typing = f"{server_url}/manage/v1/live/typing"
        assert httpx.post(typing, params={"token": token}, json=body).status_code == 202
        admin.wait(lambda each: each.told)
        assert admin.told[0].data == {"conversation_id": conversation_id, "type": "contact", "id": contact["id"]}
        assert httpx.post(typing, params={"token": strange}, json=body).status_code == 404
        assert nobody.told == []


def test_typing_is_told_no_more_often_than_anybody_writes(
    workspace: TestWorkspace, other: TestWorkspace, contact: Json
) -> None:
    body = {"conversation_id": begin(workspace.api, contact)}
    answers = [workspace.api.post("/manage/v1/live/typing", json=body) for _ in range(21)]
    assert [each.status_code for each in answers] == [202] * 20 + [429]
    refusal = answers[-1].json()
    assert (refusal["type"], refusal["errors"][0]["code"]) == ("error.list", "rate_limit_exceeded")
    # Others are not held back by it.
    theirs = {"conversation_id": begin(other.api, make_contact(other.api))}
    assert other.api.post("/manage/v1/live/typing", json=theirs).status_code == 202


def test_presence_is_told_and_can_be_read(
    workspace: TestWorkspace, server_url: str, several_processes: RunningServer, contact: Json, eventually: Eventually
) -> None:
    api = workspace.api
    company = api.post("/companies", json={"company_id": "c-1"}).json()
    api.post(f"/contacts/{contact['id']}/companies", json={"id": company["id"]})

    def online() -> Any:
        return api.get("/manage/v1/live/presence").json()["contact_ids"]

    token = live_token(api, contact_id=contact["id"])
    with watching(server_url, workspace.token, topics="presence") as admin:
        with watching(server_url, token=token), watching(several_processes.url, token=token):
            eventually(lambda: online() == [contact["id"]])
            came = {"type": "contact", "id": contact["id"], "online": True}
            admin.wait(lambda each: came in [told.data for told in each.told])
        eventually(lambda: online() == [])
        went = {"type": "contact", "id": contact["id"], "online": False}
        admin.wait(lambda each: went in [told.data for told in each.told])
    seen_at = api.get(f"/contacts/{contact['id']}").json()["last_seen_at"]
    assert seen_at is not None
    assert api.get(f"/companies/{company['id']}").json()["last_request_at"] == seen_at


def test_a_client_that_reads_nothing_is_told_to_load_anew(workspace: TestWorkspace, server: RunningServer) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.settimeout(20)
    slow.connect((host, int(port)))
    slow.sendall(f"GET /live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {workspace.token}\r\n\r\n".encode())
    assert b"200 OK" in slow.recv(1024)

    async def flood() -> None:
        held = await asyncpg.connect(server.database_url)
        await held.execute(
            "INSERT INTO outbox (workspace_id, topic, item_id, item, created_at) "
            "SELECT $1, 'contact.user.updated', n::text, to_json(repeat('x', 10000))::text, now() "
            "FROM generate_series(1, 2500) n",
            workspace.id,
        )
        waiting = "SELECT count(*) FROM outbox WHERE workspace_id = $1"
        while await held.fetchval(waiting, workspace.id):  # noqa: ASYNC110  # it is in another process
            await asyncio.sleep(0.05)
        await held.close()

    asyncio.run(flood())
    with watching(server.url, workspace.token) as quick:
        make_contact(workspace.api)
        quick.wait(lambda each: "contact.user.created" in each.topics())
    seen, size = b"", 0
    while b"event: reset" not in seen:
        piece = slow.recv(65536)
        assert piece, "the stream ended without a reset"
        size += len(piece)
        seen = seen[-100:] + piece
    assert size < 20_000_000
    slow.close()
