"""Classroom 50's result.json, one in a folder for each submission: whole points, and a test for each check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from grader.batch.exports.order import Order, hidden, undecided, write_each
from grader.batch.store import Graded
from grader.errors import UsageError

NAME = "classroom50"
SCHEMA = "classroom50/result/v1"


def write(graded: Sequence[Graded], order: Order) -> list[str]:
    if not order.classroom or not order.assignment:
        raise UsageError("this format names them both: --classroom NAME --assignment NAME")
    unseen = hidden(order)
    write_each(graded, order, "result.json", lambda each: result(each, order, unseen))
    return undecided(graded, "which each result.json says, and counted as not earned")


def result(graded: Graded, order: Order, unseen: frozenset[str]) -> dict[str, Any]:
    """Points are whole numbers there: a part of one is dropped, and of the maximum it makes one."""
    found = graded.results
    return {
        "schema": SCHEMA,
        "classroom": order.classroom,
        "assignment": order.assignment,
        "owner": graded.student,
        "submission": graded.identifier or graded.student,
        "commit": "",
        "release": "",
        "review": "a person has to decide" if found.undecided else "",
        "datetime": datetime.now(UTC).isoformat(timespec="seconds"),
        "score": math.floor(round(found.score, 2)),
        "max-score": math.ceil(round(found.max_score, 2)),
        "undecided": found.undecided,
        "tests": [
            {
                "test-name": f"{row.program}: {row.id}",
                "passed": row.status == "passed",
                "score": row.points,
                "max-score": row.max_points,
                "status": row.status,
                "message": row.message,
            }
            for row in found.checks
            if row.id not in unseen
        ],
    }
