"""What is heard of a grading while it goes on, and what all of it comes to."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Sequence

from grader import verdicts
from grader.build import Built
from grader.job import CaseResult, Results, Selection, Verdict
from grader.practical import Practical


class Listener:
    """What a progress display may want to know; every method does nothing here."""

    def opened(self, name: str, notes: Sequence[str], practicals: Sequence[Practical], /) -> None:
        """The submission could be opened; it is going to be graded by these practicals."""

    def built(self, practical: Practical, built: Built, /) -> None:
        """The build has ended."""

    def planned(self, cases: int, /) -> None:
        """So many cases of the practical at hand are going to run."""

    def case(self, practical: Practical, result: CaseResult, /) -> None:
        """One case has its result."""


class Record(Listener):
    """Keeps what it hears, and passes it on."""

    def __init__(self, heard: Listener) -> None:
        self._heard = heard
        self._name = ""
        self._notes: list[str] = []
        self._practicals: Sequence[Practical] = ()
        self._builds: dict[str, Built] = {}
        self._cases: dict[str, list[CaseResult]] = {}

    def opened(self, name: str, notes: Sequence[str], practicals: Sequence[Practical], /) -> None:
        self._name, self._practicals = name, practicals
        self._notes += notes
        self._heard.opened(name, notes, practicals)

    def built(self, practical: Practical, built: Built, /) -> None:
        self._builds[practical.name] = built
        self._heard.built(practical, built)

    def planned(self, cases: int, /) -> None:
        self._heard.planned(cases)

    def case(self, practical: Practical, result: CaseResult, /) -> None:
        self._cases.setdefault(practical.name, []).append(result)
        self._heard.case(practical, result)

    def results(self, selection: Selection, sandbox: str) -> Results:
        """Everything folded, in the order of the rubrics: what was not heard of is `not_run`."""
        rows: list[Verdict] = []
        for practical in self._practicals:
            built = self._builds.get(practical.name, Built())
            rows += verdicts.fold(practical, selection, built, self._cases.get(practical.name, ()))
        builds = self._builds.values()
        return verdicts.results(
            self._name,
            rows,
            build=[step for built in builds for step in built.steps],
            notes=[*self._notes, *(note for built in builds for note in built.notes)],
            environment=environment(sandbox),
        )


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
