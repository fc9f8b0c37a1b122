"""A conversation's service level: what was agreed, by when it is due, and whether it was kept.

Pure, and counted part by part like the statistics. A target is hit or missed when a teammate next answers or
closes, never at the moment when it expires.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from callbox.support.conversations import office_hours, statistics
from callbox.support.conversations.office_hours import OpenHours

if TYPE_CHECKING:
    from callbox.support.conversations.transitions import NewPart

_YEAR = 365 * 24 * 3600

Target = Annotated[int, Meta(ge=60, le=_YEAR)]
SlaStatus = Literal["active", "hit", "missed"]


class Terms(msgspec.Struct, frozen=True):
    """Targets in seconds of office hours; without office hours the clock always runs."""

    first_reply: Target | None = None
    next_reply: Target | None = None
    close: Target | None = None
    office_hours: Annotated[list[OpenHours], Meta(max_length=50)] = []
    timezone: str = "UTC"

    def due(self, start: datetime, target: int | None) -> datetime | None:
        """When a target is due that begins now."""
        return None if target is None else office_hours.after(start, target, self.office_hours, self.timezone)


class ServiceLevel(statistics.Statistics, kw_only=True):
    """What a conversation knows of the service level that it is under. A name without a status: it was taken off."""

    waiting_since: datetime | None = None
    sla_name: str | None = None
    sla_status: SlaStatus | None = None
    sla_terms: str | None = None
    sla_reply_due_at: datetime | None = None
    sla_close_due_at: datetime | None = None


_terms = msgspec.json.Decoder(Terms)


def apply(level: ServiceLevel, name: str, terms: Terms, at: datetime) -> None:
    """Put under a service level, whose clocks begin now; one from before is over."""
    level.sla_name, level.sla_status = name, "active"
    level.sla_terms = msgspec.json.encode(terms).decode()
    level.sla_close_due_at = terms.due(at, terms.close)
    level.sla_reply_due_at = None if level.waiting_since is None else _reply_due(level, terms, at)


def take_off(level: ServiceLevel) -> None:
    """Free of the service level by hand: its name stays to be read, a status it has no more."""
    level.sla_status = level.sla_terms = level.sla_reply_due_at = level.sla_close_due_at = None


def count(level: ServiceLevel, part: "NewPart") -> bool:
    """Count one part, before it changes who waits; answers whether it was too late for a target."""
    if level.sla_terms is None:
        return False
    missed = False
    if part.author.is_contact and part.body is not None and level.waiting_since is None:
        level.sla_reply_due_at = _reply_due(level, _terms.decode(level.sla_terms), part.at)
    if statistics.is_admin_reply(part):
        missed = _meet(level, level.sla_reply_due_at, part.at)
        level.sla_reply_due_at = None
    if part.part_type == "close":
        missed = _meet(level, level.sla_close_due_at, part.at) or missed
        level.sla_reply_due_at = level.sla_close_due_at = None
    return missed


def _reply_due(level: ServiceLevel, terms: Terms, start: datetime) -> datetime | None:
    return terms.due(start, terms.first_reply if level.first_admin_reply_at is None else terms.next_reply)


def _meet(level: ServiceLevel, due_at: datetime | None, at: datetime) -> bool:
    """Whether a target is missed now. What was missed once stays missed."""
    if due_at is None:
        return False
    if at > due_at:
        level.sla_status = "missed"
        return True
    if level.sla_status == "active":
        level.sla_status = "hit"
    return False
