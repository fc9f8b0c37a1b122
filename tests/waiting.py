"""Waiting for what other processes do a moment later."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# How long anything may take before it counts as stuck, on a machine that does much else besides.
GENEROUS_SECONDS = 60.0


def wait_for(check: Callable[[], T], seconds: float = GENEROUS_SECONDS, pause: float = 0.05) -> T:
    """Wait until the check answers something true."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"it did not happen within {seconds} seconds"
        time.sleep(pause)
    return answer
