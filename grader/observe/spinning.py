"""Programs that never sleep: for how long one waits for them, in processor time of their own."""

from __future__ import annotations

import collections
from collections.abc import Sequence

# Seconds of processor time without traffic, and what is enough once a program is known to spin:
_BURNT, _BURNT_AGAIN = 2.0, 0.4  #: after which a wait fails,
_SPUN, _SPUN_AGAIN = 0.8, 0.08  #: and which count as rest for a program that never sleeps
_WORK, _WORK_AGAIN = 4 << 20, 20 << 20  #: bytes given to the programs that allow them another second
_CHECKS = 2  #: checks in which it was seen to spin


class Spinning:
    """What a room knows of its programs: which of them were seen to spin, and in how many checks."""

    def __init__(self) -> None:
        self._checks: collections.Counter[str] = collections.Counter()

    def seen(self, names: Sequence[str]) -> None:
        """In one more check one of these did not sleep."""
        self._checks.update(names)

    def known(self, names: Sequence[str]) -> bool:
        return any(self._checks[name] >= _CHECKS for name in names)


class Patience:
    """What the programs of one check may use of the processor to no effect.

    A program that is known to spin does at once what it does at all, so less tells as much: without this, a program
    that polls costs half a minute of processor time.
    """

    def __init__(self, spinning: Spinning) -> None:
        self._spinning = spinning
        self._told = False

    def exhausted(self, names: Sequence[str], burnt: float, given: int, *, under_way: bool = False) -> bool:
        """What is awaited does not come: they used `burnt` seconds without traffic, with `given` bytes to work on.

        `under_way`: the kernel still has something to move, for which a program that spins is waiting too.
        """
        if self._spinning.known(names) and not under_way:
            return burnt > _BURNT_AGAIN + given / _WORK_AGAIN
        self._look(names, burnt, given)
        return burnt > _BURNT + given / _WORK

    def at_rest(self, names: Sequence[str], burnt: float, given: int, *, under_way: bool = False) -> bool:
        """They come to rest no further than this; the same arguments."""
        if self._spinning.known(names) and not under_way:
            return burnt > min(_SPUN, _SPUN_AGAIN + given / _WORK_AGAIN)
        self._look(names, burnt, given)
        return burnt > _SPUN

    def _look(self, names: Sequence[str], burnt: float, given: int) -> None:
        if burnt > _SPUN + given / _WORK and not self._told:  # no work on what they were given needs so much
            self._told = True
            self._spinning.seen(names)
