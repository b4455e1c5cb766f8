"""Two mistakes in one program: which pairs there are, and what they are held to."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from grader.errors import UsageError
from grader.practical import load_practicals
from grader.validation.catalogue import Defect, load, materialise
from grader.validation.pairs import Rule, cancelled, chosen_pairs, unbuilt
from grader.validation.subjects import Outcome, Subject

PRACTICALS = load_practicals()
CHECKS = list(PRACTICALS["connection"].checks)
RULE = Rule(PRACTICALS.values())


def defect(name: str, caught_by: str, *also: str) -> Defect:
    return Defect(name, "acepta", "c", "none", (), (caught_by,), also, "connection")


ONE = defect("one", "connection.listens", "connection.backlog")
TWO = defect("two", "connection.usage")


def problems(**statuses: str) -> list[str]:
    """Of the pair of the two, with these statuses (`listens="failed"`); all others have passed."""
    given = {check: statuses.get(check.split(".")[1].replace("-", "_"), "passed") for check in CHECKS}
    subject = Subject("pair", "one + two (c)", "connection", defect=ONE, second=TWO)
    return RULE.problems(Outcome(subject, given))


def test_a_pair_that_is_failed_for_both_is_right() -> None:
    assert problems(listens="failed", backlog="failed", usage="failed") == []


def test_a_pair_may_fail_more_than_both() -> None:
    assert problems(listens="failed", backlog="failed", usage="failed", restart="failed") == []


@pytest.mark.parametrize("status", ["passed", "inconclusive", "error"])
def test_a_mistake_that_the_other_one_hides_is_named(status: str) -> None:
    (problem,) = problems(listens="failed", backlog="failed", restart="failed", usage=status)
    assert problem.startswith(f"{status} connection.usage, which is meant for two")


def test_two_mistakes_that_cost_less_than_one_are_named() -> None:
    (problem,) = problems(listens="failed", usage="failed")
    worth = {check: PRACTICALS["connection"].checks[check].points for check in CHECKS}
    both = worth["connection.listens"] + worth["connection.usage"]
    alone = worth["connection.listens"] + worth["connection.backlog"]
    assert both < alone, "choose other checks"
    assert problem == (f"costs {both:g} points, one alone {alone:g}, which also fails connection.backlog")


def test_two_mistakes_that_do_not_build_together_are_no_program() -> None:
    subject = Subject("pair", "one + two (c)", "connection", defect=ONE, second=TWO)
    outcome = Outcome(subject, {"connection.builds": "failed"})
    assert unbuilt(outcome)
    assert RULE.problems(outcome) == []
    assert RULE.problems(Outcome(subject, trouble="no room")) == ["no room"]


def test_the_pairs_are_always_the_same_ones_and_come_from_everywhere() -> None:
    few = chosen_pairs(list(PRACTICALS.values()), 20)
    assert len({pair.name for pair in few}) == 20
    assert chosen_pairs(list(PRACTICALS.values()), 30)[:20] == few
    assert len({pair.practical for pair in few}) >= 4
    for pair in few:
        assert pair.defect is not None
        assert pair.second is not None
        assert (pair.defect.program, pair.defect.language) == (pair.second.program, pair.second.language)


def test_both_mistakes_are_in_the_program(tmp_path: Path) -> None:
    pair = chosen_pairs([PRACTICALS["web"]], 1)[0]
    assert pair.defect is not None
    both = materialise(pair.defect, tmp_path / "both", pair.second)
    one = materialise(pair.defect, tmp_path / "one")
    assert any(file.read_bytes() != (one / file.name).read_bytes() for file in both.iterdir())


def test_differences_that_touch_are_refused(tmp_path: Path) -> None:
    some = load("connection")[0]
    with pytest.raises(UsageError, match="does not apply"):
        materialise(some, tmp_path, some)


def test_every_cancelled_mistake_is_one_of_the_catalogue_and_a_check_that_is_meant_for_it() -> None:
    rows = {(each.practical, each.name): each for each in load()}
    for row in cancelled():
        assert row.check in rows[row.practical, row.mistake].expected
        assert (row.practical, row.by) in rows
        assert row.reason


def test_a_mistake_that_the_other_one_cancels_need_not_be_named() -> None:
    row = cancelled()[0]
    mine = next(each for each in load(row.practical) if each.name == row.mistake)
    other = next(each for each in load(row.practical) if each.name == row.by)
    failed = dict.fromkeys((mine.expected | other.expected) - {row.check}, "failed")
    outcome = Outcome(
        Subject("pair", "a pair", row.practical, defect=mine, second=other), {row.check: "passed", **failed}
    )
    assert RULE.problems(outcome) == []
    swapped = msgspec.structs.replace(other, name="another")
    outcome.subject = msgspec.structs.replace(outcome.subject, second=swapped)
    assert RULE.problems(outcome) != []
