"""What a browser shows: nothing that others wrote runs in it, and no other site may use it."""

import base64
import socket
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
import pytest

from callbox.wire.authentication import Authenticator
from callbox.wire.gate import Gate
from callbox.wire.rate_limits import RateLimiter, shared_counters
from tests.conftest import RunningServer, TestWorkspace
from tests.contract.world import World

ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=https://evil.example/x onerror=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" &#106;avascript:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:x">x</a>',
    '<iframe src="https://evil.example"></iframe>',
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<noscript><p title='</noscript><img src=https://evil.example/x onerror=alert(1)>'>",
    "<form action=https://evil.example><input name=token><button formaction=javascript:alert(1)>x</button></form>",
    '<p style="background:url(javascript:alert(1))">x</p>',
    "<style>@import 'https://evil.example'</style>",
    "<base href=https://evil.example>",
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<p>x</p><template><script>alert(1)</script></template>",
    "<<script>script>alert(1)<</script>/script>",
)
_HARMLESS = {"http", "https", "mailto", "tel", ""}
_FORBIDDEN = {"script", "style", "iframe", "object", "embed", "form", "input", "button", "base", "meta", "link", "svg"}


class _Reader(HTMLParser):
    """Notes what a browser would run, load or send."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _FORBIDDEN:
            self.found.append(tag)
        for name, value in attrs:
            scheme = "".join((value or "").split()).partition(":")[0].lower() if ":" in (value or "") else ""
            if name.startswith("on") or name in {"style", "srcdoc", "formaction", "action"}:
                self.found.append(f"{tag} {name}")
            if name in {"href", "src"} and scheme not in _HARMLESS:
                self.found.append(f"{tag} {name}={value}")


def dangers(markup: str) -> list[str]:
    """What in a piece of HTML is more than text, pictures and links."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader.found


def _reply(world: World, markup: str) -> str:
    begun = world.post("/conversations", {"from": {"type": "user", "id": world.user()["id"]}, "body": markup})
    path = f"/conversations/{begun['conversation_id']}"
    answer = {"message_type": "comment", "type": "admin", "admin_id": world.admin_id(), "body": markup}
    made = world.post(f"{path}/reply", answer)
    parts = made["conversation_parts"]["conversation_parts"]
    return "".join([made["source"]["body"], *(part["body"] or "" for part in parts)])


def _note(world: World, markup: str) -> str:
    return str(world.note(world.user()["id"], markup)["body"])


def _published(world: World, path: str, body: dict[str, Any]) -> str:
    """What is kept; some things are refused by name."""
    answer = world.api.post(path, json={"title": "x", **body})
    assert answer.status_code in {200, 400}
    return str(answer.json().get("body", ""))


def _article(world: World, markup: str) -> str:
    return _published(world, "/articles", {"author_id": world.admin_id(), "body": markup})


def _news(world: World, markup: str) -> str:
    return _published(world, "/news/news_items", {"sender_id": int(world.admin_id()), "body": markup})


@pytest.mark.parametrize("say", [_reply, _note, _article, _news], ids=["replies", "notes", "articles", "news"])
def test_nothing_that_is_written_runs(world: World, say: Callable[[World, str], str]) -> None:
    """What is kept is safe already, so every surface that shows it is."""
    assert dangers("".join(ATTACKS)), "the test would see them"
    assert {attack: found for attack in ATTACKS if (found := dangers(say(world, f"<p>x</p>{attack}")))} == {}


def test_pages_show_names_and_texts_of_others_as_text(workspace: TestWorkspace) -> None:
    api = workspace.api
    attack = '"><script>alert(1)</script>'
    api.put("/manage/v1/workspace", json={"name": attack})
    url = api.post("/phone_call_redirects", json={"phone": "+353871234567"}).json()["url"]
    assert httpx.post(url, data={"message": attack}).status_code == 303
    [begun] = api.get("/conversations").json()["conversations"]
    admin = api.get("/me").json()["id"]
    file = {"content_type": "text/plain", "name": f"{attack}.txt", "data": base64.b64encode(b"x").decode()}
    answer = {"message_type": "comment", "type": "admin", "admin_id": admin, "body": attack, "attachment_files": [file]}
    assert api.post(f"/conversations/{begun['id']}/reply", json=answer).status_code == 200
    page = httpx.get(url)
    assert page.text.count("&lt;script&gt;") >= 3
    assert [danger for danger in dangers(page.text) if "script" in danger or " on" in danger] == []


