"""Run jobs, several at a time, and survive whatever one of them does: here, or wherever an executor puts them.

Trouble with a submission is its own: a grading that ended unexpectedly is tried again, and in the end given up for that one
alone; a warm process that is gone is started anew. A machine that refuses one job after the other ends the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol, Self

import msgspec

from grader.errors import BadSubmissionError, CellError
from grader.job import Results, Selection
from grader.practical import Practical
from grader.warm import WarmGrader

_TRIES = 2  #: of a job whose grading ends unexpectedly
_REFUSED = 3  #: jobs that cannot be graded, one after the other with none that can: it is the machine
_WORKERS = 2  #: for the checks of one grading: more rooms cost more than they save where many are graded


class Job(msgspec.Struct, frozen=True):
    """One submission by one practical."""

    key: str
    content: str
    practical: str
    path: Path


class Outcome(msgspec.Struct, frozen=True):
    """What became of one job."""

    seconds: float = 0.0
    results: Results | None = None
    trouble: str = ""  #: why there are no results
    undecided: bool = False  #: the trouble is not known to be the submission's


class Engine(Protocol):
    """Something that runs jobs, for as long as its `with` lasts."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
        """Each as it ends. Raises `CellError` when no sandbox is to be had."""


class Reviving:
    """A warm grader that is started anew when its process has died. Several threads may use it."""

    def __init__(self, practicals: Sequence[Practical]) -> None:
        self._practicals = practicals
        self._lock = threading.Lock()
        self._closed = False
        self._warm = WarmGrader(practicals)

    def close(self) -> None:
        """End it, and what is being graded."""
        with self._lock:
            self._closed = True
        self._warm.close()

    def outcome(self, path: Path, practical: str, selection: Selection, sandbox: str) -> Outcome:
        started = time.monotonic()
        trouble = ""
        for _ in range(_TRIES):
            warm = self._warm
            try:
                results = warm.grade(
                    path, practicals=[practical], selection=selection, jobs=_WORKERS, sandbox=sandbox
                )
                return Outcome(time.monotonic() - started, results)
            except BadSubmissionError as error:
                return Outcome(time.monotonic() - started, trouble=str(error))
            except CellError as error:
                trouble = str(error)
                self._revive(warm)
        return Outcome(time.monotonic() - started, trouble=trouble, undecided=True)

    def _revive(self, warm: WarmGrader) -> None:
        with self._lock:
            if warm is self._warm and not warm.alive() and not self._closed:
                warm.close()
                self._warm = WarmGrader(self._practicals)


class Local:
    """The cores of this machine."""

    def __init__(
        self, practicals: Sequence[Practical], selection: Selection, sandbox: str, jobs: int
    ) -> None:
        self._practicals = practicals
        self._selection = selection
        self._sandbox = sandbox
        self._jobs = jobs

    def __enter__(self) -> Self:
        self._warm = Reviving(self._practicals)
        return self

    def __exit__(self, *_: object) -> None:
        self._warm.close()

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
        pool = ThreadPoolExecutor(self._jobs)
        try:
            yield from completed(jobs, lambda job: pool.submit(self._grade, job), self._jobs)
        finally:
            self._warm.close()  # ends what is still being graded, so that no thread goes on
            pool.shutdown(cancel_futures=True)

    def _grade(self, job: Job) -> Outcome:
        return self._warm.outcome(job.path, job.practical, self._selection, self._sandbox)


def completed(
    jobs: Sequence[Job], submit: Callable[[Job], Future[Outcome]], at_once: int
) -> Iterator[tuple[Job, Outcome]]:
    """Each job as it ends; no more than `at_once` are handed out: what is not begun needs no undoing."""
    waiting = iter(jobs)
    running: dict[Future[Outcome], Job] = {}
    refused = 0
    while True:
        for job in waiting:
            running[submit(job)] = job
            if len(running) >= at_once:
                break
        if not running:
            return
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            job, outcome = running.pop(future), future.result()
            refused = refused + 1 if outcome.undecided else 0
            if refused == _REFUSED:
                raise CellError(outcome.trouble)
            yield job, outcome
