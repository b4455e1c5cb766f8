"""One submission graded several times: what was not decided the same way each time is nobody's to count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from grader import verdicts
from grader.job import UNDECIDED, Results, Status, Verdict


def together(rounds: Sequence[Results]) -> Results:
    """One result of several of the same submission by the same checks, as they come from `verdicts.fold`.

    Each case that was decided differently is inconclusive, and so is its check unless another case failed each time: a person
    looks at it. What was decided the same way whenever it was decided stays so.
    """
    first = rounds[0]
    if len(rounds) == 1:
        return first
    again = [{(row.program, row.id): row for row in each.checks} for each in rounds]
    rows = [_row([found[row.program, row.id] for found in again]) for row in first.checks]
    verdicts.find_causes(rows)
    whole = verdicts.results(
        first.submission, rows, build=first.build, notes=list(first.notes), environment=first.environment
    )
    whole.notes.append(f"graded {len(rounds)} times")
    return whole


def _row(versions: Sequence[Verdict]) -> Verdict:
    """Of one check on one program."""
    counts = Counter(row.status for row in versions if row.status not in UNDECIDED)
    if not counts:
        return versions[0]
    labels = dict.fromkeys(label for row in versions for label in row.by_case)
    if "missing" in counts:  # it was built in some rounds only, or in none
        status = _agreed([row.status for row in versions])
        by_case = dict.fromkeys(labels, status)
    else:
        by_case = {
            label: _agreed([row.by_case.get(label, "not_run") for row in versions]) for label in labels
        }
        status = verdicts.worst(by_case.values())
    shown = next(
        (row for row in versions if row.status == status),
        min((row for row in versions if row.status in counts), key=lambda row: row.status == "passed"),
    )
    row = msgspec.structs.replace(
        shown,
        status=status,
        by_case=by_case,
        passed_cases=sum(each == "passed" for each in by_case.values()),
        decided_cases=sum(each not in UNDECIDED for each in by_case.values()),
        cases=len(by_case),
    )
    if status != shown.status:
        told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        row.points = 0.0
        row.message = (
            f"not the same each time ({told} of {len(versions)} times); {shown.status}: {shown.message}"
        )
    return row


def _agreed(statuses: Sequence[Status]) -> Status:
    """What all say that say anything; else nobody knows."""
    decided = {status for status in statuses if status not in UNDECIDED}
    if len(decided) == 1:
        return decided.pop()
    return "inconclusive" if decided else statuses[0]
