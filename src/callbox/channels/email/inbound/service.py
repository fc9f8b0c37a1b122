"""Reading mail that was taken in, and what became of it: nothing is thrown away, whatever it was."""

import asyncio
import base64
import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import structlog
from msgspec import Meta

from callbox.channels.email.inbound import queries
from callbox.channels.email.inbound.bodies import body_of
from callbox.channels.email.inbound.parsing import ParsedMail, Unreadable, parse
from callbox.channels.email.inbound.queries import InboundRow
from callbox.channels.email.inbound.receiving import (
    MAX_MAIL_BYTES,
    Delivery,
    ask_to_read,
    keep_mail,
    workspace_of,
)
from callbox.channels.email.inbound.routing import Arrival, Outcome, Understood, route
from callbox.platform import clock
from callbox.platform.database import Connection, connection, transaction
from callbox.platform.files import read_file
from callbox.platform.jobs import storable
from callbox.support.attachments.service import link
from callbox.wire.authentication import Caller
from callbox.wire.decode import decimal_id
from callbox.wire.errors import Conflict, NotFound, ParameterInvalid, WireError
from callbox.wire.pagination import per_page_of
from callbox.workspace.workspaces import operator_caller

DEFAULT_PER_PAGE = 50
MAX_PER_PAGE = 150
_LONGEST_REASON = 500
_NEWEST = datetime(9999, 1, 1, tzinfo=UTC)
_LARGEST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"

# A large mail takes several times its size while it is read.
_reading = asyncio.Semaphore(4)

_log = structlog.get_logger("callbox.email")

State = Literal["received", "done", "ignored", "failed"]


class InboundEmail(msgspec.Struct):
    """A mail that came in. The original is a file, whose link lives for half an hour; null: it was redacted."""

    type: Literal["inbound_email"]
    id: str
    state: str
    reason: str | None
    sender: str
    recipients: list[str]
    remote_address: str | None
    size: int
    received_at: int
    from_address: str | None
    subject: str | None
    conversation_id: str | None
    original_url: str | None


class InboundEmailList(msgspec.Struct):
    """Mails that came in, newest first; `next` goes on from here, as `before`."""

    type: Literal["list"]
    data: list[InboundEmail]
    next: str | None


class ListInboundQuery(msgspec.Struct):
    """Which mails, and from where on."""

    state: State | None = None
    conversation_id: str | None = None
    before: Annotated[str, Meta(max_length=36)] | None = None
    per_page: str | None = None


class TakeInboundRequest(msgspec.Struct):
    """A mail in base64, as it would come by SMTP, with its envelope. A sender of "" is nobody, as reports have it."""

    sender: Annotated[str, Meta(max_length=320)]
    recipients: Annotated[list[Annotated[str, Meta(max_length=320)]], Meta(min_length=1, max_length=100)]
    data: str


class InboundEmailNotFound(NotFound):
    """No such mail came in."""

    message = "Inbound email not found"


class MailIsDone(Conflict):
    """The mail is in its conversation already."""

    message = "The email was read already, and is where it belongs"


async def read(workspace_id: str, email_id: str) -> None:
    """Read a mail and take it to its place, unless that is done. What cannot be understood is marked as failed."""
    caller = await operator_caller(workspace_id)
    try:
        async with _reading:
            original = b"".join([piece async for piece in await read_file(workspace_id, email_id)])
            understood = await asyncio.to_thread(_understood, caller, original)
        async with transaction() as held:
            row = await queries.inbound_for_update.first(held, workspace_id, email_id)
            if row is not None and row.state in {"received", "failed"}:
                arrival = Arrival(caller=caller, row=row, **_fields(understood))
                await _note(held, arrival, await route(held, arrival))
    except (Unreadable, WireError) as error:
        await _fail(caller, email_id, str(error))
    except Exception as error:
        # It is tried again; until that succeeds, the mail says what happened.
        await _fail(caller, email_id, storable(error))
        raise


def _understood(caller: Caller, original: bytes) -> Understood:
    mail = parse(original)
    return Understood(original=original, mail=mail, body=body_of(caller, mail), identity=_identity(mail, original))


def _fields(understood: Understood) -> dict[str, Any]:
    return {name: getattr(understood, name) for name in understood.__struct_fields__}


