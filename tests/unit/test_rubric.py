"""Points by a rubric: what rows earn, what limits take, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.job import TIERS, UNDECIDED, Results, Selection, Status, Tier, Verdict
from grader.rubric import Limits, Rubric, Worth, applied, by_practical
from tests.unit.made_up import results, verdict

STATUSES: tuple[Status, ...] = ("passed", "failed", "missing", "inconclusive", "error", "not_run")


def rubric(limits: Limits | None = None, **worth: Worth) -> Rubric:
    """`toy_works` stands for the id toy.works."""
    by_id = {name.replace("_", ".", 1).replace("_", "-"): value for name, value in worth.items()}
    return Rubric(by_id, {"toy": limits or Limits()}, source="rubric.toml")


def scored(by: Rubric, *rows: Verdict) -> tuple[float, float]:
    found = applied(results(*rows), by)
    assert_adds_up(found)
    return found.score, found.max_score


def reasons(by: Rubric, *rows: Verdict) -> list[str]:
    return [adjustment.reason for adjustment in applied(results(*rows), by).adjustments]


def assert_adds_up(found: Results) -> None:
    points = sum(row.points for row in found.checks) + sum(a.points for a in found.adjustments)
    of = sum(row.max_points for row in found.checks) + sum(a.max_points for a in found.adjustments)
    assert (round(points, 2), round(of, 2)) == (found.score, found.max_score)


def row(identifier: str, status: Status = "passed", tier: Tier = "core", program: str = "p") -> Verdict:
    return verdict(status, id=identifier, tier=tier, program=program)


# Rows


@pytest.mark.parametrize(
    ("status", "score"),
    [
        ("passed", (5.0, 5.0)),
        ("failed", (0.0, 5.0)),
        ("missing", (0.0, 5.0)),
        ("inconclusive", (0.0, 5.0)),
        ("error", (0.0, 5.0)),
        ("not_run", (0.0, 5.0)),
    ],
)
def test_a_row_is_worth_what_the_rubric_says(status: Status, score: tuple[float, float]) -> None:
    assert scored(rubric(toy_works=Worth(5.0)), row("toy.works", status)) == score


def test_a_row_that_the_rubric_does_not_know_stays_as_it_was() -> None:
    unknown = verdict("passed", id="toy.other", points=3.0, max_points=3.0)
    assert applied(results(unknown), rubric(toy_works=Worth(5.0))).checks == [unknown]


@pytest.mark.parametrize(
    ("credit", "points"),
    [(Worth(4.0), 0.0), (Worth(4.0, credit="per-case"), 2.67)],
    ids=["all", "per-case"],
)
def test_credit_by_case_gives_the_share_of_the_cases_that_passed(credit: Worth, points: float) -> None:
    failed = verdict("failed", passed_cases=2, decided_cases=3)
    assert scored(rubric(toy_works=credit), failed) == (points, 4.0)


def test_credit_by_case_gives_nothing_without_cases_and_all_for_a_pass() -> None:
    by = rubric(toy_works=Worth(4.0, credit="per-case"))
    assert scored(by, verdict("missing")) == (0.0, 4.0)
    assert scored(by, verdict("passed", passed_cases=3, decided_cases=3)) == (4.0, 4.0)


def test_credit_by_case_does_not_decide_what_was_undecided() -> None:
    undecided = verdict("inconclusive", passed_cases=2, decided_cases=2)
    assert scored(rubric(toy_works=Worth(4.0, credit="per-case")), undecided) == (0.0, 4.0)


@pytest.mark.parametrize(
    ("status", "passed", "decided", "score", "undecided"),
    [
        ("failed", 1, 10, 1.0, 0.0),
        ("failed", 1, 2, 1.0, 8.0),  # eight cases that it made undecidable are no gain
        ("failed", 9, 10, 9.0, 0.0),
        ("inconclusive", 9, 9, 9.0, 1.0),
        ("not_run", 0, 0, 0.0, 10.0),
    ],
)
def test_credit_by_case_counts_cases_that_are_undecided_as_failed(
    status: Status, passed: int, decided: int, score: float, undecided: float
) -> None:
    item = verdict(status, passed_cases=passed, decided_cases=decided, cases=10)
    found = applied(results(item), rubric(toy_works=Worth(10.0, credit="per-case")))
    assert (found.score, found.max_score, found.undecided) == (score, 10.0, undecided)


def test_bonus_comes_above_the_maximum() -> None:
    by = rubric(toy_works=Worth(4.0), toy_extra=Worth(3.0, bonus=True))
    assert scored(by, row("toy.works"), row("toy.extra")) == (7.0, 4.0)
    assert scored(by, row("toy.works"), row("toy.extra", "failed")) == (4.0, 4.0)


def test_what_is_left_out_is_neither_run_nor_shown() -> None:
    by = rubric(toy_works=Worth(4.0), toy_extra=Worth(3.0, omit=True))
    found = applied(results(row("toy.works"), row("toy.extra")), by)
    assert [item.id for item in found.checks] == ["toy.works"]
    assert (found.score, found.max_score) == (4.0, 4.0)
    chosen = by.narrowed(Selection(programs=("p",)))
    assert chosen.wants("toy.works", "core", "p")
    assert not chosen.wants("toy.extra", "core", "p")
    assert not chosen.wants("toy.works", "core", "q")


def test_only_results_scored_by_a_file_name_it() -> None:
    assert applied(results(row("toy.works")), rubric()).environment == {"rubric": "rubric.toml"}
    assert applied(results(row("toy.works")), Rubric({})).environment == {}


# Limits

WORTH = {"toy_a": Worth(6.0), "toy_b": Worth(4.0), "toy_x": Worth(5.0, bonus=True)}


def test_a_tier_is_capped_in_score_and_maximum() -> None:
    by = rubric(Limits(tier_at_most={"robust": 5.0}), **WORTH)
    rows = [row("toy.a", tier="robust"), row("toy.b", tier="robust"), row("toy.a", program="q")]
    assert scored(by, *rows) == (11.0, 11.0)
    assert reasons(by, *rows) == ["robust: at most 5 points"]
    assert scored(by, row("toy.a", "failed", "robust"), row("toy.b", tier="robust")) == (4.0, 5.0)


def test_a_practical_is_capped_and_bonus_comes_above_the_cap() -> None:
    by = rubric(Limits(at_most=8.0), **WORTH)
    assert scored(by, row("toy.a"), row("toy.b")) == (8.0, 8.0)
    assert scored(by, row("toy.a"), row("toy.b"), row("toy.x")) == (13.0, 8.0)
    assert scored(by, row("toy.a"), row("toy.b", "failed")) == (6.0, 8.0)


def test_bonus_is_bounded() -> None:
    by = rubric(Limits(bonus_at_most=2.0), **WORTH)
    assert scored(by, row("toy.a"), row("toy.x")) == (8.0, 6.0)
    assert scored(by, row("toy.a", "failed"), row("toy.x")) == (2.0, 6.0)


def test_a_program_that_misses_core_is_held_and_no_other() -> None:
    by = rubric(Limits(percent_without_core=50.0), **WORTH)
    own = [row("toy.a", tier="technique"), row("toy.b", "failed")]
    assert scored(by, *own) == (5.0, 10.0)
    other = [row("toy.a", program="q"), row("toy.b", program="q")]
    assert scored(by, *own, *other) == (15.0, 20.0)
    assert scored(by, row("toy.a"), row("toy.b", "failed", "robust")) == (6.0, 10.0)


@pytest.mark.parametrize("status", sorted(UNDECIDED))
def test_what_could_not_be_decided_is_never_a_gain(status: Status) -> None:
    """It sets off the limits that its failure would, and what its pass would bring is told."""
    limits = Limits(percent_without_core=50.0, percent_without_required=10.0)
    plain = rubric(toy_a=Worth(6.0), toy_b=Worth(4.0))
    core = rubric(limits, toy_a=Worth(6.0), toy_b=Worth(4.0))
    required = rubric(limits, toy_a=Worth(6.0), toy_b=Worth(4.0, required="practical"))
    for by, score in ((plain, 6.0), (core, 5.0), (required, 1.0)):
        assert scored(by, row("toy.a"), row("toy.b", "failed")) == (score, 10.0)
        assert scored(by, row("toy.a"), row("toy.b", status)) == (score, 10.0)
        found = applied(results(row("toy.a"), row("toy.b", status)), by)
        assert found.score + found.undecided == applied(results(row("toy.a"), row("toy.b")), by).score == 10.0


def test_an_undecided_bonus_is_told_and_not_part_of_the_maximum() -> None:
    found = applied(results(row("toy.a"), row("toy.x", "error")), rubric(Limits(), **WORTH))
    assert (found.score, found.max_score, found.undecided) == (6.0, 6.0, 5.0)


def test_a_bonus_check_sets_off_no_limit() -> None:
    worth = {**WORTH, "toy_x": Worth(0.0, bonus=True)}
    by = rubric(Limits(percent_without_core=0.0), **worth)
    assert scored(by, row("toy.a"), row("toy.x", "failed")) == (6.0, 6.0)


@pytest.mark.parametrize(("percent", "score"), [(0.0, 0.0), (50.0, 8.0), (100.0, 11.0)])
@pytest.mark.parametrize("status", ["failed", "missing"])
def test_a_required_check_holds_the_whole_practical_bonus_too(
    status: Status, percent: float, score: float
) -> None:
    worth = {**WORTH, "toy_must": Worth(0.0, required="practical")}
    by = rubric(Limits(percent_without_required=percent), **worth)
    rows = [row("toy.a"), row("toy.b", "failed"), row("toy.x"), row("toy.a", "failed", program="q")]
    assert scored(by, *rows, row("toy.must", status, program="q")) == (score, 16.0)
    assert scored(by, *rows, row("toy.must", program="q")) == (11.0, 16.0)


def test_a_check_required_of_the_program_holds_that_program() -> None:
    by = rubric(toy_a=Worth(6.0), toy_b=Worth(4.0, required="program"))
    rows = [row("toy.a"), row("toy.b", "failed"), row("toy.a", program="q"), row("toy.b", program="q")]
    assert scored(by, *rows) == (10.0, 20.0)
    (adjustment,) = applied(results(*rows), by).adjustments
    assert (adjustment.practical, adjustment.program, adjustment.points) == ("toy", "p", -6.0)
    assert "toy.b (p)" in adjustment.reason


@pytest.mark.parametrize(("core", "required", "score"), [(20.0, 50.0, 3.0), (50.0, 20.0, 3.0)])
def test_of_two_limits_of_a_program_the_lower_holds(core: float, required: float, score: float) -> None:
    limits = Limits(percent_without_core=core, percent_without_required=required)
    by = rubric(limits, toy_a=Worth(10.0), toy_b=Worth(5.0, required="program"))
    assert scored(by, row("toy.a"), row("toy.b", "failed")) == (score, 15.0)


def test_where_limits_cross_the_student_keeps_the_most_that_all_of_them_allow() -> None:
    by = rubric(Limits(tier_at_most={"robust": 3.0}, percent_without_core=50.0), **WORTH, toy_c=Worth(2.0))
    rows = [row("toy.b", "failed"), row("toy.a", tier="robust"), row("toy.c", tier="technique")]
    # Half of 12 would be 6: 2 of technique, and of robust no more than 3.
    assert scored(by, *rows) == (5.0, 9.0)


def test_of_many_failed_required_checks_some_are_named() -> None:
    by = rubric(toy_must=Worth(1.0, required="practical"), toy_a=Worth(1.0))
    rows = [row("toy.must", "failed", program=f"p{n}") for n in range(5)]
    (reason,) = reasons(by, row("toy.a"), *rows)
    assert "toy.must (p0), toy.must (p1), toy.must (p2) and 2 more:" in reason


def test_a_limit_that_takes_nothing_is_not_told() -> None:
    limits = Limits(100.0, 100.0, {"core": 100.0}, percent_without_core=90.0)
    assert reasons(rubric(limits, **WORTH), row("toy.a", "failed"), row("toy.b"), row("toy.x")) == []


def test_each_practical_has_its_own_limits() -> None:
    by = rubric(Limits(at_most=1.0), **WORTH)
    elsewhere = verdict("passed", id="toy.a", practical="other")
    found = applied(results(row("toy.a"), elsewhere), by)
    assert {name: score.score for name, score in by_practical(found.checks, by).items()} == {
        "toy": 1.0,
        "other": 6.0,
    }
    assert (found.score, found.max_score) == (7.0, 7.0)


# Whatever the rows and the limits

IDS = [f"toy.{name}" for name in "abcdef"]
POINTS = st.integers(0, 400).map(lambda number: number / 100)
PERCENT = st.sampled_from([0.0, 33.3, 50.0, 100.0])
LIMITS = st.builds(
    Limits,
    st.none() | POINTS,
    st.none() | POINTS,
    st.dictionaries(st.sampled_from(TIERS), POINTS),
    PERCENT,
    PERCENT,
)
WORTHS = st.builds(
    lambda points, credit, kind: Worth(
        points, credit, bonus=kind == "bonus", required="no" if kind == "bonus" else kind
    ),
    POINTS,
    st.sampled_from(["all", "per-case"]),
    st.sampled_from(["no", "no", "bonus", "program", "practical"]),
)
TIERS_OF = st.lists(st.sampled_from(TIERS), min_size=len(IDS), max_size=len(IDS))
ROWS = st.lists(
    st.tuples(st.sampled_from(range(len(IDS))), st.sampled_from("pqr"), st.sampled_from(STATUSES)),
    min_size=1,
    max_size=12,
    unique_by=lambda item: item[:2],
)
RUBRICS = st.builds(
    lambda worth, limits: Rubric(dict(zip(IDS, worth, strict=True)), {"toy": limits}),
    st.lists(WORTHS, min_size=len(IDS), max_size=len(IDS)),
    LIMITS,
)
Drawn = list[tuple[int, str, Status]]


def drawn_rows(drawn: Drawn, tiers: Sequence[Tier]) -> list[Verdict]:
    return [
        verdict(
            status,
            id=IDS[number],
            tier=tiers[number],
            program=program,
            passed_cases=3 if status == "passed" else 1,
            decided_cases=3,
        )
        for number, program, status in drawn
    ]


@given(RUBRICS, TIERS_OF, ROWS)
def test_rows_and_adjustments_add_up_and_every_limit_is_kept(
    by: Rubric, tiers: list[Tier], drawn: Drawn
) -> None:
    found = applied(results(*drawn_rows(drawn, tiers)), by)
    assert_adds_up(found)
    limits = by.limits["toy"]
    bonus = min(
        sum(item.points for item in found.checks if item.bonus_points),
        float("inf") if limits.bonus_at_most is None else limits.bonus_at_most,
    )
    assert -0.001 < found.score <= found.max_score + bonus + 0.001
    if limits.at_most is not None:
        assert found.max_score <= limits.at_most
    if any(by.worth[item.id].required == "practical" and item.status != "passed" for item in found.checks):
        assert found.score <= found.max_score * limits.percent_without_required / 100 + 0.006
    assert applied(found, by) == found


@given(RUBRICS, TIERS_OF, ROWS, st.data())
def test_one_more_pass_never_costs_points(
    by: Rubric, tiers: list[Tier], drawn: Drawn, data: st.DataObject
) -> None:
    before = drawn_rows(drawn, tiers)
    number = data.draw(st.sampled_from(range(len(before))))
    better = [*drawn[:number], (*drawn[number][:2], "passed"), *drawn[number + 1 :]]
    assert applied(results(*drawn_rows(better, tiers)), by).score >= applied(results(*before), by).score


@given(RUBRICS, TIERS_OF, ROWS, st.data())
def test_however_it_is_decided_the_score_lies_between_the_two_that_were_told(
    by: Rubric, tiers: list[Tier], drawn: Drawn, data: st.DataObject
) -> None:
    found = applied(results(*drawn_rows(drawn, tiers)), by)
    decided: Drawn = [
        (number, program, data.draw(st.sampled_from(["passed", "failed"])) if status in UNDECIDED else status)
        for number, program, status in drawn
    ]
    other = applied(results(*drawn_rows(decided, tiers)), by)
    assert other.max_score == found.max_score
    # Credit by case: a check that failed may have earned a part of its points.
    assert found.score - 0.001 <= other.score <= found.score + found.undecided + 0.001
