"""Grading what is known beforehand: by which checks `make test` asks, and what happens when a row does not hold.

A row that fails is graded once more, alone. What fails twice fails the test. What fails and then holds was decided by
something that no verdict may depend on: it is listed at the end of the run as unsteady, and more than a few fail the run.
"""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence

import pytest

from grader.practical import load_practicals
from grader.validation.subjects import Outcome, Subject, examine
from grader.warm import WarmGrader
from tests.alone import Stage

UNSTEADY_ALLOWED = 3
UNSTEADY = "unsteady"  #: the name of the property that reports carry to the end of the run


def share(subjects: Sequence[Subject], one_in: int) -> list[Subject]:
    """One in so many of each practical's, and one at least: always the same ones."""
    by_practical: defaultdict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        by_practical[subject.practical].append(subject)
    chosen: list[Subject] = []
    for members in by_practical.values():
        members.sort(key=lambda each: (zlib.crc32(each.name.encode()), each.name))
        chosen += members[: math.ceil(len(members) / one_in)]
    return chosen


def some_checks(subject: Subject, one_in: int) -> tuple[str, ...]:
    """One in so many of the checks, other ones for other subjects: together they are asked of many."""
    checks = load_practicals()[subject.practical].checks
    return tuple(check for check in checks if zlib.crc32(f"{subject.name} {check}".encode()) % one_in == 0)


class Rows:
    """Holds subjects to what they must come to."""

    def __init__(self, warm: WarmGrader, stage: Stage, record: Callable[[str, object], None]) -> None:
        self._warm = warm
        self._stage = stage
        self._record = record

    def hold(
        self,
        subject: Subject,
        *,
        checks: tuple[str, ...] = (),
        sandbox: str | None = None,
        problems: Callable[[Outcome], Sequence[str]] | None = None,
    ) -> Outcome:
        """Its outcome, which is right: it has no `problems`, by its row if nothing else is given."""
        problems = problems or (lambda outcome: outcome.problems(checks))
        first = examine(subject, self._warm, checks=checks, sandbox=sandbox)
        if not problems(first):
            return first
        with self._stage.alone():
            second = examine(subject, self._warm, checks=checks, sandbox=sandbox)
        told = [
            "graded beside others:",
            *(f"  {problem}" for problem in problems(first)),
            "graded once more, alone:",
            *(f"  {problem}" for problem in problems(second) or ["as its row says"]),
        ]
        if problems(second):
            pytest.fail("\n".join(told), pytrace=False)
        self._record(UNSTEADY, [f"{subject.practical} {subject.kind} {subject.name}", *told])
        return second


def unsteady(terminalreporter: pytest.TerminalReporter) -> list[list[str]]:
    """What the tests of this run have recorded."""
    return [
        lines
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, lines in getattr(report, "user_properties", ())
        if name == UNSTEADY and report.when == "call"
    ]
