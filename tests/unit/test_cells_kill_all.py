"""`Room.kill_all` ends every program, whatever it did against that, and leaves the room usable."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from grader.cells.room import Room
from grader.observe import proc
from tests.unit.made_up import write_files
from tests.unit.rooms import CEILING, DAEMON, all_end, in_worker, seen_in, start_ready, started, until

DEAF = """
import os, signal
for number in set(range(1, 65)) - {9, 19, 32, 33}:
    signal.signal(number, signal.SIG_IGN)
os.write(1, b"ready")
while True:
    signal.pause()
"""
STOPPED = "import os, signal\nos.write(1, b'ready')\nos.kill(os.getpid(), signal.SIGSTOP)"
CROWD = """
import os
os.write(1, b"ready")
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
CROWD_LIMIT = {"nproc": (40, 40)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "submission", {"toy.py": "print()\n"})


def inside(room: Room) -> list[int]:
    return proc.descendants(room.init_pid)


@pytest.mark.parametrize("code", [DAEMON, DEAF, STOPPED], ids=["daemon", "deaf", "stopped"])
def test_kill_all_ends_a_program_that_does_not_want_to_end(folder: Path, code: str) -> None:
    def act(room: Room) -> object:
        start_ready(room, code)
        there = inside(room)
        with all_end(*there):
            killed = room.kill_all()
        return [len(there), killed, inside(room), seen_in(room, "seen = 'next'")]

    there, killed, left, following = in_worker(folder, act)
    assert there == killed > 0
    assert (left, following) == ([], "next")


def test_kill_all_ends_a_fork_bomb(folder: Path) -> None:
    def act(room: Room) -> object:
        start_ready(room, CROWD, limits=CROWD_LIMIT)
        until(lambda: len(inside(room)) > 20)
        killed = room.kill_all()
        return [killed, inside(room), seen_in(room, "seen = 'next'")]

    killed, left, following = in_worker(folder, act)
    assert killed > 20
    assert (left, following) == ([], "next")


def test_kill_all_of_an_empty_room_kills_nobody(folder: Path) -> None:
    assert in_worker(folder, lambda room: [room.kill_all(), room.kill_all()]) == [0, 0]


def test_a_program_that_was_killed_tells_its_status(folder: Path) -> None:
    def act(room: Room) -> object:
        child, output = started(room, DEAF)
        until(lambda: output.content)
        running = child.status()
        room.kill_all()
        return [running, child.wait(CEILING)]

    assert in_worker(folder, act) == [None, signal.SIGKILL]


def test_an_orphan_is_reaped_by_the_room(folder: Path) -> None:
    code = "import os\nif os.fork() == 0 and os.fork() == 0: os._exit(0)\nos.write(1, b'ready')"

    def act(room: Room) -> object:
        child, output = started(room, code)
        child.wait(CEILING)
        output.wait_end(CEILING)
        until(lambda: not inside(room))
        return "empty"

    assert in_worker(folder, act) == "empty"
