"""A folder or an archive for each student, named after them."""

from __future__ import annotations

from pathlib import Path

from grader.batch.handed import (
    Found,
    Handed,
    changed,
    distinct,
    entries,
    inside,
    is_archive,
    is_folder,
    named,
    newest,
    stem,
)

NAME = "folders"


def recognises(_folder: Path) -> bool:
    return True


def read(folder: Path, _spool: Path) -> Found:
    by_student: dict[str, list[Path]] = {}
    ignored = []
    for path in entries(folder):
        if is_archive(path) or is_folder(path):
            by_student.setdefault(stem(path), []).append(path)
        else:
            ignored.append(named(path.name))
    handed = []
    for student, paths in by_student.items():
        path, notes = newest(paths)
        moment = changed(path)
        if path.is_dir():
            path, more = inside(path)
            notes += more
        handed.append(Handed(named(student), path, moment=moment, notes=notes))
    notes = (f"neither a folder nor an archive: {', '.join(ignored)}",) if ignored else ()
    return Found(NAME, distinct(handed), notes)
