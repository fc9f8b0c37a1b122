"""What is done by each: the works, and who does them how."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import msgspec

from benchmarks.load import Job, Result, http_request, run_job
from benchmarks.measuring import Call

PER_PAGE = 25
CREATE = "create a ticket"
READ = "read one with its messages"
READ_CONTACT = "read a contact"
LIST = f"list {PER_PAGE}"
SEARCH = f"search by a word, first {PER_PAGE} and the total"
REPLY = "reply"
WORKS = (READ, READ_CONTACT, LIST, SEARCH, REPLY, CREATE)
_WRITES = frozenset({CREATE, REPLY})

_DISTINCT_READS = 500
_MOST_WRITES_A_SECOND = 4000
_WARM_UP = 1  # of each client, for one of those that are measured takes seconds over some works


class Way(NamedTuple):
    """How a work is asked for."""

    work: str
    call: Callable[[int], Call]
    path: str  # as a report shows it


class Peer(NamedTuple):
    """One that is measured, as it runs. A browser's cookie goes along with requests to pages that take no token."""

    name: str
    port: int
    process: int
    ways: Sequence[Way]
    token: str = ""
    cookie: str = ""


class Measured(NamedTuple):
    """What clients saw of a work, in all rounds."""

    peer: Peer
    way: Way
    seen: list[Result]

    @property
    def rate(self) -> float:
        """Requests a second, the median of the rounds."""
        return median(each.rate for each in self.seen)


def measure(peers: Sequence[Peer], clients: int, seconds: float, rounds: int) -> list[Measured]:
    """Each work by each peer that does it, in turns."""
    chosen = [Measured(peer, way, []) for work in WORKS for peer in peers for way in peer.ways if way.work == work]
    for _ in range(rounds):
        for one in chosen:
            one.seen.append(_measure(one.peer, one.way, clients, seconds))
    return chosen


def _measure(peer: Peer, way: Way, clients: int, seconds: float) -> Result:
    is_write = way.work in _WRITES
    calls = range(int(_MOST_WRITES_A_SECOND * seconds) if is_write else _DISTINCT_READS)
    requests = [
        http_request(call.method, call.path, peer.token, call.body, peer.cookie) for call in map(way.call, calls)
    ]
    seen = run_job(Job(peer.port, clients, seconds, requests, reusable=not is_write, warm_up=_WARM_UP))
    if seen.errors:
        raise RuntimeError(f"{peer.name}, {way.work}: {seen.errors} of {seen.requests} failed: {seen.first_error}")
    return seen


def get(path: str) -> Call:
    """A read."""
    return Call("GET", path, "")


def post(path: str, **body: object) -> Call:
    """Anything with a body."""
    return Call("POST", path, "", msgspec.json.encode(body))
