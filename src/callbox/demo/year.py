"""What happened at Dawnshift over a year, as moments; what was said in its last months is in `inbox`."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from random import Random
from typing import Any

import msgspec

from callbox.demo import firm
from callbox.demo.firm import AOIFE, KENJI, MAYA, NGOZI, TOMAS
from callbox.demo.people import Account, Passer, Person, Population
from callbox.demo.traces import FAIR
from callbox.people.subscription_types.schemas import ConsentType

_MINUTE = timedelta(minutes=1)
_WEEK = timedelta(weeks=1)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, so long ago."""

    ago: timedelta


class CustomerJoined(Moment, frozen=True, kw_only=True):
    """A company came to be."""

    account: Account


class PersonArrived(Moment, frozen=True, kw_only=True):
    """A user signed up, or a lead wrote."""

    person: Person


class PersonJoinedCustomer(Moment, frozen=True, kw_only=True):
    """A contact was attached to a company."""

    person: Person
    customer: str


class PasserCame(Moment, frozen=True, kw_only=True):
    """Somebody looked at the website."""

    passer: Passer


class PersonActed(Moment, frozen=True, kw_only=True):
    """A data event."""

    person: Person
    event: str
    metadata: dict[str, Any]


class NoteTaken(Moment, frozen=True, kw_only=True):
    """A teammate wrote something down."""

    person: Person
    author: int
    text: str


class PeopleTagged(Moment, frozen=True, kw_only=True):
    """A teammate tagged contacts."""

    tag: str
    people: list[Person]
    by: int


class CustomersTagged(Moment, frozen=True, kw_only=True):
    """A teammate tagged companies."""

    tag: str
    customers: list[str]
    by: int


class PersonChose(Moment, frozen=True, kw_only=True):
    """A contact opted into a subscription type, or out of one."""

    person: Person
    subscription: str
    consent: ConsentType


class TeammateWentAway(Moment, frozen=True, kw_only=True):
    """A teammate is away from then on, and others get what comes in for them."""

    teammate: int


_NOTES_ABOUT_DECIDERS = (
    (AOIFE, "Runs two early shifts herself. Best reached after 11 in the morning."),
    (AOIFE, "Wants the overtime report split by site before she rolls this out everywhere."),
    (MAYA, "Met at their premises. They plan on a whiteboard today and photograph it for the team."),
    (TOMAS, "Had trouble importing last year's roster: the spreadsheet had merged cells. Sent a cleaned template."),
    (NGOZI, "Asked for one yearly invoice instead of twelve. Agreed from the next renewal."),
    (KENJI, "<p>Payroll call done.</p><ul><li>Export every Monday</li><li>Night surcharge is 25 %</li></ul>"),
    (AOIFE, "Renewal: happy with the product, would like a discount for the quiet season."),
    (KENJI, "Single sign-on: waiting for their IT to create the application on their side."),
)
_NOTES_ABOUT_PLANNERS = (
    (TOMAS, "Swaps were approved twice. Explained the difference between <b>offer</b> and <b>swap</b>."),
    (AOIFE, "Publishes the roster on Thursdays; do not schedule maintenance then."),
    (TOMAS, "Prefers e-mail over the phone, the kitchen is loud."),
    (KENJI, "Uses the copied-week trick for the school holidays. Worth a help article."),
)
_NOTES_ABOUT_LEADS = (
    (MAYA, "Compares us with a spreadsheet. Cares most about the phone app for people without e-mail."),
    (MAYA, "Twelve people, one site. <i>Starter</i> is right for them."),
    (TOMAS, "Asked whether shifts may cross midnight. They may; sent the article."),
)
_PAYERS = ("Owner", "Manager")
_MAKERS = ("Owner", "Manager", "Planner")


def the_year(draw: Random, population: Population) -> list[Moment]:
    """All moments, in no order."""
    return list(_Story(draw, population).moments())


