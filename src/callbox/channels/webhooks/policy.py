"""When a notification is sent again, and when a receiver is left in peace.

The documented rules come first: five seconds for an answer, one repetition after a minute, 410 ends the subscription,
429 slows it down, many errors pause it, a week of errors suspends it. After the first repetition more follow,
ever later, so that nothing is lost while a receiver is down.
"""

from datetime import datetime, timedelta
from functools import cache

import msgspec

TIMEOUT_SECONDS = 5.0
_FIRST_DELAY = timedelta(minutes=1)
_LONGEST_DELAY = timedelta(hours=1)
_LONGEST_THROTTLE = timedelta(hours=2)
_ERRORS_BEFORE_PAUSE = 1000
_PAUSE = timedelta(minutes=15)
_FAILING_BEFORE_SUSPENSION = timedelta(days=7)


class Policy(msgspec.Struct, frozen=True):
    """What the operator decides: whether receivers may be in private networks, and how long to try."""

    private_receivers: bool = False
    retry_hours: int = 72

    def delay_after(self, failures: int) -> timedelta | None:
        """How long to wait after this many failures of one notification; None: it is given up."""
        delays = _delays(self.retry_hours)
        return delays[failures - 1] if failures <= len(delays) else None


_policy = Policy()


def set_policy(policy: Policy) -> None:
    """Told once at start."""
    global _policy  # noqa: PLW0603  # one policy a process
    _policy = policy


def policy() -> Policy:
    """The one of this process."""
    return _policy


@cache
def _delays(hours: int) -> list[timedelta]:
    """A minute, and twice as long each time up to an hour, for so many hours in all; the first one always."""
    delays = [_FIRST_DELAY]
    delay = 2 * _FIRST_DELAY
    left = timedelta(hours=hours) - _FIRST_DELAY
    while delay <= left:
        delays.append(delay)
        left -= delay
        delay = min(2 * delay, _LONGEST_DELAY)
    return delays


class Health(msgspec.Struct, frozen=True):
    """How a receiver has been doing. Success makes all of it forgotten."""

    failing_since: datetime | None = None
    errors_in_row: int = 0
    errors_since: datetime | None = None
    throttles_in_row: int = 0
    held_until: datetime | None = None
    suspended_because: str | None = None

    def after(self, status: int | None, now: datetime) -> "Health":
        """After one more answer, or None for an attempt that got none."""
        if is_success(status):
            return Health()
        failing = msgspec.structs.replace(self, failing_since=self.failing_since or now)
        if status == 410:
            return msgspec.structs.replace(failing, suspended_because="The receiver answered 410 Gone.")
        if now - (self.failing_since or now) > _FAILING_BEFORE_SUSPENSION:
            return msgspec.structs.replace(failing, suspended_because="Every attempt of the last 7 days failed.")
        return failing._throttled(now) if status == 429 else failing._counted(now)

    def _throttled(self, now: datetime) -> "Health":
        delay = min(_FIRST_DELAY * 2**self.throttles_in_row, _LONGEST_THROTTLE)
        # The exponent stops where the delay does.
        throttles = self.throttles_in_row + (delay < _LONGEST_THROTTLE)
        return msgspec.structs.replace(self, throttles_in_row=throttles, held_until=now + delay)

    def _counted(self, now: datetime) -> "Health":
        since = self.errors_since
        errors = self.errors_in_row + 1
        if since is None or now - since > _PAUSE:
            since, errors = now, 1
        if errors > _ERRORS_BEFORE_PAUSE:
            return msgspec.structs.replace(self, errors_in_row=0, errors_since=None, held_until=now + _PAUSE)
        return msgspec.structs.replace(self, errors_in_row=errors, errors_since=since)


def is_success(status: int | None) -> bool:
    """Whether the receiver took it. A redirect is none, for the signature is meant for this address."""
    return status is not None and 200 <= status < 300
