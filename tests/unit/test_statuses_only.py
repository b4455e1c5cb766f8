"""A check that has failed in one case has failed: where statuses alone are wanted it is not asked any further."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.job import Results, Selection
from tests.unit.made_up import CHECK_HEADER, ONE_PROGRAM, SERVER, graded, practical, row, write_files

CHECKS = """
@check("toy.first")
@pytest.mark.parametrize("number", range(6))
def check_first(program_name, number):
    \"\"\"It works.\"\"\"
    assert number < 2, f"case {number}"
    if number == 1:
        raise Inconclusive("who knows")

@check("toy.second")
@pytest.mark.parametrize("number", range(3))
def check_second(program_name, number):
    \"\"\"It works.\"\"\"
    if number:
        raise Inconclusive("who knows")
"""


def run(tmp_path: Path, *, statuses_only: bool) -> Results:
    toml = practical(
        tmp_path,
        ONE_PROGRAM + row("toy.first") + row("toy.second"),
        {"check_toy.py": CHECK_HEADER + CHECKS},
    )
    submission = write_files(tmp_path / "submission", {"toy_server.py": SERVER})
    return graded(toml, submission, jobs=1, selection=Selection(statuses_only=statuses_only))


@pytest.mark.parametrize(("statuses_only", "asked"), [(False, 6), (True, 2)])
def test_no_case_is_asked_after_one_that_failed(tmp_path: Path, asked: int, *, statuses_only: bool) -> None:
    """Cases 0 and 2; what case 1 might come to when it is tried again is of no interest then."""
    first, second = run(tmp_path, statuses_only=statuses_only).checks
    assert (first.status, first.cases) == ("failed", asked)
    assert first.message.startswith("case 2")
    assert (second.status, second.cases) == ("inconclusive", 3)
