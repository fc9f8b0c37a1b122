"""Files that are attached: taken in, recognised, served by links that expire, fetched from where they are."""

import asyncio
import base64
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import msgspec
import pytest

from callbox.platform.database import connection
from callbox.platform.files import open_files, write_file
from callbox.platform.outgoing import is_public
from callbox.support.attachments import jobs
from callbox.support.attachments.service import FileKey
from tests.conftest import RunningServer, TestWorkspace, start_server, stop_server
from tests.contract.world import World
from tests.support.conversations import Desk, inside, last_part, parts_of
from tests.support.tickets import TicketDesk

# A picture of three by two points.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mP8z8AARAwQCgAf7gP9hFHTdwAAAABJRU5ErkJggg=="
)


@pytest.fixture
def world(api: httpx.Client) -> World:
    """Makes what files are attached to."""
    return World(api)


@pytest.fixture
def reply(api: httpx.Client, world: World) -> Callable[..., httpx.Response]:
    """Replies to a new conversation as an admin."""
    sender = {"type": "user", "id": world.user()["id"]}
    started = api.post("/conversations", json={"from": sender, "body": "Hello"}).json()

    def send(**values: Any) -> httpx.Response:
        body = {"message_type": "comment", "type": "admin", "admin_id": world.admin_id(), "body": "See there", **values}
        return api.post(f"/conversations/{started['conversation_id']}/reply", json=body)

    return send


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A server that has a picture."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PNG)))
            self.end_headers()
            self.wfile.write(PNG)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _file(data: bytes, name: str = "seats.png", content_type: str = "text/html") -> dict[str, str]:
    return {"name": name, "content_type": content_type, "data": base64.b64encode(data).decode()}


def _attachments(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["conversation_parts"]["conversation_parts"][-1]["attachments"]
    return found


def test_a_file_is_what_its_bytes_are(reply: Callable[..., httpx.Response]) -> None:
    (attachment,) = _attachments(reply(attachment_files=[_file(PNG)]))
    url = attachment.pop("url")
    assert attachment == {
        "type": "upload",
        "name": "seats.png",
        "content_type": "image/png",
        "filesize": len(PNG),
        "width": 3,
        "height": 2,
    }
    served = httpx.get(url)
    assert (served.status_code, served.content) == (200, PNG)
    assert served.headers["content-type"] == "image/png"
    assert served.headers["x-content-type-options"] == "nosniff"


def test_a_page_is_not_shown_but_downloaded(reply: Callable[..., httpx.Response]) -> None:
    page = b"<!doctype html><script>alert(1)</script>"
    (attachment,) = _attachments(reply(attachment_files=[_file(page, "page.html")]))
    served = httpx.get(attachment["url"])
    assert served.content == page
    assert "html" not in served.headers["content-type"] or served.headers["content-disposition"] == "attachment"
    assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "0" * 64},
        {"expires": "1"},
        {"expires": "99999999999"},
        {"expires": "soon"},
        {"signature": None},
    ],
)
def test_a_link_that_is_not_ours_leads_nowhere(reply: Callable[..., httpx.Response], change: dict[str, Any]) -> None:
    (attachment,) = _attachments(reply(attachment_files=[_file(PNG)]))
    parts = urlsplit(attachment["url"])
    query = {name: value for name, value in {**dict(parse_qsl(parts.query)), **change}.items() if value is not None}
    answer = httpx.get(urlunsplit(parts._replace(query=urlencode(query))))
    assert answer.status_code in {400, 404}
    assert answer.json()["type"] == "error.list"


def test_a_private_address_is_not_fetched_from(reply: Callable[..., httpx.Response], elsewhere: str) -> None:
    (attachment,) = _attachments(reply(attachment_urls=[f"{elsewhere}/seats.png"]))
    assert (attachment["name"], attachment["url"]) == ("seats.png", f"{elsewhere}/seats.png")


def test_a_file_by_its_url_is_brought_here_by_a_job(
    elsewhere: str, database_url: str, short_directory: Path, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    settings = {"CALLBOX_DATABASE_URL": database_url, "CALLBOX_ALLOW_PRIVATE_ADDRESSES": "1"}
    server = start_server(short_directory / "allowed", settings)
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {server.first_token}"}) as api:
        sender = {"type": "user", "id": World(api).user()["id"]}
        request = {"from": sender, "body": "Look", "attachment_urls": [f"{elsewhere}/my%20seats.png"]}
        conversation_id = api.post("/conversations", json=request).json()["conversation_id"]

        def brought() -> Any:
            source = api.get(f"/conversations/{conversation_id}").json()["source"]
            return next((each for each in source["attachments"] if each["filesize"]), None)

        attachment = eventually(brought)
        assert (attachment["name"], attachment["content_type"]) == ("my seats.png", "image/png")
        assert attachment["url"].startswith(f"{server.url}/files/")
        assert httpx.get(attachment["url"]).content == PNG
    assert stop_server(server) == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"attachment_files": [_file(b"x")] * 11}, "attachment_files"),
        ({"attachment_urls": ["https://example.com/x"] * 11}, "attachment_urls"),
        ({"attachment_urls": ["file:///etc/passwd"]}, "attachment_urls"),
        ({"attachment_urls": ["http://[::1"]}, "attachment_urls"),
        ({"attachment_urls": ["http://\u2100.example/x"]}, "attachment_urls"),
        ({"attachment_files": [{**_file(b"x"), "data": "not base64"}]}, "attachment_files"),
        ({"attachment_files": [{"name": "x", "content_type": "text/plain"}]}, "attachment_files"),
        ({"attachment_files": [_file(bytes(26 * 1024 * 1024))]}, "attachment_files"),
    ],
)
def test_what_cannot_be_attached_is_refused(
    reply: Callable[..., httpx.Response], values: dict[str, Any], field: str
) -> None:
    answer = reply(**values)
    assert answer.status_code == 400, answer.text
    assert field in answer.json()["errors"][0]["message"]


