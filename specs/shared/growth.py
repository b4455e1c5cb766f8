"""Memory that is not given back: asked by many rounds, or by few of a program that is slow."""

from __future__ import annotations

from collections.abc import Callable

from grader.errors import SubmissionFault
from grader.spec import KiB, MiB
from grader.watch.pace import Rounds
from grader.watch.watch import Watch

#: Bytes that a program may grow by after a few rounds, for libraries and heaps that settle: small leaks are not told from that.
_SETTLES = 1 * MiB


def expect_no_growth(
    watch: Watch, serve: Callable[[Rounds], int], *, first: int, then: int, each: int, what: str
) -> None:
    """`serve` tells the memory after so many rounds, `first` and `then`: each of the latter may cost `each` bytes.

    `what` names them ("requests of 256 KiB").
    """
    few = watch.rounds(first, least=1, seconds=1)
    before = serve(few)
    many = watch.rounds(then, least=4 * few.done)
    grown = serve(many) - before
    if grown > max(many.done * each, _SETTLES if many.cut else 0):
        raise SubmissionFault(
            f"memory is not released: {many.done} more {what} cost {grown // KiB:,} KiB",
            expected="about as much memory as before: what is allocated or mapped for one is given back after it",
            actual=f"{grown / many.done / KiB:,.1f} KiB more for each",
        )
