"""A listening socket of the worker's: the server's side of whatever a client under test does."""

from __future__ import annotations

import select
import socket
from typing import TypeVar

from grader.peers.bind import bind
from grader.peers.tcp import TcpPeer
from grader.watch.watch import Watch

P = TypeVar("P", bound=TcpPeer)


class Listener:
    """A listening socket of the worker's, for grading clients; without `backlog` it is bound and does not listen."""

    def __init__(
        self,
        watch: Watch,
        port: int,
        *,
        rcvbuf: int | None = None,
        host: str = "127.0.0.1",
        backlog: int | None = 64,
    ) -> None:
        self._watch = watch
        self._socket = socket.socket()
        if rcvbuf is not None:  # before listen(2), so that the window is announced small
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        bind(self._socket, host, port)
        if backlog is not None:
            self._socket.listen(backlog)
        self._socket.settimeout(0)
        self.host, self.port = self._socket.getsockname()

    def accept(self, peer: type[P], who: str) -> P:
        """The program's next connection."""
        connection, remote = self._watch.until(
            self._accept,
            what="connect to the server",
            descriptors=[(self._socket.fileno(), select.POLLIN)],
        )
        return peer(self._watch, connection, remote, who)

    def waiting(self) -> int:
        """How many further connections of the program's wait to be accepted."""
        return sum(entry.receive_queue for entry in self._watch.sockets.listening(self.port))

    def close(self) -> None:
        self._socket.close()

    def _accept(self) -> tuple[socket.socket, tuple[str, int]] | None:
        try:
            return self._socket.accept()
        except BlockingIOError:
            return None
