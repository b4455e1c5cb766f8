"""What a validation says of its subjects: what is right is silent, and whatever is not is named."""

from __future__ import annotations

import io

import msgspec
import pytest
from click.testing import CliRunner
from rich.console import Console

from grader.commands.validate import validate
from grader.errors import UsageError
from grader.practical import load_practicals
from grader.validation import matrix
from grader.validation.catalogue import Defect, load
from grader.validation.subjects import Outcome, Subject, examine, subjects
from grader.warm import WarmGrader

PRACTICAL = load_practicals()["connection"]
DEFECT = Defect(
    name="made-up",
    program="conecta",
    language="c",
    mistake="none",
    rows=(),
    caught_by=("connection.listens",),
    also=("connection.usage",),
    practical="connection",
)


def outcome(statuses: dict[str, str], *, defect: Defect | None = DEFECT) -> Outcome:
    if defect is None:
        return Outcome(Subject("reference", "c", "connection"), statuses)
    return Outcome(Subject("defect", "made-up (c)", "connection", defect=defect), statuses)


def test_defect_that_fails_its_row_is_right() -> None:
    right = {"connection.listens": "failed", "connection.usage": "failed", "connection.builds": "passed"}
    assert outcome(right).problems() == []


@pytest.mark.parametrize(
    ("statuses", "problem"),
    [
        ({"connection.listens": "failed"}, "not caught by connection.usage"),
        ({"connection.listens": "inconclusive", "connection.usage": "failed"}, "not caught by connection.listens"),
        (
            {"connection.listens": "failed", "connection.usage": "failed", "connection.builds": "failed"},
            "failed connection.builds, which its row does not list: ",
        ),
        (
            {"connection.listens": "failed", "connection.usage": "failed", "connection.builds": "inconclusive"},
            "inconclusive connection.builds, which its row does not list: ",
        ),
    ],
    ids=["missed", "undecided", "too-much", "other-undecided"],
)  # fmt: skip
def test_defect_that_does_not_fail_exactly_its_row_is_told(statuses: dict[str, str], problem: str) -> None:
    assert problem in outcome(statuses).problems()


def test_reference_must_pass_everything() -> None:
    assert outcome({"connection.listens": "passed"}, defect=None).problems() == []
    assert outcome({"connection.listens": "inconclusive"}, defect=None).problems()
    assert outcome({}, defect=None).problems()


def test_trouble_is_a_problem() -> None:
    assert Outcome(Subject("variant", "x", "connection"), trouble="no room").problems() == ["no room"]


def test_matrix_shows_what_caught_what() -> None:
    caught = outcome(
        {"connection.listens": "failed", "connection.usage": "failed", "connection.builds": "passed"}
    )
    text = shown([caught, outcome({"connection.listens": "passed"}, defect=None)])
    (listens,) = [
        line for line in text.splitlines() if line.startswith("connection.listens ") and "#" in line
    ]
    (usage,) = [line for line in text.splitlines() if line.startswith("connection.usage ") and "+" in line]
    assert listens.endswith("#")
    assert usage.endswith("+")
    assert "detection rate 100.0 %: 1 of 1" in text
    assert "WRONG" not in text


def test_matrix_ends_with_what_is_wrong() -> None:
    text = shown([outcome({"connection.listens": "failed"})])
    assert "WRONG  connection defect made-up (c): not caught by connection.usage" in text
    assert "detection rate 100.0 %" in text  # it was named by the check that is meant for it


def test_checks_that_no_defect_needs_are_found() -> None:
    needless = matrix.unneeded(PRACTICAL, [outcome({"connection.listens": "failed"})])
    assert "connection.listens" not in needless
    assert "connection.usage" in needless


@pytest.mark.parametrize("practical", load_practicals())
def test_every_practical_has_two_references_and_variants(practical: str) -> None:
    kinds = [subject.kind for subject in subjects([load_practicals()[practical]])]
    assert kinds.count("reference") == 2
    assert kinds.count("variant") >= 2


def test_a_row_that_is_not_true_is_found_by_grading(warm: WarmGrader) -> None:
    """The real thing, once: a defect whose row names another check than the one that catches it."""
    defect = next(each for each in load("connection") if each.caught_by == ("connection.usage",))
    wrong = msgspec.structs.replace(defect, caught_by=("connection.listens",), also=())
    problems = examine(Subject("defect", "wrong row", "connection", defect=wrong), warm).problems()
    assert "not caught by connection.listens" in problems
    assert any("which its row does not list" in problem for problem in problems)


def test_practical_that_is_not_there() -> None:
    result = CliRunner().invoke(validate, ["--practical", "none"])
    assert isinstance(result.exception, UsageError)
    assert "connection" in str(result.exception)


def shown(outcomes: list[Outcome]) -> str:
    file = io.StringIO()
    matrix.show(Console(file=file, width=200), [PRACTICAL], outcomes)
    return file.getvalue()
