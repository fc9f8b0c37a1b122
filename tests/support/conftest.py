"""Desks at which tests of conversations work."""

import httpx
import pytest

from tests.conftest import TestWorkspace
from tests.support.conversations import Desk


@pytest.fixture
def desk(api: httpx.Client) -> Desk:
    """A desk of this test's workspace."""
    return Desk(api)


@pytest.fixture
def quiet_desk(quiet: TestWorkspace) -> Desk:
    """A desk on the server whose events stay where they are."""
    return Desk(quiet.api)
