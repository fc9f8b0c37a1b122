"""A server with demo data, behind the default rate limit, for clients that read a whole workspace."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import RunningServer, _create_database, _drop_database, start_server, stop_server


@pytest.fixture(scope="session")
def demo_server(postgres_url: str, short_directory: Path) -> Iterator[RunningServer]:
    """A server whose first workspace holds the demo data."""
    name, url = _create_database(postgres_url)
    environment = {"CALLBOX_DATABASE_URL": url, "CALLBOX_RATE_LIMIT": "10000"}
    running = start_server(short_directory / "demo", environment, "--demo")
    yield running
    assert stop_server(running) == 0
    _drop_database(postgres_url, name)


@pytest.fixture(scope="session")
def demo(demo_server: RunningServer) -> Iterator[httpx.Client]:
    """The API of the workspace with demo data."""
    headers = {"Authorization": f"Bearer {demo_server.first_token}"}
    with httpx.Client(base_url=demo_server.url, headers=headers, timeout=30) as api:
        yield api
