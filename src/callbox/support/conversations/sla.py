"""A conversation's service level: what was agreed, by when it is due, and whether it was kept.

Pure, and counted part by part like the statistics. A target is hit or missed when a teammate next answers, closes
or resolves, never at the moment when it expires. Where so agreed, clocks stand still meanwhile.
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
    """Targets in seconds of office hours; without office hours the clock runs day and night.

    That of resolving is for tickets, and its clock begins with the ticket.
    """

    first_reply: Target | None = None
    next_reply: Target | None = None
    close: Target | None = None
    resolve: Target | None = None
    pause_when_snoozed: bool = False
    pause_when_waiting_on_customer: bool = False
    office_hours: Annotated[list[OpenHours], Meta(max_length=50)] = []
    timezone: str = "UTC"

    def due(self, start: datetime, target: int | None) -> datetime | None:
        """When a target is due that begins now."""
        return None if target is None else office_hours.after(start, target, self.office_hours, self.timezone)

    def moved(self, due_at: datetime | None, paused_at: datetime, at: datetime) -> datetime | None:
        """When a target is due whose clock stood still; one that had expired by then stays so."""
        if due_at is None or due_at <= paused_at:
            return due_at
        left = office_hours.between(paused_at, due_at, self.office_hours, self.timezone)
        return self.due(at, left)


class ServiceLevel(statistics.Statistics, kw_only=True):
    """What a conversation knows of the service level that it is under. A name without a status: it was taken off."""

    waiting_since: datetime | None = None
    sla_name: str | None = None
    sla_status: SlaStatus | None = None
    sla_terms: str | None = None
    sla_reply_due_at: datetime | None = None
    sla_close_due_at: datetime | None = None
    sla_resolve_due_at: datetime | None = None
    sla_paused_at: datetime | None = None


_terms = msgspec.json.Decoder(Terms)


def apply(level: ServiceLevel, name: str, terms: Terms, at: datetime) -> None:
    """Put under a service level, whose clocks begin now; one from before is over."""
    level.sla_name, level.sla_status = name, "active"
    level.sla_terms = msgspec.json.encode(terms).decode()
    level.sla_close_due_at = terms.due(at, terms.close)
    level.sla_resolve_due_at = level.sla_paused_at = None
    level.sla_reply_due_at = None if level.waiting_since is None else _reply_due(level, terms, at)


def take_off(level: ServiceLevel) -> None:
    """Free of the service level by hand: its name stays to be read, a status it has no more."""
    level.sla_status = level.sla_terms = level.sla_paused_at = None
    level.sla_reply_due_at = level.sla_close_due_at = level.sla_resolve_due_at = None


def pause_or_go_on(level: ServiceLevel, at: datetime, *, snoozed: bool, waiting_on_customer: bool) -> None:
    """Let the clocks stand still or go on, whatever was agreed for what the conversation is now."""
    if level.sla_terms is None:
        return
    terms = _terms.decode(level.sla_terms)
    pauses = (snoozed and terms.pause_when_snoozed) or (waiting_on_customer and terms.pause_when_waiting_on_customer)
    paused_at = level.sla_paused_at
    if pauses and paused_at is None:
        level.sla_paused_at = at
    if not pauses and paused_at is not None:
        level.sla_reply_due_at = terms.moved(level.sla_reply_due_at, paused_at, at)
        level.sla_close_due_at = terms.moved(level.sla_close_due_at, paused_at, at)
        level.sla_resolve_due_at = terms.moved(level.sla_resolve_due_at, paused_at, at)
        level.sla_paused_at = None


def count(level: ServiceLevel, part: "NewPart") -> bool:
    """Count one part, before it changes who waits; answers whether it was too late for a target."""
    if level.sla_terms is None:
        return False
    missed = False
    terms = _terms.decode(level.sla_terms)
    clock = level.sla_paused_at or part.at
    if part.author.is_contact and part.body is not None and level.waiting_since is None:
        level.sla_reply_due_at = _reply_due(level, terms, clock)
    if statistics.is_admin_reply(part):
        missed = _meet(level, level.sla_reply_due_at, clock)
        level.sla_reply_due_at = None
    if part.part_type == "close":
        missed = _meet(level, level.sla_close_due_at, clock) or missed
        level.sla_reply_due_at = level.sla_close_due_at = None
    if part.ticket_state == "submitted":
        level.sla_resolve_due_at = terms.due(clock, terms.resolve)
    if part.ticket_state == "resolved":
        missed = _meet(level, level.sla_resolve_due_at, clock) or missed
        level.sla_resolve_due_at = None
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
