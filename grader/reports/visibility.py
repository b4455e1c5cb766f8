"""What a student may see of the results: nothing of checks that are hidden until a date that has not come.

Neither their rows nor what follows from them: a limit that only a hidden check set off would tell that it failed.
"""

from __future__ import annotations

import collections
from collections.abc import Collection, Iterable
from datetime import datetime

import msgspec

from grader.job import Adjustment, Results, Verdict
from grader.rubric import Rubric, applied, by_practical

NOT_SHOWN = "checks that are not shown yet"


def visible(found: Results, rubric: Rubric, now: datetime) -> Results:
    """`found`, scored by `rubric`, without what is hidden at `now` (aware).

    Score and maximum are those of the rows that are left, or those of all rows, as `rubric.hidden_points` says.
    """
    whole = applied(found, rubric)
    until = rubric.hidden(now)
    hidden = [row for row in whole.checks if row.id in until]
    if not hidden:
        return whole
    shown = [_alone(row, until) for row in whole.checks if row.id not in until]
    rest = applied(msgspec.structs.replace(whole, checks=shown), rubric)
    notes = [*rest.notes, *_notes(hidden, until)]
    if rubric.hidden_points == "left-out":
        return msgspec.structs.replace(rest, notes=notes)
    return msgspec.structs.replace(
        rest,
        notes=notes,
        score=whole.score,
        max_score=whole.max_score,
        undecided=whole.undecided,
        adjustments=[*rest.adjustments, *_difference(whole, rest, rubric)],
    )


def _alone(row: Verdict, until: Collection[str]) -> Verdict:
    """Below a hidden check nothing is shown: that would tell that it failed."""
    return msgspec.structs.replace(row, about="") if row.about in until else row


def _notes(hidden: Iterable[Verdict], until: dict[str, datetime]) -> list[str]:
    counts = collections.Counter(until[row.id] for row in hidden)
    return [
        f"{count} result{'s are' if count > 1 else ' is'} not shown before {moment:%Y-%m-%d %H:%M %Z}".rstrip()
        for moment, count in sorted(counts.items())
    ]


def _difference(whole: Results, rest: Results, rubric: Rubric) -> Iterable[Adjustment]:
    """What the hidden rows change, as one sum a practical: which of them did is not told."""
    shown = by_practical(rest.checks, rubric)
    for practical, score in by_practical(whole.checks, rubric).items():
        points, of = score.score, score.max_score
        if practical in shown:
            points, of = points - shown[practical].score, of - shown[practical].max_score
        if round(points, 2) or round(of, 2):
            yield Adjustment(practical, NOT_SHOWN, round(points, 2), round(of, 2))
