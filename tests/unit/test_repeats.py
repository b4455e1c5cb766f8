"""Several gradings of one submission put together."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.batch import engine
from grader.batch.engine import Job, Reviving
from grader.errors import CellError
from grader.job import Results, Selection, Status, Verdict
from grader.repeats import together


def row(status: Status, *, name: str = "x.a", message: str = "", passed: int = 0, cases: int = 1) -> Verdict:
    return Verdict(
        name,
        "p",
        "x",
        "core",
        status,
        4.0 if status == "passed" else 0.0,
        4.0,
        message=message,
        passed_cases=passed,
        decided_cases=cases,
        cases=cases,
    )


def one(*rows: Verdict) -> Results:
    return Results("s", sum(each.points for each in rows), sum(each.max_points for each in rows), list(rows))


def test_what_is_decided_the_same_each_time_stays() -> None:
    found = together([one(row("passed"), row("failed", name="x.b", message="no"))] * 3)
    assert [(each.status, each.message) for each in found.checks] == [("passed", ""), ("failed", "no")]
    assert (found.score, found.max_score, found.undecided) == (4.0, 8.0, 0.0)
    assert found.notes == ["graded 3 times"]


def test_one_grading_is_left_as_it_is() -> None:
    once = one(row("passed"))
    assert together([once]) is once


def test_what_differs_is_for_a_person_to_decide() -> None:
    found = together([one(row("passed")), one(row("failed", message="it hung")), one(row("passed"))])
    (verdict,) = found.checks
    assert verdict.status == "inconclusive"
    assert verdict.message == "not the same each time (failed 1, passed 2 of 3 times); failed: it hung"
    assert (found.score, found.max_score, found.undecided) == (0.0, 4.0, 4.0)


@pytest.mark.parametrize("decided", ["passed", "failed", "missing"])
def test_what_was_undecided_once_is_decided_by_another_time(decided: Status) -> None:
    for rounds in ([one(row("inconclusive")), one(row(decided))], [one(row(decided)), one(row("error"))]):
        assert together(rounds).checks[0].status == decided


def test_never_decided_stays_undecided() -> None:
    assert together([one(row("inconclusive")), one(row("not_run"))]).checks[0].status == "inconclusive"


def test_of_several_failures_the_worst_counts() -> None:
    found = together([one(row("failed", passed=2, cases=3)), one(row("failed", passed=1, cases=3))])
    assert found.checks[0].passed_cases == 1


class Fickle:
    """In place of a warm grader: each grading finds the next of these."""

    found: list[Results | CellError]

    def __init__(self, _: object) -> None: ...

    def alive(self) -> bool:
        return True

    def close(self) -> None: ...

    def grade(self, *_: object, **__: object) -> Results:
        result = self.found.pop(0)
        if isinstance(result, CellError):
            raise result
        return result


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> Reviving:
    monkeypatch.setattr(engine, "WarmGrader", Fickle)
    monkeypatch.setattr(engine, "content_at", lambda _: "hash")
    return Reviving([])


def outcome(warm: Reviving, times: int) -> engine.Outcome:
    return warm.outcome(Job("key", "hash", "x", Path("s"), times), Selection(), "namespaces")


def test_a_job_is_graded_as_often_as_it_wants(warm: Reviving) -> None:
    Fickle.found = [one(row("passed")), one(row("failed")), one(row("passed"))]
    found = outcome(warm, 3)
    assert found.results is not None
    assert found.results.checks[0].status == "inconclusive"
    assert Fickle.found == []


def test_a_job_of_which_one_grading_is_not_there_is_undecided(warm: Reviving) -> None:
    Fickle.found = [one(row("passed")), CellError("gone"), CellError("gone")]
    found = outcome(warm, 2)
    assert found.results is None
    assert found.undecided
    assert found.trouble == "gone"
