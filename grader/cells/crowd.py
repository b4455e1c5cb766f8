"""Where no control group divides the processor: a room in which many programs run at once steps back behind the others.

The kernel shares the processor between single threads, or between sessions where it groups them (sched(7), autogroup): whoever
starts two hundred of either gets two hundred shares. A correct program has few that want the processor for long.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from grader.observe import proc
from grader.observe.proc import Task

FEW = 16  #: threads that may run at once for longer than from one look to the next
LAST = 19  #: the nice value of what gets least: a seventieth of an ordinary thread's share


class Crowd:
    """Fed with a room's processes every now and then; what must step back does so for good, and so do its children."""

    def __init__(self) -> None:
        self._was_many = False

    def look(self, pids: Iterable[int]) -> None:
        running = [task for pid in pids for task in _tasks(pid) if task.state == "R"]
        many = len(running) > FEW
        if many and self._was_many:
            for task in running:
                _step_back(task)
        self._was_many = many


def _tasks(pid: int) -> list[Task]:
    try:
        return proc.tasks(pid)
    except proc.ProcessGoneError:
        return []


def _step_back(task: Task) -> None:
    with contextlib.suppress(OSError):  # it has gone meanwhile
        # This thread alone: see setpriority(2), "C library/kernel differences".
        os.setpriority(os.PRIO_PROCESS, task.tid, LAST)
    session = Path(f"/proc/{task.pid}/autogroup")
    with contextlib.suppress(OSError):  # no such file, or the kernel takes one change in a tenth of a second
        if not session.read_text().endswith(f"nice {LAST}\n"):
            session.write_text(str(LAST))
