"""/proc against real children: blocked, spinning, stopped, ended."""

from __future__ import annotations

import os
import platform
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.observe import proc
from grader.observe.calls import read_call
from grader.observe.proc import Call, Task
from grader.observe.syscall_numbers import NUMBERS, SIGNATURES, names

CEILING = 60.0
HERE = NUMBERS[platform.machine()]
HAS_POLL = "poll" in HERE  # aarch64 has ppoll alone


def until(condition: Callable[[], object]) -> None:
    """Poll a state; the time is a ceiling that means failure."""
    deadline = time.monotonic() + CEILING
    while not condition():
        assert time.monotonic() < deadline, "the state was not reached"
        select.select([], [], [], 0.001)


@pytest.fixture
def start() -> Iterator[Callable[[str], int]]:
    """Starts Python code in a child; whatever it forks shares its session and dies with it."""
    started: list[subprocess.Popen[bytes]] = []

    def start_code(code: str) -> int:
        common = "import os, select, signal, socket, threading, time\n"
        child = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", common + code], stdin=subprocess.PIPE, start_new_session=True
        )
        started.append(child)
        return child.pid

    yield start_code
    for child in started:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


Start = Callable[[str], int]


def blocked(pid: int, *calls: str) -> Task:
    """Wait until the only thread of a process sleeps in one of these calls."""
    seen: list[Task] = []

    def reached() -> bool:
        seen[:] = proc.tasks(pid)
        (task,) = seen
        return task.state == "S" and task.call is not None and task.call.name in calls

    until(reached)
    return seen[0]


def until_stopped(pid: int) -> None:
    until(lambda: proc.tasks(pid)[0].state == "T")


def call_of(task: Task) -> Call:
    assert task.call is not None
    return task.call


PAIR = "a, b = socket.socketpair()\n"
LISTENER = "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"


@pytest.mark.parametrize(
    ("code", "calls", "endless"),
    [
        (PAIR + "a.recv(512)", {"recvfrom"}, True),
        (PAIR + "a.recvmsg(512)", {"recvmsg"}, True),
        (PAIR + "a.sendall(bytes(1 << 24))", {"sendto"}, True),
        (LISTENER + "s.accept()", {"accept", "accept4"}, True),
        ("os.read(os.pipe()[0], 1)", {"read"}, True),
        ("os.write(os.pipe()[1], bytes(1 << 20))", {"write"}, True),
        ("os.writev(os.pipe()[1], [bytes(1 << 20)] * 2)", {"writev"}, True),
        (
            PAIR + "os.sendfile(a.fileno(), os.open('/proc/self/exe', 0), 0, 1 << 30)",
            {"sendfile"},
            True,
        ),
        (
            PAIR + "e = select.epoll(); e.register(a); e.modify(a, 0); e.poll()",
            {"epoll_wait", "epoll_pwait"},
            True,
        ),
        ("select.epoll().poll(500)", {"epoll_wait", "epoll_pwait"}, False),
        ("p = select.poll(); p.register(0, 1); p.poll()", {"poll", "ppoll"}, True),
        ("p = select.poll(); p.register(0, 1); p.poll(500_000)", {"poll", "ppoll"}, False),
        ("select.select([0], [], [])", {"select", "pselect6"}, True),
        ("select.select([0], [], [], 500)", {"select", "pselect6"}, False),
        ("time.sleep(500)", {"clock_nanosleep", "nanosleep"}, False),
        ("l = threading.Lock(); l.acquire(); l.acquire()", {"futex"}, True),
        ("l = threading.Lock(); l.acquire(); l.acquire(timeout=500)", {"futex"}, False),
        ("signal.pause()", {"pause", "ppoll"}, True),
        ("signal.sigwait([signal.SIGUSR1])", {"rt_sigtimedwait"}, True),
        ("signal.sigtimedwait([signal.SIGUSR1], 500)", {"rt_sigtimedwait"}, False),
    ],
)
def test_blocked_call_and_whether_a_clock_ends_it(
    code: str, calls: set[str], start: Start, *, endless: bool
) -> None:
    task = blocked(start(code), *calls)
    assert proc.is_indefinite(call_of(task)) is endless


