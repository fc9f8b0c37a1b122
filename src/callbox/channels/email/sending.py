"""Handing mails to the mail server: once each, again later where it asks for that, and never where it refuses.

A mail goes out twice only if the worker dies, or the connection breaks, between the server's word that it has the
mail and our note of it.
"""

import asyncio
from datetime import timedelta

import msgspec
import structlog

from callbox.channels.email import composing_queries, queries
from callbox.channels.email.addresses import BounceTarget, bounce_address
from callbox.channels.email.bounces import bounced
from callbox.channels.email.composing import DELIVER, EmailKey, why_dropped
from callbox.channels.email.mime import AddressUnusable, AttachedFile, mail_of, travelling
from callbox.channels.email.queries import EmailRow
from callbox.channels.email.senders import sender_of
from callbox.channels.email.smtp import Refused, TryAgainLater, mail_pool
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.files import FileMissing, read_file
from callbox.platform.jobs import Work, enqueue
from callbox.platform.telemetry import mails_settled
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import operator_caller

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=2)
# Together about two days, which is how long mail servers try.
MOST_ATTEMPTS = 30
# Set aside for documentation: nobody has an address there.
_TEST_DOMAINS = ("example", "example.com", "example.net", "example.org", "invalid")

_log = structlog.get_logger("callbox.email")


async def deliver(key: EmailKey) -> None:
    """Send a mail that waits. Without a mail server it is stored as what would have been sent."""
    caller = await operator_caller(key.workspace_id)
    async with connection() as held:
        email = await queries.email_by_id.first(held, key.workspace_id, key.id)
        if email is None or email.state != "queued":
            return
        sender = await sender_of(held, key.workspace_id)
        reason = await _why_dropped(held, key.workspace_id, email)
    pool = mail_pool()
    if pool is None:
        await _settle(caller, email, "stored", None)
        return
    if reason is not None:
        await _settle(caller, email, "dropped", reason)
        return
    returns_to = bounce_address(sender.link_key, sender.inbound_domain, BounceTarget(key.workspace_id, email.id))
    files = await _files(key.workspace_id, email)
    try:
        content = await asyncio.to_thread(mail_of, email, sender, files)
        await pool.send(returns_to, travelling(email.to_address or ""), content)
    except TryAgainLater as later:
        await _wait(caller, email, str(later))
    except AddressUnusable as unusable:
        await _settle(caller, email, "failed", str(unusable))
    except Refused as refused:
        await _refused(caller, email, refused)
    else:
        await _settle(caller, email, "sent", None)


async def _why_dropped(held: Connection, workspace_id: str, email: EmailRow) -> str | None:
    """While it waited, the contact may have left, or said that they want no mail."""
    person = await composing_queries.person.first(held, workspace_id, email.contact_id)
    if person is None:
        return "user_not_contactable"
    reason = await why_dropped(held, workspace_id, person, email.kind, email.conversation_id)
    return "email_address_ignored" if reason is None and _is_for_tests(email.to_address or "") else reason


def _is_for_tests(address: str) -> bool:
    domain = address.rpartition("@")[2].lower()
    return any(domain == name or domain.endswith(f".{name}") for name in _TEST_DOMAINS)


async def _files(workspace_id: str, email: EmailRow) -> list[AttachedFile]:
    """The files that go along; one whose bytes are gone is left out, and the log tells."""
    file_ids = msgspec.json.decode(email.attachments, type=list[str]) if email.attachments else []
    async with connection() as held:
        described = await queries.attached_files.all(held, workspace_id, file_ids)
    files = []
    for file in described:
        try:
            data = b"".join([piece async for piece in await read_file(workspace_id, file.id)])
        except FileMissing:
            _log.error("attachment_missing", workspace=workspace_id, email=email.id, file=file.id)
        else:
            files.append(AttachedFile(file.name, file.content_type, data))
    return files


async def _settle(caller: Caller, email: EmailRow, state: str, reason: str | None) -> None:
    """Note what became of a mail for good."""
    now = caller.now()
    async with transaction() as held:
        await queries.note_attempt.run(
            held, caller.workspace_id, email.id, state, reason, now if state == "sent" else None
        )
        if state == "sent" and email.kind == "message":
            await queries.mark_message_delivered.run(held, caller.workspace_id, email.origin_id, now)
    mails_settled.labels(state).inc()
    if state == "failed":
        _log.warning("mail_failed", workspace=caller.workspace_id, email=email.id, reason=reason)


async def _wait(caller: Caller, email: EmailRow, reason: str) -> None:
    """Try again later, ever more rarely; in the end give up."""
    _log.warning("mail_waits", workspace=caller.workspace_id, email=email.id, reason=reason)
    if email.attempts + 1 >= MOST_ATTEMPTS:
        await _settle(caller, email, "failed", reason)
        return
    delay = min(_FIRST_WAIT * 2**email.attempts, _LONGEST_WAIT)
    async with transaction() as held:
        await queries.note_attempt.run(held, caller.workspace_id, email.id, "queued", reason, None)
        await enqueue(held, [Work(DELIVER, msgspec.json.encode(EmailKey(caller.workspace_id, email.id)), delay)])


async def _refused(caller: Caller, email: EmailRow, refused: Refused) -> None:
    """An address where nobody receives mail has bounced; anything else is a fault of ours or of this mail."""
    if not refused.of_address:
        await _settle(caller, email, "failed", str(refused))
        return
    async with transaction() as held:
        await queries.note_attempt.run(held, caller.workspace_id, email.id, "queued", str(refused), None)
        await bounced(held, caller, email.id, final=True, hard=True, text=str(refused))
    mails_settled.labels("bounced").inc()
