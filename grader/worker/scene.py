"""One check's stage: it starts programs and peers, and leaves nothing of them for the next check."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import shutil
import socket
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from grader.build import Built
from grader.cells.room import DEFAULT_LIMITS, Room
from grader.errors import CrowdError, GraderBugError, NotServingError, SubmissionFault
from grader.job import Evidence
from grader.observe import proc
from grader.observe.proc import ProcessGoneError
from grader.observe.sockets import SocketTable
from grader.observe.syscalls import Injection, TracedCall, Tracer
from grader.peers.listener import Listener
from grader.peers.tcp import TcpPeer
from grader.worker.output import KEPT
from grader.worker.program import RunningProgram, start
from grader.worker.watch import CEILING, Watch

P = TypeVar("P", bound=TcpPeer)

HOST = "127.0.0.1"
FIRST_PORT = 20_000  #: below the ephemeral range (32768...), so that no client is given it
_PEERS_SHOWN = 3

_next_port = FIRST_PORT


def fresh_port() -> int:
    """A port that nothing in this cell has used: no TIME_WAIT of an earlier check can matter."""
    global _next_port  # noqa: PLW0603 - one counter a worker process is the point
    _next_port = FIRST_PORT if _next_port >= 32_000 else _next_port + 1
    return _next_port


class Scene:
    """Everything that one check of one program may touch."""

    def __init__(self, room: Room, built: Built, program: str) -> None:
        self.program = program
        self.built = built
        self.room = room
        self.sockets = SocketTable()
        self.watch = Watch(room, self.sockets)
        self._peers: list[TcpPeer] = []
        self._closers: list[Callable[[], None]] = []

    def launch(
        self,
        *arguments: str,
        stdout_terminal: bool = True,
        stdout_keep: int = KEPT,
        limits: Mapping[str, tuple[int, int]] | None = None,
        trace: Sequence[str] = (),
        inject: Sequence[Injection] = (),
    ) -> Traced:
        """Start the program; with `trace` or `inject` under strace, from its first instruction on."""
        try:
            command = self.built.commands[self.program]
        except KeyError:
            raise GraderBugError(f"{self.program} was not built, yet a check wants to run it") from None
        traced = bool(trace or inject)
        gate_read, gate_write = os.pipe() if traced else (None, None)
        running = start(
            self.room,
            self.program,
            command,
            arguments,
            stdout_terminal=stdout_terminal,
            stdout_keep=stdout_keep,
            limits=limits,
            gate=gate_read,
        )
        self.watch.programs.append(running)
        self.watch.crowd = _crowd({**DEFAULT_LIMITS, **(limits or {})}["nproc"][0])
        tracer = None
        if gate_read is not None and gate_write is not None:
            tracer = Tracer()
            self._closers.append(tracer.stop)
            tracer.start(running.pid, calls=trace, inject=inject)
            os.write(gate_write, b"!")
            os.close(gate_read)
            os.close(gate_write)
        return Traced(running, tracer)

    def serve(self, peer: type[P], **options: object) -> Server[P]:
        """Start the program as a server on a fresh port and wait until it listens there."""
        port = options.pop("port", None) or fresh_port()
        traced = self.launch(str(port), **options)  # type: ignore[arg-type]  # the options are launch's own
        server = Server(self, traced, peer, int(str(port)))
        server.until_listening()
        return server

    def listen(self, *, rcvbuf: int | None = None) -> Listener:
        listener = Listener(self.watch, fresh_port(), rcvbuf=rcvbuf)
        self._closers.append(listener.close)
        return listener

    def adopt(self, peer: P) -> P:
        """Remember a peer: its story is evidence, and it is closed after the check."""
        self._peers.append(peer)
        return peer

    def until_exit(self, program: RunningProgram, what: str) -> None:
        """Wait until `program` has ended by itself, and all that it printed has been read."""
        self.watch.until(program.ended, what=what, descriptors=[(program.pidfd, select.POLLIN)])
        self.room.kill_all()  # a descendant that holds its stdout would keep it open
        program.stdout.wait_end(CEILING)
        program.stderr.wait_end(CEILING)

    def trace(
        self, program: RunningProgram, calls: Sequence[str], inject: Sequence[Injection] = ()
    ) -> Tracer:
        """Attach strace to a program that already runs; its calls count from now on."""
        tracer = Tracer()
        self._closers.append(tracer.stop)
        try:
            living = {task.pid for task in program.tasks() if task.state not in "ZX"} - {program.pid}
            tracer.start(program.pid, *sorted(living), calls=calls, inject=inject, gated=False)
        except GraderBugError:
            if program.wait(1.0) is not None:  # of the injected fault; its end is reported a moment later
                raise ProcessGoneError(program.pid) from None
            raise
        return tracer

    def write_file(self, name: str, content: bytes) -> str:
        """A file for the program in its working directory; its path in the room."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(self.room.data / name, flags, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        self.watch.given += len(content)
        return f"/data/{name}"

    def read_file(self, name: str) -> bytes | None:
        """The file's content now; None when it is no regular file any more."""
        try:
            descriptor = os.open(self.room.data / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None

    def evidence(self) -> list[Evidence]:
        found = [item for program in self.watch.programs for item in program.evidence()]
        for peer in self._peers[-_PEERS_SHOWN:]:
            found.extend(peer.evidence())
        return found

    def close(self) -> None:
        """End every program and peer, and empty the programs' directory."""
        for peer in self._peers:
            peer.close()
        for closer in self._closers:
            closer()
        self.room.kill_all()
        for program in self.watch.programs:
            program.close()
        self.sockets.close()
        for entry in os.scandir(self.room.data):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)  # resists symbolic links (os.fwalk with dir_fd)
            else:
                with contextlib.suppress(OSError):
                    Path(entry.path).unlink()


