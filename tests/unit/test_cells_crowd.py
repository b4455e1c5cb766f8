"""Many programs that run at once step back; few do not, nor many that sleep."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.cells.crowd import FEW, LAST, Crowd
from grader.observe import proc
from tests.unit.rooms import until

#: argv[1] processes, each in a session of its own, with argv[2] threads each; they run, or sleep if argv[3] says so.
PROGRAM = """
import os, signal, sys, threading
def act():
    while sys.argv[3] == "run":
        pass
    signal.pause()
for _ in range(int(sys.argv[1])):
    if os.fork() == 0:
        os.setsid()
        for _ in range(int(sys.argv[2]) - 1):
            threading.Thread(target=act if sys.argv[3] == "run" else threading.Event().wait).start()
        os.write(1, b"!")
        act()
os.close(1)
signal.pause()
"""


@contextlib.contextmanager
def started(processes: int, threads: int, how: str) -> Iterator[list[int]]:
    """The pids of such a program's processes, once all threads are there."""
    program = subprocess.Popen(
        [sys.executable, "-S", "-E", "-c", PROGRAM, str(processes), str(threads), how],
        stdout=subprocess.PIPE,
    )
    try:
        assert program.stdout is not None
        for _ in range(processes):
            assert program.stdout.read(1) == b"!"
        yield proc.descendants(program.pid)
    finally:
        for pid in proc.descendants(program.pid):
            os.kill(pid, signal.SIGKILL)
        program.kill()
        program.communicate()


def precedence(pids: list[int]) -> set[int]:
    return {os.getpriority(os.PRIO_PROCESS, task.tid) for pid in pids for task in proc.tasks(pid)}


def mine() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_many_programs_step_back_with_their_sessions() -> None:
    crowd = Crowd()
    with started(2 * FEW, 1, "run") as pids:

        def all_last() -> bool:
            crowd.look(pids)
            sessions = [Path(f"/proc/{pid}/autogroup") for pid in pids]
            told = {path.read_text().rpartition(" ")[2].strip() for path in sessions if path.exists()}
            return precedence(pids) == {LAST} and told <= {str(LAST)}

        until(all_last)


@pytest.mark.parametrize(
    ("processes", "threads", "how"),
    [(FEW // 2, 1, "run"), (2 * FEW, 1, "sleep"), (2, FEW, "sleep")],
    ids=["few", "many-that-sleep", "threads-that-sleep"],
)
def test_others_keep_their_place(processes: int, threads: int, how: str) -> None:
    crowd = Crowd()
    with started(processes, threads, how) as pids:
        if how == "sleep":
            until(lambda: all(task.state == "S" for pid in pids for task in proc.tasks(pid)))
        for _ in range(5):
            crowd.look(pids)
        assert precedence(pids) == {mine()}


def test_one_look_is_not_enough() -> None:
    """Two hundred threads that were woken together run at once for a moment."""
    with started(2 * FEW, 1, "run") as pids:
        Crowd().look(pids)
        assert precedence(pids) == {mine()}