def test_wait_for_a_child_is_endless(start: Start) -> None:
    pid = start("os.wait() if os.fork() else signal.pause()")
    assert proc.is_indefinite(call_of(blocked(pid, "wait4")))


def test_task_tells_descriptor_length_and_text(start: Start) -> None:
    pid = start(PAIR + "os.dup2(a.fileno(), 9); socket.socket(fileno=9).recv(65536, socket.MSG_WAITALL)")
    call = call_of(blocked(pid, "recvfrom"))
    assert (call.descriptor, call.length) == (9, 65536)
    assert call.describe() == "recvfrom(9, …, 65536, MSG_WAITALL)"
    assert call.number == HERE["recvfrom"]


def test_spinning_task_is_in_no_call_and_uses_time(start: Start) -> None:
    pid = start("while True: pass")

    def spinning() -> bool:
        (task,) = proc.tasks(pid)
        return task.state == "R" and task.call is None and task.run_ns > 50_000_000

    until(spinning)
    (before,) = proc.tasks(pid)
    until(lambda: proc.tasks(pid)[0].run_ns > before.run_ns)


def test_sleeping_task_does_not_run(start: Start) -> None:
    pid = start("signal.pause()")
    task = blocked(pid, "pause", "ppoll")
    assert proc.tasks(pid) == [task]
    assert task.switches == task.voluntary + task.involuntary > 0
    assert (task.pid, task.tid) == (pid, pid)


def test_every_thread_is_seen(start: Start) -> None:
    pid = start(PAIR + "[threading.Thread(target=a.recv, args=(7,)).start() for _ in range(3)]")

    def calls() -> list[str]:
        return sorted(task.call.name for task in proc.tasks(pid) if task.call)

    until(lambda: calls() == ["futex", "recvfrom", "recvfrom", "recvfrom"])


def test_name_cannot_hide_control_characters(start: Start) -> None:
    pid = start("open('/proc/self/comm', 'w').write('a\\x1b) S\\n1'); signal.pause()")
    assert blocked(pid, "pause", "ppoll").comm == r"a?) S\n1"


def test_stop_and_continue_leave_poll_in_restart_syscall(start: Start) -> None:
    timed = start("p = select.poll(); p.register(0, 1); p.poll(500_000)")
    endless = start("p = select.poll(); p.register(0, 1); p.poll()")
    asleep = start("time.sleep(500)")
    pids = {timed: False, endless: True, asleep: False}
    for pid in pids:
        blocked(pid, "poll", "ppoll", "clock_nanosleep", "nanosleep")
        os.kill(pid, signal.SIGSTOP)
        until_stopped(pid)
        os.kill(pid, signal.SIGCONT)
    for pid, expected in pids.items():
        task = blocked(pid, "restart_syscall", "ppoll", "clock_nanosleep")
        assert proc.is_indefinite(call_of(task)) is expected


def test_descendants_and_zombies(start: Start) -> None:
    pid = start(
        "if os.fork() == 0:\n"
        "    if os.fork() == 0: signal.pause()\n"
        "    signal.pause()\n"
        "if os.fork() == 0: os._exit(0)\n"
        "signal.pause()"
    )
    until(lambda: len(proc.descendants(pid)) == 3 and len(proc.zombies(pid)) == 1)
    (zombie,) = proc.zombies(pid)
    first, second = proc.children(pid)
    assert zombie == second
    assert proc.descendants(pid) == [first, second, *proc.children(first)]
    (task,) = proc.tasks(zombie)
    assert (task.state, task.call) == ("Z", None)
    assert proc.descriptors(zombie) == {}
    assert proc.memory(zombie).rss == 0
    assert proc.zombies(first) == []


def test_ended_leader_beside_living_threads_is_no_zombie(start: Start) -> None:
    code = (
        "import ctypes\n"
        "if os.fork() == 0:\n"
        "    threading.Thread(target=signal.pause).start()\n"
        "    ctypes.CDLL(None).pthread_exit(None)\n"
        "signal.pause()"
    )
    pid = start(code)
    until(lambda: proc.children(pid))
    (child,) = proc.children(pid)
    until(lambda: "Z" in {task.state for task in proc.tasks(child)})
    assert proc.zombies(pid) == []
    assert 0 in proc.descriptors(child)


