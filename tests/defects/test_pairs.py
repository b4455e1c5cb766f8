"""Two mistakes in one program cost no less than one, and both are named: a few pairs, `grader validate --pairs` asks many."""

from __future__ import annotations

import pytest

from grader.practical import load_practicals
from grader.validation.catalogue import load
from grader.validation.pairs import Rule, chosen_pairs
from grader.validation.subjects import Subject
from tests.rows import Rows

PRACTICALS = list(load_practicals().values())
RULE = Rule(PRACTICALS)


def pair(practical: str, program: str, one: str, two: str) -> Subject:
    """Of these two defects in C."""
    first, second = (
        next(
            each
            for each in load(practical)
            if (each.name, each.program, each.language) == (name, program, "c")
        )
        for name in (one, two)
    )
    return Subject("pair", f"{one} + {two} (c)", practical, defect=first, second=second)


@pytest.mark.parametrize("subject", chosen_pairs(PRACTICALS, 8), ids=lambda subject: subject.name)
def test_two_mistakes_cost_no_less_than_one_and_both_are_named(rows: Rows, subject: Subject) -> None:
    rows.hold(subject, problems=RULE.problems)


def test_one_receive_for_the_data_and_no_ntohl(rows: Rows) -> None:
    """Of a real program with these two `reverse.byte-order` failed now and then, and said nothing of ntohl."""
    subject = pair("reverse", "srv_rev_sec", "request-single-recv", "no-ntohl")
    for _ in range(3):
        outcome = rows.hold(subject, problems=RULE.problems)
        assert outcome.statuses["reverse.byte-order"] == "failed"
