"""A client that never stops: it sends request after request and reads every reply, at full speed.

On a loaded machine it may get no turn for a while, and the program has nothing to do for it. `waiting` and
`replied`, read around what the program did, tell whether that can have been so.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from grader.observe.sockets import SocketTable


class Flood:
    """Two threads that send `stream` over and over and drop what comes back, until `stop`."""

    def __init__(self, address: tuple[str, int], stream: bytes, sockets: SocketTable) -> None:
        self.answered = 0  #: bytes of replies so far
        self._stream = stream
        self._sockets = sockets
        self._connection = socket.create_connection(address)
        self._ends = self._connection.getsockname()[:2], self._connection.getpeername()[:2]
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._drain)]
        for thread in self._threads:
            thread.start()

    def waiting(self) -> int:
        """Bytes of requests that the program need only read."""
        far = self._sockets.connection(*reversed(self._ends))
        return far.receive_queue if far else 0

    def replied(self) -> int:
        """Bytes of replies that the program has sent at most: those that came, and those in either queue.

        In this order what moves on between two looks is counted twice rather than not at all.
        """
        far, near = self._sockets.connection(*reversed(self._ends)), self._sockets.connection(*self._ends)
        return (far.send_queue if far else 0) + (near.receive_queue if near else 0) + self.answered

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes both threads
        for thread in self._threads:
            thread.join()
        self._connection.close()

    def _send(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._connection.sendall(self._stream)

    def _drain(self) -> None:
        with contextlib.suppress(OSError):
            while count := len(self._connection.recv(1 << 18)):
                self.answered += count


@contextlib.contextmanager
def flooding(address: tuple[str, int], stream: bytes, sockets: SocketTable) -> Iterator[Flood]:
    """Inside this block `address` is flooded with `stream`; `sockets` are those of its namespace."""
    flood = Flood(address, stream, sockets)
    try:
        yield flood
    finally:
        flood.stop()
