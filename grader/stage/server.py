"""The student's server while it runs: when it listens, which process serves, and clients for it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Generic, TypeVar

from grader.errors import CrowdError, GraderBugError, NotServingError, SubmissionFault
from grader.faults.interrupt import NOT_CAUGHT, caught_unasked
from grader.observe import proc
from grader.observe.gate import Failure, Gate, Hold
from grader.observe.proc import ProcessGoneError
from grader.peers.connect import connect
from grader.peers.endpoint import Endpoint
from grader.peers.tcp import TcpPeer
from grader.program.traced import Traced
from grader.stage.stage import Stage
from grader.watch.watch import CEILING, crowd, precondition

P = TypeVar("P", bound=TcpPeer)

HOST = "127.0.0.1"


class Resident:
    """A program of the student's that runs until it is killed, on a port of its own."""

    def __init__(self, stage: Stage, traced: Traced, port: int) -> None:
        self.host = HOST
        self.port = port
        self.program = traced.program
        self.calls = traced.calls
        self.watch = stage.watch
        self.sockets = stage.sockets
        self._stage = stage
        self.program.must_live = True

    @property
    def gate(self) -> Gate:
        """Where the calls stop that it was started with `gate=` for."""
        if self.program.gate is None:
            raise GraderBugError("this server was started without gate=")
        return self.program.gate

    def fail(self, calls: Collection[str], error: str, peer: Endpoint | None = None) -> Failure:
        """Let the next of these calls, which it was started with `gate=` for, fail; with `peer` the next on its connection.

        One in which it is blocked by now goes on: it is the one after that which fails.
        """
        return self.gate.fail(calls, error, connection=None if peer is None else _inode(peer))

    def hold(self, calls: Collection[str], peer: Endpoint) -> Hold:
        """Let these calls on the connection of `peer`, which it was started with `gate=` for, wait until they are released."""
        return self.gate.hold(calls, connection=_inode(peer))

    def release(self) -> None:
        """Let it accept, or receive, what has come while it was held."""
        if self.program.hold is None:
            raise GraderBugError("this server was started without held=")
        self.program.hold.release()

    def catches_a_signal(self) -> bool:
        """Whether a signal can interrupt it at all; a remark says so when none can."""
        self.watch.until_still()
        if any(caught_unasked(pid) for pid in self.program.processes()):
            return True
        self._stage.remark(NOT_CAUGHT)
        return False

    def interrupt_by_signal(self, times: int = 1) -> None:
        """Send each of its processes a signal that it catches, from rest to rest.

        A send that has sent a part returns that; the one after it, if it takes nothing, gives EINTR at the next signal.
        """
        for _ in range(times):
            self.watch.until_still()
            for pid in self.program.processes():
                if caught := caught_unasked(pid):
                    with contextlib.suppress(ProcessLookupError):
                        self._stage.room.signal(pid, min(caught))
        self.watch.until_still()

    def may_have_processes(self, count: int) -> None:
        """Raise its limit on processes and threads (prlimit(2)), at most to the hard limit of its start.

        Only once it listens: a fork bomb never does.
        """
        for pid in self.program.processes():
            with contextlib.suppress(ProcessLookupError):
                self._stage.room.limit(pid, "nproc", count)
        self.watch.crowd = crowd(count)

    def kill(self) -> None:
        """End the server and every process that it left, with SIGKILL, and whatever else runs in the room."""
        for program in self.watch.programs:
            program.must_live = False
        self._stage.room.kill_all()
        self.program.wait(CEILING)

    def _inodes(self) -> set[int]:
        """The sockets that the program has open."""
        found: set[int] = set()
        for pid in self.program.processes():
            with contextlib.suppress(ProcessGoneError):
                found.update(each.inode for each in proc.descriptors(pid).values() if each.inode)
        return found

    def _unready(
        self, fault: SubmissionFault, does: str, expected: str, ports: Collection[int], *, about: str
    ) -> NotServingError:
        """It serves no port, or another one: which one, and why."""
        unready = NotServingError(str(fault), about=about)
        unready.costly = isinstance(fault, CrowdError)
        if ports:
            unready.actual = f"it {does} port {', '.join(map(str, sorted(ports)))}"
            swapped = int.from_bytes(self.port.to_bytes(2, "big"), "little")
            if swapped in ports:
                unready.actual += f" ({self.port} with its two bytes swapped: htons is missing)"
            unready.expected = f"{expected} port {self.port}"
        return unready


def _inode(peer: Endpoint) -> int:
    """Of the program's end of this connection."""
    with precondition():
        end = peer.far_end()
        assert end is not None, "the connection is gone"
        assert end.inode, "the connection was not accepted"
    return end.inode


class Server(Resident, Generic[P]):
    """The student's server, listening on a port of its own."""

    def __init__(self, stage: Stage, traced: Traced, peer: type[P], port: int) -> None:
        super().__init__(stage, traced, port)
        self._peer = peer

    @property
    def backlog(self) -> int:
        """How many connections the kernel completes while the server does not accept."""
        listening = self.sockets.listening(self.port)
        if not listening:
            raise SubmissionFault(f"{self.program.name} does not listen on its port any more")
        return min(entry.send_queue for entry in listening) + 1

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
            others = {e.local[1] for e in self.sockets.tcp() if e.state.name == "LISTEN"}
            does, wanted = "listens on", "a listening socket on"
            raise self._unready(fault, does, wanted, others, about="listens") from fault
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
        peer = connect(self.watch, (host, self.port), self._peer, self.program.name, rcvbuf=rcvbuf)
        return self._stage.adopt(peer)


class DatagramServer(Resident):
    """The student's receiver of datagrams, bound to a port of its own."""

    def until_bound(self) -> None:
        """Ready when the kernel shows a datagram socket on the port."""
        try:
            self.watch.until(lambda: self.sockets.udp(self.port), what="bind a datagram socket to its port")
        except SubmissionFault as fault:
            others = {e.local[1] for e in self.sockets.udp() if e.inode in self._inodes()}
            does, wanted = "is bound to", "a datagram socket bound to"
            raise self._unready(fault, does, wanted, others, about="binds") from fault

    def until_consumed(self) -> None:
        """Wait until it has received every datagram that has come."""
        self.watch.until(
            lambda: not any(entry.receive_queue for entry in self.sockets.udp(self.port)),
            what="receive what was sent to it",
        )
        self.watch.until_still()
