"""Examine many subjects on all cores."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from grader.errors import GraderError
from grader.validation.subjects import Outcome, Subject, examine


def examine_all(
    subjects: Sequence[Subject], jobs: int | None = None, sandbox: str | None = None
) -> Iterator[Outcome]:
    """The outcome of each subject, in the order in which they end."""
    context = multiprocessing.get_context("spawn")  # each grading runs a pytest of its own: no shared state
    workers = jobs or 2 * len(os.sched_getaffinity(0))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_interrupts_to_the_parent)
    try:
        futures = {pool.submit(_examine, subject, sandbox): subject for subject in subjects}
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _examine(subject: Subject, sandbox: str | None) -> Outcome:
    try:
        return examine(subject, sandbox=sandbox)
    except GraderError as error:
        return Outcome(subject, trouble=f"it could not be graded: {error}")
    except Exception as error:  # noqa: BLE001 - one subject's trouble must not end the others
        return Outcome(subject, trouble=f"{type(error).__name__}: {error}")


def _leave_interrupts_to_the_parent() -> None:
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
