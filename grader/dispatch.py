"""Hand check items to the workers of one cell and survive whatever happens to them."""

from __future__ import annotations

import collections
import contextlib
import math
import os
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait

import msgspec

from grader.build import Built
from grader.cells.base import Cell, WorkerHandle
from grader.errors import CellError
from grader.idle import SECONDS, Idleness
from grader.job import Case, CaseResult, Evidence
from grader.text import bounded, printable

#: Seconds that a check may take before its worker is killed: pytest-timeout, inside, comes first.
CHECK_CEILING = 150.0
#: Seconds for all checks of one practical, and of a submission; what has not run then is reported as `not_run`.
JOB_CEILING, GRADING_CEILING = 900.0, 3600.0
#: Seconds that the checks of one program may take, added up; those of a correct one take some ten on an idle machine, and of
#: one that sleeps for five in each request 900, many at a time.
PROGRAM_CEILING = 1500.0
#: Workers that may die at their start before the run is given up.
_STARTS_LOST = 5

#: While this share of the machine is idle although every worker has a check in hand, another one is started: programs sleep.
#: Up to so many times as many as there are at first.
_IDLE, GROWTH = 0.5, 4

#: A server that took so many seconds and still did not listen (or was costly), so many times, is not started
#: again.
_SLOW_START, _SLOW_STARTS = 5.0, 2


def default_jobs(sandbox: str) -> int:
    """Checks mostly wait for the kernel: three workers keep a core busy, or four where they come one by one."""
    return (4 if sandbox == "docker" else 3) * len(os.sched_getaffinity(0))


class _Busy(msgspec.Struct):
    """A worker, the item that it has in hand, and since when it has it (or has been starting)."""

    handle: WorkerHandle
    index: int | None = None
    since: float = 0.0
    ready: bool = False  #: it has said so


