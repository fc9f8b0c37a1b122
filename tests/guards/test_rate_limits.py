"""The rate limit: ten-second windows for each app, counted together by all processes of a server."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from callbox.platform import clock
from callbox.wire.rate_limits import WINDOW_SECONDS, RateLimiter, shared_counters
from tests.conftest import RunningServer, new_workspace, serving
from tests.guards.attempts import refusal
from tests.guards.conftest import Database
from tests.guards.tenants import Tenant

A_MINUTE = 60
A_WINDOW = 10
_ATTEMPTS = 3


@pytest.fixture(scope="module")
def limited(database: Database, short_directory: Path) -> Iterator[RunningServer]:
    """A server with two HTTP processes and a limit; what tests prepare is done by the guarded server beside it."""
    environment = {"CALLBOX_DATABASE_URL": database.url, "CALLBOX_RATE_LIMIT": str(A_MINUTE)}
    with serving(short_directory / "limited", environment, "--workers", "2", "--no-worker") as running:
        yield running


@pytest.fixture(scope="module")
def tenant(guarded: RunningServer) -> Iterator[Tenant]:
    """A workspace whose apps are counted."""
    workspace = new_workspace(guarded)
    with workspace.api:
        yield Tenant(workspace)


def _new_app(tenant: Tenant, server: RunningServer) -> httpx.Client:
    """A client of an app that nobody counted yet. Each request has a connection of its own."""
    headers = {"Authorization": f"Bearer {tenant.token()['access_token']}", "Connection": "close"}
    return httpx.Client(base_url=server.url, headers=headers)


def _http_processes(server: RunningServer) -> list[int]:
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"\0http\0" in Path(f"/proc/{pid}/cmdline").read_bytes() + b"\0"]


@contextmanager
def _paused(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_processes_of_a_server_share_one_count(tenant: Tenant, limited: RunningServer) -> None:
    first, second = _http_processes(limited)
    for _ in range(_ATTEMPTS):
        with _new_app(tenant, limited) as app:
            with _paused(second):
                answers = [app.get("/me") for _ in range(A_WINDOW // 2)]
            with _paused(first):
                answers += [app.get("/me") for _ in range(A_WINDOW)]
        if len({answer.headers["x-ratelimit-reset"] for answer in answers}) == 1:
            break  # all in one window
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in answers]
    assert left == [*range(A_WINDOW - 1, -1, -1), *[0] * (A_WINDOW // 2)]
    assert [answer.status_code for answer in answers] == [200] * A_WINDOW + [429] * (A_WINDOW // 2)


def test_refusal_says_the_limit_and_when_it_ends(tenant: Tenant, limited: RunningServer) -> None:
    with _new_app(tenant, limited) as app:
        answers = [app.get("/contacts/nobody") for _ in range(2 * A_WINDOW + 1)]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refusal(refused) == (429, "rate_limit_exceeded", "Exceeded rate limit of 10 in 10_seconds")
        assert refused.headers["x-ratelimit-limit"] == str(A_WINDOW)
        assert refused.headers["x-ratelimit-remaining"] == "0"
        assert refused.headers["intercom-version"] == "2.11"
        reset = int(refused.headers["x-ratelimit-reset"])
        assert reset % WINDOW_SECONDS == 0
        assert reset - WINDOW_SECONDS - 1 <= time.time() <= reset + 60
    with _new_app(tenant, limited) as another:
        assert another.get("/me").status_code == 200, "each app has a limit of its own"


def test_credentials_that_are_none_are_not_counted(tenant: Tenant, limited: RunningServer) -> None:
    with _new_app(tenant, limited) as app:
        for _ in range(3 * A_WINDOW):
            assert app.get("/me", headers={"Authorization": "Bearer wrong"}).status_code == 401
            assert app.get("/healthz").status_code == 200
        assert app.get("/me").headers["x-ratelimit-remaining"] == str(A_WINDOW - 1)


def test_without_a_limit_nothing_is_counted(tenant: Tenant) -> None:
    for _ in range(10 * A_WINDOW):
        answer = tenant.api.get("/me")
        assert answer.status_code == 200
    assert [name for name in answer.headers if name.startswith("x-ratelimit")] == []


def test_window_begins_anew_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_700_000_000
    monkeypatch.setattr(clock, "machine_seconds", lambda: now)
    counters = shared_counters(2)
    processes = [RateLimiter(1000, counters, process, 2) for process in range(2)]
    assert processes[0].count(7) == (167, 166, now + 10, False)
    for step in range(166):
        processes[step % 2].count(7)
    assert processes[1].count(7) == (167, 0, now + 10, True)
    for other in (8, 7 + 4096, 7 + 65_536):
        assert processes[0].count(other) == (167, 166, now + 10, False)
    now += 10
    assert processes[1].count(7) == (167, 166, now + 10, False)
    assert processes[0].count(7) == (167, 165, now + 10, False)
    os.close(counters)


@pytest.mark.parametrize("jump", [-86_400, 86_400])
def test_clock_that_jumps_locks_nobody_out(monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    now = 1_700_000_000
    monkeypatch.setattr(clock, "machine_seconds", lambda: now)
    counters = shared_counters(2)
    processes = [RateLimiter(6, counters, process, 2) for process in range(2)]
    assert processes[0].count(7) == (1, 0, now + 10, False)
    assert processes[1].count(7) == (1, 0, now + 10, True)
    now += jump
    assert processes[1].count(7) == (1, 0, now + 10, False)
    assert processes[0].count(7) == (1, 0, now + 10, True)
    os.close(counters)


def test_limit_of_a_window_is_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "machine_seconds", lambda: 0)
    counters = shared_counters(1)
    for per_minute, limit in ((1, 1), (6, 1), (7, 2), (1000, 167), (10_000, 1667)):
        window = RateLimiter(per_minute, counters, 0, 1).count(per_minute)
        assert window is not None
        assert window.limit == limit
    assert RateLimiter(0, counters, 0, 1).count(0) is None
    os.close(counters)
