"""The people of the demo workspace: who they are, where they work, since when, and how much they are seen.

Every time is counted back from now, as `ago`. Everything is drawn from one seeded generator, in one order.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any

import msgspec

from callbox.demo.firm import (
    ADVISED,
    ADVISERS,
    AOIFE,
    CONNECTED_PLANS,
    CUSTOMERS,
    MAYA,
    PRICES,
    TOMAS,
    Customer,
)
from callbox.demo.homes import HOMES, Home, Names
from callbox.demo.traces import FAIR, SOURCES, UNKNOWN, Source, draw_traces

USERS, LEADS, VISITORS = 148, 52, 10
TRIAL = timedelta(days=30)
_FIRST_CUSTOMER, _LATEST_CUSTOMER = timedelta(days=352), timedelta(days=6)
# When the firm had a stand at a trade fair, in days, and how many it met there.
_FAIR_DAYS = (34, 36)
_FAIR_LEADS = 14
_LEADS_WITHOUT_ADDRESS, _LEADS_WITHOUT_NAME = 9, 5


class Account(msgspec.Struct, frozen=True):
    """A customer with what became of it."""

    customer: Customer
    key: str
    places: tuple[tuple[str, str], ...]
    joined: timedelta
    health_score: float
    payroll: str
    single_sign_on: bool

    @property
    def monthly_spend(self) -> int:
        """What it pays."""
        return round(self.customer.size * PRICES[self.customer.plan])

    @property
    def attributes(self) -> dict[str, Any]:
        """Custom attributes; contracts run for a year."""
        return {
            "sites": self.customer.sites,
            "health_score": self.health_score,
            "single_sign_on": self.single_sign_on,
            "payroll": self.payroll,
            "renews_on": self.joined - timedelta(days=365),
        }


class Person(msgspec.Struct, frozen=True):
    """A user or lead. A lead may have left no name or no address; attributes that are times are counted back too."""

    key: str  # of a user, also what the customer's system calls them
    role: str
    name: str | None
    email: str | None
    phone: str | None
    home: Home
    place: tuple[str, str]
    arrived: timedelta
    last_seen: timedelta
    owner: int | None = None
    employers: tuple[str, ...] = ()
    attributes: dict[str, Any] = {}
    traces: dict[str, str] = {}
    source: Source = UNKNOWN
    unsubscribed: bool = False

    @property
    def job(self) -> str | None:
        """Their job role, where it is known."""
        return self.attributes.get("job_role")

    @property
    def rosters(self) -> int:
        """How many rosters they have published."""
        published: int = self.attributes.get("rosters_published", 0)
        return published


class Passer(msgspec.Struct, frozen=True):
    """A visitor of the website."""

    key: str
    home: Home
    place: tuple[str, str]
    arrived: timedelta
    last_seen: timedelta
    sessions: int
    source: Source


class Population(msgspec.Struct, frozen=True):
    """Everybody."""

    accounts: list[Account]
    users: list[Person]
    leads: list[Person]
    visitors: list[Passer]


def populate(draw: Random) -> Population:
    """The same population for a generator in the same state."""
    crowd = _Crowd(draw)
    accounts = crowd.accounts()
    return Population(accounts, crowd.users(accounts), crowd.leads(), crowd.visitors())


class _Post(msgspec.Struct, frozen=True):
    """What a user does where; the owner is the teammate who looks after them."""

    job: str
    places: tuple[tuple[str, str], ...]
    trial_ends: timedelta
    owner: int | None = None
    employers: tuple[str, ...] = ()


class _Crowd:
    def __init__(self, draw: Random) -> None:
        self._draw = draw
        self._names = Names(draw)
        self._user_numbers = count(1001)

    def accounts(self) -> list[Account]:
        step = (_FIRST_CUSTOMER - _LATEST_CUSTOMER) / (len(CUSTOMERS) - 1)
        days = [_FIRST_CUSTOMER - step * place for place in range(len(CUSTOMERS))]
        self._draw.shuffle(days)
        return [
            self._account(customer, number, joined)
            for number, (customer, joined) in enumerate(zip(CUSTOMERS, days, strict=True), start=1)
        ]

    def _account(self, customer: Customer, number: int, joined: timedelta) -> Account:
        places = HOMES[customer.home].places
        is_large = customer.plan in CONNECTED_PLANS
        weights = (6, 3, 1) if is_large else (1, 4, 5)
        return Account(
            customer=customer,
            key=f"ds-{number:03}",
            places=places if customer.sites > 1 else (self._draw.choice(places),),
            joined=joined,
            health_score=round(self._draw.uniform(30, 98), 1),
            payroll=self._draw.choices(("Connected", "Spreadsheet", "By hand"), weights)[0],
            single_sign_on=customer.plan == "Enterprise" and self._draw.random() < 0.7,
        )

    def users(self, accounts: Sequence[Account]) -> list[Person]:
        users = [self._employee(account, place) for account in accounts for place in range(account.customer.people)]
        codes = list(HOMES)
        return users + [self._sole_trader(codes[place % len(codes)]) for place in range(USERS - len(users))]

    def _employee(self, account: Account, place: int) -> Person:
        """The first of a customer is its owner, who signed up for it; the others came after."""
        customer = account.customer
        arrived = account.joined if place == 0 else account.joined * self._draw.uniform(0.08, 0.98)
        job = ("Owner", "Manager")[place] if place < 2 else self._draw.choices(("Planner", "Employee"), (2, 3))[0]
        advised = ADVISED if customer.name == ADVISERS and place < 3 else ()
        post = _Post(
            job=job,
            places=account.places,
            trial_ends=account.joined - TRIAL,
            owner=AOIFE if customer.plan in CONNECTED_PLANS else None,
            employers=(customer.name, *advised),
        )
        return self._user(customer.home, f"{customer.domain}.example", arrived, post)

    def _sole_trader(self, code: str) -> Person:
        """Somebody who plans for a few people and is in no company."""
        arrived = timedelta(days=self._draw.uniform(3, 200))
        return self._user(code, "example.com", arrived, _Post("Owner", HOMES[code].places, arrived - TRIAL))

    def _user(self, code: str, domain: str, arrived: timedelta, post: _Post) -> Person:
        name = self._names.name(code)
        home = HOMES[code]
        last_seen = self._last_seen(arrived)
        has_app = self._draw.random() < (0.85 if post.job == "Employee" else 0.5)
        return Person(
            key=f"dawn-{next(self._user_numbers)}",
            role="user",
            name=name.full,
            email=f"{name.mailbox}@{domain}",
            phone=self._names.phone(code) if self._draw.random() < 0.7 else None,
            home=home,
            place=self._draw.choice(post.places),
            arrived=arrived,
            last_seen=last_seen,
            owner=post.owner,
            employers=post.employers,
            attributes={
                "job_role": post.job,
                "mobile_app": has_app,
                "preferred_language": home.language,
                **self._work_of(post.job, arrived - last_seen),
                **({"trial_ends_on": post.trial_ends} if post.job == "Owner" else {}),
            },
            traces=draw_traces(self._draw, home, has_app=has_app),
            source=self._draw.choice(SOURCES) if self._draw.random() < 0.4 else UNKNOWN,
            unsubscribed=self._draw.random() < 0.05,
        )

    def _last_seen(self, arrived: timedelta) -> timedelta:
        """Most come every few days; some slip away; some are gone. Nobody was seen before they came."""
        span = self._draw.choices(((0.02, 3), (3, 14), (31, 59), (61, 150)), (62, 14, 12, 12))[0]
        return min(timedelta(days=self._draw.uniform(*span)), arrived * 0.9)

    def _work_of(self, job: str, active: timedelta) -> dict[str, Any]:
        if job == "Employee":
            return {}
        weeks = active / timedelta(weeks=1)
        busy = self._draw.uniform(0.3, 0.8) if job == "Owner" else self._draw.uniform(0.7, 2.2)
        return {"rosters_published": int(weeks * busy), "hours_saved": round(self._draw.uniform(1, 6) * busy, 1)}

    def leads(self) -> list[Person]:
        codes = list(HOMES)
        self._draw.shuffle(codes)
        return [self._lead(codes[place % len(codes)], place) for place in range(LEADS)]

    def _lead(self, code: str, place: int) -> Person:
        """The first ones were met at the fair; of the last ones less is known."""
        home, name = HOMES[code], self._names.name(code)
        was_met = place < _FAIR_LEADS
        days = _FAIR_DAYS if was_met else (1, 170)
        arrived = timedelta(days=self._draw.uniform(*days))
        from_end = LEADS - place
        has_email = from_end > _LEADS_WITHOUT_ADDRESS
        is_named = from_end <= _LEADS_WITHOUT_ADDRESS or from_end > _LEADS_WITHOUT_ADDRESS + _LEADS_WITHOUT_NAME
        return Person(
            key=f"lead-{place}",
            role="lead",
            name=name.full if is_named else None,
            email=f"{name.mailbox}@{self._draw.choice(('example.com', 'example.net', 'example.org'))}"
            if has_email
            else None,
            phone=self._names.phone(code) if was_met else None,
            home=home,
            place=self._draw.choice(home.places),
            arrived=arrived,
            last_seen=arrived * self._draw.uniform(0.1, 0.95),
            owner=self._draw.choice((MAYA, TOMAS)) if was_met else None,
            attributes={"preferred_language": home.language},
            traces=draw_traces(self._draw, home, has_app=False),
            source=FAIR if was_met else self._draw.choice(SOURCES),
        )

    def visitors(self) -> list[Passer]:
        codes = self._draw.sample(list(HOMES), VISITORS)
        return [self._passer(HOMES[code], f"visitor-{place}") for place, code in enumerate(codes)]

    def _passer(self, home: Home, key: str) -> Passer:
        arrived = timedelta(days=self._draw.uniform(0.1, 12))
        sessions = self._draw.randint(1, 6)
        last_seen = arrived * self._draw.uniform(0.02, 0.9)
        place = self._draw.choice(home.places)
        return Passer(key, home, place, arrived, last_seen, sessions, self._draw.choice(SOURCES))
