"""A dump: everything a workspace has, in files of a directory, as of one moment."""

from collections.abc import AsyncIterator, Callable, Sequence
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import msgspec

from callbox.exports.dump.formats import FORMATS
from callbox.exports.dump.tables import RESOURCES, columns_of_table, count_rows, read_rows
from callbox.platform.database import Connection, snapshot
from callbox.platform.files import FileMissing, read_file
from callbox.wire.authentication import Caller
from callbox.wire.errors import ParameterInvalid

# Called with a resource, how many of its rows are written, and how many it has.
Progress = Callable[[str, int, int], None]


class Manifest(msgspec.Struct):
    """What a dump holds. It is written last, so a dump without it is not whole."""

    workspace_id: str
    workspace_name: str
    version: str
    as_of: str
    format: str
    rows: dict[str, int]
    missing_files: list[str]


async def dump(
    caller: Caller, directory: Path, file_format: str, only: Sequence[str], on_progress: Progress
) -> Manifest:
    """Write all resources, or `only` some, to an empty or new directory. Raises ParameterInvalid."""
    names = _chosen(only)
    if file_format not in FORMATS:
        raise ParameterInvalid(f"format must be one of {', '.join(FORMATS)}, not {file_format}")
    _prepare(directory, with_files="files" in names)
    manifest = Manifest(
        caller.workspace_id,
        caller.workspace_name,
        installed_version("callbox"),
        caller.now().isoformat(),
        file_format,
        {},
        [],
    )
    async with snapshot() as held:
        for name in names:
            manifest.rows[name] = await _write_resource(held, caller, directory, name, file_format, on_progress)
        if "files" in names:
            manifest.missing_files = await _copy_files(held, caller, directory / "files")
    (directory / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    return manifest


def _chosen(only: Sequence[str]) -> Sequence[str]:
    for name in only:
        if name not in RESOURCES:
            raise ParameterInvalid(f"only: {name} is none of {', '.join(sorted(RESOURCES))}")
    return only or list(RESOURCES)


def _prepare(directory: Path, *, with_files: bool) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        is_empty = not any(directory.iterdir())
        if is_empty and with_files:
            (directory / "files").mkdir()
    except OSError as error:
        raise ParameterInvalid(f"The directory {directory} cannot be used: {error.strerror}") from error
    if not is_empty:
        raise ParameterInvalid(f"The directory {directory} is not empty")


async def _write_resource(
    held: Connection, caller: Caller, directory: Path, name: str, file_format: str, on_progress: Progress
) -> int:
    resource = RESOURCES[name]
    columns = await columns_of_table.all(held, resource.table)
    total = await count_rows(held, caller.workspace_id, resource)
    on_progress(name, 0, total)

    async def counted() -> AsyncIterator[list[tuple[Any, ...]]]:
        written = 0
        async for batch in read_rows(held, caller.workspace_id, resource, columns):
            yield batch
            written += len(batch)
            on_progress(name, written, total)

    await FORMATS[file_format](directory / f"{name}.{file_format}", columns, counted())
    return total


async def _copy_files(held: Connection, caller: Caller, directory: Path) -> list[str]:
    """The bytes of attached files, under their ids; answers the ids of those whose bytes are not where they belong."""
    missing = []
    columns = [column for column in await columns_of_table.all(held, "files") if column.name in {"id", "state"}]
    async for batch in read_rows(held, caller.workspace_id, RESOURCES["files"], columns):
        for file_id, state in batch:
            if state == "stored" and not await _copy_file(caller, file_id, directory / file_id):
                missing.append(file_id)
    return missing


async def _copy_file(caller: Caller, file_id: str, path: Path) -> bool:
    try:
        pieces = await read_file(caller.workspace_id, file_id)
    except FileMissing:
        return False
    with path.open("wb") as file:
        async for piece in pieces:
            file.write(piece)
    return True