def _identity(mail: ParsedMail, original: bytes) -> str:
    """What tells that a mail is one that came before: its Message-ID and writer, or else all of it."""
    told = original
    if mail.message_id is not None and mail.sender is not None:
        told = f"{mail.message_id} {mail.sender.address}".encode()
    return hashlib.sha256(told).hexdigest()


async def _note(held: Connection, arrival: Arrival, outcome: Outcome) -> None:
    mail = arrival.mail
    await queries.note_outcome.run(
        held,
        arrival.caller.workspace_id,
        arrival.row.id,
        outcome.state,
        outcome.reason,
        arrival.identity,
        mail.sender.address if mail.sender else None,
        mail.subject,
        outcome.conversation_id,
        outcome.part_id,
        msgspec.json.encode([picture.id for picture in arrival.body.pictures]).decode(),
    )


async def _fail(caller: Caller, email_id: str, reason: str) -> None:
    _log.warning("mail_not_understood", workspace=caller.workspace_id, email=email_id, reason=reason)
    async with connection() as held:
        await queries.note_failure.run(held, caller.workspace_id, email_id, reason[:_LONGEST_REASON])


async def take_inbound(caller: Caller, request: TakeInboundRequest) -> InboundEmail:
    """Take a mail in that came by another way than the listener's. Raises ParameterInvalid."""
    try:
        content = base64.b64decode(request.data, validate=True)
    except ValueError:
        raise ParameterInvalid("data must be base64") from None
    if not content or len(content) > MAX_MAIL_BYTES:
        raise ParameterInvalid(f"data must be a mail of at most {MAX_MAIL_BYTES // 1024 // 1024} MB")
    async with transaction() as held:
        for address in request.recipients:
            if await workspace_of(held, address) != caller.workspace_id:
                raise ParameterInvalid(f"recipients: {address} is no address of the workspace")
        recipients = [address.strip().lower() for address in request.recipients]
        delivery = Delivery(request.sender, recipients, None, content)
        email_id = await keep_mail(held, caller, recipients, delivery)
        return _view(caller, await _row(held, caller, email_id))


async def list_inbound(caller: Caller, query: ListInboundQuery) -> InboundEmailList:
    """Mails that came in, newest first."""
    size = per_page_of(query.per_page, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    async with connection() as held:
        last = None if query.before is None else await _row(held, caller, query.before)
        rows = await queries.inbound_page.all(
            held,
            caller.workspace_id,
            _NEWEST if last is None else last.received_at,
            _LARGEST_ID if last is None else last.id,
            size + 1,
            query.state,
            None if query.conversation_id is None else decimal_id(query.conversation_id) or 0,
        )
    shown = [_view(caller, row) for row in rows[:size]]
    return InboundEmailList("list", shown, shown[-1].id if len(rows) > size else None)


async def get_inbound(caller: Caller, email_id: str) -> InboundEmail:
    """One mail that came in. Raises InboundEmailNotFound."""
    async with connection() as held:
        return _view(caller, await _row(held, caller, email_id))


async def retry_inbound(caller: Caller, email_id: str) -> InboundEmail:
    """Read a mail again that failed, or one that was ignored: it is not judged to be spam or automatic again."""
    async with transaction() as held:
        row = await _row(held, caller, email_id)
        if not await queries.try_again.run(held, caller.workspace_id, row.id):
            raise MailIsDone
        await ask_to_read(held, caller.workspace_id, row.id)
        return _view(caller, await _row(held, caller, email_id))


async def _row(held: Connection, caller: Caller, email_id: str) -> InboundRow:
    try:
        row = await queries.inbound_by_id.first(held, caller.workspace_id, str(UUID(email_id)))
    except ValueError:
        row = None
    if row is None:
        raise InboundEmailNotFound
    return row


def _view(caller: Caller, row: InboundRow) -> InboundEmail:
    return InboundEmail(
        type="inbound_email",
        id=row.id,
        state=row.state,
        reason=row.reason,
        sender=row.sender,
        recipients=row.recipients,
        remote_address=row.remote_address,
        size=row.size,
        received_at=clock.unix(row.received_at),
        from_address=row.from_address,
        subject=row.subject,
        conversation_id=None if row.conversation_id is None else str(row.conversation_id),
        original_url=None if row.reason == "redacted" else link(caller, row.id, "message.eml"),
    )
