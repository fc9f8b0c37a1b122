"""What time does to live updates: old events are forgotten. Only the worker imports this module."""

from callbox.platform.jobs import Schedule
from callbox.platform.recent_events import forget_old_events

SCHEDULES = [Schedule("live.forget_old_events", "* * * * *", forget_old_events)]
