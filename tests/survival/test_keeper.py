"""A run of the suite that ends before its time leaves nothing behind."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import free_port
from tests.keeper import temporary
from tests.waiting import wait_for


def test_nothing_is_left_of_a_run_that_was_killed() -> None:
    directory = Path(tempfile.mkdtemp(prefix="callbox-tests-"))
    directory.chmod(0o755)
    temporary(directory).mkdir()
    # The URL that tests were given, if any, is not for this run.
    environment = {**os.environ, "CALLBOX_TEST_DATABASE_URL": ""}
    command = [sys.executable, "-m", "tests.keeper", str(directory)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout is not None
        url = keeper.stdout.readline().strip()
        environment |= {"TMPDIR": str(temporary(directory)), "CALLBOX_DATABASE_URL": url}
        serve = [sys.executable, "-m", "callbox.cli", "serve", "--data", str(directory / "data")]
        server = subprocess.Popen(
            [*serve, "--port", str(free_port())], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        assert "ready" in "".join(server.stdout.readline() for _ in range(2))
        postmaster = int((directory / "postgres" / "postmaster.pid").read_text().split()[0])
    # Leaving the block has closed the keeper's standard input, as the end of a run does.
    assert (keeper.returncode, server.wait(60)) == (0, 0)
    server.stdout.close()
    wait_for(lambda: not Path(f"/proc/{postmaster}").exists())
    assert not directory.exists()
