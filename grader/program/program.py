"""A program of the student's that runs in the room, and what can be seen of it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Collection, Mapping, Sequence

from grader.cells.room import DEFAULT_LIMITS, Child, Room
from grader.errors import GraderBugError, Inconclusive
from grader.job import Evidence
from grader.observe import proc
from grader.observe.gate import Gate, Hold
from grader.observe.proc import ProcessGoneError, Task
from grader.program.output import KEPT, Output, terminal
from grader.text import bounded

_STOP_CEILING = 10.0  #: seconds; SIGSTOP needs no cooperation
_ARGUMENT_SHOWN = 100  #: characters of each argument in the evidence


class RunningProgram:
    """One started program: its process, its output, its threads and children."""

    def __init__(self, name: str, argv: Sequence[str], child: Child, stdout: Output, stderr: Output) -> None:
        self.name = name
        self.argv = list(argv)
        self.stdout = stdout
        self.stderr = stderr
        self.started = time.monotonic()
        self.must_live = False  #: servers run until they are killed
        self.handover: socket.socket | None = None  #: by which the listener of its gate comes, if it has one
        self.gate: Gate | None = None  #: where its calls stop, if it was started behind one
        self.hold: Hold | None = None  #: what keeps it waiting there from its start, if anything does
        self.room = child.room
        self._kills = self.room.kills()
        self._child = child
        self._serving: int | None = None

    @property
    def pid(self) -> int:
        """Of the process that serves: the one that was started, unless `serves` named a child of it."""
        return self._serving or self._child.pid

    def serves(self, pid: int) -> None:
        """Say which of its processes is the server: a start script may stay its parent."""
        self._serving = pid

    @property
    def pidfd(self) -> int:
        return self._child.pidfd

    def ended(self) -> bool:
        return self._child.status() is not None

    def end_untold(self) -> bool:
        """It has ended, and the room's init has not said so yet."""
        if self.ended():
            return False
        poller = select.poll()
        poller.register(self.pidfd, select.POLLIN)
        return bool(poller.poll(0))

    def wait(self, ceiling: float) -> int | None:
        """The wait status, or None when it still runs after `ceiling` seconds."""
        return self._child.wait(ceiling)

    def exit_status(self) -> int | None:
        """0..255 as the shell would show it (128 + signal when killed), None while it runs."""
        status = self._child.status()
        if status is None:
            return None
        return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def describe_end(self) -> str:
        status = self._child.status()
        if status is None:
            return "is still running"
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGKILL and self.room.overuse:
                return f"was killed: {self.room.overuse}"
            if number == signal.SIGKILL and self.room.kills() > self._kills:
                return "was killed: the programs and their files used more memory together than the room has"
            return f"was killed by {_signal_name(number)}{_OF_LIMITS.get(number, '')}"
        return f"ended with exit status {os.WEXITSTATUS(status)}"

    def processes(self) -> list[int]:
        """Its pid, those of its descendants, and those of orphans (a double fork), which belong to init."""
        return [self._child.pid, *self.descendants()]

    def descendants(self) -> list[int]:
        found = []
        with contextlib.suppress(ProcessGoneError):
            found = proc.descendants(self._child.pid)
        return found + self.room.orphans()

    def tasks(self) -> list[Task]:
        """Every thread of every process of the program."""
        found: list[Task] = []
        for pid in self.processes():
            with contextlib.suppress(ProcessGoneError):
                found.extend(proc.tasks(pid))
        return found

    def blocked_in(self) -> list[Task]:
        """The threads that sleep in a system call."""
        return [task for task in self.tasks() if task.call is not None]

    def stop(self) -> None:
        """SIGSTOP every process and wait until each thread has stopped.

        The signal is repeated: a child that was being forked at the first one has not got it.
        """
        poller = select.poll()
        deadline = time.monotonic() + _STOP_CEILING
        while moving := {task.pid for task in self.tasks() if task.state not in "TtZX"}:
            if time.monotonic() > deadline:
                raise Inconclusive(f"{self.name} could not be stopped")
            for pid in moving:
                with contextlib.suppress(ProcessLookupError):
                    self.room.signal(pid, signal.SIGSTOP)
            poller.poll(1)

    def go_on(self) -> None:
        """SIGCONT to every process."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                self.room.signal(pid, signal.SIGCONT)

    def raise_gate(self, calls: Collection[str], held_after: str | None = None) -> Gate:
        """Begin to decide on its calls; with `held_after`, one of them, all others wait once it was made. Raises `Inconclusive`."""
        if self.handover is None:
            raise GraderBugError(f"{self.name} was started without gate=")
        with self.handover:
            self.gate = Gate(self.handover, calls)
        if held_after:
            self.hold = self.gate.hold(set(calls) - {held_after}, after=held_after)
        self.gate.open()
        return self.gate

    def evidence(self) -> list[Evidence]:
        """What a student wants to see first: how it ended or where it waits, and its last words."""
        shown = [bounded(argument, _ARGUMENT_SHOWN) for argument in self.argv]
        found = [Evidence("command", " ".join([self.name, *shown]))]
        if self.ended():
            found.append(Evidence("end", f"{self.name} {self.describe_end()}"))
        else:
            held = self.gate.held() if self.gate else frozenset()
            found.append(Evidence("blocked in", describe_tasks(self.tasks(), self.pid, held)))
        for title, output in (("standard output", self.stdout), ("standard error", self.stderr)):
            if lines := output.last_lines():
                found.append(Evidence(title, lines))
        return found

    def close(self) -> None:
        """Let go of it, once it has ended."""
        if self.handover:
            self.handover.close()
        if self.gate:
            self.gate.close()
        self._child.close()


#: Signals by which the kernel enforces a room's limits (setrlimit(2)).
_OF_LIMITS: Mapping[int, str] = {
    signal.SIGXCPU: ": it had used all of the processor time that a program has in one check, "
    f"{DEFAULT_LIMITS['cpu'][0]} s",
    signal.SIGXFSZ: ": it wrote a file of more than "
    f"{DEFAULT_LIMITS['fsize'][0] >> 20} MiB, the most that a program may",
}


def describe_tasks(tasks: Sequence[Task], main_pid: int, held: Collection[int] = ()) -> str:
    """One line a thread: "main: accept(3, ...)"; many alike are counted. `held` are threads that wait at the gate."""
    lines: dict[str, int] = {}
    for task in tasks:
        who = "main" if task.tid == main_pid else "a child" if task.pid != main_pid else "a thread"
        where = {"Z": "ended, not waited for (zombie)", "T": "stopped"}.get(task.state)
        where = where or (task.call.describe() if task.call else "running")
        if task.tid in held:
            where = f"held before {where}"
        line = f"{who}: {where}"
        lines[line] = lines.get(line, 0) + 1
    return "\n".join(line if count == 1 else f"{line}  (x {count})" for line, count in lines.items())


def start(
    room: Room,
    name: str,
    command: Sequence[str],
    arguments: Sequence[str],
    *,
    stdout_terminal: bool = True,
    stdout_keep: int = KEPT,
    stdin: bytes = b"",
    cwd: str = "/data",
    env: Mapping[str, str] | None = None,
    limits: Mapping[str, tuple[int, int]] | None = None,
    latch: int | None = None,
    gate: Collection[str] = (),
) -> RunningProgram:
    """Start a program in the room: stdout a terminal (or a pipe), stderr a pipe, stdin a pipe with `stdin`.

    `latch` is that of `Room.spawn`. The calls in `gate` stop in the kernel until `raise_gate`, and are decided on from then.
    """
    out_ours, out_theirs = terminal() if stdout_terminal else os.pipe()
    err_ours, err_theirs = os.pipe()
    in_theirs, in_ours = os.pipe()
    handover, handed = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) if gate else (None, None)
    try:
        os.write(in_ours, stdin[:4096])  # fits a pipe; the end of file after it means "do not wait"
        child = room.spawn(
            [*command, *arguments],
            (in_theirs, out_theirs, err_theirs),
            cwd=cwd,
            env=env,
            limits=limits,
            latch=latch,
            gate=(frozenset(gate), handed.fileno()) if handed else None,
        )
    finally:
        for descriptor in (out_theirs, err_theirs, in_theirs, in_ours):
            os.close(descriptor)
        if handed:
            handed.close()
    running = RunningProgram(name, arguments, child, Output(out_ours, stdout_keep), Output(err_ours))
    running.handover = handover
    return running


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
