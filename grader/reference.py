"""The bundled reference programs of all practicals as one submission."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from grader.practical import load_practicals, reference_directory


@contextlib.contextmanager
def assembled(language: Literal["c", "python"]) -> Iterator[Path]:
    """A folder with one folder a practical, as a student may hand in a whole course; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="grader-") as directory:
        root = Path(directory) / "reference"
        for practical in load_practicals():
            shutil.copytree(
                reference_directory() / practical / language,
                root / practical,
                ignore=shutil.ignore_patterns("__pycache__", "*.o"),
            )
        yield root
