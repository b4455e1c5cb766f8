"""The parent's side of a run, as a pytest plugin: collect the checks once, hand them to workers.

pytest collects specs/ in this warm process; workers are forked from it inside a cell and run one
item at a time. Whatever happens to a worker costs the item that it had in hand.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from grader import spec
from grader.build import Built, Order, build_body
from grader.cells import chosen_sandbox, open_cell
from grader.cells.base import Body, Cell, Files, NoFiles, Plan
from grader.dispatch import Dispatcher, default_jobs
from grader.errors import CellError, GraderError, UsageError
from grader.job import CaseResult, Selection
from grader.practical import Practical, load_practical
from grader.text import bounded, printable
from grader.worker.runner import case_of, serve

#: Seconds after which pytest-timeout ends a check from inside; the dispatcher's ceiling comes later.
CHECK_TIMEOUT = 120


class Engine:
    """Grades one submission with the practicals whose checks were collected."""

    def __init__(
        self,
        submission: Files,
        selection: Selection,
        practicals: Sequence[Practical] = (),
        *,
        jobs: int | None = None,
        sandbox: str | None = None,
        on_built: Callable[[Practical, Built], None] = lambda _practical, _built: None,
        on_case: Callable[[Practical, CaseResult], None] = lambda _practical, _result: None,
        on_plan: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._submission = submission
        self._selection = selection
        self._sandbox = chosen_sandbox(sandbox)
        self._jobs = jobs or default_jobs(self._sandbox)
        self._on_built = on_built
        self._on_case = on_case
        self._on_plan = on_plan
        self._practicals = {practical.directory: practical for practical in practicals}
        self._modules: set[Path] = set()
        self.error: Exception | None = None  #: why the run could not go on, if so
        self.collection_errors: list[str] = []

    # Collection: which check on which program

    def pytest_configure(self, config: pytest.Config) -> None:
        """Checks are collected whichever configuration file pytest found."""
        config.addinivalue_line("python_files", "check_*.py")
        config.addinivalue_line("python_functions", "check_*")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.collection_errors.append(report.longreprtext)

    def pytest_plugin_registered(self, plugin: object, manager: pytest.PytestPluginManager) -> None:
        if plugin is self and not manager.has_plugin("grader-fixtures"):
            from grader.worker import fixtures  # noqa: PLC0415 - registered once pytest's own fixtures are there

            manager.register(fixtures, "grader-fixtures")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        identifier = spec.check_id(metafunc.function)
        if identifier is None:
            if metafunc.function.__name__.startswith("check_"):
                raise UsageError(
                    f"{metafunc.definition.nodeid}: it has no @check(id); give it one, or rename it"
                )
            return
        practical = self._practical_of(Path(str(metafunc.definition.path)))
        row = practical.checks.get(identifier)
        if row is None:
            raise UsageError(
                f"{metafunc.definition.nodeid}: no check '{identifier}' in {practical.directory}/practical.toml;"
                " add its row there or correct the id"
            )
        programs = [p for p in row.programs if self._selection.wants(row.id, row.tier, p)]
        metafunc.parametrize("program_name", programs, ids=programs)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        checks = [item for item in items if spec.check_id(getattr(item, "function", None)) is not None]
        if self.collection_errors:
            return  # what could not be loaded comes first
        try:
            for directory, practical in self._practicals.items():
                modules = {module for module in self._modules if module.parent == directory}
                validate(practical, [item for item in checks if item.path.parent == directory], modules)
        except UsageError as error:
            self.error = error
            raise pytest.UsageError(str(error)) from error
        # Where the selection left no program, pytest made an item without one.
        items[:] = [item for item in checks if isinstance(_program_of(item), str)]
        for item in items:
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(CHECK_TIMEOUT, method="signal"))

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        if isinstance(collector, pytest.Module):
            self._modules.add(collector.path)
            if (collector.path.parent / "practical.toml").exists():
                self._practical_of(collector.path)

    # Running

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        try:
            for practical in self._practicals.values():
                self._grade(session, practical)
        except GraderError as error:
            self.error = error
            pytest.exit(str(error), returncode=3)
        except Exception as error:
            self.error = error
            raise
        return True

    def _grade(self, session: pytest.Session, practical: Practical) -> None:
        items = items_of(session, practical)
        cases = [case_of(item) for item in items]
        bodies: dict[str, Body] = {"build": build_body, "checks": functools.partial(serve, session, items)}
        plan = Plan(practical.name, self._selection, tuple(cases), self._jobs)
        cell = open_cell(self._submission, bodies, plan, self._sandbox)
        try:
            built = _build(cell, practical, self._selection)
            self._on_built(practical, built)
            indices = [number for number, item in enumerate(items) if _runnable(item, built)]
            self._on_plan(len(indices))
            dispatcher = Dispatcher(cell, built, cases, jobs=self._jobs)
            for index, result in dispatcher.run(indices):
                result.number = index
                self._on_case(practical, result)
                _report(items[index], result)
        finally:
            cell.close()
        for item in items:
            if not _runnable(item, built):
                _report_missing(item)

    def _practical_of(self, file: Path) -> Practical:
        directory = file.parent
        if directory not in self._practicals:
            self._practicals[directory] = load_practical(directory / "practical.toml")
        return self._practicals[directory]


class ServingEngine(Engine):
    """The engine of a worker that is no fork of the parent: it collects the same checks, and serves them."""

    def __init__(self, plan: Plan, practical: Practical, serve_in_room: Callable[[Body], None]) -> None:
        super().__init__(NoFiles(), plan.selection, [practical])
        self._plan = plan
        self._practical = practical
        self._serve_in_room = serve_in_room

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = items_of(session, self._practical)
        if self._plan.cases and tuple(case_of(item) for item in items) != self._plan.cases:
            raise CellError("the worker's image collects other checks than this program; make it again")
        self._serve_in_room(functools.partial(serve, session, items))
        return True


def items_of(session: pytest.Session, practical: Practical) -> list[pytest.Item]:
    """The practical's checks, in the order of its rubric: their places here are their numbers."""
    order = list(practical.checks)
    items = [item for item in session.items if item.path.parent == practical.directory]
    return sorted(items, key=lambda item: order.index(case_of(item).check))


