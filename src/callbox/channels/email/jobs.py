"""The work of e-mail: what is said goes out as mail, and mails reach the mail server.

Only the worker imports this module.
"""

from collections.abc import Sequence

import msgspec

from callbox.channels.email import composing, composing_queries, sending
from callbox.channels.email.composing import EmailKey
from callbox.channels.email.composing_queries import UnseenKey
from callbox.platform.clock import machine_time
from callbox.platform.database import Connection, connection
from callbox.platform.events import Topic
from callbox.platform.jobs import Job, RelayedEvent, Schedule, Work, enqueue, work_once

_BATCH_SIZE = 1000


class Said(msgspec.Struct):
    """What is to be mailed: a part of a conversation, or a message or ticket alone."""

    workspace_id: str
    id: int
    part_id: int = 0


class _Part(msgspec.Struct):
    id: str


class _Parts(msgspec.Struct):
    conversation_parts: list[_Part]


class _Conversation(msgspec.Struct):
    conversation_parts: _Parts


class _TicketPart(msgspec.Struct):
    ticket_part: _Part


async def on_events(held: Connection, events: Sequence[RelayedEvent]) -> None:
    """Enqueue the mailing of each message, each reply and each new ticket."""
    work = []
    for event in events:
        job = _JOB_OF_TOPIC.get(event.topic)
        if job is not None:
            said = Said(event.workspace_id, int(event.item_id), _part_id(event))
            work.append(Work(job, msgspec.json.encode(said)))
    await enqueue(held, work)


def _part_id(event: RelayedEvent) -> int:
    """The part that an event of a reply tells of; it shows that one alone."""
    if event.topic == Topic.CONVERSATION_ADMIN_REPLIED:
        return int(_decode_conversation(event.item).conversation_parts.conversation_parts[0].id)
    if event.topic == Topic.TICKET_ADMIN_REPLIED:
        return int(_decode_ticket_part(event.item).ticket_part.id)
    return 0


_decode_conversation = msgspec.json.Decoder(_Conversation).decode
_decode_ticket_part = msgspec.json.Decoder(_TicketPart).decode


async def _mail_message(payload: bytes) -> None:
    said = msgspec.json.decode(payload, type=Said)
    await composing.mail_message(said.workspace_id, said.id)


async def _mail_reply(payload: bytes) -> None:
    said = msgspec.json.decode(payload, type=Said)
    await composing.mail_reply(said.workspace_id, said.id, said.part_id)


async def _mail_ticket(payload: bytes) -> None:
    said = msgspec.json.decode(payload, type=Said)
    await composing.mail_ticket(said.workspace_id, said.id)


async def _find_unseen_replies() -> None:
    async with connection() as held:
        due = await composing_queries.unseen_replies_due.all(held, machine_time(), _BATCH_SIZE)
        await enqueue(held, [work_once(MAIL_UNSEEN.name, key) for key in due])


async def _mail_unseen(payload: bytes) -> None:
    await composing.mail_unseen_replies(msgspec.json.decode(payload, type=UnseenKey))


async def _deliver(payload: bytes) -> None:
    await sending.deliver(msgspec.json.decode(payload, type=EmailKey))


MAIL_MESSAGE = Job("email.mail_message", _mail_message)
MAIL_REPLY = Job("email.mail_reply", _mail_reply)
MAIL_TICKET = Job("email.mail_ticket", _mail_ticket)
MAIL_UNSEEN = Job("email.mail_unseen", _mail_unseen)
DELIVER = Job(composing.DELIVER, _deliver, timeout_seconds=300)

_JOB_OF_TOPIC = {
    str(Topic.INTERNAL_MESSAGE_SENT): MAIL_MESSAGE.name,
    str(Topic.CONVERSATION_ADMIN_REPLIED): MAIL_REPLY.name,
    str(Topic.TICKET_ADMIN_REPLIED): MAIL_REPLY.name,
    str(Topic.TICKET_CREATED): MAIL_TICKET.name,
}

SUBSCRIBERS = [on_events]
JOBS = [MAIL_MESSAGE, MAIL_REPLY, MAIL_TICKET, MAIL_UNSEEN, DELIVER]
SCHEDULES = [Schedule("email.find_unseen_replies", "* * * * * */5", _find_unseen_replies)]
