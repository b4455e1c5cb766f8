"""Each student's results put together from their jobs, and the table of grades."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from grader import verdicts
from grader.batch.store import Submitted
from grader.build import Built
from grader.job import Results, Selection
from grader.practical import Practical
from grader.rubric import Rubric, applied

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  #: what makes a spreadsheet compute, or ask somebody else


class Grade(msgspec.Struct, frozen=True):
    """One line of the table."""

    student: str
    identifier: str
    score: float  #: what is earned for sure
    max_score: float
    undecided: float  #: points that a person has to decide
    practicals: dict[str, float]
    late: bool
    remarks: str  #: why it is graded as it is: not opened, nothing in it, chosen among several


def together(
    submitted: Submitted,
    parts: Mapping[str, Results],
    practicals: Sequence[Practical],
    selection: Selection,
    rubric: Rubric,
    *,
    remarks: Sequence[str] = (),
) -> Results:
    """All of a student's results, from `parts` by practical.

    Where there is none, either nothing of that practical was handed in, and all of it is missing; or it is one of those that
    the submission is about and could not be graded, and then all of it is undecided.
    """
    rows, build, environment = [], [], {}
    notes = [*submitted.handed.notes, *remarks]
    for practical in practicals:
        found = parts.get(practical.name)
        if found is None:
            undecided = practical.name in submitted.practicals
            built = Built(commands={name: [] for name in practical.programs} if undecided else {})
            rows += verdicts.fold(practical, selection, built, ())
            continue
        rows += found.checks
        build += found.build
        notes += [note for note in found.notes if note not in notes]
        environment = found.environment
    whole = verdicts.results(
        submitted.handed.student, rows, build=build, notes=notes, environment=environment
    )
    return applied(whole, rubric)


def grade(
    student: str,
    identifier: str,
    found: Results,
    practicals: Sequence[str],
    *,
    late: bool,
    remarks: Sequence[str],
) -> Grade:
    """`found` is scored already: its rows and adjustments add up to the score of each practical."""
    points = dict.fromkeys(practicals, 0.0)
    for row in found.checks:
        points[row.practical] += row.points
    for adjustment in found.adjustments:
        points[adjustment.practical] += adjustment.points
    return Grade(
        student=student,
        identifier=identifier,
        score=round(found.score, 2),
        max_score=round(found.max_score, 2),
        undecided=round(found.undecided, 2),
        practicals={name: round(earned, 2) for name, earned in points.items()},
        late=late,
        remarks="; ".join(remarks),
    )


def table(grades: Iterable[Grade], practicals: Sequence[str]) -> bytes:
    """As CSV (RFC 4180, UTF-8). No cell begins as a formula: names are whatever somebody called a folder."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        ["student", "score", "max_score", *practicals, "undecided", "late", "identifier", "remarks"]
    )
    for each in sorted(grades, key=lambda each: each.student):
        points = [f"{each.practicals[name]:g}" for name in practicals]
        late = "late" if each.late else ""
        words = [cell(text) for text in (each.identifier, each.remarks)]
        writer.writerow(
            [
                cell(each.student),
                f"{each.score:g}",
                f"{each.max_score:g}",
                *points,
                f"{each.undecided:g}",
                late,
                *words,
            ]
        )
    return file.getvalue().encode()


def cell(text: str) -> str:
    """Text that stays text in every spreadsheet."""
    return f"'{text}" if text.startswith(_FORMULA) else text
