"""Exports of 100,000 and 1,000,000 messages: memory that does not grow, and speed beside a bare COPY to a file.

Each export runs in a process of its own, as the job does, on the same database as the bare COPY of the same query.
"""

import argparse
import asyncio
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

import asyncpg
import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.people import data
from benchmarks.servers import first_token, free_port, running, scratch_directory
from callbox.exports.data_export import queries
from callbox.exports.data_export.queries import ExportKey
from callbox.exports.data_export.receipts import receipts
from callbox.exports.data_export.writing import write_export
from callbox.platform import ids
from callbox.platform.database import close_pool, connection, open_pool
from callbox.platform.database.embedded import EmbeddedPostgres
from callbox.platform.files import open_files

SHARE_GOAL = 0.5
GROWTH_GOAL = 1.1
CONTACTS, COMPANIES = 20_000, 1_000
_FIRST_SENT = datetime(2025, 1, 1, tzinfo=UTC)

_console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)


class Task(msgspec.Struct):
    """What a process of its own is to do."""

    dsn: str
    workspace_id: str
    directory: str
    messages: int
    is_bare: bool


class Done(NamedTuple):
    """How long it took, and the most memory that the process held at once."""

    seconds: float
    memory_mb: float
    file_mb: float


async def load(dsn: str, workspace_id: str, messages: int) -> None:
    """Messages, one a second; a tenth of them were answered. Every other one is a mail, and some of these bounced."""
    await data.load(dsn, workspace_id, CONTACTS, COMPANIES)
    database = await asyncpg.connect(dsn)
    await database.execute(
        """
        INSERT INTO conversations (
            workspace_id, id, created_at, updated_at, state, is_read, source_type, first_contact_reply_at
        )
        SELECT $1, n, $2, $2, 'open', true, 'conversation', $2::timestamptz + make_interval(secs => 10 * n + 60)
        FROM generate_series(1, $3 / 10) AS n
        """,
        workspace_id,
        _FIRST_SENT,
        messages,
    )
    await database.execute(
        """
        INSERT INTO messages (
            workspace_id, message_type, subject, body, from_admin_id, to_contact_id, conversation_id, created_at
        )
        SELECT $1, CASE n % 2 WHEN 0 THEN 'email' ELSE 'inapp' END, CASE n % 2 WHEN 0 THEN 'Your roster ' || n END,
            '<p>It is ready</p>', (SELECT min(id) FROM admins WHERE workspace_id = $1),
            c.ids[1 + n::bigint * 7919 % $4],
            CASE n % 10 WHEN 0 THEN n / 10 END, $2::timestamptz + make_interval(secs => n)
        FROM generate_series(1, $3) AS n, (SELECT array_agg(id) AS ids FROM contacts WHERE workspace_id = $1) AS c
        """,
        workspace_id,
        _FIRST_SENT,
        messages,
        CONTACTS,
    )
    await database.execute(
        """
        INSERT INTO emails (
            workspace_id, kind, origin_id, contact_id, state, message_id, from_name, from_address, reply_to,
            to_address, subject, html, plain, created_at, sent_at, hard_bounced_at
        )
        SELECT $1, 'message', id, to_contact_id, 'sent', id || '@bench.example', 'Ada', 'ada@bench.example',
            'ada@bench.example', 'to@bench.example', subject, body, 'It is ready', created_at, created_at,
            CASE id % 50 WHEN 0 THEN created_at + interval '1 minute' END
        FROM messages
        WHERE workspace_id = $1 AND message_type = 'email'
        """,
        workspace_id,
    )
    await database.execute("VACUUM ANALYZE messages, emails")
    await database.execute("ANALYZE conversations")
    await database.close()


def measured(task: Task) -> Done:
    """Do a task in a process of its own."""
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks.exports", "--task", msgspec.json.encode(task).decode()],
        capture_output=True,
        check=False,
    )
    if process.returncode:
        raise RuntimeError(process.stderr.decode())
    return msgspec.json.decode(process.stdout, type=Done)


