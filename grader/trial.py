"""A trial of a sandbox: in a real cell, what checks do in it."""

from __future__ import annotations

from multiprocessing.connection import Connection

import msgspec

from grader.cells.room import Room
from grader.errors import CellError
from grader.observe.sockets import SocketTable
from grader.observe.syscalls import Tracer


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""
    note: bool = False  #: the remedy is worth showing although all is well


def trial_body(room: Room, connection: Connection) -> None:
    findings = [Finding("sandbox", ok=True, detail="a worker and a room start")]
    for what, attempt in (("trace", _try_trace), ("sockets", _try_sockets), ("build", _try_build)):
        try:
            findings.append(Finding(what, ok=True, detail=attempt(room)))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            findings.append(Finding(what, ok=False, detail=str(error)))
    connection.send_bytes(msgspec.json.encode(findings))


def _try_trace(room: Room) -> str:
    from grader.worker.program import start  # noqa: PLC0415 - needed in the worker only

    sleeper = start(room, "sleep", ["/bin/sleep"], ["1000"])
    tracer = Tracer()
    tracer.start(sleeper.pid, calls=["all"], gated=False)
    tracer.stop()
    room.kill_all()
    sleeper.close()
    return "strace can follow a program of the room from outside"


def _try_sockets(_: Room) -> str:
    with SocketTable() as table:
        table.tcp()
        table.udp()
    return "the kernel tells of TCP and UDP sockets (sock_diag)"


def _try_build(room: Room) -> str:
    from grader.worker.program import start  # noqa: PLC0415 - needed in the worker only

    source = room.data / "trial.c"
    source.write_text("int main(void) { return 0; }\n")
    compiler = start(room, "gcc", ["/usr/bin/gcc"], ["-o", "/data/trial", "/data/trial.c"])
    compiler.wait(60)
    words = compiler.stderr.last_lines()
    status = compiler.exit_status()
    compiler.close()
    if status != 0:
        raise CellError(f"gcc in the room ended with {status}: {words}")
    return "gcc works in the room"
