"""A backup: one file that holds all of an installation, and the way back.

The file is a tar archive: what it is, the database as `pg_dump` writes it, the attached files, and last a mark that it
is whole. Tokens, keys of links and secrets of webhooks are in the database, so they go along and come back.
"""

import asyncio
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import IO
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import asyncpg
import msgspec

from callbox.installation import InstallationError, check_database
from callbox.platform.database import GlobalQuery
from callbox.platform.database.embedded import EmbeddedPostgresError, binary
from callbox.platform.database.migrate import applied_version, migrations
from callbox.platform.files import delete_file, file_writer, files_in_directory

FORMAT = 1
_MANIFEST = "callbox-backup.json"
_DATABASE = "database.dump"
_FILES = "files/"
_WHOLE = "whole"
_FILE = re.compile(r"files/(?P<workspace>[a-z0-9]+)/[0-9a-f]{2}/(?P<file>[0-9a-f-]{36})")
_CHUNK_BYTES = 1024 * 1024
# Where a script has its settings, and one that is newer than the oldest server.
_SETTINGS_LINES = 30
_NEW_SETTING = b"SET transaction_timeout = 0;\n"

# Everything that was there goes, everything of the backup comes, or nothing happens. Transaction numbers are those of
# another server, where they were higher: as they are, readers of events would wait for them. Early releases had none.
_BEGIN = b"BEGIN;\nDROP SCHEMA IF EXISTS public CASCADE;\nCREATE SCHEMA public;\n"
_END = b"""
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'public.outbox'::regclass AND attname = 'xid') THEN
        UPDATE public.outbox SET xid = pg_current_xact_id();
    END IF;
END $$;
COMMIT;
"""

count_other_connections = GlobalQuery(
    "count_other_connections",
    int,
    """
    SELECT count(*)
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
    """,
)

has_workspaces = GlobalQuery("has_workspaces", bool, "SELECT EXISTS (SELECT FROM workspaces)")


class Manifest(msgspec.Struct):
    """What a backup is. `schema` is the newest migration in it; files in an object store are not in it."""

    format: int
    version: str
    postgresql: int
    schema: int
    made_at: str
    has_files: bool


class _Found(msgspec.Struct):
    """What a database is, before something is done with it."""

    postgresql: int
    schema: int | None
    is_used: bool
    is_empty: bool


async def back_up(url: str, file: Path, *, has_files: bool, on_progress: Callable[[str], None]) -> Manifest:
    """Write a new file, also while a server runs. Attached files are read from the directory that was opened.

    The database is as it was at one moment. Files come after it: what was answered before that moment is in the backup
    with its files, and some files may be there of which the database does not know yet.
    """
    found = await _look_at(url)
    if found.schema is None:
        raise InstallationError("There is nothing to back up: the database has no schema of Callbox.")
    manifest = Manifest(
        format=FORMAT,
        version=installed_version("callbox"),
        postgresql=found.postgresql,
        schema=found.schema,
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        has_files=has_files,
    )
    await asyncio.to_thread(_back_up, url, file, manifest, on_progress)
    return manifest


def _back_up(url: str, file: Path, manifest: Manifest, on_progress: Callable[[str], None]) -> None:
    if file.exists():
        raise InstallationError(f"{file} exists: choose another name.")
    try:
        with tempfile.TemporaryDirectory(prefix=".callbox-backup-", dir=file.parent) as directory:
            dumped, unfinished = Path(directory) / _DATABASE, Path(directory) / "backup.tar"
            on_progress("Reading the database.")
            _dump_database(url, manifest.postgresql, dumped)
            with unfinished.open("xb") as written:
                _write(written, manifest, dumped, on_progress)
                written.flush()
                os.fsync(written.fileno())
            unfinished.chmod(0o600)
            unfinished.rename(file)
    except OSError as error:
        raise InstallationError(f"{file} cannot be written: {error.strerror}.") from error


