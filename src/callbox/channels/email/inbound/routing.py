"""Where a mail belongs: which conversation it begins or continues, and as whom its writer speaks there.

Anybody can write any address into From. So a mail speaks for a contact, as all mail does, but for an admin only
where it comes by an address that was made for that admin, or is signed by the admin's own domain. Whoever answers
in a conversation without taking part in it is taken in as somebody new, never for the one who was asked.
"""

import asyncio
from contextlib import suppress
from typing import Literal

import msgspec

from callbox.channels.email.addresses import ReplyTarget, read_reply_address
from callbox.channels.email.inbound import queries
from callbox.channels.email.inbound.bodies import Body, Forwarded, forwarded_in
from callbox.channels.email.inbound.headers import Mailbox
from callbox.channels.email.inbound.parsing import ParsedMail, Unreadable
from callbox.channels.email.inbound.queries import InboundRow
from callbox.channels.email.inbound.receiving import workspace_of
from callbox.channels.email.inbound.recognising import Kind, is_spam, kind_of
from callbox.channels.email.inbound.reports import take_report
from callbox.channels.email.inbound.signatures import is_signed_by_domain
from callbox.channels.email.threading import find_thread, remember_received
from callbox.people.contacts import service as contacts
from callbox.people.contacts.schemas import Contact
from callbox.platform.database import Connection
from callbox.support.attachments.service import keep
from callbox.support.conversations import queries as conversation_queries
from callbox.support.conversations import transitions
from callbox.support.conversations.beginning import FirstMessage, begin
from callbox.support.conversations.changing import acting_admin, hold, store, time_of_action
from callbox.support.conversations.participants import join
from callbox.support.conversations.replies import admin_says, contact_says
from callbox.support.conversations.schemas import ConversationWithParts
from callbox.support.conversations.transitions import BOT, Author
from callbox.support.messages.service import conversation_of
from callbox.wire.authentication import Caller
from callbox.wire.errors import ParameterInvalid
from callbox.wire.html import paragraphs

_LONGEST_NAME = 255
# Of those who are in Cc, lest one mail make contacts of a whole address book.
_MOST_OTHERS = 20


class Understood(msgspec.Struct, kw_only=True):
    """A mail as it was read."""

    original: bytes
    mail: ParsedMail
    body: Body
    # What is the same when the mail arrives again.
    identity: str


class Arrival(Understood, kw_only=True):
    """A mail on its way to its place, with what the listener knew of it."""

    caller: Caller
    row: InboundRow


class Outcome(msgspec.Struct):
    """What became of a mail, and where. Without a part, it began the conversation."""

    state: Literal["done", "ignored"]
    reason: str | None = None
    conversation_id: int | None = None
    part_id: int | None = None


async def route(held: Connection, arrival: Arrival) -> Outcome:
    """Take a mail to its place. Raises Unreadable where it says too little, and what services raise."""
    kind = kind_of(arrival.mail, arrival.row.sender)
    await queries.lock_identity.one(held, arrival.caller.workspace_id, arrival.identity)
    if await queries.came_before.one(held, arrival.caller.workspace_id, arrival.identity, arrival.row.id):
        return Outcome("ignored", "duplicate")
    if kind == "report":
        is_ours = await take_report(held, arrival.caller, arrival.row.recipients, arrival.mail)
        return Outcome("done" if is_ours else "ignored", "delivery report")
    writer = await _writer(held, arrival)
    if writer is None or await _is_one_of_ours(held, arrival):
        return Outcome("ignored", "loop")
    target = await _target(held, arrival)
    if not arrival.row.is_wanted and (why := _why_unwanted(arrival.mail, kind, target)):
        return Outcome("ignored", why)
    return await (_begin(held, arrival, writer) if target is None else _continue(held, arrival, writer, target))


def _why_unwanted(mail: ParsedMail, kind: Kind, target: ReplyTarget | None) -> str | None:
    """News of a program may begin a conversation; what programs answer has no place in one."""
    if is_spam(mail):
        return "spam"
    return "automatic" if kind == "answer" or (kind == "notice" and target is not None) else None


