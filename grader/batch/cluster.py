"""Run jobs on a Dask cluster: any machines that have this package and a sandbox, behind one scheduler.

A submission travels as a tar archive in memory, so the workers need no file system in common. A worker that dies loses
nothing: the scheduler gives its jobs to another one. Workers with other checks, or another grader, refuse.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import socket
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import msgspec

from grader.batch.engine import Job, Outcome, Reviving, completed
from grader.errors import BadSubmissionError, CellError, UsageError
from grader.job import Selection
from grader.practical import Practical, load_practicals
from grader.submission import open_submission
from grader.text import bounded, printable
from grader.validation.depends import grading

_CONNECT_CEILING = 10  #: seconds until a scheduler has answered
_SAID = 300  #: characters of an error that is nobody's words of ours
_AHEAD = 2  #: jobs handed out for each thread of the workers, so that none waits for the next


class Cluster:
    """The workers of the scheduler at `address`; raises `UsageError` when it cannot be used."""

    def __init__(
        self, address: str, practicals: Sequence[Practical], selection: Selection, sandbox: str
    ) -> None:
        self._address = address
        self._versions = {practical.name: grading(practical) for practical in practicals}
        self._selection = selection
        self._sandbox = sandbox

    def __enter__(self) -> Self:
        self._client = connected(self._address)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Outcome]]:
        threads = sum(self._client.nthreads().values())
        if not threads:
            raise UsageError(
                f"the scheduler at {self._address} has no workers; start some with: dask worker {self._address}"
            )
        executor = self._client.get_executor(pure=False)
        try:
            yield from completed(jobs, functools.partial(self._submit, executor), _AHEAD * threads)
        finally:
            executor.shutdown(wait=False)  # and what has not ended is cancelled

    def _submit(self, executor: Any, job: Job) -> Future[Outcome]:
        try:
            package = packed(job.path)
        except BadSubmissionError as error:  # it has changed since it was looked at
            return _over(Outcome(trouble=str(error), undecided=True))
        version = self._versions[job.practical]
        return _guarded(executor.submit(graded, package, job, version, self._selection, self._sandbox))


def connected(address: str) -> Any:
    """Dask's client, which has no types; the package is an extra, and slow to import."""
    try:
        distributed = importlib.import_module("distributed")
    except ImportError:
        raise UsageError("--scheduler needs the extra: pip install 'socket-grader[cluster]'") from None
    try:
        return distributed.Client(address, timeout=_CONNECT_CEILING)
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise UsageError(f"no scheduler answers at {address}: {error or type(error).__name__}") from error


def packed(path: Path) -> bytes:
    """A submission's files as a tar archive; raises `BadSubmissionError`."""
    file = io.BytesIO()
    with open_submission(path) as submission, tarfile.open(fileobj=file, mode="w") as archive:
        for each in submission.files:
            content = submission.read(each.path, each.size)
            member = tarfile.TarInfo(f"submission/{each.path}")  # the one folder around it is taken off again
            member.size, member.mode = len(content), 0o755 if each.executable else 0o644
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def graded(package: bytes, job: Job, version: str, selection: Selection, sandbox: str) -> Outcome:
    """What a worker runs; the job's path is the other machine's."""
    known = load_practicals()
    if job.practical not in known or grading(known[job.practical]) != version:
        return Outcome(
            trouble=f"the worker on {socket.gethostname()} has another version of the grader or its checks",
            undecided=True,
        )
    distributed = importlib.import_module("distributed")
    own = distributed.get_worker().local_directory  # Dask removes what a killed worker has left there
    with tempfile.TemporaryDirectory(prefix="grader-", dir=own) as folder:
        place = Path(folder) / "submission.tar"
        place.write_bytes(package)
        return _warm().outcome(msgspec.structs.replace(job, path=place), selection, sandbox)


@functools.cache
def _warm() -> Reviving:
    """One for each worker process; it ends with it."""
    return Reviving(list(load_practicals().values()))


def _over(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future


def _guarded(sent: Future[Outcome]) -> Future[Outcome]:
    """The same, but an error on the way (its workers died one after the other) is this job's trouble."""
    future: Future[Outcome] = Future()

    def ended(done: Future[Outcome]) -> None:
        error = done.exception() if not done.cancelled() else CellError("it was cancelled")
        if error is None:
            future.set_result(done.result())
        else:
            with contextlib.suppress(RuntimeError):
                future.set_result(
                    Outcome(
                        trouble=bounded(printable(f"{type(error).__name__}: {error}"), _SAID), undecided=True
                    )
                )

    sent.add_done_callback(ended)
    return future
