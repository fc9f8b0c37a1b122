"""Text messages: stored with what asks for them, sent by a job, and reported on by the provider."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from callbox.channels.sms import queries
from callbox.channels.sms.providers import NotSentYet, Provider, Refused, provider
from callbox.channels.sms.queries import TextMessageRow
from callbox.channels.sms.schemas import State, TextMessage, TextMessageList, TextToSend
from callbox.platform.clock import unix
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.jobs import Work, enqueue
from callbox.support.phone_switch import SwitchAsked
from callbox.wire.authentication import Caller
from callbox.wire.errors import Forbidden, NotFound
from callbox.wire.urls import base_url
from callbox.workspace.workspaces import operator_caller

SEND = "sms.send"
MAX_ATTEMPTS = 8
_NEWEST = 100
_REPORTED: dict[str, State] = {"sent": "sent", "delivered": "delivered", "undelivered": "failed", "failed": "failed"}


async def on_switch_asked(held: Connection, workspace_id: str, asked: SwitchAsked) -> None:
    """Send the caller on the phone the link."""
    body = f"{asked.caller.workspace_name}: continue your call in writing here: {asked.url}"
    # Of the same id as the redirect, so that the one tells of the other.
    await queries.insert_text_message.run(
        held, workspace_id, UUID(asked.redirect_id), asked.phone, asked.contact_id, body, asked.caller.now()
    )
    payload = msgspec.json.encode(TextToSend(workspace_id, asked.redirect_id, base_url()))
    await enqueue(held, [Work(SEND, payload)])


async def send(payload: bytes) -> None:
    """One attempt. Raises NotSentYet, so that the queue tries again; what is refused has failed."""
    work = msgspec.json.decode(payload, type=TextToSend)
    async with connection() as held:
        message = await queries.text_message_to_send.first(held, work.workspace_id, UUID(work.id))
    if message is None:
        return
    by = provider()
    if by is None:
        await _store(work, "logged", None, None)
        return
    try:
        provider_id = await by.send(message.phone, message.body, _report_url(work))
    except Refused as refused:
        await _store(work, "failed", None, str(refused))
    except NotSentYet as failed:
        await _store(work, "failed" if message.attempts + 1 >= MAX_ATTEMPTS else "waiting", None, str(failed))
        raise
    else:
        await _store(work, "sent", provider_id, None)


def _report_url(work: TextToSend) -> str:
    return f"{work.server}/text_messages/{work.workspace_id}/{work.id}/report"


async def _store(work: TextToSend, state: State, provider_id: str | None, error: str | None) -> None:
    caller = await operator_caller(work.workspace_id)
    message_id = UUID(work.id)
    async with transaction() as held:
        await queries.store_attempt.run(held, work.workspace_id, message_id, state, provider_id, error, caller.now())
        if state == "sent":
            await queries.redirect_is_sent.run(held, work.workspace_id, message_id, caller.now())


async def take_report(workspace_id: str, message_id: str, form: Mapping[str, str], signature: str) -> None:
    """What the provider tells of a message. Raises Forbidden where it is not the provider who tells."""
    by: Provider | None = provider()
    url = _report_url(TextToSend(workspace_id, message_id, base_url()))
    if by is None or not by.is_signed(url, form, signature):
        raise Forbidden("The signature is not the provider's")
    state = _REPORTED.get(form.get("MessageStatus", ""))
    if state is None:
        return
    error = f"the provider reports {form.get('ErrorCode') or 'no reason'}" if state == "failed" else None
    caller = await operator_caller(workspace_id)
    async with connection() as held:
        await queries.store_report.run(held, workspace_id, _uuid(message_id), state, error, caller.now())


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


async def list_text_messages(caller: Caller) -> TextMessageList:
    """The newest text messages of the workspace."""
    async with connection() as held:
        rows = await queries.newest_text_messages.all(held, caller.workspace_id, _NEWEST)
    return TextMessageList("list", [_shown(row) for row in rows])


def _shown(row: TextMessageRow) -> TextMessage:
    return TextMessage(
        "text_message",
        str(row.id),
        row.phone,
        row.contact_id,
        row.body,
        row.state,
        row.provider_id,
        row.attempts,
        row.error,
        unix(row.created_at),
        unix(row.updated_at),
    )
