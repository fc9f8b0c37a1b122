"""When things are said: customers write when they are awake, the team answers when it is at work.

For the story, now is a Wednesday afternoon, whatever the calendar says: so it is the same at every run.
"""

from datetime import timedelta
from random import Random

_DAY = timedelta(days=1)
_NOW = timedelta(days=2, hours=15, minutes=20)  # since the midnight before Monday
_DAYS_OF_WORK = 5
_WORK = timedelta(hours=8, minutes=30), timedelta(hours=18)
_WAKING = timedelta(hours=6), timedelta(hours=22)
_WEEKEND_SHARE, _TODAY_SHARE = 0.35, 0.05

_TOLD = timedelta(days=90)


def at_work(ago: timedelta) -> timedelta:
    """The next moment from then on at which the team is at work."""
    return _within(ago, _WORK, _DAYS_OF_WORK)


def awake(ago: timedelta) -> timedelta:
    """The next moment from then on at which people write."""
    return _within(ago, _WAKING, 7)


def _within(ago: timedelta, hours: tuple[timedelta, timedelta], days: int) -> timedelta:
    opens, closes = hours
    while True:
        day, time = divmod(_NOW - ago, _DAY)
        is_open_day = day % 7 < days
        if is_open_day and time < opens:
            return ago - (opens - time)
        if is_open_day and time < closes:
            return ago
        ago -= _DAY - time


def some_time(draw: Random) -> timedelta:
    """When somebody began to write: more often in the morning and on working days, more of late, and much today."""
    if draw.random() < _TODAY_SHARE:
        return _whole(timedelta(hours=draw.uniform(0.1, 7)))
    while True:
        day = int(_TOLD.days * draw.random() ** 1.4)
        time = timedelta(hours=draw.triangular(6, 22, 10.5))
        ago = _whole(_DAY * day + _NOW % _DAY - time)
        is_weekend = (_NOW - ago) // _DAY % 7 >= _DAYS_OF_WORK
        if timedelta(0) < ago < _TOLD and (not is_weekend or draw.random() < _WEEKEND_SHARE):
            return ago


class Course:
    """The time in one thread, which passes with each thing that is said."""

    def __init__(self, draw: Random, ago: timedelta) -> None:
        self._draw = draw
        self.ago = ago

    def contact(self, minutes: float) -> timedelta:
        """When a contact writes who takes around so many minutes, and sleeps at night."""
        self.ago = awake(self.ago - self._around(minutes, 1.1))
        return self.ago

    def team(self, minutes: float) -> timedelta:
        """When a teammate acts who needs around so many minutes of work."""
        self.ago = at_work(at_work(self.ago) - self._around(minutes, 0.9))
        return self.ago

    def days(self, fewest: float, most: float) -> timedelta:
        """When the team is at work some days later."""
        self.ago = at_work(_whole(self.ago - timedelta(days=self._draw.uniform(fewest, most))))
        return self.team(35)

    def _around(self, minutes: float, spread: float) -> timedelta:
        """Now and then much longer."""
        return _whole(timedelta(minutes=self._draw.lognormvariate(0, spread) * minutes))


def _whole(span: timedelta) -> timedelta:
    return timedelta(seconds=round(span.total_seconds()))
