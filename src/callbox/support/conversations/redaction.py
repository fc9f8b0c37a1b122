"""Taking back what was said: the text and its files go, that something was said stays."""

import msgspec

from callbox.platform.database import Connection, transaction
from callbox.platform.events import Event, Topic, announce, record
from callbox.support.attachments.service import detach
from callbox.support.conversations import queries
from callbox.support.conversations.changing import ConversationNotFound, Held, hold, showing, store
from callbox.support.conversations.rows import Redactable
from callbox.support.conversations.schemas import ConversationWithParts, RedactRequest
from callbox.support.conversations.transitions import CONTACT_ROLES
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId, decimal_id
from callbox.wire.errors import NotFound, ParameterNotFound, WireError
from callbox.wire.search import stored_words

REDACTED_BODY = "<p><i>This message was deleted</i></p>"


class PartOrMessageNotFound(NotFound):
    """The workspace has no such conversation, or the conversation no such part or source."""

    code = "conversation_part_or_message_not_found"
    message = "Conversation part or message not found"


class PartNotRedactable(WireError):
    """It has no text, it is redacted already, or an admin's message began the conversation."""

    code = "conversation_part_not_redactable"
    message = "Part can't be redacted"


class RedactionTypeMismatch(WireError):
    """Neither of the two things that can be redacted."""

    code = "type_mismatch"
    message = "The type attribute provided should be either 'conversation_part' or 'source'"


class Redacted(msgspec.Struct, frozen=True):
    """Announced when a part was redacted, or, without one, the message that began the conversation."""

    caller: Caller
    conversation_id: int
    part_id: int | None


async def redact(caller: Caller, request: RedactRequest) -> ConversationWithParts:
    """Redact a part, or the message that began a conversation."""
    match request.type:
        case "conversation_part":
            return await _redact_part(caller, request)
        case "source":
            return await _redact_source(caller, request)
        case _:
            raise RedactionTypeMismatch


async def _redact_part(caller: Caller, request: RedactRequest) -> ConversationWithParts:
    part_id = decimal_id(_required(request.conversation_part_id, "conversation_part_id"))
    async with transaction() as held:
        change = await _hold(held, caller, request)
        part = _checked(await queries.part_to_redact.first(held, caller.workspace_id, change.id, part_id))
        await detach(held, caller, part.attachments)
        await queries.redact_part.run(held, caller.workspace_id, change.id, part_id, REDACTED_BODY, change.at)
        return await _store(held, caller, change, part_id)


async def _redact_source(caller: Caller, request: RedactRequest) -> ConversationWithParts:
    source_id = decimal_id(_required(request.source_id, "source_id"))
    async with transaction() as held:
        change = await _hold(held, caller, request)
        source = _checked(await queries.source_to_redact.first(held, caller.workspace_id, change.id, source_id))
        if source.author_type not in CONTACT_ROLES:
            raise PartNotRedactable
        await detach(held, caller, source.attachments)
        words = stored_words(REDACTED_BODY)
        await queries.redact_source.run(held, caller.workspace_id, change.id, REDACTED_BODY, words)
        return await _store(held, caller, change, None)


def _checked(found: Redactable | None) -> Redactable:
    if found is None:
        raise PartOrMessageNotFound
    if found.is_redacted or not found.has_body:
        raise PartNotRedactable
    return found


def _required(value: WireId | None, name: str) -> WireId:
    if value is None:
        raise ParameterNotFound(f"{name} is a required parameter")
    return value


async def _hold(held: Connection, caller: Caller, request: RedactRequest) -> Held:
    try:
        return await hold(held, caller, _required(request.conversation_id, "conversation_id"))
    except ConversationNotFound:
        raise PartOrMessageNotFound from None


async def _store(held: Connection, caller: Caller, change: Held, part_id: int | None) -> ConversationWithParts:
    """No part tells of a redaction; the event shows what was redacted, parts as such, the source where it stands."""
    await announce(held, caller.workspace_id, Redacted(caller, change.id, part_id))
    change.conversation.updated_at = max(change.conversation.updated_at, change.at)
    conversation = await store(held, caller, change)
    parts = [part for part in conversation.conversation_parts.conversation_parts if part.id == str(part_id)]
    item = msgspec.json.encode(showing(conversation, parts)).decode()
    event = Event(Topic.CONVERSATION_PART_REDACTED, conversation.id, item)
    await record(held, caller.workspace_id, event, change.at)
    return conversation
