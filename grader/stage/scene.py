"""One check's stage: it starts programs and peers, and leaves nothing of them for the next check."""

from __future__ import annotations

import os
import select
import stat
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from grader.cells.room import DEFAULT_LIMITS
from grader.errors import GraderBugError
from grader.observe.gate import AWAITING, NOBODY, RECEIVING
from grader.observe.syscalls import Tracer
from grader.peers.listener import Listener
from grader.peers.tcp import TcpPeer
from grader.peers.udp import UdpPeer
from grader.program.output import KEPT
from grader.program.program import RunningProgram, start
from grader.program.traced import Traced
from grader.stage.origin import about
from grader.stage.server import HOST, DatagramServer, Server
from grader.stage.stage import Stage
from grader.watch.watch import CEILING, crowd

P = TypeVar("P", bound=TcpPeer)

FIRST_PORT = 20_000  #: below the ephemeral range (32768...), so that no client is given it

_next_port = FIRST_PORT


def fresh_port() -> int:
    """A port that nothing in this cell has used: no TIME_WAIT of an earlier check can matter.

    Its two bytes differ: a program that forgets htons does not listen on it.
    """
    global _next_port  # noqa: PLW0603 - one counter a worker process is the point
    _next_port = FIRST_PORT if _next_port >= 32_000 else _next_port + 1
    return _next_port if _next_port >> 8 != _next_port & 0xFF else fresh_port()


class Scene(Stage):
    """Everything that one check of one program may touch."""

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
        patterned: bool = False,
    ) -> Traced:
        """Start the program, or another one; with `trace` under strace, from its first instruction on.

        With `patterned` the one whose fresh stack memory holds a pattern, where there is such a build.

        The calls in `gate` stop at its gate, and are let through unless a rule says otherwise. With `held_after`, one of them,
        all others wait there once it was made, until the program's `hold` is released.
        """
        name = program or self.program
        try:
            command = self.built.commands[name]
            command = self.built.patterned.get(name, command) if patterned else command
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
            self.closers.append(tracer.stop)
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
        self.closers.append(listener.close)
        return listener

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
