"""The system calls that a program makes, by strace from outside the room, and faults put into them.

Only this observer touches what it observes: attaching to and leaving a program that is blocked ends
some calls early (epoll_wait gives EINTR, MSG_WAITALL a short count). So attach while the program is
still held at its gate, before its exec, and let the tracer stay until the program has ended.
Every call of the program stops it twice, traced or not: strace's --seccomp-bpf does not work with -p.
"""

from __future__ import annotations

import contextlib
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

from grader.cells.kernel import die_with_parent
from grader.errors import GraderBugError
from grader.observe import proc

#: Made between the gate and main: by the gate itself, by exec and by the dynamic loader.
BEFORE_MAIN = frozenset(
    {"access", "brk", "chdir", "close", "execve", "fstat", "mmap", "mprotect", "munmap"}
    | {"newfstatat", "open", "openat", "pread64", "prlimit64", "read"}
)
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
class Injection:
    """Let calls fail with an error instead of being made; or make them, and send the caller a signal.

    `when` chooses among the calls of one name, counted apart in each thread from the moment it is
    traced: "1" the first, "1+" every one, "2..4" the second to fourth, "1+2" every other (strace(1)).
    """

    calls: Sequence[str]
    error: str = ""
    when: str = "1"
    signal: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class TracedCall:
    """One call, in strace's words: names as on this architecture, pids as the worker sees them."""

    pid: int  #: of the thread
    name: str
    args: str  #: raw: `4, "hola", 4, 0, NULL, NULL`; strings are quoted and escaped, so no control characters
    result: int | None = None  #: None: never returned (exit), was interrupted to be restarted, or not yet
    errno: str | None = None  #: "EINTR"; also the kernel's own "ERESTARTSYS" of a call to be restarted
    injected: bool = False
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
        self._others: tuple[int, ...] = ()
        self._gated = True
        self._execve_wanted = False
        self._text: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self,
        pid: int,
        *others: int,
        calls: Sequence[str],
        inject: Sequence[Injection] = (),
        gated: bool = True,
    ) -> None:
        """Attach to `pid` (and `others`, its children) and return once every thread is traced. Names that this architecture
        lacks are passed over; `%network` and `/regex` are strace's own classes.

        `gated`: the process still waits before its exec, and what precedes its last exec is not its own.
        Raises `GraderBugError`, with strace's words if it said any.
        """
        if self._strace is not None or self._text is not None:
            raise GraderBugError("a Tracer is started once")
        strace = shutil.which("strace")
        if strace is None:
            raise GraderBugError("strace is not installed")
        wanted = list(dict.fromkeys([*calls, *(name for rule in inject for name in rule.calls)]))
        _check_rules(inject, gated=gated)
        self._root, self._others, self._gated = pid, others, gated
        self._execve_wanted = any(name in {"execve", "all"} or name[0] in "%/" for name in wanted)
        traced = [*wanted, "execve"] if gated else wanted
        command = [
            strace,
            "-f",
            "-qq",
            "-s",
            _STRING,
            "-e",
            "signal=none",
            "-e",
            f"trace={_expression(traced)}",
        ]
        for rule in inject:
            action = f"error={rule.error}" if rule.error else f"signal={rule.signal}"
            command += ["-e", f"inject={_expression(rule.calls)}:{action}:when={rule.when}"]
        command += ["-o", f"/proc/self/fd/{self._record}", *(f"--attach={each}" for each in (pid, *others))]
        self._strace = self._run(command)
        self._await_attachment(self._strace)

    @property
    def truncated(self) -> bool:
        """The record reached its limit: calls are missing at its end."""
        return self._size >= self.limit

    def calls(self) -> list[TracedCall]:
        """What the program called so far, by the time at which each call began."""
        text = self._read(self._record) if self._text is None else self._text
        found = parse(text, after_exec_of=self._root if self._gated else None)
        return [call for call in found if call.name != "execve" or self._execve_wanted]

    def rests(self) -> bool:
        """Strace waits for the program: a thread that is stopped now will not go on by itself."""
        return self._strace is not None and _waits(self._strace.pid)

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
                    if ended and not words and not self._alive():
                        return  # the fault that was put in has ended the program, and strace with it
                    self.stop()
                    raise GraderBugError(f"strace {why}: {words or 'without a word'}")
        finally:
            os.close(pidfd)

    def _alive(self) -> bool:
        try:
            return any(task.state not in "ZX" for task in proc.tasks(self._root))
        except proc.ProcessGoneError:
            return False

    def _attached(self, strace: int) -> bool:
        """All threads are traced, and strace is back in wait4: each has been told to stop (PTRACE_SEIZE,
        PTRACE_INTERRUPT) and will do so before it runs on, so no call can slip past from now.
        """
        try:
            if any(tracer != strace for tracer in proc.tracers(self._root)):
                return False
            for pid in self._others:
                # A call in which it waited is made again under strace, so it may have ended by now.
                with contextlib.suppress(proc.ProcessGoneError):
                    if any(tracer != strace for tracer in proc.tracers(pid)):
                        return False
        except proc.ProcessGoneError:
            return False
        return _waits(strace)


def _waits(strace: int) -> bool:
    try:
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
    injected = "(INJECTED" in tail
    return TracedCall(pid, name, args.removesuffix(_UNFINISHED).strip(), result, errno, injected, finished)


def _expression(names: Sequence[str]) -> str:
    for name in names:
        if not re.fullmatch(r"\w+|%\w+|/[^,:]+", name):
            raise GraderBugError(f"{name!r} names no system call")
    return ",".join(name if name[0] in "%/" or name == "all" else f"?{name}" for name in names)


def _check_rules(rules: Sequence[Injection], *, gated: bool) -> None:
    seen: set[str] = set()
    for rule in rules:
        action = re.fullmatch(r"E[A-Z0-9]+|SIG[A-Z0-9]+", rule.error + rule.signal)
        if action is None or not re.fullmatch(r"\d+(\.\.\d+)?(\+\d*)?", rule.when):
            raise GraderBugError(f"not an injection that strace knows: {rule}")
        if twice := seen.intersection(rule.calls):
            raise GraderBugError(f"strace takes one rule a call: {', '.join(sorted(twice))} has two")
        seen.update(rule.calls)
    if gated and (early := seen & BEFORE_MAIN):
        raise GraderBugError(
            f"{', '.join(sorted(early))}: the gate and the dynamic loader make these calls before main and "
            "would take the error; attach with gated=False once the program is blocked where you want it"
        )