def validate(practical: Practical, items: Sequence[pytest.Item], modules: set[Path]) -> None:
    """Rubric and checks must name each other, with the same sentence; else `UsageError`.

    `modules` are the files that were collected: rows without a function show only when all were.
    """
    functions: dict[str | None, pytest.Function] = {}
    for item in items:
        if isinstance(item, pytest.Function):
            earlier = functions.setdefault(spec.check_id(item.function), item)
            if earlier.originalname != item.originalname or earlier.path != item.path:
                raise UsageError(
                    f"{item.path.name}: '{item.originalname}' and '{earlier.originalname}' have the same check id"
                    f" '{spec.check_id(item.function)}'; one requirement has one function"
                )
    for identifier, item in functions.items():
        sentence = spec.requirement(item.function)
        stated = " ".join(practical.checks[str(identifier)].requirement.split())
        if sentence != stated:
            raise UsageError(
                f"{item.path.name}: the docstring of check '{identifier}' is not its requirement in practical.toml;"
                f" make them the same\n  docstring:   {sentence}\n  requirement: {stated}"
            )
    if modules >= set(practical.directory.glob("check_*.py")):
        orphans = practical.checks.keys() - functions.keys()
        if orphans:
            raise UsageError(
                f"{practical.directory}/practical.toml: no check function has the id '{min(orphans)}';"
                " write it in a check_*.py beside that file, or remove the row"
            )


def _program_of(item: pytest.Item) -> object:
    parameters = getattr(item, "callspec", None)
    return parameters.params.get("program_name") if parameters is not None else None


def _runnable(item: pytest.Item, built: Built) -> bool:
    """A program that did not build can still be asked whether it builds: those checks have no scene."""
    program = _program_of(item)
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


def _report_missing(item: pytest.Item) -> None:
    case = case_of(item)
    reason = f"{case.program} was not handed in or did not build"
    _report(item, CaseResult(case.check, case.program, case.label, "not_run", 0.0, reason))


def _build(cell: Cell, practical: Practical, selection: Selection) -> Built:
    worker = cell.start_worker("build")
    wanted = [
        p for p in practical.programs.values() if not selection.programs or p.name in selection.programs
    ]
    worker.connection.send_bytes(msgspec.json.encode(Order(practical.name, wanted)))
    try:
        return msgspec.json.decode(worker.connection.recv_bytes(), type=Built)
    except (EOFError, OSError) as error:
        words = bounded(printable(worker.last_words()), 1_000) or "its worker died"
        raise CellError(f"the sandbox ended during the build: {words}; see: grader doctor") from error
    finally:
        worker.connection.close()
        worker.kill()
