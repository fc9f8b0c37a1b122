"""What a measurement ran on, and the form of a report that goes into the documentation as it is."""

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from callbox.platform.database.embedded import EmbeddedPostgres


def machine() -> str:
    """Processor, memory, kernel, day, and how busy it was with other things in the last minute."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    assert memory is not None
    return (
        f"{os.cpu_count()} cores of {model[1] if model else platform.machine()}, {int(memory[1]) / 2**20:.0f} GB of "
        f"memory, Linux {platform.release().partition('-')[0]}; {datetime.now(UTC):%d %B %Y}; "
        f"load average {os.getloadavg()[0]:.1f} before"
    )


def versions(directory: Path) -> str:
    """Of what is measured."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    postgres = EmbeddedPostgres(directory).status().version
    return f"Callbox at {commit.stdout.strip() or 'no commit'}, Python {platform.python_version()}, {postgres}"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table for a page of the documentation."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
