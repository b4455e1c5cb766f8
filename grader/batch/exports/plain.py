"""A table for any spreadsheet: student, score, max_score, a column for each practical, and what is undecided."""

from __future__ import annotations

from collections.abc import Sequence

from grader.batch.exports.order import Order, undecided
from grader.batch.grades import grade, table
from grader.batch.store import Graded
from grader.reports import folder

NAME = "csv"


def write(graded: Sequence[Graded], order: Order) -> list[str]:
    practicals = list(dict.fromkeys(row.practical for each in graded for row in each.results.checks))
    grades = [
        grade(
            each.student,
            each.identifier,
            each.results,
            practicals,
            late=each.late,
            remarks=each.results.notes,
        )
        for each in graded
    ]
    folder.write(order.out, table(grades, practicals))
    return undecided(graded, "which the column 'undecided' tells")
