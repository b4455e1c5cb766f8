"""Put a submission together from loose files, as some platforms hand them out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from grader.batch.handed import changed, is_archive, named, newest


def gathered(files: Sequence[tuple[str, Path]], folder: Path) -> tuple[Path, tuple[str, ...]]:
    """What is to be graded of one student's files, each with the name that it had when it was uploaded.

    Archives alone are it, the newest of them; else `folder` is made anew and holds copies of the files under those names. Of two
    with one name the newest counts.
    """
    if all(is_archive(path) for _, path in files):
        return newest([path for _, path in files])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    notes = []
    for name, path in sorted(files, key=lambda each: changed(each[1])):
        plain = Path(name).name
        if plain in {"", ".", ".."}:
            continue
        if is_archive(path):
            notes.append(f"not opened, since other files lie beside it: {named(plain)}")
            continue
        if (folder / plain).exists():
            notes.append(f"handed in more than once, the newest counts: {named(plain)}")
        shutil.copyfile(path, folder / plain)
    return folder, tuple(notes)
