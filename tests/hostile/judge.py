"""Grade an attack as a user would, beside a canary, and see that what must happen has happened."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from grader.job import Results
from tests.end_to_end.grading import CEILING, ROOT, command
from tests.hostile.corpus import CLIENT, CONTAINED, FAIL, NOT_BUILD, PROGRAM, REFUSED


class Graded:
    """What one run of `grader check` gave."""

    def __init__(
        self, program: str, process: subprocess.CompletedProcess[str], out: Path, seconds: float
    ) -> None:
        self.program = program
        self.status = process.returncode
        self.printed = process.stdout + process.stderr
        self.seconds = seconds
        self.results: Results | None = None
        if (out / "results.json").exists():
            self.results = msgspec.json.decode((out / "results.json").read_bytes(), type=Results)
            ET.parse(out / "junit.xml")

    @property
    def verdicts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for verdict in self.results.checks if self.results else ():
            if verdict.program == self.program:
                found[verdict.status] = found.get(verdict.status, 0) + 1
        return found

    @property
    def said(self) -> str:
        assert self.results is not None, self.printed
        shown = [verdict.message for verdict in self.results.checks]
        shown += [piece.text for verdict in self.results.checks for piece in verdict.evidence]
        return "\n".join([*shown, *(step.output for step in self.results.build)])


def grade(path: Path, out: Path, sandbox: str, program: str = PROGRAM, **environment: str) -> Graded:
    """`grader check` on this submission's program, to its end."""
    started = time.monotonic()
    process = subprocess.run(
        command(
            "check", path, "--program", program, "--sandbox", sandbox, "--out", out, "--jobs", "2", "--practical",
            "connection",
        ),
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=CEILING,
        cwd=ROOT,
        check=False,
        env=os.environ | environment,
    )  # fmt: skip
    return Graded(program, process, out, time.monotonic() - started)


@contextlib.contextmanager
def canary(folder: Path, sandbox: str) -> Iterator[dict[str, Any]]:
    """Beside what the block does a correct submission is graded, and gets its full marks."""
    process = subprocess.Popen(
        command("check", CLIENT, "--program", PROGRAM, "--sandbox", sandbox, "--out", folder, "--jobs", "2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    found: dict[str, Any] = {}
    started = time.monotonic()

    def watch() -> None:
        found["printed"], _ = process.communicate(timeout=CEILING)
        found["seconds"] = time.monotonic() - started

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        watcher.join()
    assert process.returncode == 0, f"the canary was hurt:\n{found['printed']}"
    score = json.loads((folder / "results.json").read_text())
    assert score["score"] == score["max_score"] > 0


def judge(graded: Graded, must: str, words: str) -> None:
    """Raise unless what must happen did."""
    assert graded.results is not None, graded.printed
    assert_shown_safely(graded)
    counts = graded.verdicts
    assert "the attack succeeded" not in graded.said, graded.said
    assert not counts.get("error"), graded.said
    if must == REFUSED:
        assert set(counts) == {"passed"}, f"{counts}\n{graded.said}"
        assert graded.status == 0
    elif must == FAIL:
        assert counts.get("failed", 0) > 0, counts
        assert words in graded.said, graded.said
        assert set(counts) <= {"passed", "failed"}, f"what it did is its fault: {counts}\n{graded.said}"
        assert graded.status == 1
    elif must == NOT_BUILD:
        assert set(counts) == {"failed", "missing"}, counts
        assert graded.status == 1
    else:
        assert must == CONTAINED
        assert counts, "every check has its verdict"
        assert graded.status in {0, 1, 3}


def assert_shown_safely(graded: Graded) -> None:
    """Nothing that a program printed reaches a terminal, or a reader, raw or without bounds."""
    assert all(letter.isprintable() or letter == "\n" for letter in graded.printed), "raw control characters"
    assert len(graded.printed) < 200_000
    assert len(graded.said) < 1_000_000
