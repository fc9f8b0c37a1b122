"""Tickets that begin as tickets, of all categories, and what is linked with them."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import zip_longest
from random import Random

from callbox.demo.inbox import desk
from callbox.demo.inbox.casting import Casting, Talk
from callbox.demo.inbox.moments import (
    Answered,
    Closed,
    ContactWrote,
    Noted,
    PassedOn,
    Snoozed,
    Tagged,
    ThreadMoment,
    TicketFilledIn,
    TicketLinked,
    TicketMade,
    TicketMoved,
    TicketShared,
    Woke,
)
from callbox.demo.inbox.progress import DESCRIPTION, TITLE, expert, fill_in, found_out, times_of
from callbox.demo.inbox.rhythm import Course
from callbox.demo.inbox.scripts import Task
from callbox.demo.inbox.wording import Wording
from callbox.demo.people import Person, Population

Moments = Iterator[ThreadMoment]

_LINKED_AT_MOST = 6


class TasksStory:
    """Tells of tickets that begin as such. Incidents are about conversations that there were."""

    def __init__(self, draw: Random, population: Population, casting: Casting, talks: Sequence[Talk]) -> None:
        self._draw = draw
        self._casting = casting
        self._customers = [person for person in population.users if person.job in {"Owner", "Manager"}]
        self._companies = {account.customer.name: account.key for account in population.accounts}
        self._talks = talks

    def moments(self, number: int, task: Task) -> Moments:
        """From the making of the ticket to the last thing that happened."""
        thread = f"task {number}"
        reports = [talk for talk in self._talks if talk.topic.incident == task.title]
        made = self._made(reports)
        person = reports[0].person if reports else self._customer(made)
        wording = self._casting.wording(person)
        course = Course(self._draw, made)
        yield self._make(thread, task, number, person, wording, made)
        yield from _links(thread, reports, made)
        yield from self._go_on(thread, task, person, wording, course)

    def _made(self, reports: Sequence[Talk]) -> timedelta:
        """An incident is seen when the second customer writes of it."""
        if not reports:
            ago = timedelta(seconds=self._draw.randint(6 * 3600, 88 * 86400))
            return Course(self._draw, ago).team(70)
        return Course(self._draw, reports[:2][-1].began).team(50)

    def _customer(self, made: timedelta) -> Person:
        there = [person for person in self._customers if person.arrived > made + timedelta(hours=1)]
        return self._draw.choice(there)

    def _make(
        self, thread: str, task: Task, number: int, person: Person, wording: Wording, made: timedelta
    ) -> ThreadMoment:
        title, description = wording.say((task.title,)), wording.say((task.description,))
        attributes = {TITLE: title, DESCRIPTION: description, **fill_in(self._draw, task.type, number)}
        attributes |= times_of(self._draw, task.type, made)
        company = self._companies[person.employers[0]] if person.employers else None
        return TicketMade(
            ago=made, thread=thread, person=person, company=company, type=task.type, attributes=attributes
        )

    def _go_on(self, thread: str, task: Task, person: Person, wording: Wording, course: Course) -> Moments:
        if self._draw.random() < 0.1:
            return
        yield PassedOn(ago=course.team(50), thread=thread, to=expert(self._draw, task.type))
        if self._draw.random() < 0.08:
            return
        yield TicketMoved(ago=course.team(180), thread=thread, state="in_progress")
        if task.type == desk.BUG:
            yield Tagged(ago=course.team(4), thread=thread, tag="Bug")
        yield from self._talk_it_over(thread, task, person, wording, course)
        if found := found_out(self._draw, task.type):
            yield TicketFilledIn(ago=course.team(30), thread=thread, type=task.type, attributes=found)
        if task.type == desk.IMPORT and self._draw.random() < 0.5:
            yield TicketShared(ago=course.team(5), thread=thread)
        yield from self._end(thread, course)

    def _talk_it_over(self, thread: str, task: Task, person: Person, wording: Wording, course: Course) -> Moments:
        for note, update, reply in zip_longest(task.notes, task.updates, task.replies):
            if note:
                yield Noted(ago=course.days(0.1, 2), thread=thread, text=wording.say((note,)))
            if update:
                yield Answered(ago=course.days(0.1, 1.5), thread=thread, text=wording.say((update,)))
            if reply:
                yield TicketMoved(ago=course.team(1), thread=thread, state="waiting_on_customer")
                if self._draw.random() < 0.25:
                    return
                yield ContactWrote(ago=course.contact(300), thread=thread, person=person, text=wording.say((reply,)))

    def _end(self, thread: str, course: Course) -> Moments:
        fate = self._draw.random()
        if fate < 0.25:
            snoozed = course.team(60)
            until = course.days(15, 70)
            yield Snoozed(ago=snoozed, thread=thread, until=until)
            yield Woke(ago=until, thread=thread)
        if fate < 0.35:
            return
        yield TicketMoved(ago=course.days(0.5, 6), thread=thread, state="resolved")
        if fate < 0.9:
            yield Closed(ago=course.team(10), thread=thread)


def _links(thread: str, reports: Sequence[Talk], made: timedelta) -> Moments:
    """Each report is linked half an hour after it came, or after the ticket was made."""
    for talk in reports[:_LINKED_AT_MOST]:
        known = min(made, talk.began) - timedelta(minutes=30)
        yield TicketLinked(ago=known, thread=thread, to=talk.thread)
