"""The worker's handle on its room: start programs through the room's init, and end them all."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import marshal
import os
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from grader.cells import seccomp
from grader.cells.folders import Folders
from grader.cells.shares import kills
from grader.errors import CellError, GraderBugError
from grader.observe import proc

#: Ceiling for init's answers, in seconds: it never waits for anything but the kernel.
ANSWER_CEILING = 60.0
_MARSHAL = 2  #: a version of its format that every Python 3 reads, whichever one the room has
_RUN_CEILING = 60.0  #: for a command that only removes files, or changes their rights

#: rlimits of every program (soft, hard); the names are those of resource.RLIMIT_*.
DEFAULT_LIMITS: Mapping[str, tuple[int, int]] = {
    "as": (8 << 30, 8 << 30),  # 200 threads reserve about 2.6 GiB in stacks and malloc arenas
    "core": (0, 0),
    "cpu": (60, 65),  # SIGXCPU first: it tells what ended the program
    "fsize": (256 << 20, 256 << 20),
    "memlock": (64 << 10, 64 << 10),
    "nofile": (1024, 4096),
    "nproc": (256, 256),
    "stack": (8 << 20, 8 << 20),
}

ENVIRONMENT: Mapping[str, str] = {
    "ASAN_OPTIONS": "detect_leaks=0",  # LeakSanitizer traces its own program, which no program of a room may
    "HOME": "/data",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TERM": "dumb",
    "TMPDIR": "/tmp",  # noqa: S108 - the room's own tmpfs
}


_MESSAGE = (
    1 << 20
)  #: bytes of a request at most; the kernel gives twice net.core.wmem_max of it, some 420,000
_UCRED = struct.Struct("3i")  #: pid, uid, gid


@dataclasses.dataclass(slots=True)
class Child:
    """A process that init started for us."""

    pid: int  #: as this side's /proc shows it
    pidfd: int
    inner_pid: int  #: as the room sees it
    room: Room

    def status(self) -> int | None:
        """The wait status once it has ended, else None."""
        return self.room.status_of(self.inner_pid)

    def wait(self, ceiling: float) -> int | None:
        """The wait status, or None when it has not ended within `ceiling` seconds."""
        deadline = time.monotonic() + ceiling
        poller = select.poll()
        poller.register(self.pidfd, select.POLLIN)
        if not poller.poll(ceiling * 1000):
            return None
        while (status := self.status()) is None:
            if not self.room.pump(deadline - time.monotonic()):
                return None
        return status

    def close(self) -> None:
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


class Room:
    """Talks to the room's init over a SOCK_SEQPACKET socket (see init.py for the messages).

    Raises `CellError` when the room is gone.
    """

    def __init__(self, control: socket.socket, work: Path, folders: Folders) -> None:
        self.work = work  #: this side's path of /work: the submission and what was built of it
        self.data = folders.data  #: this side's path of /data: where programs run and find their files
        self._folders = folders
        self.sandbox: subprocess.Popen[bytes] | None = None  #: the process that made the room, if any
        self.overuse = ""  #: why everything in it was ended, if it was: see `grader.cells.memory`
        self.counts: int | None = None  #: its control group's, if it has one: see `grader.cells.shares`
        self._control = control
        control.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, _MESSAGE
        )  # two long arguments are more than the default
        # Asked some thousand times a second: a receive that fails costs several times as much.
        self._told = select.poll()
        self._told.register(control, select.POLLIN)
        self._next_id = 0
        self._answers: dict[int, tuple[dict[str, object], list[int]]] = {}
        self._statuses: dict[int, int] = {}
        self._started: set[int] = set()  # outer pids of what was spawned: init's other children are orphans
        self.init_pid = self._greet()  #: the room's pid 1, as this side's /proc shows it

    def spawn(
        self,
        argv: Sequence[str],
        stdio: tuple[int, int, int],
        *,
        cwd: str = "/data",
        env: Mapping[str, str] | None = None,
        limits: Mapping[str, tuple[int, int]] | None = None,
        latch: int | None = None,
        gate: tuple[frozenset[str], int] | None = None,
    ) -> Child:
        """Start a program; `argv[0]` is a path in the room, `stdio` its three descriptors.

        With `latch`, the read end of a pipe, the child waits before exec until a byte comes. With `gate` its calls of these
        names wait for the holder of a listener, which comes by the socket beside them: see `grader.observe.gate`.
        """
        answer, descriptors = self._ask(
            {
                "op": "spawn",
                "argv": list(argv),
                "env": {**ENVIRONMENT, **(env or {})},
                "cwd": cwd,
                "limits": {**DEFAULT_LIMITS, **(limits or {})},
                "latch": latch is not None,
                "gate": seccomp.gate_request(gate[0]) if gate else None,
            },
            [*stdio, *([] if latch is None else [latch]), *([gate[1]] if gate else [])],
        )
        if "error" in answer:
            raise CellError(f"the room could not start {argv[0]}: {answer['error']}")
        (pidfd,) = descriptors
        inner = answer["pid"]
        if not isinstance(inner, int):
            raise GraderBugError(f"init answered {answer}")
        child = Child(_outer_pid(pidfd), pidfd, inner, self)
        self._started.add(child.pid)
        return child

    def limit(self, pid: int, name: str, soft: int) -> int:
        """Change a soft limit of a process of the room, by its pid on this side; its value before.

        At most to the hard limit. Raises `ProcessLookupError` when the process is gone.
        """
        request: dict[str, object] = {"op": "limit", "pid": _inner_pid(pid), "name": name, "soft": soft}
        answer, _ = self._ask(request, [])
        if "error" in answer:
            raise ProcessLookupError(str(answer["error"]))
        return int(str(answer["soft"]))

    def signal(self, pid: int, number: int) -> None:
        """Send a signal to a process of the room, by its pid on this side; to nobody else, whatever pid that may be.

        A program that ended before it was asked for is pid -1, which kill(2) takes for everybody, and the pid of one that
        has gone may be another's by now. Raises `ProcessLookupError` when it is no process of the room.
        """
        if pid < 2:
            raise ProcessLookupError(f"no process has the pid {pid}")
        pidfd = os.pidfd_open(pid)  # whatever has this pid now is the one that is looked at, and signalled
        try:
            if not self._holds(pid):
                raise ProcessLookupError(f"process {pid} is none of the room's")
            signal.pidfd_send_signal(pidfd, number)
        finally:
            os.close(pidfd)

    def _holds(self, pid: int) -> bool:
        try:
            return _namespace(pid) == _namespace(self.init_pid)
        except PermissionError:  # a stranger's, or a program's that its own user may not read
            return pid in proc.descendants(self.init_pid)

    def kills(self) -> int:
        """How many of its processes the kernel has killed so far because they all together had no memory left."""
        return 0 if self.counts is None else kills(self.counts)

    def make_folders_new(self) -> None:
        """Leave nothing of what programs wrote; none may run."""
        self._folders.make_new(self.run)

    def run(self, command: Sequence[str], *, cwd: str = "/") -> None:
        """A command of the room's own, to its end, without input or output."""
        null = os.open(os.devnull, os.O_RDWR)
        try:
            child = self.spawn(command, (null, null, null), cwd=cwd)
        finally:
            os.close(null)
        ended = child.wait(_RUN_CEILING)
        child.close()
        if ended is None:
            raise CellError(f"{command[0]} did not end in the room within {_RUN_CEILING:.0f} s")

    def orphans(self) -> list[int]:
        """Processes that lost their parent (a double fork, a daemon), with their descendants."""
        found = [pid for pid in proc.children(self.init_pid) if pid not in self._started]
        for pid in found:  # grows while it is walked
            with contextlib.suppress(proc.ProcessGoneError):
                found += [child for child in proc.children(pid) if child not in found]
        return found

    def kill_all(self) -> int:
        """End every program of the room; returns how many processes were left."""
        answer, _ = self._ask({"op": "killall"}, [])
        return int(str(answer["killed"]))

    def status_of(self, inner_pid: int) -> int | None:
        while self.pump(0):
            pass
        return self._statuses.get(inner_pid)

    def pump(self, ceiling: float) -> bool:
        """Take one message of init's; False when none came within `ceiling` seconds."""
        if not self._told.poll(1000 * max(ceiling, 0.0)):
            return False
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, 1 << 16, 4)
        except OSError as error:
            raise CellError(f"the room is gone: {error}") from error
        if not message:
            raise CellError("the room is gone: its init ended")
        report = json.loads(message)
        if "exited" in report:
            self._statuses[report["exited"]] = report["status"]
        else:
            self._answers[report["id"]] = (report, descriptors)
        return True

    def close(self) -> None:
        """Hang up: init ends, and the kernel kills what is left in the room."""
        with contextlib.suppress(OSError):
            self._control.close()
        if self.sandbox is not None:
            self.sandbox.wait()

    def _greet(self) -> int:
        """Wait for init's first message; the kernel stamps it with init's pid (unix(7), SO_PASSCRED)."""
        self._control.settimeout(ANSWER_CEILING)
        message, ancillary, _, _ = self._control.recvmsg(64, socket.CMSG_SPACE(_UCRED.size))
        if not message:
            raise CellError("the room's init ended at once")
        self._control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        ((_, _, credentials),) = ancillary
        pid, _, _ = _UCRED.unpack(credentials)
        return int(pid)

    def _ask(self, request: dict[str, object], descriptors: list[int]) -> tuple[dict[str, object], list[int]]:
        self._next_id += 1
        request["id"] = self._next_id
        self._control.settimeout(ANSWER_CEILING)
        try:
            socket.send_fds(self._control, [marshal.dumps(request, _MARSHAL)], descriptors)
        except OSError as error:
            raise CellError(f"the room is gone: {error}") from error
        return self._await(self._next_id)

    def _await(self, number: int) -> tuple[dict[str, object], list[int]]:
        deadline = time.monotonic() + ANSWER_CEILING
        while number not in self._answers:
            if not self.pump(deadline - time.monotonic()):
                raise CellError(f"the room's init did not answer within {ANSWER_CEILING:.0f} s")
        return self._answers.pop(number)


def _outer_pid(pidfd: int) -> int:
    """A pidfd's fdinfo names the process as the reader's own /proc numbers it (proc(5))."""
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise GraderBugError("no Pid: line in a pidfd's fdinfo")


def _namespace(pid: int) -> int:
    """The inode of its pid namespace; 0 when it is gone (pid_namespaces(7))."""
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino  # noqa: PTH116 - asked for each process of a crowd
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _inner_pid(pid: int) -> int:
    """The pid that a process of the room has there: the last of its namespaces' (proc(5), NSpid)."""
    with contextlib.suppress(FileNotFoundError):
        for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
            if line.startswith(b"NSpid:"):
                return int(line.split()[-1])
    raise ProcessLookupError(f"process {pid} is gone")
