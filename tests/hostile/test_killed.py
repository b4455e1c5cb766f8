"""A grader that is killed in the middle of an attack leaves nothing: no process, mount, control group, shared memory or file.

SIGKILL lets nobody tidy up: what ends an attack then is the kernel, by parent-death signals and pid namespaces, and the one
process that waits elsewhere to remove control groups. `make test` kills about one attack in twelve; `make test-hostile` all.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.cells.bubblewrap import ROOM_UID
from grader.cells.namespaces import STAGE
from grader.cells.shares import shares
from grader.observe import proc
from tests.end_to_end.grading import CEILING, ROOT, command
from tests.hostile.corpus import Attack, load

EVERY = bool(os.environ.get("GRADER_TEST_EVERY_ATTACK"))
#: Among those with this remainder are daemons, a relay of forks and a compiler that never ends.
ONE_IN, REMAINDER = 12, 10
#: In each attempt, how many looks must have found the attack running. One that is over at once may never be found: then a
#: room must be there.
LOOKS = (16, 4, 1, 0)
LEFT_CEILING = 60.0  #: seconds in which everything has gone; how long it took is told and judged by nobody
CGROUPS = Path("/sys/fs/cgroup")


class Grading:
    """`grader check` on an attack, and the marks by which whatever is left of it can be told from others' gradings."""

    def __init__(self, attack: Attack, submission: Path, folder: Path) -> None:
        self._attack = attack
        self.folder = folder  #: its own TMPDIR, which all of the grader's processes have in their environment
        folder.mkdir()
        self._before = {*mounts(folder), *shared_memory()}
        #: pid namespace -> a descriptor of it: no other gets its number while that is open
        self._rooms: dict[int, int] = {}
        self._groups: set[str] = set()  #: what its control groups' names begin with
        self._seen: dict[int, str] = {}  #: each process that was found below it -> when that started
        self._process = subprocess.Popen(
            command(
                "check", submission, "--program", attack.program, "--practical", "connection", "--sandbox", "namespaces",
                "--jobs", "2",
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(folder)},
            start_new_session=True,
        )  # fmt: skip

    def close(self) -> None:
        """No attack goes on after its test; what waits for its end to remove control groups does that."""
        self.kill()
        for pid in self._living():
            with contextlib.suppress(ProcessLookupError):
                pidfd = os.pidfd_open(pid)  # what has this pid now is looked at, and killed
                if self._namespace(pid) in self._rooms:
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                os.close(pidfd)
        while self._rooms:
            os.close(self._rooms.popitem()[1])

    def kill(self) -> None:
        """It alone: what it started must notice by itself."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def is_in_the_middle(self, looks: int) -> bool:
        """Wait until so many looks have found the attack running; False when the grading ended before that."""
        deadline = time.monotonic() + CEILING
        found = 0
        while found < looks or not self._rooms:
            below = list(self._below())  # all of them are marked, whichever of them attacks
            found += any(self._attacks(pid) for pid in below)
            if self._process.poll() is not None:
                return False
            assert time.monotonic() < deadline, "it neither came to the attack nor ended"
            select.select([], [], [], 0.001)
        assert self._rooms
        assert self._groups or shares() is None
        return True

    def left(self) -> list[str]:
        """Whatever is there of it.

        A room's init is the last of its pid namespace, has the same pid for as long as it lives, and nobody can be forked
        after it: processes that fork and end faster than they are read here cannot slip past together with it.
        """
        found = [f"process {pid}: {_told(pid)}" for pid in self._living()]
        found += [f"control group {path}" for path in self._control_groups()]
        found += [f"file {path}" for path in sorted(self.folder.rglob("*"))]
        return found + sorted({*mounts(self.folder), *shared_memory()} - self._before)

    def _below(self) -> Iterator[int]:
        """Processes below it, each marked."""
        with contextlib.suppress(proc.ProcessGoneError):
            for pid in proc.descendants(self._process.pid):
                with contextlib.suppress(OSError):
                    self._mark(pid)
                    yield pid

    def _mark(self, pid: int) -> None:
        self._seen[pid] = _session_and_start(pid)[1]
        if self._namespace(pid) not in {*self._rooms, _OURS}:
            descriptor = os.open(f"/proc/{pid}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
            namespace = os.fstat(descriptor).st_ino  # ours, when another process has this pid by now
            if namespace == _OURS or self._rooms.setdefault(namespace, descriptor) != descriptor:
                os.close(descriptor)
            groups = Path(f"/proc/{pid}/cgroup").read_text().split("/")
            names = {name.strip().split("-")[1] for name in groups if name.startswith("grader-")}
            self._groups |= {f"grader-{name}-" for name in names}

    def _attacks(self, pid: int) -> bool:
        """Whether it is the attack's own program, called as its checks call it; of one at build time, a part of its build."""
        if self._namespace(pid) not in self._rooms:
            return False
        words = _arguments(pid)
        if self._attack.path.parent.name != "build":
            return words[:1] == [f"/work/{self._attack.program}".encode()] and len(words) == 3
        # Not init, nor its fork that is on the way to another program, nor what the grader runs after a build, nor a check.
        return bool(words) and not (
            b"/run/init.py" in words or words[0] == b"/bin/chmod" or words[0].startswith(b"/work/")
        )

    @staticmethod
    def _namespace(pid: int) -> int:
        try:
            return Path(f"/proc/{pid}/ns/pid").stat().st_ino
        except OSError:
            return _OURS  # it is gone, or a stranger's

    def _living(self) -> list[int]:
        return [
            int(folder.name)
            for folder in Path("/proc").iterdir()
            if folder.name.isdigit() and self._is_of_it(int(folder.name)) and _lives(folder)
        ]

    def _is_of_it(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            session, start = _session_and_start(pid)
            if (
                self._namespace(pid) in self._rooms
                or session == self._process.pid
                or self._seen.get(pid) == start
            ):
                return True
            groups = Path(f"/proc/{pid}/cgroup").read_text()
            if any(f"/{prefix}" in groups for prefix in self._groups):
                return True
            return f"TMPDIR={self.folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return False

    def _control_groups(self) -> list[str]:
        found = []
        for place, names, _ in os.walk(CGROUPS):
            found += [f"{place}/{name}" for name in names if name.startswith(tuple(self._groups))]
        return found


_OURS = Path("/proc/self/ns/pid").stat().st_ino


def mounts(folder: Path) -> set[str]:
    """Those that this side sees and that a grading could have made."""
    found = set()
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        point, source = before.split()[4], after.split()[1]
        if source == "grader" or point in {str(STAGE), "/tmp"} or point.startswith(str(folder)):
            found.add(f"mount {line}")
    return found


def shared_memory() -> set[str]:
    """What the rooms' user has outside of them. An ordinary user's rooms have his own, and so may others of his programs."""
    found = set()
    for path in Path("/dev/shm").iterdir():
        with contextlib.suppress(FileNotFoundError):  # somebody else's
            if path.lstat().st_uid == ROOM_UID:
                found.add(f"file {path}")
    for kind in ("shm", "sem", "msg"):
        names, *rows = [line.split() for line in Path(f"/proc/sysvipc/{kind}").read_text().splitlines()]
        owned = [row for row in rows if row[names.index("cuid")] == str(ROOM_UID)]
        found |= {f"{names[1]} {row[1]} of System V" for row in owned}
    return found


def _session_and_start(pid: int) -> tuple[int, str]:
    """Fields 6 and 22 (proc(5)): with when it started, a pid is one process."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return int(fields[3]), fields[19].decode()


def _lives(folder: Path) -> bool:
    """Whether any of its threads does; one that has ended waits for init, which is not the grader's, to take note of it."""
    with contextlib.suppress(OSError):  # of the listing: the process has gone
        for thread in list((folder / "task").iterdir()):
            with contextlib.suppress(OSError):
                if (thread / "stat").read_bytes().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}:
                    return True
    return False


