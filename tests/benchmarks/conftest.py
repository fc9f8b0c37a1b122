"""A small data set of the benchmarks, as the API shows it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from benchmarks.dataset import Dataset, fill

from tests.conftest import _create_database, _drop_database, start_server, stop_server

CONTACTS, CONVERSATIONS = 120, 60


@pytest.fixture(scope="module")
def filled(postgres_url: str, short_directory: Path) -> Iterator[tuple[Dataset, httpx.Client]]:
    """A small data set, and a client of its workspace."""
    name, url = _create_database(postgres_url)
    server = start_server(short_directory / "dataset", {"CALLBOX_DATABASE_URL": url})
    dataset = fill(server.url, server.first_token, url, CONTACTS, CONVERSATIONS)
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {server.first_token}"}, timeout=30
    ) as api:
        yield dataset, api
    assert stop_server(server) == 0
    _drop_database(postgres_url, name)


@pytest.fixture
def dataset(filled: tuple[Dataset, httpx.Client]) -> Dataset:
    return filled[0]


@pytest.fixture
def api(filled: tuple[Dataset, httpx.Client]) -> httpx.Client:
    return filled[1]


def get(api: httpx.Client, path: str) -> Any:
    """What the path answers."""
    answer = api.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def search(api: httpx.Client, what: str, *filters: tuple[str, str, object]) -> Any:
    """The first 150 that meet all filters."""
    items = [{"field": field, "operator": operator, "value": value} for field, operator, value in filters]
    body = {"query": {"operator": "AND", "value": items}, "pagination": {"per_page": 150}}
    answer = api.post(f"/{what}/search", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()
