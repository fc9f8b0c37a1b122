"""Puts facts into words: the same text tells of another site, colleague or day in each conversation."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from random import Random
from typing import TypeVar

import msgspec

from callbox.demo import firm
from callbox.demo.inbox.scripts import Manners
from callbox.demo.people import Person

T = TypeVar("T", bound=Hashable)

# Stands in texts until it is known who says or gets them.
TEAMMATE = "{teammate}"

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado"),
}
_CREWS = {
    "Bakery": ("bakers", "people at the counter"),
    "Restaurants": ("cooks", "waiters", "people at the bar"),
    "Healthcare": ("nurses", "carers", "people in the laboratory"),
    "Hotels": ("receptionists", "people in housekeeping", "cooks"),
    "Retail": ("people at the tills", "people in the storeroom"),
    "Logistics": ("drivers", "people in the warehouse"),
    "Childcare": ("educators", "kitchen helpers"),
    "Leisure": ("trainers", "guides", "people at the desk"),
    "Manufacturing": ("line operators", "weavers", "people in dispatch"),
    "Accounting": ("bookkeepers",),
}
_ANY_CREW = ("drivers", "weekend helpers", "students", "people at the counter")
_ANY_COMPANY = ("our café", "our shop", "our workshop", "the practice", "our little hotel")
_GREETINGS = ("Hi", "Hello", "Hola", "Bonjour")
_CUSTOMERS = {customer.name: customer for customer in firm.CUSTOMERS}


class Variety:
    """Draws so that nothing comes again before everything else had its turn."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._used: Counter[Hashable] = Counter()

    def choose(self, options: Sequence[T]) -> T:
        """One of those that were chosen least."""
        fewest = min(self._used[option] for option in options)
        chosen = self._draw.choice([option for option in options if self._used[option] == fewest])
        self._used[chosen] += 1
        return chosen

    def unheard(self, compose: Callable[[], str]) -> str:
        """What is composed, as soon as it is something new."""
        while self._used[text := compose()]:
            continue
        self._used[text] += 1
        return text


class Wording(msgspec.Struct):
    """How one conversation is worded: in the manners of its language, with facts that stay the same in it."""

    variety: Variety
    draw: Random
    manners: Manners
    facts: dict[str, str]
    has_name: bool

    def say(self, options: Sequence[str]) -> str:
        """One of the texts, with the facts in it."""
        return self.variety.choose(options).format_map(self.facts)

    def opening(self, text: str) -> str:
        """A text as a customer's first message. Who begins in small letters is in a hurry."""
        if text[0].islower():
            return f"{text} {self.say(self.manners.hurry)}"
        paragraphs = [text]
        if self.draw.random() < 0.7 and not text.startswith(_GREETINGS):
            paragraphs.insert(0, self.say(self.manners.greetings))
        if self.draw.random() < 0.5:
            paragraphs.append(self.say(self._signatures()))
        return "\n\n".join(paragraphs)

    def answer(self, *sentences: str) -> str:
        """Sentences as a teammate writes them to the customer."""
        addresses = self.manners.addresses if self.has_name else self.manners.addresses_of_nobody
        return f"{self.say(addresses)}\n\n{' '.join(sentences)}"

    def _signatures(self) -> Sequence[str]:
        nameless = [signature for signature in self.manners.signatures if "{me}" not in signature]
        return nameless if not self.has_name and nameless else self.manners.signatures


def facts_of(draw: Random, person: Person, language: str) -> dict[str, str]:
    """What a person may write of: their places, colleagues, days, numbers."""
    customer = _CUSTOMERS[person.employers[0]] if person.employers else None
    site = person.place[0]
    me = first_name(person)
    colleague, other_colleague = draw.sample([name for name in map(_written, person.home.given) if name != me], 2)
    day, other_day = draw.sample(_DAYS[language], 2)
    people = min(customer.size, draw.randint(8, 95)) if customer else draw.randint(5, 45)
    hours = f"{draw.randrange(10, 60) / 4:g}"
    return {
        "me": me or "",
        "name": me or "there",
        "company": customer.name if customer else draw.choice(_ANY_COMPANY),
        "crew": draw.choice(_CREWS[customer.industry] if customer else _ANY_CREW),
        "site": site,
        "other_site": next((place for place, _ in person.home.places if place != site), f"{site} South"),
        "colleague": colleague,
        "other_colleague": other_colleague,
        "day": day,
        "other_day": other_day,
        "shift": draw.choice(("early", "late", "night")),
        "people": str(people),
        "price": str(people * 4),
        "yearly": f"{people * 40:,}" if language == "en" else str(people * 40),
        "count": str(draw.randint(2, 6)),
        "hours": hours if language == "en" else hours.replace(".", ","),
        "minutes": draw.choice(("10", "15", "20", "30", "45")),
        "time": draw.choice(("05:45", "06:00", "06:15", "06:30", "07:00")),
        "hour": draw.choice(("10:00", "11:30", "14:00", "15:30", "16:15")),
        "percent": draw.choice(("25", "30", "40")),
        "amount": str(draw.randrange(48, 640, 4)),
        "invoice": str(draw.randint(2050, 2790)),
        "number": str(draw.randint(104, 970)),
        "teammate": TEAMMATE,
    }


def first_name(person: Person) -> str | None:
    """What friends call somebody, as far as their name is known."""
    if person.name is None:
        return None
    return person.name.split()[-1 if person.home.family_first else 0]


def _written(given: str) -> str:
    return given.partition("|")[0]
