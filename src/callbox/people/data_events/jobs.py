"""The work that time brings: events older than the list shows are removed; their counts stay.

Only the worker imports this module.
"""

from callbox.people.data_events.service import delete_old_events
from callbox.platform.jobs import Schedule

SCHEDULES = [Schedule("data_events.delete_old", "33 * * * *", delete_old_events)]
