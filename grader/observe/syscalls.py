"""The system calls that a program makes and what each returned, by strace from outside the room.

Attaching to a program that is blocked, and leaving it, ends some calls early (epoll_wait gives EINTR, MSG_WAITALL a short
count). So strace follows from before the program's exec, where the program waits at its latch, until its end. Every call of
the program stops it twice, traced or not: strace's --seccomp-bpf is for programs that it starts itself. Where the results
do not matter, `grader.observe.gate` sees calls for less.
"""

from __future__ import annotations

import dataclasses
import os
import re
import resource
import select
import shutil
import subprocess
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from grader.errors import GraderBugError
from grader.kernel import die_with_parent
from grader.observe import proc

_STRING = "64"  # bytes shown of each buffer
_PACE_MS = 1

_LINE = re.compile(r"(\d+) +(.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_UNFINISHED = " <unfinished ...>"
_BEGUN = re.compile(r"(\w+)\((.*)")
# Greedy: a string argument may hold `) = 1` too, and the true result is the last.
_COMPLETE = re.compile(r"(\w+)\((.*)\) += (.*)")
_RESULT = re.compile(r"(\?|0x[0-9a-f]+|-?\d+)(?: (E[A-Z0-9]+))?")


@dataclasses.dataclass(frozen=True, slots=True)
class TracedCall:
    """One call, in strace's words: names as on this architecture, pids as the worker sees them."""

    pid: int  #: of the thread
    name: str
    args: str  #: raw: `4, "hola", 4, 0, NULL, NULL`; strings are quoted and escaped, so no control characters
    result: int | None = None  #: None: never returned (exit), was interrupted to be restarted, or not yet
    errno: str | None = None  #: "EINTR"; also the kernel's own "ERESTARTSYS" of a call to be restarted
    finished: bool = True  #: False: the thread is still in it, or ended in it

    def __str__(self) -> str:
        if not self.finished:
            return f"{self.name}({self.args} ..."
        result = "?" if self.result is None else str(self.result)
        return f"{self.name}({self.args}) = {result}{' ' + self.errno if self.errno else ''}"


class Tracer:
    """Runs one strace on one process and all that it forks; `limit` bounds the record in bytes.

    At the limit strace is killed (SIGXFSZ) and the program runs on untraced: `truncated` tells.
    """

    def __init__(self, *, limit: int = 16 << 20, ceiling: float = 20.0) -> None:
        self.limit = limit
        self._ceiling = ceiling
        self._strace: subprocess.Popen[bytes] | None = None
        self._record = os.memfd_create("strace")
        self._errors = os.memfd_create("strace-errors")
        self._root = 0
        self._execve_wanted = False
        self._text: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, pid: int, calls: Sequence[str]) -> None:
        """Attach to `pid`, which waits before its exec, and return once it is traced: what precedes its last exec is not its own.

        Names that this architecture lacks are passed over; `%network` and `/regex` are strace's own classes. Raises
        `GraderBugError`, with strace's words if it said any.
        """
        if self._strace is not None or self._text is not None:
            raise GraderBugError("a Tracer is started once")
        strace = shutil.which("strace")
        if strace is None:
            raise GraderBugError("strace is not installed")
        wanted = list(dict.fromkeys(calls))
        self._root = pid
        self._execve_wanted = any(name in {"execve", "all"} or name[0] in "%/" for name in wanted)
        expression = _expression([*wanted, "execve"])
        command = [strace, "-f", "-qq", "-s", _STRING, "-e", "signal=none", "-e", f"trace={expression}"]
        command += ["-o", f"/proc/self/fd/{self._record}", f"--attach={pid}"]
        self._strace = self._run(command)
        self._await_attachment(self._strace)

    @property
    def truncated(self) -> bool:
        """The record reached its limit: calls are missing at its end."""
        return self._size >= self.limit

    def calls(self) -> list[TracedCall]:
        """What the program called so far, by the time at which each call began."""
        text = self._read(self._record) if self._text is None else self._text
        found = parse(text, after_exec_of=self._root)
        return [call for call in found if call.name != "execve" or self._execve_wanted]

    def stop(self) -> None:
        """Leave the program (which runs on) and keep the record. Blocked calls may end early by it."""
        if self._text is not None:
            return
        if self._strace is not None:
            self._strace.terminate()
            try:
                self._strace.wait(self._ceiling)
            except subprocess.TimeoutExpired:
                self._strace.kill()
                self._strace.wait()
        self._text = self._read(self._record)
        os.close(self._record)
        os.close(self._errors)

    @property
    def _size(self) -> int:
        return os.fstat(self._record).st_size if self._text is None else len(self._text.encode("latin-1"))

    def _read(self, descriptor: int) -> str:
        # latin-1: strace writes ASCII, and no byte may make the grader fail
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode("latin-1")

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        parent = os.getpid()

        def prepare() -> None:
            die_with_parent(parent)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, self.limit))

        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            pass_fds=[self._record],
            start_new_session=True,  # ^C is for the grader, which then ends strace
            preexec_fn=prepare,  # noqa: PLW1509 - two system calls that nothing else can make
        )

    def _await_attachment(self, strace: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._ceiling
        poller = select.poll()
        pidfd = os.pidfd_open(strace.pid)
        try:
            poller.register(pidfd, select.POLLIN)
            while not self._attached(strace.pid):
                ended = poller.poll(_PACE_MS)
                if ended or time.monotonic() > deadline:
                    why = "ended" if ended else f"did not attach within {self._ceiling:.0f} s"
                    words = self._read(self._errors).strip()
                    self.stop()
                    raise GraderBugError(f"strace {why}: {words or 'without a word'}")
        finally:
            os.close(pidfd)

    def _attached(self, strace: int) -> bool:
        """All threads are traced, and strace is back in wait4: each has been told to stop (PTRACE_SEIZE,
        PTRACE_INTERRUPT) and will do so before it runs on, so no call can slip past from now.
        """
        try:
            if any(tracer != strace for tracer in proc.tracers(self._root)):
                return False
            (task,) = proc.tasks(strace)
        except proc.ProcessGoneError:
            return False
        return task.state == "S" and task.call is not None and task.call.name == "wait4"


def parse(text: str, *, after_exec_of: int | None = None) -> list[TracedCall]:
    """Read `strace -f -o` output; with `after_exec_of`, only what follows the last exec of that pid."""
    calls: list[TracedCall | None] = []
    begun: dict[int, tuple[int, str]] = {}  # by pid: place in `calls`, and the line so far
    start = 0 if after_exec_of is None else None
    for line in text.split("\n"):
        if (match := _LINE.match(line)) is None:
            continue
        pid, body = int(match[1]), match[2]
        if body.startswith(("+++", "---")):
            continue
        if resumed := _RESUMED.match(body):
            place, before = begun.pop(pid, (len(calls), ""))
            body = before + resumed[1]
        else:
            place = len(calls)
        if place == len(calls):
            calls.append(None)
        if complete := _COMPLETE.fullmatch(body):
            calls[place] = call = _complete(pid, *complete.groups())
            if pid == after_exec_of and call.name in {"execve", "execveat"} and call.result == 0:
                start = place + 1
        else:
            begun[pid] = place, body.removesuffix(_UNFINISHED)
    for pid, (place, body) in begun.items():
        if match := _BEGUN.match(body):
            calls[place] = TracedCall(pid, match[1], match[2].strip(), finished=False)
    return [] if start is None else [call for call in calls[start:] if call is not None]


def _complete(pid: int, name: str, args: str, tail: str) -> TracedCall:
    match = _RESULT.match(tail)
    value, errno = match.groups() if match else ("?", None)
    base = 16 if value.startswith("0x") else 8 if value.startswith("0") else 10
    result = None if value == "?" else int(value, base)
    finished = _UNFINISHED not in args[-len(_UNFINISHED) :]  # `read(0,  <unfinished ...>) = ?`: killed in it
    return TracedCall(pid, name, args.removesuffix(_UNFINISHED).strip(), result, errno, finished)


def _expression(names: Sequence[str]) -> str:
    for name in names:
        if not re.fullmatch(r"\w+|%\w+|/[^,:]+", name):
            raise GraderBugError(f"{name!r} names no system call")
    return ",".join(name if name[0] in "%/" or name == "all" else f"?{name}" for name in names)
