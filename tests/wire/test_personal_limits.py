"""What one person may do how often."""

import pytest

from callbox.wire import rate_limits
from callbox.wire.rate_limits import PersonalLimit


def test_a_person_may_do_it_again_when_time_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(rate_limits, "monotonic", lambda: now)
    limit = PersonalLimit(2, 10)
    assert [limit.allows("ada") for _ in range(3)] == [True, True, False]
    assert limit.allows("grace")
    now += 9
    # What was refused does not count, or trying would hold back for ever.
    assert not limit.allows("ada")
    now += 2
    assert [limit.allows("ada") for _ in range(3)] == [True, True, False]


def test_no_more_persons_are_remembered_than_there_is_room_for() -> None:
    limit = PersonalLimit(1, 10, remembered=2)
    assert [limit.allows(person) for person in ("ada", "grace", "mary")] == [True] * 3
    assert limit.allows("ada")
    assert not limit.allows("mary")
