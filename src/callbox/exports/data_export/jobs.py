"""The work of exports: writing them, and deleting what has expired.

Only the worker imports this module.
"""

import msgspec

from callbox.exports.data_export import service
from callbox.exports.data_export.queries import ExportKey
from callbox.exports.data_export.service import WRITE
from callbox.exports.data_export.writing import MAX_ATTEMPTS, write_export
from callbox.platform.jobs import Job, Schedule

# Of one attempt: ten million messages take minutes.
_WRITE_SECONDS = 6 * 60 * 60


async def _write(payload: bytes) -> None:
    await write_export(msgspec.json.decode(payload, type=ExportKey))


# One attempt of the queue more than an export has: the last finds that there are no more, and says so.
JOBS = [Job(WRITE, _write, max_attempts=MAX_ATTEMPTS + 1, timeout_seconds=_WRITE_SECONDS)]
SCHEDULES = [Schedule("data_export.expire", "* * * * *", service.expire)]
