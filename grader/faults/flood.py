"""A client that never stops: it sends request after request and reads every reply, at full speed."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def flooding(address: tuple[str, int], stream: bytes) -> Iterator[None]:
    """Inside this block two threads send `stream` over and over to `address` and drop what comes back."""
    connection = socket.create_connection(address)
    threads = [
        threading.Thread(target=_send, args=(connection, stream), daemon=True),
        threading.Thread(target=_drain, args=(connection,), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # wakes both threads
        for thread in threads:
            thread.join()
        connection.close()


def _send(connection: socket.socket, stream: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(stream)


def _drain(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(1 << 18):
            pass
