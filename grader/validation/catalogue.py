"""The defects: each is a reference program and one mistake, kept as the difference between the two.

defects.toml of a practical names them; `materialise` makes the folder that a student with this
mistake would hand in. A difference shows the mistake alone, and nothing else can be wrong.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from grader.errors import UsageError

ROOT = Path(
    __file__
).parent.parent.parent  #: the source tree: a package alone has neither defects nor variants
DEFECTS, VARIANTS = ROOT / "tests" / "defects", ROOT / "tests" / "variants"


class Defect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of defects.toml."""

    name: str
    program: str
    language: Literal["c", "python"]
    mistake: str  #: what the student did, in one line
    rows: tuple[int, ...]  #: of the catalogue of mistakes, docs/defects.md
    caught_by: tuple[str, ...]  #: the checks that are meant to name it
    also: tuple[str, ...] = ()  #: other checks that must fail because of it, and no more
    practical: str = ""  #: the folder's name, filled in by `load`

    @property
    def expected(self) -> set[str]:
        return set(self.caught_by) | set(self.also)

    @property
    def patch(self) -> Path:
        return DEFECTS / self.practical / self.language / f"{self.name}.diff"

    def __str__(self) -> str:
        return f"{self.practical}-{self.name}-{self.language}"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    defects: tuple[Defect, ...]


def load(practical: str = "*") -> tuple[Defect, ...]:
    """All defects, or those of one practical: every *.toml beside the differences. `UsageError` without any."""
    if not DEFECTS.is_dir():
        raise UsageError(f"there are no defects at {DEFECTS}: run this from a clone of the repository")
    found: list[Defect] = []
    for file in sorted(DEFECTS.glob(f"{practical}/*.toml")):
        rows = msgspec.toml.decode(file.read_bytes(), type=_File).defects
        found += [msgspec.structs.replace(row, practical=file.parent.name) for row in rows]
    return tuple(found)


def source_of(defect: Defect) -> Path:
    """The reference that it differs from."""
    return ROOT / "reference" / defect.practical / defect.language


def materialise(defect: Defect, directory: Path, second: Defect | None = None) -> Path:
    """Write the defective submission into `directory`; its Makefile builds that one program.

    With `second`, another defect of the same program, it has both mistakes; `UsageError` where their differences touch.
    """
    patches = [each.patch for each in (defect, second) if each is not None]
    _change(source_of(defect), patches, defect.program, directory)
    return directory


def variants(practical: str) -> tuple[Path, ...]:
    """Correct but unusual programs of a practical: folders, and NAME.PROGRAM.diff against the reference in C."""
    found = (path for path in (VARIANTS / practical).glob("*") if path.is_dir() or changes(path))
    return tuple(sorted(path for path in found if path.name[0] != "_"))


def changes(variant: Path) -> str | None:
    """The one program that a variant is about which is a difference; None for a folder."""
    return variant.name.split(".")[1] if variant.suffix == ".diff" else None


def source_of_variant(difference: Path) -> Path:
    """The reference that it differs from."""
    return ROOT / "reference" / difference.parent.name / "c"


def write_variant(variant: Path, directory: Path) -> Path:
    """Write a variant into `directory`, as it would be handed in."""
    if program := changes(variant):
        _change(source_of_variant(variant), [variant], program, directory)
    else:
        shutil.copytree(variant, directory, dirs_exist_ok=True)
    return directory


def _change(source: Path, patches: Sequence[Path], program: str, directory: Path) -> None:
    """Write `source` into `directory`, with these differences; its Makefile builds that one program."""
    shutil.copytree(source, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for patch in patches:
        command = ["git", "apply", "-p1", str(patch)]
        applied = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
        if applied.returncode != 0:
            raise UsageError(f"{patch} does not apply: {applied.stderr.strip()}")
    makefile = directory / "Makefile"
    if makefile.exists():
        lines = [
            f"PROGRAMS = {program}" if line.startswith("PROGRAMS =") else line
            for line in makefile.read_text().splitlines()
        ]
        makefile.write_text("\n".join(lines) + "\n")
