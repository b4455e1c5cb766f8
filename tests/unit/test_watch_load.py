"""Spinning is told from waking now and then, whatever else wants the processor."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from grader.observe.proc import Task, tasks
from grader.watch import load
from grader.watch.load import SPINNING, Effort, busy_share, effort, spinning_share

SPINS = "while True: pass"
#: As a server does that finds no descriptor free, sleeps a moment, and tries again.
WAKES = "import time\nwhile True: time.sleep(0.1); sum(range(3000))"
SLEEPS = "import signal\nsignal.pause()"
#: accept that fails at once, over and over: calls, and no sleep.
CALLS = "import os\nwhile True:\n  try: os.close(-1)\n  except OSError: pass"
COMPETITORS = 12

#: recv that gives nothing, over and over, as after the end of a stream.
IN_VAIN = "import socket\na, b = socket.socketpair()\nb.close()\nwhile True: a.recv(1)"
READS = "import os\nzeros = os.open('/dev/zero', os.O_RDONLY)\nwhile True: os.read(zeros, 1)"
FILLS = "import mmap\nwhile True: mmap.mmap(-1, 1 << 20).write(b'x' * (1 << 20))"

Start = Callable[..., int]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python code that has said that it is about to begin; on one processor of all if asked."""
    with ExitStack() as started:

        def start_code(code: str, *, crowded: bool = False) -> int:
            child = started.enter_context(
                subprocess.Popen(
                    [sys.executable, "-S", "-E", "-c", f"print(flush=True)\n{code}"], stdout=subprocess.PIPE
                )
            )
            started.callback(child.kill)
            if crowded:
                os.sched_setaffinity(child.pid, {min(os.sched_getaffinity(0))})
            assert child.stdout is not None
            child.stdout.readline()
            return child.pid

        yield start_code


@pytest.mark.parametrize("code", [SPINS, CALLS], ids=["computes", "calls"])
def test_a_spinner_is_seen(start: Start, code: str) -> None:
    share = spinning_share([start(code)])
    assert share is not None
    assert share > 0.8


@pytest.mark.parametrize("code", [WAKES, SLEEPS], ids=["wakes", "sleeps"])
def test_who_waits_is_no_spinner(start: Start, code: str) -> None:
    assert spinning_share([start(code)]) is None


@pytest.mark.parametrize("code", [SPINS, CALLS], ids=["computes", "calls"])
def test_a_spinner_in_a_crowd_is_seen(start: Start, code: str) -> None:
    for _ in range(COMPETITORS):
        start(SPINS, crowded=True)
    assert busy_share([start(code, crowded=True)]) > SPINNING


def test_who_wakes_in_a_crowd_is_no_spinner(start: Start) -> None:
    for _ in range(COMPETITORS):
        start(SPINS, crowded=True)
    assert busy_share([start(WAKES, crowded=True)]) < SPINNING


def test_time_in_which_it_was_kept_waiting_is_not_its_own() -> None:
    """It slept for a tenth of the time and was kept waiting for the rest; only that tenth tells what it does."""
    before = Task(1, 1, "toy", "S", None, voluntary=5, involuntary=0, run_ns=0, wait_ns=0)
    after = dataclasses.replace(before, voluntary=6, run_ns=1_000_000, wait_ns=900_000_000)
    assert load._share(before, after, 1.0) == pytest.approx(0.01)


def test_who_never_slept_spins_however_little_it_got() -> None:
    before = Task(1, 1, "toy", "R", None, voluntary=5, involuntary=0, run_ns=0, wait_ns=0)
    after = dataclasses.replace(
        before, involuntary=3, run_ns=1_000_000
    )  # a wait that lasts is in no count yet
    assert load._share(before, after, 1.0) == 1.0


def test_a_process_that_is_gone_uses_nothing() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert busy_share([pid], 0.01) == 0.0


def spent(pid: int, seconds: float) -> Effort:
    """What it does while it uses so many seconds of processor time."""
    before = effort([pid])
    assert before is not None
    deadline = time.monotonic() + 60
    first = sum(task.run_ns for task in tasks(pid))
    while sum(task.run_ns for task in tasks(pid)) < first + seconds * 1e9:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    after = effort([pid])
    assert after is not None
    return Effort(after.system - before.system, after.faults - before.faults, after.moved - before.moved)


def test_calls_in_vain_take_time_in_the_kernel_and_leave_nothing(start: Start) -> None:
    pid = start(IN_VAIN)
    spent(pid, 0.2)  # it imports first
    did = spent(pid, 0.5)
    assert did.system > 0.05
    assert (did.faults, did.moved) == (0, 0)


def test_work_leaves_something(start: Start) -> None:
    assert spent(start(READS), 0.2).moved > 1000
    assert spent(start(FILLS), 0.2).faults > 16
    assert spent(start(SPINS), 0.2).system < 0.05


def test_nothing_is_said_of_who_has_gone(start: Start) -> None:
    assert effort([start(SLEEPS), 2**22 + 1]) is None  # above the largest pid (proc(5), pid_max)
