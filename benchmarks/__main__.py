"""`make bench`: Callbox and a bare baseline, measured in turns on one freshly loaded database.

Both answer from the same PostgreSQL with `callbox serve`'s defaults, fsync on. In each round every operation runs on
the one and then on the other, so that a busy moment of the machine meets both; medians over the rounds
are shown. Shares hold on other machines, requests a second do not.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

import asyncpg
import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks import data
from benchmarks.load import Job, Result, http_request
from callbox.platform.database.embedded import EmbeddedPostgres

CONCURRENCIES = (1, 16)
READ_GOAL = 0.60
WRITE_GOAL = 0.50
DEEP_PAGE_GOAL = 1.2
SEARCH_GOAL = 2.0
TAIL_GOAL = 10.0
MEMORY_GOAL_MB = 150
PER_PAGE = 50
DEEP_PAGE = 1000
_LARGEST_PER_PAGE = 150
_DISTINCT_READS = 2000
_WRITES_A_SECOND = 6000  # more than any machine of today answers on one core

_console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)


class Call(NamedTuple):
    """One request to both sides; they differ in the path."""

    method: str
    path: str
    bare_path: str
    body: bytes = b""


class Operation(NamedTuple):
    """What is measured. Reads repeat a fixed set of calls; writes make new ones."""

    name: str
    is_write: bool
    call: Callable[[int], Call]


class Workspace(NamedTuple):
    """What the requests need to know."""

    id: str
    contacts: int
    deep_page: int
    deep_cursor: str
    before_deep_page: str


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


def operations(workspace: Workspace) -> list[Operation]:
    """The operations, reads first: writes leave work behind that would disturb them."""
    chance = random.Random(3)
    fresh = count()

    def some() -> int:
        return chance.randrange(workspace.contacts)

    def get(_: int) -> Call:
        contact_id = data.contact_id(some())
        return Call("GET", f"/contacts/{contact_id}", f"/get/{contact_id}")

    def deep_page(_: int) -> Call:
        path = f"/contacts?per_page={PER_PAGE}&starting_after={workspace.deep_cursor}"
        return Call("GET", path, f"/list_after/{workspace.before_deep_page}")

    def by_email(_: int) -> Call:
        query = {"field": "email", "operator": "=", "value": data.email(some())}
        return Call("POST", "/contacts/search", "/search_email/", msgspec.json.encode({"query": query}))

    def by_attributes(_: int) -> Call:
        number = some()
        filters = [
            {"field": "custom_attributes.shop", "operator": "=", "value": data.shop(number)},
            {"field": "custom_attributes.plan", "operator": "=", "value": data.plan(number)},
        ]
        body = msgspec.json.encode({"query": {"operator": "AND", "value": filters}})
        return Call("POST", "/contacts/search", "/search_attributes/", body)

    def create(_: int) -> Call:
        number = workspace.contacts + next(fresh)
        contact = {
            "role": "user",
            "external_id": data.external_id(number),
            "email": data.email(number),
            "name": f"New Contact {number % 1000}",
            "custom_attributes": {"plan": data.plan(number), "shop": data.shop(number), "seats": number % 500},
        }
        return Call("POST", "/contacts", "/create/", msgspec.json.encode(contact))

    def update(_: int) -> Call:
        number = some()
        change = {"name": f"Renamed Contact {next(fresh) % 1000}", "custom_attributes": {"seats": number % 500}}
        contact_id = data.contact_id(number)
        return Call("PUT", f"/contacts/{contact_id}", f"/update/{contact_id}", msgspec.json.encode(change))

    def submit_event(_: int) -> Call:
        event = {
            "event_name": "opened-page",
            "created_at": 1_767_225_600 + next(fresh),
            "user_id": data.external_id(some()),
            "metadata": {"page": "/prices", "seconds": 12},
        }
        return Call("POST", "/events", "/event/", msgspec.json.encode(event))

    return [
        Operation("get contact", False, get),
        Operation(f"list {PER_PAGE} contacts, first page", False, lambda _: Call("GET", "/contacts", "/list/")),
        Operation(f"list {PER_PAGE} contacts, page {workspace.deep_page:,}", False, deep_page),
        Operation("search by e-mail", False, by_email),
        Operation("search by two attributes", False, by_attributes),
        Operation("create contact", True, create),
        Operation("update contact", True, update),
        Operation("submit event", True, submit_event),
    ]


def measure(operation: Operation, concurrency: int, seconds: float, side: Side) -> Measurement:
    """Run the load generator, a process of its own."""
    calls = range(int(_WRITES_A_SECOND * seconds) if operation.is_write else _DISTINCT_READS)
    requests = [
        http_request(call.method, call.path if side.token else call.bare_path, side.token, call.body)
        for call in map(operation.call, calls)
    ]
    job = Job(side.port, concurrency, seconds, requests, reusable=not operation.is_write)
    before = processor_seconds(side.process)
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=msgspec.msgpack.encode(job), capture_output=True, check=False
    )
    if process.returncode:
        raise RuntimeError(process.stderr.decode())
    result = msgspec.msgpack.decode(process.stdout, type=Result)
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


@contextmanager
def running(arguments: list[str], environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A process that is terminated at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def first_token(process: "subprocess.Popen[str]") -> str:
    """The access token that a new server prints once it is ready."""
    assert process.stdout is not None
    token = ""
    for line in process.stdout:
        if line.startswith("Access token:"):
            token = line.split()[2]
        if line.startswith("  curl"):
            return token
    raise RuntimeError("the server ended before it was ready")


def wait_until_connectable(port: int) -> None:
    """Wait for a server on the loopback interface."""
    deadline = time.monotonic() + 30
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            if time.monotonic() > deadline:
                raise RuntimeError("the baseline does not listen")
            time.sleep(0.05)


def settle(dsn: str) -> None:
    """Wait until the job worker has done what writes left for it."""

    async def is_busy() -> bool:
        connection = await asyncpg.connect(dsn)
        try:
            return bool(
                await connection.fetchval(
                    "SELECT EXISTS (SELECT FROM outbox) OR EXISTS (SELECT FROM pgqueuer WHERE status <> 'failed')"
                )
            )
        finally:
            await connection.close()

    while asyncio.run(is_busy()):
        time.sleep(0.1)


def http_process(server: int) -> int:
    """The process of a server that answers requests."""
    for status in Path("/proc").glob("[0-9]*/status"):
        parent = next((line for line in status.read_text().splitlines() if line.startswith("PPid:")), "PPid: 0")
        command = (status.parent / "cmdline").read_bytes().split(b"\0")
        if int(parent.split()[1]) == server and b"http" in command:
            return int(status.parent.name)
    raise RuntimeError("the server has no HTTP process")


def processor_seconds(pid: int) -> float:
    """The processor time that a process has taken."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def peak_memory_mb(pid: int) -> float:
    """The most memory that a process held at once."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def loaded(api: httpx.Client, dsn: str, contacts: int, companies: int) -> Workspace:
    """Fill the first workspace, and walk to the page that is measured."""
    workspace = api.get("/me").json()["app"]["id_code"]
    data.define(api)
    asyncio.run(data.load(dsn, workspace, contacts, companies))
    data.define_segments(api)
    settle(dsn)
    deep_page = min(DEEP_PAGE, contacts // PER_PAGE)
    before = (deep_page - 1) * PER_PAGE
    cursor = ""
    for start in range(0, before, _LARGEST_PER_PAGE):
        size = min(_LARGEST_PER_PAGE, before - start)
        parameters = {"per_page": str(size)} | ({"starting_after": cursor} if cursor else {})
        page = api.get("/contacts", params=parameters).json()
        cursor = page["pages"]["next"]["starting_after"]
    last_id = page["data"][-1]["id"]
    return Workspace(workspace, contacts, deep_page, cursor, last_id)


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


def goals(measured: list[Measured], memory_mb: float) -> Iterator[tuple[str, float, float]]:
    """What was to be reached, what was, and the limit. A share has to be above its limit, all else below."""
    by_name = {(one.operation.name, one.concurrency): one for one in measured}
    for (name, concurrency), one in by_name.items():
        who = f"{name}, {concurrency} at once"
        yield f"share of the baseline: {who}", one.share, WRITE_GOAL if one.operation.is_write else READ_GOAL
        get, first = by_name.get(("get contact", concurrency)), _first_page(by_name, concurrency)
        if first is not None and name.startswith("list") and one is not first:
            yield f"p50 / p50 of the first page: {who}", one.p50 / first.p50, DEEP_PAGE_GOAL
        if get is not None and name.startswith("search"):
            yield f"p50 / p50 of get: {who}", one.p50 / get.p50, SEARCH_GOAL
        if concurrency > 1:
            yield f"p99 / p50: {who}", one.p99 / one.p50, TAIL_GOAL
    yield "peak memory of a server process, MB", memory_mb, MEMORY_GOAL_MB


def _first_page(by_name: dict[tuple[str, int], Measured], concurrency: int) -> Measured | None:
    return by_name.get((f"list {PER_PAGE} contacts, first page", concurrency))


def report(measured: list[Measured], memory_mb: float) -> None:
    """Print the numbers, and each goal with whether it was reached."""
    _console.print(table_of(measured))
    table = Table("goal", "limit", "measured", "reached")
    for name, value, limit in goals(measured, memory_mb):
        is_share = name.startswith("share")
        reached = value >= limit if is_share else value <= limit
        shown = f"{value:.0%}" if is_share else f"{value:,.2f}"
        wanted = f"at least {limit:.0%}" if is_share else f"at most {limit:g}"
        table.add_row(name, wanted, shown, "yes" if reached else "[bold red]no[/]")
    _console.print(table)


def run(contacts: int, companies: int, seconds: float, rounds: int, only: str, directory: Path) -> None:
    """Start both servers, load, measure, report."""
    port, bare_port = free_port(), free_port()
    serve = ["callbox.cli", "serve", "--data", str(directory), "--port", str(port)]
    # The limit counts and tells as always; it is only too high to be met.
    with running(serve, {"CALLBOX_RATE_LIMIT": "900000000"}) as server:
        token = first_token(server)
        url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {token}"}
        dsn = EmbeddedPostgres(directory).dsn
        with httpx.Client(base_url=url, headers=headers, timeout=60) as api:
            started = time.monotonic()
            workspace = loaded(api, dsn, contacts, companies)
            seconds_to_load = time.monotonic() - started
        _console.print(f"{contacts:,} contacts and {companies:,} companies, loaded in {seconds_to_load:.0f} s")
        answering = http_process(server.pid)
        with running(["benchmarks.baseline", dsn, workspace.id, str(bare_port)], {}) as baseline:
            wait_until_connectable(bare_port)
            sides = Sides(Side(port, answering, token), Side(bare_port, baseline.pid))
            chosen = [operation for operation in operations(workspace) if only in operation.name]
            measured = [
                measure_in_turns(operation, concurrency, seconds, rounds, sides, dsn)
                for operation in chosen
                for concurrency in CONCURRENCIES
            ]
        report(measured, peak_memory_mb(answering))


def main() -> None:
    """Read the options; the data live in a directory that is removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--companies", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", metavar="TEXT", help="operations with this in their names")
    options = parser.parse_args()
    # Not in the temporary directory, which may lie in memory. PostgreSQL does not run as root and has to get in.
    directory = Path(tempfile.mkdtemp(prefix="callbox-bench-", dir="/var/tmp"))
    directory.chmod(0o755)
    try:
        run(**vars(options), directory=directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
