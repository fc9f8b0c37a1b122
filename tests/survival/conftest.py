"""Installations of a test's own, with nothing of them left when it ends."""

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


@pytest.fixture
def installation(install: Callable[..., Installation]) -> Installation:
    """One installation on an embedded PostgreSQL."""
    return install()
