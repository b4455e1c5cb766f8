"""Several gradings of one submission put together."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.batch import engine
from grader.batch.engine import Job, Reviving
from grader.errors import CellError
from grader.job import Results, Selection, Status, Verdict
from grader.repeats import together
from grader.rubric import Rubric, Worth, applied
from grader.verdicts import worst


def row(status: Status, *, name: str = "x.a", message: str = "", **cases: Status) -> Verdict:
    """`cases`: by label; one of this status without."""
    by_case = dict(cases) or ({} if status == "missing" else {"": status})
    return Verdict(
        name,
        "p",
        "x",
        "core",
        status,
        4.0 if status == "passed" else 0.0,
        4.0,
        message=message,
        passed_cases=list(by_case.values()).count("passed"),
        decided_cases=sum(each in {"passed", "failed"} for each in by_case.values()),
        cases=len(by_case),
        by_case=by_case,
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


@pytest.mark.parametrize("other", ["passed", "failed"])
def test_what_was_built_in_some_rounds_only_is_undecided(other: Status) -> None:
    found = together([one(row(other)), one(row("missing"))])
    assert (found.checks[0].status, found.checks[0].passed_cases, found.undecided) == ("inconclusive", 0, 4.0)


def by_cases(*rounds: dict[str, Status]) -> tuple[Status, int, int, int]:
    """Of one check whose cases ended like this: its status, and the cases that passed, that are decided, and all."""
    (found,) = together([one(row(worst(cases.values()), **cases)) for cases in rounds]).checks
    return found.status, found.passed_cases, found.decided_cases, found.cases


def test_cases_are_put_together_one_by_one() -> None:
    a: dict[str, Status] = {"a": "failed", "b": "passed", "c": "passed"}
    b: dict[str, Status] = {"a": "passed", "b": "failed", "c": "passed"}
    assert by_cases(a, a) == ("failed", 2, 3, 3)
    assert by_cases(a, b) == ("inconclusive", 1, 1, 3)  # only c is sure
    assert by_cases(a, b, a) == ("inconclusive", 1, 1, 3)
    assert by_cases(a, {**a, "b": "failed"}) == ("failed", 1, 2, 3)  # a fails each time
    assert (
        by_cases(a, {**a, "c": "inconclusive"})
        == by_cases({**a, "c": "inconclusive"}, a)
        == ("failed", 2, 3, 3)
    )
    assert by_cases(a, {"a": "failed"}) == ("failed", 2, 3, 3)


def test_with_credit_by_case_only_what_is_sure_earns() -> None:
    a = row("failed", a="failed", b="passed", c="passed")
    b = row("failed", a="passed", b="failed", c="passed")
    rubric = Rubric({"x.a": Worth(9.0, credit="per-case")}, {})
    found = applied(together([one(a), one(b)]), rubric)
    assert (found.score, found.max_score, found.undecided) == (3.0, 9.0, 6.0)


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
