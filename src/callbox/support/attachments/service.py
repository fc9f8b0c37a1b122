"""Attached files: taken in with what they are attached to, shown by links that expire.

A file in the request is stored before its transaction commits. A file by URL is fetched by a job afterwards;
until then its link leads to where it comes from.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncIterator, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import msgspec
from msgspec import Meta

from callbox.platform import clock
from callbox.platform.database import Connection, connection
from callbox.platform.files import read_file, write_file
from callbox.platform.jobs import Work, enqueue
from callbox.support.attachments import queries
from callbox.support.attachments.contents import Content, content_of
from callbox.support.attachments.queries import AttachmentRow, LinkedFile
from callbox.wire.authentication import Caller
from callbox.wire.errors import NotFound, ParameterInvalid
from callbox.wire.urls import base_url

MAX_ATTACHMENTS = 10
# Of a file that travels in a request; one that is fetched by its URL may be larger.
MAX_SENT_BYTES = 25 * 1024 * 1024
MAX_FETCHED_BYTES = 100 * 1024 * 1024
LINK_SECONDS = 30 * 60
_MAX_NAME_LENGTH = 255
_NO_PATH = str.maketrans(dict.fromkeys(("/", "\\", *map(chr, range(32)), "\x7f"), "_"))

FETCH = "attachments.fetch"
DELETE = "attachments.delete"


class Attachment(msgspec.Struct):
    """A file of a part. The link lives for half an hour; reading again gives a fresh one."""

    type: Literal["upload"]
    name: str
    url: str
    content_type: str
    filesize: int
    width: int | None
    height: int | None


class AttachmentFile(msgspec.Struct):
    """A file that travels in the request, in base64."""

    content_type: str
    data: str
    name: Annotated[str, Meta(min_length=1, max_length=_MAX_NAME_LENGTH)]


class FileKey(msgspec.Struct):
    """Which file of which workspace: the payload of the jobs that fetch and delete."""

    workspace_id: str
    file_id: str


class FileNotFound(NotFound):
    """The link leads to no file, is not ours, or has expired."""

    message = "Resource Not Found"


class FileToKeep(msgspec.Struct):
    """A file whose bytes are here, and what they are. Its id is known before it is kept."""

    name: str
    data: bytes
    content: Content
    id: str = msgspec.field(default_factory=lambda: str(uuid4()))


class _NewFile(msgspec.Struct):
    id: str
    name: str
    content_type: str
    filesize: int
    width: int | None
    height: int | None
    state: Literal["stored", "awaited"]
    source_url: str | None


async def take_in(
    held: Connection, caller: Caller, urls: Sequence[str], files: Sequence[AttachmentFile] = ()
) -> str | None:
    """Keep what a request attaches; answers the files' ids as a JSON array, or None. Raises ParameterInvalid."""
    if len(urls) > MAX_ATTACHMENTS or len(files) > MAX_ATTACHMENTS:
        raise ParameterInvalid(f"At most {MAX_ATTACHMENTS} attachments are allowed")
    awaited = [_awaited(url) for url in urls]
    # All are looked at before one is stored: what is refused leaves no bytes behind.
    sent = [_sent(file) for file in files]
    taken = awaited + [await _stored(caller, file) for file in sent]
    if not taken:
        return None
    await _insert(held, caller, taken)
    await enqueue(
        held,
        [Work(FETCH, msgspec.json.encode(FileKey(caller.workspace_id, each.id))) for each in awaited],
    )
    return msgspec.json.encode([each.id for each in taken]).decode()


async def attach_again(held: Connection, caller: Caller, attachments: str | None) -> None:
    """What was taken in, as `take_in` answered it, is attached in one place more."""
    if attachments is not None:
        await queries.count_attachment.run(held, caller.workspace_id, msgspec.json.decode(attachments), 1)


