"""A table for any spreadsheet: student, score, max_score, a column for each practical, and what is undecided."""

from __future__ import annotations

from collections.abc import Sequence

from grader.batch.exports.order import Order, undecided
from grader.batch.grades import Grade, table
from grader.batch.store import Graded
from grader.job import Results
from grader.reports import folder

NAME = "csv"


def write(graded: Sequence[Graded], order: Order) -> list[str]:
    practicals = list(dict.fromkeys(row.practical for each in graded for row in each.results.checks))
    grades = [
        Grade(
            each.student,
            each.identifier,
            round(each.results.score, 2),
            round(each.results.max_score, 2),
            round(each.results.undecided, 2),
            {practical: _points(each.results, practical) for practical in practicals},
            late=each.late,
            remarks="; ".join(each.results.notes),
        )
        for each in graded
    ]
    folder.write(order.out, table(grades, practicals))
    return undecided(graded, "which the column 'undecided' tells")


def _points(found: Results, practical: str) -> float:
    rows = sum(row.points for row in found.checks if row.practical == practical)
    return round(rows + sum(item.points for item in found.adjustments if item.practical == practical), 2)
