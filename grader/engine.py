"""The parent's side of a grading: build the submission in a cell, and hand its checks to workers.

The checks were collected by a pytest session of this warm process (see `grader.collection`); workers are forked from
it inside a cell and run one item at a time. Whatever happens to a worker costs the item that it had in hand.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import pytest

from grader.build import Built, build_body, built_in
from grader.cases import case_of, program_of
from grader.cells import open_cell
from grader.cells.base import Body, Files, Plan
from grader.collection import Collection, items_of
from grader.dispatch import GRADING_CEILING, Dispatcher
from grader.errors import CellError, GraderError
from grader.job import CaseResult, Selection
from grader.practical import Practical, Program
from grader.record import Listener
from grader.worker.runner import serve


@dataclasses.dataclass(frozen=True, slots=True)
class Grading:
    """One submission and how it is to be graded."""

    submission: Files
    selection: Selection
    jobs: int
    sandbox: str
    listener: Listener
    most: int | None = None  #: workers, while the machine has nothing else to do
    deadline: float = dataclasses.field(default_factory=lambda: time.monotonic() + GRADING_CEILING)

    def results(
        self, session: pytest.Session, practical: Practical
    ) -> Iterator[tuple[pytest.Item, CaseResult | None]]:
        """Each check's result in the order in which they end, None for those of programs that are not there."""
        items = items_of(session, practical, self.selection)
        cases = [case_of(item) for item in items]
        bodies: dict[str, Body] = {"build": build_body, "checks": functools.partial(serve, session, items)}
        plan = Plan(practical.name, self.selection, tuple(cases), self.jobs)
        cell = open_cell(self.submission, bodies, plan, self.sandbox)
        try:
            built = built_in(cell, practical.name, _wanted(practical, self.selection))
            self.listener.built(practical, built)
            indices = [number for number, item in enumerate(items) if _runnable(item, built)]
            self.listener.planned(len(indices))
            dispatcher = Dispatcher(
                cell,
                built,
                cases,
                jobs=self.jobs,
                most=self.most,
                deadline=self.deadline,
                whole=not self.selection.statuses_only,
            )
            for index, result in dispatcher.run(indices):
                result.number = index
                self.listener.case(practical, result)
                yield items[index], result
        finally:
            cell.close()
        for item in items:
            if not _runnable(item, built):
                yield item, None


class Engine(Collection):
    """Grades one submission in the very process that collected the checks: `pytest specs/NAME --submission DIR`."""

    def __init__(self, grading: Grading, practicals: Sequence[Practical] = ()) -> None:
        super().__init__(practicals)
        self._grading = grading

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        try:
            for practical in self.practicals.values():
                for item, result in self._grading.results(session, practical):
                    _report(item, result or _missing(item))
        except GraderError as error:
            self.error = error
            pytest.exit(str(error), returncode=3)
        except Exception as error:
            self.error = error
            raise
        return True


class ServingEngine(Collection):
    """The engine of a worker that is no fork of the parent: it collects the same checks, and serves them."""

    def __init__(self, plan: Plan, practical: Practical, serve_in_room: Callable[[Body], None]) -> None:
        super().__init__([practical])
        self._plan = plan
        self._practical = practical
        self._serve_in_room = serve_in_room

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = items_of(session, self._practical, self._plan.selection)
        if self._plan.cases and tuple(case_of(item) for item in items) != self._plan.cases:
            raise CellError("the worker's image collects other checks than this program; make it again")
        self._serve_in_room(functools.partial(serve, session, items))
        return True


def _wanted(practical: Practical, selection: Selection) -> list[Program]:
    chosen = selection.programs
    return [program for program in practical.programs.values() if not chosen or program.name in chosen]


def _runnable(item: pytest.Item, built: Built) -> bool:
    """A program that did not build can still be asked whether it builds: those checks have no scene."""
    program = program_of(item)
    if program in built.failed:
        return "scene" not in getattr(item, "fixturenames", ())
    return program in built.commands


def _report(item: pytest.Item, result: CaseResult) -> None:
    """Show one result through pytest's own reporters, as `pytest specs/NAME --submission DIR` prints it."""
    outcome: Literal["passed", "failed", "skipped"] = (
        "passed" if result.status == "passed" else "skipped" if result.status == "not_run" else "failed"
    )
    text = "\n".join(
        [f"{result.status}: {result.message}", *(f"{piece.title}: {piece.text}" for piece in result.evidence)]
    )
    words = None if outcome == "passed" else (str(item.path), 0, text) if outcome == "skipped" else text
    report = pytest.TestReport(
        item.nodeid,
        item.location,
        dict.fromkeys(item.keywords, 1),
        outcome,
        words,
        "call",
        duration=result.seconds,
    )
    item.ihook.pytest_runtest_logreport(report=report)


def _missing(item: pytest.Item) -> CaseResult:
    case = case_of(item)
    reason = f"{case.program} was not handed in or did not build"
    return CaseResult(case.check, case.program, case.label, "not_run", 0.0, reason)
