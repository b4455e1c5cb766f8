"""Canvas's gradebook: the exported file, with the column of one assignment filled in. Who is excused (EX) stays so."""

from __future__ import annotations

from collections.abc import Sequence

from grader.batch.exports.order import Order, Sheet, by_identifier, number, read_sheet, scaled, write_sheet
from grader.batch.store import Graded
from grader.errors import UsageError

NAME = "canvas"
_EXCUSED = "EX"


def write(graded: Sequence[Graded], order: Order) -> list[str]:
    sheet = read_sheet(order, "the gradebook")
    known = by_identifier(graded)
    identifier = sheet.column("ID")
    if identifier is None:
        raise UsageError(f"{order.given} has no column ID; its columns are: {', '.join(sheet.header)}")
    column = _assignment(sheet, order)
    possible = next((number(row[column]) for row in sheet.rows if row[0].strip() == "Points Possible"), None)
    filled = set()
    for row in sheet.rows:
        each = known.get(row[identifier].strip())
        if each is None or row[column].strip().upper() == _EXCUSED:
            continue
        filled.add(each.identifier)
        if not each.results.undecided:
            row[column] = f"{scaled(each, possible):.2f}"
    return write_sheet(sheet, order, graded, filled)


def _assignment(sheet: Sheet, order: Order) -> int:
    """Its column is headed by its title and its number: "Sockets 1 (98765)"."""
    found = [
        place
        for place, heading in enumerate(sheet.header)
        if order.assignment
        and (heading == order.assignment or heading.rpartition(" (")[0] == order.assignment)
    ]
    if len(found) != 1:
        titles = ", ".join(heading for heading in sheet.header if heading.endswith(")"))
        raise UsageError(
            f"name one of the gradebook's assignments with --assignment TITLE: {titles or 'it has none'}"
        )
    return found[0]
