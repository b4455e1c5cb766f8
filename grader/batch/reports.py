"""What a batch writes: a folder of reports for each student, and the table of grades."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import Path

from grader.batch.grades import Grade, grade, table, together
from grader.batch.plan import Plan
from grader.batch.store import Store, Submitted
from grader.job import Results, Selection
from grader.reports import folder, json, junit
from grader.reports.visibility import visible
from grader.rubric import Rubric

GRADES, STUDENTS = "grades.csv", "students"
_LONGEST = 160  #: bytes of a folder's name
_PLAIN = re.compile(r"[^\w.() -]")


class Reports:
    """Of one batch, student by student."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        out: Path,
        selection: Selection,
        rubric: Rubric,
    ) -> None:
        self._plan = plan
        self._store = store
        self._out = out
        self._selection = selection
        self._rubric = rubric
        self._troubles: dict[str, str] = {}  #: why a job has no results, by its key
        self._folders = folder_names([each.handed.student for each in plan.submissions])

    def not_graded(self, key: str, trouble: str) -> None:
        """A job ended without results."""
        self._troubles[key] = trouble

    def report(self, submitted: Submitted) -> Grade:
        """Write a student's reports, with what the rubric lets them see today; all their jobs have ended."""
        remarks = self._remarks(submitted)
        found = self._results(submitted, remarks)
        place = self._out / STUDENTS / self._folders[submitted.handed.student]
        folder.make(place)
        shown = visible(found, self._rubric, datetime.now().astimezone())
        _empty(place / json.CAPTURES)  # what an earlier run showed may be hidden by now
        json.write(shown, place / "results.json")
        junit.write(shown, place / "junit.xml")
        self._store.conclude(submitted.handed.student, found)
        handed = submitted.handed
        return grade(
            handed.student,
            handed.identifier,
            found,
            [practical.name for practical in self._plan.practicals],
            late=handed.late,
            remarks=[*remarks, *handed.notes],
        )

    def write_grades(self, grades: list[Grade]) -> Path:
        file = self._out / GRADES
        folder.write(file, table(grades, [practical.name for practical in self._plan.practicals]))
        return file

    def _remarks(self, submitted: Submitted) -> list[str]:
        keys = [self._plan.jobs[submitted.handed.student, name].key for name in submitted.practicals]
        troubles = [f"not graded: {self._troubles[key]}" for key in keys if key in self._troubles]
        return [*([submitted.trouble] if submitted.trouble else []), *dict.fromkeys(troubles)]

    def _results(self, submitted: Submitted, remarks: list[str]) -> Results:
        parts = {}
        for name in submitted.practicals:
            key = self._plan.jobs[submitted.handed.student, name].key
            if key not in self._troubles:
                parts[name] = self._store.results(key)
        return together(
            submitted, parts, self._plan.practicals, self._selection, self._rubric, remarks=remarks
        )


def _empty(place: Path) -> None:
    """Remove the files of a folder of ours; a link in its place is refused when something is written there."""
    if place.is_dir() and not place.is_symlink():
        for file in place.iterdir():
            if file.is_symlink() or file.is_file():
                file.unlink()


def folder_names(students: list[str]) -> dict[str, str]:
    """A folder's name for each student: what a file system takes, and no two that differ in case alone."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for student in students:
        plain = _PLAIN.sub("_", student).strip(". ").encode()[:_LONGEST].decode(errors="ignore") or "_"
        name, number = plain, 0
        while name.casefold() in taken or (name != student and not number):
            number += 1
            digest = hashlib.sha256(f"{student}{number}".encode(errors="surrogateescape")).hexdigest()[:8]
            name = f"{plain}-{digest}"
        taken.add(name.casefold())
        found[student] = name
    return found
