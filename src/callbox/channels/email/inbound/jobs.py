"""The work that mail brings: each one is read once it is kept.

Only the worker imports this module.
"""

import msgspec

from callbox.channels.email.inbound import service
from callbox.channels.email.inbound.receiving import READ, InboundKey
from callbox.platform.jobs import Job


async def _read(payload: bytes) -> None:
    key = msgspec.json.decode(payload, type=InboundKey)
    await service.read(key.workspace_id, key.id)


JOBS = [Job(READ, _read, timeout_seconds=120)]