class Traced:
    """A program, and its system calls when it was started under strace."""

    def __init__(self, program: RunningProgram, tracer: Tracer | None) -> None:
        self.program = program
        self._tracer = tracer

    def calls(self) -> list[TracedCall]:
        """The system calls so far of those that are traced."""
        if self._tracer is None:
            raise GraderBugError("this program was started without trace=")
        return self._tracer.calls()


class Server(Generic[P]):
    """The student's server, listening on a port of its own."""

    def __init__(self, scene: Scene, traced: Traced, peer: type[P], port: int) -> None:
        self.host = HOST
        self.port = port
        self.program = traced.program
        self.calls = traced.calls
        self.watch = scene.watch
        self.sockets = scene.sockets
        self._scene = scene
        self._peer = peer
        self.program.must_live = True

    def trace(self, calls: Sequence[str], inject: Sequence[Injection] = ()) -> Tracer:
        """Attach strace to the server, from rest to rest; its calls count from now on.

        A call that was blocked has been made again under strace by then, with its fault if it has one.
        """
        self.watch.until_still()
        tracer = self._scene.trace(self.program, calls, inject)
        self.watch.until_still()
        return tracer

    def may_have_processes(self, count: int) -> None:
        """Raise its limit on processes and threads (prlimit(2)), at most to the hard limit of its start.

        Only once it listens: a fork bomb never does.
        """
        for pid in self.program.processes():
            with contextlib.suppress(ProcessLookupError):
                _, hard = resource.prlimit(pid, resource.RLIMIT_NPROC)
                resource.prlimit(pid, resource.RLIMIT_NPROC, (count, hard))
        self.watch.crowd = _crowd(count)

    def kill(self) -> None:
        """End the server and every process that it left, with SIGKILL."""
        self.program.must_live = False
        self._scene.room.kill_all()
        self.program.wait(CEILING)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """As `program.frozen`, from rest: every thread is stopped in the call in which it waits."""
        self.watch.until_still()
        with self.program.frozen():
            yield

    @property
    def backlog(self) -> int:
        """How many connections the kernel completes while the server does not accept."""
        return min(entry.send_queue for entry in self.sockets.listening(self.port)) + 1

    def until_accept_queue_below(self, count: int) -> None:
        """Wait until the server has accepted all but fewer than `count` connections."""
        self.watch.until(
            lambda: sum(entry.receive_queue for entry in self.sockets.listening(self.port)) < count,
            what="accept the connections that wait",
        )

    def until_listening(self) -> None:
        """Ready when the kernel shows a listening socket on the port: no probing connect is spent."""
        try:
            self.watch.until(lambda: self.sockets.listening(self.port), what="listen on its port")
        except SubmissionFault as fault:
            unready = NotServingError(str(fault))
            unready.costly = isinstance(fault, CrowdError)
            others = sorted({e.local[1] for e in self.sockets.tcp() if e.state.name == "LISTEN"})
            if others:
                unready.actual = f"it listens on port {', '.join(map(str, others))}"
                swapped = int.from_bytes(self.port.to_bytes(2, "big"), "little")
                if swapped in others:
                    unready.actual += f" ({self.port} with its two bytes swapped: htons is missing)"
                unready.expected = f"a listening socket on port {self.port}"
            raise unready from fault
        self._find_server()

    def _find_server(self) -> None:
        """The process that serves: the one below a start script, but the parent of a pre-made pool."""
        inodes = {entry.inode for entry in self.sockets.listening(self.port)}
        family: dict[int, set[int]] = {}  # each process with its descendants
        holders = set()
        for pid in self.program.processes():
            with contextlib.suppress(ProcessGoneError):
                family[pid] = {pid, *proc.descendants(pid)}
                if any(d.inode in inodes for d in proc.descriptors(pid).values() if d.inode):
                    holders.add(pid)
        covering = [pid for pid, members in family.items() if holders <= members]
        if holders and covering:
            self.program.serves(covering[-1])  # the nearest to them

    def connect(self, *, host: str = HOST, rcvbuf: int | None = None) -> P:
        """A client whose handshake is complete; whether it was accepted is another matter."""
        connection = socket.socket()
        if rcvbuf is not None:  # before connect(2): the window scale is settled there
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        connection.settimeout(0)
        error = connection.connect_ex((host, self.port))
        if error not in (0, 115):  # EINPROGRESS
            connection.close()
            raise self._unreachable(error)

        def connected() -> bool:
            status = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if status:
                raise self._unreachable(status)
            try:
                connection.getpeername()
            except OSError:
                return False
            return True

        try:
            self.watch.until(connected, what=f"accept a connection to {host}")
        except SubmissionFault:
            connection.close()  # else its finalizer complains in the next check
            raise
        return self._scene.adopt(self._peer(self.watch, connection, (host, self.port), self.program.name))

    def _unreachable(self, error: int) -> SubmissionFault:
        end = self.watch.end_of_server()
        return SubmissionFault(
            f"{end}, so a client could not connect" if end else "a client could not connect",
            expected="an established connection",
            actual=os.strerror(error),
        )


def _crowd(limit: int) -> int:
    """So near to the limit on processes that no correct program has so many."""
    return limit * 9 // 10
