"""The files of ci/ that a course copies: their commands are run here, in repositories such as students have.

What installs the grader is replaced: a test fetches nothing from elsewhere. All else is run as it stands.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml

from tests.end_to_end.grading import CEILING, ROOT

CI = ROOT / "ci"
BIN = Path(sys.executable).parent
#: In place of a program that installs something: it notes what it was asked, and for `-m venv DIR` puts this grader there.
INSTALLER = f"""#!/bin/sh
echo "$(basename "$0") $*" >>"$NOTED"
[ "$2" != venv ] || {{ mkdir -p "$3/bin" && ln -s {BIN}/grader "$3/bin/grader" && ln -s "$0" "$3/bin/pip"; }}
"""


def template(name: str) -> Any:
    return yaml.safe_load((CI / "templates" / name).read_text())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A student's, with one practical solved."""
    folder = tmp_path / "repository"
    shutil.copytree(ROOT / "reference" / "connection" / "c", folder)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sudo", "apt-get", "python3", "pip"):
        (tools / name).write_text(INSTALLER)
        (tools / name).chmod(0o755)
    return {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "NOTED": str(tmp_path / "noted")}


def run(script: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """As runners do: bash stops at the first command that fails."""
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )


def spoil(repository: Path) -> None:
    """It listens nowhere."""
    (repository / "acepta.c").write_text("int main(void) { return 0; }\n")


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_github_actions(
    repository: Path, environment: dict[str, str], tmp_path: Path, *, right: bool
) -> None:
    workflow = template("github-actions.yml")
    assert workflow[True] == ["push", "workflow_dispatch"]  # YAML 1.1 reads `on` as a truth value
    job = workflow["jobs"]["grade"]
    scripts = [step["run"] for step in job["steps"] if "run" in step]
    (kept,) = [step for step in job["steps"] if step.get("name") == "Keep the reports"]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert kept["with"]["path"].replace("${{ runner.temp }}", str(temporary)) == str(temporary / "reports")
    summary = tmp_path / "summary.md"
    environment |= {**job["env"], "PRACTICAL": "connection", "RUNNER_TEMP": str(temporary)}
    environment["GITHUB_STEP_SUMMARY"] = str(summary)
    if not right:
        spoil(repository)
    installed, graded = (run(script, repository, environment) for script in scripts)
    assert installed.returncode == 0, installed.stderr
    assert f"pip install --quiet {job['env']['GRADER']}" in (tmp_path / "noted").read_text()
    assert graded.returncode == (0 if right else 1), graded.stderr
    assert ("every check passed" in summary.read_text()) is right
    assert JUnitXml.fromfile(str(temporary / "reports" / "junit.xml")).tests > 0


def test_gitlab(repository: Path, environment: dict[str, str], tmp_path: Path) -> None:
    job = template("gitlab-ci.yml")["grade"]
    environment |= {**job["variables"], "PRACTICAL": "connection", "PLACE": str(tmp_path / "place")}
    for line in job["before_script"]:
        assert run(line, repository, environment).returncode == 0, line
    (script,) = job["script"]
    graded = run(script, repository, environment)
    assert graded.returncode == 0, graded.stdout + graded.stderr
    report = repository / job["artifacts"]["reports"]["junit"]
    assert JUnitXml.fromfile(str(report)).failures == 0
    spoil(repository)
    assert run(script, repository, environment).returncode == 1
    assert JUnitXml.fromfile(str(report)).failures > 0


def commit(repository: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    return subprocess.run(
        ["git", *who, "commit", "--message", "work", *options],
        cwd=repository,
        env={**os.environ, "GRADER": str(BIN / "grader"), **environment},
        capture_output=True,
        text=True,
        timeout=CEILING,
        check=False,
    )


def test_a_commit_is_held_back_while_a_core_check_fails(repository: Path) -> None:
    git = ["git", "-C", str(repository)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    shutil.copy(CI / "templates" / "pre-commit", repository / ".git" / "hooks" / "pre-commit")
    subprocess.run([*git, "add", "--all"], check=True)
    wrong = (repository / "acepta.c").read_text()
    spoil(repository)  # what is committed counts, and this is not
    good = commit(repository)
    assert good.returncode == 0, good.stderr
    subprocess.run([*git, "add", "--all"], check=True)
    (repository / "acepta.c").write_text(wrong)
    held = commit(repository)
    assert (held.returncode, "Not committed: see above" in held.stderr) == (1, True)
    without = commit(repository, GRADER="/nowhere/grader")
    assert (without.returncode != 0, "could not run" in without.stderr) == (True, True)
    assert commit(repository, "--no-verify").returncode == 0


def test_the_hook_for_the_framework(repository: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language"} <= hook.keys()
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    assert run(hook["entry"], repository, environment).returncode == 0
    spoil(repository)
    assert run(hook["entry"], repository, environment).returncode == 1


RUBRIC = """
[checks."connection.*"]
omit = true
[checks."connection.usage"]
omit = false
points = 3
[checks."connection.client-connects"]
omit = false
points = 2
hidden_until = 2999-01-01
"""


@pytest.fixture
def autograder(tmp_path: Path) -> Path:
    """/autograder as Gradescope lays it out, after setup.sh, which would fetch packages."""
    (tmp_path / "rubric.toml").write_text(RUBRIC)
    made = subprocess.run(
        [
            *(sys.executable, CI / "gradescope" / "build.py", tmp_path / "autograder.zip"),
            *("--practical", "connection", "--rubric", tmp_path / "rubric.toml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    root = tmp_path / "autograder"
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        archive.extractall(root / "source")
    (wheel,) = (root / "source").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "grader/_data/specs/connection/practical.toml" in archive.namelist()
    (root / "results").mkdir()
    (root / "grader" / "bin").mkdir(parents=True)
    (root / "grader" / "bin" / "grader").symlink_to(BIN / "grader")
    shutil.copy(root / "source" / "run_autograder", root / "run_autograder")
    return root


def gradescope(root: Path) -> dict[str, Any]:
    ran = run(f"bash {root}/run_autograder", root, {**os.environ, "AUTOGRADER": str(root)})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found: dict[str, Any] = json.loads((root / "results" / "results.json").read_text())
    return found


def test_gradescope(autograder: Path, repository: Path) -> None:
    repository.rename(autograder / "submission")
    found = gradescope(autograder)
    assert (found["score"], found["extra_data"]["max_score"]) == (8.0, 8.0)
    assert {test["visibility"] for test in found["tests"]} == {"visible", "hidden"}
    (autograder / "submission" / "conecta.c").unlink()
    assert gradescope(autograder)["score"] == 3.0
    shutil.rmtree(autograder / "submission")
    (autograder / "submission").mkdir()  # nothing was handed in
    assert gradescope(autograder)["score"] == 0.0


def test_gradescope_without_a_sandbox_charges_nobody(autograder: Path, repository: Path) -> None:
    repository.rename(autograder / "submission")
    environment = {**os.environ, "AUTOGRADER": str(autograder), "GRADER_SANDBOX": "no-such"}
    ran = run(f"bash {autograder}/run_autograder", autograder, environment)
    assert ran.returncode != 0
    assert not (autograder / "results" / "results.json").exists()


def test_an_autograder_for_no_practical_is_refused(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, CI / "gradescope" / "build.py", tmp_path / "a.zip", "--practical", "conection"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, "there is no practical 'conection'" in made.stderr) == (2, True)
    assert not (tmp_path / "a.zip").exists()
