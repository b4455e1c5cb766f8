"""Moodle's "Download all submissions": `Full Name_123456_assignsubmission_file` with what was uploaded.

By default each student has a folder; without "Download submissions in folders" the prefix stands before each file's name.
"""

from __future__ import annotations

import re
from pathlib import Path

from grader.batch.gather import gathered
from grader.batch.handed import Found, Handed, changed, distinct, entries, inside, named

NAME = "moodle"

#: The participant's number is what the grading worksheet knows them by ("Participant 123456").
_ENTRY = re.compile(
    r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<file>.*)", re.DOTALL
)


def recognises(folder: Path) -> bool:
    return any(_ENTRY.fullmatch(path.name) for path in entries(folder))


def read(folder: Path, spool: Path) -> Found:
    by_number: dict[str, list[tuple[str, Path, str]]] = {}
    ignored = []
    for path in entries(folder):
        matched = _ENTRY.fullmatch(path.name)
        if matched is None or matched["kind"] != "file":  # typed text and comments are no programs
            ignored.append(named(path.name))
            continue
        by_number.setdefault(matched["number"], []).append((matched["name"], path, matched["file"]))
    handed = []
    for number, found in by_number.items():
        student, first, _ = found[0]
        if first.is_dir():
            path, notes = inside(first)
        else:
            path, notes = gathered({file: path for _, path, file in found}, spool / number)
        moment = max(changed(path) for _, path, _ in found)
        handed.append(Handed(named(student), path, identifier=number, moment=moment, notes=notes))
    notes = (f"no uploaded files: {', '.join(ignored)}",) if ignored else ()
    return Found(NAME, distinct(handed), notes)
