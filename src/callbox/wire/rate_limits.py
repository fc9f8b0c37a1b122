"""How many requests an app may make: fixed ten-second windows, shared by the processes of one server.

Each process counts in its own row of a shared memory and reads the sum of all rows, so that no
lock is needed: a row has one writer, and a reader may be late by the request being counted elsewhere.

What one person does who has no app, each process limits for itself.
"""

import mmap
import os
from collections import OrderedDict
from collections.abc import Hashable
from math import ceil
from time import monotonic
from typing import NamedTuple

from callbox.platform import clock

WINDOW_SECONDS = 10
# Apps whose ids are so far apart share a count. Memory that no app touched is none.
SLOTS = 2**20
_ENTRY = 16  # window number and count, 8 bytes each


class Window(NamedTuple):
    """What the rate limit headers say."""

    limit: int
    remaining: int
    reset: int
    exceeded: bool


def shared_counters(processes: int) -> int:
    """A file descriptor of zeroed memory that the processes of one server inherit."""
    descriptor = os.memfd_create("callbox-rate-limits", 0)
    os.ftruncate(descriptor, processes * SLOTS * _ENTRY)
    os.set_inheritable(descriptor, True)
    return descriptor


class RateLimiter:
    """Counts one process's requests and compares the server's sum with the limit. 0 a minute: no limit."""

    def __init__(self, per_minute: int, descriptor: int, process: int, processes: int) -> None:
        self._limit = ceil(per_minute / 6)
        self._memory = memoryview(mmap.mmap(descriptor, processes * SLOTS * _ENTRY)).cast("q")
        self._process = process
        self._processes = processes

    def count(self, app_id: int) -> Window | None:
        """Count a request of an app. None where there is no limit."""
        if not self._limit:
            return None
        number = clock.machine_seconds() // WINDOW_SECONDS
        total = self._add(number, (app_id % SLOTS) * 2)
        reset = (number + 1) * WINDOW_SECONDS
        return Window(self._limit, max(self._limit - total, 0), reset, total > self._limit)

    def _add(self, number: int, slot: int) -> int:
        memory = self._memory
        own = self._process * SLOTS * 2 + slot
        if memory[own] != number:
            memory[own + 1] = 0
            memory[own] = number
        memory[own + 1] += 1
        total = 0
        for start in range(slot, self._processes * SLOTS * 2, SLOTS * 2):
            if memory[start] == number:
                total += memory[start + 1]
        return total


class PersonalLimit:
    """At most so many times in so many seconds for each person, as far as this process remembers."""

    def __init__(self, most: int, seconds: float, remembered: int = 10_000) -> None:
        self._most, self._seconds, self._remembered = most, seconds, remembered
        self._times: OrderedDict[Hashable, list[float]] = OrderedDict()

    def allows(self, person: Hashable) -> bool:
        """Whether the person may do it once more now; if so, it counts."""
        now = monotonic()
        recent = [at for at in self._times.pop(person, []) if at > now - self._seconds]
        is_allowed = len(recent) < self._most
        self._times[person] = [*recent, now] if is_allowed else recent
        if len(self._times) > self._remembered:
            self._times.popitem(last=False)
        return is_allowed
