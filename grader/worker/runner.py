"""The worker's body for checks: run the items that the parent names, answer each with a `CaseResult`."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from typing import Any, Literal

import msgspec
import pytest

from grader.build import Built
from grader.cases import case_of
from grader.cells.room import Room
from grader.compare import show_bytes
from grader.errors import CellError, Inconclusive, NotServingError, SubmissionFault
from grader.job import CaseResult, Evidence, Status
from grader.observe.proc import ProcessGoneError
from grader.stage.origin import by_origin
from grader.stage.scene import Scene
from grader.text import bounded, printable
from grader.watch.spinning import Spinning

#: Where they are set pytest shows differences whole, which takes minutes for some MiB.
_ON_CI = ("CI", "BUILD_NUMBER")
#: Bytes of memory of a worker's own: several times what the largest exchange of 64 MiB takes.
MEMORY = 1 << 30
#: Bounds on what one case may put into a report, in characters.
MESSAGE_SHOWN, EVIDENCE_SHOWN, PIECES_SHOWN = 1_000, 4_000, 12


class CheckRunner:
    """A pytest plugin for the worker's side: gives checks their scene and judges how they end."""

    def __init__(self, room: Room, built: Built) -> None:
        self.room = room
        self.built = built
        self._spinning = Spinning()
        self._scene: Scene | None = None
        self._comparison: tuple[object, object] | None = None
        self._result: CaseResult | None = None

    @contextlib.contextmanager
    def scene(self, program: str) -> Iterator[Scene]:
        """The scene of the check that runs now."""
        self._scene = Scene(self.room, self.built, program, self._spinning)
        try:
            yield self._scene
            if self._result is not None and self._result.status == "passed":
                self._result.evidence = list(self._scene.remarks)
        finally:
            self._scene.close()
            self._scene = None

    def run(self, item: pytest.Item) -> CaseResult:
        case = case_of(item)
        self._result = CaseResult(case.check, case.program, case.label, "passed")
        self._comparison = None
        started = time.monotonic()
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        result, self._result = self._result, None
        result.seconds = time.monotonic() - started
        return result

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
        if op == "==":
            self._comparison = (left, right)

    @pytest.hookimpl(tryfirst=True)
    def pytest_timeout_set_timer(self, settings: Any) -> bool:
        """pytest-timeout's own handler wants a terminal, which a worker has not."""

        def expired(_number: int, _frame: object) -> None:
            pytest.fail(f"it had not ended after {settings.timeout:.0f} s")

        signal.signal(signal.SIGALRM, expired)
        signal.setitimer(signal.ITIMER_REAL, settings.timeout)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_timeout_cancel_timer(self) -> bool:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Whether the step raised, and no more: pytest's own report parses the sources of a traceback that nobody is shown."""
        assert call.when != "collect"
        outcome: Literal["passed", "failed"] = "failed" if call.excinfo is not None else "passed"
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, longrepr=None, when=call.when)

    def pytest_exception_interact(self, call: pytest.CallInfo[None]) -> None:
        """A step of the check raised; the first one decides (a later one is the clean-up's)."""
        if call.excinfo is not None and self._result is not None and self._result.status == "passed":
            self._judge(call.excinfo.value)

    def _judge(self, error: BaseException) -> None:
        """Whose fault it is lives in the exception's type."""
        assert self._result is not None
        status, message, evidence = self._explain(error)
        if self._scene is not None and status != "error":
            with contextlib.suppress(OSError, LookupError):
                evidence += self._scene.evidence()
            if status == "failed":
                self._result.attachments = self._scene.attachments()
        self._result.status = status
        if isinstance(error, SubmissionFault):
            self._result.about, self._result.hint = error.about, error.hint
        if isinstance(error, NotServingError):
            self._result.not_serving, self._result.costly = True, error.costly
        self._result.message = bounded(printable(message, newlines=True), MESSAGE_SHOWN)
        self._result.evidence = [
            Evidence(piece.title, bounded(printable(piece.text, newlines=True), EVIDENCE_SHOWN))
            for piece in evidence[:PIECES_SHOWN]
        ]

    def _explain(self, error: BaseException) -> tuple[Status, str, list[Evidence]]:
        if isinstance(error, CellError):
            raise error  # the room is gone: this worker is of no more use
        if isinstance(error, Inconclusive):
            return "inconclusive", str(error), []
        error = self._of_the_program(error) or error
        if isinstance(error, ProcessGoneError):
            return self._gone(error)
        if isinstance(error, SubmissionFault):
            pieces = [("expected", error.expected), ("actual", error.actual)]
            shown = [Evidence(title, _shown(value)) for title, value in pieces if value is not None]
            return "failed", str(error), shown + error.evidence
        if isinstance(error, AssertionError):
            message = str(error).split("\nassert ")[0]
            shown = []
            if self._comparison is not None:
                actual, expected = self._comparison
                shown = [Evidence("expected", _shown(expected)), Evidence("actual", _shown(actual))]
            if message.startswith("assert "):
                message = "what the program did is not what is required"
            return "failed", message, shown
        if isinstance(error, pytest.fail.Exception):  # pytest-timeout's way of saying so
            return "error", f"the check itself did not end: {error}", [_traceback(error)]
        return (
            "error",
            f"the grader failed, not the program: {type(error).__name__}: {error}",
            [_traceback(error)],
        )

    def _of_the_program(self, error: BaseException) -> BaseException | None:
        """What an error of the machine's means where the program brought it about."""
        if isinstance(error, MemoryError) and resource.getrlimit(resource.RLIMIT_DATA)[0] == MEMORY:
            return SubmissionFault("what the program sent or printed is more than the grader can keep")
        if isinstance(error, OSError):
            started = self._scene is not None and bool(self._scene.watch.programs)
            return by_origin(error, self.room.data, started=started)
        return None

    def _gone(self, error: ProcessGoneError) -> tuple[Status, str, list[Evidence]]:
        """A process ended while it was looked at: its fault if it is a server, which must not end."""
        programs = self._scene.watch.programs if self._scene is not None else []
        for program in programs:
            if program.must_live and program.wait(1.0) is not None:
                return "failed", f"{program.name} {program.describe_end()}", []
        return "inconclusive", f"a process ended while it was being looked at: {error}", []


def serve(session: pytest.Session, items: Sequence[pytest.Item], room: Room, connection: Connection) -> None:
    """Run items until the parent hangs up: it sends `Built`, is told b"ready", and sends indices into `items`."""
    built = msgspec.json.decode(connection.recv_bytes(), type=Built)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY if hard < 0 else min(MEMORY, hard), hard))
    for name in _ON_CI:
        os.environ.pop(name, None)
    runner = CheckRunner(room, built)
    manager = session.config.pluginmanager
    for name in ("terminalreporter", "capturemanager", "junitxml", "logging-plugin"):
        if manager.has_plugin(name):  # reporting is the parent's; this process only judges
            manager.unregister(name=name)
    manager.register(runner, "grader-runner")
    connection.send_bytes(b"ready")
    with contextlib.suppress(EOFError):
        while True:
            index = msgspec.json.decode(connection.recv_bytes(), type=int)
            connection.send_bytes(msgspec.json.encode(runner.run(items[index])))


def _shown(value: object) -> str:
    return show_bytes(value) if isinstance(value, bytes) else str(value)


def _traceback(error: BaseException) -> Evidence:
    return Evidence("traceback", "".join(traceback.format_exception(error)[-12:]))
