"""Reads whose client has gone are broken off: their statements would keep connections from those who still wait.

Writes go on to their end, as the client may believe that they did.
"""

import asyncio
from typing import Any

_READER = "reader"
_IS_ABANDONED = "is abandoned"


def may_be_broken_off(state: dict[str, Any]) -> None:
    """The current task only reads for this request."""
    state[_READER] = asyncio.current_task()


def abandon(state: dict[str, Any]) -> None:
    """The client has gone before there was an answer; whoever reads for it is cancelled."""
    reader: asyncio.Task[None] | None = state.get(_READER)
    if reader is not None:
        state[_IS_ABANDONED] = True
        reader.cancel()


def is_abandoned(state: dict[str, Any]) -> bool:
    """Whether that happened."""
    return _IS_ABANDONED in state
