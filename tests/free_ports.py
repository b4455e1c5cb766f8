"""Ports for tests that start a server outside a cell.

A port that the kernel has just given to a probe may be given to somebody else before the server binds it. These lie below the
ports that the kernel hands out (ip_local_port_range), and each process of a run of tests has some of its own.
"""

from __future__ import annotations

import itertools
import os
import socket

_FIRST, _EACH = 21_000, 400
_counter = itertools.count()


def free_port() -> int:
    """One that nobody is bound to, TCP or UDP."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for number in itertools.islice(_counter, _EACH):
        port = _FIRST + worker * _EACH + number % _EACH
        if all(_is_free(port, kind) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)):
            return port
    raise AssertionError(f"all ports from {_FIRST + worker * _EACH} on are taken")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(type=kind) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
