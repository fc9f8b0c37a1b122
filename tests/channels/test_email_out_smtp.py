"""How mail is handed to a mail server: encrypted as asked, over kept connections, and what its answers mean."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from callbox.channels.email import smtp
from callbox.channels.email.smtp import MailPool, MailServer, Refused, TryAgainLater
from callbox.settings import SettingsError, read_settings
from tests.channels import mail_server
from tests.conftest import free_port

MAIL = b"Subject: Hello\r\n\r\nHello\r\n"
SENDER = "bounce@callbox.internal"


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate, and what a server encrypts with."""
    return mail_server.certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trust(trusted: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> None:
    """This process believes the certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted[0]))


@pytest.fixture
def open_server() -> Iterator[mail_server.MailServer]:
    """A server without encryption."""
    with mail_server.mail_server() as server:
        yield server


POOLS: list[MailPool] = []


@pytest.fixture(autouse=True)
async def _hang_up() -> AsyncIterator[None]:
    """Leaves no connection open."""
    yield
    while POOLS:
        POOLS.pop().close()
    await asyncio.sleep(0.01)


def pool_at(server: mail_server.MailServer, scheme: str = "smtp", user: str = "", query: str = "") -> MailPool:
    """A pool of connections to a server of the test."""
    POOLS.append(MailPool(MailServer.at(f"{scheme}://{user}127.0.0.1:{server.port}{query}")))
    return POOLS[-1]


# Over a connection that begins encrypted, the server library does not know that it is.
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.usefixtures("trust")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_mail_travels_encrypted_and_with_a_password(trusted: tuple[Path, ssl.SSLContext], scheme: str) -> None:
    options: dict[str, Any] = (
        {"encrypted": trusted[1]} if scheme == "smtps" else {"tls_context": trusted[1], "require_starttls": True}
    )
    options |= {"authenticator": mail_server.only_ada, "auth_required": True, "auth_require_tls": scheme == "smtp"}
    with mail_server.mail_server(**options) as server:
        pool = pool_at(server, scheme, "ada:p%40ss%2Fword@")
        await pool.send(SENDER, "grace@shop.internal", MAIL)
        [(session, envelope)] = server.handler.taken
        assert session.authenticated
        assert (scheme == "smtps") or session.ssl is not None
        assert (envelope.mail_from, envelope.content) == (SENDER, MAIL)
        with pytest.raises(TryAgainLater, match="535"):
            await pool_at(server, scheme, "ada:wrong@").send(SENDER, "grace@shop.internal", MAIL)


async def test_a_server_that_nobody_vouches_for_gets_no_mail(trusted: tuple[Path, ssl.SSLContext]) -> None:
    with mail_server.mail_server(tls_context=trusted[1]) as server:
        with pytest.raises(TryAgainLater):
            await pool_at(server).send(SENDER, "grace@shop.internal", MAIL)
        assert server.handler.taken == []
        await pool_at(server, query="?starttls=optional").send(SENDER, "grace@shop.internal", MAIL)
        assert server.handler.taken[0][0].ssl is not None


async def test_encryption_that_is_required_is_not_done_without(open_server: mail_server.MailServer) -> None:
    with pytest.raises(TryAgainLater):
        await pool_at(open_server).send(SENDER, "grace@shop.internal", MAIL)
    assert open_server.handler.taken == []


async def test_a_connection_is_kept_for_the_next_mail(open_server: mail_server.MailServer) -> None:
    pool = pool_at(open_server, query="?starttls=optional")
    await pool.send(SENDER, "grace@shop.internal", MAIL)
    with pytest.raises(Refused):
        await pool.send(SENDER, "nobody.1@shop.internal", MAIL)
    await pool.send(SENDER, "ada@shop.internal", MAIL)
    assert len(open_server.connections) == 1
    assert len(open_server.handler.taken) == 2


async def test_a_kept_connection_that_the_server_closed_is_replaced(open_server: mail_server.MailServer) -> None:
    pool = pool_at(open_server, query="?starttls=optional")
    await pool.send(SENDER, "grace@shop.internal", MAIL)
    [kept] = open_server.connections
    kept.loop.call_soon_threadsafe(kept.transport.close)
    await pool.send(SENDER, "grace@shop.internal", MAIL)
    assert len(open_server.handler.taken) == 2


@pytest.mark.parametrize(
    ("recipient", "of_address"),
    [("nobody.1@shop.internal", True), ("policy.1@shop.internal", False), ("content.1@shop.internal", False)],
)
async def test_a_refusal_says_whether_it_is_about_the_address(
    open_server: mail_server.MailServer, recipient: str, of_address: bool
) -> None:
    with pytest.raises(Refused, match="5") as refused:
        await pool_at(open_server, query="?starttls=optional").send(SENDER, recipient, MAIL)
    assert refused.value.of_address is of_address


@pytest.mark.parametrize("recipient", ["busy.1@shop.internal", "drops.1@shop.internal"])
async def test_what_fails_for_now_is_tried_again(open_server: mail_server.MailServer, recipient: str) -> None:
    pool = pool_at(open_server, query="?starttls=optional")
    with pytest.raises(TryAgainLater):
        await pool.send(SENDER, recipient, MAIL)
    await pool.send(SENDER, recipient, MAIL)
    assert len(open_server.handler.taken) == 1


async def test_a_server_that_is_too_slow_is_tried_again(
    open_server: mail_server.MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_TIMEOUT_SECONDS", 0.5)
    with pytest.raises(TryAgainLater):
        await pool_at(open_server, query="?starttls=optional").send(SENDER, "slow.1@shop.internal", MAIL)


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    pool = MailPool(MailServer.at(f"smtp://127.0.0.1:{free_port()}"))
    with pytest.raises(TryAgainLater):
        await pool.send(SENDER, "grace@shop.internal", MAIL)


def test_a_servers_password_is_not_shown() -> None:
    server = MailServer.at("smtps://ada:secret@mail.example.com")
    assert (server.port, server.password) == (465, "secret")
    assert "secret" not in repr(server)


@pytest.mark.parametrize(
    "url", ["mail.example.com", "http://mail.example.com", "smtp://", "smtp://ada:secret@h:1?starttls=never"]
)
def test_an_address_that_names_no_mail_server_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_settings({"CALLBOX_SMTP_URL": url})
    assert "CALLBOX_SMTP_URL" in str(refused.value)
    assert "secret" not in str(refused.value)
