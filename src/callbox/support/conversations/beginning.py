"""How a conversation begins: with its first message, whoever sent it by whichever channel."""

from datetime import datetime
from typing import Literal

import msgspec

from callbox.people.contacts.storing import count_shard
from callbox.platform.database import Connection
from callbox.platform.events import Event, Topic, announce, record
from callbox.support.conversations import queries, statistics, transitions
from callbox.support.conversations.changing import ConversationBegun, Held, store
from callbox.support.conversations.showing import conversation_with_parts
from callbox.support.conversations.transitions import Author
from callbox.wire.authentication import Caller
from callbox.wire.search import stored_words


class FirstMessage(msgspec.Struct, kw_only=True):
    """The message that begins a conversation. The body is HTML that was made safe."""

    author: Author
    body: str
    at: datetime
    source_type: str = "conversation"
    delivered_as: Literal["customer_initiated", "admin_initiated", "automated", "operator_initiated"]
    subject: str = ""
    url: str | None = None
    attachments: str | None = None
    # The admin who has the conversation from the start, without a part that tells of it.
    admin_assignee_id: int | None = None
    # Of a message that was sent before; a new one gets its id with the conversation.
    id: int | None = None


class Begun(msgspec.Struct):
    """A new conversation, and its first message."""

    conversation_id: int
    message_id: int


async def begin(held: Connection, caller: Caller, message: FirstMessage, contact_ids: list[str]) -> Begun:
    """Make an open conversation of a first message. Rules may assign it at once."""
    conversation_id, message_id = await queries.next_ids.one(held, caller.workspace_id)
    if message.id is None:
        message.id = message_id
    change = await _insert(held, caller, conversation_id, message, contact_ids)
    topic = Topic.CONVERSATION_USER_CREATED if message.author.is_contact else Topic.CONVERSATION_ADMIN_SINGLE_CREATED
    await _tell(held, caller, topic, change)
    await announce(held, caller.workspace_id, ConversationBegun(caller, change))
    if change.parts:
        await store(held, caller, change)
    return Begun(conversation_id, message.id)


async def _insert(
    held: Connection, caller: Caller, conversation_id: int, message: FirstMessage, contact_ids: list[str]
) -> Held:
    by_contact = message.author.is_contact
    state = transitions.Conversation(
        state="open",
        updated_at=message.at,
        waiting_since=message.at if by_contact else None,
        is_read=by_contact,
        admin_assignee_id=message.admin_assignee_id,
        teammate_ids=[] if message.author.admin_id is None else [message.author.admin_id],
    )
    if by_contact:
        statistics.count_contact_message(state, message.at)
    await queries.insert_conversation.run(
        held,
        caller.workspace_id,
        conversation_id,
        message.at,
        *msgspec.structs.astuple(state),
        None,
        message.source_type,
        message.id,
        message.delivered_as,
        message.subject,
        message.body,
        message.url,
        message.author.type,
        message.author.admin_id,
        message.author.contact_id,
        message.attachments,
        message.url if by_contact else None,
        contact_ids,
        count_shard(held),
        stored_words(message.body),
    )
    return Held(conversation=state, id=conversation_id, at=message.at)


async def _tell(held: Connection, caller: Caller, topic: Topic, change: Held) -> None:
    row = await queries.conversation_by_id.one(held, caller.workspace_id, change.id)
    item = msgspec.json.encode(conversation_with_parts(caller, row)).decode()
    await record(held, caller.workspace_id, Event(topic, str(change.id), item), caller.now())
