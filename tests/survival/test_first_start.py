"""Servers that meet a database for the first time, or one of another release."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.survival.harness import Installation

Install = Callable[..., Installation]


def test_servers_that_start_together_on_an_empty_database_make_one_workspace(
    install: Install, empty_database_url: str
) -> None:
    servers = [install(database_url=empty_database_url) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(Installation.serve, servers))
    [first] = [server for server in servers if server.token]
    for server in servers:
        server.token = first.token
        with server.client() as api:
            assert api.get("/me").status_code == 200
    assert [row["n"] for row in first.sql("SELECT count(*) AS n FROM workspaces")] == [1]
    assert [server.stop() for server in servers] == [0, 0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            "INSERT INTO schema_migrations (version, name, sha256) VALUES (9999, 'later', '')",
            "The database has migration 9999, which this release does not know: run a newer Callbox.",
        ),
        (
            "UPDATE schema_migrations SET sha256 = '' WHERE version = 1",
            "Migration 1 was edited after this database applied it: restore the file.",
        ),
    ],
)
def test_a_database_of_another_release_is_refused_in_a_sentence(
    install: Install, database_url: str, change: str, sentence: str
) -> None:
    installation = install(database_url=database_url)
    installation.sql(change)
    assert installation.run("serve", "--port", "0")[0] == 1
    assert installation.log().strip() == f"callbox: {sentence}"
