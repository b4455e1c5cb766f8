"""One submission graded several times: what was not decided the same way each time is nobody's to count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from grader import verdicts
from grader.job import UNDECIDED, Results, Verdict


def together(rounds: Sequence[Results]) -> Results:
    """One result of several of the same submission by the same checks, as they come from `verdicts.fold`.

    A check that was decided differently is inconclusive: a person looks at it. One that was decided the same way whenever it
    was decided stays so. Of several failures the one in which fewest cases passed counts.
    """
    first = rounds[0]
    if len(rounds) == 1:
        return first
    again = [{(row.program, row.id): row for row in each.checks} for each in rounds]
    rows = [_row([found[row.program, row.id] for found in again]) for row in first.checks]
    whole = verdicts.results(
        first.submission, rows, build=first.build, notes=list(first.notes), environment=first.environment
    )
    whole.notes.append(f"graded {len(rounds)} times")
    return whole


def _row(versions: Sequence[Verdict]) -> Verdict:
    """Of one check on one program."""
    decided = [row for row in versions if row.status not in UNDECIDED]
    if not decided:
        return versions[0]
    worst = min(decided, key=lambda row: (row.status == "passed", row.passed_cases))
    counts = Counter(row.status for row in decided)
    if len(counts) == 1:
        return worst
    told = ", ".join(f"{status} {count}" for status, count in sorted(counts.items()))
    return msgspec.structs.replace(
        worst,
        status="inconclusive",
        points=0.0,
        message=f"not the same each time ({told} of {len(versions)} times); {worst.status}: {worst.message}",
    )
