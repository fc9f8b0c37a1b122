"""How tickets go on: what is filled in, whose they are, and how far they come."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import msgspec

from callbox.demo.firm import AOIFE, KENJI, MAYA, TOMAS
from callbox.demo.inbox import desk
from callbox.demo.inbox.casting import Talk
from callbox.demo.inbox.files import picture
from callbox.demo.inbox.moments import (
    Answered,
    BecameTicket,
    Closed,
    ContactWrote,
    Noted,
    PassedOn,
    ThreadMoment,
    TicketFilledIn,
    TicketMoved,
)
from callbox.demo.inbox.rhythm import Course

TITLE, DESCRIPTION = "_default_title_", "_default_description_"

_EXPERTS = {
    desk.BUG: (KENJI, TOMAS),
    desk.PAYROLL: (KENJI,),
    desk.TERMINALS: (TOMAS, AOIFE),
    desk.REQUEST: (AOIFE, TOMAS),
    desk.IMPORT: (KENJI, AOIFE),
    desk.TASK: (MAYA, AOIFE, TOMAS),
    desk.INCIDENT: (KENJI, TOMAS),
}
_PROGRAMS = ("Lohnblick", "Paywright", "Salaria", "Nómina Clara")

_ANNOUNCEMENTS = (
    "I have made a ticket of this, so that you can see how far we are and nothing gets lost.",
    "This takes more than an answer, so it is a ticket from now on. You will find it in your overview.",
    "I am making a ticket of it for our technicians, with everything that you wrote.",
)
_NOTES_ON_BUGS = (
    "Reproduced on the test account, with the data of last week.",
    "Cannot repeat it here. Asked for the log of that day.",
    "Looks like the one from spring, but on another page.",
    "Written down how to repeat it, in five steps.",
)
_NOTES = (
    "Talked to them on the phone, all clear now.",
    "Put it on the list for Thursday.",
    "Read through the whole conversation. They are patient, let us not waste it.",
    "Everything is there that one needs. Starting tomorrow morning.",
)
_FOUND = (
    "We have found the cause and are working on it.",
    "Small step forward: we can repeat it here.",
    "It is being worked on. I expect to have it done within the week.",
    "Everything is prepared, we are waiting for one last answer from a supplier.",
)
_QUESTIONS = (
    "One question: does it happen at other sites too?",
    "Could you tell us since when, more or less?",
    "May we try something on your account tomorrow morning, before you open?",
)
_REPLIES = (
    "Only here, as far as I know.",
    "Since about two weeks, I would say.",
    "Yes, of course. Tomorrow before nine is best.",
    "No, the others are fine.",
)
_DONE = (
    "It is done. Please tell us if you see anything odd.",
    "This is solved since this morning. Thank you for your patience!",
    "All finished. I leave the ticket here for you to look things up.",
)


def fill_in(draw: Random, type_name: str, number: int) -> dict[str, Any]:
    """What is known when a ticket of this type is made. Times are counted back from now."""
    match type_name:
        case desk.BUG:
            attributes: dict[str, Any] = {
                "Severity": draw.choices(("Low", "Medium", "High", "Urgent"), (3, 5, 3, 1))[0],
                "People affected": draw.randint(1, 40),
                "Every time": draw.random() < 0.6,
            }
            if draw.random() < 0.5:
                attributes["Screenshots"] = [msgspec.to_builtins(picture(draw, number))]
            return attributes
        case desk.PAYROLL:
            surcharge = draw.choice((25.0, 30.0, 37.5, 40.0))
            return {"Program": draw.choice(_PROGRAMS), "People": draw.randint(9, 300), "Night surcharge": surcharge}
        case desk.TERMINALS:
            return {"Terminals": draw.randint(1, 4), "Price": draw.choice((180.0, 172.5, 165.0))}
        case desk.IMPORT:
            source = draw.choice(("Spreadsheet", "Other program", "Paper"))
            return {"Comes from": source, "Rows": draw.randint(40, 9000), "Hours of work": draw.randint(2, 30) / 2}
        case _:
            return {}


def times_of(draw: Random, type_name: str, made: timedelta) -> dict[str, Any]:
    """What is known of times: of the past for mistakes, of the future for wishes."""
    match type_name:
        case desk.BUG:
            return {"First seen": made + timedelta(hours=draw.randint(2, 90))}
        case desk.PAYROLL:
            return {"First pay day": made - timedelta(days=draw.randint(14, 60))}
        case desk.TERMINALS:
            return {"Needed by": made - timedelta(days=draw.randint(10, 40))}
        case _:
            return {}


def found_out(draw: Random, type_name: str) -> dict[str, Any]:
    """What is filled in on the way."""
    match type_name:
        case desk.BUG:
            return {"Found in": draw.choice(("Week view", "Sync", "Report writer", "Import", "Sign-in"))}
        case desk.PAYROLL:
            return {"Step": draw.choice(("Set up", "Test run")), "Test run was right": draw.random() < 0.5}
        case desk.TERMINALS:
            return {"Deliver to": draw.choice(("Main entrance, shift leader", "Office, second floor", "Kitchen door"))}
        case desk.IMPORT:
            return {"Checked by customer": True}
        case _:
            return {}


def expert(draw: Random, type_name: str) -> int:
    """Who works on tickets of this type."""
    return draw.choice(_EXPERTS[type_name])


def become_ticket(draw: Random, talk: Talk, course: Course) -> Iterator[ThreadMoment]:
    """A conversation goes on as a ticket, which comes to an end or is still being worked on."""
    assert talk.topic.ticket is not None
    thread, wanted, say = talk.thread, talk.topic.ticket, talk.wording.say
    yield Answered(ago=course.team(25), thread=thread, text=say(_ANNOUNCEMENTS))
    attributes = {TITLE: wanted.title, DESCRIPTION: say(talk.lines[:1])}
    attributes |= fill_in(draw, wanted.type, int(talk.began.total_seconds()) % 1000)
    attributes |= times_of(draw, wanted.type, course.ago)
    yield BecameTicket(ago=course.team(2), thread=thread, ticket=wanted, attributes=attributes)
    yield PassedOn(ago=course.team(6), thread=thread, to=expert(draw, wanted.type))
    if draw.random() < 0.1:
        return
    yield TicketMoved(ago=course.team(60), thread=thread, state="in_progress")
    yield Noted(ago=course.team(90), thread=thread, text=say(_NOTES_ON_BUGS if wanted.type == desk.BUG else _NOTES))
    if found := found_out(draw, wanted.type):
        yield TicketFilledIn(ago=course.team(60), thread=thread, type=wanted.type, attributes=found)
    if draw.random() < 0.5:
        yield Answered(ago=course.days(0.5, 2), thread=thread, text=say(_QUESTIONS))
        yield TicketMoved(ago=course.team(1), thread=thread, state="waiting_on_customer")
        if draw.random() < 0.3:
            return
        yield ContactWrote(ago=course.contact(200), thread=thread, person=talk.person, text=say(_REPLIES))
    yield Answered(ago=course.days(0.5, 3), thread=thread, text=say(_FOUND))
    if draw.random() < 0.2:
        return
    yield Answered(ago=course.days(1, 6), thread=thread, text=say(_DONE))
    yield TicketMoved(ago=course.team(1), thread=thread, state="resolved")
    yield Closed(ago=course.team(2), thread=thread)
