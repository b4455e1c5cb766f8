"""Waiting on what the room's init tells: however late it gets its turn, an end that was told late is an end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.cells.room import Room
from grader.errors import Inconclusive
from grader.observe.sockets import SocketTable
from grader.program.program import RunningProgram, start
from grader.watch import watch as watch_module
from grader.watch.spinning import Spinning
from grader.watch.watch import Watch
from tests.unit.rooms import in_worker, until

#: Longer than any stillness that a wait asks for before it gives up.
LATE = 0.6


@contextlib.contextmanager
def ended_while_init_stands(room: Room) -> Iterator[tuple[Watch, RunningProgram]]:
    """A program that has ended; init, which would say so, is kept from running."""
    program = start(room, "sleep", ["/bin/sleep"], ["1000"])
    with SocketTable() as table:
        watch = Watch(room, table)
        watch.programs.append(program)
        watch.crowd = 100
        os.kill(room.init_pid, signal.SIGSTOP)
        os.kill(program.pid, signal.SIGKILL)
        try:
            yield watch, program
        finally:
            os.kill(room.init_pid, signal.SIGCONT)
            program.close()


def until_end(room: Room) -> object:
    with ended_while_init_stands(room) as (watch, program):
        started = time.monotonic()

        def ended() -> bool:
            if time.monotonic() - started > LATE:
                os.kill(room.init_pid, signal.SIGCONT)
            return program.ended()

        watch.until(ended, what="end")
        return program.describe_end()


def until_end_told_later(room: Room) -> object:
    """Init stands for longer than a program may sleep."""
    watch_module.CEILING = LATE / 2
    with ended_while_init_stands(room) as (watch, program):
        pid = os.fork()
        if pid == 0:
            time.sleep(LATE)
            os.kill(room.init_pid, signal.SIGCONT)
            os._exit(0)
        watch.until(program.ended, what="end")
        os.waitpid(pid, 0)
        return program.describe_end()


def rest_and_end(room: Room) -> object:
    with ended_while_init_stands(room) as (watch, program):
        pid = os.fork()
        if pid == 0:
            time.sleep(LATE)  # init stands for this long
            os.kill(room.init_pid, signal.SIGCONT)
            os._exit(0)
        watch.until_still()
        found = program.ended()
        os.waitpid(pid, 0)
        return found


def end_of_server(room: Room) -> object:
    """Init stands for longer than a second, as on a machine where much waits for the processor."""
    with ended_while_init_stands(room) as (watch, program):
        program.must_live = True
        pid = os.fork()
        if pid == 0:
            time.sleep(1.5)
            os.kill(room.init_pid, signal.SIGCONT)
            os._exit(0)
        found = watch.end_of_server()
        os.waitpid(pid, 0)
        return found


def never_rests(room: Room) -> object:
    """For how many seconds one waits, again and again, for the rest of a program that never does."""
    asked: list[float] = []

    def until_still(*, ceiling: float) -> None:
        asked.append(ceiling)
        raise Inconclusive("it does not")

    program = start(room, "sleep", ["/bin/sleep"], ["1000"])
    with SocketTable() as table:
        spinning = Spinning()
        for _ in range(3):  # each check has a watch of its own
            watch = Watch(room, table, spinning)
            watch.programs.append(program)
            watch.until_still = until_still  # type: ignore[method-assign, assignment]  # the rest itself takes half a minute
            watch.end_of_server()
    program.close()
    return asked


def prints_much(room: Room, *, ago: float = 0.0) -> object:
    """Whether 3 MiB are taken for printing without end, of a program that was started so many seconds ago."""
    program = start(room, "dd", ["/bin/dd"], ["if=/dev/zero", "bs=1M", "count=3", "status=none"])
    with SocketTable() as table:
        watch = Watch(room, table)
        watch.programs.append(program)
        until(lambda: program.stdout.length == 3 << 20)
        program.started = time.monotonic() - ago
        told = watch._flooding()
        program.close()
        return told


def printed_much_by_a_clock(room: Room) -> object:
    return prints_much(room, ago=60.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toy.py").write_text("print()\n")
    return tmp_path


def test_a_program_whose_end_is_told_late_has_ended(folder: Path) -> None:
    assert in_worker(folder, until_end) == "was killed by SIGKILL"


def test_a_server_has_ended_however_late_that_is_told(folder: Path) -> None:
    assert in_worker(folder, end_of_server) == "sleep was killed by SIGKILL"


def test_a_program_that_never_rests_is_waited_for_once(folder: Path) -> None:
    assert in_worker(folder, never_rests) == [30.0, 1.0, 1.0]


def test_a_program_whose_end_is_not_told_does_not_sleep(folder: Path) -> None:
    told = in_worker(folder, until_end_told_later)
    assert told == "was killed by SIGKILL"


def test_there_is_no_rest_before_an_end_is_told(folder: Path) -> None:
    assert in_worker(folder, rest_and_end) is True


def test_what_is_printed_at_once_is_printed_without_end(folder: Path) -> None:
    assert in_worker(folder, prints_much) is True


def test_what_is_printed_by_a_clock_is_not(folder: Path) -> None:
    """A library that reports the same trouble each second has printed much after a minute on a loaded machine."""
    assert in_worker(folder, printed_much_by_a_clock) is False
