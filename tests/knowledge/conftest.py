"""Fixtures of articles and help centers."""

from typing import Any

import pytest

from tests.contract.world import World


@pytest.fixture
def me(world: World) -> int:
    """The token's admin."""
    return int(world.admin_id())


def only_error(answer: Any, status: int = 400) -> tuple[str, str]:
    """Code and message of a refusal."""
    assert answer.status_code == status, answer.text
    [error] = answer.json()["errors"]
    return error["code"], error["message"]
