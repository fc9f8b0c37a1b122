"""The work that time brings: snoozed conversations and tickets wake.

Only the worker imports this module.
"""

import msgspec

from callbox.platform.database import connection
from callbox.platform.jobs import Job, Schedule, enqueue, work_once
from callbox.support.conversations import snoozes
from callbox.support.conversations.rows import ConversationKey


async def _find_snoozes_that_end() -> None:
    work = [work_once(WAKE.name, due) for due in await snoozes.that_end()]
    async with connection() as held:
        await enqueue(held, work)


async def _wake(payload: bytes) -> None:
    due = msgspec.json.decode(payload, type=ConversationKey)
    await snoozes.wake(due.workspace_id, due.id)


WAKE = Job("conversations.wake", _wake)

JOBS = [WAKE]
SCHEDULES = [Schedule("conversations.find_snoozes_that_end", "* * * * * */5", _find_snoozes_that_end)]
