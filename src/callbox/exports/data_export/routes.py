"""Data export over HTTP, in the order of the reference; below it what only the management API does."""

from litestar.types import HTTPScope

from callbox.exports.data_export import service
from callbox.exports.data_export.schemas import (
    CreateDataExportRequest,
    DataExport,
    ManagedExportList,
)
from callbox.exports.data_export.service import ExportIsActive, ExportNotFound
from callbox.wire.decode import decode
from callbox.wire.operations import FileAnswer, caller_of, operation
from callbox.wire.pagination import PageQuery, linked_pages, page_asked_for

GROUP = "Data Export"
DEFAULT_PER_PAGE = 20
MAX_PER_PAGE = 250


@operation(
    "POST",
    "/export/content/data",
    group=GROUP,
    request=CreateDataExportRequest,
    errors=[ExportIsActive],
    example={"created_at_after": 1719474967, "created_at_before": 1719492967},
)
async def create_data_export(body: bytes, scope: HTTPScope) -> DataExport:
    """Export what was sent in a range of time, and what became of it. A workspace has one such job at a time."""
    return await service.create_export(caller_of(scope), decode(body, CreateDataExportRequest))


@operation("GET", "/export/content/data/{job_identifier:str}", group=GROUP, errors=[ExportNotFound])
async def get_data_export(job_identifier: str, scope: HTTPScope) -> DataExport:
    """Read the state of an export. When it is complete, it can be downloaded for two days."""
    return await service.get_export(caller_of(scope), job_identifier)


@operation("POST", "/export/cancel/{job_identifier:str}", group=GROUP, errors=[ExportNotFound])
async def cancel_data_export(job_identifier: str, scope: HTTPScope) -> DataExport:
    """Cancel an export; nothing of it is kept."""
    return await service.cancel_export(caller_of(scope), job_identifier)


@operation("GET", "/download/content/data/{job_identifier:str}", group=GROUP, errors=[ExportNotFound])
async def download_data_export(job_identifier: str, scope: HTTPScope) -> FileAnswer:
    """Download a complete export: CSV, compressed with gzip."""
    return await service.download(caller_of(scope), job_identifier)


@operation("GET", "/manage/v1/exports", group=GROUP, query=PageQuery)
async def list_data_exports(scope: HTTPScope) -> ManagedExportList:
    """List exports with their progress, latest first."""
    page = page_asked_for(scope, DEFAULT_PER_PAGE, MAX_PER_PAGE)
    exports, total = await service.list_exports(caller_of(scope), page)
    return ManagedExportList("list", linked_pages(scope, page, total), exports, total)


ROUTES = [create_data_export, get_data_export, cancel_data_export, download_data_export]
MANAGE_ROUTES = [list_data_exports]
