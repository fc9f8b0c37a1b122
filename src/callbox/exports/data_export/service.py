"""The rules of exports: one at a time, canceled at any time, kept for two days. How they are written: `writing.py`."""

from datetime import timedelta

import msgspec
from asyncpg import UniqueViolationError

from callbox.exports.data_export import queries
from callbox.exports.data_export.queries import ExportKey, ExportRow
from callbox.exports.data_export.schemas import (
    CreateDataExportRequest,
    DataExport,
    ManagedExport,
    data_export,
    managed_export,
)
from callbox.platform import ids
from callbox.platform.clock import machine_time, unix
from callbox.platform.database import connection, savepoint, transaction
from callbox.platform.files import FileMissing, delete_file, read_file
from callbox.platform.jobs import Work, enqueue
from callbox.wire.authentication import Caller
from callbox.wire.decode import UnixTime, moment
from callbox.wire.errors import BadRequest, NotFound, RateLimitExceeded
from callbox.wire.operations import FileAnswer
from callbox.wire.pagination import NumberedPage
from callbox.workspace.activity_logs import record_activity

KEPT = timedelta(days=2)
WRITE = "data_export.write"
_ACTIVE = frozenset({"pending", "in_progress"})
# Exports of one workspace that a look finds expired; the rest is found at the next look.
_BATCH_SIZE = 100


class ExportNotFound(NotFound):
    """The workspace has no such export, or there is nothing to download of it."""

    message = "The requested resource does not exist."


class ExportIsActive(RateLimitExceeded):
    """A workspace exports one thing at a time."""

    message = "Exceeded rate limit of 1 pending message data export jobs"


async def create_export(caller: Caller, request: CreateDataExportRequest) -> DataExport:
    """Begin an export; a job that follows from this writes it. Raises BadRequest, ExportIsActive."""
    after = moment(_required(request.created_at_after, "created_at_after"), "created_at_after")
    before = moment(_required(request.created_at_before, "created_at_before"), "created_at_before")
    if after > before:
        raise BadRequest("created_at_after is greater than created_at_before")
    async with transaction() as held:
        try:
            async with savepoint(held):
                row = await queries.insert_export.one(
                    held, caller.workspace_id, ids.job_identifier(), after, before, caller.now()
                )
        except UniqueViolationError:
            raise ExportIsActive from None
        metadata = {"job_identifier": row.id, "created_at_after": unix(after), "created_at_before": unix(before)}
        description = f"{caller.admin_name} began an export of what was sent."
        await record_activity(held, caller, "app_data_export", description, metadata)
        key = ExportKey(caller.workspace_id, row.id)
        await enqueue(held, [Work(WRITE, msgspec.json.encode(key))])
    return data_export(row, is_available=False)


def _required(sent: UnixTime | None, name: str) -> UnixTime:
    if sent is None:
        raise BadRequest(f"'{name}' is a required parameter")
    return sent


async def _export(caller: Caller, job_identifier: str) -> ExportRow:
    async with connection() as held:
        row = await queries.export_by_id.first(held, caller.workspace_id, job_identifier)
    if row is None:
        raise ExportNotFound
    return row


def _is_available(caller: Caller, row: ExportRow) -> bool:
    is_kept = row.file_id is not None and row.expires_at is not None and caller.now() < row.expires_at
    return row.state == "completed" and is_kept


async def get_export(caller: Caller, job_identifier: str) -> DataExport:
    """How far an export is, and where to download it."""
    row = await _export(caller, job_identifier)
    return data_export(row, is_available=_is_available(caller, row))


async def list_exports(caller: Caller, page: NumberedPage) -> tuple[list[ManagedExport], int]:
    """A page of exports with their progress, latest first, and how many there are."""
    async with connection() as held:
        rows = await queries.exports_page.all(held, caller.workspace_id, page.per_page, page.offset)
        total = await queries.exports_total.one(held, caller.workspace_id)
    return [managed_export(row) for row in rows], total


async def cancel_export(caller: Caller, job_identifier: str) -> DataExport:
    """End an export, also one that is complete; what ended otherwise stays as it is.

    The job that writes, or would, deletes what there is of the file; of a complete export it is deleted here.
    """
    async with transaction() as held:
        row = await queries.export_for_update.first(held, caller.workspace_id, job_identifier)
        if row is None:
            raise ExportNotFound
        was_complete = row.state == "completed"
        if was_complete or row.state in _ACTIVE:
            await queries.cancel_export.run(held, caller.workspace_id, row.id, caller.now())
            row.state = "canceled"
    if was_complete:
        await forget_file(caller.workspace_id, row)
    return data_export(row, is_available=False)


async def forget_file(workspace_id: str, row: ExportRow) -> None:
    """Delete an export's file, then its name."""
    if row.file_id is not None:
        await delete_file(workspace_id, row.file_id)
        async with connection() as held:
            await queries.forget_file.run(held, workspace_id, row.id, row.file_id)


async def download(caller: Caller, job_identifier: str) -> FileAnswer:
    """The file of a complete export. Raises ExportNotFound where there is none, or none any more."""
    row = await _export(caller, job_identifier)
    if not _is_available(caller, row):
        raise ExportNotFound
    assert row.file_id is not None
    assert row.filesize is not None
    try:
        pieces = await read_file(caller.workspace_id, row.file_id)
    except FileMissing:
        raise ExportNotFound from None
    return FileAnswer(f"receipts_{row.created_at:%Y%m%d_%H%M%S}.csv.gz", row.filesize, pieces)


async def expire() -> None:
    """Delete the files of exports whose time is over, by the clock of their workspace."""
    async with connection() as held:
        due = await queries.exports_to_expire.all(held, machine_time(), _BATCH_SIZE)
    for key in due:
        async with connection() as held:
            row = await queries.export_by_id.one(held, key.workspace_id, key.id)
        await forget_file(key.workspace_id, row)
