"""The end of snoozes whose time has come: each conversation or ticket wakes once, whoever looks how often."""

from callbox.platform.clock import machine_time
from callbox.platform.database import connection, transaction
from callbox.support.conversations import queries, transitions
from callbox.support.conversations.changing import ConversationNotFound, hold, store
from callbox.support.conversations.rows import ConversationKey
from callbox.workspace.workspaces import operator_caller

# Of one workspace at a time; the rest is found at the next look.
BATCH_SIZE = 1000


async def that_end() -> list[ConversationKey]:
    """What is to wake now, by the clock of its workspace."""
    async with connection() as held:
        return await queries.snoozes_that_end.all(held, machine_time(), BATCH_SIZE)


async def wake(workspace_id: str, conversation_id: int) -> None:
    """Wake a conversation or ticket, unless that happened meanwhile, or it was snoozed until later."""
    caller = await operator_caller(workspace_id)
    async with transaction() as held:
        try:
            change = await hold(held, caller, conversation_id)
        except ConversationNotFound:
            return
        until = change.conversation.snoozed_until
        if change.conversation.state == "snoozed" and until is not None and until <= caller.now():
            transitions.wake(change, change.at)
            await store(held, caller, change)
