"""Job workers by themselves: beside a server, several at once, and after it."""

import os
import signal
import subprocess
from functools import partial

from tests.contract.world import World
from tests.survival.harness import Installation
from tests.waiting import GENEROUS_SECONDS, wait_for

CONTACTS = 300
COMPANIES = 20


def test_workers_do_what_a_server_without_one_leaves_and_do_it_once(installation: Installation) -> None:
    installation.serve("--no-worker")
    with installation.client() as api:
        world = World(api)
        segment = world.segment({"field": "name", "operator": "=", "value": "Ada"})
        for _ in range(CONTACTS):
            world.user(name="Ada")
        employees = [world.employee() for _ in range(COMPANIES)]
        for _, company in employees:
            world.call("DELETE", f"/companies/{company['id']}")
        waiting = "SELECT (SELECT count(*) FROM outbox) AS events, (SELECT count(*) FROM pgqueuer) AS jobs"
        [before] = installation.sql(waiting)
        assert before["events"] > CONTACTS
        assert before["jobs"] == 0

        workers = [start_worker(installation) for _ in range(2)]
        installation.wait_until_idle()
        counts = {each["id"]: each["count"] for each in world.call("GET", "/segments?include_count=true")["segments"]}
        assert counts[segment["id"]] == CONTACTS
        for user, _ in employees:
            assert world.call("GET", f"/contacts/{user['id']}/companies")["data"] == []
        again = "SELECT job_id FROM pgqueuer_log WHERE status = 'successful' GROUP BY job_id HAVING count(*) > 1"
        assert installation.sql(again) == []

    # Whoever uses the embedded database last stops it.
    assert [stop(worker) for worker in workers[:1]] == [0]
    assert installation.stop() == 0
    [last] = workers[1:]
    assert any("postgres" in command for command in installation.processes().values())
    assert stop(last) == 0
    assert installation.processes() == {}


def test_a_worker_alone_starts_the_embedded_database_and_keeps_it_running(installation: Installation) -> None:
    worker = start_worker(installation)
    killed = installation.postmaster()
    os.kill(killed, signal.SIGKILL)
    wait_for(partial(runs_again, installation, killed))
    assert stop(worker) == 0
    assert installation.processes() == {}


def runs_again(installation: Installation, killed: int) -> bool:
    pid_file = installation.data / "postgres/postmaster.pid"
    return pid_file.exists() and installation.postmaster() != killed and "ready" in pid_file.read_text()


def start_worker(installation: Installation) -> subprocess.Popen[str]:
    """A worker that runs."""
    told = installation.log().count("The worker runs.")
    worker = installation.begin("worker")
    wait_for(lambda: installation.log().count("The worker runs.") > told)
    return worker


def stop(worker: subprocess.Popen[str]) -> int:
    """End a worker as its operator would; answers its exit status."""
    with worker:
        worker.send_signal(signal.SIGTERM)
        return worker.wait(GENEROUS_SECONDS)
