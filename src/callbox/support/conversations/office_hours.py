"""When the team is there: a week's open hours in a time zone, and the time that passes within them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

_MINUTES_OF_A_DAY = 24 * 60
_WEEK = 7
_A_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)

Minute = Annotated[int, Meta(ge=0, le=_MINUTES_OF_A_DAY)]


class OpenHours(msgspec.Struct, frozen=True):
    """Open hours of one weekday, 0 for Monday, in minutes since midnight. They may come in any order."""

    weekday: Annotated[int, Meta(ge=0, lt=_WEEK)]
    opens: Minute
    closes: Minute


def after(start: datetime, seconds: int, week: list[OpenHours], timezone: str) -> datetime:
    """The moment at which this many open seconds have passed; without any open hours, time never stands still."""
    if not any(hours.opens < hours.closes for hours in week):
        return start + timedelta(seconds=seconds)
    left = timedelta(seconds=seconds)
    zone = ZoneInfo(timezone)
    for opens, closes in _spans(start.astimezone(zone).date(), week, zone):
        from_here = max(opens, start)
        if closes - from_here >= left:
            return from_here + left
        left -= max(closes - from_here, timedelta(0))
    raise AssertionError("weeks do not end")


def between(start: datetime, end: datetime, week: list[OpenHours], timezone: str) -> int:
    """How many open seconds pass from one moment to a later one."""
    if not any(hours.opens < hours.closes for hours in week):
        return int((end - start).total_seconds())
    passed = timedelta(0)
    zone = ZoneInfo(timezone)
    for opens, closes in _spans(start.astimezone(zone).date(), week, zone):
        if opens >= end:
            return int(passed.total_seconds())
        passed += max(min(closes, end) - max(opens, start), timedelta(0))
    raise AssertionError("weeks do not end")


def open_seconds_of(week: list[OpenHours]) -> int:
    """How many seconds of a week without change of clocks are open."""
    return between(_A_MONDAY, _A_MONDAY + timedelta(days=_WEEK), week, "UTC")


def _spans(day: date, week: list[OpenHours], zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Open hours from a day on, for ever, without overlaps."""
    until = datetime.min.replace(tzinfo=UTC)
    while True:
        for hours in sorted((each for each in week if each.weekday == day.weekday()), key=lambda each: each.opens):
            opens = max(_moment(day, hours.opens, zone), until)
            until = max(_moment(day, hours.closes, zone), until)
            yield opens, until
        day += timedelta(days=1)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    at_midnight = datetime.combine(day, time())
    return (at_midnight + timedelta(minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)
