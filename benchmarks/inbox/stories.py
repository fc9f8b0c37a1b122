"""How conversations and tickets went, acted out by the product's own rules: states, statistics and parts agree.

The same numbers give the same stories at every run.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from benchmarks.inbox.texts import ANSWERS, NOTES, THANKS, said
from callbox.support.conversations import statistics, transitions
from callbox.support.conversations.transitions import Assignee, Author, Change, Conversation
from callbox.support.ticket_types.states import TicketState

PARTS = 8
TICKET_PARTS = 3
BETWEEN_PARTS = timedelta(minutes=50)
BETWEEN_TICKET_PARTS = timedelta(hours=2)
_SNOOZED_FOR = timedelta(days=700)

Ending = Literal["open", "snoozed", "closed"]


class Cast(NamedTuple):
    """Who takes part."""

    contact: Author
    admin: Author
    team_id: int


def conversation(number: int, began_at: datetime, cast: Cast, ending: Ending) -> Change:
    """Assigned, answered three times, with a word among colleagues; then closed, put aside, or waiting again."""
    state = Conversation(state="open", updated_at=began_at, waiting_since=began_at)
    statistics.count_contact_message(state, began_at)
    change = Change(state, [])
    times = _times(began_at, BETWEEN_PARTS)
    transitions.assign_by_rules(change, _assignees(number, cast, ending), next(times))
    transitions.admin_comments(change, cast.admin, said(ANSWERS, number), next(times))
    transitions.contact_comments(change, cast.contact, said(THANKS, number), next(times))
    if number % 17 == 0:
        transitions.set_priority(change, cast.admin, next(times), is_priority=True)
    else:
        transitions.admin_notes(change, cast.admin, said(NOTES, number), next(times))
    transitions.admin_comments(change, cast.admin, said(ANSWERS, number + 1), next(times))
    transitions.contact_comments(change, cast.contact, said(THANKS, number + 1), next(times))
    transitions.admin_comments(change, cast.admin, said(ANSWERS, number + 2), next(times))
    at = next(times)
    if ending == "closed":
        transitions.close(change, cast.admin, None, at)
    elif ending == "snoozed":
        transitions.snooze(change, cast.admin, at + _SNOOZED_FOR, at)
    else:
        transitions.contact_comments(change, cast.contact, said(THANKS, number + 2), at)
    return change


def ticket(number: int, began_at: datetime, cast: Cast, *, is_done: bool) -> Change:
    """Submitted and answered; then resolved, or taken further."""
    state = Conversation(
        state="open", updated_at=began_at, admin_assignee_id=cast.admin.admin_id, team_assignee_id=cast.team_id
    )
    change = Change(state, [])
    times = _times(began_at, BETWEEN_TICKET_PARTS)
    transitions.become_ticket(change, began_at)
    transitions.admin_comments(change, cast.admin, said(ANSWERS, number), next(times))
    onward: TicketState = "in_progress" if number % 2 else "waiting_on_customer"
    transitions.move_ticket(change, cast.admin, "resolved" if is_done else onward, next(times))
    return change


def _times(began_at: datetime, between: timedelta) -> Iterator[datetime]:
    while True:
        began_at += between
        yield began_at


def _assignees(number: int, cast: Cast, ending: Ending) -> list[Assignee]:
    """A team and one of its members; some of what is open is still the team's alone."""
    team = Assignee("team", cast.team_id)
    if ending == "open" and number % 10 == 0:
        return [team]
    return [team, Assignee("admin", cast.admin.admin_id)]
