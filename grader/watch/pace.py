"""How slow a program is: the time that it takes of a check by its own choice, and what it gets done in that.

Time in which it is ready and the machine gives it no processor does not count, nor time in which the worker has none itself.
So a verdict about speed is about the program, however busy the machine is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from grader.errors import SubmissionFault
from grader.watch.quiet import Snapshot

#: Seconds of a program's own time that one check may wait for it altogether: below the check's own time limit.
MOST = 60.0
#: ... that tell how fast something is, and how long all of it may take at that rate.
_TELLING, _WHOLE = 5.0, 60.0
#: ... after which no more is asked of a slow program by repetition than is needed.
ENOUGH = 5.0
FEW = 4  #: repetitions that tell as much as many where each of them is slow
_TOLD = 0.5  #: seconds before which nothing is so slow that one would ask
_STEP = 0.008  #: seconds from one step of a wait to the next at most, while the worker has a processor


class OwnTime:
    """Seconds for which a program was awaited while it slept or computed; waits of a few hundredths are not counted."""

    def __init__(self, used: Callable[[], float], clock: Callable[[], float] = time.monotonic) -> None:
        """`used` tells the processor time of the programs so far, in seconds."""
        self.total = 0.0
        self.clock = clock
        self._used = used
        self._attended = 0.0
        self._stepped = 0.0
        self._ready_ns: int | None = None

    def begin(self, now: float) -> None:
        """Another wait begins."""
        self._stepped, self._attended, self._ready_ns = now, 0.0, None

    def step(self, now: float) -> None:
        """The wait goes on; `now` as time.monotonic() counts."""
        self._attended += min(now - self._stepped, _STEP)
        self._stepped = now

    def look(self, seen: Snapshot) -> None:
        """The programs as they are at this step."""
        ready_ns = sum(view.ready_ns for view in seen.tasks)
        if self._ready_ns is not None:
            starved = max(0, ready_ns - self._ready_ns) / 1e9
            self.total += max(0.0, self._attended - starved)
        self._ready_ns, self._attended = ready_ns, 0.0

    def since(self) -> Callable[[], float]:
        """Tells what programs have taken from now on: in what they were awaited for, or computed without being so."""
        began, total = self.clock(), self.total
        used: float | None = None

        def taken() -> float:
            nonlocal used
            if self.clock() - began < _TOLD:
                return 0.0  # nearly always: to ask the kernel costs more than many a round
            now = self._used()
            used = now if used is None else used
            return max(self.total - total, now - used)

        return taken


class Rounds:
    """0, 1, ... for what is asked `most` times; of a slow program no longer than this, and `least` times always."""

    def __init__(self, own: OwnTime, most: int, *, least: int, seconds: float) -> None:
        self.done = 0
        self._own = own
        self._most = most
        self._least = least
        self._seconds = seconds

    def __iter__(self) -> Iterator[int]:
        taken = self._own.since()
        while self.done < self._most:
            if self.done >= self._least and taken() > self._seconds:
                return
            yield self.done
            self.done += 1


class Progress:
    """Something that a program has to do `whole` of: its rate is known long before the end.

    `did` completes "the program is too slow: N of M ...".
    """

    def __init__(self, own: OwnTime, whole: int, did: str, *, most: float = _WHOLE) -> None:
        self._taken = own.since()
        self._clock = own.clock
        self._looked = own.clock()
        self._whole = whole
        self._did = did
        self._most = most

    def at(self, done: int) -> None:
        """So much is done; `SubmissionFault` when the whole would take far too long at this rate."""
        if not 0 < done < self._whole or (now := self._clock()) - self._looked < _TOLD:
            return
        self._looked = now
        taken = self._taken()
        if taken < _TELLING:
            return
        if taken * self._whole / done > self._most:
            raise SubmissionFault(
                f"the program is too slow: {done:,} of {self._whole:,} {self._did} after {taken:.0f} s",
                expected=f"all of them within {self._most:.0f} s",
                actual=f"{done / taken:,.1f} a second",
            )
