"""The connection to a container's standard streams, as the engine's attach call gives it.

Without a terminal the engine sends frames: one byte for the stream (1 stdout, 2 stderr), three of padding, four of
length in network order, and the data (Docker Engine API, ContainerAttach). A thread takes them apart, so that the
parent has an ordinary `multiprocessing.connection.Connection` that `wait` understands.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from multiprocessing.connection import Connection

_FRAME = struct.Struct(">BxxxI")
_STDOUT = 1
_CHUNK = 1 << 16
_WORDS_KEPT = 8192  #: bytes of standard error


class Streams:
    """Carries bytes between `connection`, for the parent, and the container, once it is there.

    With `linger` the container's end stays open when the parent closes its own, until `hang_up`.
    """

    def __init__(self, *, linger: bool = False) -> None:
        self._linger = linger
        self._container: socket.socket | None = None
        ours, self._theirs = socket.socketpair()
        self.connection = Connection(ours.detach())
        self._words = bytearray()

    @property
    def words(self) -> str:
        """The end of what the container wrote to standard error."""
        return self._words.decode(errors="replace").strip()

    def carry(self, container: socket.socket) -> None:
        """Both ways, in a thread of its own, until one side hangs up; closes both."""
        self._container = container
        threading.Thread(target=self._carry, args=(container,), name="streams", daemon=True).start()

    def hang_up(self) -> None:
        """Whoever reads from `connection` finds the end of file, and so does the container if there is one."""
        if self._container is None:
            self._theirs.close()
            return
        with contextlib.suppress(OSError):  # the thread wakes, and closes both
            self._container.shutdown(socket.SHUT_RDWR)

    def _carry(self, container: socket.socket) -> None:
        unread = bytearray()
        poller = select.poll()
        poller.register(container, select.POLLIN)
        poller.register(self._theirs, select.POLLIN)
        with contextlib.suppress(OSError), container, self._theirs:
            while True:
                ready = {descriptor for descriptor, _ in poller.poll()}
                if container.fileno() in ready:
                    data = container.recv(_CHUNK)
                    if not data:
                        return
                    unread += data
                    self._deliver(unread)
                if self._theirs.fileno() in ready:
                    data = self._theirs.recv(_CHUNK)
                    if data:
                        container.sendall(data)
                    elif self._linger:
                        poller.unregister(self._theirs)
                    else:
                        return

    def _deliver(self, unread: bytearray) -> None:
        """Hand on the frames that are whole, and keep the rest."""
        while len(unread) >= _FRAME.size:
            stream, length = _FRAME.unpack_from(unread)
            end = _FRAME.size + length
            if len(unread) < end:
                return
            payload = bytes(unread[_FRAME.size : end])
            del unread[:end]
            if stream == _STDOUT:
                self._theirs.sendall(payload)
            else:
                self._words += payload
                del self._words[:-_WORDS_KEPT]