def _arguments(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:-1]
    return []


def _told(pid: int) -> str:
    status = ""
    with contextlib.suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
        status = ", ".join(line for line in lines if line.startswith(("Name", "State", "PPid", "NSpid")))
    return f"{b' '.join(_arguments(pid))[:200]!r} ({status})"


def chosen(attack: Attack) -> bool:
    return EVERY or zlib.crc32(str(attack).encode()) % ONE_IN == REMAINDER


ATTACKS = [attack for attack in load() if chosen(attack)]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_nothing_is_left(attack: Attack, tmp_path: Path, record_property: Callable[..., None]) -> None:
    submission = tmp_path / "handed-in"
    submission.mkdir()
    attack.hand_in(submission)
    for number, looks in enumerate(LOOKS):
        with contextlib.closing(Grading(attack, submission, tmp_path / f"t{number}")) as grading:
            if not grading.is_in_the_middle(looks):
                continue
            killed = time.monotonic()
            grading.kill()
            while (left := grading.left()) and time.monotonic() < killed + LEFT_CEILING:
                select.select([], [], [], 0.01)
            record_property("killed", (str(attack), number + 1))
            record_property("left", time.monotonic() - killed)
            assert not left, "\n".join([f"left {LEFT_CEILING:.0f} s after SIGKILL:", *left])
            return
    pytest.fail(f"in {len(LOOKS)} gradings it was never found running")


def test_the_share_has_the_kinds_that_outlive_programs() -> None:
    assert {attack.path.parent.name for attack in ATTACKS} >= {"build", "processes", "resources"}
