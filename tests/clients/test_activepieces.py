"""The Intercom piece of Activepieces, an automation engine: it speaks through the Node SDK 6.2 that it brings."""

from pathlib import Path

import pytest

from tests.clients.installing import installed
from tests.conftest import TestWorkspace
from tests.sdk.node_suites import names_of, run_one

SUITE = Path(__file__).parent / "node" / "activepieces.mjs"


@pytest.mark.parametrize("name", names_of(SUITE))
def test_activepieces(name: str, workspace: TestWorkspace, server_url: str) -> None:
    run_one(SUITE, name, installed("piece-intercom-0.7.5"), workspace, server_url)
