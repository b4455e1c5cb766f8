"""How slow a program is: the time that it takes of a check by its own choice, and what it gets done in that.

Time in which it is ready and the machine gives it no processor does not count, nor time in which the worker has none itself.
So a verdict about speed is about the program, however busy the machine is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from grader.errors import SubmissionFault
from grader.watch.quiet import Snapshot

#: Seconds of a program's own time that one check may wait for it altogether, and that something may take at the rate at which
#: it goes: below the check's own time limit, and no less than the processor time that a room gives.
MOST = 60.0
_STRETCH, _STRETCHES = (
    1.0,
    4,
)  #: seconds of its own time that tell a rate, and how many rates tell that it is steady
ENOUGH = 5.0  #: seconds of it after which no more is asked of a slow program by repetition than is needed
FEW = 4  #: repetitions that tell as much as many where each of them is slow
_LOOK = 0.5  #: seconds between two looks at what programs use, while they are worked with,
_REST = 20.0  #: and so many times as many as a look takes: of a thousand processes it takes long
_STEP = 0.008  #: seconds from one step of a wait to the next at most, while the worker has a processor
_ASLEEP = frozenset("SZX")
HINT = "Make no pauses, and move many bytes with each call: what takes this long for one client keeps the others waiting."


class OwnTime:
    """Seconds for which a program was awaited and slept, or computed; waits of a few hundredths are not counted."""

    def __init__(
        self, used: Callable[[], tuple[float, bool]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`used` tells the processor time of the programs so far, in seconds, and whether they all pause just now."""
        self.total = 0.0
        self.clock = clock
        self._used = used
        self._attended = 0.0
        self._stepped = 0.0
        self._seen: Snapshot | None = None

    def begin(self, now: float) -> None:
        """Another wait begins."""
        self._stepped, self._attended, self._seen = now, 0.0, None

    def step(self, now: float) -> None:
        """The wait goes on; `now` as time.monotonic() counts."""
        self._attended += min(now - self._stepped, _STEP)
        self._stepped = now

    def look(self, seen: Snapshot) -> None:
        """The programs as they are at this step: what they computed since the last look counts, or how long they slept."""
        before, self._seen = self._seen, seen
        if before is not None:
            ran = {view.tid: view.run_ns for view in before.tasks}
            computed = sum(view.run_ns - ran[view.tid] for view in seen.tasks if view.tid in ran) / 1e9
            slept = self._attended if _sleeps(before) and _sleeps(seen) else 0.0
            self.total += min(self._attended, max(computed, slept))
        self._attended = 0.0

    def since(self) -> Callable[[], float]:
        """Tells what programs have taken from now on: for what they were awaited, computed, or paused without being awaited."""
        total, looked = self.total, self.clock()
        used: float | None = None
        taken = paused = cost = 0.0

        def now() -> float:
            nonlocal looked, used, taken, paused, cost
            started = self.clock()
            passed = started - looked
            if passed < max(_LOOK, _REST * cost):
                return taken  # to ask the kernel costs more than many a round
            looked += passed
            computed, pausing = self._used()
            cost = self.clock() - started
            used = computed if used is None else used
            paused += passed if pausing else 0.0
            taken = max(self.total - total, computed - used + paused)
            return taken

        return now


def _sleeps(seen: Snapshot) -> bool:
    """Nobody is ready, in a tracer's hands, or held by us."""
    return not seen.undecided and all(view.state in _ASLEEP for view in seen.tasks)


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

    @property
    def cut(self) -> bool:
        """The program was so slow that it was asked less."""
        return self.done < self._most


class Progress:
    """Something that a program has to do `whole` of: its rate is known long before the end.

    `did` completes "the program is too slow: N of M ...". A program may think before it begins, and now and then: it is too slow
    when it goes on steadily, and even the fastest of its last stretches would not do.
    """

    def __init__(self, own: OwnTime, whole: int, did: str) -> None:
        self._taken = own.since()
        self._whole = whole
        self._did = did
        self._mark = (0, 0.0)
        self._rates: list[float] = []  #: of each stretch, in what is done a second

    def at(self, done: int) -> None:
        """So much is done; `SubmissionFault` when the rest would take far too long."""
        taken = self._taken()
        before, began = self._mark
        if not before < done < self._whole or (before and taken - began < _STRETCH):
            return
        self._mark = done, taken
        if not before:
            return  # the time before the first of it is no part of any rate
        self._rates.append((done - before) / (taken - began))
        best = max(self._rates[-_STRETCHES:])
        if len(self._rates) >= _STRETCHES and taken + (self._whole - done) / best > MOST:
            raise SubmissionFault(
                f"the program is too slow: {done:,} of {self._whole:,} {self._did} after {taken:.0f} s",
                expected=f"all of them within {MOST:.0f} s",
                actual=f"{best:,.1f} a second",
                hint=HINT,
            )
