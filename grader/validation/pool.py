"""Examine many subjects on all cores."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from grader.errors import GraderError
from grader.practical import Practical
from grader.validation.subjects import Outcome, Subject, examine
from grader.warm import WarmGrader


def examine_all(
    subjects: Sequence[Subject],
    practicals: Sequence[Practical],
    jobs: int | None = None,
    sandbox: str | None = None,
) -> Iterator[Outcome]:
    """The outcome of each subject, in the order in which they end."""
    pool = ThreadPoolExecutor(jobs or 2 * len(os.sched_getaffinity(0)))
    try:
        with WarmGrader(practicals) as warm:
            futures = [pool.submit(_examine, subject, warm, sandbox) for subject in subjects]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)  # the end of the grader ends what still runs
    finally:
        pool.shutdown()


def _examine(subject: Subject, warm: WarmGrader, sandbox: str | None) -> Outcome:
    try:
        return examine(subject, warm, sandbox=sandbox)
    except GraderError as error:
        return Outcome(subject, trouble=f"it could not be graded: {error}")
    except Exception as error:  # noqa: BLE001 - one subject's trouble must not end the others
        return Outcome(subject, trouble=f"{type(error).__name__}: {error}")
