"""When nothing more can happen by itself: every thread waits for us, and no byte is under way.

"The program sends nothing more" is decided by this, not by waiting a while. All of it but `take` is
arithmetic on snapshots.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from grader.observe import proc
from grader.observe.gate import Gate
from grader.observe.sockets import SocketEntry, SocketTable, TcpState

#: Seconds; a held tail (MSG_MORE, TCP_CORK, Nagle) leaves after 206 ms at the latest, and looks like a
#: reader that has stopped when its peer has earlier bytes unread. So stillness with bytes queued takes longer.
HELD_WINDOW = 0.25

#: What can still move. TIME_WAIT belongs to no program, and only time moves it; after a thousand clients
#: there are a thousand of them, which the kernel can leave out faster than we can.
_MOVING = tuple(state for state in TcpState if state is not TcpState.TIME_WAIT)
_OPENING = frozenset({TcpState.SYN_SENT, TcpState.SYN_RECV})


@dataclasses.dataclass(frozen=True, slots=True)
class TaskView:
    """What of a thread must not change; `switches` grows whenever it has run."""

    tid: int
    state: str
    switches: int
    call: proc.Call | None
    run_ns: int = dataclasses.field(default=0, compare=False)  #: processor time so far


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """The threads of a room's programs and the TCP sockets of its namespace, both sorted."""

    tasks: tuple[TaskView, ...]
    sockets: tuple[SocketEntry, ...]
    undecided: bool = False  #: a call stands at a gate, and whoever decides on it has had no turn yet

    def traffic(self) -> object:
        """What differs when a byte has moved, or a thread has come or gone."""
        return self.sockets, [view.tid for view in self.tasks]


def take(pids: Iterable[int], table: SocketTable, gates: Sequence[Gate] = ()) -> Snapshot:
    """Look once. A process that has gone counts as one that has no threads, one that is held at a gate as stopped.

    Sockets in TIME_WAIT are left out.
    """
    undecided = any(
        gate.pending() for gate in gates
    )  # first: what is decided after this, the threads' counts tell
    held: frozenset[int] = frozenset().union(*(gate.held() for gate in gates))
    views = []
    for pid in pids:
        try:
            views += [
                TaskView(
                    task.tid,
                    "T" if task.tid in held and task.state in "SD" else task.state,
                    task.switches,
                    task.call,
                    task.run_ns,
                )
                for task in proc.tasks(pid)
            ]
        except proc.ProcessGoneError:
            continue
    sockets = table.tcp(_MOVING)
    return Snapshot(
        tuple(sorted(views, key=lambda view: view.tid)),
        tuple(sorted(sockets, key=lambda entry: (entry.local, entry.remote, entry.inode))),
        undecided,
    )


def is_quiet(snapshot: Snapshot) -> bool:
    """True when, by this snapshot alone, only an outside event can change anything."""
    return not unrest(snapshot)


def unrest(snapshot: Snapshot) -> list[str]:
    """What can still move by itself, one line each; empty when quiet."""
    at_gate = ["a call stands at a gate"] if snapshot.undecided else []
    restless = [reason for view in snapshot.tasks if (reason := _restless_task(view))]
    return at_gate + restless + under_way(snapshot)


def under_way(snapshot: Snapshot) -> list[str]:
    """What the kernel can still move between the sockets, at once or by a timer of its own, one line each."""
    found = []
    ends = {(entry.local, entry.remote): entry for entry in snapshot.sockets}
    for entry in snapshot.sockets:
        reason = _restless_socket(entry, ends.get((entry.remote, entry.local)))
        if reason:
            found.append(f"{_ends(entry)}: {reason}")
    return found


def runs_alone(snapshot: Snapshot) -> bool:
    """True when nothing but the threads that run can change anything: the kernel moves nothing, and nobody sleeps for a time.

    A thread whose call is about to be decided on at a gate runs: it goes on in a moment.
    """
    sleepers = (view for view in snapshot.tasks if view.state not in "Rt")
    return not any(_restless_task(view) for view in sleepers) and not under_way(snapshot)