async def _writer(held: Connection, arrival: Arrival) -> Mailbox | None:
    """Who writes; of a mail in the workspace's own name, whom it says to answer to. None: nobody but ourselves."""
    sender = arrival.mail.sender
    if sender is None:
        raise Unreadable("it does not say whom it is from")
    if not await _is_own(held, arrival.caller, sender.address):
        return sender
    for mailbox in arrival.mail.reply_to:
        if not await _is_own(held, arrival.caller, mailbox.address):
            return mailbox
    return None


async def _is_own(held: Connection, caller: Caller, address: str) -> bool:
    return await workspace_of(held, address) == caller.workspace_id


async def _is_one_of_ours(held: Connection, arrival: Arrival) -> bool:
    """Whether it is a mail that we sent ourselves."""
    if arrival.mail.message_id is None:
        return False
    entry = await find_thread(held, arrival.caller.workspace_id, [arrival.mail.message_id])
    return entry is not None and entry.email_id is not None


async def _target(held: Connection, arrival: Arrival) -> ReplyTarget | None:
    """What the mail answers: by the address that it came to, else by the mails that it refers to."""
    workspace_id = arrival.caller.workspace_id
    for address in arrival.row.recipients:
        target = await read_reply_address(held, address)
        if target is not None and target.workspace_id == workspace_id:
            return target
    entry = await find_thread(held, workspace_id, arrival.mail.answers)
    if entry is None:
        return None
    message_id = entry.source_id if entry.conversation_id is None else None
    return ReplyTarget(workspace_id=workspace_id, conversation_id=entry.conversation_id, message_id=message_id)


async def _begin(held: Connection, arrival: Arrival, writer: Mailbox) -> Outcome:
    """A mail that answers nothing begins a conversation: with its writer, or with whom an admin passed on."""
    caller, mail = arrival.caller, arrival.mail
    forwarded = await _forwarded_by_admin(held, arrival, writer)
    person = writer if forwarded is None else forwarded.sender
    contact = await contacts.contact_with_email(held, caller, person.address, person.name[:_LONGEST_NAME] or None)
    message = FirstMessage(
        author=Author(contact.role, contact_id=contact.id),
        body=arrival.body.html if forwarded is None else forwarded.html,
        at=time_of_action(caller, None),
        source_type="email",
        delivered_as="customer_initiated",
        subject=mail.subject if forwarded is None else forwarded.subject,
        attachments=await _kept(held, arrival),
    )
    await contacts.note_reply(held, caller, contact.id, message.at)
    # To whom else an admin's colleague's mail went says nothing of whom the conversation is with.
    others = [] if forwarded else [each.id for each in await _others(held, arrival, writer)]
    begun = await begin(held, caller, message, list(dict.fromkeys([contact.id, *others])))
    if forwarded is not None:
        await _tell_who_forwarded(held, caller, begun.conversation_id, writer, forwarded)
    await _remember(held, arrival, begun.conversation_id, contact.id)
    return Outcome("done", None, begun.conversation_id)


async def _forwarded_by_admin(held: Connection, arrival: Arrival, writer: Mailbox) -> Forwarded | None:
    if await queries.admin_by_email.first(held, arrival.caller.workspace_id, writer.address) is None:
        return None
    forwarded = await asyncio.to_thread(forwarded_in, arrival.mail, arrival.body.html)
    if forwarded is None or await _is_own(held, arrival.caller, forwarded.sender.address):
        return None
    return forwarded


async def _tell_who_forwarded(
    held: Connection, caller: Caller, conversation_id: int, writer: Mailbox, forwarded: Forwarded
) -> None:
    """A note says it. Nobody has proved to be that admin, so it is not the admin's."""
    change = await hold(held, caller, conversation_id)
    said = f"{paragraphs(f'Forwarded by {writer.address}')}{forwarded.comment}"
    transitions.admin_notes(change, BOT, said, change.at)
    await store(held, caller, change)


