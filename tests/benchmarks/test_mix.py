"""The mix of the load benchmark asks for what there is, and what it makes comes after what was loaded.

None of its operations reads a large table from end to end.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import asyncpg
import httpx
from benchmarks.dataset import Dataset, fill
from benchmarks.mix.operations import Part, draw, mix

from tests.benchmarks.conftest import CONVERSATIONS, get, search
from tests.conftest import start_server, stop_server

# Enough for the planner to prefer an index, by far.
_MANY = 4000
_LARGE = 1000
_CALLS = 3

# An index that begins with the workspace can be read from end to end too.
_ROWS_READ = """
    SELECT t.relname, t.n_live_tup, t.seq_tup_read + coalesce(sum(i.idx_tup_read), 0)::bigint AS read
    FROM pg_stat_user_tables t
    LEFT JOIN pg_stat_user_indexes i ON i.relid = t.relid
    WHERE t.n_live_tup >= $1
    GROUP BY t.relid, t.relname, t.n_live_tup, t.seq_tup_read
"""


class _Rows(NamedTuple):
    """How many rows a table has, and how many of it and its indexes were read so far."""

    in_it: int
    read: int


def test_the_mix_succeeds_and_what_it_makes_comes_after_what_is_there(dataset: Dataset, api: httpx.Client) -> None:
    parts = mix(dataset, api)
    assert sum(part.weight for part in parts) == 100
    by_class = {kind: sum(part.weight for part in parts if part.kind == kind) for kind in ("read", "search", "write")}
    assert by_class == {"read": 60, "search": 25, "write": 15}
    _ask(api, parts)
    assert {place for place, _ in draw(parts, 5000, Random(1))} == set(range(len(parts)))
    assert get(api, "/conversations")["total_count"] == CONVERSATIONS + 1
    latest = search(api, "conversations", ("created_at", ">", 0))["conversations"]
    sources = [each["source"]["id"] for each in latest]
    assert len(sources) == len(set(sources)) == CONVERSATIONS + 1
    tickets = search(api, "tickets", ("created_at", ">", 0))["tickets"]
    assert max(int(each["ticket_id"]) for each in tickets) == dataset.size.tickets + 1


def test_no_operation_reads_a_large_table_from_end_to_end(database_url: str, short_directory: Path) -> None:
    environment = {"CALLBOX_DATABASE_URL": database_url}
    server = start_server(short_directory / "mix", environment)
    dataset = fill(server.url, server.first_token, database_url, _MANY, _MANY)
    headers = {"Authorization": f"Bearer {dataset.token}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=30) as api:
        parts = mix(dataset, api)
    assert stop_server(server) == 0
    before = _rows_read(database_url)
    assert {"contacts", "conversations", "conversation_parts", "conversation_words"} <= set(before)
    # The worker may read all of a table, and what processes have read is told when they end.
    server = start_server(short_directory / "mix", environment, "--no-worker")
    with httpx.Client(base_url=server.url, headers=headers, timeout=30) as api:
        for _ in range(_CALLS):
            _ask(api, parts)
    assert stop_server(server) == 0
    after = _rows_read(database_url)
    read = {table: after[table].read - rows.read for table, rows in before.items()}
    assert {table: number for table, number in read.items() if number >= _CALLS * before[table].in_it} == {}


def _ask(api: httpx.Client, parts: Sequence[Part]) -> None:
    """Once for each operation."""
    for number, part in enumerate(parts):
        call = part.call(number)
        answer = api.request(call.method, call.path, content=call.body, headers={"Content-Type": "application/json"})
        assert answer.is_success, (part.name, answer.text)


def _rows_read(database_url: str) -> dict[str, _Rows]:
    """Of each large table."""

    async def run() -> dict[str, _Rows]:
        connection = await asyncpg.connect(database_url)
        try:
            rows = await connection.fetch(_ROWS_READ, _LARGE)
            return {name: _Rows(in_it, read) for name, in_it, read in rows}
        finally:
            await connection.close()

    return asyncio.run(run())
