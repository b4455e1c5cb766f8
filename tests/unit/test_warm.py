"""One warm process grades any number of submissions; what happens to one of them costs that one alone."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.errors import BadSubmissionError, CellError, UsageError
from grader.intake import EmptySubmissionError
from grader.job import CaseResult, Results, Selection
from grader.observe import proc
from grader.practical import Practical, load_practical
from grader.record import Listener
from grader.warm import WarmGrader
from tests.end_to_end.grading import marked_processes, marker, wait_until_none
from tests.unit.made_up import CHECK_HEADER, ONE_PROGRAM, SERVER, function, practical, row, write_files

CEILING = 60.0
CHECKS = CHECK_HEADER + function("toy.works") + function("toy.fails", "raise SubmissionFault('no')")
RUBRIC = ONE_PROGRAM + row("toy.works") + row("toy.fails")
SERVE = "from grader.peers.tcp import TcpPeer\nscene.serve(TcpPeer)\n"
#: A server that never listens: whoever waits for that waits for seconds.
STUCK = "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'import signal; signal.pause()', {word!r}])\n"


def loaded(root: Path, toml: str = RUBRIC, checks: str = CHECKS) -> Practical:
    return load_practical(practical(root, toml, {"check_toy.py": checks}))


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[WarmGrader]:
    with WarmGrader([loaded(tmp_path)]) as grader:
        yield grader


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return write_files(tmp_path / "work", {"toy_server.py": SERVER})


def statuses(found: Results) -> dict[str, str]:
    return {verdict.id: verdict.status for verdict in found.checks}


BOTH = {"toy.works": "passed", "toy.fails": "failed"}


def test_one_submission_after_the_other(toy: WarmGrader, work: Path) -> None:
    for _ in range(3):
        found = toy.grade(work, jobs=1)
        assert statuses(found) == BOTH
        assert (found.score, found.max_score, found.submission) == (1.0, 2.0, "work")


def test_several_at_a_time(toy: WarmGrader, work: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: statuses(toy.grade(work, jobs=1)), range(8)))
    assert found == [BOTH] * 8


def test_a_selection_is_each_grading_s_own(toy: WarmGrader, work: Path) -> None:
    assert statuses(toy.grade(work, selection=Selection(checks=("toy.works",)))) == {"toy.works": "passed"}
    assert statuses(toy.grade(work)) == BOTH


def test_what_is_heard_is_what_comes_out(toy: WarmGrader, work: Path) -> None:
    class Heard(Listener):
        def __init__(self) -> None:
            self.said: list[object] = []

        def planned(self, cases: int, /) -> None:
            self.said.append(cases)

        def case(self, practical: Practical, result: CaseResult, /) -> None:
            self.said.append((practical.name, result.check, result.status))

    heard = Heard()
    toy.grade(work, listener=heard)
    assert heard.said[0] == 2
    assert sorted(map(str, heard.said[1:])) == [
        "('toy', 'toy.fails', 'failed')",
        "('toy', 'toy.works', 'passed')",
    ]


def test_a_submission_that_cannot_be_opened_costs_itself(toy: WarmGrader, work: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(BadSubmissionError, match=r"broken\.zip"):
        toy.grade(tmp_path / "broken.zip")
    with pytest.raises(BadSubmissionError):
        toy.grade(tmp_path / "nowhere")
    other = write_files(tmp_path / "other", {"notes.txt": "nothing"})
    with pytest.raises(EmptySubmissionError, match="toy_server"):
        toy.grade(other)
    assert statuses(toy.grade(work)) == BOTH


def test_a_program_that_is_not_there_is_missing_where_it_was_asked_for(
    toy: WarmGrader, tmp_path: Path
) -> None:
    other = write_files(tmp_path / "other", {"notes.txt": "nothing"})
    assert set(statuses(toy.grade(other, practicals=["toy"])).values()) == {"missing"}


def test_checks_that_cannot_be_loaded_are_told_to_whoever_grades(tmp_path: Path, work: Path) -> None:
    with WarmGrader([loaded(tmp_path, checks="import nothing_of_that_name\n")]) as grader:
        for _ in range(2):
            with pytest.raises(UsageError, match="nothing_of_that_name"):
                grader.grade(work)


def test_a_rubric_without_its_check_is_told(tmp_path: Path, work: Path) -> None:
    with (
        WarmGrader([loaded(tmp_path, RUBRIC + row("toy.forgotten"))]) as grader,
        pytest.raises(UsageError, match=r"toy\.forgotten"),
    ):
        grader.grade(work)


# Gradings that do not come to their end


@pytest.fixture
def lasting(tmp_path: Path) -> Iterator[WarmGrader]:
    """Its second check waits for the server."""
    checks = CHECK_HEADER + function("toy.works") + function("toy.fails", SERVE, parameters=", scene")
    with WarmGrader([loaded(tmp_path, checks=checks)]) as grader:
        yield grader


@pytest.fixture
def word() -> str:
    return marker()


@pytest.fixture
def stuck(tmp_path: Path, word: str) -> Path:
    return write_files(tmp_path / "stuck", {"toy_server.py": STUCK.format(word=word)})


SERVES = {"toy.works": "passed", "toy.fails": "passed"}


def wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + CEILING
    while not condition():
        assert time.monotonic() < deadline, "the state was not reached"
        select.select([], [], [], 0.005)


@pytest.mark.parametrize("generations", [1, 2], ids=["its process", "its cell's host"])
def test_a_grading_of_which_something_dies_costs_itself(
    lasting: WarmGrader, stuck: Path, work: Path, word: str, generations: int
) -> None:
    with ThreadPoolExecutor(1) as pool:
        doomed = pool.submit(lasting.grade, stuck, jobs=1)
        wait(lambda: marked_processes(word))
        victim = lasting.pid
        for _ in range(generations):
            (victim,) = proc.children(victim)
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(CellError):
            doomed.result()
    assert statuses(lasting.grade(work, jobs=1)) == SERVES
    assert wait_until_none(word) == []


def test_close_ends_what_is_being_graded_and_leaves_nobody(
    lasting: WarmGrader, stuck: Path, word: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        doomed = pool.submit(lasting.grade, stuck, jobs=1)
        wait(lambda: marked_processes(word))
        below = proc.descendants(lasting.pid)
        assert len(below) > 2
        lasting.close()
        with pytest.raises(CellError):
            doomed.result()
    assert [pid for pid in below if Path(f"/proc/{pid}").exists()] == []


def test_a_warm_process_that_is_killed_takes_its_gradings_along(
    lasting: WarmGrader, stuck: Path, work: Path, word: str
) -> None:
    with ThreadPoolExecutor(1) as pool:
        doomed = pool.submit(lasting.grade, stuck, jobs=1)
        wait(lambda: marked_processes(word))
        below = proc.descendants(lasting.pid)
        os.kill(lasting.pid, signal.SIGKILL)
        with pytest.raises(CellError):
            doomed.result()
    wait(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
    with pytest.raises(CellError, match="warm process"):
        lasting.grade(work)


def test_a_file_of_the_working_directory_is_not_loaded(
    tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("msgspec.py", "grader.py", "pytest.py", "conftest.py"):
        (work / name).write_text(f"open({str(tmp_path / 'loaded')!r}, 'w')\n")
    monkeypatch.chdir(work)
    with WarmGrader([loaded(tmp_path)]) as grader:
        assert statuses(grader.grade(work)) == BOTH
    assert not (tmp_path / "loaded").exists()
