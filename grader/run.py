"""A job from submission to results, whatever happens on the way."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
from collections.abc import Iterator, Sequence

import pytest

from grader import verdicts
from grader.build import Built
from grader.cells import chosen_sandbox
from grader.engine import Engine
from grader.errors import GraderBugError, UsageError
from grader.job import CaseResult, Results, Selection, Verdict
from grader.practical import Practical
from grader.rubric import Rubric, applied
from grader.submission import Submission

#: What pytest need not do here; `unraisableexception` collects garbage five times over before it ends.
_LEFT_OUT = ("terminal", "cacheprovider", "logging", "unraisableexception", "threadexception")
_NO_AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"


class Listener:
    """What a progress display may want to know; every method does nothing here."""

    def planned(self, cases: int, /) -> None:
        """So many cases of the practical at hand are going to run."""

    def built(self, _practical: Practical, built: Built, /) -> None:
        """The build has ended."""

    def case(self, _practical: Practical, result: CaseResult, /) -> None:
        """One case has its result."""


def grade(
    submission: Submission,
    practicals: Sequence[Practical],
    selection: Selection,
    *,
    jobs: int | None = None,
    sandbox: str | None = None,
    listener: Listener | None = None,
    rubric: Rubric | None = None,
) -> Results:
    """Grade one submission, with the points of specs/ or by `rubric`.

    Raises `UsageError` for broken specs, `CellError` without a sandbox.
    """
    heard = listener or Listener()
    selection = rubric.narrowed(selection) if rubric is not None else selection
    cases: dict[str, list[CaseResult]] = {practical.name: [] for practical in practicals}
    builds: dict[str, Built] = {}

    def on_case(practical: Practical, result: CaseResult) -> None:
        cases[practical.name].append(result)
        heard.case(practical, result)

    def on_built(practical: Practical, built: Built) -> None:
        builds[practical.name] = built
        heard.built(practical, built)

    engine = Engine(
        submission,
        selection,
        practicals,
        jobs=jobs,
        sandbox=sandbox,
        on_built=on_built,
        on_case=on_case,
        on_plan=heard.planned,
    )
    run_pytest(engine, practicals)
    rows: list[Verdict] = []
    for practical in practicals:
        built = builds.get(practical.name, Built())
        rows += verdicts.fold(practical, selection, built, cases[practical.name])
    found = verdicts.results(
        submission.name,
        rows,
        build=[step for built in builds.values() for step in built.steps],
        notes=[*submission.notes, *(note for built in builds.values() for note in built.notes)],
        environment=environment(chosen_sandbox(sandbox)),
    )
    return found if rubric is None else applied(found, rubric)


def run_pytest(engine: Engine, practicals: Sequence[Practical]) -> None:
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


def environment(sandbox: str) -> dict[str, str]:
    """What may explain a difference between two runs."""
    return {
        "grader": importlib.metadata.version("socket-grader"),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "sandbox": sandbox,
    }
