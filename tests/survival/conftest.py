"""Installations of a test's own, with nothing of them left when it ends."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.survival.harness import Installation
from tests.waiting import wait_for


@pytest.fixture
def install(short_directory: Path) -> Iterator[Callable[..., Installation]]:
    """Makes installations. When the test ends they must have ended, with all their processes."""
    made: list[Installation] = []

    def make(name: str = "data", **options: str) -> Installation:
        directory = Path(tempfile.mkdtemp(dir=short_directory))
        directory.chmod(0o755)
        made.append(Installation(directory / name, **options))
        return made[-1]

    try:
        yield make
        wait_for(lambda: not any(installation.processes() for installation in made), 20)
    finally:
        for installation in made:
            installation.clean_up()
            print(installation.log())  # shown where the test fails


@pytest.fixture(scope="session")
def first_start(short_directory: Path) -> Installation:
    """An installation on an embedded PostgreSQL that was started once, and stopped."""
    started = Installation(short_directory / "first-start" / "data")
    try:
        started.serve("--no-worker")
        assert started.stop() == 0
    finally:
        started.clean_up()
    return started


@pytest.fixture
def installation(install: Callable[..., Installation], first_start: Installation) -> Installation:
    """A copy of it: most tests begin where the first start is over, which takes longer than to copy what it made."""
    copied = install()
    subprocess.run(["cp", "--archive", str(first_start.data), str(copied.data)], check=True)
    copied.token = first_start.token
    return copied
