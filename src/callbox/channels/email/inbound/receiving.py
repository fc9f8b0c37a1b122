"""Taking mail in: whom it is for, and keeping it whole with the job that reads it. Nothing is lost after that."""

from uuid import UUID

import msgspec

from callbox.channels.email.addresses import read_bounce_address, read_reply_address
from callbox.channels.email.inbound import queries
from callbox.channels.email.inbound.headers import storable
from callbox.channels.email.senders import workspace_named_in
from callbox.platform.database import Connection, transaction
from callbox.platform.jobs import Work, enqueue
from callbox.support.attachments.contents import Content
from callbox.support.attachments.service import FileToKeep, keep
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import operator_caller

MAX_MAIL_BYTES = 20 * 1024 * 1024
READ = "email.read"
MAIL_TYPE = "message/rfc822"


class Delivery(msgspec.Struct):
    """A mail as it was handed over, with its envelope. A sender of "" is nobody, as reports have it."""

    sender: str
    recipients: list[str]
    remote_address: str | None
    content: bytes


class InboundKey(msgspec.Struct):
    """The payload of the job that reads a mail."""

    workspace_id: str
    id: str


async def workspace_of(held: Connection, address: str) -> str | None:
    """The workspace that gets mail at an address; None where nobody does."""
    address = address.strip().lower()
    if not address.isprintable():
        return None
    target = await read_reply_address(held, address) or await read_bounce_address(held, address)
    if target is not None:
        return target.workspace_id
    named = await workspace_named_in(held, address)
    return named or await queries.workspace_of_support_address.first(held, address)


async def receive(delivery: Delivery) -> None:
    """Keep a mail for each workspace that it is for. When this returns, it is committed."""
    async with transaction() as held:
        recipients: dict[str, list[str]] = {}
        for address in delivery.recipients:
            workspace_id = await workspace_of(held, address)
            if workspace_id is not None:
                recipients.setdefault(workspace_id, []).append(address.strip().lower())
        for workspace_id, addresses in recipients.items():
            await keep_mail(held, await operator_caller(workspace_id), addresses, delivery)


async def keep_mail(held: Connection, caller: Caller, recipients: list[str], delivery: Delivery) -> str:
    """Keep a mail for one workspace, and have it read; answers its id."""
    original = FileToKeep("message.eml", delivery.content, Content(MAIL_TYPE, None, None))
    await keep(held, caller, [original])
    await queries.insert_inbound.run(
        held,
        caller.workspace_id,
        original.id,
        storable(delivery.sender),
        recipients,
        delivery.remote_address,
        len(delivery.content),
        caller.now(),
    )
    await ask_to_read(held, caller.workspace_id, original.id)
    return original.id


async def ask_to_read(held: Connection, workspace_id: str, email_id: str) -> None:
    """Let a worker read a mail that is kept."""
    key = InboundKey(workspace_id, str(UUID(email_id)))
    await enqueue(held, [Work(READ, msgspec.json.encode(key))])