@pytest.mark.parametrize("path", ["/docs", "/switch/nobody", "/me", "/openapi.json", "/nothing"])
def test_answers_say_that_no_other_site_may_use_them(api: httpx.Client, path: str) -> None:
    answer = api.get(path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert not [name for name in answer.headers if name.startswith(("access-control-", "set-cookie"))]
    if path != "/openapi.json":
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy or "default-src 'self'" in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize("path", ["/metrics/", "//metrics", "/%6detrics", "/metrics%2F", "/readyz/", "//readyz//"])
def test_what_a_proxy_keeps_inside_is_found_by_no_other_spelling(workspace: TestWorkspace, path: str) -> None:
    """A rule for `/metrics` would let the others through."""
    url = workspace.api.base_url
    for head in (b"", f"Authorization: Bearer {workspace.token}\r\n".encode()):
        with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode() + head + b"\r\n")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 404 ")


def _attached(world: World, name: str) -> str:
    begun = world.post("/conversations", {"from": {"type": "user", "id": world.user()["id"]}, "body": "Hello"})
    answer = {
        "message_type": "comment",
        "type": "admin",
        "admin_id": world.admin_id(),
        "body": "See",
        "attachment_files": [{"content_type": "text/plain", "name": name, "data": base64.b64encode(b"x").decode()}],
    }
    made = world.post(f"/conversations/{begun['conversation_id']}/reply", answer)
    [file] = made["conversation_parts"]["conversation_parts"][-1]["attachments"]
    assert file["name"] == name
    return str(file["url"])


@pytest.mark.parametrize(
    "name", ["a/b.txt", "../../etc/passwd", "..", ".", "\\x", "a\r\nX-Evil: 1", "ä 100 %.txt", "%2e"]
)
def test_a_file_is_read_by_its_link_whatever_it_is_called(world: World, name: str) -> None:
    answer = httpx.get(_attached(world, name))
    assert (answer.status_code, answer.content) == (200, b"x")
    assert "x-evil" not in answer.headers
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_link_to_a_file_is_good_for_this_file_until_it_expires(world: World, server: RunningServer) -> None:
    first, second = (urlsplit(_attached(world, name)) for name in ("a.txt", "b.txt"))
    query = {name: value for name, [value] in parse_qs(first.query).items()}
    forged = [
        (second.path, query),
        (first.path, {**query, "expires": str(int(query["expires"]) + 1)}),
        (first.path, {**query, "signature": "é"}),
        (first.path, {**query, "signature": query["signature"].upper()}),
        (first.path.replace("/files/", "/files/%00"), query),
    ]
    for path, values in forged:
        assert httpx.get(f"{server.url}{path}?{urlencode(values)}").status_code in {400, 404}, values


@pytest.mark.parametrize(("scheme", "told"), [("https", "max-age=31536000"), ("http", None)])
async def test_browsers_that_came_encrypted_are_told_to_stay_so(scheme: str, told: str | None) -> None:
    sent: list[Any] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def nobody(sha256: bytes, ip: str) -> None:
        raise AssertionError

    async def note(message: Any) -> None:
        sent.append(message)

    gate = Gate(answer, Authenticator(nobody), RateLimiter(0, shared_counters(1), 0, 1))
    scope = {"type": "http", "scheme": scheme, "method": "GET", "path": "/healthz", "query_string": b"", "headers": []}
    await gate(scope, note, note)  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert headers.get("strict-transport-security") == told


def test_an_answer_says_once_how_long_it_may_be_kept(world: World) -> None:
    [told] = httpx.get(_attached(world, "a.txt")).headers.get_list("cache-control")
    assert told == "private, max-age=1800"
    url = world.post("/phone_call_redirects", {"phone": "+353871234567"})["url"]
    assert httpx.get(url).headers.get_list("cache-control") == ["no-store"]


def test_whoever_wrote_is_led_back_to_the_same_page_wherever_it_is(world: World) -> None:
    url = world.post("/phone_call_redirects", {"phone": "+353871234567"})["url"]
    answer = httpx.post(url, data={"message": "Hello"})
    below = f"https://support.example.com/below{urlsplit(url).path}"
    assert (answer.status_code, urljoin(below, answer.headers["location"])) == (303, below)