def _write(written: IO[bytes], manifest: Manifest, dumped: Path, on_progress: Callable[[str], None]) -> None:
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _add_bytes(archive, _MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
        archive.add(dumped, _DATABASE)
        files = files_in_directory() if manifest.has_files else {}
        on_progress(f"Copying {len(files)} attached files.")
        for name, path in sorted(files.items()):
            # A file that is deleted meanwhile was deleted by somebody who may.
            with suppress(FileNotFoundError):
                archive.add(path, _FILES + name)
        _add_bytes(archive, _WHOLE, b"")


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, BytesIO(content))


async def restore(url: str, file: Path, data: Path, *, replace: bool, on_progress: Callable[[str], None]) -> Manifest:
    """Bring a backup back into an empty installation, or with `replace` into one whose contents are lost by that.

    The database changes in one transaction. Files come first, so that no row ever lacks one.
    """
    manifest, names = _read(file)
    found = await _look_at(url)
    _check(manifest, found, replace=replace)
    before = set(files_in_directory())
    if before and not replace:
        raise InstallationError("There are attached files already: restore into an empty place, or with --replace.")
    on_progress(f"Copying {len(names)} attached files.")
    try:
        with tarfile.open(file) as archive:
            for name in names:
                await _restore_file(archive, name)
        on_progress("Writing the database.")
        await asyncio.to_thread(_unpack_database, url, found.postgresql, file, data)
    except OSError as error:
        raise InstallationError(f"The backup cannot be restored: {error.strerror or error}.") from error
    for name in before - {name.removeprefix(_FILES) for name in names}:
        workspace_id, _, file_id = name.split("/")
        await delete_file(workspace_id, file_id)
    return manifest


def _read(file: Path) -> tuple[Manifest, list[str]]:
    """What a backup is, and the files in it. Raises InstallationError where it is none, or not whole."""
    try:
        with tarfile.open(file) as archive:
            names = archive.getnames()
            described = archive.extractfile(_MANIFEST)
            manifest = msgspec.json.decode(described.read() if described else b"", type=Manifest)
    except OSError as error:
        raise InstallationError(f"{file} cannot be read: {error.strerror or error}.") from error
    except (tarfile.TarError, KeyError, msgspec.MsgspecError) as error:
        raise InstallationError(f"{file} is no backup of Callbox, or is cut off.") from error
    if _DATABASE not in names or names[-1] != _WHOLE:
        raise InstallationError(f"{file} is not whole.")
    return manifest, [name for name in names if _FILE.fullmatch(name)]


def _check(manifest: Manifest, found: _Found, *, replace: bool) -> None:
    newest = migrations()[-1].version
    if manifest.format > FORMAT or manifest.schema > newest:
        raise InstallationError(f"The backup was made by Callbox {manifest.version}, a newer release: install that.")
    if manifest.postgresql > found.postgresql:
        raise InstallationError(
            f"The backup was made on PostgreSQL {manifest.postgresql}; this database is {found.postgresql}: "
            f"restore into {manifest.postgresql} or newer."
        )
    if found.is_used:
        raise InstallationError("Somebody is connected to the database: stop servers and workers first.")
    if not found.is_empty and not replace:
        raise InstallationError(
            "The installation has workspaces already: restore into an empty one, or with --replace, by which all that "
            "is in this one is lost."
        )


async def _restore_file(archive: tarfile.TarFile, name: str) -> None:
    matched, content = _FILE.fullmatch(name), archive.extractfile(name)
    if matched is None or content is None:
        return
    async with file_writer(matched["workspace"], matched["file"]) as writer:
        while piece := content.read(_CHUNK_BYTES):
            await writer.write(piece)


async def _look_at(url: str) -> _Found:
    await check_database(url)
    connection = await asyncpg.connect(url)
    try:
        schema = await applied_version(connection)
        return _Found(
            connection.get_server_version().major,
            schema,
            is_used=await count_other_connections.one(connection) > 0,
            is_empty=schema is None or not await has_workspaces.one(connection),
        )
    finally:
        await connection.close()


