"""Which practicals a submission is about, judged by the names of its files before anything is built."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from grader.build import MAKEFILES
from grader.practical import Practical
from grader.submission import EmptySubmissionError, Submission

_MAKEFILE_READ, _MAKEFILES = 1 << 20, 100  #: bytes of one, and how many are looked at


def concerned(practicals: Sequence[Practical], submission: Submission) -> list[Practical]:
    """Those of which a program is there. Raises `EmptySubmissionError` when there is none."""
    found = [practical for practical in practicals if _concerns(practical, submission)]
    if not found:
        raise EmptySubmissionError(_nothing(practicals, submission))
    return found


def _concerns(practical: Practical, submission: Submission) -> bool:
    """Whether a file is named after one of its programs, or a Makefile speaks of one."""
    wanted = {n for p in practical.programs.values() for n in (p.name, *p.aliases)}
    if wanted & {Path(file.path).name.split(".")[0] for file in submission.files}:
        return True
    makefiles = [file.path for file in submission.files if Path(file.path).name in MAKEFILES]
    names = re.compile(rb"(?<!\w)(?:" + b"|".join(re.escape(name.encode()) for name in wanted) + rb")(?!\w)")
    return any(names.search(submission.read(path, _MAKEFILE_READ)) for path in makefiles[:_MAKEFILES])


def _nothing(practicals: Sequence[Practical], submission: Submission) -> str:
    there = ", ".join(program for practical in practicals for program in practical.programs)
    files = ", ".join(file.path for file in submission.files[:5])
    return (
        f"{submission.name}: no program to grade was found among its files ({files}, ...). Expected: one of"
        f" {there}, as NAME.c, NAME.py, an executable script or built by a Makefile. What to do: check the names."
    )
