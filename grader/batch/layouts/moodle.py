"""Moodle's "Download all submissions": `Full Name_123456_assignsubmission_file` with what was uploaded.

By default each student has a folder; without "Download submissions in folders" the prefix stands before each file's name.
"""

from __future__ import annotations

import re
from pathlib import Path

from grader.batch.gather import gathered
from grader.batch.handed import Found, Handed, changed, distinct, entries, inside, is_folder, named
from grader.errors import UsageError

NAME = "moodle"

#: The participant's number is what the grading worksheet knows them by ("Participant 123456"). A student may be called anything, and
#: call a file anything: of a folder's name the last match counts, of a file's the first.
_FOLDER = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_?", re.DOTALL)
_FILE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<kind>[a-z]+)_(?P<file>.+)", re.DOTALL)


def _matched(path: Path) -> re.Match[str] | None:
    if path.is_symlink():
        return None
    return (_FOLDER if path.is_dir() else _FILE).fullmatch(path.name)


def recognises(folder: Path) -> bool:
    return any(_matched(path) for path in entries(folder))


def read(folder: Path, spool: Path) -> Found:
    by_number: dict[str, list[tuple[re.Match[str], Path]]] = {}
    ignored = []
    for path in entries(folder):
        matched = _matched(path)
        if matched is None or matched["kind"] != "file":  # typed text and comments are no programs
            ignored.append(named(path.name))
            continue
        by_number.setdefault(matched["number"], []).append((matched, path))
    handed = []
    for number, found in by_number.items():
        students = {matched["name"] for matched, _ in found}
        folders = [path for _, path in found if is_folder(path)]
        if len(students) > 1 or (folders and len(found) > 1):
            names = ", ".join(named(path.name) for _, path in found)
            raise UsageError(
                f"participant {number} is there more than once, so whose it is cannot be told: {names}"
            )
        if folders:
            path, notes = inside(folders[0])
        else:
            path, notes = gathered([(matched["file"], path) for matched, path in found], spool / number)
        moment = max(changed(path) for _, path in found)
        handed.append(Handed(named(students.pop()), path, identifier=number, moment=moment, notes=notes))
    notes = (f"no uploaded files: {', '.join(ignored)}",) if ignored else ()
    return Found(NAME, distinct(handed), notes)
