"""Stillness: first with made-up snapshots, then with a real program and real sockets."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from grader.observe.proc import Call
from grader.observe.sockets import SocketEntry, SocketTable, TcpState
from grader.watch import quiet
from grader.watch.quiet import HELD_WINDOW, Snapshot, Stillness, TaskView, Traffic

CEILING = 60.0
RECV = Call("recvfrom", 45, (4, 4096, 512, 0, 0, 0))
SLEEP = Call("clock_nanosleep", 230, (0, 0, 4096, 0, 0, 0))
A, B = ("127.0.0.1", 4950), ("127.0.0.2", 40000)

TASK = TaskView(tid=7, state="S", switches=3, call=RECV)
ONE = SocketEntry("tcp", socket.AF_INET, TcpState.ESTABLISHED, A, B, 0, 0, 11, 0)
OTHER = replace(ONE, local=B, remote=A, inode=12)
LISTENER = replace(ONE, state=TcpState.LISTEN, remote=("0.0.0.0", 0), receive_queue=1, send_queue=128)


def snapshot(*entries: SocketEntry, task: TaskView = TASK) -> Snapshot:
    return Snapshot((task,), entries)


def burnt(seconds: float, *entries: SocketEntry) -> Snapshot:
    """A thread that has used the processor for so long."""
    return snapshot(*entries, task=replace(TASK, state="R", call=None, run_ns=int(seconds * 1e9)))


@pytest.mark.parametrize(
    "task",
    [
        TASK,
        replace(TASK, state="T", call=SLEEP),
        replace(TASK, state="T", call=None),
        replace(TASK, state="Z", call=None),
    ],
)
def test_waiting_stopped_and_ended_threads_are_quiet(task: TaskView) -> None:
    assert quiet.is_quiet(snapshot(task=task))


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (replace(TASK, state="R", call=None), "thread 7 is in state R, in no system call"),
        (replace(TASK, state="D"), "state D"),
        (replace(TASK, state="t"), "state t"),
        (replace(TASK, call=SLEEP), r"sleeps in clock_nanosleep\(.*\), which may end by itself"),
        (replace(TASK, call=None), "sleeps in no system call"),
    ],
)
def test_threads_that_can_go_on_are_not_quiet(task: TaskView, reason: str) -> None:
    (line,) = quiet.unrest(snapshot(task=task))
    assert re.search(reason, line)


def test_room_without_programs_is_quiet() -> None:
    assert quiet.is_quiet(Snapshot((), ()))


@pytest.mark.parametrize(
    "entries",
    [
        (ONE, OTHER),
        (LISTENER,),  # its queues are an accept queue and a backlog
        (ONE, replace(OTHER, receive_queue=5)),  # MSG_WAITALL, or nobody reads
        (replace(ONE, send_queue=9), replace(OTHER, receive_queue=5)),  # a slow reader
        (replace(ONE, state=TcpState.FIN_WAIT2), replace(OTHER, state=TcpState.CLOSE_WAIT)),
    ],
)
def test_sockets_at_rest(entries: tuple[SocketEntry, ...]) -> None:
    assert quiet.is_quiet(snapshot(*entries))


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ((replace(ONE, send_queue=9), OTHER), "127.0.0.1:4950 to 127.0.0.2:40000: 9 bytes are under way"),
        ((replace(ONE, send_queue=9),), "9 bytes are under way"),  # its peer has gone
        ((replace(ONE, send_queue=9, receive_queue=5), OTHER), "under way"),
        ((replace(ONE, state=TcpState.SYN_SENT),), "handshake is under way (SYN_SENT)"),
        ((replace(ONE, state=TcpState.SYN_RECV),), "handshake is under way (SYN_RECV)"),
    ],
)
def test_sockets_under_way(entries: tuple[SocketEntry, ...], reason: str) -> None:
    (line,) = quiet.unrest(snapshot(*entries))
    assert reason in line


RUNS = replace(TASK, tid=8, state="R", call=None)


@pytest.mark.parametrize(
    ("beside", "entries", "alone"),
    [
        (TASK, (ONE, OTHER), True),  # waits for what only somebody else can send
        (RUNS, (), True),
        (replace(TASK, call=SLEEP), (), False),  # a helper that answers after its sleep
        (TASK, (replace(ONE, state=TcpState.SYN_SENT),), False),  # the kernel repeats it after a second
        (TASK, (replace(ONE, send_queue=9), OTHER), False),
    ],
)
def test_who_runs_alone(beside: TaskView, entries: tuple[SocketEntry, ...], alone: bool) -> None:  # noqa: FBT001 - the expected answer
    for undecided in (False, True):  # what stands at a gate for a moment runs
        assert quiet.runs_alone(Snapshot((beside, RUNS), entries, undecided)) is alone


def test_still_needs_both_time_and_snapshots() -> None:
    stillness = Stillness()
    assert [stillness.feed(snapshot(), now) for now in (0.0, 0.05, 0.1)] == [False] * 3
    assert stillness.feed(snapshot(), 0.1)
    assert stillness.still
    quick = Stillness()
    assert [quick.feed(snapshot(), now) for now in (0.0, 0.01, 0.02, 0.03, 0.04)] == [False] * 5
    assert quick.feed(snapshot(), 0.1)


def test_any_change_starts_anew() -> None:
    stillness = Stillness(window=1.0, snapshots=2)
    assert not stillness.feed(snapshot(), 0.0)
    assert stillness.feed(snapshot(), 1.0)
    ran = replace(TASK, switches=4)
    assert not stillness.feed(snapshot(task=ran), 1.5)
    assert not stillness.still
    assert not stillness.feed(snapshot(task=ran), 2.4)
    assert stillness.feed(snapshot(task=ran), 2.5)
    assert not stillness.feed(snapshot(ONE, task=ran), 9.0)


def test_equal_unrest_never_becomes_still() -> None:
    stillness = Stillness()
    busy = snapshot(task=replace(TASK, call=SLEEP))
    assert not any(stillness.feed(busy, float(now)) for now in range(10))


def test_processor_time_without_traffic_is_counted() -> None:
    traffic = Traffic()
    traffic.feed(burnt(0.5), 10.0)
    traffic.feed(burnt(2.5), 14.0)
    assert (traffic.asleep, traffic.burnt) == (0.0, 2.0)


def test_time_asleep_without_traffic_is_counted() -> None:
    traffic = Traffic()
    for second in (10.0, 12.0, 15.0):
        traffic.feed(snapshot(ONE, task=replace(TASK, call=SLEEP)), second)
    assert (traffic.asleep, traffic.burnt) == (5.0, 0.0)


def test_time_in_which_a_parent_waits_for_its_vforks_child_is_time_asleep() -> None:
    waits = snapshot(ONE, task=replace(TASK, state="D", call=Call("vfork", 58, (0,) * 6)))
    traffic = Traffic()
    for second in (10.0, 12.0, 15.0):
        traffic.feed(waits, second)
    assert traffic.asleep == 5.0
    works = [snapshot(ONE, task=replace(TASK, state="D", switches=number)) for number in (5, 6, 7)]
    for second, seen in zip((20.0, 30.0, 40.0), works, strict=True):
        traffic.feed(seen, second)  # it waits for a disk, again and again
    assert traffic.asleep == 5.0


@pytest.mark.parametrize("state", ["R", "t"])
def test_time_in_which_a_thread_is_kept_waiting_is_not_counted(state: str) -> None:
    traffic = Traffic()
    for second in (10.0, 40.0):
        traffic.feed(snapshot(ONE, task=replace(TASK, state=state)), second)
    assert traffic.asleep == 0.0


def test_time_in_a_tracers_hands_without_a_step_is_counted() -> None:
    traced = replace(TASK, state="t", call=None)
    traffic = Traffic()
    for second in (10.0, 12.0, 15.0):
        traffic.feed(snapshot(ONE, task=traced), second)
    assert traffic.stopped == 5.0
    traffic.feed(snapshot(ONE, task=replace(traced, switches=4)), 16.0)
    assert traffic.stopped == 0.0


def test_time_blocked_in_a_call_is_not_time_in_a_tracers_hands() -> None:
    traffic = Traffic()
    for second in (10.0, 40.0):
        traffic.feed(snapshot(ONE), second)
    assert traffic.stopped == 0.0


def test_traffic_begins_the_counts_anew() -> None:
    traffic = Traffic()
    traffic.feed(snapshot(ONE), 10.0)
    traffic.feed(snapshot(ONE), 13.0)
    traffic.feed(burnt(2.0, replace(ONE, receive_queue=1)), 14.0)
    assert (traffic.asleep, traffic.burnt) == (0.0, 0.0)
    traffic.feed(burnt(3.0, replace(ONE, receive_queue=1)), 15.0)
    assert (traffic.asleep, traffic.burnt) == (0.0, 1.0)


def test_queued_bytes_take_longer_than_the_kernel_may_hold_them() -> None:
    stillness = Stillness(window=0.1)
    stuck = snapshot(replace(ONE, send_queue=9), replace(OTHER, receive_queue=5))
    assert not any(stillness.feed(stuck, now) for now in (0.0, 0.1, 0.15, 0.2, 0.24))
    assert stillness.feed(stuck, HELD_WINDOW)


# ---- a real program ----

PROGRAM = """
import os, select, signal, socket, sys, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
os.write(1, b'%d\\n' % s.getsockname()[1])
"""


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def start(stack: ExitStack, code: str) -> tuple[int, int]:
    """A child that listens; returns its pid and port."""
    child = stack.enter_context(
        subprocess.Popen([sys.executable, "-S", "-E", "-c", PROGRAM + code], stdout=subprocess.PIPE)
    )
    stack.callback(child.kill)
    assert child.stdout is not None
    return child.pid, int(child.stdout.readline())


class Watch:
    """Feeds real snapshots; sockets of other tests on this machine are left out."""

    def __init__(self, pid: int, port: int, table: SocketTable) -> None:
        self.pid, self.port, self.table = pid, port, table
        self.stillness = Stillness()

    def look(self) -> Snapshot:
        seen = quiet.take([self.pid], self.table)
        ours = [entry for entry in seen.sockets if self.port in (entry.local[1], entry.remote[1])]
        return replace(seen, sockets=tuple(ours))

    def until_still(self) -> float:
        """Returns the time at which it was still."""
        deadline = time.monotonic() + CEILING
        while True:
            now = time.monotonic()
            seen = self.look()
            if self.stillness.feed(seen, now):
                return now
            assert now < deadline, quiet.unrest(seen)
            select.select([], [], [], 0.002)


@pytest.fixture
def table() -> Iterator[SocketTable]:
    with SocketTable() as opened:
        yield opened


def connect(stack: ExitStack, port: int) -> socket.socket:
    return stack.enter_context(closing(socket.create_connection(("127.0.0.1", port), CEILING)))


def test_server_that_waits_becomes_still_and_wakes(stack: ExitStack, table: SocketTable) -> None:
    pid, port = start(stack, "c, _ = s.accept()\nwhile c.recv(9): c.send(b'hola')")
    watch = Watch(pid, port, table)
    watch.until_still()
    client = connect(stack, port)
    client.sendall(b"x")
    assert client.recv(9) == b"hola"
    watch.stillness = Stillness()
    watch.until_still()
    assert [view.call.name for view in watch.look().tasks if view.call] == ["recvfrom"]


def test_answer_that_comes_late_is_waited_for(stack: ExitStack, table: SocketTable) -> None:
    """Half a second of thought is not silence: when it is still, the answer is there."""
    pid, port = start(stack, "c, _ = s.accept(); c.recv(9); time.sleep(0.5); c.send(b'hola'); c.recv(9)")
    client = connect(stack, port)
    client.sendall(b"x")
    Watch(pid, port, table).until_still()
    client.settimeout(0)
    assert client.recv(9) == b"hola"


def test_held_bytes_are_waited_for(stack: ExitStack, table: SocketTable) -> None:
    """MSG_MORE that is never released leaves after 200 ms: with the kernel, not with the program."""
    pid, port = start(stack, "c, _ = s.accept(); c.send(b'hola', socket.MSG_MORE); c.recv(9)")
    client = connect(stack, port)
    Watch(pid, port, table).until_still()
    client.settimeout(0)
    assert client.recv(9) == b"hola"


def test_held_bytes_behind_unread_ones_are_waited_for(stack: ExitStack, table: SocketTable) -> None:
    pid, port = start(stack, "c, _ = s.accept(); c.send(b'a'); c.send(b'b', socket.MSG_MORE); c.recv(9)")
    client = connect(stack, port)
    Watch(pid, port, table).until_still()
    client.settimeout(0)
    assert client.recv(9) == b"ab"


def test_server_stuck_behind_a_slow_reader_is_still(stack: ExitStack, table: SocketTable) -> None:
    pid, port = start(stack, "c, _ = s.accept(); c.sendall(bytes(1 << 26))")
    connect(stack, port)
    watch = Watch(pid, port, table)
    watch.until_still()
    seen = watch.look()
    assert [view.call.name for view in seen.tasks if view.call] == ["sendto"]
    assert any(entry.send_queue for entry in seen.sockets if entry.state is TcpState.ESTABLISHED)


def test_frozen_program_is_still_and_an_ended_one_too(stack: ExitStack, table: SocketTable) -> None:
    pid, port = start(stack, "while True: pass")
    watch = Watch(pid, port, table)
    os.kill(pid, signal.SIGSTOP)
    watch.until_still()
    os.kill(pid, signal.SIGKILL)
    watch.stillness = Stillness()
    watch.until_still()
    assert {view.state for view in watch.look().tasks} == {"Z"}
    os.waitpid(pid, 0)
    assert watch.look().tasks == ()


def test_busy_loop_with_timeouts_is_never_still(stack: ExitStack, table: SocketTable) -> None:
    pid, port = start(stack, "while True: select.select([s], [], [], 0.01)")
    watch = Watch(pid, port, table)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        assert not watch.stillness.feed(watch.look(), time.monotonic())


def test_bytes_that_go_straight_through_are_traffic() -> None:
    traffic = Traffic()
    traffic.feed(burnt(0.5), 10.0, 1_000)
    traffic.feed(burnt(2.5), 14.0, 2_000)
    assert (traffic.asleep, traffic.burnt) == (0.0, 0.0)
    traffic.feed(burnt(3.5), 15.0, 2_000)
    assert (traffic.asleep, traffic.burnt) == (0.0, 1.0)
