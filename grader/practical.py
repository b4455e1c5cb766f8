"""What a practical asks for: its programs and its rubric, read from specs/<name>/practical.toml.

The file is the instructor's: every mistake in it is a `UsageError` that names file, entry and remedy.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from grader.errors import UsageError
from grader.job import TIERS, Tier

_PACKAGE = Path(__file__).parent
_ID = re.compile(r"[a-z][a-z0-9-]*\.[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*")


class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One program that students hand in."""

    name: str
    role: Literal["server", "client"]
    arguments: str  #: as in the usage line: "PORT", "HOST PORT FILE..."
    summary: str
    slide: str  #: title of the course's slide that shows it
    aliases: tuple[str, ...] = ()
    patterned: bool = False  #: built once more, so that what it reads unwritten shows (`grader.patterned`)


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the rubric; the check function with the same id decides it."""

    id: str
    tier: Tier
    requirement: str  #: one sentence; the check function's docstring says the same, word for word
    hint: str
    programs: tuple[str, ...]  #: programs or groups; after loading: programs only
    points: float = 1.0
    slide: str = ""
    job: bool = False  #: it asks for what its programs are for; what fails in the same way is shown below it


class _File(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    summary: str
    programs: tuple[Program, ...]
    checks: tuple[Check, ...]
    groups: dict[str, tuple[str, ...]] = {}


class Practical(msgspec.Struct, frozen=True):
    """A validated practical.toml."""

    name: str
    title: str
    summary: str
    directory: Path
    programs: dict[str, Program]
    checks: dict[str, Check]

    def program_for(self, name: str) -> str | None:
        """The program called `name`, or that has it for an alias."""
        if name in self.programs:
            return name
        return next((p.name for p in self.programs.values() if name in p.aliases), None)


def specs_directory() -> Path:
    """specs/ of the source tree, or the copy inside the installed package."""
    return _data("specs")


def reference_directory() -> Path:
    return _data("reference")


def _data(name: str) -> Path:
    packaged = _PACKAGE / "_data" / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


@functools.cache
def load_practicals() -> dict[str, Practical]:
    """Every practical of specs/, by name."""
    files = sorted(specs_directory().glob("*/practical.toml"))
    if not files:
        raise UsageError(f"no practical.toml below {specs_directory()}: is the installation complete?")
    return {file.parent.name: load_practical(file) for file in files}


def load_practical(file: Path) -> Practical:
    try:
        content = msgspec.toml.decode(file.read_bytes(), type=_File)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise UsageError(f"{file}: {error}") from error
    name = file.parent.name
    _refuse_repeated(file, "program", (program.name for program in content.programs))
    _refuse_repeated(file, "check", (check.id for check in content.checks))
    programs = {program.name: program for program in content.programs}
    checks = {check.id: _validated(file, name, check, programs, content.groups) for check in content.checks}
    return Practical(name, content.title, content.summary, file.parent, programs, checks)


def _refuse_repeated(file: Path, kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UsageError(f"{file}: {kind} '{name}' stands there twice; rename or remove one")
        seen.add(name)


def _validated(
    file: Path, practical: str, check: Check, programs: dict[str, Program], groups: dict[str, tuple[str, ...]]
) -> Check:
    where = f"{file}: check '{check.id}'"
    if not _ID.fullmatch(check.id) or not check.id.startswith(f"{practical}."):
        raise UsageError(
            f"{where}: an id is '{practical}.' and words joined by hyphens, and no numbers alone"
        )
    if check.tier not in TIERS:
        raise UsageError(f"{where}: tier '{check.tier}' is none of {', '.join(TIERS)}")
    if check.points <= 0:
        raise UsageError(f"{where}: points must be above 0")
    for field in ("requirement", "hint"):
        if not getattr(check, field).strip().endswith((".", "?", "!")):
            raise UsageError(f"{where}: its {field} must be a sentence that ends with a full stop")
    expanded: list[str] = []
    for name in check.programs:
        members = groups.get(name, (name,))
        unknown = [member for member in members if member not in programs]
        if unknown:
            raise UsageError(f"{where}: '{unknown[0]}' is neither a program nor a group of this practical")
        expanded.extend(member for member in members if member not in expanded)
    return msgspec.structs.replace(check, programs=tuple(expanded))
