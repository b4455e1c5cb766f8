"""Grading by a rubric: what it leaves out does not run at all."""

from __future__ import annotations

from pathlib import Path

from grader.job import Selection
from grader.practical import Practical, load_practical
from grader.record import Listener
from grader.rubric import Rubric, Worth, applied, plain
from grader.run import grade
from grader.submission import open_submission
from tests.unit.made_up import (
    CHECK_HEADER,
    ONE_PROGRAM,
    SERVER,
    function,
    graded,
    imports_forgotten,
    practical,
    row,
    write_files,
)


class Counting(Listener):
    def __init__(self) -> None:
        self.cases: list[str] = []

    def case(self, _practical: Practical, result: object, /) -> None:
        self.cases.append(str(getattr(result, "check", "")))


def test_what_is_left_out_does_not_run_and_without_a_rubric_nothing_changes(tmp_path: Path) -> None:
    checks = CHECK_HEADER + function("toy.works") + function("toy.fails", "raise SubmissionFault('no')")
    toml = practical(
        tmp_path, ONE_PROGRAM + row("toy.works", points="3") + row("toy.fails"), {"check_toy.py": checks}
    )
    work = write_files(tmp_path / "work", {"toy_server.py": SERVER})
    loaded, heard = load_practical(toml), Counting()
    with imports_forgotten(toml.parent), open_submission(work) as opened:
        by = Rubric({"toy.works": Worth(5.0), "toy.fails": Worth(1.0, omit=True)})
        found = applied(grade(opened, [loaded], by.narrowed(Selection()), jobs=2, listener=heard), by)
    assert heard.cases == ["toy.works"]
    assert [(item.id, item.status, item.points) for item in found.checks] == [("toy.works", "passed", 5.0)]
    assert (found.score, found.max_score) == (5.0, 5.0)
    without = graded(toml, work)
    assert (without.score, without.max_score, without.adjustments) == (3.0, 4.0, [])
    assert applied(without, plain({"toy": loaded})) == without
