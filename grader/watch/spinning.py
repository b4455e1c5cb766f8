"""Programs that never sleep: for how long one waits for them, in processor time of their own."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence

from grader.watch.load import Effort

_BURNT = 2.0  #: seconds of processor time without traffic after which a wait fails: the program spins
_SPUN, _SPUN_AGAIN = 0.8, 0.05  #: those that count as rest, and those that do once it is known to spin
_WORK, _WORK_AGAIN = 4 << 20, 20 << 20  #: bytes given to the programs that allow them another second
_CHECKS = 2  #: checks in which it was seen to spin
#: Of one that is known to spin, calls without effect are told from work: from `_LOOK` seconds on, `_VAIN` more in the
#: kernel alone, with at most so many new pages and not a byte moved.
_LOOK, _VAIN, _PAGES = 0.05, 0.15, 16


class Spinning:
    """What is known of a room's programs: which of them were seen to spin, and in how many checks."""

    def __init__(self) -> None:
        self._checks: collections.Counter[str] = collections.Counter()
        self.restless: set[str] = set()  #: those that did not come to rest while all time was given to them

    def seen(self, names: Sequence[str]) -> None:
        """In one more check one of these did not sleep."""
        self._checks.update(names)

    def known(self, names: Sequence[str]) -> bool:
        return any(self._checks[name] >= _CHECKS for name in names)


class Patience:
    """What the programs of one check may use of the processor to no effect.

    Where others come to rest, a program that is known to spin has done what it does at all, and less tells as much: without
    this, one that polls costs a minute. A wait that would fail is not shortened by that alone: a program that is slow to
    start, or works long on little, must not be taken for one that spins because of what it did elsewhere. But whoever works
    computes, fills memory or reads; time that passes in the kernel with nothing of all that goes into calls without effect.
    """

    def __init__(self, spinning: Spinning) -> None:
        self._spinning = spinning
        self._told = False
        self._seen: tuple[float, Effort] | None = None

    def exhausted(
        self, names: Sequence[str], burnt: float, given: int, effort: Callable[[], Effort | None]
    ) -> bool:
        """What is awaited does not come: they used `burnt` seconds without traffic, with `given` bytes to work on.

        `effort` tells what they have done so far, None where something else may still bring it about; it is not asked often.
        """
        spins = burnt > _BURNT + given / _WORK
        if spins:
            self._tell(names)
        return spins or (burnt > _LOOK and self._spinning.known(names) and self._in_vain(burnt, effort()))

    def _in_vain(self, burnt: float, now: Effort | None) -> bool:
        if now is None:
            self._seen = None
            return False
        before, effort = self._seen or (burnt, now)
        if before > burnt or now.moved != effort.moved or now.faults > effort.faults + _PAGES:
            before, effort = burnt, now
        self._seen = before, effort
        return now.system - effort.system > _VAIN

    def at_rest(self, names: Sequence[str], burnt: float, given: int, *, under_way: bool = False) -> bool:
        """They come to rest no further than this; the same arguments.

        `under_way`: the kernel still has something to move, for which a program that spins is waiting too.
        """
        if self._spinning.known(names) and not under_way:
            return burnt > min(_SPUN, _SPUN_AGAIN + given / _WORK_AGAIN)
        if burnt > _SPUN + given / _WORK:  # no work on what they were given needs so much
            self._tell(names)
        return burnt > _SPUN

    def _tell(self, names: Sequence[str]) -> None:
        if not self._told:
            self._told = True
            self._spinning.seen(names)
