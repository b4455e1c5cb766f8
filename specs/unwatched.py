"""Is a program the same when its system calls are watched? One that notices it could mend its ways for as long as it lasts.

Where a program waits, /proc shows the call that it is in, watched or not. At the same place of the same exchange it must be
the same call: on receiving or sending, for as many bytes, with the same flags.
"""

from __future__ import annotations

from collections.abc import Callable

from grader.errors import Inconclusive, SubmissionFault
from grader.worker.program import RunningProgram

_MOVES = frozenset(
    {"read", "readv", "write", "writev", "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg"}
    | {"sendfile", "splice"}
)


def transfers(program: RunningProgram) -> list[str]:
    """The calls on data in which its threads wait; what waits in another call, such as poll, or never waits, tells nothing."""
    calls = [task.call for task in program.tasks() if task.state == "S"]
    return sorted(call.describe(places=False) for call in calls if call is not None and call.name in _MOVES)


def expect_same_unwatched(look: Callable[[bool], list[str]]) -> None:
    """`look` starts the program, watched or not, brings it to where it waits, and gives what `transfers` says there.

    A program that cannot be brought there has another mistake, which is another check's matter.
    """
    try:
        unwatched, watched = look(False), look(True)  # noqa: FBT003 - its only argument, named in the docstring
    except (SubmissionFault, Inconclusive):
        return
    if unwatched != watched:
        raise SubmissionFault(
            "the program behaves differently when its system calls are watched",
            expected="the same call at the same place of the same exchange",
            actual=f"not watched: it waits in {_shown(unwatched)}\nwatched: it waits in {_shown(watched)}",
        )


def _shown(calls: list[str]) -> str:
    return ", ".join(calls) or "no call on data"
