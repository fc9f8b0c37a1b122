"""Fixtures of commands."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.cli.commands import Commands, Start
from tests.conftest import RunningServer


@pytest.fixture
def callbox(server: RunningServer, start_command: Start, tmp_path: Path) -> Commands:
    """Commands beside the suite's server, on its database; the data directory is not needed for that."""
    environment = {"CALLBOX_DATABASE_URL": server.database_url, "CALLBOX_DATA": str(tmp_path / "unused")}
    return Commands(environment, start_command)


@pytest.fixture
def client(server: RunningServer) -> Iterator[Callable[[str], httpx.Client]]:
    """Makes a client of the server with a token."""
    with ExitStack() as clients:

        def make(token: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {token}"}
            return clients.enter_context(httpx.Client(base_url=server.url, headers=headers, timeout=30))

        yield make
