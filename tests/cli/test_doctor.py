"""`callbox doctor`: each fault is found, and told with what to do."""

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import dns.asyncresolver
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from callbox.doctor import Finding, examine, machine, mail
from callbox.platform.database.migrate import migrations
from callbox.settings import Settings
from tests.cli.commands import Commands
from tests.conftest import RunningServer, free_port

DNS_RECORDS = {
    ("mail.example.com.", "TXT"): '"v=spf1 include:smtp.example.com -all"',
    ("_dmarc.mail.example.com.", "TXT"): '"v=DMARC1; " "p=reject"',
    ("mail.example.com.", "MX"): "10 mx.example.com.",
    ("callbox._domainkey.example.com.", "TXT"): '"v=DKIM1; k=rsa; p=MIIB"',
}


class _NameServer(asyncio.DatagramProtocol):
    """Knows the records, and no others."""

    def __init__(self, records: dict[tuple[str, str], str]) -> None:
        self._records = records

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = dns.message.from_wire(data)
        answer = dns.message.make_response(asked)
        [question] = asked.question
        kind = dns.rdatatype.to_text(question.rdtype)
        if text := self._records.get((str(question.name), kind)):
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, text))
        self._transport.sendto(answer.to_wire(), addr)


class Installation(NamedTuple):
    """Where a test's findings are about."""

    settings: Settings
    url: str

    async def found(self) -> dict[str, Finding]:
        """Findings by what they are about; of several, the worst."""
        order = {"well": 0, "doubtful": 1, "wrong": 2}
        findings = sorted(await examine(self.settings, self.url), key=lambda each: order[each.state])
        return {each.check: each for each in findings}

    async def execute(self, statement: str) -> None:
        """Make something wrong in the database."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    """A database and a directory, without server and worker."""
    (tmp_path / "files").mkdir(mode=0o700)
    return Installation(Settings(data=tmp_path, database_url=database_url), database_url)


def test_the_command_tells_people_and_programs_and_fails_where_something_is_wrong(
    callbox: Commands, server: RunningServer, tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir(mode=0o700)
    here = {"CALLBOX_DATA": str(tmp_path), "CALLBOX_PUBLIC_URL": server.url}
    healthy = callbox.run("doctor", **here)
    assert healthy.code == (1 if "wrong" in healthy.out else 0)
    assert {"database", "schema", "worker", "files", "public address"} <= {row[1] for row in healthy.rows}
    assert ["well", "worker", "Somebody works."] in [row[:3] for row in healthy.rows]
    assert ["well", "public address", f"{server.url} leads here."] in [row[:3] for row in healthy.rows]
    ill = callbox.run("doctor", "--json", **here, CALLBOX_SMTP_URL=f"smtp://127.0.0.1:{free_port()}")
    told = json.loads(ill.out)
    assert (ill.code, told["is_well"]) == (1, False)
    [server_found] = [each for each in told["findings"] if each["check"] == "mail server"]
    assert server_found["state"] == "wrong"
    assert "CALLBOX_SMTP_URL" in server_found["remedy"]


def test_a_directory_without_an_installation_is_no_patient(callbox: Commands, tmp_path: Path) -> None:
    refusal = callbox.refusal("doctor", CALLBOX_DATABASE_URL="", CALLBOX_DATA=str(tmp_path / "nothing"))
    assert "There is no installation in" in refusal
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    ("statement", "check", "state", "told"),
    [
        ("INSERT INTO schema_migrations VALUES (9999, 'x', '')", "schema", "wrong", "newer release"),
        (
            f"DELETE FROM schema_migrations WHERE version = {migrations()[-1].version}",
            *("schema", "doubtful", "1 migrations are waiting"),
        ),
        ("DROP TABLE schema_migrations", "schema", "wrong", "There is none yet"),
        ("SELECT", "worker", "wrong", "None is connected"),
        (
            "INSERT INTO pgqueuer (priority, status, entrypoint, execute_after) VALUES (0, 'failed', 'x', now())",
            *("failed jobs", "doubtful", "1 jobs were given up"),
        ),
        (
            "INSERT INTO pgqueuer (priority, status, entrypoint, execute_after) "
            "VALUES (0, 'queued', 'x', now() - interval '1 hour')",
            *("queue", "doubtful", "1 jobs should have begun"),
        ),
        (
            "INSERT INTO outbox (workspace_id, topic, item_id, item, created_at) "
            "SELECT 'w', 'contact.created', '1', '{}', now() FROM generate_series(1, 10001)",
            *("relay", "wrong", "10001 events wait"),
        ),
        (
            "INSERT INTO workspaces (id, name, created_at) VALUES ('abcd1234', 'A', now()); INSERT INTO webhooks "
            "(workspace_id, url, secret, state, suspended_because, created_at, updated_at) "
            "VALUES ('abcd1234', 'https://x.example', 's', 'suspended', 'gone', now(), now())",
            *("webhooks", "doubtful", "1 are suspended"),
        ),
    ],
)
async def test_what_is_wrong_in_the_database_is_found(
    installation: Installation, statement: str, check: str, state: str, told: str
) -> None:
    await installation.execute(statement)
    finding = (await installation.found())[check]
    assert (finding.state, finding.remedy is None) == (state, False)
    assert told in finding.told


async def test_a_database_that_cannot_be_reached_is_told_beside_all_else(installation: Installation) -> None:
    found = await installation._replace(url=f"postgresql://x:y@127.0.0.1:{free_port()}/z").found()
    assert found["database"].state == "wrong"
    assert "cannot be reached" in found["database"].told
    assert found["files"].state == "well"
    assert "schema" not in found


@pytest.mark.parametrize(
    ("changes", "check", "state"),
    [
        ({"trusted_proxies": "*"}, "proxies", "doubtful"),
        ({"allow_private_addresses": True}, "private addresses", "doubtful"),
        ({"rate_limit": 0}, "rate limit", "doubtful"),
        ({"database_url": "postgresql://callbox:Postgres@db/callbox"}, "secrets", "wrong"),
        ({"public_url": None}, "public address", "doubtful"),
        ({"public_url": None, "sms_url": "https://a:b@sms.example?from=1"}, "public address", "wrong"),
        ({"public_url": "http://127.0.0.1:9"}, "encryption", "doubtful"),
        ({"files_url": "/dev/null/files"}, "files", "wrong"),
        ({"files_url": "/"}, "privacy of files", "doubtful"),
        ({"files_url": "s3://bucket/callbox"}, "files", "well"),
        ({"smtp_url": "smtp://127.0.0.1:9", "email_domain": "localhost"}, "mail domain", "wrong"),
    ],
)
async def test_settings_that_are_seldom_meant_are_told(
    installation: Installation, changes: dict[str, object], check: str, state: str
) -> None:
    values = {name: getattr(installation.settings, name) for name in Settings.__struct_fields__}
    found = await installation._replace(settings=Settings(**{**values, **changes})).found()
    assert found[check].state == state


async def test_little_space_and_few_files_are_told(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_TOO_LITTLE_BYTES", 2**62)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
    found = await installation.found()
    assert found["space for data"].state == "wrong"
    assert found["limits"].state == "doubtful"


@pytest.fixture
async def resolver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[dict[tuple[str, str], str]], None]]:
    """Lets a name server of this test answer."""
    answering = asyncio.get_running_loop()
    records: dict[tuple[str, str], str] = {}
    transport, _ = await answering.create_datagram_endpoint(lambda: _NameServer(records), ("127.0.0.1", 0))
    asked = dns.asyncresolver.Resolver(configure=False)
    asked.nameservers = ["127.0.0.1"]
    asked.port = transport.get_extra_info("sockname")[1]
    monkeypatch.setattr(mail, "resolver", lambda: asked)
    yield records.update
    transport.close()


async def test_records_that_receivers_ask_for_are_looked_up(
    installation: Installation, resolver: Callable[[dict[tuple[str, str], str]], None]
) -> None:
    await installation.execute(
        """
        INSERT INTO workspaces (id, name, created_at) VALUES ('abcd1234', 'A', now());
        INSERT INTO email_settings (workspace_id, dkim_domain, dkim_selector, dkim_private_key)
        VALUES ('abcd1234', 'example.com', 'callbox', 'k')
        """
    )
    settings = Settings(data=installation.settings.data, smtp_url="smtp://127.0.0.1:9", email_domain="mail.example.com")
    patient = installation._replace(settings=settings)
    before = await patient.found()
    assert {before[check].state for check in ("SPF", "DKIM", "DMARC", "MX")} == {"doubtful"}
    resolver(DNS_RECORDS)
    after = await patient.found()
    assert {after[check].state for check in ("SPF", "DKIM", "DMARC", "MX")} == {"well"}
    resolver({("mail.example.com.", "TXT"): '"google-site-verification=1"'})
    assert "holds v=spf1" in (await patient.found())["SPF"].told
