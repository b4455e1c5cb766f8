"""strace from outside: on real programs held at a latch, and on recorded output."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.errors import GraderBugError
from grader.observe import proc
from grader.observe.syscalls import TracedCall, Tracer, parse

CEILING = 60.0
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None or (os.getuid() != 0 and YAMA.exists() and YAMA.read_text() != "0\n"),
    reason="strace is missing, or may trace its own children alone",
)


def until(condition: Callable[[], object]) -> None:
    """Poll a state; the time is a ceiling that means failure."""
    deadline = time.monotonic() + CEILING
    while not condition():
        assert time.monotonic() < deadline, "the state was not reached"
        select.select([], [], [], 0.001)


class Program:
    """A child that waits for a byte on its standard input, then executes a Python program."""

    def __init__(self, code: str) -> None:
        argv = [sys.executable, "-S", "-E", "-c", "import os, signal, socket, threading\n" + code]
        latch = f"import os; os.read(0, 1); os.execv({argv[0]!r}, {argv!r})"
        self.child = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", latch],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self.child.pid

    def go(self) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(b"g")
        self.child.stdin.flush()

    def finish(self) -> bytes:
        """Let it go, and return what it printed."""
        output, _ = self.child.communicate(b"g", CEILING)
        return output

    def close(self) -> None:
        for pipe in (self.child.stdin, self.child.stdout):
            assert pipe is not None
            pipe.close()
        self.child.wait()


@pytest.fixture
def start() -> Iterator[Callable[[str], Program]]:
    started: list[Program] = []

    def start_code(code: str) -> Program:
        started.append(Program(code))
        return started[-1]

    yield start_code
    for program in started:
        if program.child.returncode is None:
            os.killpg(program.pid, signal.SIGKILL)
        program.close()


Start = Callable[[str], Program]

PAIR = "a, b = socket.socketpair()\n"


def names(calls: list[TracedCall]) -> list[str]:
    return [call.name for call in calls]


def test_only_the_programs_own_calls_are_kept(start: Start) -> None:
    program = start(PAIR + "a.send(b'hola'); b.recv(64); os.write(1, b'x')")
    with Tracer() as tracer:
        tracer.start(program.pid, calls=["sendto", "recvfrom", "read", "write"])
        assert tracer.calls() == []
        program.finish()
        calls = [call for call in tracer.calls() if call.name != "read"]
        everything = tracer.calls()
    assert names(calls) == ["sendto", "recvfrom", "write"]
    assert [call.result for call in calls] == [4, 4, 1]
    assert calls[0].args.split(", ")[1:4] == ['"hola"', "4", "0"]
    assert str(calls[2]) == 'write(1, "x", 1) = 1'
    assert {call.pid for call in calls} == {program.pid}
    assert not any(call.args.startswith("0, ") for call in everything)  # the latch's read
    assert tracer.calls() == everything


def test_exec_is_shown_only_when_asked_for(start: Start) -> None:
    program = start("os.spawnv(os.P_WAIT, '/bin/true', ['true'])")
    with Tracer() as tracer:
        tracer.start(program.pid, calls=["execve"])
        program.finish()
        (call,) = tracer.calls()
    assert call.args.startswith('"/bin/true"')
    assert call.pid != program.pid


def test_children_and_threads_are_followed(start: Start) -> None:
    program = start(
        PAIR + "t = threading.Thread(target=a.recv, args=(64,)); t.start()\n"
        "if os.fork() == 0: b.send(b'x'); os._exit(0)\n"
        "os.wait(); t.join()"
    )
    with Tracer() as tracer:
        tracer.start(program.pid, calls=["recvfrom", "sendto"])
        program.finish()
        calls = tracer.calls()
    assert sorted(names(calls)) == ["recvfrom", "sendto"]
    assert len({call.pid for call in calls} | {program.pid}) == 3
    assert all(call.finished and call.result == 1 for call in calls)


def test_call_in_which_the_program_is_blocked(start: Start) -> None:
    program = start(PAIR + "a.recv(64)")
    with Tracer() as tracer:
        tracer.start(program.pid, calls=["recvfrom"])
        program.go()
        until(tracer.calls)
        (call,) = tracer.calls()
        assert (call.name, call.finished, call.result) == ("recvfrom", False, None)
        program.child.kill()
        program.child.wait()
    (call,) = tracer.calls()
    assert not call.finished


def test_stop_lets_the_program_run_on(start: Start) -> None:
    program = start(PAIR + "a.send(b'x'); os.write(1, b'1'); os.read(0, 1); os.write(1, b'2')")
    tracer = Tracer()
    tracer.start(program.pid, calls=["write"])
    program.go()
    until(lambda: "write" in names(tracer.calls()))
    tracer.stop()
    assert proc.tracers(program.pid) == [0]
    assert program.finish() == b"12"
    assert len(tracer.calls()) == 1
    tracer.stop()


def test_record_is_bounded_and_the_program_runs_on(start: Start) -> None:
    program = start("for _ in range(20000): os.getppid()\nos.write(1, b'done')")
    with Tracer(limit=100_000) as tracer:
        tracer.start(program.pid, calls=["getppid", "write"])
        assert program.finish() == b"done"
        assert tracer.truncated
        assert 500 < len(tracer.calls()) < 20000
    assert tracer.truncated


def test_strace_dies_with_the_worker(start: Start) -> None:
    """A worker that is killed leaves neither a tracer nor a stopped program behind."""
    program = start("signal.pause()")
    code = (
        "import os, sys\nfrom grader.observe.syscalls import Tracer\n"
        f"Tracer().start({program.pid}, calls=['read'])\nos.write(1, b'x')\nsys.stdin.read()"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    with worker:
        assert worker.stdout is not None
        assert worker.stdout.read(1) == b"x"
        assert proc.tracers(program.pid) != [0]
        worker.kill()
    until(lambda: proc.tracers(program.pid) == [0])


def test_straces_words_are_passed_on() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    with Tracer() as tracer, pytest.raises(GraderBugError, match=r"strace ended: .*No such process"):
        tracer.start(child, calls=["read"])
    assert tracer.calls() == []


def test_two_tracers_cannot_share_a_program(start: Start) -> None:
    program = start("pass")
    with Tracer() as first, Tracer() as second:
        first.start(program.pid, calls=["read"])
        with pytest.raises(GraderBugError, match="Operation not permitted"):
            second.start(program.pid, calls=["read"])


def test_missing_strace_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with Tracer() as tracer, pytest.raises(GraderBugError, match="not installed"):
        tracer.start(os.getpid(), calls=["read"])


def test_names_that_are_none_are_refused() -> None:
    with Tracer() as tracer, pytest.raises(GraderBugError, match="names no system call"):
        tracer.start(os.getpid(), calls=["read;rm"])


def test_calls_that_this_architecture_lacks_are_passed_over(start: Start) -> None:
    program = start("os.getppid()")
    with Tracer() as tracer:
        tracer.start(program.pid, calls=["recv", "send", "no_such_call", "getppid"])
        program.finish()
        assert names(tracer.calls()) == ["getppid"]


def test_class_of_calls(start: Start) -> None:
    program = start(PAIR)
    with Tracer() as tracer:
        tracer.start(program.pid, calls=["%network"])
        program.finish()
        calls = names(tracer.calls())
    assert calls[0] == "socketpair"
    assert set(calls) <= {
        "socketpair",
        "getsockname",
        "getpeername",
        "getsockopt",
    }  # what Python asks its sockets


# ---- recorded output ----

RECORD = r"""10  read(0, "g", 1)                   = 1
10  execve("/bin/x", ["x"], 0x7ffe /* 9 vars */) = -1 ENOENT (No such file or directory)
10  execve("/usr/bin/x", ["x"], 0x7ffe /* 9 vars */) = 0
10  accept(3,  <unfinished ...>
12  recvfrom(4,  <unfinished ...>
11  futex(0x7f, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>
10  <... accept resumed>NULL, NULL)     = 5
10  sendto(5, ") = 7 ECONNRESET\n\"", 4, MSG_MORE, NULL, 0) = -1 EPIPE (Broken pipe)
10  --- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=10, si_uid=0} ---
12  <... recvfrom resumed>"ab", 2, 0, NULL, NULL) = -1 EINTR (Interrupted system call)
10  poll([{fd=3, events=POLLIN}], 1, -1) = 1 ([{fd=3, revents=POLLIN}])
10  mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f00
10  read(0, 0x7ffd, 1)                  = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
11  <... futex resumed>)                = ?
11  +++ exited with 0 +++
12  recvmsg(4,  <unfinished ...>)       = ?
12  +++ killed by SIGKILL +++
13  <... wait4 resumed>NULL, 0, NULL)   = 11
10  umask(077)                          = 022
10  exit_group(1)                       = ?
10  read(0, """


def test_recorded_output_is_read() -> None:
    assert parse(RECORD, after_exec_of=10) == [
        TracedCall(10, "accept", "3, NULL, NULL", 5),
        TracedCall(12, "recvfrom", '4, "ab", 2, 0, NULL, NULL', -1, "EINTR"),
        TracedCall(11, "futex", "0x7f, FUTEX_WAIT_PRIVATE, 2, NULL"),
        TracedCall(10, "sendto", r'5, ") = 7 ECONNRESET\n\"", 4, MSG_MORE, NULL, 0', -1, "EPIPE"),
        TracedCall(10, "poll", "[{fd=3, events=POLLIN}], 1, -1", 1),
        TracedCall(10, "mmap", "NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0", 0x7F00),
        TracedCall(10, "read", "0, 0x7ffd, 1", None, "ERESTARTSYS"),
        TracedCall(12, "recvmsg", "4,", finished=False),
        TracedCall(10, "umask", "077", 0o22),
        TracedCall(10, "exit_group", "1"),
        TracedCall(10, "read", "0,", finished=False),
    ]


def test_nothing_counts_before_the_exec() -> None:
    assert parse('10  read(0, "g", 1) = 1\n', after_exec_of=10) == []
    assert len(parse('10  read(0, "g", 1) = 1\n')) == 1
    assert parse("", after_exec_of=None) == []


def test_last_exec_of_the_root_alone_decides() -> None:
    """A script is executed twice (env, then python3); a child's exec is the program's own doing."""
    record = '10  execve("a") = 0\n10  brk(1) = 1\n10  execve("b") = 0\n10  brk(2) = 2\n11  execve("c") = 0\n'
    assert names(parse(record, after_exec_of=10)) == ["brk", "execve"]
