"""Temporary directories: none stays for ever, and none that is in use is touched."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from callbox.platform.temporary import temporary_directory

HOLDER = """
import sys, time
from callbox.platform.temporary import temporary_directory
with temporary_directory("callbox-held-") as directory:
    print(directory, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary directories are made."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_directory_goes_with_its_block_and_whatever_is_in_it() -> None:
    with temporary_directory("callbox-held-") as directory:
        (directory / "counts").write_text("1")
    assert not directory.exists()


def test_what_a_killed_process_left_goes_with_the_next_and_what_is_in_use_stays(place: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        held = Path(holder.stdout.readline().strip())
        (held / "counts").write_text("1")
        others, link = place / "callbox-other", place / "callbox-held-link"
        others.mkdir()
        link.symlink_to(others)
        with temporary_directory("callbox-held-") as beside:
            assert beside != held
            assert (held / "counts").exists()
            os.kill(holder.pid, signal.SIGKILL)
            holder.wait()
            with temporary_directory("callbox-held-"):
                assert not held.exists()
                assert beside.exists()
    assert set(place.iterdir()) == {others, link}
