"""SIGSTOP and SIGCONT: blocked calls return early, with a part of the data or EINTR.

Real short counts without touching the program: recv with MSG_WAITALL and send return what they have
so far, epoll_wait gives EINTR (measured on Linux 6.18; see signal(7), "Interruption of system calls
by stop signals").
"""

from __future__ import annotations

from grader.worker.program import RunningProgram


def interrupt(program: RunningProgram) -> None:
    """Stop every thread of the program inside the call in which it waits, and let it go on."""
    with program.frozen():
        pass
