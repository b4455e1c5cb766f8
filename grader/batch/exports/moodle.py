"""Moodle's grading worksheet: the downloaded file, with the column for grades filled in.

Headings are in the language of the site, so the columns are known by what they hold, or by their names in some languages. One
unknown user, or a grade above the maximum, makes Moodle refuse the whole file: rows stay as they are, and grades are scaled.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader.batch.exports.order import Order, Sheet, by_identifier, number, read_sheet, scaled, write_sheet
from grader.batch.store import Graded
from grader.errors import UsageError

NAME = "moodle"

_GRADE = (
    "grade",
    "calificación",
    "qualificació",
    "kalifikazioa",
    "note",
    "bewertung",
    "avaliação",
    "voto",
    "nota",
)
_MAXIMUM = (
    "maximum grade",
    "calificación máxima",
    "nota máxima",
    "note maximale",
    "bestwertung",
    "valutazione massima",
)
_FEEDBACK = ("feedback comments", "comentarios de retroalimentación", "feedback als kommentar")
_PARTICIPANT = re.compile(r"\D*?(\d+)\s*")


def write(graded: Sequence[Graded], order: Order) -> list[str]:
    sheet = read_sheet(order, "the grading worksheet")
    known = by_identifier(graded)
    grade, maximum, feedback = (sheet.column(*names) for names in (_GRADE, _MAXIMUM, _FEEDBACK))
    if grade is None:
        raise UsageError(
            f"{order.given} has no column for grades; its columns are: {', '.join(sheet.header)}"
        )
    identifier = _identifiers(sheet, frozenset(known))
    filled = set()
    for row in sheet.rows:
        matched = _PARTICIPANT.fullmatch(row[identifier])
        each = known.get(matched[1]) if matched is not None else None
        if each is None:
            continue
        filled.add(each.identifier)
        if each.results.undecided:
            continue
        row[grade] = f"{scaled(each, number(row[maximum]) if maximum is not None else None):.2f}"
        if feedback is not None:
            row[feedback] = f"{each.results.score:g} of {each.results.max_score:g} points"
    return write_sheet(sheet, order, graded, filled)


def _identifiers(sheet: Sheet, known: frozenset[str]) -> int:
    """The column that names participants, as "Participant 123456": most of what it holds is known."""

    def hits(column: int) -> int:
        matches = (_PARTICIPANT.fullmatch(row[column]) for row in sheet.rows)
        return sum(matched is not None and matched[1] in known for matched in matches)

    best = max(range(len(sheet.header)), key=hits)
    if not hits(best):
        raise UsageError(
            "no row of the worksheet belongs to a submission; is it of the same assignment, and was the source Moodle's own download?"
        )
    return best
