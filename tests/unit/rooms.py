"""Cells for tests: what happens in a worker is a function of the test's own, since a cell is forked."""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from grader.cells.base import Files
from grader.cells.limits import CellLimits
from grader.cells.namespaces import NamespaceCell
from grader.cells.room import Child, Room
from grader.program.output import Output
from grader.submission import open_submission

CEILING = 60.0  #: seconds that mean failure
PYTHON = "/usr/bin/python3"

#: Leaves its parent, its session and every signal that can be ignored behind.
DAEMON = """
import os, signal
read, write = os.pipe()
if os.fork():
    os.wait()
    os.read(read, 1)
    os.write(1, b"ready")
    signal.pause()
os.setsid()
if os.fork():
    os._exit(0)
for number in (1, 2, 3, 13, 15):
    signal.signal(number, signal.SIG_IGN)
os.write(write, b"!")
while True:
    signal.pause()
"""

Act = Callable[[Room], Any]


@contextlib.contextmanager
def opened_cell(
    folder: Path, *acts: Act, files: Files | None = None, limits: CellLimits | None = None
) -> Iterator[NamespaceCell]:
    """A cell with the files of `folder`, or with `files`; each of `acts` is a body, by its name."""
    bodies = {act.__name__: _body(act) for act in acts}
    with open_submission(folder) as submission:
        cell = NamespaceCell(files or submission, bodies, limits)
        try:
            yield cell
        finally:
            cell.close()


def _body(act: Act) -> Callable[[Room, Connection], None]:
    """Tells the parent what `act` returned or raised, then waits until the parent hangs up."""

    def body(room: Room, connection: Connection) -> None:
        try:
            answer = {"value": act(room)}
        except BaseException:  # noqa: BLE001 - shown in the test
            answer = {"error": traceback.format_exc()}
        connection.send_bytes(json.dumps(answer).encode())
        with contextlib.suppress(EOFError):
            connection.recv_bytes()

    return body


def told(cell: NamespaceCell, act: Act) -> Any:
    """What `act` returns in a new worker of this cell."""
    with cell.start_worker(act.__name__).connection as connection:
        return heard(connection)


def heard(connection: Connection) -> Any:
    """What the act of this worker returned."""
    assert connection.poll(CEILING), "the worker said nothing"
    answer = json.loads(connection.recv_bytes())
    assert "error" not in answer, answer.get("error")
    return answer["value"]


def in_worker(folder: Path, act: Act, limits: CellLimits | None = None) -> Any:
    """What `act` returns (as JSON) when it runs in a worker beside its room."""
    with opened_cell(folder, act, limits=limits) as cell:
        return told(cell, act)


def in_room(folder: Path, code: str, *arguments: str, limits: CellLimits | None = None) -> Any:
    """What Python code leaves in `seen` when it runs as a student's program."""
    return in_worker(folder, lambda room: seen_in(room, code, *arguments), limits)


def seen_in(
    room: Room, code: str, *arguments: str, rlimits: Mapping[str, tuple[int, int]] | None = None
) -> Any:
    child, output = started(
        room, f"import json, os, sys\n{code}\nprint(json.dumps(seen))", *arguments, rlimits=rlimits
    )
    status = child.wait(CEILING)
    assert output.wait_end(CEILING)
    assert status == 0, (status, output.content.decode(errors="replace"))
    return json.loads(output.content)


def started(
    room: Room, code: str, *arguments: str, rlimits: Mapping[str, tuple[int, int]] | None = None
) -> tuple[Child, Output]:
    """Start Python code as a student's program: its process, and stdout and stderr together."""
    ours, theirs = os.pipe()
    null = os.open(os.devnull, os.O_RDONLY)
    try:
        child = room.spawn([PYTHON, "-I", "-c", code, *arguments], (null, theirs, theirs), limits=rlimits)
    finally:
        os.close(theirs)
        os.close(null)
    return child, Output(ours)


def start_ready(
    room: Room, code: str, *arguments: str, limits: dict[str, tuple[int, int]] | None = None
) -> None:
    """Start this program and wait until it says that it is ready."""
    _, output = started(room, code, *arguments, rlimits=limits)
    until(lambda: output.content.startswith(b"ready"))


def until(condition: Callable[[], object]) -> None:
    """Poll a state; the time is a ceiling that means failure."""
    deadline = time.monotonic() + CEILING
    while not condition():
        assert time.monotonic() < deadline, "the state was not reached"
        select.select([], [], [], 0.001)


@contextlib.contextmanager
def all_end(*pids: int) -> Iterator[None]:
    """By the end of the block these processes, as they are at its beginning, have ended."""
    descriptors = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # it has ended since it was looked up
            descriptors[pid] = os.pidfd_open(pid)
    try:
        yield
        for pid, descriptor in descriptors.items():
            ready, _, _ = select.select([descriptor], [], [], CEILING)
            assert ready, f"process {pid} is still there"
    finally:
        for descriptor in descriptors.values():
            os.close(descriptor)


def marked(marker: str) -> list[int]:
    """Processes, as this side sees them, that have `marker` among their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if marker.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
