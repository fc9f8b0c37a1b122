"""The workspace that is being filled: inside one transaction, with teammates who act at any time of the year."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec

from callbox.demo import firm
from callbox.platform import clock
from callbox.platform.database import Connection
from callbox.support.ticket_types.schemas import TicketType
from callbox.wire.authentication import Caller


class Actor(Caller, frozen=True, kw_only=True):
    """A caller for whom it is always the same moment, so that a story's times do not depend on how fast it is told."""

    moment: datetime

    def now(self) -> datetime:
        """That moment."""
        return self.moment


class Thread(msgspec.Struct):
    """A conversation or ticket, and who has it."""

    id: str
    is_ticket: bool = False
    admin_id: int | None = None
    team_id: int | None = None


class Stage(msgspec.Struct):
    """Who acts, and the ids of what there is by the names that the demo has for it."""

    held: Connection
    caller: Actor
    team: list[Actor] = []
    teams: dict[str, str] = {}
    contacts: dict[str, str] = {}
    companies: dict[str, str] = {}
    tags: dict[str, str] = {}
    subscription_types: dict[str, str] = {}
    visitors: dict[str, str] = {}
    ticket_types: dict[str, TicketType] = {}
    messages: dict[str, str] = {}
    threads: dict[str, Thread] = {}
    away: set[int] = set()

    @property
    def now(self) -> datetime:
        """When the story ends."""
        return self.caller.moment

    def at(self, ago: timedelta, by: int = firm.MAYA) -> Actor:
        """A teammate at that time; the workspace's own caller while there is no teammate yet."""
        acting = self.team[by] if self.team else self.caller
        return msgspec.structs.replace(acting, moment=self.now - ago)

    def place_of(self, admin_id: int | None) -> int | None:
        """Which teammate has this id."""
        return next((place for place, teammate in enumerate(self.team) if teammate.admin_id == admin_id), None)

    def midnight(self, ago: timedelta) -> int:
        """The day so long ago, as a custom attribute of type date keeps it."""
        day = (self.now - ago).date()
        return clock.unix(datetime.combine(day, time.min, UTC))

    def dated(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Custom attributes in which times, counted back from now, have become dates."""
        return {
            name: self.midnight(value) if isinstance(value, timedelta) else value for name, value in attributes.items()
        }


def on_stage(held: Connection, caller: Caller) -> Stage:
    """A stage on which the story ends now, at the full second to come: after everything that there is already."""
    moment = caller.now().replace(microsecond=0) + timedelta(seconds=1)
    return Stage(held, Actor(**msgspec.structs.asdict(caller), moment=moment))