def _dump_database(url: str, server_version: int, file: Path) -> None:
    """Unlogged tables are what a crash would empty as well."""
    place, environment = _without_password(url)
    done = subprocess.run(  # noqa: S603  # no shell
        [
            _program("pg_dump", server_version),
            *("--format=custom", "--no-owner", "--no-privileges", "--no-unlogged-table-data"),
            *("--file", str(file), "--dbname", place),
        ],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise InstallationError(f"The database cannot be read: {_complaint(done.stderr)}")


def _restore_database(url: str, server_version: int, dump: Path) -> None:
    """From one program to the other; the end of the transaction is sent only when the first has read all."""
    place, environment = _without_password(url)
    reading = [_program("pg_restore", server_version), "--no-owner", "--no-privileges", "--file=-", str(dump)]
    writing = [
        *(_program("psql", server_version), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"),
        *("--output", os.devnull, "--dbname", place),
    ]
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=complaints, env=environment) as reader,  # noqa: S603
        subprocess.Popen(writing, stdin=subprocess.PIPE, stderr=complaints, env=environment) as writer,  # noqa: S603
    ):
        assert reader.stdout is not None
        assert writer.stdin is not None
        with suppress(BrokenPipeError):
            writer.stdin.write(_BEGIN + _settings(reader.stdout, server_version))
            shutil.copyfileobj(reader.stdout, writer.stdin, _CHUNK_BYTES)
            if reader.wait() == 0:
                writer.stdin.write(_END)
        with suppress(BrokenPipeError):
            writer.stdin.close()
        reader.stdout.close()
        if writer.wait() or reader.wait():
            complaints.seek(0)
            raise InstallationError(f"The database was left as it was: {_complaint(complaints.read())}")


def _settings(script: IO[bytes], server_version: int) -> bytes:
    """The first lines of a script, but for the setting that servers before 17 do not know."""
    lines = list(islice(script, _SETTINGS_LINES))
    return b"".join(line for line in lines if server_version >= 17 or line != _NEW_SETTING)


def _unpack_database(url: str, server_version: int, file: Path, data: Path) -> None:
    # The database must not be on the disk before the files that it names.
    os.sync()
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".callbox-restore-", dir=data) as directory, tarfile.open(file) as archive:
        dump = Path(directory) / _DATABASE
        packed = archive.extractfile(_DATABASE)
        if packed is None:
            raise InstallationError(f"{file} is no backup of Callbox.")
        with packed, dump.open("xb") as unpacked:
            shutil.copyfileobj(packed, unpacked, _CHUNK_BYTES)
        _restore_database(url, server_version, dump)


def _complaint(complaints: bytes) -> str:
    lines = [line for line in complaints.decode(errors="replace").splitlines() if "ERROR" in line or "error" in line]
    return lines[0].strip() if lines else "the programs of PostgreSQL give no reason"


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """The URL for the command line, which all users of the machine may read, and an environment with the password."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    password = query.pop("password", None) or (unquote(parts.password) if parts.password else None)
    user, _, host = parts.netloc.rpartition("@")
    place = f"{user.partition(':')[0]}@{host}" if user else host
    environment = {**os.environ, **({} if password is None else {"PGPASSWORD": password})}
    return parts._replace(netloc=place, query=urlencode(query)).geturl(), environment


def _program(name: str, server_version: int) -> str:
    """A program of PostgreSQL that is not older than the server: what comes along, else the machine's own."""
    candidates = [shutil.which(name)]
    with suppress(EmbeddedPostgresError):
        candidates.insert(0, str(binary(name)))
    for candidate in candidates:
        if candidate and _version_of(candidate) >= server_version:
            return candidate
    raise InstallationError(
        f"The database is PostgreSQL {server_version}: install its client programs, so that {name} of that version or "
        f"a newer one is in PATH."
    )


def _version_of(program: str) -> int:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"(\d+)(\.\d+|devel|beta|rc)", said.stdout)
    return int(found[1]) if found else 0
