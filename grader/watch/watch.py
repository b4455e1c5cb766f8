"""Waiting on state, never on time: a condition holds, a program ended, or nothing can happen any more.

Every wait of a check goes through `Watch.until`. It polls the condition, the descriptors that may
make it true and the programs that must stay alive; when the whole cell stands still (see
`grader.watch.quiet`) it gives up at once, because only an outside event could change anything.
The ceiling is the last resort, for programs that spin or sleep.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from grader.cells.room import Room
from grader.errors import CrowdError, Inconclusive, ProgramEnded, SubmissionFault
from grader.observe import proc
from grader.observe.sockets import SocketTable
from grader.program.program import RunningProgram
from grader.watch.load import Effort, effort
from grader.watch.pace import ENOUGH, FEW, MOST, OwnTime, Rounds
from grader.watch.quiet import Snapshot, Stillness, Traffic, is_quiet, runs_alone, take, under_way
from grader.watch.spinning import Patience, Spinning

T = TypeVar("T")

CEILING = 10.0  #: seconds that a program may sleep without any traffic before a wait fails
_LONGEST = 90.0  #: seconds after which it fails whatever moves: below the check's own time limit
_PATIENCE = 0.02  #: seconds before the first look at the whole cell: most waits end sooner
_PACE_MS = 1  #: poll(2) time-out between two looks at a state that has no descriptor,
_LATE, _LATE_PACE_MS = 0.1, 4  # and after so many seconds
# Looks at the whole cell are dear, and its counts tell what happened between two of them: seconds from one to the next,
_CELL_PACE = (
    0.025  # while something is awaited (and so many times as long as a look takes: there may be 200 threads),
)
_CELL_REST = 3.0
_REST_PACE = 0.0201  # while rest lasts (_REST_LOOKS in _REST),
_UNREST_PACE = 0.005  # and until it begins.
_QUICK_LOOKS = 20  #: looks that only yield the processor: most states are a few microseconds away
_PRINTED = (
    1 << 20
)  #: bytes of output that no program needs, and 16 for each byte that it was given or has sent
#: And so many in each second: asyncio prints 100 KiB in one while its accept fails, for as long as that lasts.
_PRINTED_A_SECOND = 256 << 10
_SPUN = 1.0  #: seconds asleep without traffic that count as rest for a program that wakes by a clock
#: Seconds after which a program that does not come to rest never will, and how long its end is awaited once that is known.
_RESTLESS, _RESTLESS_AGAIN = 30.0, 1.0
_SLEEPS = ("nanosleep", "clock_nanosleep")
_REST, _REST_LOOKS = 0.04, 3  #: seconds of stillness that count as rest where no verdict hangs on it


class Watch:
    """Everything that one check may wait for: the room's programs and the cell's sockets."""

    def __init__(self, room: Room, sockets: SocketTable, spinning: Spinning | None = None) -> None:
        """`spinning` is what earlier checks found out about the same programs."""
        self.room = room
        self.sockets = sockets
        self.programs: list[RunningProgram] = []
        self.crowd = 0  #: how many processes are so near the room's limit that no correct program has them
        self._spinning = spinning or Spinning()
        self._patience = Patience(self._spinning)
        self.given = 0  #: bytes that the programs have to work on: what peers sent, and files
        self.taken = 0  #: bytes that peers had of them: work done, of which a program may tell
        self.own = OwnTime(self._used)

    def rounds(self, most: int, *, least: int = FEW, seconds: float = ENOUGH) -> Rounds:
        """What is asked again and again, less often of a slow program."""
        return Rounds(self.own, most, least=least, seconds=seconds)

    def processes(self) -> list[int]:
        """Pids, as this side sees them, of every process in the room except its init."""
        return proc.descendants(self.room.init_pid)

    def _used(self) -> tuple[float, bool]:
        """Seconds of processor time, of the processes that are there, and whether nothing but time lets them go on."""
        tasks = []
        for pid in self.processes():
            with contextlib.suppress(proc.ProcessGoneError):
                tasks += proc.tasks(pid)
        asleep = all(task.state in "SZ" for task in tasks)
        pausing = any(task.call is not None and task.call.name in _SLEEPS for task in tasks)
        return sum(task.run_ns for task in tasks) / 1e9, asleep and pausing

    def holders(self, inode: int) -> list[str]:
        """Which processes have this socket open, as a student would name them."""
        found = []
        for pid in self.processes():
            with contextlib.suppress(proc.ProcessGoneError):
                numbers = [n for n, open_file in proc.descriptors(pid).items() if open_file.inode == inode]
                found += [f"{self._role(pid)}, as descriptor {number}" for number in numbers]
        return found

    def snapshot(self) -> Snapshot:
        """Look once; raises `CrowdError`."""
        pids = proc.descendants(self.room.init_pid, most=self.crowd)
        if len(pids) > self.crowd:
            self._halt()
            raise CrowdError(f"the program starts processes without end: {len(pids)} by now")
        return take(pids, self.sockets, [each.gate for each in self.programs if each.gate])

    def until(
        self,
        condition: Callable[[], T | None],
        *,
        what: str,
        descriptors: Sequence[tuple[int, int]] = (),
        alive: bool = True,
    ) -> T:
        """The first true value of `condition`.

        `what` completes "the program did not ...". `descriptors` are (descriptor, poll events) that
        may make the condition true. With `alive` the end of a program that serves is a fault.
        Raises `SubmissionFault`.
        """
        started = time.monotonic()
        for _ in range(_QUICK_LOOKS):
            if value := condition():
                return value
            os.sched_yield()
        servers = [program for program in self.programs if program.must_live] if alive else []
        poller = select.poll()
        for descriptor, events in descriptors:
            poller.register(descriptor, events)
        for program in servers:
            poller.register(program.pidfd, select.POLLIN)
        due = started + _PATIENCE
        stillness, traffic = Stillness(), Traffic()
        self.own.begin(started)
        while True:
            if value := condition():
                return value
            self.own.step(time.monotonic())
            waited = time.monotonic() - started
            reason = self._hopeless(servers, waited)
            if reason is None and (looked := time.monotonic()) >= due:
                reason = self._without_effect(stillness, traffic)
                due = time.monotonic()
                due += max(_CELL_PACE, _CELL_REST * (due - looked))
            if reason:
                if value := condition():  # it came true while hope was given up
                    return value
                kind = ProgramEnded if any(program.ended() for program in servers) else SubmissionFault
                raise kind(reason.format(what=what))
            poller.poll(_PACE_MS if waited < _LATE else _LATE_PACE_MS)

    def _hopeless(self, servers: Sequence[RunningProgram], waited: float) -> str | None:
        """Why the awaited state cannot come any more, None while it may."""
        for program in servers:
            if program.ended() and self._outputs_taken():
                return f"{program.name} {program.describe_end()} and so did not {{what}}"
        if waited > _LONGEST:
            if not self._ends_told():
                raise Inconclusive("the program has ended, and what waits for that has not said so")
            return f"within {_LONGEST:.0f} s the program did not {{what}}"
        return None

    def _without_effect(self, stillness: Stillness, traffic: Traffic) -> str | None:
        """The same, judged by a look at the whole cell."""
        now = time.monotonic()
        seen = self.snapshot()
        traffic.feed(seen, now, self.given + self.taken)
        self.own.look(seen)
        if self._flooding():
            return "the program did not {what}: it prints without end"
        if wasted := self._wasted(traffic, seen):
            return wasted
        if not stillness.feed(seen, now) or not self._told():
            return None
        if self.programs and self.programs[-1].ended():
            return f"{self.programs[-1].name} {self.programs[-1].describe_end()} and so did not {{what}}"
        return "the program did not {what}: it waits for something else"

    def _wasted(self, traffic: Traffic, seen: Snapshot) -> str | None:
        """The program had its time, and used it for nothing."""

        def done() -> Effort | None:
            if not runs_alone(seen):
                return None
            if any(output.repeats() for each in self.programs for output in (each.stdout, each.stderr)):
                return Effort(system=traffic.burnt)  # the same words again and again are no work
            return effort(self.processes())

        if self._patience.exhausted(self._names(), traffic.burnt, self.given, done):
            return "the program did not {what}: it keeps the processor busy to no effect"
        if traffic.asleep > CEILING and self._ends_told():
            return f"the program slept for {CEILING:.0f} s and did not {{what}}"
        if self.own.total > MOST:
            return (
                f"the program is too slow: after {self.own.total:.0f} s of waiting for it in this check, in which "
                f"{self.taken:,} bytes came of it, it did not {{what}}"
            )
        if traffic.stopped > CEILING:
            return "the program did not {what}: it has stopped itself (SIGSTOP)"
        return None

    def _flooding(self) -> bool:
        """A program prints more than even one does that shows every byte it gets in several ways, and what goes wrong by a clock."""
        most = _PRINTED + 16 * (self.given + self.taken)
        now = time.monotonic()
        return any(
            each.stdout.length + each.stderr.length > most + _PRINTED_A_SECOND * (now - each.started)
            for each in self.programs
        )

    def _told(self) -> bool:
        """Nothing that the programs did is still on its way to us: what they printed, and that they ended.

        An ended program stays a zombie, which is still, until the room's init has had its turn on the processor.
        """
        return self._outputs_taken() and self._ends_told()

    def _ends_told(self) -> bool:
        return not any(each.end_untold() for each in self.programs)

    def _outputs_taken(self) -> bool:
        """What the programs have printed is not still on its way to us."""
        return all(output.taken() for each in self.programs for output in (each.stdout, each.stderr))

    def _halt(self) -> None:
        """Stop a fork bomb: hundreds of spinning processes leave init no time to end them."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                self.room.signal(pid, signal.SIGSTOP)

    def _names(self) -> list[str]:
        return [program.name for program in self.programs]

    def _role(self, pid: int) -> str:
        name = next((program.name for program in self.programs if program.pid == pid), None)
        return f"{name} itself" if name else "a child process"

    def end_of_server(self) -> str | None:
        """How a program that should live has ended, None while all live.

        A process closes its connections a moment before its end can be seen, so this waits for rest: on a busy machine
        for as long as a child takes to end, and its parent to hear of it. A program that never rests is waited for once.
        """
        names = set(self._names())
        try:
            self.until_still(ceiling=_RESTLESS_AGAIN if names & self._spinning.restless else _RESTLESS)
        except Inconclusive:
            self._spinning.restless |= names
        ended = (program for program in self.programs if program.must_live and program.ended())
        return next((f"{program.name} {program.describe_end()}" for program in ended), None)

    def until_or_time_is_up(self, condition: Callable[[], object], seconds: float, *, what: str) -> None:
        """Wait for what the contract gives the program this much time to do, however still it looks."""
        deadline = time.monotonic() + seconds
        pace = select.poll()
        while not condition():
            if time.monotonic() > deadline:
                raise SubmissionFault(f"within {seconds:.0f} s the program did not {what}")
            pace.poll(_PACE_MS * 10)

    def until_still(self, *, ceiling: float = _RESTLESS) -> None:
        """Wait until nothing can happen any more without an outside event; else `Inconclusive`.

        A program that spins, prints without end, or wakes by a clock, never rests. For it a second in which no byte
        moved, and no thread came or went, is rest: a second asleep, or nearly one of processor time.
        """
        stillness, traffic = Stillness(window=_REST, snapshots=_REST_LOOKS), Traffic()
        names = self._names()
        deadline = time.monotonic() + ceiling
        pace = select.poll()
        while True:
            now = time.monotonic()
            seen = self.snapshot()
            if stillness.feed(seen, now) and self._told():
                return
            traffic.feed(seen, now, self.given + self.taken)
            if (traffic.asleep > _SPUN and self._ends_told()) or self._flooding():
                return
            if self._patience.at_rest(names, traffic.burnt, self.given, under_way=bool(under_way(seen))):
                return
            if now > deadline:
                raise Inconclusive(f"the program did not come to rest within {ceiling:.0f} s")
            pace.poll(1000 * (_REST_PACE if is_quiet(seen) else _UNREST_PACE))


def crowd(limit: int) -> int:
    """So near to the limit on processes that no correct program has so many."""
    return limit * 9 // 10


@contextlib.contextmanager
def precondition() -> Iterator[None]:
    """What fails in here is a state that the check needs, so it says nothing about the program."""
    try:
        yield
    except (ProgramEnded, CrowdError):
        raise
    except (SubmissionFault, AssertionError) as error:
        raise Inconclusive(f"the state that this check needs was not reached: {error}") from error
