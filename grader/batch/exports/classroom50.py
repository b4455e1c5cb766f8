"""Classroom 50's result.json, one in a folder for each submission: whole points, and a test for each check."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from grader.batch.exports.order import Order, undecided
from grader.batch.reports import folder_names
from grader.batch.store import Graded
from grader.errors import UsageError
from grader.reports import folder

NAME = "classroom50"
SCHEMA = "classroom50/result/v1"


def write(graded: Sequence[Graded], order: Order) -> list[str]:
    if not order.classroom or not order.assignment:
        raise UsageError("this format names them both: --classroom NAME --assignment NAME")
    hidden = order.rubric.hidden(order.now) if order.rubric is not None and order.now is not None else {}
    places = folder_names([each.student for each in graded])
    folder.make(order.out)
    for each in graded:
        place = order.out / places[each.student]
        folder.make(place)
        content = msgspec.json.format(msgspec.json.encode(result(each, order, frozenset(hidden))), indent=2)
        folder.write(place / "result.json", content + b"\n")
    return undecided(graded, "which each result.json says, and counted as not earned")


def result(graded: Graded, order: Order, hidden: frozenset[str] = frozenset()) -> dict[str, Any]:
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
            if row.id not in hidden
        ],
    }
