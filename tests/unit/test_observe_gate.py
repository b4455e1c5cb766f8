"""The gate, in the room: calls are held, failed and seen, and the program notices nothing but what it is told."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.cells import seccomp
from grader.cells.room import Child, Room
from grader.errors import GraderBugError, Inconclusive
from grader.observe import proc
from grader.observe.gate import ACCEPTING, AWAITING, RECEIVING, SENDING, Gate
from grader.observe.sockets import SocketTable
from grader.program.output import Output
from grader.watch import quiet
from tests.unit.made_up import write_files
from tests.unit.rooms import CEILING, PYTHON, in_worker, until

#: Serves one client after the other: says back what came, and which error a receive gave.
SERVER = """
import errno, select, signal, socket, sys, threading
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
def serve(connection):
    with connection:
        while True:
            try:
                data = connection.recv(100)
            except OSError as error:
                data = errno.errorcode[error.errno].encode()
            if not data:
                return
            connection.sendall(data)
"""
IN_TURN = SERVER + "while True: serve(listener.accept()[0])"
IN_THREADS = (
    SERVER + "while True: threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()"
)
PORT = 20_501

Act = Callable[[Room], Any]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Act], Any]:
    """Runs a function in a worker beside its room, and gives what it returns."""
    folder = write_files(tmp_path / "submission", {"toy.py": "print()\n"})
    return lambda act: in_worker(folder, act)


@contextlib.contextmanager
def gated(
    room: Room, code: str, *calls: str, held_after: str | None = None
) -> Iterator[tuple[Child, Output, Gate]]:
    """Python code as a student's program, behind a gate for these calls, which are decided on from its start."""
    ours, theirs = os.pipe()
    handover, handed = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    null = os.open(os.devnull, os.O_RDONLY)
    with handover:
        with handed:
            child = room.spawn(
                [PYTHON, "-I", "-c", code, str(PORT)],
                (null, theirs, theirs),
                gate=(frozenset(calls), handed.fileno()),
            )
        os.close(theirs)
        os.close(null)
        gate = Gate(handover, calls)
    if held_after:
        gate.hold(set(calls) - {held_after}, after=held_after)
    gate.open()
    yield child, Output(ours), gate
    room.kill_all()
    child.wait(CEILING)
    gate.close()


def connect() -> socket.socket:
    return socket.create_connection(("127.0.0.1", PORT), timeout=CEILING)


def receiving(child: Child, gate: Gate) -> int:
    """How many threads are blocked in a receive; those that still stand at the gate are not."""
    count = sum(task.call is not None and task.call.name == "recvfrom" for task in proc.tasks(child.pid))
    return 0 if gate.pending() else count


def sockets_of(child: Child) -> list[int]:
    """Inodes, in the order in which the sockets were made."""
    return sorted(each.inode or 0 for each in proc.descriptors(child.pid).values() if "socket" in each.target)


def test_clients_connect_to_a_server_that_is_held_and_nobody_is_served(run: Callable[[Act], Any]) -> None:
    def act(room: Room) -> Any:
        with gated(room, IN_TURN, *ACCEPTING) as (child, output, gate):
            hold = gate.hold(ACCEPTING)
            until(hold.waiting)
            until(lambda: b"ready" in output.content)
            held = gate.held() == {child.pid}
            clients = [connect() for _ in range(3)]
            for client in clients:
                client.sendall(b"hola")
            (task,) = proc.tasks(child.pid)
            where = task.call.name if task.call else None
            hold.release()
            return held, where, output.content.decode(), clients[0].recv(100).decode(), len(gate.held())

    assert run(act) == [True, "accept4", "ready\n", "hola", 0]


def test_a_hold_can_begin_with_a_call(run: Callable[[Act], Any]) -> None:
    """Nothing is lost of what comes between the program's start and that call."""
    waits = "import select\nselect.poll().poll(0)\nprint('polled', flush=True)\n"

    def act(room: Room) -> Any:
        with gated(room, waits + IN_TURN, "listen", *ACCEPTING, *AWAITING, held_after="listen") as (
            _,
            output,
            gate,
        ):
            until(gate.held)
            until(lambda: b"ready" in output.content)
            return output.content.decode()

    assert run(act) == "polled\nready\n"


def test_one_receive_fails_on_one_connection(run: Callable[[Act], Any]) -> None:
    def act(room: Room) -> Any:
        with gated(room, IN_THREADS, *RECEIVING) as (child, _, gate):
            until(lambda: any(entry for entry in SocketTable().listening(PORT)))
            clients = [connect() for _ in range(2)]
            for client in clients:
                client.sendall(b"uno")
                client.recv(100)
            until(lambda: receiving(child, gate) == 2)
            failure = gate.fail(RECEIVING, "ECONNRESET", connection=sockets_of(child)[-1])
            heard = []
            for word in (b"dos", b"tres"):  # the receives in which they wait go on; the one after it fails
                for client in clients:
                    client.sendall(word)
                    heard.append(client.recv(100).decode())
            return heard, failure.hit is not None

    heard, hit = run(act)
    assert hit
    assert heard[:3] == ["dos", "dos", "tres"]
    assert heard[3].startswith("ECONNRESET")


def test_a_held_call_is_failed(run: Callable[[Act], Any]) -> None:
    def act(room: Room) -> Any:
        with gated(room, IN_TURN, *SENDING, *RECEIVING) as (_, _, gate):
            until(lambda: any(entry for entry in SocketTable().listening(PORT)))
            hold = gate.hold(RECEIVING)
            client = connect()
            until(hold.waiting)
            hold.fail("ETIMEDOUT")
            return client.recv(100).decode()

    assert run(act) == "ETIMEDOUT"


