"""Canvas's "Download Submissions": loose files, `lastnamefirst_LATE_12345_678910_homework.zip`.

The numbers are the student's and the file's. To a file that is uploaded again Canvas adds `-1`, `-2` and so on.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from grader.batch.gather import gathered
from grader.batch.handed import Found, Handed, changed, distinct, entries, named

NAME = "canvas"

_ENTRY = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<user>\d+)_(?P<number>\d+)_(?P<file>.+)", re.DOTALL)
_AGAIN = re.compile(r"-\d+(?=(\.[^.]+)*$)")


def _matched(path: Path) -> re.Match[str] | None:
    return _ENTRY.fullmatch(path.name) if path.is_file() and not path.is_symlink() else None


def recognises(folder: Path) -> bool:
    found = entries(folder)
    return bool(found) and all(map(_matched, found))


def read(folder: Path, spool: Path) -> Found:
    by_user: dict[str, list[tuple[re.Match[str], Path]]] = {}
    ignored = []
    for path in entries(folder):
        if (matched := _matched(path)) is not None:
            by_user.setdefault(matched["user"], []).append((matched, path))
        else:
            ignored.append(named(path.name))
    handed = []
    for user, found in by_user.items():
        # `util-1.c` beside `util-2.c` are two files of these names; alone, it was `util.c` when it was uploaded.
        plain = Counter(_AGAIN.sub("", matched["file"]) for matched, _ in found)
        files = [
            (name if plain[name := _AGAIN.sub("", matched["file"])] == 1 else matched["file"], path)
            for matched, path in found
        ]
        path, notes = gathered(files, spool / user)
        handed.append(
            Handed(
                named(found[0][0]["name"]),
                path,
                identifier=user,
                late=any(matched["late"] for matched, _ in found),
                moment=max(changed(path) for _, path in found),
                notes=notes,
            )
        )
    notes = (f"not named as Canvas does: {', '.join(ignored)}",) if ignored else ()
    return Found(NAME, distinct(handed), notes)
