"""What one student handed in, whichever platform it was downloaded from."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from grader.text import bounded, printable

_ARCHIVE = re.compile(r"\.(zip|tar|tgz|tbz2|txz|tar\.(gz|bz2|xz))$", re.IGNORECASE)
_LONGEST = 120  #: characters of a name
_FILES = 10_000  #: of a folder, whose times are asked for


class Handed(msgspec.Struct, frozen=True):
    """One student's submission; two students who worked together have one each, with the same path."""

    student: str  #: as the platform calls them, safe to show
    path: Path  #: the folder or archive to grade
    identifier: str = ""  #: the platform's own, for its exports; "" where it has none
    late: bool = False
    moment: datetime | None = None  #: aware: when it was handed in, where that is known
    notes: tuple[str, ...] = ()  #: for the instructor: what was chosen, and why


class Found(msgspec.Struct, frozen=True):
    """All that a source holds."""

    layout: str
    handed: tuple[Handed, ...]
    notes: tuple[str, ...] = ()  #: what lies there and is nobody's submission


def named(name: str) -> str:
    """A student's name as it may be shown and written: one line, bounded, never empty."""
    return bounded(printable(name).strip(), _LONGEST) or "(no name)"


def is_archive(path: Path) -> bool:
    """A link is none: it could lead to somebody else's."""
    return bool(_ARCHIVE.search(path.name)) and path.is_file() and not path.is_symlink()


def is_folder(path: Path) -> bool:
    """The same."""
    return path.is_dir() and not path.is_symlink()


def stem(path: Path) -> str:
    """The name of a folder or of an archive without its endings."""
    return _ARCHIVE.sub("", path.name) if is_archive(path) else path.name


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, but for what systems leave behind; in the order of its names."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX")))


def inside(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """What of a student's folder is to be graded: the archive that it holds and nothing else, else the folder itself."""
    found = entries(folder)
    archives = [path for path in found if is_archive(path)]
    if not archives:
        return folder, ()
    if len(archives) < len(found):
        names = ", ".join(named(path.name) for path in archives)
        return folder, (f"not opened, since other files lie beside it: {names}",)
    return newest(archives)


def newest(paths: Sequence[Path]) -> tuple[Path, tuple[str, ...]]:
    """The one that was changed last, and a note if there were others."""
    *older, last = sorted(paths, key=lambda path: (_seconds(path), path.name))
    if not older:
        return last, ()
    names = ", ".join(named(path.name) for path in older)
    return last, (f"handed in more than once: {named(last.name)} is the newest and counts, not {names}",)


def changed(path: Path) -> datetime:
    """When a file, or the newest file in a folder, was changed last, by its own time."""
    return datetime.fromtimestamp(_seconds(path), UTC)


def _seconds(path: Path) -> float:
    if not is_folder(path):
        return path.lstat().st_mtime
    files = (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    times = [file.lstat().st_mtime for file in itertools.islice(files, _FILES)]
    return max(times, default=path.lstat().st_mtime)


def distinct(handed: Sequence[Handed]) -> tuple[Handed, ...]:
    """Every student under a name of their own: the platform's identifier, or a number, tells namesakes apart."""
    counts: dict[str, int] = {}
    for each in handed:
        counts[each.student] = counts.get(each.student, 0) + 1
    taken: set[str] = set()
    found = []
    for each in handed:
        name = each.student
        if counts[name] > 1 and each.identifier:
            name = f"{name} ({each.identifier})"
        number = 2
        while name in taken:
            name, number = f"{each.student} ({number})", number + 1
        taken.add(name)
        found.append(msgspec.structs.replace(each, student=name))
    return tuple(found)
