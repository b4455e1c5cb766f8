"""The stage of an experiment: it starts programs, freezes and ends them, looks at the kernel, and tells each step."""

from __future__ import annotations

import contextlib
import select
import signal
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from grader.build import Built
from grader.cells.room import Room
from grader.errors import SubmissionFault
from grader.faults.interrupt import interrupt
from grader.observe.sockets import SocketEntry, TcpState
from grader.observe.syscalls import Injection
from grader.peers.connect import connect
from grader.peers.listener import Listener
from grader.peers.tcp import TcpPeer
from grader.text import printable
from grader.wire.capture import Capture
from grader.worker.program import RunningProgram
from grader.worker.scene import Scene, fresh_port
from grader.worker.server import HOST
from grader.worker.sparse import forget_zeros
from grader.worker.watch import CEILING

P = TypeVar("P", bound=TcpPeer)

_OUTPUT = 1.0  #: seconds for the rest of an ended program's output
_ARGUMENT = 60  #: letters of an argument that are told
_LINES = 6  #: lines of one program's output told at a time


class Event(msgspec.Struct, frozen=True):
    """One line of the story: who did what, and when, in seconds since the beginning."""

    seconds: float
    who: str
    what: str


class Actor:
    """One program on the stage, under the name that the story gives it."""

    def __init__(self, stage: Stage, name: str, program: RunningProgram, port: int) -> None:
        self.name = name
        self.program = program
        self.port = port
        self._stage = stage
        self._told = 0

    def until_end(self) -> Actor:
        """Wait until it has ended."""
        self._stage.scene.watch.until(
            self.program.ended, what="end", descriptors=[(self.program.pidfd, select.POLLIN)]
        )
        self.program.stdout.wait_end(_OUTPUT)
        self.program.stderr.wait_end(_OUTPUT)
        self.tell()
        self._stage.tell(self.name, self.program.describe_end())
        return self

    def until_prints(self, count: int) -> Actor:
        """Wait until it has printed so many lines in all."""
        self._stage.scene.watch.until(
            lambda: self.program.stdout.content.count(b"\n") >= count, what=f"print {count} lines"
        )
        return self

    def until_blocked(self) -> Actor:
        """Wait until nothing moves any more, and tell where it is blocked."""
        self._stage.rest()
        self.tell()
        self._stage.tell(self.name, self.where())
        return self

    def until_waits(self) -> Actor:
        """Wait until each of its threads waits in a call again, whatever the others do, and tell what it has printed."""
        self._stage.until(
            lambda: all(task.call is not None for task in self.program.tasks()), "wait for something"
        )
        self.tell()
        return self

    def where(self) -> str:
        """How it stands: ended, stopped, or blocked in which call."""
        if self.program.ended():
            return self.program.describe_end()
        tasks = self.program.tasks()
        if tasks and all(task.state in "Tt" for task in tasks):
            return "is frozen"
        calls = [task.call.describe() if task.call else "running" for task in tasks if task.state != "Z"]
        shown = [
            f"{call} (x {calls.count(call)})" if calls.count(call) > 1 else call
            for call in dict.fromkeys(calls)
        ]
        return "is blocked in " + ", ".join(shown)

    def freeze(self) -> Actor:
        """Stop it where it is (SIGSTOP); the kernel goes on for it."""
        self._stage.rest()
        self.program.stop()
        self._stage.tell(self.name, "frozen: it makes no step now, the kernel goes on for it")
        return self

    def go_on(self) -> Actor:
        """Let it go on; the signal is repeated, for one that came before the stop was complete has no effect."""

        def moving() -> bool:
            if any(task.state not in "TtZ" for task in self.program.tasks()):
                return True
            self.program.go_on()
            return self.program.ended()

        self._stage.until(moving, what="go on")
        self._stage.tell(self.name, "goes on")
        return self

    def interrupt(self) -> Actor:
        """Stop and continue it: a call that is under way returns early."""
        interrupt(self.program)
        self._stage.tell(self.name, "stopped and continued: the call under way returns with what it has done")
        return self

    def kill(self) -> Actor:
        """End it with SIGKILL."""
        self.program.must_live = False
        for pid in self.program.processes():
            with contextlib.suppress(ProcessLookupError):
                self.program.room.signal(pid, signal.SIGKILL)
        self.program.wait(CEILING)
        self._stage.tell(self.name, "is killed")
        return self

    def tell(self) -> None:
        """What it has printed since the last time."""
        lines = self.program.stdout.content.decode(errors="replace").splitlines()
        fresh = lines[self._told :]
        self._told = len(lines)
        shown = (
            fresh
            if len(fresh) <= _LINES
            else [*fresh[:2], f"... {len(fresh) - 4:,} more lines ...", *fresh[-2:]]
        )
        for line in shown:
            self._stage.tell(self.name, f"prints: {printable(line)[:120]}")
        if self.program.ended() and (words := self.program.stderr.last_lines(2)):
            self._stage.tell(self.name, f"complains: {words}")