def test_calls_are_seen_with_their_arguments_and_files_and_other_sockets_are_not(
    run: Callable[[Act], Any],
) -> None:
    code = """
import os, socket
a, b = socket.socketpair()
a.send(b"no")
b.recv(50)
open("/dev/null").read()
socket.getaddrinfo(None, 80, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE)  # asks by netlink which addresses there are
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.bind(("127.0.0.1", 0))
end.sendto(b"hola", socket.MSG_DONTWAIT, end.getsockname())
end.recv(77)
"""

    def act(room: Room) -> Any:
        with gated(room, code, *RECEIVING, "sendto", "bind") as (child, _, gate):
            seen = gate.watch([*RECEIVING, "sendto", "bind"])
            child.wait(CEILING)
            return [each.call.describe(places=False) for each in seen.seen]

    assert run(act) == ["bind(…, …, 16)", "sendto(…, …, 4, MSG_DONTWAIT)", "recvfrom(…, …, 77)"]


def test_what_is_seen_is_bounded(run: Callable[[Act], Any]) -> None:
    def act(room: Room) -> Any:
        with gated(room, "import os\nfor _ in range(50): os.kill(os.getpid(), 0)", "kill") as (
            child,
            _,
            gate,
        ):
            seen = gate.watch(["kill"], most=10)
            child.wait(CEILING)
            return len(seen.seen)

    assert run(act) == 10


def test_a_child_and_a_thread_stand_at_the_same_gate(run: Callable[[Act], Any]) -> None:
    code = """
import os, threading, time
threading.Thread(target=time.sleep, args=[0.001]).start()
if os.fork():
    os.wait()
else:
    time.sleep(0.001)
"""

    def act(room: Room) -> Any:
        with gated(room, code, "clock_nanosleep") as (child, _, gate):
            hold = gate.hold(["clock_nanosleep"])
            until(lambda: len(hold.waiting()) == 2)
            tids = {each.tid for each in hold.waiting()}
            hold.release()
            return len(tids | {child.pid}), child.wait(CEILING)

    assert run(act) == [3, 0]


def test_a_signal_that_is_caught_waits_until_the_call_is_let_through(run: Callable[[Act], Any]) -> None:
    """Held, accept gets no EINTR (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19)."""
    code = SERVER + "signal.signal(signal.SIGUSR1, lambda *_: print('caught', flush=True))\n"
    code += "listener.settimeout(None)\nserve(listener.accept()[0])"

    def act(room: Room) -> Any:
        with gated(room, code, *ACCEPTING) as (child, output, gate):
            hold = gate.hold(ACCEPTING)
            until(hold.waiting)
            until(lambda: b"ready" in output.content)
            room.signal(child.pid, signal.SIGUSR1)
            with connect() as client:
                client.sendall(b"hola")
                before = output.content, len(hold.waiting())
                hold.release()
                return before[0].decode(), before[1], client.recv(100).decode()

    assert run(act) == ["ready\n", 1, "hola"]


def test_a_program_can_be_ended_while_it_is_held(run: Callable[[Act], Any]) -> None:
    def act(room: Room) -> Any:
        with gated(room, IN_TURN, *ACCEPTING) as (child, _, gate):
            hold = gate.hold(ACCEPTING)
            until(hold.waiting)
            room.kill_all()
            status = child.wait(CEILING)
            hold.release()  # its call is nobody's any more
            return status, gate.pending()

    assert run(act) == [signal.SIGKILL, False]


def test_what_is_held_is_still_and_what_stands_undecided_is_not(run: Callable[[Act], Any]) -> None:
    def act(room: Room) -> Any:
        with gated(room, IN_TURN, *ACCEPTING) as (child, _, gate), SocketTable() as table:
            hold = gate.hold(ACCEPTING)
            until(hold.waiting)
            held = quiet.take([child.pid], table, [gate])
            undecided = quiet.Snapshot(held.tasks, held.sockets, undecided=True)
            return [view.state for view in held.tasks], quiet.unrest(held), quiet.unrest(undecided)

    assert run(act) == [["T"], [], ["a call stands at a gate"]]


def test_the_filter_of_refusals_is_stronger(run: Callable[[Act], Any]) -> None:
    code = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nprint(libc.syscall(435, 0, 0), ctypes.get_errno(), flush=True)"

    def act(room: Room) -> Any:
        with gated(room, code, "clone3") as (child, output, gate):
            seen = gate.watch(["clone3"])
            child.wait(CEILING)
            output.wait_end(CEILING)
            return output.content.decode(), len(seen.seen)

    assert run(act) == ["-1 38\n", 0]


def test_a_kernel_that_has_no_gate_makes_it_inconclusive(
    run: Callable[[Act], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where seccomp(2) knows no listener, or a container's filter refuses it: the program does not start, and says why."""
    request = seccomp.gate_request(frozenset(ACCEPTING))
    monkeypatch.setattr(seccomp, "gate_request", lambda _: {**request, "steps": ""})

    def act(room: Room) -> Any:
        try:
            with gated(room, IN_TURN, *ACCEPTING):
                return "started"
        except Inconclusive as reason:
            until(lambda: not proc.children(room.init_pid))
            return str(reason)

    assert run(act).startswith("this machine lets no process hold another one's system calls")


def test_a_call_that_was_not_named_at_the_start_is_the_graders_mistake(run: Callable[[Act], Any]) -> None:
    def act(room: Room) -> Any:
        with gated(room, IN_TURN, *ACCEPTING) as (_, _, gate):
            try:
                gate.hold(["recvfrom"])
            except GraderBugError as error:
                return str(error)

    assert run(act) == "the program was started without a gate for recvfrom"
