"""Clones of GitHub Classroom's repositories: a folder with a `.git` for each student, `assignment-login`.

What their names have in common, up to a hyphen, is the assignment's name, and no part of a student's.
"""

from __future__ import annotations

import os
from pathlib import Path

from grader.batch.handed import Found, Handed, distinct, entries, is_folder, named

NAME = "classroom"


def _is_clone(path: Path) -> bool:
    return is_folder(path) and (path / ".git").is_dir()


def recognises(folder: Path) -> bool:
    found = [path for path in entries(folder) if path.is_dir()]
    return bool(found) and all(_is_clone(path) for path in found)


def read(folder: Path, _spool: Path) -> Found:
    clones = [path for path in entries(folder) if _is_clone(path)]
    ignored = [named(path.name) for path in entries(folder) if path not in clones]
    prefix = _assignment(folder, [path.name for path in clones])
    handed = [Handed(named(path.name.removeprefix(prefix)), path) for path in clones]
    notes = (f"no clones: {', '.join(ignored)}",) if ignored else ()
    return Found(NAME, distinct(handed), notes)


def _assignment(folder: Path, names: list[str]) -> str:
    """The part before the logins; of a single clone, what `gh classroom clone` calls the folder around it."""
    if len(names) == 1:
        title = folder.name.removesuffix("-submissions") + "-"
        return title if names[0].startswith(title) and names[0] != title else ""
    common = os.path.commonprefix(names) if names else ""  # noqa: RUF071 - of the letters, not of the parts of a path
    return common[: common.rfind("-") + 1]
