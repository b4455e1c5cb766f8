"""Put a submission together from loose files, as some platforms hand them out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from grader.batch.handed import is_archive, named, newest


def gathered(files: Mapping[str, Path], folder: Path) -> tuple[Path, tuple[str, ...]]:
    """What is to be graded of one student's files, by the names they had when they were uploaded.

    A single archive is it; else `folder` is made anew and holds copies of the files under those names.
    """
    if all(is_archive(path) for path in files.values()):
        return newest(list(files.values()))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    notes = []
    for name, path in files.items():
        plain = Path(name).name
        if not plain or plain in {".", ".."}:
            continue
        if is_archive(path):
            notes.append(f"not opened, since other files lie beside it: {named(plain)}")
        else:
            shutil.copyfile(path, folder / plain, follow_symlinks=False)
    return folder, tuple(notes)
