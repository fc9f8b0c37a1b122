"""Files that people attach or export: their bytes, in a directory or an object store, by workspace and id.

What is known of a file beside its bytes is in the table `files`; a file is written before the row that names it
commits, so a row never lacks its bytes. Bytes without a row are what a broken-off request leaves.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

if TYPE_CHECKING:
    from obstore import AsyncWritableFile

_CHUNK_BYTES = 256 * 1024
# Object stores take parts of 5 MiB or more, and at most 10,000 of them.
_PART_BYTES = 5 * 1024 * 1024


class FilesUnavailable(Exception):
    """The directory or object store cannot be used; the message says why."""


class FileMissing(Exception):
    """A file's bytes are not where they were put."""


# What `_path` makes; a store writes under other names what is not whole yet.
_KEPT = re.compile(r"(?P<workspace>[a-z0-9]+)/[0-9a-f]{2}/(?P<file>[0-9a-f-]{36})")

_store: ObjectStore | None = None
# Where the store is a directory.
_directory: Path | None = None


def open_files(place: str) -> None:
    """Let this process use a directory, by its path, or an object store, by its URL. Raises FilesUnavailable."""
    global _store, _directory  # noqa: PLW0603  # one place a process, told once at start
    try:
        _directory = None if "://" in place else Path(place).absolute()
        if _directory is not None and not _directory.exists():
            # What customers send is nobody's but the server's. A directory that is there keeps its owner's choice.
            _directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _store = from_url(place) if _directory is None else LocalStore(_directory, mkdir=True)
    except (BaseError, ValueError, OSError) as error:
        raise FilesUnavailable(f"Files cannot be kept in {place}: {error}") from error


def _opened() -> ObjectStore:
    if _store is None:
        raise FilesUnavailable("no place for files was opened")
    return _store


def _path(workspace_id: str, file_id: str) -> str:
    return f"{workspace_id}/{file_id[:2]}/{file_id}"


async def write_file(workspace_id: str, file_id: str, content: bytes) -> None:
    """Keep a file's bytes. When this returns they are on the disk: the row that names them is, soon after.

    Raises FilesUnavailable where the disk is full or the store is away; then nothing is kept.
    """
    path = _path(workspace_id, file_id)
    try:
        await obstore.put_async(_opened(), path, content)
        if _directory is not None:
            await asyncio.to_thread(_sync, _directory / path)
    except (BaseError, OSError) as error:
        raise FilesUnavailable(f"A file cannot be kept: {error}") from error


def _sync(path: Path) -> None:
    """What the system holds back of a file, and of the directory that names it, goes to the disk."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@asynccontextmanager
async def file_writer(workspace_id: str, file_id: str) -> AsyncIterator["AsyncWritableFile"]:
    """Keep a file of any size that is written in pieces: whole when the block ends, not at all after an exception."""
    opened = obstore.open_writer_async(
        _opened(), _path(workspace_id, file_id), buffer_size=_PART_BYTES, max_concurrency=2
    )
    broken: BaseException | None = None
    try:
        async with opened as writer:
            try:
                yield writer
            except BaseException as error:
                broken = error
                raise
    except BaseError:
        # The store fails to give up what somebody else has deleted already; that is not what went wrong.
        if broken is not None:
            raise broken from None
        raise


def files_in_directory() -> dict[str, Path]:
    """The files that are kept in a directory, by workspace and id as in `a1b2c3d4/9f/9f…`; none in an object store."""
    if _directory is None:
        return {}
    return {
        str(path.relative_to(_directory)): path
        for path in _directory.glob("*/??/*")
        if path.is_file() and _KEPT.fullmatch(str(path.relative_to(_directory)))
    }


async def read_file(workspace_id: str, file_id: str) -> AsyncIterator[bytes]:
    """A file's bytes, in pieces. Raises FileMissing and FilesUnavailable before the first one."""
    try:
        found = await obstore.get_async(_opened(), _path(workspace_id, file_id))
    except FileNotFoundError as error:
        raise FileMissing(file_id) from error
    except BaseError as error:
        raise FilesUnavailable(f"A file cannot be read: {error}") from error
    return _pieces(found)


async def _pieces(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    async for piece in found.stream(min_chunk_size=_CHUNK_BYTES):
        yield bytes(piece)


async def delete_file(workspace_id: str, file_id: str) -> None:
    """Forget a file's bytes, also those that a killed process left half-written; nothing to do where they are gone."""
    store, path = _opened(), _path(workspace_id, file_id)
    if isinstance(store, LocalStore):
        _delete_unfinished(Path(str(store.prefix)) / path)
    try:
        await obstore.delete_async(store, path)
    except FileNotFoundError:
        return


def _delete_unfinished(file: Path) -> None:
    """In a directory, the store writes beside the file, under its name with a number. Object stores forget by rule."""
    for unfinished in file.parent.glob(f"{file.name}#*"):
        unfinished.unlink(missing_ok=True)
