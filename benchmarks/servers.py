"""Servers that are measured: how they are started, found among the processes, and waited for."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import asyncpg


def running(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> AbstractContextManager["subprocess.Popen[str]"]:
    """One of our modules, which is terminated at the end."""
    return program([sys.executable, "-m", *arguments], environment)


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A directory for data, which is removed at the end.

    It is not in the temporary directory, which may lie in memory. PostgreSQL does not run as root and has to get in.
    """
    directory = Path(tempfile.mkdtemp(prefix="callbox-bench-", dir="/var/tmp"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def program(
    command: Sequence[str], environment: Mapping[str, str], *, is_silent: bool = False
) -> Iterator["subprocess.Popen[str]"]:
    """Any process that is terminated at the end. What a silent one prints is thrown away."""
    output = subprocess.DEVNULL if is_silent else subprocess.PIPE
    process = subprocess.Popen(command, stdout=output, text=True, env={**os.environ, **environment})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def first_token(process: "subprocess.Popen[str]") -> str:
    """The access token that a new server prints once it is ready."""
    assert process.stdout is not None
    token = ""
    for line in process.stdout:
        if line.startswith("Access token:"):
            token = line.split()[2]
        if line.startswith("  curl"):
            return token
    raise RuntimeError("the server ended before it was ready")


def wait_until_ready(process: "subprocess.Popen[str]") -> None:
    """Wait for a server that has a workspace already."""
    assert process.stdout is not None
    if not any(line.startswith("Callbox is ready") for line in process.stdout):
        raise RuntimeError("the server ended before it was ready")


def wait_until_connectable(port: int) -> None:
    """Wait for a server on the loopback interface."""
    deadline = time.monotonic() + 30
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", port)):
            if time.monotonic() > deadline:
                raise RuntimeError(f"nothing listens on port {port}")
            time.sleep(0.05)


def settle(dsn: str) -> None:
    """Wait until the job worker has done what writes left for it."""

    async def is_busy() -> bool:
        connection = await asyncpg.connect(dsn)
        try:
            return bool(
                await connection.fetchval(
                    "SELECT EXISTS (SELECT FROM outbox) OR EXISTS (SELECT FROM pgqueuer WHERE status <> 'failed')"
                )
            )
        finally:
            await connection.close()

    while asyncio.run(is_busy()):
        time.sleep(0.1)


def http_process(server: int) -> int:
    """The process of a server that answers requests."""
    found = _children(server, b"http")
    if not found:
        raise RuntimeError("the server has no HTTP process")
    return found[0]


def processor_seconds(pid: int) -> float:
    """The processor time that a process and its ended children have taken."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def peak_memory_mb(pid: int) -> float:
    """The most memory that a process held at once."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


class Processes(NamedTuple):
    """All that one server runs, by what they do."""

    http: list[int]
    worker: list[int]
    postgres: list[int]
    parent: int

    @property
    def all(self) -> list[int]:
        """Every one of them."""
        return [self.parent, *self.http, *self.worker, *self.postgres]


def processes_of(server: int, directory: Path) -> Processes:
    """The processes of a server with the embedded PostgreSQL of a data directory."""
    postmaster = int((directory / "postgres/postmaster.pid").read_text().splitlines()[0])
    return Processes(
        _children(server, b"http"), _children(server, b"worker"), [postmaster, *_children(postmaster)], server
    )


def _children(parent: int, argument: bytes | None = None) -> list[int]:
    """The processes that one has started, with this among their arguments."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(FileNotFoundError, ProcessLookupError):
            started_by = next(line for line in status.read_text().splitlines() if line.startswith("PPid:"))
            arguments = (status.parent / "cmdline").read_bytes().split(b"\0")
            if int(started_by.split()[1]) == parent and (argument is None or argument in arguments):
                found.append(int(status.parent.name))
    return found


def descendants(process: int) -> list[int]:
    """The processes that one has started, and those that they have."""
    started = _children(process)
    return [*started, *(each for child in started for each in descendants(child))]


def memory_mb(pids: Iterable[int]) -> float:
    """The memory that processes hold together; what they share is counted once."""
    kilobytes = 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            kilobytes += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return kilobytes / 1024
