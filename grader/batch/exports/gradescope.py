"""Gradescope's results.json, one in a folder for each submission: a test for each check, hidden ones marked as hidden."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grader.batch.exports.order import Order, hidden, undecided, write_each
from grader.batch.store import Graded
from grader.job import UNDECIDED, Results, Verdict

NAME = "gradescope"


def write(graded: Sequence[Graded], order: Order) -> list[str]:
    unseen = hidden(order)
    write_each(graded, order, "results.json", lambda each: results(each.results, unseen))
    return undecided(graded, "which each output says, and counted as not earned")


def results(found: Results, unseen: frozenset[str]) -> dict[str, Any]:
    """One submission's. The score is what is earned for sure: limits and bonus make it more or less than its tests' sum."""
    output = list(found.notes)
    if found.undecided:
        output.insert(0, f"{found.undecided:g} points are undecided: a person is going to look at them.")
    if not unseen:  # a limit tells which check was missed
        output += [f"{item.practical}: {item.reason}: {item.points:+g} points" for item in found.adjustments]
    return {
        "score": round(found.score, 2),
        "output": "\n".join(output),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"max_score": found.max_score, "undecided": found.undecided, **found.environment},
        "tests": [_test(row, number, unseen=row.id in unseen) for number, row in enumerate(found.checks, 1)],
    }


def _test(row: Verdict, number: int, *, unseen: bool) -> dict[str, Any]:
    lines = [row.requirement, *([row.message] if row.message else [])]
    lines += [f"{piece.title}: {piece.text}" for piece in row.evidence]
    lines += [f"hint: {row.hint}"] if row.hint else []
    test: dict[str, Any] = {
        "name": f"{row.program}: {row.id}",
        "name_format": "text",
        "number": str(number),
        "score": row.points,
        "max_score": row.max_points or row.bonus_points,
        "output": "\n".join(lines),
        "output_format": "text",
        "tags": [row.practical, row.program, row.tier],
        "visibility": "hidden" if unseen else "visible",
        "extra_data": {"status": row.status},
    }
    if row.status not in UNDECIDED:
        test["status"] = "passed" if row.status == "passed" else "failed"
    return test
