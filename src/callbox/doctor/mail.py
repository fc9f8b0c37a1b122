"""Checks of mail: does the mail server take us, and do receivers find the records that they ask for."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import dns.asyncresolver
import dns.exception
import msgspec

from callbox.channels.email.smtp import MailPool, MailServer, TryAgainLater
from callbox.doctor.findings import Finding, doubtful, well, wrong
from callbox.platform.database import Connection, GlobalQuery
from callbox.settings import Settings

_LOOK_UP_SECONDS = 5.0
_NO_DOMAIN = "localhost"


class SigningKey(msgspec.Struct, frozen=True):
    """Where receivers look for a workspace's key."""

    domain: str
    selector: str


signing_keys = GlobalQuery(
    "signing_keys",
    SigningKey,
    "SELECT DISTINCT s.dkim_domain, s.dkim_selector FROM email_settings s WHERE s.dkim_domain IS NOT NULL",
)


async def check_mail_server(settings: Settings) -> list[Finding]:
    """Connect, say EHLO and log in, as for a mail."""
    if settings.smtp_url is None:
        return [well("mail server", "None is set: mail is kept to be read, and not sent.")]
    server = MailServer.at(settings.smtp_url)
    pool = MailPool(server)
    try:
        await pool.greet()
    except TryAgainLater as error:
        remedy = "Correct CALLBOX_SMTP_URL, or let the firewall pass the port."
        return [wrong("mail server", f"It does not take mail: {error}.", remedy)]
    finally:
        pool.close()
    return [well("mail server", f"{server.host} takes mail.")]


async def check_records(settings: Settings, connection: Connection) -> list[Finding]:
    """What the domains say in DNS, where mail is sent at all."""
    if settings.smtp_url is None:
        return []
    look_ups = [_signing_key(key) for key in await signing_keys.all(connection)]
    if settings.email_domain == _NO_DOMAIN:
        found = [wrong("mail domain", "Nobody can answer mail from localhost.", "Set CALLBOX_EMAIL_DOMAIN.")]
    else:
        found = []
        look_ups += _domain(settings.email_domain)
    return [*found, *await asyncio.gather(*look_ups)]


def _signing_key(key: SigningKey) -> Coroutine[Any, Any, Finding]:
    name = f"{key.selector}._domainkey.{key.domain}"
    return _record("DKIM", name, "TXT", "p=", f"Publish what callbox email dkim {key.domain} printed.")


def _domain(domain: str) -> list[Coroutine[Any, Any, Finding]]:
    return [
        _record("SPF", domain, "TXT", "v=spf1", f'Publish {domain} TXT "v=spf1 include:… -all".'),
        _record("DMARC", f"_dmarc.{domain}", "TXT", "v=DMARC1", f'Publish _dmarc.{domain} TXT "v=DMARC1; …".'),
        _record("MX", domain, "MX", "", f"Publish {domain} MX, or nobody can answer and bounces get lost."),
    ]


async def _record(what: str, name: str, kind: str, beginning: str, remedy: str) -> Finding:
    """Whether one of the records holds what it must."""
    try:
        answers = await resolver().resolve(name, kind, lifetime=_LOOK_UP_SECONDS)
    except dns.exception.DNSException as error:
        return doubtful(what, f"{name} has no {kind} record: {type(error).__name__}.", remedy)
    texts = [str(answer).replace('" "', "").strip('"') for answer in answers]
    if not any(beginning in text for text in texts):
        return doubtful(what, f"No {kind} record of {name} holds {beginning}.", remedy)
    return well(what, f"{name} has its {kind} record.")


def resolver() -> dns.asyncresolver.Resolver:
    """Who is asked: the servers that this machine asks."""
    return dns.asyncresolver.Resolver()
