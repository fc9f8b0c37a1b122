"""The work that time brings: scheduled news items go live.

Only the worker imports this module.
"""

import msgspec

from callbox.knowledge.news import service
from callbox.knowledge.news.queries import NewsItemKey
from callbox.platform.database import connection
from callbox.platform.jobs import Job, Schedule, enqueue, work_once


async def _find_items_to_publish() -> None:
    work = [work_once(PUBLISH.name, due) for due in await service.to_publish()]
    async with connection() as held:
        await enqueue(held, work)


async def _publish(payload: bytes) -> None:
    due = msgspec.json.decode(payload, type=NewsItemKey)
    await service.publish(due.workspace_id, due.id)


PUBLISH = Job("news.publish", _publish)

JOBS = [PUBLISH]
SCHEDULES = [Schedule("news.find_items_to_publish", "* * * * * */5", _find_items_to_publish)]
