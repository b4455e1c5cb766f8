"""The worker of a docker cell: the program that its container runs, in the room's network and pid namespaces.

It speaks with the parent over its standard input and output, as a forked worker does over its socket: the first
message is the order, what follows is the body's. What goes wrong stands on standard error.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import msgspec

from grader import kernel
from grader.cells.base import Body, Plan, WorkerOrder
from grader.cells.containers import CONTROL
from grader.cells.folders import EmptiedFolders
from grader.cells.limits import CellLimits
from grader.cells.memory import MemoryGuard
from grader.cells.room import Room
from grader.errors import CellError
from grader.job import Selection

#: The room's own files, through its init: only who may trace init can go this way (proc(5), /proc/PID/root).
ROOT = Path("/proc/1/root")
_INIT_CEILING = 60.0  #: seconds until init listens


class StandardStreams:
    """Standard input and output as one connection; whatever prints goes to standard error from now on."""

    def __init__(self) -> None:
        self._in = Connection(os.dup(0), writable=False)
        self._out = Connection(os.dup(1), readable=False)
        os.dup2(2, 1)
        with open(os.devnull) as null:  # noqa: PTH123 - a descriptor
            os.dup2(null.fileno(), 0)

    def recv_bytes(self) -> bytes:
        return self._in.recv_bytes()

    def send_bytes(self, message: bytes) -> None:
        self._out.send_bytes(message)

    def close(self) -> None:
        self._in.close()
        self._out.close()


def main(arguments: Sequence[str]) -> None:
    if arguments == ["--collect-only"]:
        _collect_everything()
        return
    os.umask(0)  # what it makes in the room belongs to root: its programs are other users
    streams = StandardStreams()
    order = msgspec.json.decode(streams.recv_bytes(), type=WorkerOrder)
    # It has the methods of a connection that bodies use.
    connection = cast("Connection", streams)
    if order.body == "checks" and order.plan is not None:
        _collected(order.plan, lambda body: _in_room(body, connection))
    else:
        _in_room(_bodies()[order.body], connection)


def _bodies() -> dict[str, Body]:
    from grader.build import build_body  # noqa: PLC0415 - each worker loads what it needs
    from grader.trial import trial_body  # noqa: PLC0415
    from grader.visit import visit_body  # noqa: PLC0415

    return {"build": build_body, "trial": trial_body, "visit": visit_body, "act": _act}


def _act(room: Room, connection: Connection) -> None:
    from grader.experiments.run import act_body  # noqa: PLC0415 - scapy

    act_body(room, connection)


def _in_room(body: Body, connection: Connection) -> None:
    kernel.prepare_loopback()
    room = Room(_connected(), ROOT / "work", EmptiedFolders(ROOT))
    guard = MemoryGuard(room, CellLimits().memory)
    try:
        body(room, connection)
        with contextlib.suppress(EOFError):  # the room stays as long as the parent wants it
            connection.recv_bytes()
    finally:
        guard.close()
        room.close()


def _connected() -> socket.socket:
    """The connection to the room's init, as soon as it listens."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)  # before init can speak: see Room
    deadline = time.monotonic() + _INIT_CEILING
    pace = select.poll()
    while True:
        try:
            control.connect("\0" + CONTROL)
        except ConnectionRefusedError as error:
            if time.monotonic() > deadline:
                raise CellError("the room's init did not start") from error
            pace.poll(1)
        else:
            return control


def _collected(plan: Plan, go_on: Callable[[Body], None]) -> None:
    """Collect the plan's checks as the parent did, then serve them."""
    from grader.collection import run_pytest  # noqa: PLC0415
    from grader.engine import ServingEngine  # noqa: PLC0415 - pytest, for the workers that check
    from grader.practical import load_practicals  # noqa: PLC0415

    practical = load_practicals()[plan.practical]
    run_pytest(ServingEngine(plan, practical, go_on), [practical])


def _collect_everything() -> None:
    """Load every check once, so that pytest keeps its own form of them beside the files."""
    from grader.practical import load_practicals  # noqa: PLC0415

    for name in load_practicals():
        _collected(Plan(name, Selection()), lambda _body: None)


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(0)  # nothing is left to tidy up, and the interpreter would take its time
