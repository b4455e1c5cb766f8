"""The process behind `grader.warm`: collects the checks, then forks one process for each grading.

It is started as `python -m grader.warm_process DESCRIPTOR DIRECTORY...`. A message with a descriptor on its control
socket asks for one grading, which is spoken of over that descriptor (see `grader.warm_protocol`). At the end of file it ends
every grading, and itself. It has one thread, so that a fork copies no lock that somebody holds.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest

from grader import kernel
from grader.build import Built
from grader.cells import chosen_sandbox, seccomp
from grader.cells.shares import shares
from grader.collection import Collection, run_pytest
from grader.concerned import concerned
from grader.dispatch import GROWTH, default_jobs
from grader.engine import Grading
from grader.errors import CellError, GraderError
from grader.job import CaseResult
from grader.practical import Practical, load_practical
from grader.record import Listener
from grader.submission import Submission, open_submission
from grader.warm_protocol import BuildDone, CaseDone, Done, Opened, Order, Planned, Refused, Said, refused

#: Seconds that a grading has to close its cell when it is told to end.
_END_CEILING = 20.0


class WarmEngine(Collection):
    """Answers orders with the checks that were collected."""

    def __init__(self, practicals: Sequence[Practical], control: socket.socket) -> None:
        super().__init__(practicals)
        self._control = control
        self._gradings: dict[int, int] = {}  #: pid to pidfd

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        with contextlib.suppress(CellError):  # told by each grading that wants a room
            seccomp.refusals()  # libseccomp takes its time: every grading finds it made
        shares()  # one process waits for the end of all gradings
        gc.collect()
        gc.freeze()  # what was collected is shared with every fork, and stays so
        me = os.getpid()
        with contextlib.closing(self._control):
            for descriptor in _orders(self._control):
                self._reap()
                pid = os.fork()
                if pid == 0:
                    self._control.close()
                    _grade_and_leave(session, list(self.practicals.values()), Connection(descriptor), me)
                os.close(descriptor)
                self._gradings[pid] = os.pidfd_open(pid)
        self._end()
        return True

    def _reap(self) -> None:
        """Take note of the gradings that have ended."""
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                os.close(self._gradings.pop(pid))

    def _end(self) -> None:
        """Tell every grading to close its cell; those that do not are killed, and all that is theirs with them."""
        self._reap()
        for pidfd in self._gradings.values():
            signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        deadline = time.monotonic() + _END_CEILING
        for pid, pidfd in self._gradings.items():
            left = max(0.0, deadline - time.monotonic())
            if not select.select([pidfd], [], [], left)[0]:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(pidfd)


def _orders(control: socket.socket) -> Iterator[int]:
    """The descriptors that come, until the other side hangs up."""
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(control, 64, 1)
        except ConnectionResetError:
            return
        if not message:
            return
        yield from descriptors


class _Teller(Listener):
    """Tells the other side whatever it hears."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def say(self, said: Said) -> None:
        self._connection.send_bytes(msgspec.json.encode(said))

    def opened(self, name: str, notes: Sequence[str], practicals: Sequence[Practical], /) -> None:
        self.say(Opened(name, list(notes), [practical.name for practical in practicals]))

    def built(self, practical: Practical, built: Built, /) -> None:
        self.say(BuildDone(practical.name, built))

    def planned(self, cases: int, /) -> None:
        self.say(Planned(cases))

    def case(self, practical: Practical, result: CaseResult, /) -> None:
        self.say(CaseDone(practical.name, result))


class _Stop(BaseException):
    """The warm process wants this grading to end."""


def _stop(_number: int, _frame: object) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # closing the cell must not be cut short
    raise _Stop


def _grade_and_leave(
    session: pytest.Session, practicals: Sequence[Practical], connection: Connection, parent: int
) -> NoReturn:
    try:
        signal.signal(signal.SIGTERM, _stop)
        kernel.die_with_parent(parent)
        teller = _Teller(connection)
        try:
            _grade(session, {practical.name: practical for practical in practicals}, connection, teller)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this is the end already
            teller.say(Done())
        except Exception as error:  # noqa: BLE001 - whatever it is, this submission alone is concerned
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if not isinstance(error, GraderError):
                traceback.print_exc()
            teller.say(refused(error))
    except (_Stop, BrokenPipeError, ConnectionResetError):
        pass  # nobody wants to know any more
    finally:
        sys.stderr.flush()
        os._exit(0)


def _grade(
    session: pytest.Session, known: dict[str, Practical], connection: Connection, teller: _Teller
) -> None:
    order = msgspec.json.decode(connection.recv_bytes(), type=Order)
    sandbox = chosen_sandbox(order.sandbox)
    with open_submission(Path(os.fsdecode(order.path))) as submission:
        wanted = _wanted(order, known, submission)
        teller.opened(submission.name, submission.notes, wanted)
        jobs = order.jobs or default_jobs(sandbox)
        most = order.most or order.jobs or GROWTH * jobs
        grading = Grading(submission, order.selection, jobs, sandbox, teller, most)
        for practical in wanted:
            for _ in grading.results(session, practical):
                pass


def _wanted(order: Order, known: dict[str, Practical], submission: Submission) -> list[Practical]:
    if order.practicals:
        return [known[name] for name in order.practicals]
    return concerned([known[name] for name in order.among or known], submission)


def main(arguments: Sequence[str]) -> None:
    # Ctrl-C reaches the whole foreground group: ending is the other side's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(arguments[0]))
    control.set_inheritable(False)
    practicals = [load_practical(Path(directory) / "practical.toml") for directory in arguments[1:]]
    try:
        run_pytest(WarmEngine(practicals, control), practicals)
    except Exception as error:  # noqa: BLE001 - it is told to whoever asks for a grading
        _refuse_everything(control, refused(error))


def _refuse_everything(control: socket.socket, refusal: Refused) -> None:
    for descriptor in _orders(control):
        with contextlib.closing(Connection(descriptor)) as connection, contextlib.suppress(EOFError, OSError):
            connection.recv_bytes()  # unread, it would reset the connection, and the refusal be lost
            connection.send_bytes(msgspec.json.encode(refusal))


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(0)  # nothing is left to tidy up, and the interpreter would take its time
