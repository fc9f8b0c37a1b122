"""The processes of one server: a parent that starts them, starts again what dies, and ends everything in order.

A child holds the reading end of a pipe whose other end only the parent has: when the parent is killed,
the child sees the end of it and stops by itself.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic

import msgspec
import structlog

STOP_TIMEOUT_SECONDS = 40.0
_SHORT_LIFE_SECONDS = 5.0
_MAX_SHORT_LIVES = 5

_log = structlog.get_logger("callbox.processes")


class ChildKeepsDying(Exception):
    """A process ended several times right after its start; the log says why."""


class ChildSpec(msgspec.Struct, frozen=True):
    """How to start one child: `python -m MODULE ARGUMENTS`, with inherited file descriptors."""

    name: str
    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Sequence[int] = ()


class Lifeline:
    """The pipe by which children notice that their parent is gone."""

    def __init__(self) -> None:
        self.reading_end, self._writing_end = os.pipe()
        os.set_inheritable(self.reading_end, True)


def stop_signal() -> asyncio.Event:
    """Set by SIGTERM and SIGINT, which from now on interrupt nothing."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def stop_when_parent_is_gone(reading_end: int) -> None:
    """In a child: end as if terminated once the parent's end of the lifeline closes."""

    def wait() -> None:
        os.read(reading_end, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


class Child:
    """One supervised process."""

    def __init__(self, spec: ChildSpec, on_end: Callable[[int], None]) -> None:
        self._spec = spec
        self._on_end = on_end
        self._process: asyncio.subprocess.Process | None = None
        self._stop = asyncio.Event()

    async def keep_running(self) -> None:
        """Start it, and again whenever it ends without being told to. Raises ChildKeepsDying."""
        short_lives = 0
        while not self._stop.is_set():
            started = monotonic()
            self._process = process = await self._start()
            if self._stop.is_set():
                process.terminate()
            code = await process.wait()
            self._on_end(process.pid)
            if self._stop.is_set():
                return
            short_lives = short_lives + 1 if monotonic() - started < _SHORT_LIFE_SECONDS else 0
            _log.error("process_ended", process=self._spec.name, exit_code=code)
            if short_lives >= _MAX_SHORT_LIVES:
                raise ChildKeepsDying(f"The {self._spec.name} process keeps ending right after its start; see the log.")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), min(0.1 * 2**short_lives, 2.0))

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._spec.module,
            *self._spec.arguments,
            env={**os.environ, **self._spec.environment},
            pass_fds=self._spec.descriptors,
            start_new_session=True,
        )

    async def stop(self) -> None:
        """Let it finish what is in flight; kill it if that takes too long."""
        self._stop.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_SECONDS)
        except TimeoutError:
            _log.error("process_killed", process=self._spec.name)
            process.kill()
            await process.wait()