class Stage:
    """What an experiment's function is given."""

    def __init__(self, room: Room, built: Built, listen: Callable[[Event], None]) -> None:
        self.scene = Scene(room, built, "")
        self.host = HOST
        self._capture: Capture | None = None
        self._listen = listen
        self._began = time.monotonic()
        self._actors: list[Actor] = []

    def tell(self, who: str, what: str) -> None:
        """Add a line to the story."""
        self._listen(Event(time.monotonic() - self._began, who, what))

    def record(self) -> None:
        """Capture what travels from now on: the story ends with its ladder."""
        self._capture = self.scene.keep(Capture())

    def serve(self, program: str, *more: str, name: str | None = None, stopped_after: str = "") -> Actor:
        """Start a program that listens, and wait until it does; `more` follows its port.

        With `stopped_after` it is stopped when it has made this system call, whatever it does next.
        """
        port = fresh_port()
        actor = self._start(name or program, program, [str(port), *more], port, stopped_after)
        actor.program.must_live = True
        if not stopped_after:
            self.scene.watch.until(
                lambda: self.scene.sockets.listening(port) or self.scene.sockets.udp(port),
                what="bind and listen",
            )
            self.rest()
            self.tell(actor.name, f"waits on port {port}: {actor.where().removeprefix('is ')}")
        return actor

    def connect(
        self,
        program: str,
        to: Actor | int,
        *more: str,
        name: str | None = None,
        stopped_after: str = "",
    ) -> Actor:
        """Start a program that connects to an actor's port; `more` follows HOST PORT."""
        port = to if isinstance(to, int) else to.port
        return self._start(name or program, program, [HOST, str(port), *more], port, stopped_after)

    def listener(self, *, rcvbuf: int | None = None) -> Listener:
        """A listener of the stage's own."""
        return self.scene.listen(rcvbuf=rcvbuf)

    def accept(self, listener: Listener) -> TcpPeer:
        return self.scene.adopt(listener.accept(TcpPeer, "the program"))

    def client(self, server: Actor, kind: type[P]) -> P:
        """A client of the stage's own that is connected to an actor."""
        return self.scene.adopt(connect(self.scene.watch, (HOST, server.port), kind, server.name))

    def sparse_file(self, name: str, size: int) -> None:
        """A file of zeros in the programs' directory."""
        self.scene.sparse_file(name, size)
        self.tell("truncate", f"-s {size:,} {name}: a file of zeros that takes no space")

    def forget_zeros(self, name: str, size: int) -> None:
        """Give back the room that reading the first `size` bytes of a file of zeros has taken."""
        forget_zeros(self.scene.room.data / name, size)

    def rest(self) -> None:
        """Wait until nothing moves any more by itself."""
        self.scene.watch.until_still()

    def look(self) -> None:
        """Tell where everybody stands, and the queues of every socket."""
        self.rest()
        for actor in self._actors:
            actor.tell()
            if not actor.program.ended():
                self.tell(actor.name, actor.where())
        entries = [*self.scene.sockets.tcp(), *self.scene.sockets.udp()]
        for entry in sorted(
            entries, key=lambda entry: (entry.state != TcpState.LISTEN, entry.local, entry.remote)
        ):
            if line := _queues(entry):
                self.tell("kernel", line)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a state."""
        self.scene.watch.until(lambda: bool(condition()), what=what, alive=False)

    @contextlib.contextmanager
    def frozen(self, actor: Actor) -> Iterator[None]:
        """The actor makes no step inside this block."""
        actor.freeze()
        yield
        actor.go_on()

    def ladder(self) -> str:
        """What travelled, as a picture; empty when nothing was recorded."""
        return self._capture.ladder() if self._capture is not None else ""

    def close(self) -> None:
        self.scene.close()

    def _start(self, name: str, program: str, arguments: list[str], port: int, stopped_after: str) -> Actor:
        inject = [Injection([stopped_after], signal="SIGSTOP")] if stopped_after else []
        self.tell(name, f"starts: {' '.join([program, *map(_short, arguments)])}")
        traced = self.scene.launch(*arguments, program=program, inject=inject)
        actor = Actor(self, name, traced.program, port)
        self._actors.append(actor)
        if stopped_after:
            self.until(lambda: traced.stopped() or actor.program.ended(), what=f"call {stopped_after}")
            if actor.program.ended():
                raise SubmissionFault(
                    f"{program} {actor.program.describe_end()} before it called {stopped_after}"
                )
            self.tell(name, f"is stopped right after {stopped_after}")
        return actor


def _short(argument: str) -> str:
    return argument if len(argument) <= _ARGUMENT else f"{argument[:8]}... ({len(argument):,} bytes)"


def _queues(entry: SocketEntry) -> str:
    """One socket as a line; connections at rest with empty queues say nothing."""
    port = entry.local[1]
    if entry.protocol == "udp":
        if not entry.receive_queue:
            return ""
        return f"port {port}: waiting datagrams take {entry.receive_queue:,} bytes of memory"
    if entry.state == TcpState.LISTEN:
        return f"port {port}: {entry.receive_queue} in the accept queue, backlog {entry.send_queue}"
    if entry.state == TcpState.SYN_SENT:
        return f"connection to port {entry.remote[1]}: SYN sent, no answer yet (SYN_SENT)"
    # The end of the stream is queued behind the bytes, and counts as one more (tcp_diag_get_info).
    ended = entry.state == TcpState.CLOSE_WAIT and entry.receive_queue > 0
    unread = entry.receive_queue - ended
    told = [f"{unread:,} bytes not read"] if unread else []
    told += ["the end of the stream not read"] if ended else []
    told += [f"{entry.send_queue:,} bytes not acknowledged"] if entry.send_queue else []
    return f"socket {port} -> {entry.remote[1]} ({entry.state.name}): {', '.join(told)}" if told else ""
