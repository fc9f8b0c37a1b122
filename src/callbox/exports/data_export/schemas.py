"""Exports as they are on the wire."""

from typing import Literal

import msgspec

from callbox.exports.data_export.queries import ExportRow
from callbox.platform.clock import unix, unix_or_none
from callbox.wire.decode import UnixTime
from callbox.wire.pagination import LinkedPages
from callbox.wire.urls import base_url

State = Literal["pending", "in_progress", "failed", "completed", "no_data", "canceled"]


class CreateDataExportRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The range of time in which messages were sent, both ends included; both are required."""

    created_at_after: UnixTime | None = None
    created_at_before: UnixTime | None = None


class DataExport(msgspec.Struct):
    """The state of an export. While there is nothing to download, both texts are empty."""

    job_identifier: str
    status: str
    download_url: str
    download_expires_at: str


class ManagedExport(msgspec.Struct):
    """An export with its progress: of `rows_total` receipts, `rows_written` are in the file."""

    type: Literal["data_export"]
    job_identifier: str
    status: str
    created_at_after: int
    created_at_before: int
    rows_total: int | None
    rows_written: int
    filesize: int | None
    attempts: int
    error: str | None
    created_at: int
    finished_at: int | None
    expires_at: int | None


class ManagedExportList(msgspec.Struct):
    """A page of exports, latest first."""

    type: Literal["list"]
    pages: LinkedPages
    data: list[ManagedExport]
    total_count: int


def data_export(row: ExportRow, *, is_available: bool) -> DataExport:
    """An export as the REST API shows it."""
    if not is_available or row.expires_at is None:
        return DataExport(row.id, row.state, "", "")
    url = f"{base_url()}/download/content/data/{row.id}"
    return DataExport(row.id, row.state, url, str(unix(row.expires_at)))


def managed_export(row: ExportRow) -> ManagedExport:
    """An export as the management API shows it."""
    return ManagedExport(
        "data_export",
        row.id,
        row.state,
        unix(row.created_at_after),
        unix(row.created_at_before),
        row.rows_total,
        row.rows_written,
        row.filesize,
        row.attempts,
        row.error,
        unix(row.created_at),
        unix_or_none(row.finished_at),
        unix_or_none(row.expires_at),
    )
