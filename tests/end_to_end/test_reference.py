"""The references pass every check of every tier, and the reports say so."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import junitparser
import pytest

from grader.reports import json
from tests.end_to_end.grading import CEILING, ROOT, command, grader


@pytest.mark.parametrize("language", ["c", "python"])
def test_the_reference_passes_everything(tmp_path: Path, language: str) -> None:
    run = grader("check", ROOT / "reference" / "reverse" / language, "--out", tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    found = json.read(tmp_path / "results.json")
    assert {verdict.status for verdict in found.checks} == {"passed"}
    assert found.score == found.max_score > 0
    suites = junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert sum(suite.tests for suite in suites) == len(found.checks)
    assert sum(suite.failures + suite.errors + suite.skipped for suite in suites) == 0


def test_the_template_fails_with_helpful_words() -> None:
    run = grader("check", ROOT / "student_template" / "reverse")
    assert run.returncode == 1
    assert "not written yet" in run.stdout
    assert "grader explain" in run.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_an_ordinary_user_grades_like_root() -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        work = shutil.copytree(ROOT / "reference" / "reverse" / "python", Path(directory) / "work")
        run = subprocess.run(
            command("check", work, "--check", "reverse.exchange"),
            capture_output=True,
            text=True,
            timeout=CEILING,
            cwd="/",
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            env={**os.environ, "HOME": "/", "PYTHONPATH": str(ROOT)},
            check=False,
        )
    if "Permission denied" in run.stderr:
        pytest.skip("the source tree is not readable for other users")
    assert run.returncode == 0, run.stdout + run.stderr


def test_pytest_itself_grades() -> None:
    run = subprocess.run(
        [
            *(*command()[:2], "pytest", "-p", "no:cacheprovider", "specs/reverse"),
            *("--submission=reference/reverse/python", "--program=cln_rev"),
        ],
        capture_output=True,
        text=True,
        timeout=CEILING,
        cwd=ROOT,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "passed" in run.stdout
    assert "failed" not in run.stdout
