"""Whatever a check does to its worker costs that check alone: real workers, made-up checks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.errors import CellError
from grader.job import Results, Verdict
from tests.unit.made_up import (
    CHECK_HEADER,
    ONE_PROGRAM,
    SERVER,
    function,
    graded,
    practical,
    row,
    write_files,
)

SCENE = ", scene"
SERVE = "from grader.peers.tcp import TcpPeer\nserver = scene.serve(TcpPeer)\n"
BLOCK_ALARM = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"

Run = Callable[..., dict[str, Verdict]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs checks with these bodies, `toy.NAME` each, in this order; their verdicts by NAME."""

    def run_checks(jobs: int = 2, server: bytes = SERVER, **bodies: str) -> dict[str, Verdict]:
        ids = {name: f"toy.{name.replace('_', '-')}" for name in bodies}
        checks = CHECK_HEADER + "".join(
            function(ids[name], body, parameters=SCENE if "scene" in body else "")
            for name, body in bodies.items()
        )
        toml = practical(tmp_path, ONE_PROGRAM + "".join(map(row, ids.values())), {"check_toy.py": checks})
        found: Results = graded(toml, write_files(tmp_path / "sub", {"toy_server.py": server}), jobs=jobs)
        assert [verdict.id for verdict in found.checks] == list(ids.values())
        return dict(zip(bodies, found.checks, strict=True))

    return run_checks


@pytest.fixture
def token() -> Iterator[tuple[int, int]]:
    """A pipe that workers inherit: what one writes or takes, every later one finds so."""
    read, write = os.pipe2(os.O_NONBLOCK)
    yield read, write
    os.close(read)
    os.close(write)


def statuses(verdicts: dict[str, Verdict]) -> dict[str, str]:
    return {name: verdict.status for name, verdict in verdicts.items()}


# How checks end


def test_checks_that_run_to_their_end_pass(run: Run) -> None:
    found = run(alone="pass", staged=SERVE + "assert server.sockets.listening(server.port)")
    assert statuses(found) == {"alone": "passed", "staged": "passed"}
    assert found["staged"].points == 1.0


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("raise SubmissionFault('no good')", "failed", "no good"),
        ("assert b'a' == b'b'", "failed", "not what is required"),
        ("assert False, 'it says why'", "failed", "it says why"),
        ("raise ValueError('oops')", "error", "the grader failed, not the program: ValueError: oops"),
        ("1 / 0", "error", "ZeroDivisionError"),
        ("raise SystemExit(3)", "error", "SystemExit"),
        ("os.read(-1, 1)", "error", "OSError"),
        ("from grader.errors import GraderBugError\nraise GraderBugError('mine')", "error", "mine"),
    ],
)
def test_how_a_check_ends_is_its_verdict(run: Run, body: str, status: str, words: str) -> None:
    found = run(before="pass", trouble=body, after="pass")
    assert statuses(found) == {"before": "passed", "trouble": status, "after": "passed"}
    assert words in found["trouble"].message
    assert (found["trouble"].hint == "") is (status == "error")


def test_an_unexpected_exception_shows_its_traceback(run: Run) -> None:
    (trouble,) = run(trouble="raise ValueError('oops')").values()
    (piece,) = [piece for piece in trouble.evidence if piece.title == "traceback"]
    assert "check_toy.py" in piece.text
    assert "ValueError: oops" in piece.text


def test_a_comparison_shows_both_sides(run: Run) -> None:
    (trouble,) = run(trouble="got = b'hola'\nassert got == b'aloh'").values()
    assert [(piece.title, piece.text) for piece in trouble.evidence] == [
        ("expected", '"aloh" (4 bytes: 61 6c 6f 68)'),
        ("actual", '"hola" (4 bytes: 68 6f 6c 61)'),
    ]


def test_what_a_program_prints_cannot_draw_on_a_terminal(run: Run) -> None:
    server = b"print('\\x1b[2J\\x1b]0;owned\\x07', flush=True)\n" + SERVER
    body = (
        SERVE + "raise SubmissionFault(server.program.stdout.content.decode() or 'x\\x1b[2J', actual='\\x9b')"
    )
    (trouble,) = run(server=server, trouble=body).values()
    assert trouble.status == "failed"
    for text in (trouble.message, *(piece.text for piece in trouble.evidence)):
        assert text.replace("\n", "").isprintable()
    assert r"\x1b[2J" in trouble.message
    assert any(piece.title == "standard output" for piece in trouble.evidence)


