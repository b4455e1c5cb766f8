"""One JUnit file for all: a suite a submission, a test case a check."""

from __future__ import annotations

from collections.abc import Sequence

from grader.batch.exports.order import Order, undecided
from grader.batch.store import Graded
from grader.reports import folder, junit

NAME = "junit"


def write(graded: Sequence[Graded], order: Order) -> list[str]:
    folder.write(order.out, junit.of_submissions([(each.student, each.results) for each in graded]).encode())
    return undecided(graded, "and skipped or errors there")
