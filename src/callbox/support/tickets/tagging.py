"""Tags on tickets: those of the conversation behind them."""

from callbox.people.tags import service as tags
from callbox.people.tags.schemas import AppliedTag, applied_tag
from callbox.platform.database import transaction
from callbox.support.conversations import queries as conversation_queries
from callbox.support.conversations.changing import acting_admin
from callbox.support.conversations.schemas import TagConversationRequest, UntagConversationRequest
from callbox.support.conversations.tagging import ConversationTagNotFound, put_on, take_off
from callbox.support.tickets.changing import hold_ticket, store_ticket
from callbox.wire.authentication import Caller
from callbox.wire.decode import WireId


async def tag_ticket(caller: Caller, ticket_id: WireId, request: TagConversationRequest) -> AppliedTag:
    """Put a tag on a ticket; again: it stays as it was applied first."""
    async with transaction() as held:
        tag = await tags.hold_tag(held, caller, request.id)
        change = await hold_ticket(held, caller, ticket_id)
        author = await acting_admin(held, caller, request.admin_id)
        if tag is None:
            raise ConversationTagNotFound
        if await put_on(held, caller, change, author, tag):
            await store_ticket(held, caller, change)
        return applied_tag(
            await conversation_queries.conversation_tagging.one(held, caller.workspace_id, change.id, tag.id)
        )


async def untag_ticket(
    caller: Caller, ticket_id: WireId, tag_id: WireId, request: UntagConversationRequest
) -> AppliedTag:
    """Take a tag off a ticket that has it."""
    async with transaction() as held:
        tag = await tags.hold_tag(held, caller, tag_id)
        change = await hold_ticket(held, caller, ticket_id)
        author = await acting_admin(held, caller, request.admin_id)
        if tag is None:
            raise ConversationTagNotFound
        taken = await take_off(held, caller, change, author, tag)
        await store_ticket(held, caller, change)
        return taken
