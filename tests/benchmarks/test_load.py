"""The load generator tells what it saw, by kinds, and counts what failed."""

from urllib.parse import urlsplit

from benchmarks.load import Job, http_request, percentile, run_job

from tests.conftest import TestWorkspace


def _port(server_url: str) -> int:
    port = urlsplit(server_url).port
    assert port is not None
    return port


def test_each_kind_has_its_own_times(server_url: str, workspace: TestWorkspace) -> None:
    asked = [http_request("GET", path, workspace.token) for path in ("/me", "/admins", "/tags")]
    kinds = [0, 1, 1]
    seen = run_job(Job(_port(server_url), 1, 30, asked * 4, reusable=False, kinds=kinds * 4, warm_up=3))
    assert [len(times) for times in seen.times] == [3, 6]
    assert seen.all_times == sorted([*seen.times[0], *seen.times[1]])
    assert (seen.requests, seen.errors) == (9, 0)


def test_what_failed_is_counted_and_shown(server_url: str, workspace: TestWorkspace) -> None:
    asked = [http_request("GET", path, workspace.token) for path in ("/me", "/contacts/none")]
    seen = run_job(Job(_port(server_url), 1, 30, asked, reusable=False, warm_up=0))
    assert (seen.requests, seen.errors) == (2, 1)
    assert "404" in seen.first_error


def test_at_a_given_rate_no_more_is_sent(server_url: str, workspace: TestWorkspace) -> None:
    asked = [http_request("GET", "/me", workspace.token)]
    seen = run_job(Job(_port(server_url), 4, 0.5, asked, reusable=True, rate=40, warm_up=1))
    assert 0 < seen.requests <= 21


def test_percentiles() -> None:
    times = [float(each) for each in range(1, 1001)]
    assert [percentile(times, share) for share in (0.5, 0.99, 0.999, 1)] == [501, 991, 1000, 1000]
    assert percentile([], 0.5) == 0