@dataclasses.dataclass(slots=True)
class Stillness:
    """Fed with snapshots and the monotonic clock; `still` once the same quiet one was seen long enough.

    Equal counts of context switches prove that no thread ran between two snapshots.
    """

    window: float = 0.1  #: seconds from the first to the last of the equal snapshots
    snapshots: int = 4  #: how many equal ones at least
    still: bool = False
    _last: Snapshot | None = None
    _since: float = 0.0
    _seen: int = 0

    def feed(self, snapshot: Snapshot, now: float) -> bool:
        """Take one snapshot seen at `now` (time.monotonic(), read before it was taken); returns `still`."""
        if snapshot != self._last:
            self._last, self._since, self._seen = snapshot, now, 0
        self._seen += 1
        window = max(self.window, HELD_WINDOW) if _queued(snapshot) else self.window
        self.still = self._seen >= self.snapshots and now - self._since >= window and is_quiet(snapshot)
        return self.still


@dataclasses.dataclass(slots=True)
class Traffic:
    """Fed with snapshots and the clock: what has happened since a byte moved, or a thread came or went.

    Time in which a thread wants a processor, or stands in its tracer's hands, does not count as sleep: on a
    loaded machine that may be long, and the program can do nothing about it. But a tracer lets a thread go on
    within microseconds of getting a processor, except one that has stopped itself (PTRACE_LISTEN in ptrace(2)).
    """

    asleep: float = 0.0  #: seconds in which every thread slept
    burnt: float = 0.0  #: seconds of processor time that the threads used
    stopped: float = 0.0  #: seconds for which a thread has stood in its tracer's hands and nothing has run
    _last: object = None
    _snapshot: Snapshot | None = None
    _now: float = 0.0
    _used: int = 0

    def feed(self, snapshot: Snapshot, now: float, moved: int = 0) -> None:
        """`moved` tells how many bytes our side has sent and received: what goes straight through shows in no queue."""
        used = sum(view.run_ns for view in snapshot.tasks)
        unchanged = snapshot == self._snapshot
        states = {view.state for view in snapshot.tasks}
        if (traffic := (snapshot.traffic(), moved)) != self._last:
            self._last, self._used, self.asleep = traffic, used, 0.0
        elif states.isdisjoint("Rt") and (unchanged or "D" not in states):
            # In D without a step as well: a parent waits so for its vfork's child, which may never end.
            self.asleep += now - self._now
        self.stopped = self.stopped + now - self._now if unchanged and "t" in states else 0.0
        self._snapshot = snapshot
        self._now = now
        self.burnt = (used - self._used) / 1e9


def _restless_task(view: TaskView) -> str | None:
    if view.state in "ZXT":  # ended; or stopped, which only SIGCONT can undo
        return None
    where = view.call.describe() if view.call else "no system call"
    if view.state != "S":
        return f"thread {view.tid} is in state {view.state}, in {where}"
    if view.call is None or not proc.is_indefinite(view.call):
        return f"thread {view.tid} sleeps in {where}, which may end by itself"
    return None


def _restless_socket(entry: SocketEntry, peer: SocketEntry | None) -> str | None:
    if entry.state in _OPENING:
        return f"the handshake is under way ({entry.state.name})"
    if entry.state is TcpState.LISTEN or entry.send_queue == 0:
        return None
    # A peer with bytes unread has closed its window: nothing moves until it reads.
    if peer is not None and peer.receive_queue > 0:
        return None
    return f"{entry.send_queue} bytes are under way"


def _queued(snapshot: Snapshot) -> bool:
    return any(entry.send_queue for entry in snapshot.sockets if entry.state is not TcpState.LISTEN)


def _ends(entry: SocketEntry) -> str:
    (host, port), (peer_host, peer_port) = entry.local, entry.remote
    return f"{host}:{port} to {peer_host}:{peer_port}"