async def detach(held: Connection, caller: Caller, attachments: str | None) -> None:
    """Take files away from one place. Those that are attached nowhere else are gone, and a job deletes their bytes."""
    if attachments is None:
        return
    file_ids = msgspec.json.decode(attachments)
    await queries.count_attachment.run(held, caller.workspace_id, file_ids, -1)
    gone = await queries.delete_unattached_files.all(held, caller.workspace_id, file_ids)
    await enqueue(held, [Work(DELETE, msgspec.json.encode(FileKey(caller.workspace_id, each))) for each in gone])


def _awaited(url: str) -> _NewFile:
    refused = ParameterInvalid(f"attachment_urls must be http or https URLs, not {url[:200]}")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise refused from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise refused
    # PostgreSQL stores no NUL, which a URL may well spell.
    name = unquote(PurePosixPath(parts.path).name).replace("\0", "")[:_MAX_NAME_LENGTH] or "attachment"
    return _NewFile(str(uuid4()), name, "application/octet-stream", 0, None, None, "awaited", url)


def _sent(file: AttachmentFile) -> FileToKeep:
    try:
        data = base64.b64decode(file.data, validate=True)
    except (binascii.Error, ValueError):
        raise ParameterInvalid("attachment_files.data must be base64") from None
    if len(data) > MAX_SENT_BYTES:
        raise ParameterInvalid(f"attachment_files must be at most {MAX_SENT_BYTES // 1024 // 1024} MB each")
    return FileToKeep(file.name, data, content_of(data, file.content_type))


async def _stored(caller: Caller, file: FileToKeep) -> _NewFile:
    await write_file(caller.workspace_id, file.id, file.data)
    content = file.content
    return _NewFile(
        file.id, file.name, content.content_type, len(file.data), content.width, content.height, "stored", None
    )


async def _insert(held: Connection, caller: Caller, files: Sequence[_NewFile]) -> None:
    await queries.insert_files.run(
        held,
        caller.workspace_id,
        caller.now(),
        *(list(column) for column in zip(*(msgspec.structs.astuple(each) for each in files), strict=True)),
    )


async def keep(held: Connection, caller: Caller, files: Sequence[FileToKeep]) -> None:
    """Keep files that came by another way than a request. As many as that way allows."""
    if files:
        await _insert(held, caller, [await _stored(caller, file) for file in files])


def attachment_from_row(caller: Caller, row: AttachmentRow) -> Attachment:
    """An attachment as answers show it."""
    url = row.source_url if row.state != "stored" and row.source_url else link(caller, row.id, row.name)
    return Attachment("upload", row.name, url, row.content_type, row.filesize, row.width, row.height)


def link(caller: Caller, file_id: str, name: str, seconds: int = LINK_SECONDS) -> str:
    """A link to a stored file that needs no token and expires."""
    expires = int(clock.machine_time().timestamp()) + seconds
    signature = _signature(caller.link_key, caller.workspace_id, file_id, expires)
    # Only for those who read the link: what opens the file is its id. Servers and proxies would resolve "/" and "..".
    shown = quote(name.translate(_NO_PATH).strip("."), safe="") or "file"
    path = f"/files/{caller.workspace_id}/{file_id}/{shown}"
    return f"{base_url()}{path}?expires={expires}&signature={signature}"


def _signature(key: bytes, workspace_id: str, file_id: str, expires: int) -> str:
    return hmac.new(key, f"{workspace_id}/{file_id}/{expires}".encode(), hashlib.sha256).hexdigest()


async def open_link(
    workspace_id: str, file_id: str, expires: int, signature: str
) -> tuple[LinkedFile, AsyncIterator[bytes]]:
    """The file that a link leads to, and its bytes. Raises FileNotFound."""
    if expires < clock.machine_time().timestamp():
        raise FileNotFound
    async with connection() as held:
        file = await queries.linked_file.first(held, workspace_id, file_id)
    if file is None or file.state != "stored":
        raise FileNotFound
    expected = _signature(file.link_key, workspace_id, file_id, expires)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise FileNotFound
    return file, await read_file(workspace_id, file_id)
