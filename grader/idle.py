"""How much of the machine has nothing to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 0.5  #: over which one looks
_STAT = Path("/proc/stat")


class Idleness:
    """Of all processors together, from one look to the next (proc(5), /proc/stat)."""

    def __init__(self, stat: Path = _STAT, clock: Callable[[], float] = time.monotonic) -> None:
        self._stat = stat
        self._clock = clock
        self._looked = clock()
        self._before = self._times()

    def share(self) -> float:
        """The part of the time since the last look, from 0 to 1, in which a processor had nothing to run; 0 soon after one."""
        if self._clock() - self._looked < SECONDS:
            return 0.0
        self._looked = self._clock()
        now = self._times()
        passed = [after - before for after, before in zip(now, self._before, strict=True)]
        self._before = now
        return sum(passed[3:5]) / max(sum(passed), 1)  # idle and iowait

    def _times(self) -> list[int]:
        """In clock ticks: user, nice, system, idle, iowait, irq, softirq, steal."""
        first, _, _ = self._stat.read_text().partition("\n")
        return [int(field) for field in first.split()[1:9]]
