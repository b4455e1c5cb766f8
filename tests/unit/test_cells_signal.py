"""Signals go to processes of the room, and to nobody else."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from grader.cells.room import Child, Room
from grader.program.program import RunningProgram
from tests.unit.made_up import write_files
from tests.unit.rooms import CEILING, in_worker, started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "submission", {"toy.py": "print()\n"})


def refused(room: Room, pid: int) -> bool:
    try:
        room.signal(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_process_of_the_room_gets_it(folder: Path) -> None:
    def act(room: Room) -> object:
        child, _ = started(room, "import signal\nsignal.pause()")
        room.signal(child.pid, signal.SIGTERM)
        status = child.wait(CEILING)
        gone = refused(room, child.pid)
        return [status, gone]

    assert in_worker(folder, act) == [signal.SIGTERM, True]


def test_nobody_else_does(folder: Path) -> None:
    """Not everybody (-1), not a group (0), not init of the worker's namespace, not the worker."""

    def act(room: Room) -> object:
        return [refused(room, pid) for pid in (-1, 0, 1, os.getpid(), os.getppid())]

    assert in_worker(folder, act) == [True] * 5


def test_a_program_that_was_gone_before_its_pid_was_read_stops_nobody_and_lets_nobody_go_on(
    folder: Path,
) -> None:
    """Its pidfd then tells the pid -1. The witness is a process of the worker's that has stopped itself."""

    def act(room: Room) -> object:
        witness = os.fork()
        if witness == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            os._exit(0)
        os.waitpid(witness, os.WUNTRACED)
        child, output = started(room, "pass")
        assert child.wait(CEILING) == 0
        told = Path(f"/proc/self/fdinfo/{child.pidfd}").read_text()
        gone = RunningProgram("gone", [], Child(-1, child.pidfd, child.inner_pid, room), output, output)
        gone.go_on()
        gone.stop()
        gone.go_on()
        state = Path(f"/proc/{witness}/stat").read_text().rpartition(")")[2].split()[0]
        os.kill(witness, signal.SIGKILL)
        os.waitpid(witness, 0)
        return ["Pid:\t-1\n" in told, state]

    assert in_worker(folder, act) == [True, "T"]
