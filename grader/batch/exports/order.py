"""What an export is asked for, and what several formats need."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from grader.batch.reports import folder_names
from grader.batch.store import Graded
from grader.errors import UsageError
from grader.reports import folder
from grader.rubric import Rubric


class Order(msgspec.Struct, frozen=True):
    """The options of `grader export`; a format that needs one that is missing says so."""

    out: Path  #: the file to write, or the folder
    given: Path | None = None  #: the platform's own file, which is filled in
    assignment: str = ""
    classroom: str = ""
    rubric: Rubric | None = None  #: whose dates hide checks from students
    now: datetime | None = None  #: aware; None shows everything


class Sheet(msgspec.Struct):
    """A CSV file that a platform exported, to be filled in and taken back by it."""

    header: list[str]
    rows: list[list[str]]
    mark: bool  #: it began with a byte order mark, and shall again

    def column(self, *names: str) -> int | None:
        """The place of the first of these headings, whatever their case."""
        lower = [heading.strip().lower() for heading in self.header]
        return next((lower.index(name.lower()) for name in names if name.lower() in lower), None)


def read_sheet(order: Order, what: str) -> Sheet:
    """The file that was given. Raises `UsageError` when it is missing, or is no CSV with a header."""
    if order.given is None:
        raise UsageError(f"this format fills in {what}: name the downloaded file with --fill FILE")
    try:
        content = order.given.read_bytes()
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except OSError as error:
        raise UsageError(f"cannot read {order.given}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{order.given} is no CSV in UTF-8 ({error}); download {what} again") from error
    if not rows:
        raise UsageError(f"{order.given} is empty; download {what} again")
    width = len(rows[0])
    whole = [row + [""] * (width - len(row)) for row in rows[1:]]
    return Sheet(rows[0], whole, content.startswith(b"\xef\xbb\xbf"))


def sheet_as_bytes(sheet: Sheet) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(sheet.header)
    writer.writerows(sheet.rows)
    return (b"\xef\xbb\xbf" if sheet.mark else b"") + file.getvalue().encode()


def scaled(graded: Graded, most: float | None) -> float:
    """The score, in proportion if the platform's maximum is another one; never above it."""
    found = graded.results
    if most is None or not found.max_score:
        return round(found.score, 2)
    return round(min(found.score / found.max_score, 1.0) * most, 2)


def number(text: str) -> float | None:
    """A number as platforms write it, with a point or a comma."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def by_identifier(graded: Sequence[Graded]) -> Mapping[str, Graded]:
    return {each.identifier: each for each in graded if each.identifier}


def undecided(graded: Sequence[Graded], consequence: str) -> list[str]:
    """A line for the instructor about those whose points are not all decided."""
    names = [
        f"{each.student} ({each.results.undecided:g} points)" for each in graded if each.results.undecided
    ]
    return [f"not all decided, {consequence}: {', '.join(names)}"] if names else []


def hidden(order: Order) -> frozenset[str]:
    """The checks that students may not see yet."""
    return (
        frozenset(order.rubric.hidden(order.now))
        if order.rubric is not None and order.now is not None
        else frozenset()
    )


def write_each(
    graded: Sequence[Graded], order: Order, name: str, content: Callable[[Graded], object]
) -> None:
    """A JSON file of this name for each submission, in a folder named after the student."""
    places = folder_names([each.student for each in graded])
    folder.make(order.out)
    for each in graded:
        place = order.out / places[each.student]
        folder.make(place)
        folder.write(place / name, msgspec.json.format(msgspec.json.encode(content(each)), indent=2) + b"\n")


def write_sheet(sheet: Sheet, order: Order, graded: Sequence[Graded], filled: Container[str]) -> list[str]:
    """Write what was filled in, by identifiers; lines about who was not there, and who is undecided."""
    folder.write(order.out, sheet_as_bytes(sheet))
    found = [each for each in graded if each.identifier in filled]
    missing = sorted(each.student for each in graded if each.identifier not in filled)
    lines = [f"{len(found)} of {len(sheet.rows)} rows belong to a submission"]
    lines += [f"not there, or excused: {', '.join(missing)}"] if missing else []
    return lines + undecided(graded, "so their grades are left as they were")
