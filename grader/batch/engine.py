"""Run jobs, several at a time, and survive whatever one of them does: here, or wherever an executor puts them.

Trouble with a submission is its own: a grading that ended unexpectedly is tried again, and in the end given up for that one
alone; a warm process that is gone is started anew. Where nothing at all can be graded it is the machine, and the rest is not tried.
What was graded must be what was looked at before: a folder that changed meanwhile is undecided.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Protocol, Self

import msgspec

from grader import repeats
from grader.batch.content import content_at
from grader.dispatch import GROWTH
from grader.errors import BadSubmissionError, CellError, GraderError, UsageError
from grader.job import Results, Selection
from grader.practical import Practical
from grader.warm import WarmGrader

_TRIES = 2  #: of a job whose grading ends unexpectedly
_REFUSED = 3  #: submissions that cannot be graded, before any that can: it is the machine
_WORKERS = 2  #: for the checks of one grading: more rooms cost more than they save where many are graded


class Job(msgspec.Struct, frozen=True):
    """One submission by one practical."""

    key: str
    content: str
    practical: str
    path: Path
    times: int = 1  #: that it is graded


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
        """Each as it ends, whatever becomes of it. Raises `UsageError` for broken checks."""


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

    def outcome(self, job: Job, selection: Selection, sandbox: str) -> Outcome:
        """Of as many gradings as the job wants, together; undecided as soon as one of them is not there."""
        rounds = []
        started = time.monotonic()
        for _ in range(job.times):
            found = self._outcome(job, selection, sandbox)
            if found.results is None:
                return msgspec.structs.replace(found, seconds=time.monotonic() - started)
            rounds.append(found.results)
        return Outcome(time.monotonic() - started, repeats.together(rounds))

    def _outcome(self, job: Job, selection: Selection, sandbox: str) -> Outcome:
        trouble = ""
        for _ in range(_TRIES):
            warm = self._warm
            try:
                results = warm.grade(
                    job.path,
                    practicals=[job.practical],
                    selection=selection,
                    jobs=_WORKERS,
                    most=GROWTH * _WORKERS,
                    sandbox=sandbox,
                )
                if content_at(job.path) != job.content:
                    raise CellError("it was changed while the class was being graded; grade it again")
                return Outcome(results=results)
            except BadSubmissionError as error:
                trouble = str(error)  # it could be opened before: it has been changed since
            except UsageError:
                raise
            except GraderError as error:
                trouble = str(error)
                self._revive(warm)
            except OSError as error:
                trouble = f"this machine: {error.strerror}"
        return Outcome(trouble=trouble, undecided=True)

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
        return self._warm.outcome(job, self._selection, self._sandbox)


def completed(
    jobs: Sequence[Job], submit: Callable[[Job], Future[Outcome]], at_once: int
) -> Iterator[tuple[Job, Outcome]]:
    """Each job as it ends; no more than `at_once` are handed out: what is not begun needs no undoing."""
    waiting = iter(jobs)
    running: dict[Future[Outcome], Job] = {}
    refused: set[str] = set()  #: contents; a student's own doing must not end the run for all
    graded = False
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
            graded = graded or not outcome.undecided
            if outcome.undecided:
                refused.add(job.content)
            yield job, outcome
            if not graded and len(refused) >= _REFUSED:
                for left in [*running.values(), *waiting]:
                    yield left, Outcome(trouble=f"nothing could be graded: {outcome.trouble}", undecided=True)
                return
