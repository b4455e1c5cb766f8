"""Does a program that should wait want the processor? Running and waiting to run both count, so that
other load on the machine hides nothing.
"""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Iterable, Sequence

from grader.observe import proc

#: How long to look, in seconds. An interval is what is measured here; no event could replace it.
INTERVAL = 0.15
#: Share of the interval, running or ready to run, from which on a program counts as spinning: a spinner
#: shows nearly 1, a server that wakes ten times a second a few hundredths at most.
SPINNING = 0.30


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
    started, before = time.monotonic(), _demand_ns(watched)
    select.poll().poll(interval * 1000)  # nothing is waited for: this is the measured interval
    return (_demand_ns(watched) - before) / 1e9 / (time.monotonic() - started)


def _demand_ns(pids: Sequence[int]) -> int:
    total = 0
    for pid in pids:
        with contextlib.suppress(proc.ProcessGoneError):
            total += proc.demand_ns(pid)
    return total
