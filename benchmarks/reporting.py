"""The numbers as tables, and each goal with whether it was reached."""

import sys
from collections.abc import Iterator
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Measured

TAIL_GOAL = 10.0
MEMORY_GOAL_MB = 150
GROWTH_GOAL = 1.5

console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)


def table_of(measured: list[Measured]) -> Table:
    """The numbers. Processor time is the steadiest of them where other programs run."""
    table = Table(
        "operation",
        "clients",
        "req/s",
        "p50 ms",
        "p99 ms",
        "CPU us",
        "bare req/s",
        "bare CPU us",
        "share",
        "client busy",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for one in measured:
        table.add_row(
            one.operation.name,
            str(one.concurrency),
            f"{median(each.seen.rate for each in one.ours):,.0f}",
            f"{one.p50 * 1000:.2f}",
            f"{one.p99 * 1000:.2f}",
            f"{median(each.cost for each in one.ours) * 1e6:,.0f}",
            f"{median(each.seen.rate for each in one.bare):,.0f}",
            f"{median(each.cost for each in one.bare) * 1e6:,.0f}",
            f"{one.share:.0%}",
            f"{max(each.seen.busy for each in [*one.ours, *one.bare]):.0%}",
        )
    return table


def growth_of(one: Measured, with_few: dict[str, float]) -> float | None:
    """Our median time as a multiple of that with a tenth of the conversations, where that was taken."""
    before = with_few.get(one.operation.name)
    return one.p50 / before if before and one.concurrency == 1 else None


def goals(measured: list[Measured], with_few: dict[str, float], memory_mb: float) -> Iterator[tuple[str, float, float]]:
    """What was to be reached, what was, and the limit. A share has to be above its limit, all else below."""
    p50 = {(one.operation.name, one.concurrency): one.p50 for one in measured}
    for one in measured:
        bound, who = one.operation.bound, f"{one.operation.name}, {one.concurrency} at once"
        yield f"share of the baseline: {who}", one.share, one.operation.share
        if bound is not None and (bound.than, one.concurrency) in p50:
            yield f"p50 / p50 of {bound.than}: {who}", one.p50 / p50[bound.than, one.concurrency], bound.factor
        if one.concurrency > 1:
            yield f"p99 / p50: {who}", one.p99 / one.p50, TAIL_GOAL
        growth = growth_of(one, with_few)
        if growth is not None:
            yield f"p50 / p50 with a tenth of the conversations: {who}", growth, GROWTH_GOAL
    yield "peak memory of a server process, MB", memory_mb, MEMORY_GOAL_MB


def report(measured: list[Measured], with_few: dict[str, float], memory_mb: float) -> None:
    """Print the numbers, and each goal with whether it was reached."""
    console.print(table_of(measured))
    table = Table("goal", "limit", "measured", "reached")
    for name, value, limit in goals(measured, with_few, memory_mb):
        is_share = name.startswith("share")
        reached = value >= limit if is_share else value <= limit
        shown = f"{value:.0%}" if is_share else f"{value:,.2f}"
        wanted = f"at least {limit:.0%}" if is_share else f"at most {limit:g}"
        table.add_row(name, wanted, shown, "yes" if reached else "[bold red]no[/]")
    console.print(table)
