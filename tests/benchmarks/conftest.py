"""A small data set of the benchmarks, as the API shows it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from benchmarks.dataset import Dataset, fill

from tests.conftest import new_database, serving

CONTACTS, CONVERSATIONS = 120, 60


@pytest.fixture(scope="module")
def filled(postgres_url: str, migrated_database: str, short_directory: Path) -> Iterator[tuple[Dataset, httpx.Client]]:
    """A small data set, and a client of its workspace."""
    with (
        new_database(postgres_url, migrated_database) as url,
        serving(short_directory / "dataset", {"CALLBOX_DATABASE_URL": url}) as server,
    ):
        dataset = fill(server.url, server.first_token, url, CONTACTS, CONVERSATIONS)
        headers = {"Authorization": f"Bearer {server.first_token}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=30) as api:
            yield dataset, api


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
