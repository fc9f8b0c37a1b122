"""How a table is written to a file: JSON Lines for programs and eyes, Parquet for warehouses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import write_parquet

from callbox.exports.dump.tables import Column

Batches = AsyncIterator[list[tuple[Any, ...]]]
Write = Callable[[Path, list[Column], Batches], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# A group is held in memory until it is written.
_GROUP_ROWS = 20_000
_TYPES = {
    "bigint": DataType.int64(),
    "integer": DataType.int64(),
    "smallint": DataType.int64(),
    "boolean": DataType.bool(),
    "double precision": DataType.float64(),
    "numeric": DataType.float64(),
    "timestamp with time zone": DataType.timestamp("us", tz="UTC"),
}


async def write_json_lines(path: Path, columns: list[Column], batches: Batches) -> None:
    """A JSON object a row; times are ISO 8601."""
    names = [column.name for column in columns]
    nested = [place for place, column in enumerate(columns) if column.is_json]
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        async for batch in batches:
            lines = (encode(dict(zip(names, _with_json(row, nested), strict=True))) for row in batch)
            file.write(b"".join(line + b"\n" for line in lines))


def _with_json(row: tuple[Any, ...], nested: list[int]) -> list[Any]:
    cells = list(row)
    for place in nested:
        if cells[place] is not None:
            cells[place] = msgspec.Raw(cells[place].encode())
    return cells


async def write_parquet_file(path: Path, columns: list[Column], batches: Batches) -> None:
    """A column a column, with types; what has no simple type is a text of JSON."""
    fields = [Field(column.name, _TYPES.get(column.type, DataType.utf8()), nullable=True) for column in columns]
    schema = Schema(fields)
    reader = RecordBatchReader.from_batches(schema, _record_batches(batches, schema, columns))
    # The library asks for one batch after the other, and waits for each, so it has a thread of its own.
    await asyncio.to_thread(write_parquet, reader, path, compression="zstd(3)", max_row_group_size=_GROUP_ROWS)


def _record_batches(batches: Batches, schema: Schema, columns: list[Column]) -> Iterator[RecordBatch]:
    """In another thread than the event loop's, which reads them."""
    loop = asyncio.get_running_loop()

    def one_by_one() -> Iterator[RecordBatch]:
        while batch := asyncio.run_coroutine_threadsafe(_next(batches), loop).result():
            cells = zip(*batch, strict=True)
            arrays = [_array(column, list(values)) for column, values in zip(columns, cells, strict=True)]
            yield RecordBatch.from_arrays(arrays, schema=schema)

    return one_by_one()


async def _next(batches: Batches) -> list[tuple[Any, ...]]:
    return await anext(batches, [])


def _array(column: Column, values: list[Any]) -> Array:
    if column.type == "timestamp with time zone":
        since = [None if value is None else (value - _EPOCH) // _MICROSECOND for value in values]
        return Array(since, type=DataType.int64()).cast(_TYPES[column.type])
    return Array(values, type=_TYPES.get(column.type, DataType.utf8()))


# By the names of their files.
FORMATS: dict[str, Write] = {"jsonl": write_json_lines, "parquet": write_parquet_file}
