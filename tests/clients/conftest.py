"""A server with demo data, behind the default rate limit, for clients that read a whole workspace."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import RunningServer, new_database, serving


@pytest.fixture(scope="session")
def demo_server(postgres_url: str, short_directory: Path) -> Iterator[RunningServer]:
    """A server whose first workspace holds the demo data."""
    with new_database(postgres_url) as url:
        environment = {"CALLBOX_DATABASE_URL": url, "CALLBOX_RATE_LIMIT": "10000"}
        with serving(short_directory / "demo", environment, "--demo") as running:
            yield running


@pytest.fixture(scope="session")
def demo(demo_server: RunningServer) -> Iterator[httpx.Client]:
    """The API of the workspace with demo data."""
    headers = {"Authorization": f"Bearer {demo_server.first_token}"}
    with httpx.Client(base_url=demo_server.url, headers=headers, timeout=30) as api:
        yield api
