"""One check's stage: it starts programs and peers, and leaves nothing of them for the next check."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from grader.build import Built
from grader.cells.room import DEFAULT_LIMITS, Room
from grader.errors import GraderBugError
from grader.job import Attachment, Evidence
from grader.observe.gate import AWAITING, NOBODY, RECEIVING
from grader.observe.sockets import SocketTable
from grader.observe.syscalls import TracedCall, Tracer
from grader.peers.listener import Listener
from grader.peers.tcp import TcpPeer
from grader.peers.udp import UdpPeer
from grader.worker.origin import about
from grader.worker.output import KEPT
from grader.worker.program import RunningProgram, start
from grader.worker.server import HOST, DatagramServer, Server
from grader.worker.watch import CEILING, Watch, crowd

P = TypeVar("P", bound=TcpPeer)
K = TypeVar("K", bound="Record")

FIRST_PORT = 20_000  #: below the ephemeral range (32768...), so that no client is given it
_PEERS_SHOWN = 3

_next_port = FIRST_PORT


def fresh_port() -> int:
    """A port that nothing in this cell has used: no TIME_WAIT of an earlier check can matter.

    Its two bytes differ: a program that forgets htons does not listen on it.
    """
    global _next_port  # noqa: PLW0603 - one counter a worker process is the point
    _next_port = FIRST_PORT if _next_port >= 32_000 else _next_port + 1
    return _next_port if _next_port >> 8 != _next_port & 0xFF else fresh_port()


class Record(Protocol):
    """Something that goes on beside a check and can tell afterwards what it saw: a peer, a capture."""

    def evidence(self) -> list[Evidence]: ...

    def attachments(self) -> list[Attachment]: ...

    def close(self) -> None: ...


class Scene:
    """Everything that one check of one program may touch."""

    def __init__(self, room: Room, built: Built, program: str) -> None:
        self.program = program
        self.built = built
        self.room = room
        self.sockets = SocketTable()
        self.watch = Watch(room, self.sockets)
        self._peers: list[TcpPeer] = []
        self._records: list[Record] = []
        self._closers: list[Callable[[], None]] = []
        self.remarks: list[Evidence] = []  #: what is to be known of a check that passed

    def launch(
        self,
        *arguments: str,
        stdout_terminal: bool = True,
        stdout_keep: int = KEPT,
        limits: Mapping[str, tuple[int, int]] | None = None,
        env: Mapping[str, str] | None = None,
        trace: Sequence[str] = (),
        gate: Collection[str] = (),
        held_after: str | None = None,
        program: str | None = None,
    ) -> Traced:
        """Start the program, or another one; with `trace` under strace, from its first instruction on.

        The calls in `gate` stop at its gate, and are let through unless a rule says otherwise. With `held_after`, one of them,
        all others wait there once it was made, until the program's `hold` is released.
        """
        name = program or self.program
        try:
            command = self.built.commands[name]
        except KeyError:
            raise GraderBugError(f"{name} was not built, yet a check wants to run it") from None
        latch, unlatch = os.pipe() if trace else (None, None)
        running = start(
            self.room,
            name,
            command,
            arguments,
            stdout_terminal=stdout_terminal,
            stdout_keep=stdout_keep,
            env=env,
            limits=limits,
            latch=latch,
            gate=gate,
        )
        self.watch.programs.append(running)
        self.watch.crowd = crowd({**DEFAULT_LIMITS, **(limits or {})}["nproc"][0])
        if gate:
            running.raise_gate(gate, held_after)
        tracer = None
        if latch is not None and unlatch is not None:
            tracer = Tracer()
            self._closers.append(tracer.stop)
            tracer.start(running.pid, calls=trace)
            os.write(unlatch, b"!")
            os.close(latch)
            os.close(unlatch)
        return Traced(running, tracer)

    def serve(self, peer: type[P], *more: str, **options: object) -> Server[P]:
        """Start the program as a server on a fresh port and wait until it listens there.

        `more` are the arguments after the port. Options: `port`, `held` (it accepts nobody before its `release`), and
        those of `launch`.
        """
        if options.pop("held", False):
            options |= {"gate": ("listen", *NOBODY), "held_after": "listen"}
        port = options.pop("port", None) or fresh_port()
        traced = self.launch(str(port), *more, **options)  # type: ignore[arg-type]  # the options are launch's own
        server = Server(self, traced, peer, int(str(port)))
        server.until_listening()
        return server

    def listen(self, *, rcvbuf: int | None = None, host: str = HOST, backlog: int | None = 64) -> Listener:
        """A listening socket of ours on a fresh port; without `backlog` it is bound and does not listen."""
        listener = Listener(self.watch, fresh_port(), rcvbuf=rcvbuf, host=host, backlog=backlog)
        self._closers.append(listener.close)
        return listener

    def adopt(self, peer: P) -> P:
        """Remember a peer: its story is evidence, and it is closed after the check."""
        self._peers.append(peer)
        return peer

    def bind_datagrams(self, *more: str, **options: object) -> DatagramServer:
        """Start the program as a receiver of datagrams on a fresh port and wait until it is bound there.

        Options: `held` (it receives nothing before its `release`), and those of `launch`.
        """
        if options.pop("held", False):
            options |= {"gate": ("bind", *RECEIVING, *AWAITING), "held_after": "bind"}
        port = fresh_port()
        traced = self.launch(str(port), *more, **options)  # type: ignore[arg-type]  # the options are launch's own
        server = DatagramServer(self, traced, port)
        server.until_bound()
        return server

    def datagrams(self, *, port: int | None = None, host: str = HOST) -> UdpPeer:
        """A datagram socket of ours; the program may be told its port."""
        free = port if port is not None else fresh_port()
        return self.keep(UdpPeer(self.watch, port=free, who=self.program, host=host))

    def keep(self, record: K) -> K:
        """Remember a record: what it saw is evidence, and it is closed after the check."""
        self._records.append(record)
        return record

    def until_exit(self, program: RunningProgram, what: str) -> None:
        """Wait until `program` has ended by itself, and all that it printed has been read."""
        self.watch.until(program.ended, what=what, descriptors=[(program.pidfd, select.POLLIN)])
        self.room.kill_all()  # a descendant that holds its stdout would keep it open
        program.stdout.wait_end(CEILING)
        program.stderr.wait_end(CEILING)

    def write_file(self, name: str, content: bytes) -> str:
        """A file for the program in its working directory; its path in the room."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        path = self.room.data / name
        with about(path), os.fdopen(os.open(path, flags, 0o644), "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o666)  # the program may change it, whoever its user is
        self.watch.given += len(content)
        return f"/data/{name}"

    def sparse_file(self, name: str, size: int, tail: bytes = b"") -> str:
        """A file of zeros that ends with `tail` and takes no space; its path in the room."""
        shown, path = self.write_file(name, b""), self.room.data / name
        with about(path), path.open("r+b") as file:
            file.truncate(size - len(tail))
            file.seek(0, os.SEEK_END)
            file.write(tail)
        return shown

    def read_file(self, name: str) -> bytes | None:
        """The file's content now; None when it is no regular file any more."""
        try:
            descriptor = os.open(self.room.data / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read() if stat.S_ISREG(os.fstat(descriptor).st_mode) else None

    def remark(self, text: str) -> None:
        """Say something about a check that passes: `--verbose` shows it."""
        self.remarks.append(Evidence("remark", text))

    def evidence(self) -> list[Evidence]:
        found = [item for program in self.watch.programs for item in program.evidence()]
        for peer in self._peers[-_PEERS_SHOWN:]:
            found.extend(peer.evidence())
        for record in self._records:
            found.extend(record.evidence())
        return found

    def attachments(self) -> list[Attachment]:
        """Files that belong to the evidence."""
        return [item for record in self._records for item in record.attachments()]

    def close(self) -> None:
        """End every program and peer, and leave nothing of what they wrote."""
        for peer in self._peers:
            peer.close()
        for closer in self._closers:
            closer()
        for record in self._records:
            record.close()
        self.room.kill_all()
        for program in self.watch.programs:
            program.close()
        self.sockets.close()
        self.room.make_folders_new()


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
