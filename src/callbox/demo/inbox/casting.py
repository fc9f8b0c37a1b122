"""Who writes about what, and when."""

from collections import defaultdict
from datetime import timedelta
from random import Random

import msgspec

from callbox.demo.inbox.rhythm import some_time
from callbox.demo.inbox.scripts import LEAD, Scripts, Topic
from callbox.demo.inbox.wording import Variety, Wording, facts_of
from callbox.demo.people import Person, Population
from callbox.demo.traces import FAIR

CONVERSATIONS = 284

_ENGLISH = "en"
_TALKATIVE = {"Employee": 1.0, "Planner": 2.2, "Manager": 2.0, "Owner": 1.6, LEAD: 0.5}
_STILL_THERE = timedelta(days=3)
_BETWEEN_TALKS = timedelta(days=4)
_INCIDENT_LASTS = timedelta(days=6)
_HOUR = timedelta(hours=1)


class Talk(msgspec.Struct, frozen=True):
    """A conversation as it begins."""

    thread: str
    person: Person
    topic: Topic
    lines: tuple[str, ...]
    began: timedelta
    wording: Wording


class Casting:
    """Finds for each conversation who could begin it then, and something they would write about."""

    def __init__(self, draw: Random, population: Population, scripts: Scripts, variety: Variety) -> None:
        self._draw = draw
        self._population = population
        self._scripts = scripts
        self._variety = variety
        self._people = [*population.users, *population.leads]
        incidents = dict.fromkeys(topic.incident for topic in scripts.topics if topic.incident)
        self._incidents = {incident: timedelta(days=draw.uniform(9, 78)) for incident in incidents}
        self._talks_of: dict[str, list[Talk]] = defaultdict(list)

    def talks(self) -> list[Talk]:
        """All conversations that contacts begin, the earliest first. A lead is somebody who wrote."""
        first = [
            (lead, lead.arrived - timedelta(minutes=2)) for lead in self._population.leads if lead.arrived.days < 90
        ]
        later = [some_time(self._draw) for _ in range(CONVERSATIONS - len(first))]
        for person, began in first:
            self._cast(person, began)
        for began in later:
            self._cast(self._somebody(began), began)
        talks = [talk for talks in self._talks_of.values() for talk in talks]
        return sorted(talks, key=lambda talk: talk.began, reverse=True)

    def _cast(self, person: Person, began: timedelta) -> None:
        """Of what they could write about, it becomes what was told least."""
        topics = {lines: topic for topic in self._topics(person, began) for lines in topic.dialogues}
        lines = self._variety.choose(list(topics))
        topic = topics[lines]
        wording = self.wording(person, topic.language)
        number = sum(map(len, self._talks_of.values()))
        self._talks_of[person.key].append(Talk(f"talk {number}", person, topic, lines, began, wording))

    def wording(self, person: Person, language: str = _ENGLISH) -> Wording:
        """How a conversation with somebody is worded."""
        manners = self._scripts.manners[language]
        facts = facts_of(self._draw, person, language)
        return Wording(self._variety, self._draw, manners, facts, person.name is not None)

    def _somebody(self, ago: timedelta) -> Person:
        there = [person for person in self._people if self._could_write(person, ago)]
        return self._draw.choices(there, [_TALKATIVE[person.job or LEAD] for person in there])[0]

    def _could_write(self, person: Person, ago: timedelta) -> bool:
        """Those who came before, did not leave since, and have no other question at that time."""
        is_there = person.arrived > ago + _HOUR and person.last_seen < max(ago, _STILL_THERE)
        return is_there and all(abs(talk.began - ago) > _BETWEEN_TALKS for talk in self._talks_of[person.key])

    def _topics(self, person: Person, ago: timedelta) -> list[Topic]:
        """What somebody could write about then: something new to them, and maybe what everybody has trouble with."""
        known = [talk.topic for talk in self._talks_of[person.key]]
        job = person.job or LEAD
        was_met = person.source == FAIR
        fitting = [
            topic
            for topic in self._scripts.topics
            if job in topic.askers and topic not in known and was_met >= topic.fair
        ]
        own = [topic for topic in fitting if topic.language == person.home.language != _ENGLISH]
        if own and person.name is not None and self._draw.random() < 0.5:
            return own
        current = [topic for topic in fitting if topic.incident and self._is_on(topic.incident, ago)]
        if current and self._draw.random() < 0.6:
            return current
        return [topic for topic in fitting if topic.language == _ENGLISH and topic.incident is None]

    def _is_on(self, incident: str, ago: timedelta) -> bool:
        return abs(self._incidents[incident] - ago) < _INCIDENT_LASTS
