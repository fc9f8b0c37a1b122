"""Segment's destination for Intercom, which brings people, companies and events from elsewhere."""

from pathlib import Path

import pytest

from tests.clients.installing import installed
from tests.conftest import TestWorkspace
from tests.sdk.node_suites import names_of, run_one

SUITE = Path(__file__).parent / "node" / "segment.mjs"


@pytest.mark.parametrize("name", names_of(SUITE))
def test_segment(name: str, workspace: TestWorkspace, server_url: str) -> None:
    run_one(SUITE, name, installed("action-destinations-3.387.0"), workspace, server_url)