def test_children_of_every_thread_are_found(start: Start) -> None:
    code = (
        "def fork():\n"
        "    if os.fork() == 0: signal.pause()\n"
        "    os.read(0, 1)\n"
        "threading.Thread(target=fork).start()\n"
        "fork()"
    )
    pid = start(code)
    until(lambda: len(proc.children(pid)) == 2)


def test_a_folder_whose_path_is_too_long_to_be_told_is_a_descriptor_like_any_other(
    start: Start, tmp_path: Path
) -> None:
    pid = start(
        f"os.chdir({str(tmp_path)!r})\n"
        "for _ in range(30):\n    os.mkdir('a' * 200); os.chdir('a' * 200)\n"
        "os.dup2(os.open('.', os.O_RDONLY), 100); os.dup2(os.open('/dev/null', os.O_RDONLY), 101); signal.pause()"
    )
    blocked(pid, "pause", "ppoll")
    found = proc.descriptors(pid)
    assert "too long" in found[100].target
    assert found[101].target == "/dev/null"


def test_descriptors(start: Start) -> None:
    pid = start(
        PAIR + "a.setblocking(False); r, w = os.pipe(); e = select.epoll()\n"
        "e.register(a, select.EPOLLIN); e.register(r, select.EPOLLIN)\n"
        "os.dup2(a.fileno(), 100); os.dup2(b.fileno(), 101); os.dup2(r, 102); os.dup2(e.fileno(), 103)\n"
        "os.dup2(os.open('/dev/null', os.O_RDWR | os.O_APPEND), 104); signal.pause()"
    )
    blocked(pid, "pause", "ppoll")
    found = proc.descriptors(pid)
    assert list(found) == sorted(found)
    assert found[100].target == f"socket:[{found[100].inode}]"
    assert (found[100].nonblocking, found[101].nonblocking) == (True, False)
    assert found[102].target == f"pipe:[{found[102].inode}]"
    assert found[104].target == "/dev/null"
    assert found[104].inode is None
    assert found[104].flags & (os.O_RDWR | os.O_APPEND) == os.O_RDWR | os.O_APPEND
    watched = {found[100].inode, found[102].inode}
    originals = {number for number, entry in found.items() if number < 100 and entry.inode in watched}
    assert set(found[103].targets or ()) < originals  # a pipe's write end has the same inode
    assert {found[number].inode for number in found[103].targets or ()} == watched
    assert found[100].targets is None


def test_memory_grows_by_what_is_touched(start: Start) -> None:
    pid = start("x = b'1' * (64 << 20); signal.pause()")
    blocked(pid, "pause", "ppoll")
    memory = proc.memory(pid)
    assert memory.size >= memory.rss >= 64 << 20


def test_reaped_process_is_gone() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    observers: list[Callable[[int], object]] = [proc.tasks, proc.children, proc.descendants, proc.zombies]
    observers += [proc.descriptors, proc.memory, proc.tracers]
    for observer in observers:
        with pytest.raises(proc.ProcessGoneError, match=str(pid)):
            observer(pid)


def test_threads_and_children_that_come_and_go_do_no_harm(start: Start) -> None:
    pid = start(
        "def churn():\n"
        "    while True:\n"
        "        t = threading.Thread(target=int); t.start()\n"
        "        if os.fork() == 0: os._exit(0)\n"
        "        os.close(os.open('/dev/null', 0)); os.wait(); t.join()\n"
        "churn()"
    )
    until(lambda: proc.children(pid))
    for _ in range(100):
        assert proc.tasks(pid)
        proc.descendants(pid)
        proc.zombies(pid)
        proc.descriptors(pid)


def test_process_that_is_not_dumpable_shows_no_more_than_it_may(start: Start) -> None:
    """So are the room's programs until their exec; root sees all the same."""
    pid = start(
        "import ctypes, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])\n"
        "ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE\n"
        "signal.sigwait([signal.SIGUSR1])\n"
        "os.execv(sys.executable, [sys.executable, '-S', '-E', '-c', 'import signal; signal.pause()'])"
    )
    if os.getuid() == 0:
        blocked(pid, "rt_sigtimedwait")
        assert proc.descriptors(pid)
    else:
        until(lambda: Path(f"/proc/{pid}/task/{pid}/syscall").stat().st_uid != os.getuid())
        assert proc.tasks(pid)[0].call is None
        assert proc.descriptors(pid) == {}
    os.kill(pid, signal.SIGUSR1)
    blocked(pid, "pause", "ppoll")
    assert proc.descriptors(pid)


