"""pytest's part before a grading: the checks are loaded once, each for its programs, and held to their rubric."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from grader import spec
from grader.cases import case_of, program_of
from grader.errors import GraderBugError, UsageError
from grader.job import Selection
from grader.practical import Practical, load_practical

#: Seconds after which pytest-timeout ends a check from inside; the dispatcher's ceiling comes later.
CHECK_TIMEOUT = 120

#: What pytest need not do here; `unraisableexception` collects garbage five times over before it ends.
_LEFT_OUT = ("terminal", "cacheprovider", "logging", "unraisableexception", "threadexception")
_NO_AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"


class Collection:
    """A pytest plugin that collects the checks of these practicals, and of those that pytest finds by itself."""

    def __init__(self, practicals: Sequence[Practical] = ()) -> None:
        self.practicals = {practical.directory: practical for practical in practicals}
        self.error: Exception | None = None  #: why the run could not go on, if so
        self.collection_errors: list[str] = []
        self._modules: set[Path] = set()

    def pytest_configure(self, config: pytest.Config) -> None:
        """Checks are collected whichever configuration file pytest found."""
        config.addinivalue_line("python_files", "check_*.py")
        config.addinivalue_line("python_functions", "check_*")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.collection_errors.append(report.longreprtext)

    def pytest_plugin_registered(self, plugin: object, manager: pytest.PytestPluginManager) -> None:
        if plugin is self and not manager.has_plugin("grader-fixtures"):
            from grader.stage import fixtures  # noqa: PLC0415 - registered once pytest's own fixtures are there

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
        metafunc.parametrize("program_name", row.programs, ids=row.programs)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        checks = [item for item in items if spec.check_id(getattr(item, "function", None)) is not None]
        if self.collection_errors:
            return  # what could not be loaded comes first
        try:
            for directory, practical in self.practicals.items():
                modules = {module for module in self._modules if module.parent == directory}
                validate(practical, [item for item in checks if item.path.parent == directory], modules)
        except UsageError as error:
            self.error = error
            raise pytest.UsageError(str(error)) from error
        items[:] = [item for item in checks if program_of(item) is not None]
        for item in items:
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(CHECK_TIMEOUT, method="signal"))

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        if isinstance(collector, pytest.Module):
            self._modules.add(collector.path)
            if (collector.path.parent / "practical.toml").exists():
                self._practical_of(collector.path)

    def _practical_of(self, file: Path) -> Practical:
        directory = file.parent
        if directory not in self.practicals:
            self.practicals[directory] = load_practical(directory / "practical.toml")
        return self.practicals[directory]


def items_of(session: pytest.Session, practical: Practical, selection: Selection) -> list[pytest.Item]:
    """The practical's selected checks, in the order of its rubric: their places here are their numbers."""
    order = {identifier: number for number, identifier in enumerate(practical.checks)}
    found = []
    for item in session.items:
        if item.path.parent == practical.directory:
            case = case_of(item)
            if selection.wants(case.check, practical.checks[case.check].tier, case.program):
                found.append((order[case.check], item))
    return [item for _, item in sorted(found, key=lambda pair: pair[0])]


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


def run_pytest(engine: Collection, practicals: Sequence[Practical]) -> None:
    """Run the engine under pytest, which collects, makes fixtures and rewrites assertions."""
    directories = [str(practical.directory) for practical in practicals]
    root = practicals[0].directory.parent
    plugins = ["pytest_timeout", *(f"no:{name}" for name in _LEFT_OUT)]
    arguments = [
        *(f"-p{name}" for name in plugins),
        "--capture=no",
        f"--rootdir={root}",
        "-c",
        str(root / "pytest.ini"),
        *directories,
    ]
    with _without_the_users_options():
        status = pytest.main(arguments, plugins=[engine])
    if engine.error is not None:
        raise engine.error
    if status == pytest.ExitCode.INTERRUPTED and not engine.collection_errors:
        raise KeyboardInterrupt
    if engine.collection_errors:
        raise UsageError("a check file cannot be loaded:\n" + "\n".join(engine.collection_errors))
    if status == pytest.ExitCode.USAGE_ERROR:
        raise UsageError(
            f"the checks below {root} cannot be loaded; see pytest's words above (a conftest.py?)"
        )
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise GraderBugError(f"pytest ended with {status!r}")


@contextlib.contextmanager
def _without_the_users_options() -> Iterator[None]:
    """Options and plugins that somebody's environment gives to every pytest are not meant for this one."""
    names = [name for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", _NO_AUTOLOAD) if name in os.environ]
    saved = {name: os.environ.pop(name) for name in names}
    os.environ[_NO_AUTOLOAD] = "1"
    try:
        yield
    finally:
        del os.environ[_NO_AUTOLOAD]
        os.environ.update(saved)
