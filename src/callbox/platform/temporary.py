"""Temporary directories that go with the process that made them, and where it was killed, with the next that is made.

The process holds a lock on its directory, which ends with it however it ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp


@contextmanager
def temporary_directory(prefix: str) -> Iterator[Path]:
    """A directory for the length of the block. First, what killed processes left under the prefix is removed."""
    for left in Path(gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):  # in use, somebody else's, or gone meanwhile
            _remove(left, _lock(left))
    directory, lock = _make(prefix)
    try:
        yield directory
    finally:
        _remove(directory, lock)


def _make(prefix: str) -> tuple[Path, int]:
    """A new directory with its lock. Whoever looks for what was left may find and remove it before it is locked."""
    while True:
        directory = Path(mkdtemp(prefix=prefix))
        with suppress(BlockingIOError, FileNotFoundError):
            return directory, _lock(directory)


def _lock(directory: Path) -> int:
    """A descriptor that holds the only lock on a directory of this user's. Raises OSError where that cannot be."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        locked = os.fstat(descriptor)
        if locked.st_uid != os.geteuid() or not os.path.samestat(locked, directory.lstat()):
            raise FileNotFoundError(directory)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _remove(directory: Path, lock: int) -> None:
    rmtree(directory, ignore_errors=True)
    os.close(lock)
