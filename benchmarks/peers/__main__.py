"""`make peers`: the same work by Callbox, by django-helpdesk under gunicorn, and the reads by the Prism mock.

All run on this machine in the same run, in turns; Callbox and django-helpdesk on one PostgreSQL, with as many
processes, and with as many conversations or tickets of eight messages each.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.dataset import fill
from benchmarks.machine import machine, markdown, versions
from benchmarks.peers import callbox, helpdesk, prism
from benchmarks.peers.works import Measured, Peer, measure
from benchmarks.servers import descendants, first_token, free_port, memory_mb, running, scratch_directory
from callbox.platform.database.embedded import EmbeddedPostgres

_ENOUGH_FOR_P99 = 100


def run(options: argparse.Namespace, directory: Path) -> None:
    """Start everything, measure, report."""
    where = machine()
    postgres = EmbeddedPostgres(directory)
    postgres.start(lambda _: None)
    try:
        with (
            running_callbox(postgres.dsn, directory, options.tickets, options.workers) as ours,
            helpdesk.running_helpdesk(postgres.dsn, options.tickets, options.workers, options.clients) as theirs,
            prism.running_prism(directory) as mock,
        ):
            peers = [ours, theirs, *mock]
            measured = measure(peers, options.clients, options.seconds, options.rounds)
            print(f"{where}. {versions(directory)}; {helpdesk.versions()}; Prism {prism.VERSION}.")
            print(
                f"{options.tickets:,} conversations or tickets, {options.workers} processes each (Prism: one), "
                f"{options.clients} clients; medians of {options.rounds} rounds of {options.seconds:g} s.\n"
            )
            print(report(measured))
            for peer in peers:
                memory = memory_mb([peer.process, *descendants(peer.process)])
                print(f"\nMemory of {peer.name}, without PostgreSQL: {memory:,.0f} MB.")
    finally:
        postgres.stop()


@contextmanager
def running_callbox(dsn: str, directory: Path, tickets: int, workers: int) -> Iterator[Peer]:
    """A server with its job worker, on a database that is filled."""
    port = free_port()
    serve = ["callbox.cli", "serve", "--data", str(directory), "--port", str(port), "--workers", str(workers)]
    environment = {"CALLBOX_DATABASE_URL": dsn, "CALLBOX_RATE_LIMIT": "900000000"}
    with running(serve, environment) as process:
        token = first_token(process)
        dataset = fill(f"http://127.0.0.1:{port}", token, dsn, tickets, tickets)
        yield Peer("Callbox", port, process.pid, callbox.ways(dataset), token)


def report(measured: Sequence[Measured]) -> str:
    """One line for each way of doing a work, beside Callbox's."""
    ours = {one.way.work: one.rate for one in measured if one.peer.name == "Callbox"}
    rows = []
    for one in measured:
        is_ours = one.peer.name == "Callbox"
        p50, p99 = (median(times) * 1000 for times in zip(*((each.p50, each.p99) for each in one.seen), strict=True))
        rows.append(
            (
                one.way.work,
                one.peer.name,
                f"`{one.way.path}`",
                f"{one.rate:,.1f}",
                f"{p50:,.1f}",
                f"{p99:,.1f}" if min(each.requests for each in one.seen) >= _ENOUGH_FOR_P99 else "",
                "" if is_ours else f"{ours[one.way.work] / one.rate:,.1f}",
            )
        )
    return markdown(("work", "by", "how", "req/s", "p50 ms", "p99 ms", "Callbox's req/s / these"), rows)


def main() -> None:
    """Read the options; the data live in a directory that is removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--tickets", type=int, default=2_000, help="of eight messages each, and as many contacts")
    parser.add_argument("--workers", type=int, default=2, help="processes of each server")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with scratch_directory() as directory:
        run(options, directory)


if __name__ == "__main__":
    main()
