"""Tags on conversations: put there and taken off by admins, each told by a part."""

import msgspec

from callbox.people.tags import service as tags
from callbox.people.tags.queries import TagRow
from callbox.people.tags.schemas import AppliedTag, applied_tag
from callbox.platform.database import Connection, transaction
from callbox.platform.events import Event, Topic, record
from callbox.support.conversations import queries, transitions
from callbox.support.conversations.changing import ConversationNotFound, Held, acting_admin, hold, showing, store
from callbox.support.conversations.schemas import AppliedTag as ConversationTag
from callbox.support.conversations.schemas import (
    AppliedTags,
    ConversationWithParts,
    TagConversationRequest,
    UntagConversationRequest,
)
from callbox.support.conversations.transitions import Author
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId
from callbox.wire.errors import NotFound


class TaggedConversationNotFound(ConversationNotFound):
    """The same, in the words of tagging."""

    message = "Conversation not found"


class ConversationTagNotFound(NotFound):
    """The workspace has no such tag, or it is not on the conversation."""

    code = "tag_not_found"
    message = "Tag not found"


class _Tagged(ConversationWithParts):
    """What is told of a new tag."""

    tags_added: AppliedTags


async def tag_conversation(caller: Caller, conversation_id: WireId, request: TagConversationRequest) -> AppliedTag:
    """Put a tag on a conversation; again: it stays as it was applied first."""
    async with transaction() as held:
        tag = await tags.hold_tag(held, caller, request.id)
        change = await _hold(held, caller, conversation_id)
        author = await acting_admin(held, caller, request.admin_id)
        if tag is None:
            raise ConversationTagNotFound
        if await put_on(held, caller, change, author, tag):
            await _record(held, caller, await store(held, caller, change), tag)
        return applied_tag(await queries.conversation_tagging.one(held, caller.workspace_id, change.id, tag.id))


async def untag_conversation(
    caller: Caller, conversation_id: WireId, tag_id: WireId, request: UntagConversationRequest
) -> AppliedTag:
    """Take a tag off a conversation that has it."""
    async with transaction() as held:
        tag = await tags.hold_tag(held, caller, tag_id)
        change = await _hold(held, caller, conversation_id)
        author = await acting_admin(held, caller, request.admin_id)
        if tag is None:
            raise ConversationTagNotFound
        taken = await take_off(held, caller, change, author, tag)
        await store(held, caller, change)
        return taken


async def _hold(held: Connection, caller: Caller, conversation_id: WireId) -> Held:
    try:
        return await hold(held, caller, conversation_id)
    except ConversationNotFound:
        raise TaggedConversationNotFound from None


async def put_on(held: Connection, caller: Caller, change: Held, author: Author, tag: TagRow) -> bool:
    """Put a tag, which is held, on what is changed; answers whether it was not there before."""
    put = await queries.put_tag.first(held, caller.workspace_id, change.id, tag.id, change.at, author.admin_id)
    if put is not None:
        transitions.tell(change, "conversation_tags_updated", author, change.at)
    return put is not None


async def take_off(held: Connection, caller: Caller, change: Held, author: Author, tag: TagRow) -> AppliedTag:
    """Take a tag off what is changed. Raises ConversationTagNotFound where it has none of that kind."""
    tagging = await queries.conversation_tagging.first(held, caller.workspace_id, change.id, tag.id)
    if tagging is None:
        raise ConversationTagNotFound
    await queries.take_tag.run(held, caller.workspace_id, change.id, tag.id)
    transitions.tell(change, "conversation_tags_updated", author, change.at)
    return applied_tag(tagging)


async def _record(held: Connection, caller: Caller, conversation: ConversationWithParts, tag: TagRow) -> None:
    added: list[ConversationTag] = [each for each in conversation.tags.tags if each.id == str(tag.id)]
    told = showing(conversation, conversation.conversation_parts.conversation_parts[-1:])
    item = _Tagged(**msgspec.structs.asdict(told), tags_added=AppliedTags("tag.list", added))
    event = Event(Topic.CONVERSATION_PART_TAG_CREATED, conversation.id, msgspec.json.encode(item).decode())
    await record(held, caller.workspace_id, event, caller.now())
