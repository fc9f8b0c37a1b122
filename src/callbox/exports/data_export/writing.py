"""How an export is written: PostgreSQL copies, and the text is compressed and kept piece by piece as it comes.

All of it is as of one moment. Each attempt writes a file of its own, by which it is known: when the export names
another file, or is canceled, the attempt has lost it and leaves nothing behind.
"""

import asyncio
import zlib
from typing import TYPE_CHECKING

import structlog

from callbox.exports.data_export import queries
from callbox.exports.data_export.queries import ExportKey, ExportRow
from callbox.exports.data_export.receipts import receipts, receipts_total
from callbox.exports.data_export.service import KEPT, forget_file
from callbox.platform import ids
from callbox.platform.database import connection, snapshot, transaction
from callbox.platform.files import delete_file, file_writer
from callbox.platform.jobs.queue import storable
from callbox.wire.authentication import Caller
from callbox.workspace.workspaces import operator_caller

if TYPE_CHECKING:
    from obstore import AsyncWritableFile

MAX_ATTEMPTS = 5
# Each attempt holds one connection to read and needs another to tell its progress.
_AT_ONCE = asyncio.Semaphore(4)
_PIECE_BYTES = 1024 * 1024
# The quickest: these texts hardly become smaller with more effort.
_COMPRESSION_LEVEL = 1
_GZIP = 16 + zlib.MAX_WBITS

_log = structlog.get_logger("callbox.exports")


class AttemptIsOver(Exception):
    """The export was canceled, or another attempt has taken over."""


async def write_export(key: ExportKey) -> None:
    """Write an export from its beginning. Raises what went wrong while another attempt may succeed."""
    caller = await operator_caller(key.workspace_id)
    async with _AT_ONCE:
        row = await _begin(caller, key.id)
        if row is None:
            return
        try:
            await _attempt(caller, row)
        except AttemptIsOver:
            await forget_file(caller.workspace_id, row)
        except Exception as error:
            _log.warning("export_failed", workspace=caller.workspace_id, export=row.id, exc_info=True)
            if row.attempts < MAX_ATTEMPTS:
                raise
            await _fail(caller, row, storable(error))


async def _begin(caller: Caller, export_id: str) -> ExportRow | None:
    """Take the export over from whatever attempt was before; None where nothing is to be written."""
    async with transaction() as held:
        row = await queries.export_for_update.first(held, caller.workspace_id, export_id)
        if row is None or row.state not in {"pending", "in_progress", "canceled"}:
            return None
        if row.file_id is not None:
            await delete_file(caller.workspace_id, row.file_id)
        if row.state == "canceled":
            await queries.forget_file.run(held, caller.workspace_id, row.id, row.file_id)
            return None
        if row.attempts == MAX_ATTEMPTS:
            await _fail(caller, row, "every attempt was broken off")
            return None
        row.file_id = ids.uuid()
        row.attempts += 1
        await queries.begin_attempt.run(held, caller.workspace_id, row.id, row.file_id)
        return row


async def _fail(caller: Caller, row: ExportRow, error: str) -> None:
    assert row.file_id is not None
    await delete_file(caller.workspace_id, row.file_id)
    await _end(caller, row, "failed", error)


async def _end(caller: Caller, row: ExportRow, state: str, error: str | None = None) -> None:
    async with connection() as held:
        await queries.end_attempt.run(held, caller.workspace_id, row.id, row.file_id, state, error, caller.now())


async def _attempt(caller: Caller, row: ExportRow) -> None:
    assert row.file_id is not None
    range_of = caller.workspace_id, row.created_at_after, row.created_at_before
    async with snapshot() as reading:
        total = await receipts_total.one(reading, *range_of)
        if not total:
            await _end(caller, row, "no_data")
            return
        async with file_writer(caller.workspace_id, row.file_id) as file:
            packer = _Packer(caller, row, total, file)
            await packer.tell_progress()
            copied = await receipts.run(reading, *range_of, output=packer.take)
            await packer.finish()
    await _complete(caller, row, copied, packer.size)


async def _complete(caller: Caller, row: ExportRow, copied: int, size: int) -> None:
    now = caller.now()
    async with connection() as held:
        is_ours = await queries.complete_attempt.run(
            held, caller.workspace_id, row.id, row.file_id, copied, size, now, now + KEPT
        )
    if not is_ours:
        raise AttemptIsOver


class _Packer:
    """Takes CSV as it comes, compresses it beside the event loop, writes it, and tells how far it is."""

    def __init__(self, caller: Caller, row: ExportRow, total: int, file: "AsyncWritableFile") -> None:
        self.size = 0
        self._caller = caller
        self._row = row
        self._total = total
        self._file = file
        self._lines = 0
        self._waiting = bytearray()
        self._compressor = zlib.compressobj(_COMPRESSION_LEVEL, zlib.DEFLATED, _GZIP)

    async def take(self, text: bytes) -> None:
        """Some more of the CSV. Raises AttemptIsOver."""
        self._waiting += text
        if len(self._waiting) >= _PIECE_BYTES:
            await self._pack()
            await self.tell_progress()

    async def finish(self) -> None:
        """The CSV is complete."""
        await self._pack()
        await self._write(self._compressor.flush())

    async def _pack(self) -> None:
        piece, self._waiting = self._waiting, bytearray()
        self._lines += piece.count(b"\n")
        await self._write(await asyncio.to_thread(self._compressor.compress, piece))

    async def _write(self, packed: bytes) -> None:
        self.size += len(packed)
        await self._file.write(packed)

    async def tell_progress(self) -> None:
        """Lines are about as many as rows: the first has the columns' names, and names may have line ends."""
        written = min(max(self._lines - 1, 0), self._total)
        async with connection() as held:
            is_ours = await queries.note_progress.run(
                held, self._caller.workspace_id, self._row.id, self._row.file_id, self._total, written
            )
        if not is_ours:
            raise AttemptIsOver
