"""The work of attachments: fetching files that were given by their URLs, deleting those that were taken back."""

import msgspec
import structlog

from callbox.platform.database import connection
from callbox.platform.files import delete_file, write_file
from callbox.platform.jobs import Job
from callbox.platform.outgoing import OutgoingFailed, OutgoingRefused, fetched
from callbox.support.attachments import queries
from callbox.support.attachments.contents import content_of
from callbox.support.attachments.queries import FetchedFile
from callbox.support.attachments.service import DELETE, FETCH, MAX_FETCHED_BYTES, FileKey

_FETCH_SECONDS = 60

_log = structlog.get_logger("callbox.attachments")


async def fetch(payload: bytes) -> None:
    """Bring a file here. One that may not be fetched keeps its own link; one that cannot be is tried again."""
    wanted = msgspec.json.decode(payload, type=FileKey)
    file = await _find(wanted)
    if file is not None and file.is_awaited:
        await _bring(wanted, file.source_url)
        file = await _find(wanted)
    if file is None:
        # It was taken back, and whoever deleted it may have been earlier than its bytes.
        await delete_file(wanted.workspace_id, wanted.file_id)


async def _find(wanted: FileKey) -> FetchedFile | None:
    async with connection() as held:
        return await queries.file_to_fetch.first(held, wanted.workspace_id, wanted.file_id)


async def _bring(wanted: FileKey, url: str) -> None:
    try:
        data, claimed = await _download(url)
    except OutgoingRefused as refused:
        _log.warning("attachment_refused", workspace=wanted.workspace_id, file=wanted.file_id, reason=str(refused))
        async with connection() as held:
            await queries.mark_failed.run(held, wanted.workspace_id, wanted.file_id)
        return
    content = content_of(data, claimed)
    await write_file(wanted.workspace_id, wanted.file_id, data)
    async with connection() as held:
        await queries.mark_stored.run(
            held,
            wanted.workspace_id,
            wanted.file_id,
            content.content_type,
            len(data),
            content.width,
            content.height,
        )


async def delete(payload: bytes) -> None:
    """Delete a file's bytes."""
    gone = msgspec.json.decode(payload, type=FileKey)
    await delete_file(gone.workspace_id, gone.file_id)


async def _download(url: str) -> tuple[bytes, str]:
    async with fetched(url, seconds=_FETCH_SECONDS) as response:
        headers = {name.lower(): value for name, value in response.headers}
        data = bytearray()
        async for piece in response.aiter_stream():
            data += piece
            if len(data) > MAX_FETCHED_BYTES:
                raise OutgoingRefused(f"more than {MAX_FETCHED_BYTES} bytes")
    claimed = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if not data:
        raise OutgoingFailed("the answer is empty")
    return bytes(data), claimed


JOBS = [Job(FETCH, fetch, timeout_seconds=90), Job(DELETE, delete)]
