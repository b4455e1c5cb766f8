"""What /proc tells of a process: where each thread is blocked, children, descriptors, memory, time.

Nothing here stops, signals or traces a process. The files are read one after the other, so what they
tell belongs to slightly different instants. `syscall`, `fd` and `fdinfo` need the right to ptrace the
process (proc(5)). Without it `PermissionError` escapes, for the grader must never judge half blind; but
a process that is not dumpable just now shows no call and no descriptors: between the fork by the room's
init and its own exec, midway through exit, or by its own wish.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import functools
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from grader.observe.calls import Call, is_indefinite, read_call

__all__ = [
    "Call",
    "Descriptor",
    "Memory",
    "ProcessGoneError",
    "Task",
    "children",
    "descendants",
    "descriptors",
    "is_indefinite",
    "memory",
    "tasks",
    "tracers",
    "zombies",
]

_T = TypeVar("_T")

_ATTEMPTS = 4
_PAGE = os.sysconf("SC_PAGE_SIZE")
_SHORT = 2048  #: bytes
#: What a read in /proc gives once the thread is gone: at open(2), or at read(2) of an open file (ESRCH).
_VANISHED = (FileNotFoundError, ProcessLookupError)


class ProcessGoneError(LookupError):
    """The process has ended and been reaped (a zombie is not gone yet)."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid} is gone")
        self.pid = pid


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """One thread."""

    pid: int
    tid: int
    comm: str  #: chosen by the program; what does not print is replaced by "?"
    state: str  #: R running or ready, S sleeping, D not interruptible, T stopped, t traced, Z zombie, ...
    call: Call | None  #: None when it runs, or is stopped outside a call
    voluntary: int  #: context switches: it blocked
    involuntary: int  #: context switches: it was preempted
    run_ns: int  #: time on a processor
    wait_ns: int  #: time ready, but waiting for a processor

    @property
    def switches(self) -> int:
        """Unchanged between two readings of a sleeping thread: it has not run between them."""
        return self.voluntary + self.involuntary


@dataclasses.dataclass(frozen=True, slots=True)
class Descriptor:
    """One open descriptor."""

    target: str  #: as readlink shows it: "socket:[123]", "pipe:[7]", "anon_inode:[eventpoll]", a path
    inode: int | None  #: of a socket or pipe: the key to the socket table
    flags: int  #: as of open(2), with the kernel's own bits
    targets: tuple[int, ...] | None  #: for an eventpoll: the descriptors that it watches

    @property
    def nonblocking(self) -> bool:
        return bool(self.flags & os.O_NONBLOCK)


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """In bytes, from statm: `rss` is updated in batches of some dozen pages a thread (proc(5))."""

    size: int
    rss: int


def tasks(pid: int) -> list[Task]:
    """Every thread of a process, by tid; raises `ProcessGoneError`."""
    found = [task for tid in _tids(pid) if (task := _task(pid, tid)) is not None]
    if not found:
        raise ProcessGoneError(pid)
    return found


def children(pid: int) -> list[int]:
    """Direct children of all threads, zombies too; raises `ProcessGoneError`.

    Children that end during the reading can hide siblings (fs/proc/array.c): ask again, or freeze first.
    """
    found = []
    for tid in _tids(pid):
        try:
            found += [int(word) for word in _read(f"/proc/{pid}/task/{tid}/children").split()]
        except _VANISHED:
            _need_children_files()
    return found


def descendants(pid: int, *, most: int | None = None) -> list[int]:
    """Children, their children and so on, nearest first; raises `ProcessGoneError` for `pid` itself.

    A daemon that lost its parent is now a child of its pid namespace's init: ask for that one's.
    The walk ends early when more than `most` were found.
    """
    found = dict.fromkeys(children(pid))
    unseen = list(found)
    for descendant in unseen:  # grows while it is walked
        if most is not None and len(found) > most:
            break
        try:
            below = children(descendant)
        except ProcessGoneError:
            continue
        unseen += [child for child in below if child not in found]
        found.update(dict.fromkeys(below))
    return list(found)


def zombies(pid: int) -> list[int]:
    """Direct children that have ended and were not waited for; raises `ProcessGoneError`."""
    found = []
    for child in children(pid):
        try:
            # A leader that called pthread_exit is in Z as well, beside its living threads.
            if all(_state(child, tid) == "Z" for tid in _tids(child)):
                found.append(child)
        except (ProcessGoneError, *_VANISHED):
            continue
    return found


def descriptors(pid: int) -> dict[int, Descriptor]:
    """What a process holds open (a zombie: nothing); raises `ProcessGoneError`."""
    for tid in _tids(pid):  # all threads share them, but a leader may have ended before the others
        folder = Path(f"/proc/{pid}/task/{tid}")
        with contextlib.suppress(*_VANISHED):
            if found := _unless_hidden(str(folder / "fd"), functools.partial(_descriptors, folder)):
                return dict(sorted(found.items()))
    return {}


