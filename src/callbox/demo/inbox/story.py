"""The whole story of the inbox: three months of conversations, messages and tickets as moments."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from random import Random

from callbox.demo import firm
from callbox.demo.inbox.casting import Casting, Talk
from callbox.demo.inbox.letters import LettersStory
from callbox.demo.inbox.moments import ThreadMoment
from callbox.demo.inbox.scripts import read_scripts
from callbox.demo.inbox.talks import TalkStory
from callbox.demo.inbox.tasks import TasksStory
from callbox.demo.inbox.wording import Variety
from callbox.demo.people import Person, Population

_CONVERTED = 18
_OLD_ENOUGH = timedelta(days=4)
_EVERY_SO_MANY_WITH_COMPANY = 14


def the_inbox(population: Population) -> list[ThreadMoment]:
    """All moments that have come about until now."""
    draw = _generator("inbox")
    scripts = read_scripts()
    casting = Casting(draw, population, scripts, Variety(draw))
    talks = casting.talks()
    converted = _converted(draw, talks)
    moments: list[ThreadMoment] = []
    for number, talk in enumerate(talks):
        companion = _companion(population, talk) if number % _EVERY_SO_MANY_WITH_COMPANY == 5 else None
        story = TalkStory(_generator(talk.thread), talk, number, companion, is_ticket=talk.thread in converted)
        moments += _until_now(story.moments())
    letters = LettersStory(_generator("letters"), population, casting)
    for number, letter in enumerate(scripts.letters):
        moments += _until_now(letters.moments(number, letter))
    tasks = TasksStory(_generator("tasks"), population, casting, talks)
    for number, task in enumerate(scripts.tasks):
        moments += _until_now(tasks.moments(number, task))
    return moments


def _generator(of: str) -> Random:
    """One for each thing that is told, so that telling it in another way leaves all others as they were."""
    return Random(f"{firm.NAME}, {of}")  # noqa: S311  # the same data at every run is the point


def _until_now(moments: Iterable[ThreadMoment]) -> Iterator[ThreadMoment]:
    return (moment for moment in moments if moment.ago > timedelta(0))


def _converted(draw: Random, talks: Sequence[Talk]) -> set[str]:
    able = [talk.thread for talk in talks if talk.topic.ticket and talk.began > _OLD_ENOUGH]
    return set(draw.sample(able, _CONVERTED))


def _companion(population: Population, talk: Talk) -> Person | None:
    """A colleague who was there."""
    person = talk.person
    return next(
        (
            other
            for other in population.users
            if other.employers[:1] == person.employers[:1] != () and other is not person and other.arrived > talk.began
        ),
        None,
    )