def test_a_name_is_taken_from_the_url_as_far_as_it_can_be_kept(reply: Callable[..., httpx.Response]) -> None:
    urls = ["https://example.com/my%20seats%00.png?size=3", "https://example.com"]
    attachments = _attachments(reply(attachment_urls=urls))
    assert [(each["name"], each["url"]) for each in attachments] == [("my seats.png", urls[0]), ("attachment", urls[1])]


@pytest.mark.parametrize(
    "refused",
    [
        {"body": ""},
        {"body": "", "message_type": "note"},
        {"type": "user", "intercom_user_id": "nobody"},
        {"attachment_files": [_file(PNG), {**_file(PNG), "data": "not base64"}]},
    ],
)
def test_what_is_refused_leaves_no_files_behind(
    reply: Callable[..., httpx.Response], workspace: TestWorkspace, short_directory: Path, refused: dict[str, Any]
) -> None:
    assert reply(**{"attachment_files": [_file(PNG)], **refused}).is_client_error
    assert list((short_directory / "server" / "files" / workspace.id).rglob("*")) == []


def test_a_body_of_a_hundred_megabytes_is_refused(reply: Callable[..., httpx.Response]) -> None:
    answer = reply(attachment_files=[_file(bytes(100 * 1024 * 1024))])
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["code"] == "payload_too_large"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:a00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) == public


def _bytes_of(data: Path, url: str) -> Path:
    workspace_id, file_id = urlsplit(url).path.split("/")[2:4]
    return data / "files" / workspace_id / file_id[:2] / file_id


def test_what_is_redacted_takes_its_files_along(
    desk: Desk, short_directory: Path, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    conversation = desk.start()
    files = [_file(PNG), _file(b"Seats: 3", "seats.txt")]
    part = last_part(desk.write(conversation, attachment_files=files))
    kept = last_part(desk.write(conversation, attachment_files=files[:1]))
    urls = [attachment["url"] for attachment in part["attachments"]]
    places = [_bytes_of(short_directory / "server", url) for url in urls]
    assert [httpx.get(url).status_code for url in urls] == [200, 200]
    assert all(place.exists() for place in places)
    redaction = {"type": "conversation_part", "conversation_id": conversation["id"], "conversation_part_id": part["id"]}
    redacted = parts_of(desk.post("/conversations/redact", redaction))
    assert [len(each["attachments"]) for each in redacted] == [0, 1]
    assert [httpx.get(url).status_code for url in urls] == [404, 404]
    eventually(lambda: not any(place.exists() for place in places))
    assert httpx.get(kept["attachments"][0]["url"]).content == PNG


def test_a_note_that_stands_in_several_conversations_keeps_its_files_until_all_are_redacted(
    quiet_desk: Desk,
) -> None:
    desk = TicketDesk(quiet_desk.api)
    conversations = [desk.start(), desk.start()]
    ticket = desk.ticket(desk.ticket_type("Back-office"))
    for conversation in conversations:
        desk.link(ticket, conversation["id"])
    desk.say(ticket, "note", cross_post=True, attachment_files=[_file(PNG)])
    found = [*(desk.get(each["id"]) for each in conversations), desk.get(ticket["id"])]
    url = last_part(found[0])["attachments"][0]["url"]
    statuses = []
    for conversation in found:
        part_id = last_part(conversation)["id"]
        redaction = {"conversation_id": conversation["id"], "conversation_part_id": part_id}
        desk.post("/conversations/redact", {"type": "conversation_part", **redaction})
        statuses.append(httpx.get(url).status_code)
    assert statuses == [200, 200, 404]


def test_a_file_that_is_taken_back_while_it_is_fetched_leaves_nothing(
    quiet_desk: Desk, quiet_server: RunningServer, elsewhere: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = quiet_desk.start(attachment_urls=[f"{elsewhere}/seats.png"])
    redaction = {"type": "source", "conversation_id": begun["id"], "source_id": begun["source"]["id"]}
    workspace_id = quiet_desk.call("GET", "/me")["app"]["id_code"]
    brought: list[str] = []

    async def taken_back_before_it_is_written(workspace: str, file_id: str, data: bytes) -> None:
        redacted = await asyncio.to_thread(quiet_desk.post, "/conversations/redact", redaction)
        assert redacted["source"]["attachments"] == []
        await write_file(workspace, file_id, data)
        brought.append(file_id)

    async def file_ids() -> list[str]:
        async with connection() as held:
            found = await held.fetch("SELECT id::text FROM files WHERE workspace_id = $1", workspace_id)
            return [row["id"] for row in found]

    async def fetch() -> None:
        [file_id] = await file_ids()
        await jobs.fetch(msgspec.json.encode(FileKey(workspace_id, file_id)))
        await jobs.fetch(msgspec.json.encode(FileKey(workspace_id, file_id)))

    monkeypatch.setattr(jobs, "write_file", taken_back_before_it_is_written)
    monkeypatch.setattr("callbox.platform.outgoing._private_addresses_allowed", True)
    monkeypatch.setattr("callbox.platform.files._store", None)
    open_files(str(tmp_path))
    inside(quiet_server.database_url, fetch)
    assert len(brought) == 1
    assert inside(quiet_server.database_url, file_ids) == []
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
