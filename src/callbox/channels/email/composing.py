"""From what happened to the mails that tell of it. Each is written down once, with all that sending needs.

A mail that may not be sent is written down as well, as dropped and with the reason.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from callbox.channels.email import composing_queries, queries, templates, threading_queries
from callbox.channels.email.addresses import ReplyTarget, reply_address
from callbox.channels.email.composing_queries import ConversationRow, PartRow, PersonRow, UnseenKey
from callbox.channels.email.queries import NewEmail
from callbox.channels.email.senders import Sender, sender_of
from callbox.channels.email.templates import Link, Written
from callbox.channels.email.unsubscribing import unsubscribe_url
from callbox.channels.realtime import presence
from callbox.platform import ids
from callbox.platform.database import Connection, transaction
from callbox.platform.jobs import Work, enqueue
from callbox.support.attachments.queries import AttachmentRow
from callbox.support.attachments.service import link
from callbox.support.conversations import queries as conversation_queries
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import operator_caller

DELIVER = "email.deliver"
QUIET = timedelta(minutes=2)
# Who was seen within this time reads in the messenger.
ONLINE = timedelta(minutes=2)
# What was said longer ago was brought from elsewhere, where it was delivered.
HISTORY = timedelta(days=1)
# Of a mail, since receivers refuse large ones; other files are linked.
MAX_ATTACHED_BYTES = 10 * 1024 * 1024
_LINK_SECONDS = 30 * 24 * 60 * 60
_MOST_REFERENCES = 20
_LONGEST_SUBJECT = 300


class EmailKey(msgspec.Struct):
    """The payload of the job that delivers a mail."""

    workspace_id: str
    id: int


class _Draft(msgspec.Struct, kw_only=True):
    """What differs from mail to mail."""

    kind: Literal["message", "reply", "ticket"]
    origin_id: int
    written: Written
    subject: str
    from_name: str
    conversation: ConversationRow | None = None
    part_ids: list[int] = []
    attachments: list[str] = []


async def is_online(held: Connection, workspace_id: str, person: PersonRow, now: datetime) -> bool:
    """Whether a contact reads in the messenger right now: is connected, or was seen a moment ago."""
    if person.last_seen_at is not None and person.last_seen_at > now - ONLINE:
        return True
    return await presence.is_online(held, workspace_id, person.id)


async def mail_message(workspace_id: str, message_id: int) -> None:
    """An admin sent a message by e-mail: it goes out at once."""
    caller = await operator_caller(workspace_id)
    async with transaction() as held:
        message = await composing_queries.message_to_mail.first(held, workspace_id, message_id)
        if message is None or message.created_at < caller.now() - HISTORY:
            return
        sender = await sender_of(held, workspace_id)
        person = await composing_queries.person.first(held, workspace_id, message.contact_id)
        if person is None:
            return
        if message.template == "personal":
            written = templates.personal(message.body, sender.signature)
        else:
            way_out = unsubscribe_url(sender.link_key, workspace_id, person.id)
            written = templates.plain(message.body, sender.name, sender.signature, way_out)
        draft = _Draft(
            kind="message",
            origin_id=message.id,
            written=written,
            subject=message.subject,
            from_name=_from_name(sender, [message.admin_name]),
        )
        if message.conversation_id is not None:
            draft.conversation = await composing_queries.conversation_to_mail.first(
                held, workspace_id, message.conversation_id
            )
        await _write(held, caller, sender, person, draft)


async def mail_reply(workspace_id: str, conversation_id: int, part_id: int) -> None:
    """A teammate replied: by mail at once where it is spoken by mail, else only if nobody reads it in time."""
    caller = await operator_caller(workspace_id)
    async with transaction() as held:
        conversation = await composing_queries.conversation_to_mail.first(held, workspace_id, conversation_id)
        if conversation is None or conversation.is_shared is False:
            return
        reply = await composing_queries.part_of_reply.first(held, workspace_id, conversation_id, part_id)
        if reply is None or reply.created_at < caller.now() - HISTORY:
            return
        if conversation.source_type in {"email", None}:
            for contact_id in await conversation_queries.participant_ids.all(held, workspace_id, conversation_id):
                await _mail_parts(held, caller, conversation, contact_id, [part_id], only_unanswered=False)
        else:
            await composing_queries.add_unseen_reply.run(
                held, workspace_id, conversation_id, part_id, caller.now() + QUIET
            )


async def mail_unseen_replies(key: UnseenKey) -> None:
    """The conversation was quiet: mail what its contact has not seen. Who is online is given more time."""
    caller = await operator_caller(key.workspace_id)
    now = caller.now()
    async with transaction() as held:
        conversation = await composing_queries.conversation_to_mail.first(held, key.workspace_id, key.conversation_id)
        part_ids = await composing_queries.take_unseen_replies.first(
            held, key.workspace_id, key.conversation_id, key.contact_id, now
        )
        if conversation is None or part_ids is None or conversation.is_read:
            return
        person = await composing_queries.person.first(held, key.workspace_id, key.contact_id)
        if person is not None and await is_online(held, key.workspace_id, person, now):
            await composing_queries.put_off_unseen_replies.run(
                held, key.workspace_id, key.conversation_id, key.contact_id, part_ids, now + QUIET
            )
        else:
            await _mail_parts(held, caller, conversation, key.contact_id, part_ids, only_unanswered=True)


async def mail_ticket(workspace_id: str, ticket_id: int) -> None:
    """A ticket was taken in: its contacts get its number at once, if they may see it."""
    caller = await operator_caller(workspace_id)
    async with transaction() as held:
        ticket = await composing_queries.conversation_to_mail.first(held, workspace_id, ticket_id)
        if ticket is None or not ticket.is_shared or ticket.ticket_number is None:
            return
        if ticket.ticket_since is None or ticket.ticket_since < caller.now() - HISTORY:
            return
        sender = await sender_of(held, workspace_id)
        written = templates.ticket_taken_in(sender.name, ticket.ticket_number, ticket.ticket_title or "")
        for contact_id in await conversation_queries.participant_ids.all(held, workspace_id, ticket_id):
            person = await composing_queries.person.first(held, workspace_id, contact_id)
            if person is not None:
                draft = _Draft(
                    kind="ticket",
                    origin_id=ticket_id,
                    written=written,
                    subject=_subject(sender, ticket),
                    from_name=sender.name,
                    conversation=ticket,
                )
                await _write(held, caller, sender, person, draft)


async def _mail_parts(
    held: Connection,
    caller: Caller,
    conversation: ConversationRow,
    contact_id: str,
    part_ids: list[int],
    *,
    only_unanswered: bool,
) -> None:
    parts = await composing_queries.parts_to_mail.all(
        held, caller.workspace_id, conversation.id, contact_id, part_ids, only_unanswered
    )
    person = await composing_queries.person.first(held, caller.workspace_id, contact_id)
    if not parts or person is None:
        return
    sender = await sender_of(held, caller.workspace_id)
    attached, linked = _files(caller, parts)
    draft = _Draft(
        kind="reply",
        origin_id=parts[0].id,
        written=templates.replies(parts, linked, sender.signature),
        subject=_subject(sender, conversation),
        from_name=_from_name(sender, [part.admin_name for part in parts]),
        conversation=conversation,
        part_ids=[part.id for part in parts],
        attachments=attached,
    )
    await _write(held, caller, sender, person, draft)


def _files(caller: Caller, parts: Sequence[PartRow]) -> tuple[list[str], list[Link]]:
    """Which files go along, by id, and links to the others: large ones, and those that are still to be fetched."""
    attached, linked, size = [], [], 0
    for file in (file for part in parts for file in part.attachments):
        if file.state == "stored" and size + file.filesize <= MAX_ATTACHED_BYTES:
            size += file.filesize
            attached.append(file.id)
        else:
            linked.append(Link(file.name, _url(caller, file)))
    return attached, linked


def _url(caller: Caller, file: AttachmentRow) -> str:
    if file.state != "stored" and file.source_url:
        return file.source_url
    return link(caller, file.id, file.name, _LINK_SECONDS)


def _from_name(sender: Sender, admin_names: Sequence[str]) -> str:
    """Who wrote, where it was one person."""
    return sender.name if len(set(admin_names)) > 1 else f"{admin_names[0]} from {sender.name}"


def _subject(sender: Sender, conversation: ConversationRow) -> str:
    """The same for all mails of a conversation, since mail programs look at it when they put mails together."""
    if conversation.ticket_number is not None:
        title = conversation.ticket_title or conversation.subject or f"Your request to {sender.name}"
        return f"[#{conversation.ticket_number}] {title}"
    subject = conversation.subject or f"Your conversation with {sender.name}"
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"


async def _write(held: Connection, caller: Caller, sender: Sender, person: PersonRow, draft: _Draft) -> None:
    """Write a mail down, and have it delivered unless it may not be. Once for each contact and cause."""
    conversation = draft.conversation
    conversation_id = None if conversation is None else conversation.id
    target = ReplyTarget(
        workspace_id=caller.workspace_id,
        conversation_id=conversation_id,
        message_id=draft.origin_id if conversation_id is None else None,
        contact_id=person.id,
    )
    reason = await why_dropped(held, caller.workspace_id, person, draft.kind, conversation_id)
    email = NewEmail(
        kind=draft.kind,
        origin_id=draft.origin_id,
        contact_id=person.id,
        conversation_id=conversation_id,
        part_ids=draft.part_ids,
        state="dropped" if reason else "queued",
        reason=reason,
        message_id=f"{ids.uuid()}@{sender.address.rpartition('@')[2]}",
        reference_ids=[] if conversation is None else await _references(held, caller, conversation, person),
        from_name=draft.from_name,
        from_address=sender.address,
        reply_to=reply_address(sender.link_key, sender.inbound_domain, target),
        to_name=person.name,
        to_address=person.email,
        subject=" ".join(draft.subject.split())[:_LONGEST_SUBJECT],
        html=draft.written.html,
        plain=draft.written.plain,
        attachments=msgspec.json.encode(draft.attachments).decode() if draft.attachments else None,
        created_at=caller.now(),
    )
    email_id = await queries.insert_email.first(held, caller.workspace_id, *msgspec.structs.astuple(email))
    if email_id is None or reason:
        return
    source_id = draft.origin_id if draft.kind == "message" else None
    await threading_queries.insert_message_id.run(
        held,
        caller.workspace_id,
        email.message_id,
        conversation_id,
        source_id,
        person.id,
        email_id,
        email.created_at,
    )
    await enqueue(held, [Work(DELIVER, msgspec.json.encode(EmailKey(caller.workspace_id, email_id)))])


async def why_dropped(
    held: Connection, workspace_id: str, person: PersonRow, kind: str, conversation_id: int | None
) -> str | None:
    """Why nothing is sent to a contact: they cannot be reached, or do not want to be. None: it is sent.

    Who unsubscribed wants no mail of ours, but the answers to their own mail they asked for.
    """
    if person.has_hard_bounced:
        return "user_bounced"
    if person.marked_email_as_spam or person.state != "live" or not person.email:
        return "user_not_contactable"
    if person.unsubscribed_from_emails:
        is_answer = kind != "message" and await composing_queries.wrote_by_mail.one(
            held, workspace_id, conversation_id, person.id
        )
        return None if is_answer else "user_not_contactable"
    return None


async def _references(held: Connection, caller: Caller, conversation: ConversationRow, person: PersonRow) -> list[str]:
    """The mails before this one, oldest first: the first, by which a thread is known, and the latest."""
    earlier = await threading_queries.earlier_message_ids.all(
        held, caller.workspace_id, conversation.id, person.id, conversation.source_id
    )
    return earlier if len(earlier) <= _MOST_REFERENCES else [earlier[0], *earlier[1 - _MOST_REFERENCES :]]
