"""A student's results from their jobs, and the table of grades."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from grader.batch.grades import Grade, cell, grade, table, together
from grader.batch.handed import Handed
from grader.batch.reports import folder_names
from grader.batch.store import Submitted
from grader.build import Built
from grader.job import CaseResult, Results, Selection
from grader.practical import load_practicals
from grader.record import Listener, Record
from grader.rubric import plain

KNOWN = load_practicals()
BY = [KNOWN["connection"], KNOWN["datagram"]]
NAMES = [practical.name for practical in BY]
RUBRIC = plain(KNOWN)


def graded(name: str) -> Results:
    """All checks of a practical passed."""
    practical = KNOWN[name]
    record = Record(Listener())
    record.opened("ann", ["a note"], [practical])
    record.built(practical, Built(commands={program: ["x"] for program in practical.programs}))
    for check in practical.checks.values():
        for program in check.programs:
            record.case(practical, CaseResult(check.id, program, "", "passed"))
    return record.results(Selection(), "namespaces")


def submitted(*practicals: str, trouble: str = "") -> Submitted:
    handed = Handed("ann", Path("ann"), notes=("chosen among two",))
    return Submitted(handed, "c0ffee", practicals, trouble)


def test_what_was_not_handed_in_earns_nothing_and_is_in_the_maximum() -> None:
    whole = submitted("connection")
    found = together(whole, {"connection": graded("connection")}, BY, Selection(), RUBRIC)
    line = grade("ann", "7", found, NAMES, late=True, remarks=["chosen among two"])
    most = {p.name: sum(c.points * len(c.programs) for c in p.checks.values()) for p in BY}
    assert line.score == line.practicals["connection"] == most["connection"]
    assert (line.practicals["datagram"], line.max_score, line.undecided) == (0.0, sum(most.values()), 0.0)
    assert found.notes == ["chosen among two", "a note"]


def test_what_could_not_be_graded_is_undecided() -> None:
    whole = submitted("connection", "datagram")
    found = together(
        whole, {"connection": graded("connection")}, BY, Selection(), RUBRIC, remarks=["not graded: gone"]
    )
    line = grade("ann", "", found, NAMES, late=False, remarks=["not graded: gone", *whole.handed.notes])
    assert line.undecided == sum(c.points * len(c.programs) for c in KNOWN["datagram"].checks.values())
    assert line.remarks == "not graded: gone; chosen among two"
    assert "not graded: gone" in found.notes


def test_the_table_reads_back() -> None:
    lines = [
        Grade("=1+1", "-7", 1.5, 3.0, 0.0, {"connection": 1.5}, late=True, remarks='a "quoted", line'),
        Grade("Ana\u00a0López", "", 3.0, 3.0, 0.0, {"connection": 3.0}, late=False, remarks=""),
    ]
    rows = list(csv.DictReader(io.StringIO(table(lines, ["connection"]).decode())))
    assert list(rows[0])[:4] == ["student", "score", "max_score", "connection"]
    assert [row["student"] for row in rows] == ["'=1+1", "Ana\u00a0López"]
    assert (rows[0]["score"], rows[0]["late"], rows[0]["identifier"], rows[0]["remarks"]) == (
        "1.5",
        "late",
        "'-7",
        'a "quoted", line',
    )


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text) == "'" + text


def test_every_student_has_a_folder_of_their_own() -> None:
    students = ["Ann", "ann", "..", "a/b", "a:b", "x" * 300, "\U0001d400" * 120, "Ana López"]
    students.append(folder_names(["a/b"])["a/b"])  # whoever is called so
    folders = folder_names(students)
    assert len({name.lower() for name in folders.values()}) == len(students)
    assert all("/" not in name and name.strip(".") and len(name.encode()) < 200 for name in folders.values())
    assert (folders["Ann"], folders["Ana López"]) == ("Ann", "Ana López")
