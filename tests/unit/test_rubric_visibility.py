"""What a student may see before the date: no row of a hidden check, and nothing that tells how it ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from grader.job import Attachment, Evidence, Results, Status, Verdict
from grader.reports import junit
from grader.reports.visibility import NOT_SHOWN, visible
from grader.rubric import HiddenPoints, Limits, Rubric, Worth, applied
from tests.unit.made_up import results, verdict

DATE = datetime(2026, 12, 1, tzinfo=timezone(timedelta(hours=1), "CET"))
BEFORE, AFTER = DATE - timedelta(seconds=1), DATE

LIMITS = Limits(percent_without_core=50.0, percent_without_required=10.0)


def rubric(hidden_points: HiddenPoints = "left-out", limits: Limits = LIMITS, **secret: object) -> Rubric:
    worth = {
        "toy.works": Worth(6.0),
        "toy.lasts": Worth(4.0),
        "toy.secret": Worth(10.0, hidden_until=DATE, **secret),  # type: ignore[arg-type]  # fields by name
    }
    return Rubric(worth, {"toy": limits}, hidden_points=hidden_points)


def rows(secret: Status, other: Status = "failed") -> Results:
    hidden = verdict(
        secret,
        id="toy.secret",
        requirement="It keeps a secret.",
        evidence=[Evidence("expected", "a secret")],
        attachments=[Attachment("toy.secret-toy_server.pcap", b"secret")],
    )
    return results(verdict("passed"), hidden, verdict(other, id="toy.lasts"), notes=["a note"])


def ids(found: Results) -> list[str]:
    return [row.id for row in found.checks]


def test_before_the_date_no_word_of_a_hidden_check_is_left() -> None:
    for hidden_points in ("left-out", "counted"):
        whole = rows("failed")
        whole.checks[-1].about = "toy.secret"  # it failed because of that
        found = visible(whole, rubric(hidden_points, required="practical"), BEFORE)
        assert ids(found) == ["toy.works", "toy.lasts"]
        assert b"secret" not in msgspec.json.encode(found)
        assert "secret" not in junit.to_text(found)
        assert found.notes == ["a note", "1 result is not shown before 2026-12-01 00:00 CET"]


def test_from_the_date_on_everything_is_shown() -> None:
    by = rubric()
    assert visible(rows("failed"), by, AFTER) == applied(rows("failed"), by)
    assert "toy.secret" in ids(visible(rows("failed"), by, AFTER))
    assert "toy.secret" in ids(visible(rows("failed"), by, AFTER.astimezone(UTC)))
    assert "toy.secret" not in ids(visible(rows("failed"), by, BEFORE.astimezone(UTC)))


@pytest.mark.parametrize("required", ["no", "program", "practical"])
@pytest.mark.parametrize("other", ["passed", "failed"])
def test_left_out_results_are_the_same_however_the_hidden_check_ended(other: Status, required: str) -> None:
    by = rubric(required=required)
    shown = [visible(rows(status, other), by, BEFORE) for status in ("passed", "failed", "missing", "error")]
    assert all(found == shown[0] for found in shown)
    assert (shown[0].score, shown[0].max_score) == ((10.0, 10.0) if other == "passed" else (5.0, 10.0))


@pytest.mark.parametrize("secret", ["passed", "failed"])
@pytest.mark.parametrize("required", ["no", "practical"])
def test_counted_results_have_the_whole_score_and_say_how_much_is_not_shown(
    secret: Status, required: str
) -> None:
    by = rubric("counted", required=required)
    whole = applied(rows(secret), by)
    found = visible(rows(secret), by, BEFORE)
    assert (found.score, found.max_score) == (whole.score, whole.max_score)
    assert found.max_score == 20.0
    points = sum(row.points for row in found.checks) + sum(item.points for item in found.adjustments)
    assert points == pytest.approx(whole.score)
    assert [item.reason for item in found.adjustments][-1] == NOT_SHOWN


def test_counted_results_of_a_practical_that_is_hidden_whole() -> None:
    hidden = [row for row in rows("passed").checks if row.id == "toy.secret"]
    found = visible(results(*hidden), rubric("counted"), BEFORE)
    assert (found.checks, found.score, found.max_score) == ([], 10.0, 10.0)
    assert [(item.reason, item.points, item.max_points) for item in found.adjustments] == [
        (NOT_SHOWN, 10.0, 10.0)
    ]


def test_results_are_scored_by_the_rubric_whatever_they_were_scored_by() -> None:
    by = rubric()
    assert visible(rows("passed"), by, BEFORE) == visible(applied(rows("passed"), by), by, BEFORE)
    assert visible(rows("passed"), by, BEFORE).max_score == 10.0


def test_each_date_says_how_many_results_come() -> None:
    by = Rubric(
        {
            "toy.a": Worth(1.0, hidden_until=DATE),
            "toy.b": Worth(1.0, hidden_until=DATE + timedelta(days=1)),
            "toy.c": Worth(1.0),
        }
    )
    found: list[Verdict] = [
        verdict(id=f"toy.{letter}", program=program) for program in "pq" for letter in "abc"
    ]
    assert visible(results(*found), by, BEFORE).notes == [
        "2 results are not shown before 2026-12-01 00:00 CET",
        "2 results are not shown before 2026-12-02 00:00 CET",
    ]
    assert len(visible(results(*found), by, AFTER).notes) == 1


def test_what_is_left_out_of_the_rubric_is_not_said_to_come() -> None:
    by = Rubric({"toy.works": Worth(1.0), "toy.secret": Worth(1.0, omit=True, hidden_until=DATE)})
    assert visible(rows("passed"), by, BEFORE).notes == ["a note"]
