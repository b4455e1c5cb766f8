"""Bind a socket of the worker's: a port that is taken was taken by the program, for nobody else is here."""

from __future__ import annotations

import errno
import socket

from grader.errors import SubmissionFault


def bind(endpoint: socket.socket, host: str, port: int) -> None:
    """Give a socket this address, or close it. Raises `SubmissionFault` where a program has the port: a check's are fresh."""
    try:
        endpoint.bind((host, port))
    except OSError as error:
        endpoint.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise SubmissionFault(
            f"the program has taken port {port}, which is not its own",
            expected="the ports that it is given as arguments, and those that the kernel chooses for it",
        ) from error
