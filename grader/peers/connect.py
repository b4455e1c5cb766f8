"""A connection of ours to a program that listens."""

from __future__ import annotations

import errno
import os
import socket
from typing import TypeVar

from grader.errors import SubmissionFault
from grader.peers.tcp import TcpPeer
from grader.watch.watch import Watch

P = TypeVar("P", bound=TcpPeer)


def connect(
    watch: Watch, address: tuple[str, int], peer: type[P], who: str, *, rcvbuf: int | None = None
) -> P:
    """A peer whose handshake is complete; whether it was accepted is another matter. Raises `SubmissionFault`."""
    connection = socket.socket()
    if rcvbuf is not None:  # before connect(2): the window scale is settled there
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    connection.settimeout(0)
    error = connection.connect_ex(address)
    if error not in (0, errno.EINPROGRESS):
        connection.close()
        raise _unreachable(watch, error)

    def connected() -> bool:
        status = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if status:
            raise _unreachable(watch, status)
        try:
            connection.getpeername()
        except OSError:
            return False
        return True

    try:
        watch.until(connected, what=f"accept a connection to {address[0]}")
    except SubmissionFault:
        connection.close()  # else its finalizer complains in the next check
        raise
    return peer(watch, connection, address, who)


def _unreachable(watch: Watch, error: int) -> SubmissionFault:
    end = watch.end_of_server()
    return SubmissionFault(
        f"{end}, so a client could not connect" if end else "a client could not connect",
        expected="an established connection",
        actual=os.strerror(error),
    )
