"""Canvas's "Download Submissions": loose files, `lastnamefirst_LATE_12345_678910_homework.zip`.

The numbers are the student's and the submission's. To a file that is uploaded again Canvas adds `-1`, `-2` and so on.
"""

from __future__ import annotations

import re
from pathlib import Path

from grader.batch.gather import gathered
from grader.batch.handed import Found, Handed, changed, distinct, entries, named

NAME = "canvas"

_ENTRY = re.compile(
    r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_(?P<submission>\d+)_(?P<file>.+)", re.DOTALL
)
_AGAIN = re.compile(r"-\d+(?=(\.[^.]+)*$)")


def recognises(folder: Path) -> bool:
    found = entries(folder)
    return bool(found) and all(path.is_file() and _ENTRY.fullmatch(path.name) for path in found)


def read(folder: Path, spool: Path) -> Found:
    by_user: dict[str, list[tuple[re.Match[str], Path]]] = {}
    ignored = []
    for path in entries(folder):
        if (matched := _ENTRY.fullmatch(path.name)) is not None:
            by_user.setdefault(matched["user"], []).append((matched, path))
        else:
            ignored.append(named(path.name))
    handed = []
    for user, found in by_user.items():
        last = max(int(matched["submission"]) for matched, _ in found)
        files: dict[str, Path] = {}
        notes: tuple[str, ...] = ()
        for matched, path in sorted(found, key=lambda each: each[1].stat().st_mtime_ns):
            if int(matched["submission"]) < last:
                notes += (f"an earlier submission's file does not count: {named(matched['file'])}",)
                continue
            files[_AGAIN.sub("", matched["file"])] = path
        path, more = gathered(files, spool / user)
        handed.append(
            Handed(
                named(found[0][0]["name"]),
                path,
                identifier=user,
                late=any(matched["late"] for matched, _ in found),
                moment=max(changed(path) for _, path in found),
                notes=notes + more,
            )
        )
    notes = (f"not named as Canvas does: {', '.join(ignored)}",) if ignored else ()
    return Found(NAME, distinct(handed), notes)