@pytest.mark.skipif(os.getuid() == 0, reason="root may look at every process")
def test_missing_permission_is_not_passed_over() -> None:
    with pytest.raises(PermissionError):
        proc.tasks(1)
    with pytest.raises(PermissionError):
        proc.descriptors(1)


def call(name: str, *args: int) -> Call:
    return Call(name, 0, (*args, *[0] * (6 - len(args))))


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (call("accept", 3, 0, 0), "accept(3, NULL, NULL)"),
        (call("connect", 3, 4096, 16), "connect(3, …, 16)"),
        (call("sendto", 5, 4096, 10, 0x8000 | 0x4000), "sendto(5, …, 10, MSG_NOSIGNAL|MSG_MORE)"),
        (call("sendmsg", 5, 4096, 0x2_0000_0000), "sendmsg(5, …)"),
        (call("recvfrom", 5, 4096, 1, 0x100_0100), "recvfrom(5, …, 1, MSG_WAITALL|0x1000000)"),
        (call("poll", 4096, 2, 0xFFFFFFFF), "poll(…, 2, -1)"),
        (call("epoll_wait", 3, 4096, 64, 2**64 - 1), "epoll_wait(3, …, 64, -1)"),
        (call("readv", 2**32 - 1, 4096, 3), "readv(-1, …, 3)"),
        (call("pause", 1, 2, 3), "pause()"),
        (call("syscall_999", 1, 2, 3), "syscall_999()"),
    ],
)
def test_describe(made: Call, text: str) -> None:
    assert made.describe() == text


def test_descriptor_and_length_only_where_the_call_has_one() -> None:
    assert call("wait4", 2**32 - 1).descriptor is None
    assert call("poll", 4096, 2, 0).descriptor is None
    assert call("accept", 3).length is None


@pytest.mark.parametrize(
    ("made", "endless"),
    [
        (call("epoll_pwait2", 3, 4096, 1, 0), True),
        (call("epoll_pwait2", 3, 4096, 1, 4096), False),
        (call("flock", 3, 2), True),
        (call("connect", 3, 4096, 16), False),
        (call("syscall_999"), False),
        (call("restart_syscall", 4096, 137, 0xFFFFFFFF), False),  # FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG
        (call("restart_syscall", 4096, 2, 500), False),
    ],
)
def test_is_indefinite(made: Call, *, endless: bool) -> None:
    assert proc.is_indefinite(made) is endless


def test_syscall_file_of_no_call() -> None:
    assert read_call("running\n") is None
    assert read_call("-1 0x7ffd 0x7f01\n") is None
    unknown = read_call("99999 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffd 0x7f01\n")
    assert unknown == Call("syscall_99999", 99999, (1, 2, 3, 4, 5, 6))


def test_table_is_consistent() -> None:
    for numbers in NUMBERS.values():
        assert len(set(numbers.values())) == len(numbers)
        assert set(numbers) <= set(SIGNATURES)
    for signature in SIGNATURES.values():
        assert set(signature.kinds) <= set("dnpf")
        assert (signature.timeout >= 0) == (signature.ends in {"ms", "ptr"})
    assert names("x86_64")[45] == names("aarch64")[207] == "recvfrom"
    assert "accept" in names().values()


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_numbers_match_the_kernels_headers(machine: str) -> None:
    header = {
        "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        "aarch64": Path("/usr/include/asm-generic/unistd.h"),
    }[machine]
    if not header.exists():
        pytest.skip(f"{header} is not here")
    words = [line.split() for line in header.read_text().splitlines() if line.startswith("#define __NR")]
    numbers = {
        parts[1].removeprefix("__NR3264_").removeprefix("__NR_"): parts[2]
        for parts in words
        if len(parts) == 3 and parts[2].isdigit()
    }
    for name, number in NUMBERS[machine].items():
        assert numbers.get(name, str(number)) == str(number)
