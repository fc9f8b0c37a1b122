"""What a check answers."""

from typing import Literal

import msgspec

State = Literal["well", "doubtful", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    """What was found of one thing; where it is not well, what to do."""

    check: str
    state: State
    told: str
    remedy: str | None = None


def well(check: str, told: str) -> Finding:
    """Nothing to do."""
    return Finding(check, "well", told)


def doubtful(check: str, told: str, remedy: str) -> Finding:
    """It may be meant so."""
    return Finding(check, "doubtful", told, remedy)


def wrong(check: str, told: str, remedy: str) -> Finding:
    """It does not work, or will not for long."""
    return Finding(check, "wrong", told, remedy)


def wrong_if(is_wrong: bool, check: str, told: str, remedy: str) -> Finding:
    """What is told is the same, whether there is something to do or not."""
    return wrong(check, told, remedy) if is_wrong else well(check, told)
