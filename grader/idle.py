"""How much of the machine has nothing to do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 0.5  #: over which one looks
_STAT, _LIMIT = Path("/proc/stat"), Path("/sys/fs/cgroup/cpu.max")


class Idleness:
    """Of the processors that this process may use together, from one look to the next (proc(5), /proc/stat)."""

    def __init__(
        self, stat: Path = _STAT, limit: Path = _LIMIT, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stat = stat
        self._limit = limit
        self._clock = clock
        self._looked = clock()
        self._before = self._times()

    def share(self) -> float:
        """The part of the time since the last look, from 0 to 1, in which a processor had nothing to run; 0 soon after one."""
        if self._clock() - self._looked < SECONDS:
            return 0.0
        self._looked = self._clock()
        now = self._times()
        idle, everything = (after - before for after, before in zip(now, self._before, strict=True))
        self._before = now
        return 0.0 if self._quota() else idle / max(everything, 1)

    def _times(self) -> tuple[int, int]:
        """In clock ticks: what they had nothing to do for (idle and iowait), and everything."""
        mine = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        lines = [line.split() for line in self._stat.read_text().splitlines()]
        times = [[int(field) for field in fields[1:9]] for fields in lines if fields and fields[0] in mine]
        return sum(sum(each[3:5]) for each in times), sum(map(sum, times))

    def _quota(self) -> bool:
        """A container's share of them is bounded, so that they idle while it waits (cgroups(7))."""
        try:
            return not self._limit.read_text().startswith("max")
        except OSError:
            return False
