"""Cases become verdicts, verdicts a score, and the score an exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.build import Built
from grader.job import Case, CaseResult, Evidence, Results, Selection, Status, Verdict
from grader.practical import Practical, load_practical
from grader.verdicts import exit_code, fold, results
from tests.unit.made_up import ONE_PROGRAM, row, verdict, write_files
from tests.unit.made_up import results as made_up_results

TWO_PROGRAMS = (
    ONE_PROGRAM.replace('["toy_server"]', '["toy_server", "toy_client"]')
    + """
[[programs]]
name = "toy_client"
role = "client"
arguments = "HOST PORT"
summary = "connects"
slide = "Toy"
"""
)
BUILT = Built(commands={"toy_server": ["/work/toy_server"], "toy_client": ["/work/toy_client"]})


@pytest.fixture
def practical(tmp_path: Path) -> Practical:
    checks = (
        row("toy.works", points="2"),
        row("toy.lasts", "It lasts.", tier='"robust"', programs='["toy_server"]'),
    )
    file = write_files(tmp_path / "toy", {"practical.toml": TWO_PROGRAMS + "".join(checks)})
    return load_practical(file / "practical.toml")


def case(status: Status, label: str = "", message: str = "", **fields: str) -> CaseResult:
    given = {"check": "toy.works", "program": "toy_server", **fields}
    return CaseResult(given["check"], given["program"], label, status, 0.5, message)


def folded(practical: Practical, *cases: CaseResult, built: Built = BUILT) -> Verdict:
    """The verdict about toy.works of toy_server."""
    (found,) = fold(practical, Selection(programs=("toy_server",), checks=("toy.works",)), built, cases)
    return found


def test_there_is_one_row_for_each_program_and_check_in_the_rubrics_order(practical: Practical) -> None:
    rows = fold(practical, Selection(), BUILT, [])
    assert [(v.program, v.id, v.max_points, v.tier) for v in rows] == [
        ("toy_server", "toy.works", 2.0, "core"),
        ("toy_server", "toy.lasts", 1.0, "robust"),
        ("toy_client", "toy.works", 2.0, "core"),
    ]
    assert [v.requirement for v in rows] == ["It works.", "It lasts.", "It works."]
    assert {v.practical for v in rows} == {"toy"}


@pytest.mark.parametrize(
    ("selection", "rows"),
    [
        (Selection(programs=("toy_client",)), [("toy_client", "toy.works")]),
        (Selection(tiers=("robust",)), [("toy_server", "toy.lasts")]),
        (Selection(checks=("toy.lasts",)), [("toy_server", "toy.lasts")]),
        (Selection(tiers=("technique",)), []),
        (Selection(programs=("toy_client",), tiers=("robust",)), []),
    ],
)
def test_what_was_not_asked_for_has_no_row(
    practical: Practical, selection: Selection, rows: list[tuple[str, str]]
) -> None:
    assert [(v.program, v.id) for v in fold(practical, selection, BUILT, [])] == rows


def test_a_passed_case_gives_the_points_and_no_words(practical: Practical) -> None:
    found = folded(practical, case("passed", message="ignored"))
    assert (found.status, found.points, found.message, found.hint) == ("passed", 2.0, "", "")


@pytest.mark.parametrize("worse", ["failed", "error", "inconclusive", "not_run"])
@pytest.mark.parametrize("worse_first", [True, False])
def test_one_worse_case_decides_and_costs_all_the_points(
    practical: Practical, worse: Status, *, worse_first: bool
) -> None:
    cases = [case(worse, "b", "went wrong"), case("passed", "a")]
    found = folded(practical, *(cases if worse_first else reversed(cases)))
    assert (found.status, found.points) == (worse, 0.0)
    assert found.message.startswith("went wrong")
    assert "1 of 2 cases: b" in found.message


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        (("not_run", "inconclusive", "error", "failed"), "failed"),
        (("not_run", "inconclusive", "error"), "error"),
        (("not_run", "inconclusive"), "inconclusive"),
    ],
)
def test_a_failure_outweighs_whatever_could_not_be_decided(
    practical: Practical, statuses: tuple[Status, ...], worst: Status
) -> None:
    assert folded(practical, *(case(s, s, s) for s in statuses)).status == worst


def test_failed_cases_are_counted_and_named(practical: Practical) -> None:
    cases = [case("passed", "one"), case("failed", "two", "lost"), case("failed", "three", "lost too")]
    found = folded(practical, *cases)
    assert found.message.startswith("lost")
    assert "2 of 3 cases: two, three" in found.message
    assert found.hint == "Try again."


def test_cases_are_not_named_where_that_tells_nothing(practical: Practical) -> None:
    assert folded(practical, case("failed", "", "lost")).message == "lost"
    assert folded(practical, case("failed", "x", "lost"), case("failed", "y", "lost")).message == "lost"


def test_a_server_that_never_listened_gets_a_hint_of_its_own(practical: Practical) -> None:
    deaf = case("failed", message="it does not listen")
    deaf.not_serving = True
    hint = folded(practical, deaf).hint
    assert hint
    assert hint != "Try again."


def test_the_verdict_does_not_depend_on_which_case_ended_first(practical: Practical) -> None:
    cases = [case("failed", "one", "lost"), case("failed", "two", "gone")]
    for number, each in enumerate(cases):
        each.number = number
    assert folded(practical, *cases) == folded(practical, *reversed(cases))


def test_the_evidence_is_that_of_the_case_that_decides(practical: Practical) -> None:
    bad = case("failed", "b", "lost")
    bad.evidence = [Evidence("actual", "nothing")]
    assert folded(practical, case("passed", "a"), bad).evidence == [Evidence("actual", "nothing")]


@pytest.mark.parametrize("status", ["error", "inconclusive", "not_run"])
def test_a_hint_is_given_for_failures_alone(practical: Practical, status: Status) -> None:
    assert folded(practical, case(status, message="why")).hint == ""


def test_the_seconds_of_all_cases_are_added(practical: Practical) -> None:
    assert folded(practical, case("passed", "a"), case("passed", "b")).seconds == 1.0


def test_cases_of_other_rows_do_not_matter(practical: Practical) -> None:
    others = [case("failed", program="toy_client"), case("failed", check="toy.lasts")]
    assert folded(practical, case("passed"), *others).status == "passed"


def test_a_program_that_was_not_handed_in_is_missing(practical: Practical) -> None:
    found = folded(practical, built=Built())
    assert found.status == "missing"
    assert "toy_server was not handed in" in found.message
    assert (found.points, found.max_points) == (0.0, 2.0)


def test_a_program_that_did_not_build_is_missing_and_says_so(practical: Practical) -> None:
    found = folded(practical, built=Built(failed={"toy_server": "error: ';' expected"}))
    assert found.status == "missing"
    assert "did not build" in found.message


def test_the_check_of_a_program_that_did_not_build_keeps_its_own_verdict(practical: Practical) -> None:
    found = folded(practical, case("failed", message="no"), built=Built(failed={"toy_server": "words"}))
    assert (found.status, found.message) == ("failed", "no")


def test_a_check_that_never_came_to_run_is_not_run(practical: Practical) -> None:
    found = folded(practical)
    assert found.status == "not_run"
    assert found.message


def test_what_could_not_be_decided_earns_nothing_and_stays_in_the_maximum() -> None:
    rows = [
        verdict("passed", points=2.0, max_points=2.0),
        verdict("failed", max_points=3.0),
        verdict("missing", max_points=5.0),
        verdict("inconclusive", max_points=7.0),
        verdict("error", max_points=11.0),
        verdict("not_run", max_points=13.0),
    ]
    found = results("student", rows, build=[], notes=["a note"], environment={"kernel": "6"})
    assert (found.score, found.max_score, found.undecided) == (2.0, 41.0, 31.0)
    assert found.checks == rows
    assert (found.submission, found.notes, found.environment) == ("student", ["a note"], {"kernel": "6"})


def test_no_row_gives_no_score() -> None:
    found = results("student", [], build=[], notes=[], environment={})
    assert (found.score, found.max_score, found.checks) == (0.0, 0.0, [])


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        (["passed", "passed"], 0),
        (["passed", "failed"], 1),
        (["passed", "missing"], 1),
        (["failed"], 1),
        (["failed", "error", "inconclusive", "not_run"], 1),
        (["missing", "inconclusive"], 1),
        (["passed", "inconclusive"], 3),
        (["passed", "error"], 3),
        (["passed", "not_run"], 3),
        (["error"], 3),
        (["missing", "missing"], 5),
        ([], 5),
    ],
)
def test_the_exit_status(statuses: list[Status], status: int) -> None:
    assert exit_code(found_with(statuses)) == status


def found_with(statuses: list[Status]) -> Results:
    return made_up_results(*(verdict(status) for status in statuses))


def test_a_case_is_planned_as_serving_or_not() -> None:
    assert Case("toy.works", "toy_server").serves is False


# Causes


def causes(practical: Practical, **cases: tuple[str, str]) -> dict[str, str]:
    """For each failed check of toy_server (`works=(message, about)`) below which one it is shown."""
    given = []
    for name, (message, about) in cases.items():
        failure = case("failed", message=message, check=f"toy.{name}")
        failure.about = about
        given.append(failure)
    found = fold(practical, Selection(programs=("toy_server",)), BUILT, given)
    return {verdict.id: verdict.about for verdict in found}


@pytest.fixture
def jobs(tmp_path: Path) -> Practical:
    checks = (row("toy.listens"), row("toy.works", job="true"), row("toy.lasts"))
    file = write_files(tmp_path / "toy", {"practical.toml": ONE_PROGRAM + "".join(checks)})
    return load_practical(file / "practical.toml")


def test_what_fails_as_the_programs_job_does_is_shown_below_that(jobs: Practical) -> None:
    found = causes(jobs, works=("no reply", ""), lasts=("no reply", ""))
    assert (found["toy.works"], found["toy.lasts"]) == ("toy.works", "toy.works")
    assert causes(jobs, works=("no reply", ""), lasts=("it ended", ""))["toy.lasts"] == ""


def test_a_known_cause_is_kept_and_the_job_passes_it_on(jobs: Practical) -> None:
    found = causes(
        jobs, listens=("no port", "listens"), works=("no port 1", "listens"), lasts=("no port 1", "")
    )
    assert set(found.values()) == {"toy.listens"}


def test_a_cause_whose_check_has_not_failed_is_none(jobs: Practical) -> None:
    assert causes(jobs, works=("x", ""), lasts=("no port", "listens"))["toy.lasts"] == ""
    assert causes(jobs, works=("x", ""), lasts=("no port", "no-such-check"))["toy.lasts"] == ""
