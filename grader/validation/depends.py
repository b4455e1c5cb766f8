"""What the outcome of a check on a subject depends on, as one hash: nothing that could change it may be left out.

That is the subject's files; the check's function and the rest of its module, but for the other checks in it; every module of
specs/ that these import, and the fixtures; the check's row and the practical's programs; the whole grader; and the
machine: kernel, Python, libraries, compiler and tools.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from grader.practical import Practical
from grader.validation.catalogue import changes, source_of, source_of_variant
from grader.validation.subjects import Subject

PACKAGE = Path(__file__).parent.parent
_TOOLS = ("bwrap", "strace", "gcc", "cc", "make", "python3", "valgrind")
_LIBRARIES = ("msgspec", "pytest", "pytest-timeout", "scapy")


class Dependencies:
    """Of the checks of these practicals, in this sandbox; files are read once."""

    def __init__(self, practicals: Iterable[Practical], sandbox: str, package: Path = PACKAGE) -> None:
        self._common = _digest(sandbox.encode(), *_machine(), _of_package(package).encode())
        self._checks = {
            (practical.name, identifier): digest
            for practical in practicals
            for identifier, digest in _of_checks(practical)
        }

        self._subjects: dict[Subject, str] = {}

    def key(self, subject: Subject, check: str) -> str:
        if subject not in self._subjects:
            self._subjects[subject] = _of_subject(subject)
        parts = (self._common, self._checks[subject.practical, check], self._subjects[subject])
        return _digest(*(part.encode() for part in parts))


def grading(practical: Practical, package: Path = PACKAGE) -> str:
    """Of the grader and all checks of a practical, without the machine: what a verdict depends on besides the submission."""
    checks = (f"{identifier} {digest}".encode() for identifier, digest in _of_checks(practical))
    return _digest(_of_package(package).encode(), *checks)


def _of_package(package: Path) -> str:
    return _digest(*_tree(package, "*.py"))


def _of_checks(practical: Practical) -> Iterator[tuple[str, str]]:
    """Each check's id, with a hash of all of specs/ that it can see."""
    specs = practical.directory.parent
    fixtures = [folder / "conftest.py" for folder in (specs, practical.directory)]
    shared = {file for fixture in fixtures if fixture.exists() for file in imported(fixture, specs)}
    shared |= {file for file in (*fixtures, specs / "pytest.ini") if file.exists()}
    shared |= {file for file in practical.directory.rglob("*") if _is_data(file)}
    programs = msgspec.json.encode(practical.programs)
    for module in sorted(practical.directory.glob("check_*.py")):
        seen = sorted(shared | imported(module, specs))
        around = _digest(programs, *(part for file in seen for part in _named(file, specs)))
        for identifier, code in checks_of(module.read_text()):
            row = practical.checks.get(identifier)
            yield identifier, _digest(around.encode(), code.encode(), msgspec.json.encode(row))


def _is_data(file: Path) -> bool:
    """What checks may read; their code is looked at one by one, the rubric row by row, the statement by people alone."""
    skipped = file.name in {"practical.toml", "statement.md"} or file.suffix in {".py", ".pyc"}
    return file.is_file() and not skipped


def checks_of(source: str) -> Iterator[tuple[str, str]]:
    """Each check of a module by its id, and the module's code without the checks that it does not mention."""
    module = ast.parse(source)
    checks = {node: identifier for node in module.body if (identifier := _check_id(node)) is not None}
    for mine, identifier in checks.items():
        mentioned: set[str] = set()
        kept: list[ast.stmt] = [node for node in module.body if node not in checks or node is mine]
        while True:  # what a kept piece of code mentions is kept as well
            names = {name.id for node in kept for name in ast.walk(node) if isinstance(name, ast.Name)}
            if names == mentioned:
                break
            mentioned = names
            kept = [n for n in module.body if n in kept or getattr(n, "name", None) in names]
        yield identifier, "\n".join(ast.dump(node) for node in kept)


def _check_id(node: ast.stmt) -> str | None:
    """The id that the decorator @check("...") gives."""
    for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "check":
            (identifier,) = decorator.args
            return str(ast.literal_eval(identifier))
    return None


def imported(file: Path, specs: Path) -> set[Path]:
    """The modules below `specs` that this one imports, and those that they import, without itself."""
    found: set[Path] = set()
    waiting = [file]
    while waiting:
        for module in _imports(waiting.pop(), specs):
            if module not in found and module != file:
                found.add(module)
                waiting.append(module)
    return found


def _imports(file: Path, specs: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(file.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = "." * node.level + (node.module or "")
            if node.level:  # relative: resolved against the folder that the file lies in
                folder = file.parents[node.level - 1].relative_to(specs.parent)
                above = ".".join([*folder.parts, *filter(None, [node.module])])
            names = [above, *(f"{above}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] != specs.name:
                continue
            for length in range(1, len(parts) + 1):
                place = specs.parent.joinpath(*parts[:length])
                yield from (
                    each for each in (place / "__init__.py", place.with_suffix(".py")) if each.is_file()
                )


def _of_subject(subject: Subject) -> str:
    defect = subject.defect
    if defect is not None:
        second = subject.second.patch.read_bytes() if subject.second is not None else b""
        return _digest(_of_difference(source_of(defect), defect.patch, defect.program).encode(), second)
    handed_in = Path(subject.folder)
    if program := changes(handed_in):
        return _of_difference(source_of_variant(handed_in), handed_in, program)
    return _digest(*_tree(handed_in))


def _of_difference(source: Path, patch: Path, program: str) -> str:
    return _digest(_reference(source).encode(), patch.read_bytes(), program.encode())


@functools.cache
def _reference(folder: Path) -> str:
    return _digest(*_tree(folder))


def _tree(folder: Path, pattern: str = "*") -> Iterator[bytes]:
    """Names, modes and contents of all files that count, in a fixed order."""
    for file in sorted(folder.rglob(pattern)):
        if file.is_file() and not {"__pycache__", "_data"} & set(file.relative_to(folder).parts):
            yield str(file.stat().st_mode & 0o111).encode()
            yield from _named(file, folder)


def _named(file: Path, folder: Path) -> tuple[bytes, bytes]:
    return str(file.relative_to(folder)).encode(), file.read_bytes()


def _machine() -> Iterator[bytes]:
    yield f"{sys.version} {platform.release()} {platform.machine()}".encode()
    for name in _LIBRARIES:
        yield f"{name} {importlib.metadata.version(name)}".encode()
    for name in _TOOLS:
        found = shutil.which(name)
        if found:
            tool = Path(found).stat()
            yield f"{found} {tool.st_size} {tool.st_mtime_ns}".encode()


def _digest(*parts: bytes) -> str:
    """Of the parts as they are cut: a byte moved from one to the next is another hash."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()
