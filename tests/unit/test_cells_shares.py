"""A room's control group: its own, its limits, a fair share of the processor, and nothing left of it in any case."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.cells.limits import CellLimits, MiB
from grader.cells.room import Room
from grader.cells.shares import Place, Shares, shares
from grader.observe import proc
from grader.program.program import start
from tests.unit.made_up import write_files
from tests.unit.rooms import PYTHON, heard, opened_cell, start_ready, told, until

ROOT = Path(__file__).resolve().parents[2]
#: So many programs, each in a session of its own, that do nothing but use the processor.
SPINNERS = """
import os, sys
for _ in range(int(sys.argv[1]) - 1):
    if os.fork() == 0:
        os.setsid()
        break
else:
    os.write(1, b"ready")
while True:
    pass
"""
#: Shared pages are in no program's own count: the kernel alone sees that they are too many.
FILLS = "import mmap\nkept = mmap.mmap(-1, 300 << 20)\nfor _ in range(300): kept.write(bytes(1 << 20))"


@pytest.fixture
def made() -> Shares:
    found = shares()
    if found is None:
        pytest.skip("no control group can be made here: not root, and nothing is delegated")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "submission", {"toy.py": "print()\n"})


def groups(places: Sequence[Place], prefix: str = "grader-") -> list[Path]:
    return [group for place in places for group in place.directory.glob(f"{prefix}*")]


def membership(pid: int) -> set[str]:
    """Its groups, as /proc shows them, in the hierarchies that divide something."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return {line.rpartition("/")[2] for line in lines} - {""}


def many(room: Room) -> None:
    start_ready(room, SPINNERS, "40")


def one(room: Room) -> None:
    start_ready(room, SPINNERS, "1")


def used(worker: int) -> int:
    """Nanoseconds of processor time of what runs in a worker's room."""
    total = 0
    for pid in proc.descendants(worker):
        with contextlib.suppress(proc.ProcessGoneError):
            total += sum(task.run_ns for task in proc.tasks(pid))
    return total


def test_each_room_has_a_group_of_its_own(made: Shares, folder: Path) -> None:
    with opened_cell(folder, one) as cell:
        workers = [cell.start_worker("one") for _ in range(2)]
        for worker in workers:
            heard(worker.connection)
        rooms = [set.union(*(membership(pid) for pid in proc.descendants(w.pid))) for w in workers]
        mine = [{name for name in names if name.startswith("grader-")} for names in rooms]
        assert [len(names) for names in mine] == [1, 1], "all of a room's processes are in the same group"
        assert mine[0] != mine[1]
        for worker in workers:
            assert not membership(worker.pid) & (mine[0] | mine[1]), "the worker is not in it"
            worker.connection.close()
        names = {group.name for group in groups(made.places)}
        assert mine[0] | mine[1] <= names
    assert not {group.name for group in groups(made.places)} & (mine[0] | mine[1])


def test_forty_programs_get_no_more_of_the_processor_than_one(made: Shares, folder: Path) -> None:
    with opened_cell(folder, one, many) as cell:
        single, crowd = cell.start_worker("one"), cell.start_worker("many")
        heard(single.connection)
        heard(crowd.connection)
        before = used(single.pid), used(crowd.pid)

        def spent() -> tuple[int, int]:
            return used(single.pid) - before[0], used(crowd.pid) - before[1]

        until(lambda: sum(spent()) > 2_000_000_000)
        mine, theirs = spent()
        single.connection.close()
        crowd.connection.close()
    assert mine > theirs / 6, "without groups it would be a fortieth, less the second core's"


def test_what_the_kernel_killed_for_want_of_memory_is_told(made: Shares, folder: Path) -> None:
    if not any("memory" in place.controllers for place in made.places):
        pytest.skip("the controller of memory is not to be had")

    def act(room: Room) -> object:
        program = start(room, "fills", [PYTHON], ["-c", FILLS], stdout_terminal=False)
        program.wait(60.0)
        return program.describe_end()

    limits = CellLimits(disk=MiB, tmp=MiB, data=MiB, memory=64 * MiB)
    with opened_cell(folder, act, limits=limits) as cell:
        assert (
            told(cell, act)
            == "was killed: the programs and their files used more memory together than the room has"
        )


def test_nothing_is_left_when_everything_is_killed(made: Shares, tmp_path: Path) -> None:
    """The grader, its warm process, all of them at once: groups are removed all the same."""
    code = "import time, socket\nwhile True: s = socket.create_server(('', 0)); time.sleep(0.1); s.close()\n"
    submission = write_files(tmp_path / "submission", {"srv_rev_sec.py": code})
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", "check", str(submission), "--check", "reverse.listens"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    names: set[str] = set()

    def grades() -> bool:
        for pid in proc.descendants(process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                names.update(name for name in membership(pid) if name.startswith("grader-"))
        return any(name.count("-") == 3 for name in names)  # a room's: grader-PREFIX-PID-NUMBER

    try:
        until(grades)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    (prefix,) = {"-".join(name.split("-")[:2]) for name in names}
    until(lambda: not groups(made.places, f"{prefix}-"))
