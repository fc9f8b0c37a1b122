"""When a notification is repeated, and what a receiver's answers mean for its webhook."""

from datetime import UTC, datetime, timedelta

import pytest

from callbox.channels.webhooks.policy import Health, Policy

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "repetitions"), [(0, 1), (1, 5), (2, 6), (72, 76)])
def test_repetitions_end_with_the_hours_set_but_the_first_always_comes(hours: int, repetitions: int) -> None:
    policy = Policy(retry_hours=hours)
    delays = [policy.delay_after(failures) for failures in range(1, repetitions + 1)]
    assert delays[0] == timedelta(minutes=1)
    assert all(delay is not None and delay <= timedelta(hours=1) for delay in delays)
    assert sum((delay for delay in delays if delay), timedelta(0)) <= max(timedelta(hours=hours), timedelta(minutes=1))
    assert policy.delay_after(repetitions + 1) is None


def failing(times: int, apart: timedelta, status: int | None = 500) -> tuple[Health, datetime]:
    """A receiver after so many failures."""
    health, now = Health(), NOW
    for _ in range(times):
        health = health.after(status, now)
        now += apart
    return health, now


def test_more_than_a_thousand_errors_in_a_quarter_of_an_hour_are_a_pause_of_another() -> None:
    health, now = failing(1000, timedelta(seconds=0.5))
    assert health.held_until is None
    health = health.after(None, now)
    assert health.held_until == now + timedelta(minutes=15)
    assert health.failing_since == NOW
    assert health.after(200, now) == Health()


def test_errors_that_come_slowly_are_no_pause() -> None:
    health, _ = failing(1500, timedelta(seconds=2))
    assert health.held_until is None


def test_a_week_of_nothing_but_errors_suspends() -> None:
    health, now = failing(8, timedelta(days=1))
    assert health.suspended_because is None
    assert health.after(500, now).suspended_because == "Every attempt of the last 7 days failed."
    assert health.after(200, now).after(500, now).suspended_because is None


def test_gone_suspends_at_once() -> None:
    assert Health().after(410, NOW).suspended_because == "The receiver answered 410 Gone."


def test_throttling_grows_from_a_minute_to_two_hours_and_no_further() -> None:
    health, minutes = Health(), []
    for _ in range(40):
        health = health.after(429, NOW)
        assert health.held_until is not None
        minutes.append((health.held_until - NOW) / timedelta(minutes=1))
    assert minutes[:8] == [1, 2, 4, 8, 16, 32, 64, 120]
    assert set(minutes[8:]) == {120}


@pytest.mark.parametrize("status", [199, 301, 307, 400, 404, 500, 503, None])
def test_whatever_is_no_success_is_a_failure(status: int | None) -> None:
    assert Health().after(status, NOW).failing_since == NOW


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success_is_anything_from_200_to_299(status: int) -> None:
    assert failing(3, timedelta(minutes=1))[0].after(status, NOW) == Health()