def test_a_fork_bomb_is_named_and_is_not_set_off_for_every_check(run: Run) -> None:
    bomb = b"""import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
    found = run(jobs=1, server=bomb, one=SERVE, two=SERVE, three=SERVE)
    assert statuses(found) == dict.fromkeys(found, "failed")
    for verdict in found.values():
        assert "starts processes without end" in verdict.message
        assert any("a child: stopped" in piece.text for piece in verdict.evidence)


def test_a_server_may_have_as_many_processes_as_its_check_allows(run: Run) -> None:
    server = b"""import os, signal, socket, sys
listener = socket.create_server(("", int(sys.argv[1])))
client, _ = listener.accept()
for _ in range(280):
    if os.fork() == 0:
        signal.pause()
client.sendall(b"!")
signal.pause()
"""
    serve = (
        "from grader.peers.tcp import TcpPeer\nserver = scene.serve(TcpPeer, limits={'nproc': (256, 1024)})\n"
    )
    expect = "server.connect().expect(b'!', 'the mark')"
    found = run(server=server, few=serve + expect, many=f"{serve}server.may_have_processes(1024)\n{expect}")
    assert statuses(found) == {"few": "failed", "many": "passed"}


def test_a_server_that_ends_is_told_with_its_last_words(run: Run) -> None:
    server = b"import sys\nsys.exit('bind: no such luck')\n"
    (trouble,) = run(server=server, trouble=SERVE).values()
    assert trouble.status == "failed"
    assert "bind: no such luck" in {piece.text for piece in trouble.evidence}


# Checks that end their worker


@pytest.mark.parametrize(
    "body",
    [
        "os._exit(0)",
        "os._exit(3)",
        "os.kill(os.getpid(), 9)",
        "os.kill(os.getpid(), 15)",
        SERVE + "os.kill(scene.room.init_pid, 9)\nscene.serve(TcpPeer)",
    ],
    ids=["exit 0", "exit 3", "SIGKILL", "SIGTERM", "its room"],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_check_that_ends_its_worker_costs_itself_alone(run: Run, body: str, jobs: int) -> None:
    found = run(jobs, before=SERVE, trouble=body, after=SERVE, last="pass")
    assert statuses(found) == {"before": "passed", "trouble": "error", "after": "passed", "last": "passed"}
    assert "the grader's worker died" in found["trouble"].message
    assert any("not the program's" in piece.text for piece in found["trouble"].evidence)


def test_several_checks_that_end_their_workers_cost_themselves_alone(run: Run) -> None:
    found = run(a="os._exit(0)", b="os.kill(os.getpid(), 9)", c="pass", d="os._exit(1)", e="pass")
    assert statuses(found) == {"a": "error", "b": "error", "c": "passed", "d": "error", "e": "passed"}


def test_a_run_whose_workers_all_die_is_given_up(run: Run) -> None:
    with pytest.raises(CellError, match="workers keep dying"):
        run(**{f"number_{letter}": "os._exit(0)" for letter in "abcdefghij"})


# Checks that do not end


def test_checks_do_not_know_that_they_run_on_a_ci_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """By pytest differences are shown whole there, which takes minutes for some MiB."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("BUILD_NUMBER", "7")
    found = run(1, unknown="import os\nassert os.environ.keys().isdisjoint({'CI', 'BUILD_NUMBER'})")
    assert statuses(found) == {"unknown": "passed"}


def test_a_worker_has_a_bound_on_its_own_memory(run: Run) -> None:
    found = run(
        fills="kept = bytearray()\nwhile True:\n    kept += bytes(64 << 20)",
        fits="assert len(bytes(64 << 20) * 4)",
    )
    assert statuses(found) == {"fills": "failed", "fits": "passed"}
    assert "more than the grader can keep" in found["fills"].message


