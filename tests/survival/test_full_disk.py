"""The disk of the database is full: writes are refused, reads go on, and with some space all goes on as it was."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.survival.harness import Installation
from tests.waiting import wait_for


@pytest.fixture
def small_disk(install: Callable[..., Installation]) -> Iterator[Installation]:
    """An installation on a disk of its own, in memory."""
    installation = install()
    installation.data.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200m,mode=755", "tmpfs", str(installation.data)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("only root may mount a disk, and not everywhere")
    try:
        yield installation
        wait_for(lambda: not installation.processes())
    finally:
        installation.clean_up()
        subprocess.run(["umount", "--lazy", str(installation.data)], check=True)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Somebody else's file takes all the space there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(2**20))
    yield
    ballast.unlink()


def is_unavailable(answer: httpx.Response) -> bool:
    if answer.status_code != 503:
        return False
    body = answer.json()
    assert body["type"] == "error.list"
    assert [error["code"] for error in body["errors"]] == ["service_unavailable"]
    assert int(answer.headers["retry-after"]) > 0
    return True


def test_a_full_disk_refuses_writes_and_stops_nothing_for_longer_than_it_is_full(small_disk: Installation) -> None:
    small_disk.serve()
    with small_disk.client() as api:
        assert api.post("/contacts", json={"role": "user", "external_id": "before"}).status_code == 200
        answered = 1
        with filled(small_disk.data):
            # What PostgreSQL has reserved already is still filled.
            while not is_unavailable(api.post("/contacts", json={"role": "lead", "name": "x" * 1000})):
                answered += 1
            assert {api.get(path).status_code for path in ("/contacts", "/me", "/readyz")} == {200}
            assert api.get("/contacts").json()["total_count"] == answered

            # It cannot be started again on such a disk; and is, when there is space.
            os.kill(small_disk.postmaster(), signal.SIGKILL)
            wait_for(lambda: "postgresql_does_not_start" in small_disk.log())
            assert is_unavailable(api.get("/me"))
            assert (api.get("/healthz").status_code, api.get("/readyz").status_code) == (200, 503)
        wait_for(lambda: api.get("/readyz").status_code == 200)
        assert api.get("/contacts").json()["total_count"] == answered
        assert api.post("/contacts", json={"role": "user", "external_id": "after"}).status_code == 200
        small_disk.wait_until_idle()
    assert small_disk.stop() == 0
