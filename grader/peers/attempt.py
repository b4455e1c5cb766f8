"""A connection of ours that may not come about: while the accept queue is full the kernel drops its SYN."""

from __future__ import annotations

import errno
import socket

from grader.errors import SubmissionFault
from grader.job import Attachment, Evidence
from grader.observe.overflow import dropped_syns
from grader.observe.sockets import TcpState
from grader.watch.watch import Watch


class Attempt:
    """One connect to a program's port, begun and not waited for."""

    def __init__(self, watch: Watch, address: tuple[str, int]) -> None:
        self._watch = watch
        self._address = address
        self._dropped = dropped_syns()
        self._socket = socket.socket()
        self._socket.settimeout(0)
        self._socket.connect_ex(address)  # what came of it shows in the socket table
        self._local = self._socket.getsockname()[:2]
        self._story = ["SYN sent"]

    def connected(self) -> bool:
        """The handshake is complete, whatever happened to the connection after it."""
        state = self._state()
        if (
            state is None
            and self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
        ):
            raise SubmissionFault("a client was refused", expected="an established connection")
        return state is not TcpState.SYN_SENT

    def held(self) -> bool:
        """It is in SYN_SENT, and the kernel has dropped a SYN since it began: the accept queue is full."""
        return self._state() is TcpState.SYN_SENT and dropped_syns() > self._dropped

    def is_let_in(self) -> bool:
        """Wait until it is decided whether the kernel lets it in or holds it."""
        self._watch.until(lambda: self.connected() or self.held(), what="answer a connection, or hold it")
        connected = self.connected()
        self._story.append("connected" if connected else "held: SYN_SENT, the SYN was dropped")
        return connected

    def until_connected(self) -> None:
        """Wait until it is let in: the kernel repeats the SYN after 1, 2, 3... seconds."""
        self._watch.until(self.connected, what="accept the connections before the one that is held")
        self._story.append("connected")

    def evidence(self) -> list[Evidence]:
        """What became of it."""
        return [Evidence(f"a client of port {self._address[1]}", ", ".join(self._story))]

    def attachments(self) -> list[Attachment]:
        return []

    def close(self) -> None:
        self._socket.close()

    def _state(self) -> TcpState | None:
        entry = self._watch.sockets.connection(self._local, self._address)
        return entry.state if entry is not None else None
