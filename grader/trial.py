"""A trial of a sandbox: in a real cell, what checks do in it."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection

import msgspec

from grader.cells.room import Room
from grader.errors import CellError, Inconclusive
from grader.observe.sockets import SocketTable
from grader.observe.syscalls import Tracer

_CEILING = 60.0  #: seconds


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str
    remedy: str = ""
    note: bool = False  #: the remedy is worth showing although all is well


def trial_body(room: Room, connection: Connection) -> None:
    findings = [Finding("sandbox", ok=True, detail="a worker and a room start")]
    for what, attempt in (
        ("trace", _try_trace),
        ("gate", _try_gate),
        ("sockets", _try_sockets),
        ("build", _try_build),
    ):
        try:
            findings.append(Finding(what, ok=True, detail=attempt(room)))
        except Inconclusive as reason:  # the machine can grade nevertheless
            detail = f"{reason}; checks that hold a call, or let one fail, will be inconclusive"
            remedy = "a kernel from 5.5 on, and no filter of system calls around the grader that refuses seccomp(2)"
            findings.append(Finding(what, ok=True, detail=detail, remedy=remedy, note=True))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            findings.append(Finding(what, ok=False, detail=str(error)))
    connection.send_bytes(msgspec.json.encode(findings))


def _try_trace(room: Room) -> str:
    from grader.program.program import start  # noqa: PLC0415 - needed in the worker only

    latch, unlatch = os.pipe()
    sleeper = start(room, "sleep", ["/bin/sleep"], ["1000"], latch=latch)
    tracer = Tracer()
    try:
        tracer.start(sleeper.pid, ["all"])
    finally:
        tracer.stop()
        room.kill_all()
        sleeper.close()
        os.close(latch)
        os.close(unlatch)
    return "strace can follow a program of the room from outside"


def _try_gate(room: Room) -> str:
    from grader.program.program import start  # noqa: PLC0415 - needed in the worker only

    program = start(room, "true", ["/bin/true"], [], gate=["exit_group"])
    hold = program.raise_gate(["exit_group"]).hold(["exit_group"])
    hold.release()
    status = program.wait(_CEILING)
    room.kill_all()
    program.close()
    if status != 0:
        raise CellError("a program whose last call was held did not end when it was let go on")
    return "a program's system calls can be held (seccomp user notification)"


def _try_sockets(_: Room) -> str:
    with SocketTable() as table:
        table.tcp()
        table.udp()
    return "the kernel tells of TCP and UDP sockets (sock_diag)"


def _try_build(room: Room) -> str:
    from grader.program.program import start  # noqa: PLC0415 - needed in the worker only

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
