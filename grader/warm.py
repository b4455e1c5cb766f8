"""The warm grader: checks are collected once, then any number of submissions are graded, also several at a time.

Collecting is done by a process of its own (`grader.warm_process`), which forks one process for each grading. So whatever a
submission does to its grading costs that submission alone, memory stays constant, and threads here never meet a fork.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

import msgspec

from grader.cells import chosen_sandbox
from grader.errors import CellError
from grader.job import Results, Selection
from grader.practical import Practical
from grader.record import Listener, Record
from grader.warm_protocol import BuildDone, CaseDone, Done, Opened, Order, Planned, Refused, Said, raised

#: Seconds in which what is still being graded ends after `close`; then it is killed.
_CLOSE_CEILING = 30.0


class WarmGrader:
    """Grades with these practicals. Several threads may call `grade`; close it, or use it in a `with`."""

    def __init__(self, practicals: Sequence[Practical]) -> None:
        self._practicals = {practical.name: practical for practical in practicals}
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        directories = [str(practical.directory) for practical in practicals]
        command = [sys.executable, "-P", "-m", "grader.warm_process", str(theirs.fileno()), *directories]
        with theirs:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])

    @property
    def pid(self) -> int:
        """Of the process that has collected the checks; its children are gradings."""
        return self._process.pid

    def alive(self) -> bool:
        """It may be asked for another grading."""
        return self._process.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, and what is still being graded."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        try:
            self._process.wait(_CLOSE_CEILING)
        except subprocess.TimeoutExpired:
            self._process.kill()  # what it forked dies with it
            self._process.wait()

    def grade(
        self,
        path: Path,
        *,
        practicals: Sequence[str] = (),
        among: Sequence[str] = (),
        selection: Selection | None = None,
        jobs: int | None = None,
        most: int | None = None,
        sandbox: str | None = None,
        listener: Listener | None = None,
    ) -> Results:
        """Grade the folder or archive at `path` by these practicals, else by those (`among` ...) that it is about.

        With `jobs` workers, and `most` while the machine idles: no more than `jobs` where only these are given.

        Raises `BadSubmissionError` for what cannot be opened, `EmptySubmissionError` where nothing is to be graded,
        `UsageError` for broken checks, `CellError` without a sandbox or when the grading's process has died.
        """
        wanted = selection or Selection()
        where = chosen_sandbox(sandbox)
        place = os.fsencode(os.path.abspath(path))  # noqa: PTH100 - resolves no link
        order = Order(place, tuple(practicals), tuple(among), wanted, jobs, most, where)
        record = Record(listener or Listener())
        with self._begun() as connection:
            with contextlib.suppress(OSError):  # it has died already: hearing nothing of it will say so
                connection.send_bytes(msgspec.json.encode(order))
            while self._take(connection, record):
                pass
        return record.results(wanted, where)

    def _begun(self) -> Connection:
        """A connection to a new process that grades."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [b"grade"], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise CellError("the grader's warm process has ended; see its words above") from error
        return Connection(ours.detach())

    def _take(self, connection: Connection, record: Record) -> bool:
        """Hear one message; False when it was the last."""
        try:
            said = msgspec.json.decode(connection.recv_bytes(), type=Said)
        except (EOFError, OSError) as error:
            raise CellError("the process of this grading ended unexpectedly; grade it again") from error
        if isinstance(said, Refused):
            raise raised(said)
        if isinstance(said, Opened):
            record.opened(said.name, said.notes, [self._practicals[name] for name in said.practicals])
        elif isinstance(said, BuildDone):
            record.built(self._practicals[said.practical], said.built)
        elif isinstance(said, Planned):
            record.planned(said.cases)
        elif isinstance(said, CaseDone):
            record.case(self._practicals[said.practical], said.result)
        return not isinstance(said, Done)
