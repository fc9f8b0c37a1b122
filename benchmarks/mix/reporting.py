"""The numbers of the mix as Markdown, to be put into docs/benchmarks.md as they are."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from benchmarks.load import Result, percentile
from benchmarks.machine import markdown
from benchmarks.mix.operations import CLASSES, Class, Part

_PERCENTILES = (0.5, 0.99, 0.999)
_COSTS = ("HTTP µs", "PostgreSQL µs", "worker µs")


class Loaded(NamedTuple):
    """What clients saw, and the processor seconds that a request took in each part of the server."""

    seen: Result
    http: float
    postgres: float
    worker: float
    memory_mb: float


class Cell(NamedTuple):
    """One size at one number of HTTP processes."""

    contacts: int
    processes: int
    parts: Sequence[Part]
    alone: Loaded | None  # one client, where there is one process
    most: Loaded
    half: Loaded

    @property
    def all(self) -> list[Loaded]:
        """Every measurement."""
        return [each for each in (self.alone, self.most, self.half) if each is not None]


def errors(cells: Iterable[Cell]) -> str:
    """The first answer that was no success, if there is one."""
    return next((each.seen.first_error for cell in cells for each in cell.all if each.seen.errors), "")


def report(cells: Sequence[Cell]) -> str:
    """All tables."""
    return "\n\n".join((
        "### Throughput and memory",
        markdown(
            ("contacts", "processes", "req/s", *_COSTS, "memory MB", "client busy", "errors"),
            (_throughput(cell) for cell in cells),
        ),
        "### Times in ms: p50 / p99 / p99.9",
        markdown(
            ("contacts", "processes", "load", "req/s", *CLASSES),
            (row for cell in cells for row in _times(cell)),
        ),
        "### One client, one process: median ms of each operation",
        _growth([cell for cell in cells if cell.alone is not None]),
    ))  # fmt: skip


def _throughput(cell: Cell) -> tuple[str, ...]:
    most = cell.most
    return (
        f"{cell.contacts:,}",
        str(cell.processes),
        f"{most.seen.rate:,.0f}",
        f"{most.http * 1e6:,.0f}",
        f"{most.postgres * 1e6:,.0f}",
        f"{most.worker * 1e6:,.0f}",
        f"{most.memory_mb:,.0f}",
        f"{most.seen.busy:.0%}",
        str(sum(each.seen.errors for each in cell.all)),
    )


def _times(cell: Cell) -> Iterable[tuple[str, ...]]:
    for name, loaded in (("full", cell.most), ("half", cell.half)):
        shown = (_percentiles(_of_class(cell.parts, loaded.seen, each)) for each in CLASSES)
        yield f"{cell.contacts:,}", str(cell.processes), name, f"{loaded.seen.rate:,.0f}", *shown


def _of_class(parts: Sequence[Part], seen: Result, kind: Class) -> list[float]:
    of_parts = (times for part, times in zip(parts, seen.times, strict=False) if part.kind == kind)
    return sorted(time for times in of_parts for time in times)


def _percentiles(times: Sequence[float]) -> str:
    return " / ".join(f"{percentile(times, share) * 1000:,.1f}" for share in _PERCENTILES)


def _growth(cells: Sequence[Cell]) -> str:
    """Each size, and the further ones as multiples of the first."""
    rows = []
    for place, part in enumerate(cells[0].parts if cells else ()):
        medians = [percentile(cell.alone.seen.times[place], 0.5) for cell in cells if cell.alone]
        growth = [f"{each / medians[0]:.2f}" if medians[0] else "" for each in medians[1:]]
        rows.append((part.name, part.kind, f"{part.weight:g} %", *(f"{each * 1000:.2f}" for each in medians), *growth))
    sizes = (f"{cell.contacts:,}" for cell in cells)
    return markdown(("operation", "class", "share", *sizes, *["growth"] * (len(cells) - 1)), rows)