def memory(pid: int) -> Memory:
    """Sizes in bytes (of a zombie: 0); raises `ProcessGoneError`."""
    try:
        size, rss = _read(f"/proc/{pid}/statm").split()[:2]
    except _VANISHED:
        raise ProcessGoneError(pid) from None
    return Memory(int(size) * _PAGE, int(rss) * _PAGE)


def tracers(pid: int) -> list[int]:
    """For each thread that lives, the pid of what traces it (0: nothing); raises `ProcessGoneError`."""
    found = []
    for tid in _tids(pid):
        try:
            status = _status(pid, tid)
        except _VANISHED:
            continue
        if _letter(status) not in "ZX":  # nothing can trace what has ended
            found.append(int(_field(status, b"TracerPid")))
    return found


def _tids(pid: int) -> list[int]:
    try:
        return sorted(map(int, os.listdir(f"/proc/{pid}/task")))  # noqa: PTH208 - asked some thousand times a second
    except _VANISHED:
        raise ProcessGoneError(pid) from None


def _task(pid: int, tid: int) -> Task | None:
    folder = f"/proc/{pid}/task/{tid}"
    try:
        status = _status(pid, tid)
        state = _letter(status)
        call = None if state in "ZX" else _call(folder)
        run_ns, wait_ns, _ = _read(f"{folder}/schedstat").split()
    except _VANISHED:
        return None
    return Task(
        pid=pid,
        tid=tid,
        comm=_printable(_field(b"\n" + status, b"Name").decode(errors="replace")),
        state=state,
        call=call,
        voluntary=int(_field(status, b"voluntary_ctxt_switches")),
        involuntary=int(_field(status, b"nonvoluntary_ctxt_switches")),
        run_ns=int(run_ns),
        wait_ns=int(wait_ns),
    )


def _call(folder: str) -> Call | None:
    path = f"{folder}/syscall"
    return _unless_hidden(path, lambda: read_call(_read(path).decode("ascii")))


def _unless_hidden(path: str, read: Callable[[], _T]) -> _T | None:
    """What `read` gives; None when it is refused because the process is not dumpable.

    Such a process's private files belong to root, and its task folder still to its user
    (task_dump_owner in fs/proc/base.c). An exec between refusal and check calls for a second attempt.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return read()
        except PermissionError:
            if Path(path).stat().st_uid != Path(path).parent.stat().st_uid:
                return None
    return read()


def _read(path: str) -> bytes:
    """A file of /proc, whole. Snapshots read some thousand a second: pathlib would take most of that time."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = os.read(descriptor, 1 << 16)
        if len(content) > _SHORT:  # what is short came at once (seq_file gives a page at a time)
            while more := os.read(descriptor, 1 << 16):
                content += more
        return content
    finally:
        os.close(descriptor)


def _status(pid: int, tid: int) -> bytes:
    return _read(f"/proc/{pid}/task/{tid}/status")


def _field(status: bytes, name: bytes) -> bytes:
    """The value of a line. The kernel escapes newlines in the thread's name, so a program cannot forge one."""
    _, _, rest = status.partition(b"\n" + name + b":\t")
    return rest.partition(b"\n")[0]


def _letter(status: bytes) -> str:
    return chr(_field(status, b"State")[0])


def _state(pid: int, tid: int) -> str:
    return _letter(_status(pid, tid))


@functools.lru_cache(maxsize=64)
def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name)


def _descriptors(folder: Path) -> dict[int, Descriptor]:
    found = {}
    for entry in list((folder / "fd").iterdir()):
        try:
            target = _target(entry)
            info = (folder / "fdinfo" / entry.name).read_bytes()
        except _VANISHED:  # closed meanwhile
            continue
        found[int(entry.name)] = _descriptor(target, info)
    return found


def _target(entry: Path) -> str:
    """What readlink shows; a program may open a folder whose path is longer than a link can tell (ENAMETOOLONG)."""
    try:
        return str(entry.readlink())
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        return "(a path that is too long to be shown)"


def _descriptor(target: str, info: bytes) -> Descriptor:
    inode = re.fullmatch(r"(?:socket|pipe):\[(\d+)\]", target)
    flags = re.search(rb"^flags:\s*([0-7]+)$", info, re.MULTILINE)
    watched = None
    if target == "anon_inode:[eventpoll]":
        watched = tuple(sorted(int(tfd) for tfd in re.findall(rb"^tfd:\s*(\d+)", info, re.MULTILINE)))
    return Descriptor(target, int(inode[1]) if inode else None, int(flags[1], 8) if flags else 0, watched)


def _need_children_files() -> None:
    if not Path("/proc/thread-self/children").exists():
        raise NotImplementedError("this kernel lacks CONFIG_PROC_CHILDREN: children cannot be listed")
