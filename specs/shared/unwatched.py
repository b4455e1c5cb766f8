"""Is a program the same when its system calls are watched? One that notices it could mend its ways for as long as it lasts.

Where a program waits, /proc shows the call that it is in, watched or not. At the same place of the same exchange it must be
the same call: on receiving or sending, for as many bytes, with the same flags.
"""

from __future__ import annotations

from collections.abc import Callable

from grader.errors import Inconclusive, SubmissionFault
from grader.program.program import RunningProgram

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

    A program that cannot be brought there either way has another mistake, which is another check's matter. One that can be
    brought there in one of the ways only is not known to be the same.
    """
    unwatched, watched = (_seen(look, each) for each in (False, True))
    if isinstance(unwatched, str) and isinstance(watched, str):
        return
    if isinstance(unwatched, str) or isinstance(watched, str):
        how, why = ("not watched", unwatched) if isinstance(unwatched, str) else ("watched", watched)
        raise Inconclusive(f"{how}, the program did not come to where its calls can be compared: {why}")
    if unwatched != watched:
        raise SubmissionFault(
            "the program behaves differently when its system calls are watched",
            expected="the same call at the same place of the same exchange",
            actual=f"not watched: it waits in {_shown(unwatched)}\nwatched: it waits in {_shown(watched)}",
        )


def _seen(look: Callable[[bool], list[str]], watched: bool) -> list[str] | str:  # noqa: FBT001 - look's own argument
    """What `look` gives, or why it could not."""
    try:
        return look(watched)
    except (SubmissionFault, Inconclusive) as reason:
        return str(reason)


def _shown(calls: list[str]) -> str:
    return ", ".join(calls) or "no call on data"
