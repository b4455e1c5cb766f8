"""Run jobs on a warm grader, several at a time, and survive whatever one of them does.

Trouble with a submission is its own: a grading that ended unexpectedly is tried again, and in the end given up for that one
alone; a warm process that is gone is started anew. A machine that refuses one job after the other ends the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Self

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


class Finished(msgspec.Struct, frozen=True):
    job: Job
    seconds: float
    results: Results | None = None
    trouble: str = ""  #: why there are no results
    undecided: bool = False  #: the trouble is not known to be the submission's


class Local:
    """The cores of this machine, for as long as the `with` lasts."""

    def __init__(
        self, practicals: Sequence[Practical], selection: Selection, sandbox: str, jobs: int
    ) -> None:
        self._practicals = practicals
        self._selection = selection
        self._sandbox = sandbox
        self._jobs = jobs
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        self._warm = WarmGrader(self._practicals)
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        with self._lock:
            self._closed = True
        self._warm.close()

    def run(self, jobs: Sequence[Job]) -> Iterator[Finished]:
        """Each as it ends. Raises `CellError` when the machine gives no sandbox."""
        pool = ThreadPoolExecutor(self._jobs)
        waiting = iter(jobs)
        running: set[Future[Finished]] = set()
        refused = 0
        try:
            while True:
                for (
                    job
                ) in waiting:  # no more than run at once are handed out: what is not begun needs no undoing
                    running.add(pool.submit(self._grade, job))
                    if len(running) >= self._jobs:
                        break
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    finished = future.result()
                    refused = refused + 1 if finished.undecided else 0
                    if refused == _REFUSED:
                        raise CellError(finished.trouble)
                    yield finished
        finally:
            self._close()  # ends what is still being graded, so that no thread goes on
            pool.shutdown(cancel_futures=True)

    def _grade(self, job: Job) -> Finished:
        started = time.monotonic()
        trouble = ""
        for _ in range(_TRIES):
            warm = self._warm
            try:
                results = warm.grade(
                    job.path,
                    practicals=[job.practical],
                    selection=self._selection,
                    jobs=_WORKERS,
                    sandbox=self._sandbox,
                )
                return Finished(job, time.monotonic() - started, results)
            except BadSubmissionError as error:
                return Finished(job, time.monotonic() - started, trouble=str(error))
            except CellError as error:
                trouble = str(error)
                self._revive(warm)
        return Finished(job, time.monotonic() - started, trouble=trouble, undecided=True)

    def _revive(self, warm: WarmGrader) -> None:
        """A new warm process in place of one that has ended."""
        with self._lock:
            if warm is self._warm and not warm.alive() and not self._closed:
                warm.close()
                self._warm = WarmGrader(self._practicals)
