"""Keeps the PostgreSQL of a run of the suite, and leaves nothing behind: `python -m tests.keeper DIRECTORY`.

It says where the database is. When the run has ended, and with it the other end of standard input, it ends every
process that is left of it and removes the directory. A run that is killed can do neither itself.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from callbox.platform.database.embedded import EmbeddedPostgres

# Nothing that the suite keeps has to survive the machine.
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SECONDS_TO_END_IN_ORDER = 20


def temporary(directory: Path) -> Path:
    """Where processes of a run have their temporary files: by this they are known."""
    return directory / "tmp"


def keep(directory: Path) -> None:
    """Until the run has ended."""
    postgres = EmbeddedPostgres(directory, settings=_SETTINGS)
    given = os.environ.get("CALLBOX_TEST_DATABASE_URL")
    if not given:
        postgres.start(lambda _: None)
    try:
        print(given or postgres.dsn, flush=True)
        sys.stdin.read()
        _end_in_order(directory)
    finally:
        postgres.stop()
        for process in [*_started_by(directory), *_inside(directory)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        shutil.rmtree(directory, ignore_errors=True)


def _end_in_order(directory: Path) -> None:
    """Servers stop their own PostgreSQL, if they get the time."""
    deadline = time.monotonic() + _SECONDS_TO_END_IN_ORDER
    for process in _started_by(directory):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
    while _started_by(directory) and time.monotonic() < deadline:
        time.sleep(0.1)


def _started_by(directory: Path) -> list[int]:
    mark = os.fsencode(f"TMPDIR={temporary(directory)}")
    return [number for number, process in _processes() if mark in _read(process / "environ").split(b"\0")]


def _inside(directory: Path) -> list[int]:
    """Every PostgreSQL runs in its own data."""
    found = []
    for number, process in _processes():
        with suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(directory):
                found.append(number)
    return found


def _processes() -> list[tuple[int, Path]]:
    return [(int(entry.name), entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _read(file: Path) -> bytes:
    with suppress(OSError):  # it has ended meanwhile
        return file.read_bytes()
    return b""


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