def test_a_check_that_hangs_is_ended_from_inside(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.collection.CHECK_TIMEOUT", 2)
    found = run(1, trouble="import signal\nsignal.pause()", after="pass")
    assert statuses(found) == {"trouble": "error", "after": "passed"}
    assert "the check itself did not end" in found["trouble"].message


def test_a_check_that_hangs_deaf_to_signals_is_ended_from_outside(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.dispatch.CHECK_CEILING", 4.0)
    found = run(1, trouble=BLOCK_ALARM + "signal.pause()", after="pass")
    assert statuses(found) == {"trouble": "error", "after": "passed"}
    assert "did not end within 4 s and was stopped" in found["trouble"].message


def test_a_worker_that_hung_is_gone_when_the_next_check_runs(
    run: Run, token: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.dispatch.CHECK_CEILING", 4.0)
    read, write = token
    hang = f"os.write({write}, str(os.getpid()).encode())\n" + BLOCK_ALARM + "signal.pause()"
    ended = f"""import select
try: worker = os.pidfd_open(int(os.read({read}, 99)))
except ProcessLookupError: return
assert select.select([worker], [], [], 3)[0]"""
    assert statuses(run(1, hang=hang, ended=ended)) == {"hang": "error", "ended": "passed"}


def test_a_check_that_swallows_its_timeout_is_still_an_end(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """check50's trap: `except Exception` took the timeout, and the check passed."""
    monkeypatch.setattr("grader.collection.CHECK_TIMEOUT", 2)
    (trouble,) = run(1, trouble="import signal\ntry: signal.pause()\nexcept Exception: pass").values()
    assert trouble.status == "error"


def test_a_program_whose_checks_take_too_long_together_is_not_asked_more(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.dispatch.PROGRAM_CEILING", 0.2)
    found = run(1, first="import time; time.sleep(0.3)", second="assert True", third="assert True")
    assert statuses(found) == {"first": "passed", "second": "not_run", "third": "not_run"}
    assert "had taken 0 s together" in found["second"].message


def test_a_grading_as_a_whole_has_its_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.engine.GRADING_CEILING", 0.0)
    assert statuses(run(1, first="assert True")) == {"first": "not_run"}


def test_when_the_time_is_up_what_has_not_begun_is_not_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.dispatch.JOB_CEILING", 0.0)
    found = run(1, first="pass", second="raise SubmissionFault('no')")
    assert statuses(found) == {"first": "not_run", "second": "not_run"}
    assert "was over before this check ran" in found["second"].message


# What is inconclusive


def test_what_is_inconclusive_once_is_tried_again(run: Run, token: tuple[int, int]) -> None:
    read, write = token
    os.write(write, b"!")
    once = f"try: os.read({read}, 1)\nexcept BlockingIOError: return\nraise Inconclusive('not yet')"
    assert statuses(run(trouble=once, after="pass")) == {"trouble": "passed", "after": "passed"}


def test_what_is_inconclusive_twice_stays_so_and_had_a_fresh_cell(run: Run, token: tuple[int, int]) -> None:
    read, write = token
    count = f"os.write({write}, b'!')\n"
    found = run(1, trouble=count + "raise Inconclusive(f'worker {os.getpid()}')", after="pass")
    assert statuses(found) == {"trouble": "inconclusive", "after": "passed"}
    assert os.read(read, 100) == b"!!"
    second, first = found["trouble"].message.split("(the first time: ")
    assert first.startswith("worker ")
    assert second.split()[1] != first.split()[1].strip(")")


def test_a_failure_is_not_tried_again(run: Run, token: tuple[int, int]) -> None:
    read, write = token
    (trouble,) = run(trouble=f"os.write({write}, b'!')\nraise SubmissionFault('no')").values()
    assert trouble.status == "failed"
    assert os.read(read, 100) == b"!"


def test_what_fails_the_second_time_has_failed(run: Run, token: tuple[int, int]) -> None:
    read, write = token
    os.write(write, b"!")
    body = f"try: os.read({read}, 1)\nexcept BlockingIOError: raise SubmissionFault('seen')\nraise Inconclusive('no')"
    (trouble,) = run(trouble=body).values()
    assert (trouble.status, trouble.message) == ("failed", "seen")


# What checks leave to each other


def test_a_check_finds_nothing_of_the_one_before(run: Run) -> None:
    leave = SERVE + "scene.write_file('left', b'x')"
    look = "assert scene.read_file('left') is None\nassert scene.watch.processes() == []"
    assert statuses(run(1, leave=leave, look=look)) == {"leave": "passed", "look": "passed"}