class _Story:
    def __init__(self, draw: Random, population: Population) -> None:
        self._draw = draw
        self._population = population
        self._accounts = {account.customer.name: account for account in population.accounts}
        self._invoices = 2041

    def moments(self) -> Iterator[Moment]:
        for account in self._population.accounts:
            # Before its owner, who is there from the same moment on.
            yield CustomerJoined(ago=account.joined + _MINUTE, account=account)
        for person in [*self._population.users, *self._population.leads]:
            yield PersonArrived(ago=person.arrived, person=person)
        for person in self._population.users:
            yield from self._employment(person)
            yield from self._deeds(person)
        for passer in self._population.visitors:
            yield PasserCame(ago=passer.arrived, passer=passer)
        yield TeammateWentAway(ago=firm.AWAY_SINCE, teammate=firm.AWAY)
        yield from self._notes()
        yield from self._tags()
        yield from self._choices()

    def _employment(self, person: Person) -> Iterator[Moment]:
        for customer in person.employers:
            both_there = min(person.arrived, self._accounts[customer].joined)
            yield PersonJoinedCustomer(ago=both_there - _MINUTE, person=person, customer=customer)

    def _deeds(self, person: Person) -> Iterator[Moment]:
        kinds = self._kinds_of_deeds(person)
        for _ in range(min(len(kinds) + 2, 1 + (person.arrived - person.last_seen) // _WEEK)):
            event = self._draw.choice(kinds)
            ago = person.last_seen + (person.arrived - person.last_seen) * self._draw.random() * 0.98
            yield PersonActed(ago=ago, person=person, event=event, metadata=self._metadata(event, person))

    def _kinds_of_deeds(self, person: Person) -> list[str]:
        if person.job == "Employee":
            return ["viewed-shifts", "asked-for-swap"]
        kinds = ["created-roster", "published-roster", "approved-swap", "invited-teammate"]
        return [*kinds, "paid-invoice", "exported-timesheet"] if person.job in _PAYERS else kinds

    def _metadata(self, event: str, person: Person) -> dict[str, Any]:
        match event:
            case "created-roster" | "published-roster":
                return {"shifts": self._draw.randint(12, 90), "site": person.place[0]}
            case "approved-swap" | "asked-for-swap":
                return {"shift": self._draw.choice(("Early", "Late", "Night")), "days_ahead": self._draw.randint(1, 9)}
            case "invited-teammate":
                return {"invited_as": self._draw.choice(("Manager", "Planner", "Employee"))}
            case "exported-timesheet":
                return {"hours": round(self._draw.uniform(120, 2400), 1), "format": "csv"}
            case "paid-invoice":
                return self._invoice(person)
            case _:
                return {"weeks_shown": self._draw.randint(1, 4)}

    def _invoice(self, person: Person) -> dict[str, Any]:
        self._invoices += 1
        spend = self._accounts[person.employers[0]].monthly_spend if person.employers else 16
        return {
            "invoice": {"url": f"https://dawnshift.example/invoices/{self._invoices}", "value": str(self._invoices)},
            "price": {"amount": spend * 100, "currency": "eur"},
        }

    def _notes(self) -> Iterator[Moment]:
        users, leads = self._population.users, self._population.leads
        deciders = [person for person in users if person.job in _PAYERS and person.employers]
        planners = [person for person in users if person.job == "Planner"]
        for people, texts, number in (
            (deciders, _NOTES_ABOUT_DECIDERS, 34),
            (planners, _NOTES_ABOUT_PLANNERS, 16),
            (leads, _NOTES_ABOUT_LEADS, 12),
        ):
            for place, person in enumerate(self._draw.choices(people, k=number)):
                author, text = texts[place % len(texts)]
                yield NoteTaken(
                    ago=person.arrived * self._draw.uniform(0.1, 0.9), person=person, author=author, text=text
                )

    def _tags(self) -> Iterator[Moment]:
        users, leads = self._population.users, self._population.leads
        customers = {name: account.customer for name, account in self._accounts.items()}
        large = {name for name, customer in customers.items() if customer.plan == "Enterprise"}
        of_large = [person for person in users if person.employers and person.employers[0] in large]
        makers = [person for person in users if person.job in _MAKERS]
        deciders = [person for person in users if person.job in _PAYERS]
        new = [person for person in deciders if person.arrived < timedelta(days=45) and person.job == "Owner"]
        lapsed = [person for person in deciders if person.last_seen > timedelta(days=45)]
        met = [lead for lead in leads if lead.source == FAIR]
        busy = [person for person in makers if person.rosters > 40 and person.last_seen < _WEEK]
        yield from self._tagging(75, firm.BETA, self._draw.sample(makers, 26), KENJI)
        yield from self._tagging(52, firm.SSO, self._draw.sample(of_large, 14), KENJI)
        yield from self._tagging(40, firm.VIP, [person for person in of_large if person.job in _PAYERS], MAYA)
        yield from self._tagging(33, firm.FAIR, met, MAYA)
        yield from self._tagging(9, firm.CHAMPION, busy, AOIFE)
        yield from self._tagging(4, firm.CALL, new, AOIFE)
        yield from self._tagging(2, firm.RISK, lapsed, AOIFE)
        yield from self._tagging_customers()

    def _tagging(self, days: int, tag: str, people: Iterable[Person], by: int) -> Iterator[Moment]:
        """Those of the people who were there already."""
        ago = timedelta(days=days)
        there = [person for person in people if person.arrived > ago]
        if there:
            yield PeopleTagged(ago=ago, tag=tag, people=there, by=by)

    def _tagging_customers(self) -> Iterator[Moment]:
        accounts = self._population.accounts
        pilot = [each for each in accounts if each.payroll == "Connected"]
        seasonal = [each for each in accounts if each.customer.industry in {"Hotels", "Leisure"}]
        content = [each for each in accounts if each.health_score > 85]
        worried = [each for each in accounts if each.health_score < 45]
        for tag, tagged, by in (
            (firm.PILOT, pilot, KENJI),
            (firm.SEASONAL, seasonal, AOIFE),
            (firm.REFERENCE, content, MAYA),
            (firm.RISK, worried, AOIFE),
        ):
            yield CustomersTagged(ago=timedelta(days=3), tag=tag, customers=_names(tagged), by=by)

    def _choices(self) -> Iterator[Moment]:
        users, leads = self._population.users, self._population.leads
        makers = [person for person in users if person.job in _MAKERS]
        on_phone = [person for person in users if person.job == "Employee" and person.phone]
        reachable = [lead for lead in leads if lead.email]
        choices: tuple[tuple[str, ConsentType, list[Person]], ...] = (
            (firm.UPDATES, "opt_out", self._draw.sample(users, 14)),
            (firm.SCHOOL, "opt_in", [*self._draw.sample(makers, 24), *self._draw.sample(reachable, 10)]),
            (firm.OPEN_SHIFTS, "opt_in", self._draw.sample(on_phone, len(on_phone) // 2)),
        )
        for subscription, consent, people in choices:
            for person in people:
                ago = person.arrived * self._draw.uniform(0.05, 0.95)
                yield PersonChose(ago=ago, person=person, subscription=subscription, consent=consent)


def _names(accounts: Sequence[Account]) -> list[str]:
    return [account.customer.name for account in accounts]
