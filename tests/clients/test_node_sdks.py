"""The official Node SDK in its majors 4, 5 and 7; `make test` has the fourth, 6.

7 asks for the version 2.14, and gets the shapes of 2.11. All have a setting for the server's address.
"""

from pathlib import Path

import pytest

from tests.clients.installing import installed
from tests.conftest import TestWorkspace
from tests.sdk.node_suites import names_of, run_one

LEGACY = Path(__file__).parent / "node" / "legacy_sdk.mjs"
GENERATED = Path(__file__).parents[1] / "sdk" / "node" / "suite.mjs"


@pytest.mark.parametrize("version", ["4.0.0", "5.0.0"])
@pytest.mark.parametrize("name", names_of(LEGACY))
def test_legacy(name: str, version: str, workspace: TestWorkspace, server_url: str) -> None:
    run_one(LEGACY, name, installed(f"intercom-client-{version}"), workspace, server_url)


@pytest.mark.parametrize("name", names_of(GENERATED))
def test_generated(name: str, workspace: TestWorkspace, server_url: str) -> None:
    run_one(GENERATED, name, installed("intercom-client-7.0.3"), workspace, server_url)
