"""The workspace that is being filled: inside one transaction, with teammates who act at any time of the year."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec

from callbox.demo import firm
from callbox.platform import clock
from callbox.platform.database import Connection
from callbox.wire.authentication import Caller


class Stage(msgspec.Struct):
    """Who acts, and the ids of what there is by the names that the demo has for it."""

    held: Connection
    caller: Caller
    now: datetime
    team: list[Caller] = []
    contacts: dict[str, str] = {}
    companies: dict[str, str] = {}
    tags: dict[str, str] = {}
    subscription_types: dict[str, str] = {}
    visitors: dict[str, str] = {}

    def at(self, ago: timedelta, by: int = firm.MAYA) -> Caller:
        """A teammate at that time; the workspace's own caller while there is no teammate yet."""
        acting = self.team[by] if self.team else self.caller
        return msgspec.structs.replace(acting, clock_offset_seconds=clock.offset_to(self.now - ago))

    def midnight(self, ago: timedelta) -> int:
        """The day so long ago, as a custom attribute of type date keeps it."""
        day = (self.now - ago).date()
        return clock.unix(datetime.combine(day, time.min, UTC))

    def dated(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Custom attributes in which times, counted back from now, have become dates."""
        return {
            name: self.midnight(value) if isinstance(value, timedelta) else value for name, value in attributes.items()
        }
