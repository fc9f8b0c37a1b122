"""What becomes of each conversation that a contact begins. What would come after now has not happened."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

from callbox.demo.firm import AOIFE, KENJI, TOMAS
from callbox.demo.inbox.casting import Talk
from callbox.demo.inbox.desk import SOLUTIONS
from callbox.demo.inbox.files import paper, picture
from callbox.demo.inbox.moments import (
    Answered,
    BroughtAlong,
    Closed,
    ContactBegan,
    ContactRated,
    ContactSaw,
    ContactWrote,
    Described,
    HandedOver,
    Noted,
    Raised,
    Redacted,
    RulesRan,
    Snoozed,
    Tagged,
    ThreadMoment,
    Woke,
)
from callbox.demo.inbox.progress import become_ticket
from callbox.demo.inbox.rhythm import Course
from callbox.demo.people import Person

Moments = Iterator[ThreadMoment]

_PAGES = {
    "Rosters": "https://app.dawnshift.example/rosters",
    "Shift swaps": "https://app.dawnshift.example/requests",
    "Time clock": "https://app.dawnshift.example/hours",
    "Payroll": "https://app.dawnshift.example/payroll",
    "Billing": "https://app.dawnshift.example/settings/invoices",
    "Access": "https://app.dawnshift.example/settings/people",
    "Onboarding": "https://app.dawnshift.example/welcome",
    "Kind words": "https://app.dawnshift.example/rosters",
    "Sales": "https://dawnshift.example/prices",
}
_SAID_TOO_MUCH = "In case that it helps: my password is sunrise{number}, you may sign in as me."
_TAKEN_OUT = "Took the password out of the conversation. Asked them to set a new one."


class TalkStory:
    """Tells one conversation. `is_ticket` says that it becomes a ticket."""

    def __init__(self, draw: Random, talk: Talk, number: int, companion: Person | None, *, is_ticket: bool) -> None:
        self._draw = draw
        self._talk = talk
        self._number = number
        self._companion = companion
        self._is_ticket = is_ticket
        self._course = Course(draw, talk.began)
        self._say = talk.wording.say
        self._manners = talk.wording.manners
        self._register = self._manners.trouble if talk.topic.trouble else self._manners.question

    def moments(self) -> Moments:
        """From the first message to the last thing that happened."""
        yield self._begin()
        if self._chance(0.07):
            yield Raised(ago=self._course.team(5), thread=self._talk.thread)
        if self._number % 50 == 9:
            yield RulesRan(ago=self._course.team(5), thread=self._talk.thread)
        yield from self._ending()()

    def _ending(self) -> Callable[[], Moments]:
        if self._is_ticket:
            return self._become_ticket
        if len(self._talk.lines) == 2:
            return self._accept
        if self._talk.began < timedelta(days=9) and self._chance(0.2):
            return self._forget
        endings = {
            self._solve: 36,
            self._fall_silent: 10,
            self._look_into: 14,
            self._hand_over: 10,
            self._come_back: 11,
            self._leave_open: 5,
        }
        return self._draw.choices(list(endings), list(endings.values()))[0]

    def _chance(self, share: float) -> bool:
        return self._draw.random() < share

    def _line(self, place: int) -> str:
        """What is said next in the dialogue."""
        return self._say(self._talk.lines[place : place + 1])

    def _begin(self) -> ThreadMoment:
        talk = self._talk
        on_phone = talk.person.job == "Employee" or talk.topic.area == "Mobile app"
        return ContactBegan(
            ago=talk.began,
            thread=talk.thread,
            person=talk.person,
            text=talk.wording.variety.unheard(self._opening),
            page=None if on_phone else _PAGES[talk.topic.area],
        )

    def _opening(self) -> str:
        text, details = self._line(0), self._talk.topic.details
        if details and self._chance(0.6):
            text = f"{text} {self._say(details)}"
        return self._talk.wording.opening(text)

    # Endings

    def _accept(self) -> Moments:
        """There is nothing to solve: an answer, and it is over."""
        yield from self._first_answer()
        yield Closed(ago=self._course.team(60), thread=self._talk.thread)

    def _solve(self) -> Moments:
        yield from self._first_answer()
        yield from self._question_and_solution()
        yield from self._thanks_and_close()
        yield from self._rate()

    def _fall_silent(self) -> Moments:
        """The contact does not answer; the teammate asks once more, and closes."""
        thread = self._talk.thread
        yield from self._first_answer()
        yield from self._see(0.4)
        yield from self._snooze(2, 4)
        yield Answered(ago=self._course.team(30), thread=thread, text=self._say(self._register.nudges))
        yield from self._describe_solution()
        text = self._say(self._manners.silences) if self._chance(0.6) else None
        yield Closed(ago=self._course.days(2, 4), thread=thread, text=text)

    def _look_into(self) -> Moments:
        """It takes some days to find out."""
        thread = self._talk.thread
        holding = self._talk.wording.answer(self._say(self._register.holding))
        yield Answered(ago=self._course.team(40), thread=thread, text=holding)
        yield from self._describe()
        notes = self._talk.topic.notes or self._manners.notes
        yield Noted(ago=self._course.team(25), thread=thread, text=self._say(notes))
        yield from self._snooze(*((8, 24) if self._chance(0.2) else (0.8, 4)))
        answer = self._talk.wording.answer(self._line(1))
        yield Answered(ago=self._course.team(60), thread=thread, text=answer)
        yield from self._question_and_solution()
        yield from self._thanks_and_close()
        yield from self._rate()

    def _hand_over(self) -> Moments:
        thread = self._talk.thread
        word = self._say(self._manners.handovers)
        colleague = self._draw.choice((KENJI, AOIFE, TOMAS))
        yield HandedOver(ago=self._course.team(45), thread=thread, to=colleague, text=word)
        taken = f"{self._say(self._manners.taken)}\n\n{self._line(1)}"
        yield Answered(ago=self._course.team(50), thread=thread, text=taken)
        yield from self._describe()
        yield from self._question_and_solution()
        yield from self._thanks_and_close()
        yield from self._rate()

    def _come_back(self) -> Moments:
        """It is solved, closed, and there again."""
        thread = self._talk.thread
        yield from self._first_answer()
        yield from self._question_and_solution()
        yield from self._thanks_and_close()
        again, answer = self._talk.wording.variety.choose(self._register.again)
        self._course.days(0.5, 6)
        asked = self._say((again,))
        yield ContactWrote(ago=self._course.contact(90), thread=thread, person=self._talk.person, text=asked)
        answered = self._talk.wording.answer(self._say((answer,)))
        yield Answered(ago=self._course.team(35), thread=thread, text=answered)
        yield from self._thanks_and_close()
        yield from self._rate()

    def _leave_open(self) -> Moments:
        """Answered, read, and not heard of again."""
        yield from self._first_answer()
        yield from self._see(0.5)

    def _forget(self) -> Moments:
        """The contact waits: for any answer and asks for news, or for an answer to what they asked next."""
        if self._chance(0.5):
            self._course.days(0.6, 1.5)
            yield self._ask_for_news()
        else:
            yield from self._first_answer()
            yield from self._question()

    def _become_ticket(self) -> Moments:
        yield from self._first_answer()
        yield from self._question()
        yield from become_ticket(self._draw, self._talk, self._course)

    # Steps

    def _first_answer(self) -> Moments:
        thread, topic = self._talk.thread, self._talk.topic
        slowness = self._draw.random()
        if slowness < 0.07:
            self._course.days(0.7, 1.6)
            yield self._ask_for_news()
            answer = self._talk.wording.answer(self._say(self._manners.late), self._line(1))
            yield Answered(ago=self._course.team(20), thread=thread, text=answer)
        else:
            if topic.notes and self._chance(0.35):
                yield Noted(ago=self._course.team(12), thread=thread, text=self._say(topic.notes))
            answer = self._talk.wording.answer(self._line(1))
            yield Answered(ago=self._course.team(230 if slowness < 0.2 else 22), thread=thread, text=answer)
        if topic.tag and self._chance(0.8):
            yield Tagged(ago=self._course.team(1), thread=thread, tag=topic.tag)
        yield from self._describe()

    def _ask_for_news(self) -> ThreadMoment:
        talk = self._talk
        news = self._say(self._register.news)
        return ContactWrote(ago=self._course.contact(60), thread=talk.thread, person=talk.person, text=news)

    def _question_and_solution(self) -> Moments:
        yield from self._question()
        text = self._line(3)
        if self._chance(0.4):
            text = self._talk.wording.answer(text)
        files = (paper(self._draw, self._number),) if self._talk.topic.paper else ()
        yield Answered(ago=self._course.team(28), thread=self._talk.thread, text=text, files=files)

    def _question(self) -> Moments:
        talk = self._talk
        files = (picture(self._draw, self._number),) if talk.topic.picture else ()
        asked = self._course.contact(25)
        yield ContactWrote(ago=asked, thread=talk.thread, person=talk.person, text=self._line(2), files=files)
        if self._companion is not None:
            yield BroughtAlong(ago=self._course.team(8), thread=talk.thread, person=self._companion)
        if talk.topic.area == "Access" and talk.topic.language == "en" and self._number % 9 == 4:
            yield from self._say_too_much()

    def _say_too_much(self) -> Moments:
        thread = self._talk.thread
        text = self._say((_SAID_TOO_MUCH,))
        yield ContactWrote(ago=self._course.contact(4), thread=thread, person=self._talk.person, text=text)
        yield Redacted(ago=self._course.team(6), thread=thread)
        yield Noted(ago=self._course.team(1), thread=thread, text=_TAKEN_OUT)

    def _thanks_and_close(self) -> Moments:
        thread, person = self._talk.thread, self._talk.person
        if self._chance(0.8):
            thanks = self._say(self._register.thanks)
            yield ContactWrote(ago=self._course.contact(30), thread=thread, person=person, text=thanks)
            yield from self._describe_solution()
            farewell = self._say(self._manners.farewells) if self._chance(0.65) else None
            yield Closed(ago=self._course.team(25), thread=thread, text=farewell)
        else:
            yield from self._see(0.5)
            yield Closed(ago=self._course.days(1, 3), thread=thread)

    def _rate(self) -> Moments:
        """Some give a reason, and with it their rating is final."""
        if not self._chance(0.6):
            return
        thread, person = self._talk.thread, self._talk.person
        rated = self._course.contact(40)
        if self._chance(0.55):
            said = self._talk.wording.variety.choose((*self._manners.remarks, *self._register.remarks))
            yield ContactRated(ago=rated, thread=thread, person=person, rating=said.rating, remark=said.text)
        else:
            stars = self._draw.choices((5, 4, 3, 2, 1), (58, 25, 9, 5, 3))[0]
            yield ContactRated(ago=rated, thread=thread, person=person, rating=stars, remark=None)

    def _see(self, share: float) -> Moments:
        if self._chance(share):
            yield ContactSaw(ago=self._course.contact(50), thread=self._talk.thread)

    def _snooze(self, fewest: float, most: float) -> Moments:
        """Put it aside until the team is at work some days later."""
        thread = self._talk.thread
        snoozed = self._course.team(10)
        until = self._course.days(fewest, most)
        yield Snoozed(ago=snoozed, thread=thread, until=until)
        yield Woke(ago=until, thread=thread)

    def _describe(self) -> Moments:
        if not self._chance(0.55):
            return
        attributes: dict[str, Any] = {"Area": self._talk.topic.area}
        if self._chance(0.25):
            attributes["People affected"] = self._draw.randint(1, 30)
        if self._chance(0.15):
            attributes["Wants a call"] = self._chance(0.6)
        if self._chance(0.15):
            attributes["Promised for"] = self._course.ago - timedelta(days=self._draw.randint(2, 9))
        yield Described(ago=self._course.team(1), thread=self._talk.thread, attributes=attributes)

    def _describe_solution(self) -> Moments:
        if not self._chance(0.4):
            return
        attributes: dict[str, Any] = {"Solved by": self._draw.choice(SOLUTIONS)}
        if self._chance(0.3):
            attributes["Hours lost"] = self._draw.randint(1, 12) / 4
        yield Described(ago=self._course.team(3), thread=self._talk.thread, attributes=attributes)