async def _continue(held: Connection, arrival: Arrival, writer: Mailbox, target: ReplyTarget) -> Outcome:
    """A mail that answers something is said where that was said."""
    caller = arrival.caller
    conversation_id = target.conversation_id or await conversation_of(held, caller, target.message_id or 0)
    # Before any address is looked up: who answer all at once, to all, wait here and not for one another.
    await hold(held, caller, conversation_id)
    attachments = await _kept(held, arrival)
    admin_id, known = await _proven_admin(held, arrival, writer, target), None
    if admin_id is not None:
        change = await hold(held, caller, conversation_id)
        author = await acting_admin(held, caller, admin_id)
        await admin_says(held, caller, change, author, arrival.body.html, attachments)
        participants = await conversation_queries.participant_ids.all(held, caller.workspace_id, conversation_id)
        contact_id = participants[0]
    else:
        known = await queries.participant_by_email.first(held, caller.workspace_id, conversation_id, writer.address)
        contact = (
            await _newcomer(held, arrival, conversation_id, writer)
            if known is None
            else await contacts.contact_in(held, caller, known)
        )
        change = await hold(held, caller, conversation_id)
        author, contact_id = Author(contact.role, contact_id=contact.id), contact.id
        await contact_says(held, caller, change, author, arrival.body.html, attachments)
    told = await store(held, caller, change)
    if admin_id is not None or known is not None:
        for other in await _others(held, arrival, writer):
            await join(held, caller, await hold(held, caller, conversation_id), author, other)
    await _remember(held, arrival, conversation_id, contact_id)
    return Outcome("done", None, conversation_id, _newest_part_of(author, told))


def _newest_part_of(author: Author, told: ConversationWithParts) -> int:
    """What the author has said just now."""
    author_id = author.contact_id or str(author.admin_id)
    return max(int(part.id) for part in told.conversation_parts.conversation_parts if part.author.id == author_id)


async def _others(held: Connection, arrival: Arrival, writer: Mailbox) -> list[Contact]:
    """The people to whom the mail went as well (To and Cc): they take part, as they do among mail programs."""
    found = []
    for mailbox in arrival.mail.recipients[:_MOST_OTHERS]:
        if mailbox.address == writer.address or await _is_team(held, arrival.caller, mailbox.address):
            continue
        name = mailbox.name[:_LONGEST_NAME] or None
        with suppress(ParameterInvalid):  # nobody can be written to at what is no address
            found.append(await contacts.contact_with_email(held, arrival.caller, mailbox.address, name))
    return found


async def _is_team(held: Connection, caller: Caller, address: str) -> bool:
    if await _is_own(held, caller, address):
        return True
    return await queries.admin_by_email.first(held, caller.workspace_id, address) is not None


async def _proven_admin(held: Connection, arrival: Arrival, writer: Mailbox, target: ReplyTarget) -> int | None:
    """The admin who writes, where it is sure to be that admin."""
    admin_id = await queries.admin_by_email.first(held, arrival.caller.workspace_id, writer.address)
    if admin_id is None or admin_id == target.admin_id:
        return admin_id
    is_signed = await asyncio.to_thread(is_signed_by_domain, arrival.original, writer.address)
    return admin_id if is_signed and writer == arrival.mail.sender else None


async def _newcomer(held: Connection, arrival: Arrival, conversation_id: int, writer: Mailbox) -> Contact:
    """Somebody who writes without taking part does so from now on, as the conversation tells."""
    caller = arrival.caller
    contact = await contacts.contact_with_email(held, caller, writer.address, writer.name[:_LONGEST_NAME] or None)
    change = await hold(held, caller, conversation_id)
    await join(held, caller, change, Author(contact.role, contact_id=contact.id), contact)
    return contact


async def _kept(held: Connection, arrival: Arrival) -> str | None:
    """Keep the mail's files; answers the ids of those beside the text, as conversations store them."""
    body = arrival.body
    await keep(held, arrival.caller, [*body.pictures, *body.attached])
    return msgspec.json.encode([file.id for file in body.attached]).decode() if body.attached else None


async def _remember(held: Connection, arrival: Arrival, conversation_id: int, contact_id: str) -> None:
    if arrival.mail.message_id is not None:
        now = arrival.caller.now()
        workspace_id = arrival.caller.workspace_id
        await remember_received(held, workspace_id, arrival.mail.message_id, conversation_id, contact_id, now)
