"""`make load`: a workspace at work, on two sizes of data and at several HTTP processes.

Each operation is first timed with one client, so that its time on the one size can be held against the other. Then
many clients ask as fast as they are answered, and last half as often as that, as a server should be run.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import httpx

from benchmarks.dataset import Dataset, console, dataset_in
from benchmarks.load import WARM_UP, Job, http_request, run_job
from benchmarks.machine import machine, versions
from benchmarks.mix.operations import Part, draw, mix
from benchmarks.mix.reporting import Cell, Loaded, errors, report
from benchmarks.servers import (
    free_port,
    memory_mb,
    processes_of,
    processor_seconds,
    running,
    scratch_directory,
    settle,
    wait_until_ready,
)
from callbox.platform.database.embedded import EmbeddedPostgres

_MOST_A_SECOND = 6000  # more than any machine of today answers with this mix
_PACE = 0.5


class Scene:
    """A server on a data set."""

    def __init__(self, directory: Path, dataset: Dataset, port: int, server: int, chance: random.Random) -> None:
        self._port = port
        self._token = dataset.token
        self._dsn = EmbeddedPostgres(directory).dsn
        self._chance = chance
        self._processes = processes_of(server, directory)
        headers = {"Authorization": f"Bearer {dataset.token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as api:
            self.parts: list[Part] = mix(dataset, api)

    def ask(self, clients: int, seconds: float, rate: float = 0) -> Loaded:
        """So many clients ask for the mix, as fast as they are answered or so many times a second."""
        drawn = draw(self.parts, int((rate or _MOST_A_SECOND) * seconds) + clients * WARM_UP, self._chance)
        requests = [http_request(call.method, call.path, self._token, call.body) for _, call in drawn]
        kinds = [place for place, _ in drawn]
        job = Job(self._port, clients, seconds, requests, reusable=False, kinds=kinds, rate=rate)
        before = self._taken()
        seen = run_job(job)
        answered = seen.requests + clients * WARM_UP
        http, postgres, worker = (
            (after - earlier) / answered for after, earlier in zip(self._taken(), before, strict=True)
        )
        memory = memory_mb(self._processes.all)
        settle(self._dsn)
        return Loaded(seen, http, postgres, worker, memory)

    def _taken(self) -> list[float]:
        processes = self._processes
        return [sum(map(processor_seconds, pids)) for pids in (processes.http, processes.postgres, processes.worker)]


def measured(directory: Path, contacts: int, options: argparse.Namespace) -> Iterator[Cell]:
    """Everything on one size."""
    dataset = dataset_in(directory, contacts, contacts)
    chance = random.Random(13)
    for processes in options.processes:
        with serving(directory, processes) as (port, server):
            scene = Scene(directory, dataset, port, server, chance)
            alone = scene.ask(1, options.seconds) if processes == 1 else None
            most = scene.ask(options.clients, options.seconds)
            half = scene.ask(options.clients, options.seconds, most.seen.rate * _PACE)
            yield Cell(contacts, processes, scene.parts, alone, most, half)


@contextmanager
def serving(directory: Path, processes: int) -> Iterator[tuple[int, int]]:
    """A server of so many HTTP processes, its port and its own process."""
    port = free_port()
    serve = ["callbox.cli", "serve", "--data", str(directory), "--port", str(port), "--workers", str(processes)]
    # The limit counts and tells as always; it is only too high to be met.
    with running(serve, {"CALLBOX_RATE_LIMIT": "900000000"}) as server:
        wait_until_ready(server)
        yield port, server.pid


def main() -> None:
    """Read the options; without --keep, the data sets are removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mix", description=__doc__)
    parser.add_argument(
        "--contacts", type=int, nargs="+", default=[100_000, 1_000_000], help="and as many conversations of eight parts"
    )
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="of data sets, for further runs")
    options = parser.parse_args()
    where = machine()
    with nullcontext(options.keep) if options.keep else scratch_directory() as root:
        root.mkdir(exist_ok=True)
        root.chmod(0o755)
        cells = []
        for contacts in options.contacts:
            for cell in measured(root / str(contacts), contacts, options):
                console.print(f"{contacts:,} contacts, {cell.processes} processes: {cell.most.seen.rate:,.0f} req/s")
                cells.append(cell)
        print(f"{where}. {versions(root)}. {options.clients} clients, {options.seconds:g} s each.\n")
        print(report(cells))
        if failed := errors(cells):
            sys.exit(failed)


if __name__ == "__main__":
    main()
