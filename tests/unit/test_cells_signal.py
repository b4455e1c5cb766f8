"""Signals go to processes of the room, and to nobody else."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from grader.cells.room import Room
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
