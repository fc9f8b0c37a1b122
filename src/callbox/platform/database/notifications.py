"""Telling all processes on this database of something, through LISTEN and NOTIFY.

A NOTIFY takes a lock of the whole cluster when it commits, so none is part of a change's transaction: each process
sends what it has to tell together, in a transaction of its own, a few times a tenth of a second at most. What is
told may be lost with the process; whoever must not miss a thing looks for itself now and then.
"""

import asyncio

import structlog

from callbox.platform.database.pool import CONNECTION_FAULTS, DatabaseUnavailable, connection, run_beside
from callbox.platform.database.statements import GlobalCommand

CHANNEL = "callbox"
INTERVAL_SECONDS = 0.02
_MOST_AT_ONCE = 1_000

_log = structlog.get_logger("callbox.notifications")

# Losing a notification is better than to wait for the disk with it.
send_notifications = GlobalCommand(
    "send_notifications",
    """
    SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, n.payload)
    FROM unnest($2::text[]) AS n (payload)
    """,
)

# In the order of their first mention, each once.
_waiting: dict[str, None] = {}
_is_sending = False


def notify(payload: str) -> None:
    """Tell all processes, this one too, a moment later: less than 8000 bytes. In a flood, what is new is dropped."""
    global _is_sending  # noqa: PLW0603  # one sender a process
    if len(_waiting) < _MOST_AT_ONCE:
        _waiting[payload] = None
    if not _is_sending:
        _is_sending = True
        run_beside(_send_all())


async def _send_all() -> None:
    global _is_sending  # noqa: PLW0603
    try:
        while _waiting:
            payloads = [*_waiting]
            _waiting.clear()
            async with connection() as held:
                await send_notifications.run(held, CHANNEL, payloads)
            await asyncio.sleep(INTERVAL_SECONDS)
    except (DatabaseUnavailable, *CONNECTION_FAULTS) as error:
        _log.warning("notifications_lost", reason=repr(error))
    finally:
        _is_sending = False