async def do(task: Task) -> Done:
    """The task, in this process."""
    last = _FIRST_SENT + timedelta(seconds=task.messages)
    started = time.monotonic()
    if task.is_bare:
        size = await _copy(task, last)
    else:
        size = await _export(task, last)
    seconds = time.monotonic() - started
    return Done(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, size / 1e6)


async def _copy(task: Task, last: datetime) -> int:
    path = Path(task.directory) / "bare.csv"
    # On one processor, as ours.
    database = await asyncpg.connect(task.dsn, server_settings={"max_parallel_workers_per_gather": "0"})
    await database.copy_from_query(
        receipts.sql, task.workspace_id, _FIRST_SENT, last, output=path, format="csv", header=True
    )
    await database.close()
    return path.stat().st_size


async def _export(task: Task, last: datetime) -> int:
    open_files(task.directory)
    await open_pool(task.dsn)
    export_id = ids.job_identifier()
    async with connection() as held:
        await queries.insert_export.one(held, task.workspace_id, export_id, _FIRST_SENT, last, datetime.now(UTC))
    await write_export(ExportKey(task.workspace_id, export_id))
    async with connection() as held:
        row = await queries.export_by_id.one(held, task.workspace_id, export_id)
    assert row.rows_written == task.messages, row
    await close_pool()
    return row.filesize or 0


def report(runs: dict[int, list[tuple[Done, Done]]]) -> None:
    """Print the numbers, and each goal with whether it was reached."""
    table = Table("messages", "seconds", "rows/s", "peak MB", "file MB", "bare seconds", "bare peak MB", "share")
    shares, memory = {}, {}
    for messages, pairs in runs.items():
        ours, bare = ([pair[side] for pair in pairs] for side in (0, 1))
        shares[messages] = median(b.seconds / o.seconds for o, b in pairs)
        memory[messages] = median(each.memory_mb for each in ours)
        seconds = median(each.seconds for each in ours)
        table.add_row(
            f"{messages:,}",
            f"{seconds:.2f}",
            f"{messages / seconds:,.0f}",
            f"{memory[messages]:.1f}",
            f"{ours[0].file_mb:.1f}",
            f"{median(each.seconds for each in bare):.2f}",
            f"{median(each.memory_mb for each in bare):.1f}",
            f"{shares[messages]:.0%}",
        )
    _console.print(table)
    few, many = min(runs), max(runs)
    growth = memory[many] / memory[few]
    for name, value, is_reached in (
        (f"share of a bare COPY's speed, at least {SHARE_GOAL:.0%}", f"{shares[many]:.0%}", shares[many] >= SHARE_GOAL),
        (f"peak memory at {many:,} / at {few:,}, at most {GROWTH_GOAL}", f"{growth:.2f}", growth <= GROWTH_GOAL),
    ):
        _console.print(f"{name}: {value} ({'reached' if is_reached else '[bold red]not reached[/]'})")


def run(messages: int, rounds: int, directory: Path) -> None:
    """Start a server, load, measure in turns, report."""
    serve = ["callbox.cli", "serve", "--data", str(directory), "--port", str(free_port()), "--no-worker"]
    with running(serve, {}) as server:
        token = first_token(server)
        url = f"http://127.0.0.1:{serve[5]}"
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as api:
            workspace_id = api.get("/me").json()["app"]["id_code"]
            data.define(api)
        dsn = EmbeddedPostgres(directory).dsn
        asyncio.run(load(dsn, workspace_id, messages))
        runs: dict[int, list[tuple[Done, Done]]] = {messages // 10: [], messages: []}
        for _ in range(rounds):
            for count, pairs in runs.items():
                task = Task(dsn, workspace_id, str(directory / "bench"), count, is_bare=False)
                Path(task.directory).mkdir(exist_ok=True)
                pairs.append((measured(task), measured(msgspec.structs.replace(task, is_bare=True))))
    report(runs)


def main() -> None:
    """Read the options; the data live in a directory that is removed at the end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exports", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        print(msgspec.json.encode(asyncio.run(do(msgspec.json.decode(options.task, type=Task)))).decode())
        return
    with scratch_directory() as directory:
        run(options.messages, options.rounds, directory)


if __name__ == "__main__":
    main()
