"""However a cell, a worker or a room ends, nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from grader.cells.base import File
from grader.cells.limits import CellLimits, MiB
from grader.cells.namespaces import STAGE
from grader.cells.room import Room
from grader.errors import CellError
from grader.observe import proc
from tests.unit.made_up import write_files
from tests.unit.rooms import (
    DAEMON,
    all_end,
    heard,
    in_worker,
    marked,
    opened_cell,
    seen_in,
    start_ready,
    started,
    told,
    until,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "submission", {"toy.py": "print()\n"})


@pytest.fixture
def marker() -> Iterator[str]:
    """An argument that no other process of the machine has; nobody keeps it after the test.

    Whoever removes the control groups of a grader that was killed was forked from it, and ends a moment later.
    """
    name = f"marker-{uuid.uuid4()}"
    yield name
    until(lambda: marked(name) == [])


def test_a_room_ends_when_its_worker_closes_it(folder: Path, marker: str) -> None:
    def act(room: Room) -> object:
        start_ready(room, DAEMON, marker)
        with all_end(room.init_pid, *proc.descendants(room.init_pid)):
            room.close()
        return proc.descendants(os.getpid())

    assert in_worker(folder, act) == []


def test_a_closed_room_is_gone_and_says_so(folder: Path) -> None:
    def act(room: Room) -> object:
        with all_end(room.init_pid):
            os.kill(room.init_pid, signal.SIGKILL)
        for action in (room.kill_all, lambda: started(room, "")):
            with pytest.raises(CellError, match="the room is gone"):
                action()
        return "gone"

    assert in_worker(folder, act) == "gone"


def test_a_worker_that_is_hung_up_on_ends_with_its_room(folder: Path, marker: str) -> None:
    def act(room: Room) -> object:
        start_ready(room, DAEMON, marker)
        return None

    with opened_cell(folder, act) as cell:
        worker = cell.start_worker("act")
        heard(worker.connection)
        with all_end(worker.pid, *proc.descendants(worker.pid)):
            worker.connection.close()
        assert marked(marker) == []


@pytest.mark.parametrize("how", ["kill", "exit", "kill itself"])
def test_a_worker_that_dies_takes_its_room_along(folder: Path, marker: str, how: str) -> None:
    read, write = os.pipe()
    hold, let_go = os.pipe()

    def dies(room: Room) -> object:
        start_ready(room, DAEMON, marker)
        os.write(write, b"!")
        os.read(hold, 1)
        if how == "exit":
            os._exit(7)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    with opened_cell(folder, dies) as cell:
        worker = cell.start_worker("dies")
        os.read(read, 1)
        assert marked(marker)
        with all_end(worker.pid, *proc.descendants(worker.pid)):
            if how == "kill":
                worker.kill()
            else:
                os.write(let_go, b"!")
        assert marked(marker) == []
        with worker.connection as connection, pytest.raises(EOFError):
            connection.recv_bytes()
        worker.kill()  # of a process that is gone: nothing happens
    for descriptor in (read, write, hold, let_go):
        os.close(descriptor)


def test_a_worker_that_died_costs_the_cell_nothing(folder: Path) -> None:
    def dies(_: Room) -> object:
        os._exit(0)

    def lives(room: Room) -> object:
        return seen_in(room, "seen = sorted(os.listdir('/work'))")

    with opened_cell(folder, dies, lives) as cell:
        with cell.start_worker("dies").connection as connection, pytest.raises(EOFError):
            connection.recv_bytes()
        assert told(cell, lives) == ["toy.py"]


def test_a_host_that_dies_takes_everything_along(folder: Path, marker: str) -> None:
    def act(room: Room) -> object:
        start_ready(room, DAEMON, marker)
        return None

    with opened_cell(folder, act) as cell:
        workers = [cell.start_worker("act") for _ in range(2)]
        for worker in workers:
            heard(worker.connection)
        everyone = proc.descendants(cell._host)
        assert set(marked(marker)) < set(everyone)
        with all_end(*everyone):
            os.kill(cell._host, signal.SIGKILL)
        for worker in workers:
            worker.connection.close()


def test_a_closed_cell_leaves_nobody(folder: Path, marker: str) -> None:
    def act(room: Room) -> object:
        start_ready(room, DAEMON, marker)
        return None

    with opened_cell(folder, act) as cell:
        worker = cell.start_worker("act")
        heard(worker.connection)
        host = cell._host
        with all_end(*proc.descendants(host)):
            cell.close()
        worker.connection.close()
        cell.close()  # the second time does nothing
    assert not Path(f"/proc/{host}").exists()


PARENT = """
import sys, time
from pathlib import Path
from tests.unit.rooms import DAEMON, heard, opened_cell, start_ready
def act(room):
    start_ready(room, DAEMON, sys.argv[2])
