"""The official Python SDK, unchanged but for its base URL."""

from collections.abc import Iterator

import httpx
import pytest
from intercom import Intercom

from tests.conftest import TestWorkspace


@pytest.fixture
def sdk(workspace: TestWorkspace, server_url: str) -> Iterator[Intercom]:
    """A client as any user of the SDK makes it."""
    with httpx.Client(timeout=30) as transport:
        yield Intercom(base_url=server_url, token=workspace.token, httpx_client=transport)
