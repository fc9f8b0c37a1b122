"""`make bench`: Callbox and a bare baseline, measured in turns on one freshly loaded database.

Both answer from the same PostgreSQL with `callbox serve`'s defaults, fsync on. In each round every operation runs on
the one and then on the other, so that a busy moment of the machine meets both; medians over the rounds
are shown. Shares hold on other machines, requests a second do not.

What is asked about conversations and tickets is measured twice, first with a tenth of them: the time must not grow.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx

from benchmarks.inbox import data as inbox_data
from benchmarks.inbox import operations as inbox_operations
from benchmarks.measuring import Measured, Operation, Side, Sides, measure, measure_in_turns
from benchmarks.people import data as people_data
from benchmarks.people import operations as people_operations
from benchmarks.reporting import console, report
from benchmarks.servers import (
    first_token,
    free_port,
    http_process,
    peak_memory_mb,
    running,
    scratch_directory,
    settle,
    wait_until_connectable,
)
from callbox.platform.database.embedded import EmbeddedPostgres

CONCURRENCIES = (1, 16)
SMALL_SHARE = 0.1


def run(options: argparse.Namespace, directory: Path) -> None:
    """Start both servers, load, measure, report."""
    port, bare_port = free_port(), free_port()
    serve = ["callbox.cli", "serve", "--data", str(directory), "--port", str(port)]
    # The limit counts and tells as always; it is only too high to be met.
    with running(serve, {"CALLBOX_RATE_LIMIT": "900000000"}) as server:
        token = first_token(server)
        ours = Side(port, http_process(server.pid), token)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=60
        ) as api:
            bench = Bench(options, api, ours, EmbeddedPostgres(directory).dsn)
            bench.load_people()
            bench.load_inbox()
        with running(["benchmarks.baseline", bench.dsn, bench.workspace_id, str(bare_port)], {}) as baseline:
            wait_until_connectable(bare_port)
            measured = bench.compare(Side(bare_port, baseline.pid))
        report(measured, bench.with_few, peak_memory_mb(ours.process))


class Bench:
    """One run: what is loaded, what is measured, and what was already."""

    def __init__(self, options: argparse.Namespace, api: httpx.Client, ours: Side, dsn: str) -> None:
        self.dsn = dsn
        self.workspace_id: str = api.get("/me").json()["app"]["id_code"]
        self.with_few: dict[str, float] = {}
        self._options = options
        self._api = api
        self._ours = ours
        self._operations: list[Operation] = []

    def load_people(self) -> None:
        """Contacts and companies, which conversations need too."""
        options = self._options
        with _timed(f"{options.contacts:,} contacts and {options.companies:,} companies"):
            people_data.define(self._api)
            asyncio.run(people_data.load(self.dsn, self.workspace_id, options.contacts, options.companies))
            people_data.define_segments(self._api)
            settle(self.dsn)
        deep = people_operations.deep_page(self._api, options.contacts)
        self._operations += self._chosen(people_operations.operations(options.contacts, deep))

    def load_inbox(self) -> None:
        """Conversations and tickets, if they are asked for: first some, on which is measured already."""
        options = self._options
        size = inbox_data.Size(options.conversations, options.tickets, options.contacts)
        staff = inbox_data.define(self._api)
        newest, everything = size.newest(SMALL_SHARE), size.newest(1)
        few = self._chosen(inbox_operations.operations(size, staff, newest))
        if not few:
            return
        with _timed(f"{len(newest.conversations):,} conversations and {len(newest.tickets):,} tickets"):
            asyncio.run(inbox_data.load(self.dsn, self.workspace_id, staff, size, newest))
        settle(self.dsn)
        for operation in few:
            times = [measure(operation, 1, options.seconds, self._ours).seen.p50 for _ in range(options.rounds)]
            self.with_few[operation.name] = median(times)
            settle(self.dsn)
        with _timed(f"{size.conversations:,} conversations and {size.tickets:,} tickets"):
            asyncio.run(inbox_data.load(self.dsn, self.workspace_id, staff, size, size.older(SMALL_SHARE)))
        settle(self.dsn)
        self._operations += self._chosen(inbox_operations.operations(size, staff, everything))

    def compare(self, bare: Side) -> list[Measured]:
        """Measure everything on both sides."""
        options, sides = self._options, Sides(self._ours, bare)
        return [
            measure_in_turns(operation, concurrency, options.seconds, options.rounds, sides, self.dsn)
            for operation in self._operations
            for concurrency in CONCURRENCIES
        ]

    def _chosen(self, operations: list[Operation]) -> list[Operation]:
        return [operation for operation in operations if self._options.only in operation.name]


@contextmanager
def _timed(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    console.print(f"{what}, loaded in {time.monotonic() - started:.0f} s")


def main() -> None:
    """Read the options; the data live in a directory that is removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--companies", type=int, default=5_000)
    parser.add_argument("--conversations", type=int, default=100_000, help="of eight parts each")
    parser.add_argument("--tickets", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", metavar="TEXT", help="operations with this in their names")
    options = parser.parse_args()
    with scratch_directory() as directory:
        run(options, directory)


if __name__ == "__main__":
    main()
