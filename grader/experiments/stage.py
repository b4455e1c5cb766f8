"""The stage of an experiment: it starts programs, holds and ends them, looks at the kernel, and tells each step."""

from __future__ import annotations

import contextlib
import select
import signal
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from grader.build import Built
from grader.cells.room import Room
from grader.errors import GraderBugError
from grader.faults.interrupt import interrupt
from grader.observe.sockets import SocketEntry, TcpState
from grader.peers.connect import connect
from grader.peers.listener import Listener
from grader.peers.tcp import TcpPeer
from grader.program.program import RunningProgram
from grader.stage.scene import Scene, fresh_port
from grader.stage.server import HOST
from grader.stage.sparse import forget_zeros
from grader.text import printable
from grader.watch.watch import CEILING
from grader.wire.capture import Capture

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
        held = self.program.gate.held() if self.program.gate else frozenset()
        for task in tasks:
            if task.tid in held and task.call is not None:
                return f"is held before {task.call.describe()}"
        calls = [task.call.describe() if task.call else "running" for task in tasks if task.state != "Z"]
        shown = [
            f"{call} (x {calls.count(call)})" if calls.count(call) > 1 else call
            for call in dict.fromkeys(calls)
        ]
        return "is blocked in " + ", ".join(shown)

    def release(self) -> Actor:
        """Let the call be made before which it is held, and all that follow."""
        if self.program.hold is None:
            raise GraderBugError(f"{self.name} was not started with held_before=")
        self._stage.tell(self.name, "goes on")
        self.program.hold.release()
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

    def serve(self, program: str, *more: str, held_before: Sequence[str] = ()) -> Actor:
        """Start a program that listens, and wait until it does; `more` follows its port.

        With `held_before` it is held at its gate once it is bound, before the first of these calls: it makes no step then,
        and the kernel goes on for it, until its `release`.
        """
        port = fresh_port()
        actor = self._start(program, program, [str(port), *more], port, held_before)
        actor.program.must_live = True
        hold = actor.program.hold

        def ready() -> bool:
            if hold is not None:
                return bool(hold.waiting())
            return bool(self.scene.sockets.listening(port) or self.scene.sockets.udp(port))

        self.scene.watch.until(ready, what=f"call {' or '.join(held_before)}" if hold else "bind and listen")
        self.rest()
        where = actor.where() if hold else f"waits on port {port}: {actor.where().removeprefix('is ')}"
        self.tell(actor.name, where)
        return actor

    def connect(self, program: str, to: Actor | int, *more: str, name: str | None = None) -> Actor:
        """Start a program that connects to an actor's port; `more` follows HOST PORT."""
        port = to if isinstance(to, int) else to.port
        return self._start(name or program, program, [HOST, str(port), *more], port)

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

    def ladder(self) -> str:
        """What travelled, as a picture; empty when nothing was recorded."""
        return self._capture.ladder() if self._capture is not None else ""

    def close(self) -> None:
        self.scene.close()

    def _start(
        self, name: str, program: str, arguments: list[str], port: int, held_before: Sequence[str] = ()
    ) -> Actor:
        self.tell(name, f"starts: {' '.join([program, *map(_short, arguments)])}")
        traced = self.scene.launch(
            *arguments,
            program=program,
            gate=("bind", *held_before) if held_before else (),
            held_after="bind" if held_before else None,
        )
        actor = Actor(self, name, traced.program, port)
        self._actors.append(actor)
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
