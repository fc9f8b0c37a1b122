"""A conversation's statistics, counted part by part as parts are written, never by reading them again.

All of them speak of the time since the first message of a contact; before it there are none.
"""

from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from callbox.support.conversations.transitions import NewPart


class Statistics(msgspec.Struct, kw_only=True):
    """The counters. Times are when something happened, `time_to_…` are seconds since the first contact message."""

    first_contact_reply_at: datetime | None = None
    first_assignment_at: datetime | None = None
    last_assignment_at: datetime | None = None
    time_to_assignment: int | None = None
    first_admin_reply_at: datetime | None = None
    time_to_admin_reply: int | None = None
    first_close_at: datetime | None = None
    time_to_first_close: int | None = None
    last_close_at: datetime | None = None
    time_to_last_close: int | None = None
    last_closed_by_id: int | None = None
    last_assignment_admin_reply_at: datetime | None = None
    last_contact_reply_at: datetime | None = None
    last_admin_reply_at: datetime | None = None
    reply_times: list[int] = []
    median_time_to_reply: int | None = None
    count_reopens: int = 0
    count_assignments: int = 0
    part_count: int = 0


def count(statistics: Statistics, part: "NewPart", waiting_since: datetime | None) -> None:
    """Count one part. `waiting_since` is when the message that it may answer was written."""
    statistics.part_count += 1
    if part.author.is_contact and part.body is not None:
        count_contact_message(statistics, part.at)
    if statistics.first_contact_reply_at is None:
        return
    since_first = _seconds(statistics.first_contact_reply_at, part.at)
    if part.reopens:
        statistics.count_reopens += 1
    if part.assigned_to is not None and part.assigned_to.id is not None:
        _count_assignment(statistics, part.at, since_first)
    if is_admin_reply(part):
        _count_admin_reply(statistics, part.at, since_first, waiting_since)
    if part.part_type == "close":
        _count_close(statistics, part, since_first)


def is_admin_reply(part: "NewPart") -> bool:
    """Whether a teammate answers the contact with this part."""
    return part.author.type == "admin" and part.body is not None and part.is_for_contacts


def count_contact_message(statistics: Statistics, at: datetime) -> None:
    """Count a contact's text, be it a part or the message that began the conversation."""
    if statistics.first_contact_reply_at is None:
        statistics.first_contact_reply_at = at
    statistics.last_contact_reply_at = at


def _count_assignment(statistics: Statistics, at: datetime, since_first: int) -> None:
    if statistics.first_assignment_at is None:
        statistics.first_assignment_at = at
    if statistics.first_admin_reply_at is None:
        statistics.time_to_assignment = since_first
    statistics.last_assignment_at = at
    statistics.last_assignment_admin_reply_at = None
    statistics.count_assignments += 1


def _count_admin_reply(statistics: Statistics, at: datetime, since_first: int, waiting_since: datetime | None) -> None:
    if statistics.first_admin_reply_at is None:
        statistics.first_admin_reply_at = at
        statistics.time_to_admin_reply = since_first
    if statistics.last_assignment_at is not None and statistics.last_assignment_admin_reply_at is None:
        statistics.last_assignment_admin_reply_at = at
    statistics.last_admin_reply_at = at
    if waiting_since is not None:
        statistics.reply_times = [*statistics.reply_times, _seconds(waiting_since, at)]
        statistics.median_time_to_reply = int(median(statistics.reply_times))


def _count_close(statistics: Statistics, part: "NewPart", since_first: int) -> None:
    if statistics.first_close_at is None:
        statistics.first_close_at = part.at
        statistics.time_to_first_close = since_first
    statistics.last_close_at = part.at
    statistics.time_to_last_close = since_first
    statistics.last_closed_by_id = part.closed_by_id


def _seconds(since: datetime, at: datetime) -> int:
    return max(0, int((at - since).total_seconds()))