class Dispatcher:
    """Runs items by index; what is inconclusive is tried once more in a fresh cell half-way."""

    def __init__(
        self,
        cell: Cell,
        built: Built,
        cases: Sequence[Case],
        *,
        jobs: int,
        most: int | None = None,
        deadline: float = math.inf,
        whole: bool = True,
    ) -> None:
        """`jobs` workers, and up to `most` while the machine idles. `deadline`: of the whole grading, as time.monotonic() counts.

        Unless `whole`, no case runs of a check that has failed on its program already.
        """
        self._cell = cell
        self._built = msgspec.json.encode(built)
        self._cases = cases
        self._jobs = jobs
        self._most = most or jobs
        self._deadline = min(time.monotonic() + JOB_CEILING, deadline)
        self._whole = whole
        self._spent: dict[str, float] = collections.defaultdict(float)  #: seconds, by program

    def run(self, indices: Sequence[int]) -> Iterator[tuple[int, CaseResult]]:
        """Each item's final result, in the order in which they end."""
        again: dict[int, CaseResult] = {}
        failed: set[tuple[str, str]] = set()
        for index, result in self._round(indices):
            if result.status == "inconclusive":
                again[index] = result
            else:
                failed |= {_row(result)} if result.status == "failed" else set()
                yield index, result
        left = [index for index in again if self._whole or _row(self._cases[index]) not in failed]
        for index, result in self._round(left):
            first, result.seconds = again[index], result.seconds + again[index].seconds
            if result.status == "inconclusive" and result.message != first.message:
                result.message += f" (the first time: {first.message})"
            yield index, result

    def _round(self, indices: Sequence[int]) -> Iterator[tuple[int, CaseResult]]:
        """One pass over the items with workers, rooms and networks that nobody used before."""
        queue = collections.deque(indices)
        slow_starts: collections.Counter[str] = collections.Counter()
        losses = iter(range(_STARTS_LOST + len(indices) // 4))
        workers = [self._start() for _ in range(min(self._jobs, len(queue)))]
        idleness = Idleness()
        try:
            # Who is ready works; the others join: a container takes longer to start than many a check.
            while self._may_begin(queue) or any(worker.index is not None for worker in workers):
                if self._another_helps(workers, queue) and idleness.share() > _IDLE:
                    workers.append(self._start())
                for worker in self._ready(workers):
                    message = self._take(worker)
                    index, worker.index = worker.index, None
                    if message is None:  # the worker is dead; its item, if it had one, is what killed it
                        if index is not None:
                            result = self._verdict(index, worker)
                            yield index, result
                            yield from self._without_the_endless(result.program, result, queue)
                        self._replace(worker, losses)
                    elif index is None:
                        worker.ready = True
                    else:
                        result = msgspec.json.decode(message, type=CaseResult)
                        yield index, result
                        self._drop_decided(result, queue)
                        yield from self._without_hangers(index, result, queue, slow_starts)
                        yield from self._without_the_endless(self._cases[index].program, result, queue)
                    if worker.ready:
                        self._give(worker, queue)
            for index in queue:
                case = self._cases[index]
                yield (
                    index,
                    _not_run(case, "the time for the whole submission was over before this check ran"),
                )
        finally:
            for worker in workers:
                worker.handle.connection.close()
                worker.handle.kill()

    def _another_helps(self, workers: Sequence[_Busy], queue: collections.deque[int]) -> bool:
        """There is more to do than those have in hand who work, or are about to."""
        return (
            len(workers) < self._most
            and self._may_begin(queue)
            and all(worker.ready and worker.index is not None for worker in workers)
        )

    def _drop_decided(self, result: CaseResult, queue: collections.deque[int]) -> None:
        """But for servers that never listened, which are counted: see `_without_hangers`."""
        if not self._whole and result.status == "failed" and not result.not_serving:
            for index in [index for index in queue if _row(self._cases[index]) == _row(result)]:
                queue.remove(index)

    def _without_hangers(
        self,
        index: int,
        result: CaseResult,
        queue: collections.deque[int],
        slow_starts: collections.Counter[str],
    ) -> Iterator[tuple[int, CaseResult]]:
        """Take out of the queue what would start, once more, a server that was slow or costly and never listened."""
        program = self._cases[index].program
        slow_starts[program] += result.not_serving and (result.costly or result.seconds > _SLOW_START)
        if slow_starts[program] == _SLOW_STARTS:
            yield from self._give_up(program, result, queue)

    def _without_the_endless(
        self, program: str, result: CaseResult, queue: collections.deque[int]
    ) -> Iterator[tuple[int, CaseResult]]:
        """Take out of the queue what is left of a program whose checks have taken too long together."""
        self._spent[program] += result.seconds
        if self._spent[program] <= PROGRAM_CEILING:
            return
        for index in [index for index in queue if self._cases[index].program == program]:
            queue.remove(index)
            reason = f"the checks of {program} had taken {PROGRAM_CEILING:.0f} s together before this one ran"
            yield index, _not_run(self._cases[index], reason)

    def _replace(self, worker: _Busy, losses: Iterator[int]) -> None:
        """Start another worker in the dead one's place, unless too many have died."""
        worker.handle.connection.close()
        if next(losses, None) is None:
            words = worker.handle.last_words() or "see the first error above"
            raise CellError(f"workers keep dying; {bounded(printable(words), 500)}")
        self._start(worker)

    def _give_up(
        self, program: str, last: CaseResult, queue: collections.deque[int]
    ) -> Iterator[tuple[int, CaseResult]]:
        """A server that hangs before it listens would cost every check the full ceiling."""
        for index in list(queue):
            case = self._cases[index]
            if case.program == program and case.serves:
                queue.remove(index)
                yield index, msgspec.structs.replace(last, check=case.check, case=case.label, seconds=0.0)

    def _start(self, worker: _Busy | None = None) -> _Busy:
        """A new worker, in place of this one if it is given; it says when it is ready."""
        handle = self._cell.start_worker("checks")
        worker = worker or _Busy(handle)
        worker.handle, worker.ready, worker.since = handle, False, time.monotonic()
        with contextlib.suppress(OSError):  # it is dead already: reading from it will say so
            handle.connection.send_bytes(self._built)
        return worker

    def _may_begin(self, queue: collections.deque[int]) -> bool:
        return bool(queue) and time.monotonic() < self._deadline

    def _give(self, worker: _Busy, queue: collections.deque[int]) -> None:
        if not self._may_begin(queue):
            worker.handle.kill()  # ending it takes a while, beside what the others still do
            return
        worker.index = queue.popleft()
        worker.since = time.monotonic()
        with contextlib.suppress(OSError):  # it is dead: reading from it will say so
            worker.handle.connection.send_bytes(msgspec.json.encode(worker.index))

    def _ready(self, workers: Sequence[_Busy]) -> list[_Busy]:
        """Those that said something or died; one that has had its item for too long is killed."""
        awaited = {w.handle.connection: w for w in workers if w.index is not None or not w.ready}
        now = time.monotonic()
        soonest = min((worker.since + CHECK_CEILING - now for worker in awaited.values()), default=0.0)
        soon = soonest if len(workers) >= self._most else min(soonest, SECONDS)
        ready = wait(list(awaited), timeout=max(0.0, soon))
        if not ready and soonest <= soon and awaited:
            late = min(awaited.values(), key=lambda worker: worker.since)
            late.handle.kill()
            return [late]
        return [worker for connection, worker in awaited.items() if connection in ready]

    def _take(self, worker: _Busy) -> bytes | None:
        if time.monotonic() - worker.since > CHECK_CEILING and not worker.handle.connection.poll():
            return None
        try:
            return worker.handle.connection.recv_bytes()
        except (EOFError, OSError):
            return None

    def _verdict(self, index: int, worker: _Busy) -> CaseResult:
        case = self._cases[index]
        seconds = time.monotonic() - worker.since
        if seconds > CHECK_CEILING:
            message = f"the check did not end within {CHECK_CEILING:.0f} s and was stopped"
        else:
            message = "the grader's worker died during this check"
            if words := worker.handle.last_words():
                message += f": {bounded(printable(words.splitlines()[-1]), 300)}"
        hint = Evidence(
            "what to do", "This is the grader's fault, not the program's. Run the check again alone."
        )
        return CaseResult(case.check, case.program, case.label, "error", seconds, message, [hint])


def _row(case: Case | CaseResult) -> tuple[str, str]:
    """What its verdict is of."""
    return case.check, case.program


def _not_run(case: Case, reason: str) -> CaseResult:
    return CaseResult(case.check, case.program, case.label, "not_run", 0.0, reason)
