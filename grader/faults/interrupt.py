"""A program is interrupted in the call in which it waits: stopped and continued, or by a signal that it catches.

Both are real, and both end some calls early (signal(7), "Interruption of system calls and library functions by signal
handlers", "... by stop signals"; measured on Linux 6.18). After SIGSTOP and SIGCONT recv with MSG_WAITALL and send return what
they have so far, and epoll_wait gives EINTR. A signal gives EINTR where the program has a handler without SA_RESTART, and in
some calls with any handler. A program that catches none is never told: no EINTR comes to it from accept, recv or send.
"""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path

from grader.program.program import RunningProgram

#: Signals that come to a program on a terminal while it waits, and whose handlers have nothing to end: its window changes.
#: Not SIGCHLD, whose handler may wait for a child that must have ended; not SIGPIPE, which comes only of a send of one's own.
UNASKED = (signal.SIGWINCH,)

NOT_CAUGHT = "no fault was made: the program catches no signal that could interrupt it, so the kernel never tells it of one"


def interrupt(program: RunningProgram) -> None:
    """Stop every thread of the program inside the call in which it waits, and let it go on."""
    program.stop()
    program.go_on()


def caught_unasked(pid: int) -> frozenset[int]:
    """Of `UNASKED` those that a process has handlers for (proc(5), SigCgt)."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
            if line.startswith(b"SigCgt:"):
                mask = int(line.split()[1], 16)
                return frozenset(number for number in UNASKED if mask >> (number - 1) & 1)
    return frozenset()
