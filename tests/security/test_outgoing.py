"""Addresses that others name: however they are written, and whatever they turn into, no private one is reached."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpcore
import pytest

from callbox.platform import outgoing
from callbox.platform.outgoing import OutgoingFailed, OutgoingRefused, Receiver, fetched, is_public


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("64:ff9b::808:808", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::808:808", False),
        ("::127.0.0.1", False),
        ("::8.8.8.8", False),
        ("::ffff:0:7f00:1", False),
        ("::ffff:127.0.0.1", False),
        ("::", False),
        ("fec0::1", False),
        ("fe80::1%lo", False),
        ("ff0e::1", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("198.18.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
    ],
)
def test_an_address_in_other_clothes_counts_as_what_it_is(address: str, public: bool) -> None:
    assert is_public(address) == public


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/"),
        *("http://017700000001/", "http://0/", "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/"),
        *("http://localhost/", "http://LOCALHOST/", "http://user:pw@127.0.0.1/", "http://①②⑦.0.0.1/"),
        *("http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:99999/", "http://[::1", "http://"),
        *("ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/", f"http://{'a' * 70}.com/"),
    ],
)
async def test_a_private_or_strange_url_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(OutgoingRefused):
        async with fetched(url, seconds=5):
            pass
    async with Receiver(connections=1, seconds=5, private_allowed=False) as receiver:
        with pytest.raises(OutgoingRefused):
            await receiver.send("POST", url, [])


async def test_a_name_is_looked_up_once_and_connected_to_as_it_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [["93.184.215.14"], ["127.0.0.1"]]
    monkeypatch.setattr(outgoing, "_addresses_of", lambda host, port: answers.pop(0))
    connected = []

    async def connect(self: object, host: str, port: int, *_: object) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("it is enough to know where to")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    with pytest.raises(OutgoingFailed):
        async with fetched("http://rebinding.example/", seconds=5):
            pass
    assert connected == ["93.184.215.14"]
    with pytest.raises(OutgoingRefused):
        async with fetched("http://rebinding.example/", seconds=5):
            pass
    assert connected == ["93.184.215.14"]


async def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "_addresses_of", lambda host, port: ["93.184.215.14", "10.0.0.1"])
    with pytest.raises(OutgoingRefused, match="private network"):
        async with fetched("http://both.example/", seconds=5):
            pass


async def test_of_several_addresses_one_where_somebody_listens_is_enough(
    monkeypatch: pytest.MonkeyPatch, elsewhere: tuple[str, list[str]]
) -> None:
    url, asked = elsewhere
    monkeypatch.setattr(outgoing, "is_public", lambda _: True)
    monkeypatch.setattr(outgoing, "_addresses_of", lambda host, port: ["::1", "127.0.0.1"])
    async with fetched(url.replace("127.0.0.1", "both.example"), seconds=5) as response:
        assert response.status == 200
    assert asked == ["/"]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """A server that counts as public, and redirects to one that does not; and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302 if "redirect" in self.path else 200)
            self.send_header("Location", f"http://127.0.0.2:{self.server.server_port}/inside")  # type: ignore[attr-defined]
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    monkeypatch.setattr(outgoing, "is_public", lambda address: address == "127.0.0.1")
    with ThreadingHTTPServer(("0.0.0.0", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


async def test_a_redirect_into_the_private_network_is_not_followed(elsewhere: tuple[str, list[str]]) -> None:
    url, asked = elsewhere
    with pytest.raises(OutgoingRefused, match="private network"):
        async with fetched(f"{url}/redirect", seconds=5):
            pass
    assert asked == ["/redirect"]


async def test_a_url_beyond_ascii_is_fetched(elsewhere: tuple[str, list[str]]) -> None:
    url, asked = elsewhere
    async with fetched(f"{url}/bücher und mehr.pdf?q=ä%20b&c=d#part", seconds=5) as response:
        assert response.status == 200
    assert asked == ["/b%C3%BCcher%20und%20mehr.pdf?q=%C3%A4%20b&c=d"]


@pytest.mark.parametrize("place", ["127.0.0.1", "93.184.215.14", "127.0.0.1:x", ""])
async def test_no_message_tells_more_of_a_url_than_whom_it_names(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    async def connect(self: object, host: str, port: int, *_: object) -> Any:
        raise httpcore.ConnectError("nobody is there")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    url = f"http://user:secret@{place}/secret?signature=secret#secret"
    with pytest.raises((OutgoingRefused, OutgoingFailed)) as fetching:
        async with fetched(url, seconds=5):
            pass
    async with Receiver(connections=1, seconds=5, private_allowed=False) as receiver:
        with pytest.raises((OutgoingRefused, OutgoingFailed)) as sending:
            await receiver.send("POST", url, [])
    assert "secret" not in f"{fetching.value} {sending.value}"
