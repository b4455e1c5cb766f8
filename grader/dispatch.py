"""Hand check items to the workers of one cell and survive whatever happens to them."""

from __future__ import annotations

import collections
import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait

import msgspec

from grader.build import Built
from grader.cells.base import Cell, WorkerHandle
from grader.errors import CellError
from grader.job import Case, CaseResult, Evidence

#: Seconds that a check may take before its worker is killed: pytest-timeout, inside, comes first.
CHECK_CEILING = 150.0
#: Seconds for all checks of one practical; what has not run then is reported as `not_run`.
JOB_CEILING = 900.0
#: Workers that may die at their start before the run is given up.
_STARTS_LOST = 5

#: A server that took so many seconds and still did not listen (or was costly), so many times, is not started
#: again.
_SLOW_START, _SLOW_STARTS = 5.0, 2


class _Busy(msgspec.Struct):
    """A worker and the item that it has in hand."""

    handle: WorkerHandle
    index: int | None = None
    since: float = 0.0


class Dispatcher:
    """Runs items by index; what is inconclusive is tried once more in a fresh cell half-way."""

    def __init__(self, cell: Cell, built: Built, cases: Sequence[Case], *, jobs: int | None = None) -> None:
        self._cell = cell
        self._built = msgspec.json.encode(built)
        self._cases = cases
        # Checks mostly wait for the kernel: three workers keep a core busy.
        self._jobs = jobs or 3 * len(os.sched_getaffinity(0))
        self._deadline = time.monotonic() + JOB_CEILING

    def run(self, indices: Sequence[int]) -> Iterator[tuple[int, CaseResult]]:
        """Each item's final result, in the order in which they end."""
        again: dict[int, CaseResult] = {}
        for index, result in self._round(indices):
            if result.status == "inconclusive":
                again[index] = result
            else:
                yield index, result
        for index, result in self._round(list(again)):
            first, result.seconds = again[index], result.seconds + again[index].seconds
            if result.status == "inconclusive" and result.message != first.message:
                result.message += f" (the first time: {first.message})"
            yield index, result

    def _round(self, indices: Sequence[int]) -> Iterator[tuple[int, CaseResult]]:
        """One pass over the items with workers, rooms and networks that nobody used before."""
        queue = collections.deque(indices)
        slow_starts: collections.Counter[str] = collections.Counter()
        lost = 0
        workers = [self._start() for _ in range(min(self._jobs, len(queue)))]
        try:
            for worker in workers:
                self._give(worker, queue)
            while any(worker.index is not None for worker in workers):
                for worker in self._ready(workers):
                    index = worker.index
                    assert index is not None
                    result = self._take(worker)
                    if result is None:  # the worker is dead; its item is what killed it
                        yield index, self._verdict(index, worker)
                        lost += 1
                        worker.handle.connection.close()
                        if lost > _STARTS_LOST + len(indices) // 4:
                            raise CellError("workers keep dying; see the first error above")
                        worker.handle = self._start().handle
                    else:
                        yield index, result
                        program = self._cases[index].program
                        slow = result.costly or result.seconds > _SLOW_START
                        slow_starts[program] += result.not_serving and slow
                        if slow_starts[program] == _SLOW_STARTS:
                            yield from self._give_up(program, result, queue)
                    worker.index = None
                    if time.monotonic() < self._deadline:
                        self._give(worker, queue)
            for index in queue:
                case = self._cases[index]
                reason = (
                    f"the time for the whole submission ({JOB_CEILING:.0f} s) was over before this check ran"
                )
                yield index, CaseResult(case.check, case.program, case.label, "not_run", 0.0, reason)
        finally:
            for worker in workers:
                worker.handle.connection.close()
                worker.handle.kill()

    def _give_up(
        self, program: str, last: CaseResult, queue: collections.deque[int]
    ) -> Iterator[tuple[int, CaseResult]]:
        """A server that hangs before it listens would cost every check the full ceiling."""
        for index in list(queue):
            case = self._cases[index]
            if case.program == program and case.serves:
                queue.remove(index)
                yield index, msgspec.structs.replace(last, check=case.check, case=case.label, seconds=0.0)

    def _start(self) -> _Busy:
        worker = _Busy(self._cell.start_worker("checks"))
        with contextlib.suppress(OSError):  # it is dead already: its first item will show that
            worker.handle.connection.send_bytes(self._built)
        return worker

    def _give(self, worker: _Busy, queue: collections.deque[int]) -> None:
        if not queue:
            return
        worker.index = queue.popleft()
        worker.since = time.monotonic()
        with contextlib.suppress(OSError):  # it is dead: reading from it will say so
            worker.handle.connection.send_bytes(msgspec.json.encode(worker.index))

    def _ready(self, workers: Sequence[_Busy]) -> list[_Busy]:
        """Busy workers that answered or died; one that has had its item for too long is killed."""
        busy = {worker.handle.connection: worker for worker in workers if worker.index is not None}
        now = time.monotonic()
        limits = {connection: worker.since + CHECK_CEILING - now for connection, worker in busy.items()}
        ready = wait(list(busy), timeout=max(0.0, min(limits.values())))
        if not ready:
            late = min(busy.values(), key=lambda worker: worker.since)
            late.handle.kill()
            return [late]
        return [worker for connection, worker in busy.items() if connection in ready]

    def _take(self, worker: _Busy) -> CaseResult | None:
        if time.monotonic() - worker.since > CHECK_CEILING and not worker.handle.connection.poll():
            return None
        try:
            return msgspec.json.decode(worker.handle.connection.recv_bytes(), type=CaseResult)
        except (EOFError, OSError):
            return None

    def _verdict(self, index: int, worker: _Busy) -> CaseResult:
        case = self._cases[index]
        seconds = time.monotonic() - worker.since
        if seconds > CHECK_CEILING:
            message = f"the check did not end within {CHECK_CEILING:.0f} s and was stopped"
        else:
            message = "the grader's worker died during this check"
        hint = Evidence(
            "what to do", "This is the grader's fault, not the program's. Run the check again alone."
        )
        return CaseResult(case.check, case.program, case.label, "error", seconds, message, [hint])
