"""A client that never stops: it sends request after request and reads every reply, at full speed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Flood:
    """Two threads that send `stream` over and over and drop what comes back, until `stop`."""

    def __init__(self, address: tuple[str, int], stream: bytes) -> None:
        self.answered = 0  #: bytes of replies so far
        self._stream = stream
        self._connection = socket.create_connection(address)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._drain)]
        for thread in self._threads:
            thread.start()

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
def flooding(address: tuple[str, int], stream: bytes) -> Iterator[Flood]:
    """Inside this block `address` is flooded with `stream`."""
    flood = Flood(address, stream)
    try:
        yield flood
    finally:
        flood.stop()
