"""One operation at one concurrency: what was asked of whom, what the client saw, and what it cost the server."""

from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from benchmarks.load import Job, Result, http_request, run_job
from benchmarks.servers import processor_seconds, settle

_DISTINCT_READS = 2000
_WRITES_A_SECOND = 6000  # more than any machine of today answers on one core


class Call(NamedTuple):
    """One request to both sides; they differ in the path."""

    method: str
    path: str
    bare_path: str
    body: bytes = b""


class Bound(NamedTuple):
    """How much slower than another operation one may be: a factor between the median times."""

    than: str
    factor: float


class Operation(NamedTuple):
    """What is measured. Reads repeat a fixed set of calls; writes make new ones.

    `share` is the part of the baseline's requests a second to be reached, where there is one.
    """

    name: str
    is_write: bool
    call: Callable[[int], Call]
    share: float = 0.0
    bound: Bound | None = None


class Side(NamedTuple):
    """Where requests go, and the process that answers them. The baseline asks for no token."""

    port: int
    process: int
    token: str = ""


class Sides(NamedTuple):
    """What is compared."""

    ours: Side
    bare: Side


class Measurement(NamedTuple):
    """What the client saw, and the processor seconds that the server took for a request."""

    seen: Result
    cost: float


class Measured(NamedTuple):
    """One operation at one concurrency, over all rounds."""

    operation: Operation
    concurrency: int
    ours: list[Measurement]
    bare: list[Measurement]

    @property
    def p50(self) -> float:
        """Our median time in seconds."""
        return median(each.seen.p50 for each in self.ours)

    @property
    def p99(self) -> float:
        """Our 99th percentile in seconds."""
        return median(each.seen.p99 for each in self.ours)

    @property
    def share(self) -> float:
        """Our requests a second as a part of the baseline's, round by round."""
        return median(ours.seen.rate / bare.seen.rate for ours, bare in zip(self.ours, self.bare, strict=True))


def measure(operation: Operation, concurrency: int, seconds: float, side: Side) -> Measurement:
    """Let clients ask for the operation."""
    calls = range(int(_WRITES_A_SECOND * seconds) if operation.is_write else _DISTINCT_READS)
    requests = [
        http_request(call.method, call.path if side.token else call.bare_path, side.token, call.body)
        for call in map(operation.call, calls)
    ]
    job = Job(side.port, concurrency, seconds, requests, reusable=not operation.is_write)
    before = processor_seconds(side.process)
    result = run_job(job)
    if result.errors:
        raise RuntimeError(f"{operation.name}: {result.errors} of {result.requests} failed: {result.first_error}")
    answered = result.requests + concurrency * job.warm_up
    return Measurement(result, (processor_seconds(side.process) - before) / answered)


def measure_in_turns(
    operation: Operation, concurrency: int, seconds: float, rounds: int, sides: Sides, dsn: str
) -> Measured:
    """Baseline and Callbox one after the other, several times."""
    results: tuple[list[Measurement], list[Measurement]] = ([], [])
    for _ in range(rounds):
        for side, of_side in zip((sides.bare, sides.ours), results, strict=True):
            of_side.append(measure(operation, concurrency, seconds, side))
            if operation.is_write:
                settle(dsn)
    bare, ours = results
    return Measured(operation, concurrency, ours, bare)
