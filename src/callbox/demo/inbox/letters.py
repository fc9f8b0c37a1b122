"""What teammates write first: messages that wait, and those that were answered."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from callbox.demo import firm
from callbox.demo.inbox.casting import Casting
from callbox.demo.inbox.moments import (
    Answered,
    Closed,
    ContactSaw,
    ContactWrote,
    MessageAnswered,
    MessageSent,
    PassedOn,
    ThreadMoment,
)
from callbox.demo.inbox.rhythm import Course, at_work
from callbox.demo.inbox.scripts import LEAD, Letter
from callbox.demo.inbox.wording import Wording
from callbox.demo.people import Person, Population

Moments = Iterator[ThreadMoment]

_SENDERS = {"MAYA": firm.MAYA, "TOMAS": firm.TOMAS, "AOIFE": firm.AOIFE, "KENJI": firm.KENJI}


class LettersStory:
    """Tells of all messages."""

    def __init__(self, draw: Random, population: Population, casting: Casting) -> None:
        self._draw = draw
        self._casting = casting
        self._people = [
            person
            for person in [*population.users, *population.leads]
            if person.name and person.email and not person.unsubscribed
        ]
        self._written_to: set[str] = set()

    def moments(self, number: int, letter: Letter) -> Moments:
        """Of each letter one copy is answered, if it can be, and one is not; e-mails went to some more."""
        yield from self._send(f"letter {number}", letter, is_answered=bool(letter.answers))
        yield from self._send(f"copy of letter {number}", letter, is_answered=False)
        if letter.kind == "email":
            yield from self._send(f"third letter {number}", letter, is_answered=False, begins=False)

    def _send(self, thread: str, letter: Letter, *, is_answered: bool, begins: bool | None = None) -> Moments:
        sent = at_work(timedelta(seconds=self._draw.randint(9 * 86400, 85 * 86400)))
        person = self._recipient(letter, sent)
        wording = self._casting.wording(person)
        by = _SENDERS[letter.by]
        if begins is None:
            begins = letter.kind == "email" and bool(letter.answers)
        yield MessageSent(
            ago=sent,
            thread=thread,
            by=by,
            person=person,
            kind=letter.kind,
            subject=letter.subject and wording.say((letter.subject,)),
            text=wording.say((letter.text,)),
            begins=begins,
        )
        if is_answered:
            yield from self._correspond(thread, letter, person, wording, Course(self._draw, sent))
        elif begins:
            yield ContactSaw(ago=sent - timedelta(hours=self._draw.randint(2, 60)), thread=thread)

    def _correspond(self, thread: str, letter: Letter, person: Person, wording: Wording, course: Course) -> Moments:
        by = _SENDERS[letter.by]
        answered = course.contact(400)
        text = wording.say(letter.answers)
        if letter.kind == "email":
            yield ContactWrote(ago=answered, thread=thread, person=person, text=text)
        else:
            yield MessageAnswered(ago=answered, thread=thread, text=text)
        yield PassedOn(ago=course.team(20), thread=thread, by=by, to=by)
        yield Answered(ago=course.team(15), thread=thread, by=by, text=wording.say((letter.follow_up,)))
        if self._draw.random() < 0.7:
            thanks = wording.say(wording.manners.question.thanks)
            yield ContactWrote(ago=course.contact(60), thread=thread, person=person, text=thanks)
            yield Closed(ago=course.team(60), thread=thread, by=by)

    def _recipient(self, letter: Letter, sent: timedelta) -> Person:
        """Somebody who was there for a while, and got no letter yet."""
        fitting = [
            person
            for person in self._people
            if (person.job or LEAD) in letter.to
            and person.arrived > sent + timedelta(days=1)
            and person.key not in self._written_to
        ]
        chosen = self._draw.choice(fitting)
        self._written_to.add(chosen.key)
        return chosen