with opened_cell(Path(sys.argv[1]), act) as cell:
    worker = cell.start_worker("act")
    heard(worker.connection)
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_grader_that_is_killed_leaves_nobody(folder: Path, marker: str) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-B", "-c", PARENT, str(folder), marker],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as grader:
        assert grader.stdout is not None
        assert grader.stdout.readline() == b"ready\n"
        everyone = proc.descendants(grader.pid)
        assert len(everyone) >= 4  # host, worker, bubblewrap, init and the program's processes
        with all_end(*everyone):
            grader.kill()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cell_whose_host_has_died_says_so(folder: Path) -> None:
    with opened_cell(folder, nothing) as cell:
        with all_end(cell._host):
            os.kill(cell._host, signal.SIGKILL)
        try:
            cell.start_worker("nothing")
        except (CellError, OSError) as error:
            kind = type(error)  # the error itself would keep the sockets of its frames open
    assert kind is CellError


def nothing(_: Room) -> object:
    return None


def test_a_closed_cell_leaves_no_descriptor_open(folder: Path) -> None:
    before = names_in(Path("/proc/self/fd"))
    with opened_cell(folder, nothing) as cell:
        told(cell, nothing)
        told(cell, nothing)
    assert names_in(Path("/proc/self/fd")) == before


def test_closing_one_of_two_cells_does_not_wait_for_the_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = []
    kill = os.kill

    def recorded(pid: int, number: int) -> None:
        killed.append(pid)
        kill(pid, number)

    monkeypatch.setattr("grader.cells.namespaces._CLOSE_CEILING", 5.0)
    with opened_cell(folder, nothing) as first, opened_cell(folder, nothing):
        monkeypatch.setattr(os, "kill", recorded)
        host = first._host
        first.close()
        assert host not in killed, "it was not told to end, so it had to be killed"


# The stage


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mounted_there(place: Path) -> list[str]:
    """The mounts at a place and below it, as this process sees them (proc(5): mountinfo, field 5).

    What is mounted elsewhere meanwhile is somebody else's: an engine's, say.
    """
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if Path(line.split()[4]).is_relative_to(place)]


def test_the_stage_is_seen_by_nobody_else_and_leaves_nothing(folder: Path) -> None:
    before = mounted_there(STAGE), names_in(STAGE)

    def act(room: Room) -> object:
        start_ready(room, "open('/data/left', 'w').close(); open('/tmp/left', 'w').close(); print('ready')")
        return names_in(STAGE / "work")

    with opened_cell(folder, act) as cell:
        worker = cell.start_worker("act")
        assert heard(worker.connection) == ["toy.py"]
        during = mounted_there(STAGE), names_in(STAGE)
        worker.connection.close()
    assert before == during == (mounted_there(STAGE), names_in(STAGE))


class Refused:
    """Files that cannot be laid out."""

    files: Sequence[File] = ()

    def read(self, path: str, _limit: int, /) -> bytes:
        raise FileNotFoundError(path)

    def copy_to(self, dirfd: int) -> None:
        os.mkdir("partly", dir_fd=dirfd)
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("files", "limits"), [(Refused(), None), (None, CellLimits(disk=1 << 16, inodes=3, tmp=MiB))]
)
def test_a_cell_that_cannot_be_laid_out_is_told_and_leaves_nobody(
    folder: Path, files: Refused | None, limits: CellLimits | None
) -> None:
    write_files(folder, {f"{number}.c": "" for number in range(9)})
    before = set(proc.children(os.getpid()))
    with (
        pytest.raises(CellError, match=r"no sandbox: .*No space left.*grader doctor"),
        opened_cell(folder, files=files, limits=limits),
    ):
        pass
    assert set(proc.children(os.getpid())) <= before
