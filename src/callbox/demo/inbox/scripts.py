"""The words of the inbox, as they are kept in `texts/`: what is written about, and how it is said."""

import tomllib
from importlib.resources import files
from typing import Literal, TypeVar

import msgspec

T = TypeVar("T")

_TOPICS = ("rosters", "shifts", "money", "access", "leads", "abroad")
LEAD = "Lead"


class TicketOf(msgspec.Struct, frozen=True):
    """The ticket that a conversation about a topic may become."""

    type: str
    title: str


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to write about, in dialogues that have much in common. Details may follow any first line."""

    area: str
    askers: tuple[str, ...]
    dialogues: tuple[tuple[str, ...], ...]
    details: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    language: str = "en"
    tag: str | None = None
    trouble: bool = False
    picture: bool = False
    paper: bool = False
    fair: bool = False
    incident: str | None = None
    ticket: TicketOf | None = None


class Remark(msgspec.Struct, frozen=True):
    """A rating with its reason."""

    rating: int
    text: str


class Register(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said to questions, or to troubles. Where people come back, it goes with what they are answered."""

    thanks: tuple[str, ...]
    nudges: tuple[str, ...]
    news: tuple[str, ...]
    holding: tuple[str, ...]
    again: tuple[tuple[str, str], ...]
    remarks: tuple[Remark, ...]


class Manners(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said in a language whatever the topic is. `addresses_of_nobody` are for those without a name.

    Who is in a hurry neither greets nor signs, but adds a word.
    """

    greetings: tuple[str, ...]
    signatures: tuple[str, ...]
    hurry: tuple[str, ...]
    addresses: tuple[str, ...]
    addresses_of_nobody: tuple[str, ...]
    farewells: tuple[str, ...]
    silences: tuple[str, ...]
    late: tuple[str, ...]
    handovers: tuple[str, ...]
    taken: tuple[str, ...]
    notes: tuple[str, ...]
    remarks: tuple[Remark, ...]
    question: Register
    trouble: Register


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message that a teammate sends first, what people answer, and what the teammate says to that."""

    kind: Literal["in_app", "email"]
    by: str
    to: tuple[str, ...]
    text: str
    answers: tuple[str, ...]
    follow_up: str = ""
    subject: str | None = None


class Task(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ticket that begins as one: notes for colleagues, updates and replies between the team and the customer."""

    type: str
    title: str
    description: str
    notes: tuple[str, ...]
    updates: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()


class Scripts(msgspec.Struct, frozen=True):
    """All words there are."""

    topics: list[Topic]
    manners: dict[str, Manners]
    letters: list[Letter]
    tasks: list[Task]


def read_scripts() -> Scripts:
    """Read the words."""
    return Scripts(
        topics=[topic for name in _TOPICS for topic in _read(name, dict[str, list[Topic]])["topic"]],
        manners=_read("manners", dict[str, Manners]),
        letters=_read("messages", dict[str, list[Letter]])["message"],
        tasks=_read("tickets", dict[str, list[Task]])["ticket"],
    )


def _read(name: str, kind: type[T]) -> T:
    text = files(__package__).joinpath("texts", f"{name}.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), kind)
