"""Which experiments there are: functions in specs/experiments/*.py, marked with `@experiment`."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from grader.errors import GraderBugError, UsageError
from grader.practical import specs_directory

if TYPE_CHECKING:
    from grader.experiments.stage import Stage

F = TypeVar("F", bound="Callable[[Stage], None]")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One experiment; `why` is the sentence that explains what is seen."""

    name: str
    slide: str
    programs: tuple[str, ...]
    why: str
    run: Callable[[Stage], None]


def experiment(name: str, *, slide: str, programs: Sequence[str]) -> Callable[[F], F]:
    """Mark a function as an experiment; its docstring says why what is seen happens."""

    def tie(function: F) -> F:
        why = " ".join((inspect.getdoc(function) or "").split())
        function.__grader_experiment__ = Experiment(name, slide, tuple(programs), why, function)  # type: ignore[attr-defined]  # a mark, as for checks
        return function

    return tie


def load_experiments() -> dict[str, Experiment]:
    """All experiments by name, in the order of files and lines."""
    found: dict[str, Experiment] = {}
    for file in sorted((specs_directory() / "experiments").glob("*.py")):
        for function in vars(_module(file)).values():
            mark = getattr(function, "__grader_experiment__", None)
            if isinstance(mark, Experiment):
                found.setdefault(mark.name, mark)
    return found


def named(name: str) -> Experiment:
    """The experiment of this name; `UsageError` that lists them when there is none."""
    experiments = load_experiments()
    if name not in experiments:
        raise UsageError(f"there is no experiment '{name}'; there are: {', '.join(experiments)}")
    return experiments[name]


def _module(file: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"grader_experiments_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise GraderBugError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
