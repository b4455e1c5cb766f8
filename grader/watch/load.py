"""Does a program that should wait use the processor instead?

What is measured is how it spends the time that is its own: time in which it is ready and the machine gives it no processor
does not count. So other load hides no spinner, and makes none of a program that wakes now and then.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import select
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.observe import proc
from grader.observe.proc import Task

#: How long to look, in seconds. An interval is what is measured here; no event could replace it.
INTERVAL = 0.15
#: Share of its own time, on a processor, from which on a thread counts as spinning: a spinner shows nearly 1, a
#: server that wakes ten times a second a few hundredths at most.
SPINNING = 0.30
#: Intervals that must all be spent spinning: tidying up after a client uses the processor once.
INTERVALS = 3
#: Seconds of its own that a thread must have had before anything can be said of it, and when to give up waiting for them.
_ENOUGH, _CEILING = 0.1, 10.0
_TICK = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True, slots=True)
class Effort:
    """What processes have done since they started, as far as the kernel was asked for it."""

    system: float = 0.0  #: seconds of processor time in the kernel
    faults: int = 0  #: pages that were not there yet: of a program that starts, or fills memory
    moved: int = (
        0  #: bytes by read(2), write(2) and the like, of files and terminals too; not by recv(2) and send(2)
    )


def effort(pids: Iterable[int]) -> Effort | None:
    """Of all these together; None when one of them may not be looked at, or goes meanwhile (proc(5): stat, io)."""
    system = faults = moved = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            counts = Path(f"/proc/{pid}/io").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return None
        system += int(fields[12])
        faults += int(fields[7]) + int(fields[9])
        moved += sum(int(count) for count in re.findall(rb"^[rw]char: (\d+)$", counts, re.MULTILINE))
    return Effort(system / _TICK, faults, moved)


def spinning_share(pids: Iterable[int]) -> float | None:
    """The share of a core that a thread of these processes goes on using, None when they come to rest."""
    watched = list(pids)
    shares = []
    for _ in range(INTERVALS):
        shares.append(busy_share(watched))
        if shares[-1] <= SPINNING:
            return None
    return min(shares)


def busy_share(watched: Sequence[int], interval: float = INTERVAL) -> float:
    """Of the thread that used most: the share of the time that was its own which it spent on a processor."""
    started, before = time.monotonic(), _tasks(watched)
    pace = select.poll()
    while True:
        pace.poll(interval * 1000)  # nothing is waited for: this is the measured interval
        elapsed, after = time.monotonic() - started, _tasks(watched)
        pairs = [(before[tid], after[tid]) for tid in before.keys() & after.keys()]
        if elapsed > _CEILING or all(_own(*pair, elapsed) >= _ENOUGH for pair in pairs):
            return max((_share(*pair, elapsed) for pair in pairs), default=0.0)


def _share(before: Task, after: Task, elapsed: float) -> float:
    ran = (after.run_ns - before.run_ns) / 1e9
    if ran > 0 and after.voluntary == before.voluntary and after.state == "R":
        return 1.0  # it has never slept; a wait for the processor that still lasts is in no count yet
    return ran / max(_own(before, after, elapsed), ran, 1e-9)


def _own(before: Task, after: Task, elapsed: float) -> float:
    """Seconds in which it ran or slept, as it chose."""
    return elapsed - (after.wait_ns - before.wait_ns) / 1e9


def _tasks(pids: Sequence[int]) -> dict[int, Task]:
    found: dict[int, Task] = {}
    for pid in pids:
        with contextlib.suppress(proc.ProcessGoneError):
            found |= {task.tid: task for task in proc.tasks(pid)}
    return found
