"""Does a program that should wait use the processor? Measured in its own run time, not in wall time."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Iterable, Sequence

from grader.observe import proc

#: How long to look, in seconds. An interval is what is measured here; no event could replace it.
INTERVAL = 0.15
#: Shares of the interval, spent running, from which on a program counts as spinning. A spinner among
#: five on two cores still gets a fifth; a server that wakes ten times a second stays below a hundredth.
SPINNING = 0.10


#: Intervals that must all be spent spinning: tidying up after a client uses the processor once.
INTERVALS = 3


def spinning_share(pids: Iterable[int]) -> float | None:
    """The share of a core that these processes go on using, None when they come to rest."""
    watched = list(pids)
    shares = []
    for _ in range(INTERVALS):
        shares.append(busy_share(watched))
        if shares[-1] <= SPINNING:
            return None
    return min(shares)


def busy_share(watched: Sequence[int], interval: float = INTERVAL) -> float:
    """The share of `interval` that these processes spent on a processor: 1.0 is one core."""
    started, before = time.monotonic(), _run_ns(watched)
    select.poll().poll(interval * 1000)  # nothing is waited for: this is the measured interval
    return (_run_ns(watched) - before) / 1e9 / (time.monotonic() - started)


def _run_ns(pids: Sequence[int]) -> int:
    total = 0
    for pid in pids:
        with contextlib.suppress(proc.ProcessGoneError):
            total += proc.cpu_ns(pid)
    return total
