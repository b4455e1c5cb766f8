"""A fault that says whose matter it is names a check that there is."""

from __future__ import annotations

import re
from pathlib import Path

from grader.practical import load_practicals, specs_directory

PACKAGE = Path(__file__).resolve().parents[2] / "grader"
_NAMED = re.compile(r'about\s?=\s?"([a-z-]+)"')


def test_every_cause_that_is_named_is_a_check() -> None:
    sources = [*PACKAGE.rglob("*.py"), *specs_directory().rglob("*.py")]
    named = {name for file in sources for name in _NAMED.findall(file.read_text())}
    known = {check.split(".")[1] for practical in load_practicals().values() for check in practical.checks}
    assert {"listens", "binds", "header", "content-length", "byte-order"} <= named
    assert named <= known


def test_every_program_has_a_check_that_asks_for_its_job() -> None:
    for practical in load_practicals().values():
        asked = {program for check in practical.checks.values() if check.job for program in check.programs}
        assert asked == set(practical.programs)
