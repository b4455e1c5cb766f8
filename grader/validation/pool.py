"""Examine many subjects on all cores, and only by the checks whose outcome is not known from before."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import msgspec

from grader.errors import GraderError
from grader.practical import Practical
from grader.validation.kept import ABSENT, Entry, Kept
from grader.validation.subjects import Outcome, Subject, examine
from grader.warm import WarmGrader

GRADINGS = 8  #: at the same time, for each core: checks mostly wait


class Examined(msgspec.Struct, frozen=True):
    """One outcome, whole, and how many of its checks were not asked again."""

    outcome: Outcome
    known: int


class Examiner:
    """Knows what was found out before; with `fresh` it asks everything, and remembers it."""

    def __init__(
        self,
        practicals: Sequence[Practical],
        kept: Kept,
        *,
        jobs: int | None = None,
        sandbox: str | None = None,
        fresh: bool = False,
        problems: Callable[[Outcome], Sequence[str]] = Outcome.problems,
    ) -> None:
        """What has `problems` is not remembered."""
        self._practicals = {practical.name: practical for practical in practicals}
        self._kept = kept
        self._jobs = jobs or GRADINGS * len(os.sched_getaffinity(0))
        self._sandbox = sandbox
        self._fresh = fresh
        self._problems = problems

    def examine(self, subjects: Sequence[Subject]) -> Iterator[Examined]:
        """The outcome of each subject, in the order in which they end."""
        pool = ThreadPoolExecutor(self._jobs)
        try:
            with WarmGrader(list(self._practicals.values())) as warm:
                futures = [pool.submit(self._examine, subject, warm) for subject in subjects]
                try:
                    for future in as_completed(futures):
                        yield future.result()
                finally:
                    pool.shutdown(wait=False, cancel_futures=True)  # the grader's end ends what still runs
        finally:
            pool.shutdown()

    def _examine(self, subject: Subject, warm: WarmGrader) -> Examined:
        asked = subject.checks(self._practicals[subject.practical])
        known = {} if self._fresh else self._kept.of(subject, asked)
        missing = tuple(check for check in asked if check not in known)
        try:
            outcome = Outcome(subject)
            if missing:
                outcome = examine(
                    subject,
                    warm,
                    checks=missing if known else (),
                    sandbox=self._sandbox,
                    jobs=1,  # many gradings at once: each further worker of one costs a room of its own
                )
            _complete(outcome, known, asked)
        except GraderError as error:
            return Examined(Outcome(subject, trouble=f"it could not be graded: {error}"), 0)
        except Exception as error:  # noqa: BLE001 - one subject's trouble must not end the others
            return Examined(Outcome(subject, trouble=f"{type(error).__name__}: {error}"), 0)
        if missing and not self._problems(outcome):
            self._kept.keep(outcome, asked)
        return Examined(outcome, sum(entry.status != ABSENT for entry in known.values()))


def _complete(outcome: Outcome, known: dict[str, Entry], order: Sequence[str]) -> None:
    """Add what was known, in the rubric's order."""
    for check, entry in known.items():
        if entry.status != ABSENT:
            outcome.statuses[check] = entry.status
            outcome.messages[check] = entry.message
            outcome.seconds[check] = entry.seconds
    outcome.statuses = {check: outcome.statuses[check] for check in order if check in outcome.statuses}
