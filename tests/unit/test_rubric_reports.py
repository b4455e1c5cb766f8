"""A score by a rubric is the same in every report, and says what was taken and why."""

from __future__ import annotations

import io
from pathlib import Path

import junitparser
import pytest
from rich.console import Console

from grader.build import Built
from grader.job import CaseResult, Results, Selection, Status
from grader.practical import load_practicals
from grader.reports import json, junit, terminal
from grader.rubric import Limits, Rubric, Worth, applied
from grader.verdicts import fold
from tests.unit.made_up import results, verdict

RUBRIC = Rubric(
    {
        "toy.works": Worth(4.0),
        "toy.half": Worth(3.0, credit="per-case"),
        "toy.extra": Worth(2.0, bonus=True),
    },
    {"toy": Limits(at_most=9.0, percent_without_core=50.0)},
)


def found(half: Status = "failed") -> Results:
    rows = [
        verdict("passed", program=program, id=identifier)
        for program in ("p", "q")
        for identifier in ("toy.works", "toy.half", "toy.extra")
    ]
    rows[1] = verdict(half, program="p", id="toy.half", passed_cases=1, decided_cases=3)
    return applied(results(*rows), RUBRIC)


def shown(scored: Results, *, verbose: bool = False) -> str:
    file = io.StringIO()
    terminal.show(scored, Console(file=file, width=140), verbose=verbose)
    return file.getvalue()


def test_the_score_by_hand() -> None:
    # p earns 4 + 1 + 2, and is held to half of 7; q earns 7 + 2; together at most 9 and the bonus of 4.
    scored = found()
    assert (scored.score, scored.max_score) == (12.5, 9.0)
    assert [(item.program, item.points, item.max_points) for item in scored.adjustments] == [
        ("p", -3.5, 0.0),
        ("", 0.0, -5.0),
    ]


def test_the_terminal_shows_scores_with_what_was_taken() -> None:
    lines = shown(found()).splitlines()
    assert next(line for line in lines if line.startswith("p ")).split()[1:4] == ["3.5", "/", "7"]
    assert next(line for line in lines if line.startswith("q ")).split()[1:4] == ["9", "/", "7"]
    assert "toy: a core check of p did not pass: at most 50 % of its points: -3.5  counted above" in lines
    assert "toy: at most 9 points: (-5 of the maximum)" in lines
    assert any(line.startswith("score 12.5 of 9") for line in lines)


def test_the_terminal_tells_partial_credit_and_bonus() -> None:
    text = shown(found(), verbose=True)
    assert "(core, 1 of 3 points)" in text
    assert "1/3" in text
    assert "+2/+2" in text
    failed = applied(results(verdict("failed", id="toy.extra")), RUBRIC)
    assert "(core, 2 bonus points)" in shown(failed)
    assert "+0/+2" in shown(failed, verbose=True)


def test_junit_has_score_and_adjustments_in_each_suite(tmp_path: Path) -> None:
    junit.write(found(), tmp_path / "junit.xml")
    suites = list(junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml")))
    assert [suite.name for suite in suites] == ["toy.p", "toy.q"]
    for suite in suites:
        properties = {item.name: item.value for item in suite.properties()}  # type: ignore[no-untyped-call]  # junitparser's
        assert (properties["score"], properties["max_score"]) == ("12.5", "9")
        assert (
            "toy: a core check of p did not pass: at most 50 % of its points: -3.5"
            in properties["adjustments"]
        )
    words = [case.system_out for case in suites[0]]
    assert words == ["4 of 4 points, tier core", "1 of 3 points, tier core", "2 of 2 bonus points, tier core"]


def test_junit_says_nothing_of_adjustments_where_there_are_none() -> None:
    text = junit.to_text(results(verdict()))
    assert 'name="score" value="1"' in text
    assert "adjustments" not in text


def test_results_json_keeps_everything_that_the_rubric_needs(tmp_path: Path) -> None:
    json.write(found(), tmp_path / "results.json")
    again = json.read(tmp_path / "results.json")
    assert again == found()
    assert applied(again, RUBRIC) == found()


@pytest.mark.parametrize(
    ("statuses", "cases"),
    [
        (["passed", "passed"], (2, 2)),
        (["passed", "failed", "failed"], (1, 3)),
        (["passed", "failed", "inconclusive", "error", "not_run"], (1, 2)),
        ([], (0, 0)),
    ],
)
def test_a_verdict_keeps_how_many_of_its_cases_passed(statuses: list[Status], cases: tuple[int, int]) -> None:
    practical = load_practicals()["connection"]
    selection = Selection(programs=("conecta",), checks=("connection.client-address",))
    built = Built(commands={"conecta": ["conecta"]})
    given = [CaseResult(selection.checks[0], "conecta", str(n), status) for n, status in enumerate(statuses)]
    (row,) = fold(practical, selection, built, given)
    assert (row.passed_cases, row.decided_cases) == cases
