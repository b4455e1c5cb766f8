"""Made-up practicals, submissions and results for the tests beside this file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.job import Evidence, Results, Selection, Status, Verdict
from grader.practical import load_practical
from grader.run import grade
from grader.submission import open_submission

ONE_PROGRAM = """
title = "Toy"
summary = "A practical of one program."

[groups]
everything = ["toy_server"]

[[programs]]
name = "toy_server"
role = "server"
arguments = "PORT"
summary = "listens"
slide = "Toy"
aliases = ["toy_srv"]
"""

#: What every check file of a made-up practical may use.
CHECK_HEADER = """
import os
import pytest
from grader.errors import Inconclusive, SubmissionFault
from grader.spec import check
"""

#: The least that a server does: it listens, and stays.
SERVER = b"""
import signal, socket, sys
listener = socket.socket()
listener.bind(("", int(sys.argv[1])))
listener.listen()
print("listening", flush=True)
signal.pause()
"""


def row(identifier: str, requirement: str = "It works.", **fields: str) -> str:
    """A [[checks]] entry of practical.toml; `fields` are TOML values that replace or add to it."""
    entry = {
        "id": f'"{identifier}"',
        "tier": '"core"',
        "requirement": f'"{requirement}"',
        "hint": '"Try again."',
        "programs": '["everything"]',
        **fields,
    }
    return "\n[[checks]]\n" + "".join(f"{key} = {value}\n" for key, value in entry.items())


def function(identifier: str, body: str = "pass", docstring: str = "It works.", parameters: str = "") -> str:
    """A check function of that id; it asks for no stage unless `parameters` says so."""
    name = identifier.partition(".")[2].replace("-", "_")
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    given = f"program_name{parameters}"
    return f'\n@check("{identifier}")\ndef check_{name}({given}):\n    """{docstring}"""\n{lines}'


def write_files(root: Path, files: Mapping[str, bytes | str], *, executable: tuple[str, ...] = ()) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o755 if name in executable else 0o644)
    return root


def practical(root: Path, toml: str, checks: Mapping[str, str], name: str = "toy") -> Path:
    """specs/NAME below `root` with this rubric and these files; the path of its practical.toml."""
    write_files(root / "specs", {"pytest.ini": "[pytest]\n"})
    write_files(root / "specs" / name, {"practical.toml": toml, **checks})
    return root / "specs" / name / "practical.toml"


def graded(
    toml: Path,
    submission: Path,
    *,
    jobs: int | None = 2,
    most: int | None = None,
    selection: Selection | None = None,
) -> Results:
    """Grade for real, in a cell, and forget the check modules that it imported."""
    with imports_forgotten(toml.parent), open_submission(submission) as opened:
        return grade(opened, [load_practical(toml)], selection or Selection(), jobs=jobs, most=most)


@contextlib.contextmanager
def imports_forgotten(folder: Path) -> Iterator[None]:
    """Check files of different tests have the same names: no module of one may serve another."""
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(f"{folder}/"):
                del sys.modules[name]


def verdict(status: Status = "passed", **fields: object) -> Verdict:
    """A verdict that is worth one point, with a message if it is not a pass."""
    defaults: dict[str, object] = {
        "id": "toy.works",
        "program": "toy_server",
        "practical": "toy",
        "tier": "core",
        "status": status,
        "points": 1.0 if status == "passed" else 0.0,
        "max_points": 1.0,
        "seconds": 0.25,
        "requirement": "It works.",
        "message": "" if status == "passed" else "it did not work",
        "hint": "Try again." if status == "failed" else "",
    }
    return Verdict(**{**defaults, **fields})  # type: ignore[arg-type]  # a factory for tests


def results(*verdicts: Verdict, **fields: object) -> Results:
    defaults: dict[str, object] = {
        "submission": "student",
        "score": sum(v.points for v in verdicts),
        "max_score": sum(v.max_points for v in verdicts),
        "checks": list(verdicts),
    }
    return Results(**{**defaults, **fields})  # type: ignore[arg-type]  # a factory for tests


def evidence(text: str, title: str = "standard error") -> list[Evidence]:
    return [Evidence(title, text)]
