"""What time it is: the machine's time, or the time that a test workspace has set for itself.

Nobody else asks the machine for the time of a rule, and SQL never calls now() for one. So snoozes,
retention and expiry are tested by moving a workspace's clock.
"""

from datetime import UTC, datetime, timedelta
from math import ceil
from time import time


def machine_time() -> datetime:
    """The real time, for what belongs to no workspace."""
    return datetime.now(UTC)


def machine_seconds() -> int:
    """The real time in Unix seconds, for windows that all workspaces share."""
    return int(time())


def time_at(offset_seconds: int) -> datetime:
    """The time of a workspace whose clock runs this many seconds ahead of the machine's."""
    now = datetime.now(UTC)
    return now + timedelta(seconds=offset_seconds) if offset_seconds else now


def offset_to(moment: datetime) -> int:
    """The offset, in seconds, that makes a workspace's clock show this moment, and no earlier one, from now on."""
    return ceil((moment - datetime.now(UTC)).total_seconds())


def unix(moment: datetime) -> int:
    """Unix seconds, the wire's form of a time."""
    return int(moment.timestamp())


def unix_or_none(moment: datetime | None) -> int | None:
    """Unix seconds of a time that may be missing."""
    return None if moment is None else int(moment.timestamp())


def iso_milliseconds(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z, the form of event summaries."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
